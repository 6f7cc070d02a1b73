//! Edits by span: recorded in any order, applied at once in one copy.

use std::ops::Range;

use super::splice::splices;
use super::{EditError, Json, NodeId};

/// Changes to one document, by node. What no edit touches keeps its bytes.
#[derive(Clone, Debug, Default)]
pub struct JsonEdits {
    pub(super) edits: Vec<Edit>,
}

/// One recorded change.
#[derive(Clone, Debug)]
pub(super) enum Edit {
    Replace {
        node: NodeId,
        json: String,
    },
    ReplaceText {
        node: NodeId,
        text: Range<usize>,
        with: String,
    },
    InsertMember {
        object: NodeId,
        key: String,
        json: String,
    },
    RemoveMember {
        key: NodeId,
    },
    RemoveItem {
        item: NodeId,
    },
}

impl JsonEdits {
    /// No edits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// Puts `raw_json`, one whole JSON value, in the place of a value; for a key it must be a JSON string.
    pub fn replace(&mut self, node: NodeId, raw_json: &str) {
        self.edits.push(Edit::Replace {
            node,
            json: raw_json.to_owned(),
        });
    }

    /// Puts `with` in the place of a byte range of the *decoded* text of a string or key; escapes are written
    /// as needed. An empty range inserts; several insertions at one place keep their order.
    pub fn replace_text(&mut self, node: NodeId, text: Range<usize>, with: &str) {
        self.edits.push(Edit::ReplaceText {
            node,
            text,
            with: with.to_owned(),
        });
    }

    /// Appends a member to an object that has no such key (or from which that key is removed by the same
    /// edits).
    pub fn insert_member(&mut self, object: NodeId, key: &str, raw_json: &str) {
        self.edits.push(Edit::InsertMember {
            object,
            key: key.to_owned(),
            json: raw_json.to_owned(),
        });
    }

    /// Removes a member by its key, with the comma that thereby becomes one too many. Twice is as good as
    /// once.
    pub fn remove_member(&mut self, key: NodeId) {
        self.edits.push(Edit::RemoveMember { key });
    }

    /// Removes an item of an array, with the comma that thereby becomes one too many. Twice is as good as
    /// once.
    pub fn remove_item(&mut self, item: NodeId) {
        self.edits.push(Edit::RemoveItem { item });
    }

    /// The document with every edit made, or the reason why not all of them can be.
    pub fn apply(&self, json: Json<'_>) -> Result<Vec<u8>, EditError> {
        let splices = splices(&self.edits, json)?;
        let grown: usize = splices.iter().map(|splice| splice.with.len()).sum();
        let mut out = Vec::with_capacity(json.bytes().len() + grown);
        let mut at = 0;
        for splice in &splices {
            out.extend_from_slice(json.bytes().get(at..splice.span.start).unwrap_or_default());
            out.extend_from_slice(&splice.with);
            at = splice.span.end;
        }
        out.extend_from_slice(json.bytes().get(at..).unwrap_or_default());
        Ok(out)
    }
}
