//! `penstock check`.

use crate::Console;
use crate::read::Options;
use std::ffi::OsString;

/// Runs `penstock check`.
pub(crate) fn run(_files: &[OsString], _strict: bool, _console: &mut Console<'_>) -> u8 {
    0
}

/// What `penstock read` takes from a configuration.
pub(crate) fn options(_bytes: &[u8]) -> Result<Options, String> {
    Ok(Options::default())
}
