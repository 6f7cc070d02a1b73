//! Bytes as hexadecimal digits: `69676e`, `69 67 6e`, `0x69, 0x67`.

use super::{Attempt, Run, work};
use crate::view::readable::{is_prose, readable};

/// Fewer digits are a number.
const LEAST_DIGITS: usize = 16;
/// A shorter run with letters among its digits is text by chance, if it is.
const LEAST_CERTAIN: usize = 24;
/// A shorter run of decimal digits alone is a number.
const LEAST_DECIMALS: usize = 48;
/// Characters that may stand between two bytes.
const GAP_CHARS: usize = 2;

/// Whether a word is one byte: `69` or `0x69`.
pub(super) fn is_unit(bytes: &[u8], start: usize, end: usize) -> bool {
    end - start == prefix(bytes, start) + 2 && digits(bytes, start).len() == 2
}

/// Reads the digits that begin at an offset.
pub(super) fn read(text: &str, at: usize) -> Attempt {
    let bytes = text.as_bytes();
    let (mut found, mut end, mut has_letter) = (Vec::new(), at, false);
    let mut next = Some(at);
    while let Some(start) = next {
        let digits = digits(bytes, start);
        let (pairs, odd) = digits.as_chunks::<2>();
        let stop = start + prefix(bytes, start) + digits.len();
        // A word goes on: what was read of it is no run of bytes.
        if pairs.is_empty() || !odd.is_empty() || bytes.get(stop).is_some_and(u8::is_ascii_alphanumeric) {
            break;
        }
        found.extend(pairs.iter().map(|pair| byte(*pair)));
        has_letter |= digits.iter().any(u8::is_ascii_alphabetic);
        end = stop;
        next = after_gap(bytes, stop);
    }
    let least = if has_letter { LEAST_DIGITS } else { LEAST_DECIMALS };
    let is_certain = has_letter && found.len() * 2 >= LEAST_CERTAIN;
    if found.len() * 2 < least {
        return Attempt::Nothing(end);
    }
    match readable(&found).filter(|says| is_certain || is_prose(says)) {
        Some(says) => Attempt::Read(Run {
            end,
            says,
            units: found.len(),
        }),
        None => Attempt::Nothing(end),
    }
}

/// The digits at an offset, after `0x`.
fn digits(bytes: &[u8], at: usize) -> &[u8] {
    let rest = bytes.get(at + prefix(bytes, at)..).unwrap_or_default();
    let len = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    work::count(len);
    rest.get(..len).unwrap_or_default()
}

fn prefix(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    if rest.starts_with(b"0x") || rest.starts_with(b"0X") {
        2
    } else {
        0
    }
}

/// Where the next byte begins.
fn after_gap(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let is_gap = |byte: &&u8| matches!(byte, b' ' | b',' | b':' | b'-' | b';' | b'\n' | b'\r' | b'\t');
    let gap = rest.iter().take(GAP_CHARS + 1).take_while(is_gap).count();
    (1..=GAP_CHARS).contains(&gap).then_some(at + gap)
}

fn byte(pair: [u8; 2]) -> u8 {
    pair.iter().fold(0, |sum, digit| sum << 4 | value(*digit))
}

/// The value of a digit.
pub(super) fn value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A') + 10,
    }
}
