//! Shingles: every run of so many letters of a text, by its hash.

use super::letters::letter;
use std::collections::VecDeque;

/// Most shingles of a system prompt that are kept; what follows is not watched. 8 bytes each, twice.
pub(crate) const MAX_SHINGLES: usize = 65_536;

/// Odd, so that it has an inverse and a hash can roll in both directions.
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

/// A set of hashes: open addressing, at most half full.
#[derive(Debug, Default)]
pub(crate) struct Shingles {
    /// 0 is a free slot. The length is a power of two, or 0.
    slots: Vec<u64>,
    /// Four bits to a slot, one set for each hash: small enough to stay near, it answers most look-ups.
    filter: Vec<u64>,
    len: usize,
}

impl Shingles {
    /// Room for so many, at most [`MAX_SHINGLES`].
    pub(crate) fn with_room(count: usize) -> Self {
        let count = count.min(MAX_SHINGLES);
        let slots = if count == 0 {
            0
        } else {
            (2 * count).next_power_of_two()
        };
        Self {
            slots: vec![0; slots],
            filter: vec![0; slots.div_ceil(16)],
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Takes a hash in, while there is room.
    pub(crate) fn insert(&mut self, hash: u64) {
        let (hash, at) = (key(hash), self.slot(hash));
        let is_full = 2 * self.len >= self.slots.len();
        if let Some(slot) = self.slots.get_mut(at).filter(|slot| **slot == 0 && !is_full) {
            *slot = hash;
            self.len += 1;
            let (word, bit) = self.bit(hash);
            if let Some(word) = self.filter.get_mut(word) {
                *word |= bit;
            }
        }
    }

    /// The slot of a hash, which names it. `None`: it is not in the set.
    pub(crate) fn find(&self, hash: u64) -> Option<u32> {
        let (word, bit) = self.bit(key(hash));
        if self.filter.get(word)? & bit == 0 {
            return None;
        }
        let at = self.slot(hash);
        (*self.slots.get(at)? == key(hash)).then_some(at as u32)
    }

    fn bit(&self, hash: u64) -> (usize, u64) {
        let mixed = mixed(hash);
        (
            (mixed >> 32) as usize & self.filter.len().wrapping_sub(1),
            1 << (mixed >> 26 & 63),
        )
    }

    /// Where a hash is, or would be. Ends because half of the slots are free.
    fn slot(&self, hash: u64) -> usize {
        let (hash, mask) = (key(hash), self.slots.len().wrapping_sub(1));
        let mut at = (mixed(hash) >> 32) as usize & mask;
        while self.slots.get(at).is_some_and(|slot| *slot != 0 && *slot != hash) {
            at = (at + 1) & mask;
        }
        at
    }
}

/// Some of the slots: a bit for each, as far as the highest, so at most 16 KiB.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots {
    words: Vec<u64>,
    len: usize,
}

impl Slots {
    /// Takes a slot in. Gives whether it is new.
    pub(crate) fn insert(&mut self, slot: u32) -> bool {
        let (at, bit) = (slot as usize / 64, 1 << (slot % 64));
        if self.words.len() <= at {
            self.words.resize(at + 1, 0);
        }
        let Some(word) = self.words.get_mut(at).filter(|word| **word & bit == 0) else {
            return false;
        };
        *word |= bit;
        self.len += 1;
        true
    }

    pub(crate) fn contains(&self, slot: u32) -> bool {
        let word = self.words.get(slot as usize / 64);
        word.is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

fn key(hash: u64) -> u64 {
    hash.max(1)
}

fn mixed(hash: u64) -> u64 {
    (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

/// How hashes of one window length roll.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// Letters in a window.
    pub(crate) len: usize,
    /// `BASE` to the power of `len - 1`.
    top: u64,
    inverse: u64,
}

impl Window {
    pub(crate) fn new(len: usize) -> Self {
        let mut inverse = BASE;
        // Newton's step doubles the right low bits: 3, 6, 12, 24, 48, 96.
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(BASE.wrapping_mul(inverse)));
        }
        Self {
            len,
            top: (1..len).fold(1, |power: u64, _| power.wrapping_mul(BASE)),
            inverse,
        }
    }

    fn forward(self, hash: u64, new: char, old: Option<char>) -> u64 {
        let left = hash.wrapping_sub(symbol(old).wrapping_mul(self.top));
        left.wrapping_mul(BASE).wrapping_add(symbol(Some(new)))
    }
}

fn symbol(c: Option<char>) -> u64 {
    c.map_or(0, |c| mixed(u64::from(c)))
}

/// The hash of the last letters, read forward and backward.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Roll {
    pub(crate) forward: u64,
    pub(crate) backward: u64,
}

impl Roll {
    /// One letter comes in; the one that was `window.len` before it goes, if there was one.
    pub(crate) fn push(&mut self, window: Window, new: char, old: Option<char>) {
        self.forward = window.forward(self.forward, new, old);
        let left = self
            .backward
            .wrapping_sub(symbol(old))
            .wrapping_mul(window.inverse);
        self.backward = left.wrapping_add(symbol(Some(new)).wrapping_mul(window.top));
    }
}

/// The shingles of a text, forward alone.
#[derive(Debug, Default)]
pub(crate) struct Slide {
    last: VecDeque<char>,
    hash: u64,
}

impl Slide {
    /// The next character. Gives each shingle that ends with it.
    pub(crate) fn push(&mut self, c: char, window: Window, give: &mut dyn FnMut(u64)) {
        let Some((c, weight)) = letter(c) else {
            return;
        };
        for _ in 0..weight {
            let old = if self.last.len() == window.len {
                self.last.pop_front()
            } else {
                None
            };
            self.last.push_back(c);
            self.hash = window.forward(self.hash, c, old);
            if self.last.len() == window.len {
                give(self.hash);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rolled(window: Window, text: &str) -> Roll {
        let letters: Vec<char> = text.chars().collect();
        let mut roll = Roll::default();
        for (at, c) in letters.iter().enumerate() {
            let old = at.checked_sub(window.len).map(|old| letters[old]);
            roll.push(window, *c, old);
        }
        roll
    }

    #[test]
    fn a_hash_is_of_the_last_letters_alone_and_backward_is_that_of_the_reverse() {
        let window = Window::new(5);
        assert_eq!(
            rolled(window, "xyzhello").forward,
            rolled(window, "hello").forward
        );
        assert_eq!(
            rolled(window, "qqhello").backward,
            rolled(window, "olleh").forward
        );
        assert_ne!(rolled(window, "hello").forward, rolled(window, "hellp").forward);
    }

    #[test]
    fn a_set_finds_what_was_put_in_and_is_never_more_than_half_full() {
        let mut set = Shingles::with_room(100);
        (0..1000).for_each(|hash| set.insert(hash * 77));
        let slots = set.slots.len();
        assert_eq!((set.len(), slots), (128, 256));
        assert!((2..100).all(|hash| set.find(hash * 77).is_some()));
        assert!((2..100).all(|hash| set.find(hash * 77 + 1).is_none()));
        assert_eq!(Shingles::default().find(7), None);
    }
}
