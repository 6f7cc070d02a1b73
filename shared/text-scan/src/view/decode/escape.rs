//! Escapes of program text: `\u0069`, `\u{69}`, `\x69`, and between them `\n` and its like.

use super::hex::value;
use super::{Attempt, Run, work};
use crate::view::readable::readable;

/// Fewer bytes as `\x69` are a control sequence or a character class.
const LEAST_BYTES: usize = 3;
/// Digits within `\u{..}`.
const BRACED_DIGITS: usize = 6;

/// A character or a byte as an escape.
enum Unit {
    Char(char),
    Byte(u8),
    /// Escaped by a letter of its own: part of a run, but none alone.
    Short(char),
}

/// Reads the escapes that begin at an offset, one after the other.
pub(super) fn read(text: &str, at: usize) -> Attempt {
    let bytes = text.as_bytes();
    let (mut found, mut end, mut chars, mut raw) = (Vec::new(), at, 0, 0);
    while let Some((unit, next)) = unit(bytes, end) {
        let mut buffer = [0; 4];
        match unit {
            Unit::Byte(byte) => {
                found.push(byte);
                raw += 1;
            }
            Unit::Char(c) => {
                found.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
                chars += 1;
            }
            Unit::Short(c) => found.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes()),
        }
        end = next;
    }
    if chars == 0 && raw < LEAST_BYTES {
        return Attempt::Nothing(end);
    }
    match readable(&found) {
        Some(says) => Attempt::Read(Run {
            end,
            says,
            units: chars + raw,
        }),
        None => Attempt::Nothing(end),
    }
}

fn unit(bytes: &[u8], at: usize) -> Option<(Unit, usize)> {
    work::count(1);
    let short = |c: char| Some((Unit::Short(c), at + 2));
    match bytes.get(at..)? {
        [b'\\', b'u', b'{', ..] => braced(bytes, at),
        [b'\\', b'u', ..] => utf16(bytes, at),
        [b'\\', b'x', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
            Some((Unit::Byte(value(*high) << 4 | value(*low)), at + 4))
        }
        [b'\\', b'n', ..] => short('\n'),
        [b'\\', b'r', ..] => short('\r'),
        [b'\\', b't', ..] => short('\t'),
        [b'\\', c @ (b'"' | b'\\' | b'/' | b'\''), ..] => short(char::from(*c)),
        // Blanks and marks between escaped letters stay as they are.
        [b' ', b'\\', b'u' | b'x', ..] => Some((Unit::Short(' '), at + 1)),
        _ => None,
    }
}

fn braced(bytes: &[u8], at: usize) -> Option<(Unit, usize)> {
    let rest = bytes.get(at + 3..)?;
    let len = rest
        .iter()
        .take(BRACED_DIGITS + 1)
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    let digits = rest
        .get(..len)
        .filter(|digits| (1..=BRACED_DIGITS).contains(&digits.len()))?;
    (rest.get(len) == Some(&b'}')).then_some(())?;
    Some((Unit::Char(char::from_u32(code(digits))?), at + 4 + len))
}

/// Four digits, or twice four for a pair of surrogates.
fn utf16(bytes: &[u8], at: usize) -> Option<(Unit, usize)> {
    let first = four(bytes, at)?;
    if let Some(c) = char::from_u32(first) {
        return Some((Unit::Char(c), at + 6));
    }
    let second = four(bytes, at + 6)?;
    let pair = [first as u16, second as u16];
    let c = char::decode_utf16(pair).next()?.ok()?;
    Some((Unit::Char(c), at + 12))
}

fn four(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..)?.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().all(u8::is_ascii_hexdigit).then(|| code(digits))
}

fn code(digits: &[u8]) -> u32 {
    digits
        .iter()
        .fold(0, |code, digit| code << 4 | u32::from(value(*digit)))
}
