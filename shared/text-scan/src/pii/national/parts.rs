//! What checks read in an identifier: numbers, dates, letters of a set.

use crate::checksum::{number, weighted};

/// The number that the digits from `from` on say, `len` of them.
pub(super) fn part(text: &[u8], from: usize, len: usize) -> Option<u32> {
    number(text.get(from..from + len)?).map(|number| number as u32)
}

/// Whether `yymmdd` at `from` is a date of some century.
pub(super) fn is_date(text: &[u8], from: usize) -> Option<bool> {
    let (month, day) = (part(text, from + 2, 2)?, part(text, from + 4, 2)?);
    Some(is_day(day, month) && part(text, from, 2)? < 100)
}

/// Whether a month has this day.
pub(super) fn is_day(day: u32, month: u32) -> bool {
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// Whether the byte at a place is one of a set.
pub(super) fn is_one_of(text: &[u8], at: usize, set: &[u8]) -> Option<bool> {
    text.get(at).map(|byte| set.contains(byte))
}

/// Whether all bytes are the same one.
pub(super) fn is_uniform(text: &[u8]) -> bool {
    text.iter().all(|byte| Some(byte) == text.first())
}

/// Whether the weighted sum of all is a multiple.
pub(super) fn divides(text: &[u8], weights: &[u8], modulus: u32) -> Option<bool> {
    Some(weighted(text, weights)? % modulus == 0)
}

/// Whether the digit at `at` is the weighted sum of those before it modulo 11, 10 counting as 0.
pub(super) fn is_sum_mod_11(text: &[u8], weights: &[u8], at: usize) -> Option<bool> {
    let sum = weighted(text.get(..at)?, weights)? % 11 % 10;
    Some(part(text, at, 1)? == sum)
}
