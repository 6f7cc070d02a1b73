//! Words near a place that say what stands there.

use std::ops::Range;

/// Bytes before a place in which a word counts.
const BEFORE: usize = 64;
/// Bytes behind it.
const AFTER: usize = 32;

/// A folded text, asked for words near a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    text: &'a [u8],
}

impl<'a> Context<'a> {
    /// The context of every place of a text.
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text }
    }

    /// Whether one of the words is near: up to 64 bytes before or 32 behind.
    ///
    /// Words are lower case ASCII or any other script as it is. An ASCII word matches in any case as a whole word, also as
    /// part of `snake_case`, `camelCase` and with a plural s; one that ends in `*` matches what begins with it. Other
    /// scripts match anywhere.
    pub(crate) fn near(&self, start: usize, end: usize, words: &[&str]) -> bool {
        self.before(start, BEFORE, words) || self.after(end, AFTER, words)
    }

    /// Whether one of the words is in the `reach` bytes before `start`.
    pub(crate) fn before(&self, start: usize, reach: usize, words: &[&str]) -> bool {
        let from = start.saturating_sub(reach);
        self.any_in(from..start, start, words)
    }

    /// Whether one of the words is in the `reach` bytes from `end` on.
    pub(crate) fn after(&self, end: usize, reach: usize, words: &[&str]) -> bool {
        let to = (end + reach).min(self.text.len());
        self.any_in(end..to, to, words)
    }

    /// The places near at which a word may begin, each with where it has to end.
    pub(crate) fn beginnings(&self, start: usize, end: usize) -> impl Iterator<Item = (usize, usize)> {
        let to = (end + AFTER).min(self.text.len());
        let before = (start.saturating_sub(BEFORE)..start).map(move |at| (at, start));
        let places = before.chain((end..to).map(move |at| (at, to)));
        places.filter(|(at, _)| self.may_begin(*at).is_some())
    }

    /// Whether the word stands at one of the [`beginnings`](Self::beginnings).
    pub(crate) fn stands(&self, (at, to): (usize, usize), word: &str) -> bool {
        let rest = self.text.get(at..to).unwrap_or_default();
        let first = rest.first().map_or(0, u8::to_ascii_lowercase);
        self.matches(rest, at, word.as_bytes(), first)
    }

    /// Whether one of the words is in the `reach` bytes before `start`, in the same line and with no number between.
    pub(crate) fn announces(&self, start: usize, reach: usize, words: &[&str]) -> bool {
        let before = self
            .text
            .get(start.saturating_sub(reach)..start)
            .unwrap_or_default();
        let blank = before
            .iter()
            .rev()
            .take_while(|b| !b.is_ascii_graphic() && b.is_ascii())
            .count();
        let near = before
            .iter()
            .rev()
            .skip(blank)
            .take_while(|b| **b != b'\n' && !b.is_ascii_digit())
            .count();
        self.before(start, blank + near, words)
    }

    /// Whether one of the words ends right before `start`, blanks and signs between left out.
    pub(crate) fn leads_to(&self, start: usize, words: &[&str]) -> bool {
        let before = self
            .text
            .get(start.saturating_sub(BEFORE)..start)
            .unwrap_or_default();
        let signs = before
            .iter()
            .rev()
            .take(4)
            .take_while(|b| b.is_ascii() && !b.is_ascii_alphanumeric())
            .count();
        let end = start - signs;
        let ends = |word: &&str| {
            end.checked_sub(word.len())
                .is_some_and(|at| self.any_at(at, end, &[word]))
        };
        words.iter().any(ends)
    }

    /// Whether one of the words begins at `end` or up to three bytes on.
    pub(crate) fn follows(&self, end: usize, words: &[&str]) -> bool {
        let to = (end + AFTER).min(self.text.len());
        let begins = end
            + self
                .text
                .iter()
                .skip(end)
                .take(3)
                .take_while(|b| !b.is_ascii_alphanumeric())
                .count();
        (end..=begins).any(|at| self.any_at(at, to, words))
    }

    /// Whether one of the words begins at one of the places and ends before `to`.
    fn any_in(&self, mut places: Range<usize>, to: usize, words: &[&str]) -> bool {
        let firsts = words.iter().filter_map(|word| word.as_bytes().first());
        let firsts = firsts.fold(0, |bits, first| bits | bit(*first));
        places.any(|at| {
            let first = self.text.get(at).map_or(0, u8::to_ascii_lowercase);
            firsts & bit(first) != 0 && self.any_at(at, to, words)
        })
    }

    fn any_at(&self, at: usize, to: usize, words: &[&str]) -> bool {
        let Some(first) = self.may_begin(at) else {
            return false;
        };
        let rest = self.text.get(at..to).unwrap_or_default();
        words
            .iter()
            .any(|word| self.matches(rest, at, word.as_bytes(), first))
    }

    /// The first byte, in lower case, of a word that may begin here. A letter that goes on a word, and a byte inside of a
    /// character, begin nothing.
    fn may_begin(&self, at: usize) -> Option<u8> {
        let first = self.text.get(at)?.to_ascii_lowercase();
        (first >= 0xc0 || first.is_ascii_lowercase() && self.begins_word(at)).then_some(first)
    }

    fn matches(&self, rest: &[u8], at: usize, word: &[u8], first: u8) -> bool {
        if word.first() != Some(&first) {
            return false;
        }
        let (word, open) = match word {
            [word @ .., b'*'] => (word, true),
            word => (word, false),
        };
        let same = rest
            .get(..word.len())
            .is_some_and(|text| text.eq_ignore_ascii_case(word));
        same && (open || self.ends_word(at + word.len()))
    }

    fn begins_word(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.text.get(before));
        let here = self.text.get(at);
        let camel = before.is_some_and(u8::is_ascii_lowercase) && here.is_some_and(u8::is_ascii_uppercase);
        camel || !before.is_some_and(u8::is_ascii_alphabetic)
    }

    fn ends_word(&self, at: usize) -> bool {
        let next = |ahead: usize| self.text.get(at + ahead).copied().unwrap_or(b' ');
        let last = at
            .checked_sub(1)
            .and_then(|last| self.text.get(last))
            .copied()
            .unwrap_or(b' ');
        let ends = |last: u8, next: u8| {
            !last.is_ascii_alphabetic()
                || !next.is_ascii_alphabetic()
                || (last.is_ascii_lowercase() && next.is_ascii_uppercase())
        };
        ends(last, next(0)) || (next(0).eq_ignore_ascii_case(&b's') && ends(next(0), next(1)))
    }
}

/// A bit for the first byte of a word; some bytes share one.
fn bit(first: u8) -> u64 {
    1 << (first & 63)
}

#[cfg(test)]
mod tests {
    use super::Context;

    fn near(text: &str, words: &[&str]) -> bool {
        let at = text.find('#').unwrap();
        Context::new(text.as_bytes()).near(at, at + 1, words)
    }

    #[test]
    fn a_word_counts_whole_in_any_case() {
        assert!(near("my Phone is #", &["phone"]));
        assert!(near("PHONES: #", &["phone"]));
        assert!(near("# is the phone", &["phone"]));
        assert!(!near("phonetic #", &["phone"]));
        assert!(!near("xphone #", &["phone"]));
        assert!(near("phonetic #", &["phon*"]));
    }

    #[test]
    fn keys_are_read_in_every_spelling() {
        for key in [
            "phone_number",
            "phoneNumber",
            "homePhone",
            "home_phone",
            "phone2",
            "PHONE",
        ] {
            assert!(near(&format!("{{\"{key}\": #}}"), &["phone"]), "{key}");
        }
    }

    #[test]
    fn other_scripts_have_no_word_borders() {
        assert!(near("我的电话是#", &["电话"]));
        assert!(near("teléfono: #", &["teléfono"]));
        assert!(near("電話番号は#です", &["電話"]));
    }

    #[test]
    fn what_is_far_says_nothing() {
        let far = format!("phone {} #", "x ".repeat(40));
        assert!(!near(&far, &["phone"]));
    }
}
