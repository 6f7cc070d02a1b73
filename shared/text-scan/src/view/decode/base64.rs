//! Base64 (RFC 4648), with either alphabet, with or without padding, on one line or wrapped.

use super::{Attempt, Run, work};
use crate::view::readable::{begins_readable, readable};

/// Shorter runs, with their padding, are words.
const LEAST_CHARS: usize = 16;
/// Characters of padding at most.
const PADDING: usize = 2;
/// Characters that tell whether a run is text.
const SAMPLE_CHARS: usize = 32;

/// Reads the run of the alphabet from an offset to another, and the lines after it.
pub(super) fn read(text: &str, at: usize, end: usize) -> Attempt {
    let bytes = text.as_bytes();
    let run = bytes.get(at..end).unwrap_or_default();
    let Some(skipped) = start(run) else {
        return Attempt::Nothing(end);
    };
    let (digits, end) = unwrapped(bytes, at, run.len());
    let digits = digits.get(skipped..).unwrap_or_default();
    match readable(&decoded(digits)) {
        Some(says) => {
            let before = text.get(at..at + skipped).unwrap_or_default();
            Attempt::Read(Run {
                end: end + padding(bytes, end),
                says: [before, says.as_str()].concat(),
                units: digits.len(),
            })
        }
        None => Attempt::Nothing(end),
    }
}

/// Whether a run is long enough, with its padding.
pub(super) fn is_long(bytes: &[u8], start: usize, end: usize) -> bool {
    end - start >= LEAST_CHARS - PADDING && end + padding(bytes, end) - start >= LEAST_CHARS
}

fn padding(bytes: &[u8], end: usize) -> usize {
    let rest = bytes.get(end..).unwrap_or_default();
    rest.iter()
        .take(PADDING)
        .take_while(|byte| **byte == b'=')
        .count()
}

/// How many characters stand before the code: none, or up to three that a path or a name put there.
fn start(run: &[u8]) -> Option<usize> {
    (0..4).find(|skipped| {
        let sample = run.get(*skipped..).unwrap_or_default();
        let sample = sample.get(..SAMPLE_CHARS).unwrap_or(sample);
        let is_long = *skipped == 0 || sample.len() == SAMPLE_CHARS;
        is_long && begins_readable(&decoded(sample))
    })
}

/// Where the characters of the alphabet begin that end at an offset, not before another.
pub(super) fn line_start(bytes: &[u8], from: usize, end: usize) -> usize {
    let before = bytes.get(from..end).unwrap_or_default();
    let len = before
        .iter()
        .rev()
        .take_while(|byte| value(**byte).is_some())
        .count();
    work::count(len);
    end - len
}

/// Characters of the alphabet from an offset on.
#[inline]
pub(super) fn line_len(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let len = rest.iter().take_while(|byte| value(**byte).is_some()).count();
    work::count(len);
    len
}

/// The run with those lines after it that hold nothing else and are no longer, and where it ends.
fn unwrapped(bytes: &[u8], at: usize, line: usize) -> (Vec<u8>, usize) {
    let mut end = at + line;
    let mut digits = bytes.get(at..end).unwrap_or_default().to_vec();
    loop {
        let rest = bytes.get(end..).unwrap_or_default();
        let next = match rest {
            [b'\r', b'\n', ..] => end + 2,
            [b'\n', ..] => end + 1,
            _ => break,
        };
        let len = line_len(bytes, next);
        let after = bytes.get(next + len..).unwrap_or_default();
        let is_alone = matches!(after, [] | [b'=' | b'\n' | b'\r' | b'"' | b'`' | b'\'', ..]);
        if len == 0 || len > line || !is_alone {
            break;
        }
        digits.extend_from_slice(bytes.get(next..next + len).unwrap_or_default());
        end = next + len;
        if len < line {
            break;
        }
    }
    (digits, end)
}

/// The bytes that characters of the alphabet stand for.
fn decoded(digits: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    work::count(digits.len());
    for group in digits.chunks(4) {
        let values = group.iter().filter_map(|digit| value(*digit));
        let bits = values.fold(0, |bits, value| bits << 6 | u32::from(value));
        let bits = bits << (6 * (4 - group.len()));
        let [_, first, second, third] = bits.to_be_bytes();
        bytes.extend(
            [first, second, third]
                .into_iter()
                .take(group.len().saturating_sub(1)),
        );
    }
    bytes
}

#[inline(always)]
fn value(digit: u8) -> Option<u8> {
    VALUES
        .get(usize::from(digit))
        .copied()
        .filter(|value| *value < NO_DIGIT)
}

/// No value of a digit.
const NO_DIGIT: u8 = 64;

/// The value of each byte as a digit.
static VALUES: [u8; 256] = values();

const fn values() -> [u8; 256] {
    let mut values = [NO_DIGIT; 256];
    let (mut rest, mut byte) = (values.as_mut_slice(), 0_u8);
    while let Some((value, next)) = rest.split_first_mut() {
        *value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => NO_DIGIT,
        };
        (rest, byte) = (next, byte.wrapping_add(1));
    }
    values
}
