//! Sets of characters.

use super::case;
use super::order::order;

/// Characters as ascending ranges that neither touch nor overlap, both ends included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Set(Vec<(u32, u32)>);

const LAST: u32 = char::MAX as u32;

impl Set {
    /// One character.
    pub(super) fn one(c: char) -> Self {
        Self(vec![(c as u32, c as u32)])
    }

    /// The characters between the ends of some ranges.
    pub(super) fn of(ranges: &[(char, char)]) -> Self {
        let mut set = Self::default();
        for (first, last) in ranges {
            set.add(*first, *last);
        }
        set.tidy();
        set
    }

    /// Every character.
    pub(super) fn all() -> Self {
        Self(vec![(0, LAST)])
    }

    /// Adds a range. [`Self::tidy`] is to follow.
    pub(super) fn add(&mut self, first: char, last: char) {
        self.0.push((first as u32, last as u32));
    }

    /// Adds all of another set. [`Self::tidy`] is to follow.
    pub(super) fn add_set(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    /// Brings the ranges in order.
    pub(super) fn tidy(&mut self) {
        let sorted = order(self.0.len(), &|a, b| self.0.get(a) < self.0.get(b));
        let mut tidy: Vec<(u32, u32)> = Vec::with_capacity(self.0.len());
        for (first, last) in sorted.iter().filter_map(|at| self.0.get(*at).copied()) {
            match tidy.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => tidy.push((first, last)),
            }
        }
        self.0 = tidy;
    }

    /// Everything else.
    pub(super) fn negated(&self) -> Self {
        let mut rest = Vec::with_capacity(self.0.len() + 1);
        let mut from = 0;
        for (first, last) in &self.0 {
            if *first > from {
                rest.push((from, first - 1));
            }
            from = last + 1;
        }
        if from <= LAST {
            rest.push((from, LAST));
        }
        Self(rest)
    }

    /// The set with both cases of each of its letters.
    pub(super) fn folded(&self) -> Self {
        let mut folded = self.clone();
        // Nothing beyond Cyrillic has a case here.
        for (first, last) in self.0.iter().filter(|(first, _)| *first < 0x460) {
            for c in (*first..=(*last).min(0x45f)).filter_map(char::from_u32) {
                if let Some(other) = case::other(c) {
                    folded.add(other, other);
                }
            }
        }
        folded.tidy();
        folded
    }

    /// The ranges, ascending.
    pub(super) fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }

    /// Whether a character is in it.
    pub(super) fn has(&self, c: u32) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= c);
        after
            .checked_sub(1)
            .and_then(|at| self.0.get(at))
            .is_some_and(|(_, last)| c <= *last)
    }
}
