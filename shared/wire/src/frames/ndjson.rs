//! Newline-delimited JSON: a frame is a line with its LF. A blank line is passive.

use std::borrow::Cow;
use std::ops::Range;

use super::Scan;
use crate::scan::{find, line_end};

#[derive(Debug)]
pub(super) struct NdjsonScanner;

impl NdjsonScanner {
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Scan {
        find(bytes, 0, b'\n').map_or(Scan::More, |lf| Scan::End(lf + 1))
    }
}

/// Where the payload of a line stands: without the line end and the JSON white space around it.
pub(super) fn payload(raw: &[u8]) -> Option<Range<usize>> {
    let solid = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let start = raw.iter().position(solid)?;
    let end = raw.iter().rposition(solid)?;
    Some(start..end + 1)
}

/// `payload` on one line. A line end in it can only be white space between JSON tokens, and becomes a space.
pub(super) fn on_one_line(payload: &[u8]) -> Cow<'_, [u8]> {
    if line_end(payload, 0).is_none() {
        return Cow::Borrowed(payload);
    }
    Cow::Owned(
        payload
            .iter()
            .map(|byte| {
                if matches!(byte, b'\r' | b'\n') {
                    b' '
                } else {
                    *byte
                }
            })
            .collect(),
    )
}
