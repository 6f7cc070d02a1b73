//! Words of many languages by what they mean.
//!
//! What is learnt of `ignore ... rules` in one language holds for `olvida ... reglas` in another, once both are the same two
//! concepts in the same order.

use crate::grams::chain;
use crate::token::{Kind, Tokens};

/// Most words of an entry.
const MAX_WORDS: usize = 3;
/// Bits of a place that hold the concept; the others are those of the n-gram's hash.
const CONCEPT: u32 = 0x3f;

/// A concept, by its number from 1 to 63.
pub type Concept = u8;

/// Entries of one to three words, by the hashes of these n-grams.
#[derive(Clone, Debug, Default)]
pub struct Concepts {
    /// Upper bits of a hash, and the concept; zero is an empty place. As many as a power of two.
    places: Vec<u32>,
    /// A bit for each beginning of a hash that an entry has: most n-grams are none.
    filter: Vec<u64>,
}

/// Words of the filter: 16 bits of a hash name a bit.
const FILTER: usize = 1 << 10;

impl Concepts {
    /// Puts entries in; of two with the same words the first stays.
    pub fn new(entries: &[(u32, Concept)]) -> Self {
        // Three quarters full at most, and never full: a search ends at an empty place.
        let size = (entries.len() * 4 / 3 + 1).next_power_of_two();
        let (mut places, mut filter) = (vec![0; size], vec![0; FILTER]);
        for (gram, concept) in entries {
            if let Some(word) = filter.get_mut((gram >> 22) as usize) {
                *word |= 1 << (gram >> 16 & 63);
            }
            let mut at = start(*gram);
            while let Some(place) = places.get_mut(at & (size - 1)) {
                if *place & CONCEPT == 0 {
                    *place = gram & !CONCEPT | u32::from(*concept) & CONCEPT;
                }
                if *place & !CONCEPT == gram & !CONCEPT {
                    break;
                }
                at += 1;
            }
        }
        Self { places, filter }
    }

    /// The concept of an n-gram.
    #[inline]
    pub fn of(&self, gram: u32) -> Option<Concept> {
        let known = self.filter.get((gram >> 22) as usize)? >> (gram >> 16 & 63) & 1;
        if known == 0 { None } else { self.search(gram) }
    }

    fn search(&self, gram: u32) -> Option<Concept> {
        let mask = self.places.len().checked_sub(1)?;
        let mut at = start(gram);
        loop {
            match *self.places.get(at & mask)? {
                place if place & CONCEPT == 0 => return None,
                place if place & !CONCEPT == gram & !CONCEPT => return Some((place & CONCEPT) as Concept),
                _ => at += 1,
            }
        }
    }

    /// Every entry, in order.
    pub(crate) fn all(&self) -> Vec<u32> {
        let mut all: Vec<u32> = self
            .places
            .iter()
            .copied()
            .filter(|place| place & CONCEPT != 0)
            .collect();
        all.sort_unstable();
        all
    }

    /// What [`all`](Self::all) gave.
    pub(crate) fn again(all: &[u32]) -> Self {
        let entries: Vec<(u32, Concept)> = all
            .iter()
            .map(|place| (*place, (place & CONCEPT) as Concept))
            .collect();
        Self::new(&entries)
    }
}

/// Where the search for an n-gram begins: by bits that its place keeps.
fn start(gram: u32) -> usize {
    (gram >> 6) as usize
}

/// The hash of an entry, as the words of a text have it; `None` for none or more than three words.
pub fn entry(text: &str) -> Option<u32> {
    let words: Vec<u32> = Tokens::new(text)
        .filter(|token| token.kind == Kind::Word)
        .map(|token| token.hash)
        .collect();
    match words.as_slice() {
        [] => None,
        words if words.len() > MAX_WORDS => None,
        words => Some(chain(words)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Concepts, entry};
    use proptest::prelude::*;

    #[test]
    fn entries_are_found_by_their_words() {
        let of = |text: &str| entry(text).unwrap();
        let concepts = Concepts::new(&[
            (of("ignore"), 1),
            (of("system prompt"), 2),
            (of("忽略"), 1),
            (of("ignore"), 3),
        ]);
        assert_eq!(concepts.of(of("IGNORE")), Some(1));
        assert_eq!(concepts.of(of("System Prompt")), Some(2));
        assert_eq!(concepts.of(of("忽略")), Some(1));
        assert_eq!(concepts.of(of("system")), None);
        assert_eq!((entry(""), entry("one two three four")), (None, None));
        assert_eq!(Concepts::default().of(of("ignore")), None);
    }

    #[test]
    fn a_search_for_what_is_not_there_ends() {
        for count in 0..40 {
            let entries: Vec<(u32, u8)> = (0..count).map(|n| (0xabcd_0000 + n * 64, 1)).collect();
            assert_eq!(Concepts::new(&entries).of(0xabcd_ffc0), None);
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_again(entries in prop::collection::vec((any::<u32>(), 1u8..64), 0..300)) {
            let concepts = Concepts::new(&entries);
            let again = Concepts::again(&concepts.all());
            for (gram, _) in &entries {
                prop_assert!(concepts.of(*gram).is_some());
                prop_assert_eq!(concepts.of(*gram), again.of(*gram));
            }
        }
    }
}
