//! The words of all rows, found in one look at what stands near a number. Built by the compiler.

use super::ROWS;
use crate::context::Context;

/// The words of all rows by their first byte.
struct Words<const N: usize> {
    /// Where the words that begin with a byte begin in `words`.
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
            let first = text.get(place.0).map_or(0, u8::to_ascii_lowercase);
            for (row, word) in WORDS.beginning_with(first) {
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
    fn beginning_with(&self, first: u8) -> &[(u8, &'static str)] {
        let start = |byte: usize| self.starts.get(byte).map(|start| usize::from(*start));
        let range = start(first.into()).zip(start(usize::from(first) + 1));
        range
            .and_then(|(from, to)| self.words.get(from..to))
            .unwrap_or_default()
    }
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
    let (mut next, mut first) = (0, 0);
    while first < 256 {
        words.starts[first] = next as u16;
        let mut row = 0;
        while row < ROWS.len() {
            let mut word = 0;
            while word < ROWS[row].words.len() {
                if ROWS[row].words[word].as_bytes()[0] as usize == first {
                    words.words[next] = (row as u8, ROWS[row].words[word]);
                    next += 1;
                }
                word += 1;
            }
            row += 1;
        }
        first += 1;
    }
    words.starts[256] = next as u16;
    words
}
