//! Letters in their plain spelling, and nothing that is not seen.
//!
//! One pass. What needs no look, ASCII and the letters of Chinese, Japanese, Korean and Cyrillic, is passed over by its
//! first bytes; the rest goes through `fold`.

use super::compose::compose;
use super::fold::{Fold, fold, is_kept};
use super::hidden::{Hidden, hidden, is_ordinary, smuggled, tagged};
use super::map::Map;
use super::rewrite::Rewrite;
use super::signs::{Coding, Signs};
use super::work;
use crate::fold::ascii_len;

/// What a pass met that another one looks into.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Met {
    /// Letters of a script that has look-alikes of Latin letters.
    pub(super) alike: bool,
    /// A control that turns the direction of all letters.
    pub(super) turned: bool,
}

/// The text, if it changes, and what was met.
pub(super) fn letters(text: &str, signs: &mut Signs) -> (Option<(String, Map)>, Met) {
    if text.is_ascii() {
        return (None, Met::default());
    }
    let mut pass = Pass {
        text,
        out: Rewrite::new(text),
        signs,
        met: Met::default(),
    };
    let mut at = 0;
    while let Some((start, c)) = pass.next_unsure(at) {
        work::count(start - at + 1);
        at = pass.letter(start, c);
    }
    (pass.out.finish(), pass.met)
}

struct Pass<'t, 's> {
    text: &'t str,
    out: Rewrite<'t>,
    signs: &'s mut Signs,
    met: Met,
}

impl<'t> Pass<'t, '_> {
    /// The next character that may be spelt otherwise.
    #[inline(always)]
    fn next_unsure(&mut self, mut at: usize) -> Option<(usize, char)> {
        let bytes = self.text.as_bytes();
        loop {
            let rest = bytes.get(at..)?;
            match rest {
                [0..=0x7f, ..] => at += ascii_len(rest),
                // Ideographs and syllables; U+3001 to U+3011; kana but for those that are made of two or make one.
                [0xe4..=0xe9 | 0xeb | 0xec, ..] => at += 3,
                [0xe3, 0x81 | 0x90..=0xbf, ..] | [0xea, 0xb0..=0xbf, ..] | [0xed, 0x80..=0x9d, ..] => at += 3,
                [0xe3, 0x80, 0x81..=0x91, ..] | [0xe3, 0x82, 0x80..=0x98 | 0xa0..=0xbf, ..] => at += 3,
                [0xe3, 0x83, 0x80..=0xbe, ..] => at += 3,
                [0xd0, 0x90..=0xbf, ..] | [0xd1, 0x80..=0x8f, ..] => {
                    self.met.alike = true;
                    at += 2;
                }
                [first @ 0xc2..=0xdf, second, ..] if is_kept(code(0, *first & 0x1f, *second)) => at += 2,
                [first @ 0xe0..=0xe2, second, third, ..] if is_kept(code(*first & 0xf, *second, *third)) => {
                    at += 3
                }
                _ => return Some((at, self.text.get(at..)?.chars().next()?)),
            }
        }
    }

    /// Rewrites one character, or a run of hidden ones. Returns where the next one begins.
    fn letter(&mut self, at: usize, c: char) -> usize {
        let end = at + c.len_utf8();
        if let '\u{ff01}'..='\u{ff5e}' = c {
            let ascii = (u32::from(c) - 0xfee0) as u8;
            self.signs.styled += u32::from(ascii.is_ascii_alphabetic());
            self.put(at, end, char::from(ascii));
            return end;
        }
        match fold(c) {
            Fold::Keep => return self.kept(at, end, c),
            Fold::Drop if !self.compose(at, end, c) => self.drop_mark(at, end, c),
            Fold::One(to) if !self.compose(at, end, c) => {
                self.met.alike |= has_look_alikes(to);
                self.signs.styled += u32::from(is_styled(c));
                self.put(at, end, to);
            }
            Fold::Drop | Fold::One(_) => {}
            Fold::Text(to) => {
                self.out.keep_to(at);
                self.out.put_str(end, to);
            }
        }
        end
    }

    /// A character that the tables keep: it may be hidden, or part of another one.
    fn kept(&mut self, at: usize, end: usize, c: char) -> usize {
        if let Some(kind) = hidden(c) {
            return self.hide(at, end, c, kind);
        }
        if let '\u{1f1e6}'..='\u{1f1ff}' = c {
            return self.regional(at);
        }
        if !self.compose(at, end, c) {
            self.met.alike |= has_look_alikes(c);
        }
        end
    }

    #[inline]
    fn put(&mut self, at: usize, end: usize, c: char) {
        self.out.keep_to(at);
        self.out.put(end, c);
    }

    /// Leaves out a mark above or below a letter.
    fn drop_mark(&mut self, at: usize, end: usize, c: char) {
        self.out.keep_to(at);
        let is_on_ascii = self
            .out
            .written()
            .ends_with(|last: char| last.is_ascii_alphabetic());
        self.signs.diacritics += u32::from(is_on_ascii && c != '\u{20e3}');
        self.out.skip_to(end);
    }

    /// Joins a mark, or a part of a syllable, to the character before it.
    fn compose(&mut self, at: usize, end: usize, c: char) -> bool {
        // U+1100 to U+11FF, the marks of kana, and those that make a letter of its own in Cyrillic.
        if !matches!(
            c,
            '\u{306}' | '\u{308}' | '\u{1161}'
                ..='\u{11c2}' | '\u{3099}' | '\u{309a}' | '\u{ff9e}' | '\u{ff9f}'
        ) {
            return false;
        }
        self.out.keep_to(at);
        let last = self.out.written().chars().next_back();
        let Some(joined) = last.and_then(|last| compose(last, c)) else {
            return false;
        };
        self.out.change_last(joined);
        self.out.skip_to(end);
        true
    }

    /// Leaves out what is not seen, but for hidden text, which is to be seen.
    fn hide(&mut self, at: usize, end: usize, c: char, kind: Hidden) -> usize {
        let before = self.text.get(..at).and_then(|text| text.chars().next_back());
        let after = self.text.get(end..).and_then(|text| text.chars().next());
        self.met.turned |= c == '\u{202e}';
        self.out.keep_to(at);
        match kind {
            Hidden::Tag => return self.tags(at, before),
            Hidden::Variation if after.and_then(hidden) == Some(Hidden::Variation) => {
                return self.selectors(at);
            }
            _ => {}
        }
        if !is_ordinary(kind, c, before, after) {
            *kind.sign(self.signs) += 1;
        }
        match kind {
            Hidden::Blank => self.out.put(end, ' '),
            _ => self.out.skip_to(end),
        }
        end
    }

    /// A run of tag characters: the region of a flag, or else text.
    fn tags(&mut self, at: usize, before: Option<char>) -> usize {
        let (run, rest) = self.run(at, Hidden::Tag);
        let len = run.len();
        // Six letters and the end of the flag, four bytes each.
        if before == Some('\u{1f3f4}') && run.ends_with('\u{e007f}') && len <= 28 {
            self.out.skip_to(at + len);
            return at + len;
        }
        self.part_words(at, run.chars().next().and_then(tagged));
        let mut end = at;
        for c in run.chars() {
            end += c.len_utf8();
            match tagged(c) {
                Some(ascii) => self.out.put(end, ascii),
                None => self.out.skip_to(end),
            }
        }
        self.part_words(end, rest.chars().next());
        self.signs.tags += (len / 4) as u32;
        self.signs.count(Coding::TagText);
        end
    }

    /// A run of variation selectors, which only the first could need: a byte of hidden text each.
    fn selectors(&mut self, at: usize) -> usize {
        let (run, rest) = self.run(at, Hidden::Variation);
        let end = at + run.len();
        self.signs.variation_selectors += run.chars().count() as u32;
        match smuggled(run) {
            Some(says) => {
                self.part_words(at, says.chars().next());
                self.out.put_str(end, &says);
                self.part_words(end, rest.chars().next());
                self.signs.count(Coding::TagText);
            }
            None => self.out.skip_to(end),
        }
        end
    }

    /// The hidden characters of a kind from an offset on, and what comes after them.
    fn run(&self, at: usize, kind: Hidden) -> (&'t str, &'t str) {
        let rest = self.text.get(at..).unwrap_or_default();
        let len = rest.find(|c| hidden(c) != Some(kind)).unwrap_or(rest.len());
        work::count(len);
        rest.split_at_checked(len).unwrap_or_default()
    }

    /// A blank between a word and hidden text that would lengthen it. Tags cannot spell the letters beyond ASCII, so
    /// those may be part of the hidden text.
    fn part_words(&mut self, at: usize, next: Option<char>) {
        let is_word = self
            .out
            .written()
            .ends_with(|last: char| last.is_ascii_alphanumeric());
        if is_word && next.is_some_and(|next| next.is_ascii_alphanumeric()) {
            self.out.put_str(at, " ");
        }
    }

    /// A run of regional indicators, as letters. Two of them are a flag.
    fn regional(&mut self, at: usize) -> usize {
        let run = self.text.get(at..).unwrap_or_default();
        let letters = run.chars().map_while(|c| match c {
            '\u{1f1e6}'..='\u{1f1ff}' => Some(char::from(b'A' + (u32::from(c) - 0x1f1e6) as u8)),
            _ => None,
        });
        let (mut end, mut count) = (at, 0);
        self.out.keep_to(at);
        for letter in letters {
            end += 4;
            count += 1;
            self.out.put(end, letter);
        }
        self.signs.styled += if count == 2 { 0 } else { count };
        end
    }
}

/// The code point of the last bits of three bytes.
#[inline(always)]
fn code(first: u8, second: u8, third: u8) -> u32 {
    u32::from(first) << 12 | u32::from(second & 0x3f) << 6 | u32::from(third & 0x3f)
}

/// Whether a letter is of a script with look-alikes of Latin letters.
fn has_look_alikes(c: char) -> bool {
    matches!(c, '\u{370}'..='\u{58f}' | '\u{13a0}'..='\u{13ff}' | '\u{1400}'..='\u{167f}' | '\u{1c80}'..='\u{1c8f}'
        | '\u{2c80}'..='\u{2cff}' | '\u{2d30}'..='\u{2d7f}' | '\u{a4d0}'..='\u{a4ff}' | '\u{a640}'..='\u{a69f}'
        | '\u{ab70}'..='\u{abbf}')
}

/// Whether a letter is one of ASCII in another style.
fn is_styled(c: char) -> bool {
    matches!(c, '\u{250}'..='\u{2af}' | '\u{2b0}'..='\u{2b8}' | '\u{1d00}'..='\u{1d6a}' | '\u{2090}'..='\u{209c}'
        | '\u{2102}'..='\u{2115}' | '\u{2118}'..='\u{211d}' | '\u{2124}'..='\u{2149}' | '\u{249c}'..='\u{24e9}'
        | '\u{1d400}'..='\u{1d7cb}' | '\u{1f110}'..='\u{1f189}')
}
