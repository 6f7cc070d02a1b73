//! The part of a configuration file that is one filter's.

use crate::{check, input, read};
use penstock_wire::Tape;
use std::ffi::OsStr;

/// The value under a filter's key in a file, wherever `check` would find it; without a file, `{}`.
pub(crate) fn part(path: Option<&OsStr>, key: &str) -> Result<String, String> {
    let Some(path) = path else {
        return Ok("{}".to_owned());
    };
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", input::name(path));
    let bytes = input::read(path).map_err(|error| named(&error))?;
    let document = check::configuration(&bytes, path).map_err(|error| named(&error))?;
    member(&document, key).ok_or_else(|| named(&format!("no `{key}` in it")))
}

/// The value under a key of a document.
pub(crate) fn member(document: &str, key: &str) -> Option<String> {
    let mut tape = Tape::new();
    tape.parse(document.as_bytes(), &read::LIMITS).ok()?;
    let root = tape.view(document.as_bytes()).root();
    Some(root.member(key)?.raw().to_owned())
}
