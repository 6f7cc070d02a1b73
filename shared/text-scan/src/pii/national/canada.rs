//! Canada.

use super::parts::is_one_of;
use super::row::{Row, checked};
use super::shape::told;
use crate::checksum::luhn;

pub(super) const ROWS: &[Row] = &[checked(
    "CA_SIN",
    "ca_sin",
    &[told("999999999"), told("999-999-999")],
    ca_sin,
    &[
        "my sin",
        "his sin",
        "her sin",
        "sin number",
        "sin no",
        "sin is",
        "sin:",
        "sin\"",
        "sin #",
        "social insurance",
        "nas",
        "assurance sociale",
        "canada",
        "canadian",
    ],
)];

/// Luhn; none begins with 0 or 8 (Service Canada, "Social Insurance Number").
fn ca_sin(text: &[u8]) -> Option<bool> {
    Some(is_one_of(text, 0, b"12345679")? && luhn(text))
}
