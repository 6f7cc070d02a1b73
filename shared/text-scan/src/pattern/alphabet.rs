//! Characters that an expression cannot tell apart, as one letter of a small alphabet.

use super::ast::Side;
use super::error::{PatternError, Reason};
use super::order::order;
use super::set::Set;

/// A letter of the alphabet; the last one is the end of the text.
pub(super) type Letter = u8;

/// Every character has one letter.
#[derive(Clone, Debug)]
pub(super) struct Alphabet {
    /// Letters of ASCII.
    ascii: Vec<Letter>,
    /// Where a run of characters of one letter begins. Ascending, from 0.
    runs: Vec<(u32, Letter)>,
    /// For each letter: the sets that hold it, and the side that it is.
    kinds: Vec<Kind>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Kind {
    side: Side,
    sets: Vec<u64>,
}

const MAX_LETTERS: usize = 250;

impl Alphabet {
    /// The letters that these sets tell apart.
    pub(super) fn new(sets: &[Set]) -> Result<Self, PatternError> {
        let mut alphabet = Self {
            ascii: Vec::new(),
            runs: Vec::new(),
            kinds: Vec::new(),
        };
        for from in bounds(sets) {
            let kind = Kind::of(from, sets);
            let known = alphabet.kinds.iter().position(|known| *known == kind);
            let letter = known.unwrap_or(alphabet.kinds.len());
            if known.is_none() {
                alphabet.kinds.push(kind);
            }
            if letter >= MAX_LETTERS {
                return Err(PatternError {
                    at: 0,
                    reason: Reason::TooManyClasses,
                });
            }
            alphabet.runs.push((from, letter as Letter));
        }
        alphabet.ascii = (0..128).map(|c| alphabet.search(c)).collect();
        Ok(alphabet)
    }

    /// Number of letters, the end of the text included.
    pub(super) fn len(&self) -> usize {
        self.kinds.len() + 1
    }

    /// The letter at a place in a text, and its length in bytes.
    #[inline]
    pub(super) fn read(&self, text: &[u8], at: usize) -> (Letter, usize) {
        match text.get(at) {
            Some(byte) => match self.ascii.get(usize::from(*byte)) {
                Some(letter) => (*letter, 1),
                None => self.wide(text.get(at..).unwrap_or_default()),
            },
            None => (self.kinds.len() as Letter, 0),
        }
    }

    /// The letters that characters beyond ASCII have.
    pub(super) fn wide_letters(&self) -> impl Iterator<Item = Letter> {
        let ascii = self.runs.partition_point(|(from, _)| *from <= 128);
        self.runs
            .iter()
            .skip(ascii.saturating_sub(1))
            .map(|(_, letter)| *letter)
    }

    /// The letter of a character beyond ASCII.
    fn wide(&self, text: &[u8]) -> (Letter, usize) {
        let tail = |byte: &u8| u32::from(*byte) & 0x3f;
        let (c, length) = match text {
            [a @ 0xf0..=0xff, b, c, d, ..] => (
                (u32::from(*a) & 7) << 18 | tail(b) << 12 | tail(c) << 6 | tail(d),
                4,
            ),
            [a @ 0xe0..=0xff, b, c, ..] => ((u32::from(*a) & 15) << 12 | tail(b) << 6 | tail(c), 3),
            [a, b, ..] => ((u32::from(*a) & 31) << 6 | tail(b), 2),
            _ => (0, 1),
        };
        (self.search(c), length)
    }

    fn search(&self, c: u32) -> Letter {
        let after = self.runs.partition_point(|(from, _)| *from <= c);
        after
            .checked_sub(1)
            .and_then(|at| self.runs.get(at))
            .map_or(0, |(_, letter)| *letter)
    }

    /// What side a letter is.
    pub(super) fn side(&self, letter: Letter) -> Side {
        self.kinds
            .get(usize::from(letter))
            .map_or(Side::Outside, |kind| kind.side)
    }

    /// Whether a set holds a letter.
    pub(super) fn holds(&self, set: u16, letter: Letter) -> bool {
        let kind = self.kinds.get(usize::from(letter));
        let word = kind.and_then(|kind| kind.sets.get(usize::from(set / 64)));
        word.is_some_and(|word| word >> (set % 64) & 1 == 1)
    }
}

/// Where a letter may begin, ascending: at every bound of a set or of a side.
fn bounds(sets: &[Set]) -> Vec<u32> {
    let sides = Set::of(&[('\n', '\n'), ('0', '9'), ('A', 'Z'), ('a', 'z')]);
    let ranges = sets.iter().chain([&sides]).flat_map(Set::ranges);
    let bounds: Vec<u32> = ranges.flat_map(|(first, last)| [*first, last + 1]).collect();
    let sorted = order(bounds.len(), &|a, b| bounds.get(a) < bounds.get(b));
    let mut distinct = vec![0];
    for bound in sorted.iter().filter_map(|at| bounds.get(*at)) {
        if distinct.last() != Some(bound) && *bound <= char::MAX as u32 {
            distinct.push(*bound);
        }
    }
    distinct
}

impl Kind {
    fn of(c: u32, sets: &[Set]) -> Self {
        let mut words = vec![0; sets.len().div_ceil(64)];
        for (number, _) in sets.iter().enumerate().filter(|(_, set)| set.has(c)) {
            if let Some(word) = words.get_mut(number / 64) {
                *word |= 1u64 << (number % 64);
            }
        }
        Self {
            side: Side::of(u8::try_from(c).ok().filter(u8::is_ascii).or(Some(0))),
            sets: words,
        }
    }
}
