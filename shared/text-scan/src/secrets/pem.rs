//! Blocks of private keys: PEM (RFC 7468), OpenSSH, PGP (RFC 9580), also with `\n` escaped as in the JSON of a service
//! account.

use super::placeholder::contains;
use super::rules::{Own, own_rule};
use super::walk::Walk;

/// Bytes of the longest block.
const MAX_BLOCK: usize = 32 * 1024;
/// Bytes of the longest label.
const MAX_LABEL: usize = 64;
/// Characters of base64 of the shortest key: Ed25519's 48 bytes (RFC 8410).
const MIN_KEY: usize = 64;
const DASHES: &[u8] = b"-----";

/// Where the last search for the end of a block arrived: no search reads a byte twice.
#[derive(Debug, Default)]
pub(super) struct Ends {
    searched: usize,
    found: Option<usize>,
}

impl Ends {
    /// The next `-----END` at or after `from`.
    fn after(&mut self, text: &[u8], from: usize) -> Option<usize> {
        if self.searched > from && self.found.is_none_or(|end| end >= from) {
            return self.found;
        }
        let rest = text.get(from..)?;
        self.found = rest
            .windows(8)
            .position(|at| at == b"-----END")
            .map(|at| from + at);
        self.searched = self.found.unwrap_or(text.len()) + 1;
        self.found
    }
}

/// The block whose `BEGIN` is at `at`. One without an end goes as far as a key can.
pub(super) fn find(walk: &mut Walk<'_>, at: usize) -> Option<usize> {
    let start = at.checked_sub(DASHES.len())?;
    let label = walk.text.get(at..)?;
    let label = label.get(..label.len().min(MAX_LABEL))?;
    let label = label.get(..label.windows(5).position(|part| part == DASHES)?)?;
    if !walk.text.get(start..at)?.eq(DASHES) || !contains(label, b"private key") {
        return None;
    }
    let body = at + label.len() + DASHES.len();
    let (key, end) = match walk
        .blocks
        .after(walk.text, body)
        .filter(|end| end - body <= MAX_BLOCK)
    {
        Some(end) => (end, close(walk.text, end)),
        None => open(walk.text, body),
    };
    let letters = walk
        .text
        .get(body..key)?
        .iter()
        .filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
        .count();
    (letters >= MIN_KEY).then(|| walk.add(start, end, own_rule(Own::PrivateKey)))
}

/// The end of the line `-----END PRIVATE KEY-----` that begins at `from`.
fn close(text: &[u8], from: usize) -> usize {
    let line = text.iter().skip(from + 8).take(MAX_LABEL);
    let label = line
        .take_while(|b| b.is_ascii_alphanumeric() || **b == b' ')
        .count();
    let dashes = text
        .iter()
        .skip(from + 8 + label)
        .take(5)
        .take_while(|b| **b == b'-')
        .count();
    from + 8 + label + dashes
}

/// The end of a key that is cut off.
fn open(text: &[u8], from: usize) -> (usize, usize) {
    let part = |b: &&u8| b.is_ascii_alphanumeric() || b"+/=\\\r\n".contains(*b);
    let end = from + text.iter().skip(from).take(MAX_BLOCK).take_while(part).count();
    (end, end)
}
