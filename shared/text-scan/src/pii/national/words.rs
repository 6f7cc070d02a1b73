//! The words of all rows, found in one look at what stands near a number. Built by the compiler.

use super::ROWS;
use crate::context::Context;

/// The words of all rows by a hash of their first two bytes.
struct Words<const N: usize> {
    /// Where the words of a hash begin in `words`.
    starts: [u16; 257],
    /// Numbers of rows, with a word of each.
    words: [(u8, &'static str); N],
}

const WORDS: &Words<{ count() }> = &words();

/// Rows, one bit each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said(u128);

const _: () = assert!(ROWS.len() <= 128, "a bit for each row");

impl Said {
    /// The rows of which a word stands near a place.
    pub(super) fn near(context: &Context<'_>, text: &[u8], start: usize, end: usize) -> Self {
        let mut rows = 0;
        for place in context.beginnings(start, end) {
            for (row, word) in WORDS.like(text.get(place.0..).unwrap_or_default()) {
                if context.stands(place, word) {
                    rows |= 1 << row;
                }
            }
        }
        Self(rows)
    }

    /// Whether a word of the row is among them.
    pub(super) fn has(self, row: u16) -> bool {
        self.0 >> row & 1 == 1
    }
}

impl<const N: usize> Words<N> {
    /// The words that may begin this text.
    fn like(&self, text: &[u8]) -> &[(u8, &'static str)] {
        let [first, second, ..] = text else {
            return &[];
        };
        let hash = hash(*first, *second);
        let range = self.starts.get(hash).zip(self.starts.get(hash + 1));
        let words = range.and_then(|(from, to)| self.words.get(usize::from(*from)..usize::from(*to)));
        words.unwrap_or_default()
    }
}

/// The same for upper and lower case.
const fn hash(first: u8, second: u8) -> usize {
    let (first, second) = (first.to_ascii_lowercase(), second.to_ascii_lowercase());
    (first.wrapping_mul(37) ^ second) as usize
}

#[expect(
    clippy::indexing_slicing,
    reason = "a constant: out of bounds is an error of the compiler"
)]
const fn count() -> usize {
    let (mut words, mut row) = (0, 0);
    while row < ROWS.len() {
        words += ROWS[row].words.len();
        row += 1;
    }
    words
}

#[expect(
    clippy::indexing_slicing,
    reason = "a constant: out of bounds is an error of the compiler"
)]
const fn words<const N: usize>() -> Words<N> {
    let mut words = Words {
        starts: [0; 257],
        words: [(0, ""); N],
    };
    let (mut next, mut bucket) = (0, 0);
    while bucket < 256 {
        words.starts[bucket] = next as u16;
        let mut row = 0;
        while row < ROWS.len() {
            let mut word = 0;
            while word < ROWS[row].words.len() {
                let text = ROWS[row].words[word].as_bytes();
                if hash(text[0], text[1]) == bucket {
                    words.words[next] = (row as u8, ROWS[row].words[word]);
                    next += 1;
                }
                word += 1;
            }
            row += 1;
        }
        bucket += 1;
    }
    words.starts[256] = next as u16;
    words
}
