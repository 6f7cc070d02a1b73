//! Percent-encoding (RFC 3986), with `+` for a blank inside a run.

use super::hex::value;
use super::{Attempt, Run, work};
use crate::view::readable::readable;

/// Fewer codes in a word are a matter of its own, but for a blank between letters.
const LEAST_CODES: usize = 3;

/// Reads the word that begins with a code at an offset.
pub(super) fn read(text: &str, at: usize) -> Attempt {
    let bytes = text.as_bytes();
    let (mut found, mut end, mut codes, mut blanks) = (Vec::new(), at, 0, 0);
    while let Some((byte, next)) = unit(bytes, end) {
        if next == end + 3 {
            codes += 1;
            blanks += usize::from(byte == b' ' && is_between_letters(bytes, end, next));
        }
        found.push(byte);
        end = next;
    }
    if codes < LEAST_CODES && blanks == 0 {
        return Attempt::Nothing(end);
    }
    match readable(&found) {
        Some(says) => Attempt::Read(Run {
            end,
            says,
            units: codes,
        }),
        None => Attempt::Nothing(end),
    }
}

/// The next byte of a word, and where it ends.
fn unit(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    work::count(1);
    match bytes.get(at..)? {
        [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
            Some((value(*high) << 4 | value(*low), at + 3))
        }
        [b'+', ..] => Some((b' ', at + 1)),
        // Words coded each on its own.
        [b' ', b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
            Some((b' ', at + 1))
        }
        [b'"' | b'\'' | b'<' | b'>' | b'`', ..] => None,
        [byte, ..] if byte.is_ascii_graphic() => Some((*byte, at + 1)),
        _ => None,
    }
}

fn is_between_letters(bytes: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).and_then(|at| bytes.get(at));
    before.is_some_and(u8::is_ascii_alphabetic) && bytes.get(end).is_some_and(u8::is_ascii_alphabetic)
}
