//! Files of other kinds, with the lines of what stands in them.

use super::scalar::Reader;
use super::{Document, documents, place};
use std::ffi::OsStr;

/// A file of one document that is no configuration itself.
pub(crate) struct Source(Document);

impl Source {
    /// Reads it; the error has a line.
    pub(crate) fn one(bytes: &[u8], path: &OsStr) -> Result<Self, (usize, String)> {
        let documents = documents(bytes, path).map_err(|finding| (finding.line, finding.message))?;
        let several = documents.get(1).map(|second| second.root.line);
        match (documents.into_iter().next(), several) {
            (Some(document), None) => Ok(Self(document)),
            (None, _) => Err((1, "nothing is in it".to_owned())),
            (Some(_), Some(line)) => Err((line, "a second document: one is wanted".to_owned())),
        }
    }

    pub(crate) fn json(&self) -> String {
        self.0.root.json(Reader::Kubernetes)
    }

    /// The line of a path such as `targets[1].at`, or of what holds it.
    pub(crate) fn line(&self, path: &str) -> usize {
        place::in_tree(&self.0.root, path)
    }
}
