//! The password of a URL: `postgres://user:password@host/`, RFC 3986, 3.2.1.

use super::placeholder::is_placeholder;
use super::rules::{Own, own_rule};
use super::walk::Walk;

/// Bytes of the longest user and password.
const MAX: usize = 256;
/// Bytes of the shortest password.
const MIN: usize = 3;
/// Passwords of examples.
const SAMPLES: [&[u8]; 12] = [
    b"password",
    b"passwd",
    b"pass",
    b"pwd",
    b"secret",
    b"token",
    b"user",
    b"yourpassword",
    b"mypassword",
    b"pw",
    b"passw0rd",
    b"apikey",
];

/// The password in the URL whose `:` is at `at`.
pub(super) fn find(walk: &mut Walk<'_>, at: usize) -> Option<usize> {
    let rest = walk.text.get(at..)?.strip_prefix(b"://")?;
    let rest = rest.get(..rest.len().min(MAX))?;
    let end = rest
        .iter()
        .position(|b| b" \t\r\n\"'`<>/?#\\".contains(b))
        .unwrap_or(rest.len());
    let at_sign = rest.get(..end)?.iter().rposition(|b| *b == b'@')?;
    let userinfo = rest.get(..at_sign)?;
    let colon = userinfo.iter().position(|b| *b == b':')?;
    let password = userinfo.get(colon + 1..)?;
    if password.len() < MIN || is_sample(password) {
        return None;
    }
    let start = at + 3 + colon + 1;
    Some(walk.add(start, start + password.len(), own_rule(Own::UrlPassword)))
}

fn is_sample(password: &[u8]) -> bool {
    let known = SAMPLES.iter().any(|sample| password.eq_ignore_ascii_case(sample));
    known
        || password
            .iter()
            .any(|b| b"${}<>%[]*()".contains(b) && !is_escape(password, *b))
        || is_placeholder(password)
}

/// Whether `%` begins an escape such as `%40`.
fn is_escape(password: &[u8], b: u8) -> bool {
    let hex = |at: &[u8]| matches!(at, [b'%', x, y] if x.is_ascii_hexdigit() && y.is_ascii_hexdigit());
    b == b'%' && password.windows(3).any(hex)
}
