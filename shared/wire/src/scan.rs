//! Finding the next byte that matters, eight at a time.
//!
//! The module that ships is wasm without SIMD, where one `u64` holds eight bytes and costs one instruction;
//! there this beats `memchr`, whose portable path works on the 32-bit `usize`.

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The high bit of every byte of `word` that is zero. Bits above the lowest one may be false; the lowest is
/// exact.
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(LOW) & !word & HIGH
}

/// As [`zero_bytes`], for bytes that equal `byte`.
const fn equal_bytes(word: u64, byte: u8) -> u64 {
    zero_bytes(word ^ (LOW * byte as u64))
}

/// As [`zero_bytes`], for bytes below `0x20`.
const fn control_bytes(word: u64) -> u64 {
    word.wrapping_sub(LOW * 0x20) & !word & HIGH
}

/// Where the plain part of a JSON string ends.
pub(crate) struct Plain {
    /// Offset of the first `"`, `\` or control character, or the length of the input.
    pub(crate) end: usize,
    /// Whether every byte before `end` is ASCII.
    pub(crate) ascii: bool,
}

/// Reads the plain part of a JSON string at `bytes[from..]`.
pub(crate) fn plain_string(bytes: &[u8], from: usize) -> Plain {
    let mut at = from;
    let mut seen = 0;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let stop = equal_bytes(word, b'"') | equal_bytes(word, b'\\') | control_bytes(word);
        if stop != 0 {
            let below = (stop & stop.wrapping_neg()) - 1;
            seen |= word & below;
            return Plain {
                end: at + stop.trailing_zeros() as usize / 8,
                ascii: seen & HIGH == 0,
            };
        }
        seen |= word;
        at += 8;
    }
    let mut ascii = seen & HIGH == 0;
    for (i, &byte) in bytes.iter().enumerate().skip(at) {
        if byte == b'"' || byte == b'\\' || byte < 0x20 {
            return Plain { end: i, ascii };
        }
        ascii &= byte.is_ascii();
    }
    Plain {
        end: bytes.len(),
        ascii,
    }
}

/// Offset of the first CR or LF at or after `from`.
pub(crate) fn line_end(bytes: &[u8], from: usize) -> Option<usize> {
    first_of(bytes, from, b'\n', b'\r')
}

/// Offset of the first `byte` at or after `from`.
pub(crate) fn find(bytes: &[u8], from: usize, byte: u8) -> Option<usize> {
    first_of(bytes, from, byte, byte)
}

/// Offset of the first `one` or `other` at or after `from`.
pub(crate) fn first_of(bytes: &[u8], from: usize, one: u8, other: u8) -> Option<usize> {
    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let stop = equal_bytes(word, one) | equal_bytes(word, other);
        if stop != 0 {
            return Some(at + stop.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let tail = bytes.get(at..)?;
    tail.iter()
        .position(|&byte| byte == one || byte == other)
        .map(|i| at + i)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_what_a_plain_loop_finds(
            bytes in proptest::collection::vec(prop_oneof![
                Just(b'"'), Just(b'\\'), Just(b'\r'), Just(b'\n'), Just(0x1f), Just(0x20), Just(0x21), Just(0x23),
                Just(0x80), Just(0x9f), Just(0xa2), Just(0x8a), Just(0xff), any::<u8>(), 0x61_u8..0x7b, 0x61_u8..0x7b,
            ], 0..40),
            from in 0_usize..12,
        ) {
            let end = bytes.iter().enumerate().skip(from)
                .find(|(_, b)| **b == b'"' || **b == b'\\' || **b < 0x20).map_or(bytes.len(), |(i, _)| i);
            let plain = plain_string(&bytes, from);
            prop_assert_eq!(plain.end, end);
            prop_assert_eq!(plain.ascii, bytes.get(from..end).is_none_or(<[u8]>::is_ascii));
            let eol = bytes.iter().enumerate().skip(from).find(|(_, b)| matches!(**b, b'\r' | b'\n')).map(|(i, _)| i);
            prop_assert_eq!(line_end(&bytes, from), eol);
            let lf = bytes.iter().enumerate().skip(from).find(|(_, b)| **b == b'\n').map(|(i, _)| i);
            prop_assert_eq!(find(&bytes, from, b'\n'), lf);
        }
    }
}
