//! JSON Web Tokens, RFC 7519: base64url parts with points between; the first is the JSON header of RFC 7515 or 7516.

use super::placeholder::is_placeholder;
use super::rules::{Own, own_rule};
use super::shape::has;
use super::walk::Walk;

/// Bytes of a header that are decoded.
const MAX_HEADER: usize = 2048;
/// Letters of the shortest payload.
const MIN_PAYLOAD: usize = 10;
/// Parts of an encrypted token.
const MAX_PARTS: usize = 5;
/// Names of a header, of which one is there (RFC 7515, 4.1).
const NAMES: [&[u8]; 4] = [b"\"alg\"", b"\"typ\"", b"\"enc\"", b"\"kid\""];

/// The token whose header begins at `at`.
pub(super) fn find(walk: &mut Walk<'_>, at: usize) -> Option<usize> {
    let header = part(walk.text, at);
    if !is_header(walk.text.get(at..header)?) || walk.text.get(header) != Some(&b'.') {
        return None;
    }
    let mut end = part(walk.text, header + 1);
    let payload = walk.text.get(header + 1..end)?;
    if payload.len() < MIN_PAYLOAD || is_placeholder(payload) {
        return None;
    }
    for _ in 2..MAX_PARTS {
        let next = part(walk.text, end + 1);
        if walk.text.get(end) != Some(&b'.') || (next == end + 1 && !is_over(walk.text.get(next))) {
            break;
        }
        end = next;
    }
    Some(walk.add(at, end, own_rule(Own::Jwt)))
}

/// The end of the base64url part that begins at `from`.
fn part(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|b| has(b'w', **b)).count()
}

/// Whether an empty signature ends here, and not a sentence.
fn is_over(next: Option<&u8>) -> bool {
    matches!(next, Some(b'"' | b'\'' | b'`'))
}

fn is_header(part: &[u8]) -> bool {
    let Some(part) = part.get(..part.len().min(MAX_HEADER)) else {
        return false;
    };
    let json = decode(part);
    json.starts_with(b"{")
        && json.trim_ascii_end().ends_with(b"}")
        && NAMES
            .iter()
            .any(|name| json.windows(name.len()).any(|at| at == *name))
}

fn decode(part: &[u8]) -> Vec<u8> {
    let (mut json, mut bits, mut held) = (Vec::with_capacity(part.len()), 0u32, 0);
    for b in part {
        bits = bits << 6 | u32::from(sextet(*b));
        held += 6;
        if held >= 8 {
            held -= 8;
            json.push((bits >> held) as u8);
        }
    }
    json
}

fn sextet(b: u8) -> u8 {
    match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'-' => 62,
        _ => 63,
    }
}
