//! How a phone number is written: groups of digits, a '+', parentheses, an extension.

use crate::pii::candidate::{Candidate, Group};

/// Groups of the longest way to write a number.
const MAX_PARTS: usize = 7;
/// Digits of the longest group, and of all groups.
const MAX_GROUP: usize = 15;
const MAX_DIGITS: usize = 32;
/// Digits of the longest extension.
const MAX_EXTENSION: usize = 6;

/// Groups of digits, one to seven, as far as they may be one phone number.
pub(super) struct Number<'a> {
    candidate: &'a Candidate<'a>,
    first: usize,
    count: usize,
    /// How many digits each group has, and all digits.
    sizes: [u8; MAX_PARTS],
    digits: [u8; MAX_DIGITS],
    len: usize,
}

impl<'a> Number<'a> {
    /// The groups from `first` on that are digits; the last may go on with an extension ("2851x818").
    pub(super) fn at(candidate: &'a Candidate<'a>, first: usize) -> Option<Self> {
        if first
            .checked_sub(1)
            .is_some_and(|before| candidate.is_tight(before))
        {
            return None;
        }
        let mut number = Number {
            candidate,
            first,
            count: 0,
            sizes: [0; MAX_PARTS],
            digits: [0; MAX_DIGITS],
            len: 0,
        };
        while number.push().is_some() {}
        (number.count > 0).then_some(number)
    }

    /// Takes the next group. `None` where it is no part of the number.
    fn push(&mut self) -> Option<()> {
        let at = self.first + self.count;
        let group = self.candidate.groups.get(at)?;
        let bytes = self.candidate.text.get(group.start..group.end)?;
        let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        let ended = self.part_end(self.count).is_some_and(|end| {
            self.candidate
                .groups
                .get(at - 1)
                .is_some_and(|last| end < last.end)
        });
        let joined = self.count == 0 || is_gap(self.candidate.gap(at - 1));
        let whole = digits == bytes.len() || matches!(bytes.get(digits), Some(b'x' | b'X'));
        if digits == 0 || digits > MAX_GROUP || !joined || !whole || ended {
            return None;
        }
        *self.sizes.get_mut(self.count)? = digits as u8;
        self.digits
            .get_mut(self.len..self.len + digits)?
            .copy_from_slice(bytes.get(..digits)?);
        self.len += digits;
        self.count += 1;
        Some(())
    }

    /// How many groups it has.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// How many digits each of the first groups has.
    pub(super) fn sizes(&self, parts: usize) -> &[u8] {
        self.sizes.get(..parts).unwrap_or_default()
    }

    /// The digits of the first groups.
    pub(super) fn digits(&self, parts: usize) -> &[u8] {
        let len = self.sizes(parts).iter().map(|size| usize::from(*size)).sum();
        self.digits.get(..len).unwrap_or_default()
    }

    /// The separators behind a group.
    pub(super) fn gap(&self, part: usize) -> &'a [u8] {
        self.candidate.gap(self.first + part)
    }

    /// Whether a "(0)" is among the groups: dialled inside of the country only.
    pub(super) fn has_trunk(&self, parts: usize) -> bool {
        (1..parts).any(|part| {
            let group = self.first + part;
            self.sizes.get(part) == Some(&1)
                && self.candidate.gap(group - 1).ends_with(b"(")
                && self.candidate.gap(group).starts_with(b")")
        })
    }

    /// More groups than a phone number has, all parted alike.
    pub(super) fn is_list(&self) -> bool {
        self.count == MAX_PARTS && (1..MAX_PARTS - 1).all(|part| self.gap(part) == self.gap(0))
    }

    /// Whether the number may end behind so many groups: what follows is no further group of the same kind.
    pub(super) fn ends_at(&self, parts: usize) -> bool {
        let last = self.first + parts - 1;
        if parts < self.count {
            let gap = self.candidate.gap(last);
            return gap.starts_with(b" ") && parts > 1 && self.candidate.gap(last - 1) != gap;
        }
        let word = self.candidate.groups.get(last + 1).is_none_or(Group::is_word);
        word || !self.candidate.is_tight(last) || self.has_extension(parts)
    }

    pub(super) fn has_dash(&self, parts: usize) -> bool {
        (0..parts - 1)
            .flat_map(|part| self.gap(part))
            .any(|b| matches!(b, b'-' | b'.' | b'/' | b')'))
    }

    /// Whether a '+' stands before it, which adds it to nothing.
    pub(super) fn has_plus(&self) -> bool {
        let start = self
            .candidate
            .groups
            .get(self.first)
            .map_or(0, |group| group.start);
        match self.candidate.text.get(..start).unwrap_or_default() {
            [before @ .., b'+'] | [before @ .., b'+', b'('] => {
                // The letter of an escape such as `\n`, as logs are pasted, is none.
                matches!(before, [.., b'\\', b'n' | b't' | b'r'])
                    || !before.last().is_some_and(u8::is_ascii_alphanumeric)
            }
            _ => false,
        }
    }

    /// Whether an extension follows the first groups.
    pub(super) fn has_extension(&self, parts: usize) -> bool {
        self.part_end(parts).is_some_and(|end| self.extension(end) > 0)
    }

    /// What stands between a place before it and itself.
    pub(super) fn after(&self, place: usize) -> Option<&'a [u8]> {
        self.candidate.text.get(place..self.start())
    }

    /// Where it begins, with its '+' and the parenthesis around its first group.
    pub(super) fn start(&self) -> usize {
        let start = self
            .candidate
            .groups
            .get(self.first)
            .map_or(0, |group| group.start);
        let before = self.candidate.text.get(..start).unwrap_or_default();
        let closes = self.candidate.gap(self.first).starts_with(b")");
        match before {
            [.., b'+', b'('] | [.., b'(', b'+'] if closes => start - 2,
            [.., b'('] if closes => start - 1,
            [.., b'+'] => start - 1,
            _ => start,
        }
    }

    /// Where so many groups end, with the extension.
    pub(super) fn end(&self, parts: usize) -> usize {
        let end = self.part_end(parts).unwrap_or(0);
        end + self.extension(end)
    }

    fn part_end(&self, parts: usize) -> Option<usize> {
        let part = parts.checked_sub(1)?;
        let group = self.candidate.groups.get(self.first + part)?;
        Some(group.start + usize::from(*self.sizes.get(part)?))
    }

    /// Bytes of an extension at `end`: "x123", " ext. 123".
    fn extension(&self, end: usize) -> usize {
        let rest = self.candidate.text.get(end..).unwrap_or_default();
        let blanks = rest
            .iter()
            .take(2)
            .take_while(|b| matches!(b, b' ' | b','))
            .count();
        let word = rest.get(blanks..).unwrap_or_default();
        let Some(mark) = extension_mark(word) else {
            return 0;
        };
        let rest = word.get(mark..).unwrap_or_default();
        let dots = rest
            .iter()
            .take(2)
            .take_while(|b| matches!(b, b'.' | b' ' | b':'))
            .count();
        let digits = rest.iter().skip(dots).take_while(|b| b.is_ascii_digit()).count();
        let ends = !rest.get(dots + digits).is_some_and(u8::is_ascii_alphanumeric);
        if ends && (1..=MAX_EXTENSION).contains(&digits) {
            blanks + mark + dots + digits
        } else {
            0
        }
    }
}

/// Bytes of the word that begins an extension.
fn extension_mark(text: &[u8]) -> Option<usize> {
    if !matches!(
        text.first(),
        Some(b'x' | b'X' | b'e' | b'E' | b'd' | b'D' | b'p' | b'P' | 0xe5)
    ) {
        return None;
    }
    const MARKS: [&[u8]; 6] = [
        b"extension",
        b"ext",
        b"x",
        b"durchwahl",
        b"poste",
        b"\xe5\x86\x85\xe7\xb7\x9a",
    ];
    let begins = |mark: &&[u8]| {
        text.get(..mark.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(mark))
    };
    MARKS.into_iter().find(begins).map(<[u8]>::len)
}

/// What may stand between two groups of one number: no line break, no two of a kind but blanks.
fn is_gap(gap: &[u8]) -> bool {
    !gap.iter().any(|b| matches!(b, b'\n' | b'\r' | b'\t' | b'+')) && !matches!(gap, [b'.', b' ', ..])
}
