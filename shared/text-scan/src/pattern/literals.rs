//! Many literals at once.

use super::case::{Case, lower};
use super::error::{PatternError, Reason};
use super::order::order;
use crate::fold::Folded;
use std::ops::Range;

/// Literals, such as names of projects and people.
///
/// One that begins or ends with an ASCII letter or digit does not match within a longer run of those: `Ana` is not in
/// `banana`. Of several at one place the longest wins.
#[derive(Clone, Debug)]
pub struct Literals {
    case: Case,
    /// All literals, one behind the other, in the order of `entries`.
    bytes: Vec<u8>,
    /// Sorted by bytes.
    entries: Vec<Entry>,
    /// A bit for each pair of bytes with which a literal begins.
    pairs: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    from: u32,
    to: u32,
    /// The longest other literal with which this one begins: its number plus one, or zero.
    within: u32,
}

const MAX_LITERALS: usize = 10_000;
const MAX_BYTES: usize = 256;
const MAX_TOTAL_BYTES: usize = 1 << 20;

impl Literals {
    /// Up to 10,000 literals of 1 to 256 bytes, 1 MiB in all.
    pub fn new<'t>(literals: impl IntoIterator<Item = &'t str>, case: Case) -> Result<Self, PatternError> {
        let mut all: Vec<Vec<u8>> = Vec::new();
        let mut total = 0;
        for (at, literal) in literals.into_iter().enumerate() {
            let folded = Folded::new(literal);
            let bytes = match case {
                Case::Exact => folded.text().as_bytes().to_vec(),
                Case::Fold => lower(folded.text()),
            };
            total += bytes.len();
            let reason = match bytes.len() {
                1..=MAX_BYTES if at < MAX_LITERALS && total <= MAX_TOTAL_BYTES => None,
                1..=MAX_BYTES => Some(Reason::TooManyLiterals),
                _ => Some(Reason::LongLiteral),
            };
            if let Some(reason) = reason {
                return Err(PatternError { at, reason });
            }
            all.push(bytes);
        }
        let sorted = order(all.len(), &|a, b| all.get(a) < all.get(b));
        Ok(Self::sorted(case, sorted.iter().filter_map(|at| all.get(*at))))
    }

    fn sorted<'t>(case: Case, sorted: impl Iterator<Item = &'t Vec<u8>>) -> Self {
        let mut literals = Self {
            case,
            bytes: Vec::new(),
            entries: Vec::new(),
            pairs: vec![0; 1 << 10],
        };
        // Literals with which the current one begins, shortest first: sorting puts them right before it.
        let mut open: Vec<u32> = Vec::new();
        for literal in sorted {
            while open
                .last()
                .is_some_and(|last| !literal.starts_with(literals.literal(*last)))
            {
                open.pop();
            }
            let before = open.last().map(|last| literals.literal(*last));
            if before == Some(literal) {
                continue;
            }
            let from = literals.bytes.len() as u32;
            literals.bytes.extend_from_slice(literal);
            let to = literals.bytes.len() as u32;
            let within = open.last().map_or(0, |last| last + 1);
            open.push(literals.entries.len() as u32);
            literals.entries.push(Entry { from, to, within });
            literals.note(literal);
        }
        literals
    }

    fn note(&mut self, literal: &[u8]) {
        let first = literal.first().copied().unwrap_or_default();
        let seconds = literal.get(1).map_or(0..=u8::MAX, |second| *second..=*second);
        for second in seconds {
            if let Some(word) = self
                .pairs
                .get_mut(usize::from(first) << 2 | usize::from(second >> 6))
            {
                *word |= 1 << (second & 63);
            }
        }
    }

    fn literal(&self, number: u32) -> &[u8] {
        let entry = self.entries.get(number as usize);
        let range = entry.map_or(0..0, |entry| entry.from as usize..entry.to as usize);
        self.bytes.get(range).unwrap_or_default()
    }

    /// Shows every literal that stands in a text, from left to right, without overlap.
    pub fn each(&self, text: &str, found: impl FnMut(Range<usize>)) {
        match self.case {
            Case::Exact => self.each_byte(text.as_bytes(), found),
            Case::Fold => self.each_byte(&lower(text), found),
        }
    }

    fn each_byte(&self, text: &[u8], mut found: impl FnMut(Range<usize>)) {
        let mut at = 0;
        while let Some(skipped) = text.get(at..).and_then(|rest| self.candidate(rest)) {
            at += skipped;
            at = match self.longest(text, at) {
                Some(end) => {
                    found(at..end);
                    end
                }
                None => at + 1,
            };
        }
    }

    /// The first place at which two bytes stand with which a literal begins.
    fn candidate(&self, text: &[u8]) -> Option<usize> {
        let begins = |first: u8, second: u8| {
            let word = self.pairs.get(usize::from(first) << 2 | usize::from(second >> 6));
            word.is_some_and(|word| word >> (second & 63) & 1 == 1)
        };
        let pair = text
            .windows(2)
            .position(|pair| matches!(pair, [first, second] if begins(*first, *second)));
        // The last byte is followed by none; a literal of one byte begins every pair.
        pair.or_else(|| {
            text.last()
                .filter(|last| begins(**last, 0))
                .map(|_| text.len() - 1)
        })
    }

    /// Where the longest literal ends that begins here.
    fn longest(&self, text: &[u8], at: usize) -> Option<usize> {
        let rest = text.get(at..)?;
        let starts_word = !is_word(at.checked_sub(1).and_then(|at| text.get(at)));
        if !starts_word && is_word(rest.first()) {
            return None;
        }
        let (number, common) = self.nearest(rest)?;
        let mut entry = self.entries.get(number)?;
        loop {
            let length = (entry.to - entry.from) as usize;
            let cuts = is_word(rest.get(length.wrapping_sub(1))) && is_word(rest.get(length));
            if length <= common && !cuts {
                return Some(at + length);
            }
            entry = self.entries.get((entry.within as usize).checked_sub(1)?)?;
        }
    }

    /// The last literal that does not sort behind the text, and how many bytes both share. Every literal with which the
    /// text begins is that one, or one with which that one begins.
    fn nearest(&self, rest: &[u8]) -> Option<(usize, usize)> {
        let window = rest.get(..MAX_BYTES).unwrap_or(rest);
        let after = self.entries.partition_point(|entry| {
            self.bytes
                .get(entry.from as usize..entry.to as usize)
                .is_some_and(|literal| literal <= window)
        });
        let number = after.checked_sub(1)?;
        let literal = self.literal(number as u32);
        let common = literal.iter().zip(rest).take_while(|(a, b)| a == b).count();
        Some((number, common))
    }
}

fn is_word(byte: Option<&u8>) -> bool {
    byte.is_some_and(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::{Case, Literals, Reason, is_word, lower};
    use proptest::prelude::*;
    use std::time::Instant;

    fn finds<'t>(literals: &[&str], case: Case, text: &'t str) -> Vec<&'t str> {
        let mut found = Vec::new();
        let literals = Literals::new(literals.iter().copied(), case).unwrap();
        literals.each(text, |range| found.extend(text.get(range)));
        found
    }

    #[test]
    fn the_longest_whole_word_wins() {
        let names = ["Ana", "Ana María", "Ana Mar", "José", "東京", "C", "#7"];
        let text = "banana Ana, Ana Marte und Ana María; José!José1東京Ana東京都 C C1 #7 #71";
        let found = [
            "Ana",
            "Ana",
            "Ana María",
            "José",
            "José",
            "東京",
            "Ana",
            "東京",
            "C",
            "#7",
        ];
        assert_eq!(finds(&names, Case::Exact, text), found);
        assert_eq!(
            finds(&names, Case::Fold, "JOSÉ ANA MARÍA c"),
            ["JOSÉ", "ANA MARÍA", "c"]
        );
        assert_eq!(finds(&names, Case::Exact, "JOSÉ ana"), [""; 0]);
    }

    #[test]
    fn a_list_beyond_its_bounds_is_refused_with_the_number_of_the_literal() {
        let long = "x".repeat(257);
        let many: Vec<String> = (0..10_001).map(|n| n.to_string()).collect();
        let heavy: Vec<String> = (0..5_000).map(|n| format!("{n:0256}")).collect();
        for (literals, at, reason) in [
            (vec!["a", ""], 1, Reason::LongLiteral),
            (vec![long.as_str()], 0, Reason::LongLiteral),
            (
                many.iter().map(String::as_str).collect(),
                10_000,
                Reason::TooManyLiterals,
            ),
            (
                heavy.iter().map(String::as_str).collect(),
                4096,
                Reason::TooManyLiterals,
            ),
        ] {
            let refused = Literals::new(literals, Case::Exact).unwrap_err();
            assert_eq!((refused.at, refused.reason), (at, reason));
        }
    }

    #[test]
    fn a_full_list_over_a_hostile_text_takes_linear_time() {
        let literals: Vec<String> = (0..10_000).map(|n| format!("{}{n}", "ab-".repeat(30))).collect();
        let literals = Literals::new(literals.iter().map(String::as_str), Case::Fold).unwrap();
        let text = "ab-".repeat(333_333);
        let begun = Instant::now();
        let mut count = 0;
        literals.each(&text, |_| count += 1);
        assert_eq!(count, 0);
        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    }

    /// Tries every literal at every place.
    fn plainly(literals: &[String], case: Case, text: &str) -> Vec<std::ops::Range<usize>> {
        let fold = |text: &str| {
            if case == Case::Fold {
                lower(text)
            } else {
                text.as_bytes().to_vec()
            }
        };
        let (bytes, mut found, mut at) = (fold(text), Vec::new(), 0);
        while at < bytes.len() {
            let ends = literals
                .iter()
                .map(|literal| fold(literal))
                .filter(|literal| bytes[at..].starts_with(literal));
            let whole = ends.map(|literal| at + literal.len()).filter(|end| {
                let cut = |at: usize| at > 0 && is_word(bytes.get(at - 1)) && is_word(bytes.get(at));
                !cut(at) && !cut(*end)
            });
            match whole.max() {
                Some(end) => {
                    found.push(at..end);
                    at = end;
                }
                None => at += 1,
            }
        }
        found
    }

    proptest! {
        #[test]
        fn finds_are_those_of_a_plain_search(
            literals in prop::collection::vec("[aA é字-]{1,5}", 1..12),
            text in "[aA é字-]{0,40}",
            fold in any::<bool>(),
        ) {
            let case = if fold { Case::Fold } else { Case::Exact };
            let mut found = Vec::new();
            Literals::new(literals.iter().map(String::as_str), case).unwrap().each(&text, |range| found.push(range));
            prop_assert_eq!(found, plainly(&literals, case, &text));
        }
    }
}
