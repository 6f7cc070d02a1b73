//! Letters of another script that stand in the place of the letter that they look like; small letters for capitals of
//! Cyrillic, Greek and Armenian.
//!
//! Word by word, and only where it is a disguise: true Russian and Greek have words that are all look-alikes, so a word
//! without a letter of its own script goes by the text around it.

use super::fold::{Alike, alike};
use super::map::Map;
use super::rewrite::Rewrite;
use super::signs::Signs;
use super::work;
use crate::fold::ascii_len;

/// A Cyrillic or Greek text has at least one such letter to so many Latin ones.
const FOREIGN_SHARE: u32 = 8;
/// Look-alikes that make a Latin word in a text without any other letter of Latin or of their own script.
const LEAST_ALIKE: u32 = 4;
/// Latin letters that pass for one of Cyrillic.
const CYRILLIC: &str = "aа cс eе iі kк oо pр xх yу Aа Bв Cс Eе Hн Kк Mм Oо Pр Tт Xх Yу";
/// Latin letters that pass for one of Greek.
const GREEK: &str = "oο vν Aα Bβ Eε Hη Iι Kκ Mμ Nν Oο Pρ Tτ Xχ Yυ Zζ";

/// What a character says about the script of its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// It is no letter of these scripts.
    None,
    /// Latin, and nothing else looks like it.
    Latin,
    /// Latin, and other scripts have its like.
    Shared,
    /// Of another script, and looks like a Latin one.
    Alike,
    /// Of another script, and looks somewhat like a Latin one.
    Similar,
    /// Of another script.
    Other,
}

/// Characters of a text or a word, by class.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    counts: [u32; 6],
    /// Whether a Latin letter stands beside one of another script.
    is_mixed: bool,
}

/// What becomes of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Latin,
    Other,
    AsItIs,
}

/// A word with a letter of these scripts that is not Latin.
struct Word<'t> {
    start: usize,
    text: &'t str,
    tally: Tally,
    has_capital: bool,
}

/// The text, if it changes.
pub(super) fn unmask(text: &str, signs: &mut Signs) -> Option<(String, Map)> {
    let whole = Tally::of(text);
    let mut out = Rewrite::new(text);
    if whole.is_mixed || whole.is_latin() {
        write_words(text, whole, &mut out, signs);
    } else {
        write_small(text, &mut out);
    }
    out.finish()
}

/// Writes each word in the script that it is in.
fn write_words(text: &str, whole: Tally, out: &mut Rewrite<'_>, signs: &mut Signs) {
    let mut at = 0;
    while let Some(word) = next_word(text, at) {
        let reading = read(&word, whole);
        let is_changed = reading == Reading::Latin || word.tally.count(Class::Shared) > 0;
        if is_changed || word.has_capital {
            write(&word, reading, out, signs);
        }
        at = word.start + word.text.len();
    }
}

/// Writes small letters for capitals.
fn write_small(text: &str, out: &mut Rewrite<'_>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        match rest {
            [0..=0x7f, ..] => at += ascii_len(rest),
            // The small letters of Cyrillic.
            [0xd0, 0xb0..=0xbf, ..] | [0xd1, 0x80..=0x9f, ..] => at += 2,
            _ => {
                let c = text
                    .get(at..)
                    .and_then(|rest| rest.chars().next())
                    .unwrap_or_default();
                let end = at + c.len_utf8();
                let to = small(c);
                if to != c {
                    out.keep_to(at);
                    out.put(end, to);
                }
                at = end;
            }
        }
    }
}

/// The next such word.
fn next_word(text: &str, from: usize) -> Option<Word<'_>> {
    let mut at = from;
    loop {
        let rest = text.get(at..)?;
        at += ascii_len(rest.as_bytes());
        let c = text.get(at..)?.chars().next()?;
        if class(c) != Class::None {
            break;
        }
        at += c.len_utf8();
    }
    let before = text.get(from..at)?.bytes().rev();
    let start = at - before.take_while(u8::is_ascii_alphabetic).count();
    let rest = text.get(start..)?;
    let (mut tally, mut len, mut has_capital) = (Tally::default(), 0, false);
    for c in rest.chars() {
        let class = class(c);
        if class == Class::None {
            break;
        }
        tally.add(class);
        has_capital |= small(c) != c;
        len += c.len_utf8();
    }
    work::count(at - from + len);
    Some(Word {
        start,
        text: rest.get(..len)?,
        tally,
        has_capital,
    })
}

/// Which script a word is in.
fn read(word: &Word<'_>, text: Tally) -> Reading {
    let count = |class| word.tally.count(class);
    let (latin, foreign) = (text.count(Class::Latin), text.foreign());
    match (count(Class::Latin) > 0, count(Class::Other) > 0) {
        (true, true) => Reading::AsItIs,
        (true, false) => Reading::Latin,
        (false, true) => Reading::Other,
        (false, false) if !text.is_latin() => Reading::Other,
        (false, false) if count(Class::Shared) > 0 => Reading::Latin,
        (false, false) if count(Class::Similar) > 0 => Reading::Other,
        // Only look-alikes: in a Latin text, or in one with no other letter of their script. One of Greek is a symbol.
        (false, false) if word.text.len() == 2 && word.text.chars().all(is_greek) => Reading::Other,
        (false, false) if latin > 0 || (foreign == 0 && count(Class::Alike) >= LEAST_ALIKE) => Reading::Latin,
        (false, false) => Reading::Other,
    }
}

fn write(word: &Word<'_>, reading: Reading, out: &mut Rewrite<'_>, signs: &mut Signs) {
    let is_greek_word = word.text.chars().any(is_greek);
    let mut end = word.start;
    for c in word.text.chars() {
        let begin = end;
        end += c.len_utf8();
        let to = spell(c, reading, is_greek_word);
        signs.homoglyphs += u32::from(c.is_ascii() != to.is_ascii());
        if to != c {
            out.keep_to(begin);
            out.put(end, to);
        }
    }
}

/// A letter of a word in the script of that word, small if it is not Latin.
fn spell(c: char, reading: Reading, is_greek_word: bool) -> char {
    match (reading, alike(c)) {
        (Reading::Latin, Some(Alike::Same(to) | Alike::Similar(to))) => to,
        (Reading::Other, None) => {
            let pairs = if is_greek_word { GREEK } else { CYRILLIC };
            let pair = pairs.split(' ').find_map(|pair| pair.strip_prefix(c));
            pair.and_then(|to| to.chars().next()).unwrap_or(c)
        }
        _ => small(c),
    }
}

fn is_greek(c: char) -> bool {
    matches!(c, '\u{370}'..='\u{3ff}')
}

impl Tally {
    fn of(text: &str) -> Self {
        let mut tally = Self::default();
        let mut before = Class::None;
        for c in text.chars() {
            let class = class(c);
            tally.add(class);
            tally.is_mixed |=
                before.is_latin() && class.is_foreign() || before.is_foreign() && class.is_latin();
            before = class;
        }
        tally
    }

    #[inline(always)]
    fn add(&mut self, class: Class) {
        if let Some(count) = self.counts.get_mut(class as usize) {
            *count += 1;
        }
    }

    fn count(self, class: Class) -> u32 {
        self.counts.get(class as usize).copied().unwrap_or_default()
    }

    /// Letters that only another script has.
    fn foreign(self) -> u32 {
        self.count(Class::Other) + self.count(Class::Similar)
    }

    /// Whether a text is in Latin letters, but for a few.
    fn is_latin(self) -> bool {
        self.foreign() * FOREIGN_SHARE <= self.count(Class::Latin) + self.count(Class::Shared)
    }
}

impl Class {
    #[inline(always)]
    fn is_latin(self) -> bool {
        matches!(self, Self::Latin | Self::Shared)
    }

    #[inline(always)]
    fn is_foreign(self) -> bool {
        matches!(self, Self::Alike | Self::Similar | Self::Other)
    }
}

#[inline(always)]
fn class(c: char) -> Class {
    if c.is_ascii() {
        return latin_class(c);
    }
    match alike(c) {
        None => Class::None,
        Some(Alike::None) => Class::Other,
        Some(Alike::Same(_)) => Class::Alike,
        Some(Alike::Similar(_)) => Class::Similar,
    }
}

#[inline(always)]
fn latin_class(c: char) -> Class {
    match c {
        'A' | 'B' | 'C' | 'E' | 'H'..='K' | 'M'..='P' | 'S' | 'T' | 'X'..='Z' => Class::Shared,
        'a' | 'c' | 'e' | 'h'..='k' | 'm'..='p' | 's'..='v' | 'x' | 'y' => Class::Shared,
        'a'..='z' | 'A'..='Z' => Class::Latin,
        _ => Class::None,
    }
}

/// The small letter of a capital.
#[inline(always)]
fn small(c: char) -> char {
    let code = u32::from(c);
    let small = match code {
        // Small letters of Cyrillic, which are the most.
        0..=0x390 | 0x430..=0x45f => code,
        0x391..=0x3a9 | 0x410..=0x42f => code + 32,
        0x3c2 => 0x3c3,
        0x400..=0x40f => code + 80,
        0x531..=0x556 => code + 48,
        0x460..=0x481 | 0x48a..=0x4bf | 0x4d0..=0x52f if code.is_multiple_of(2) => code + 1,
        0x4c1..=0x4ce if !code.is_multiple_of(2) => code + 1,
        0x4c0 => 0x4cf,
        _ => code,
    };
    char::from_u32(small).unwrap_or(c)
}
