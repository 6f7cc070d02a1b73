//! Letters that stand apart, joined to words: `i g n o r e   a l l`, `i.g.n.o.r.e. .a.l.l`, `i-g-n-o-r-e a-l-l`.
//!
//! What stands between two letters at the start of a run parts the letters of a word; anything more parts words. Where
//! nothing does, the words are those that are known.

use super::map::Map;
use super::rewrite::Rewrite;
use super::vocabulary::segment;
use super::work;

/// Letters of a run.
const LEAST_LETTERS: usize = 4;
/// Letters of a run without a blank between words that may be more than one.
const LEAST_UNPARTED: usize = 8;

/// The text with its runs joined, if it has any.
pub(super) fn join(text: &str) -> Option<(String, Map)> {
    let mut out = Rewrite::new(text);
    let mut at = 0;
    while let Some(run) = next_run(text, at) {
        if run.is_words() {
            run.write(&mut out);
        }
        at = run.end;
    }
    out.finish()
}

/// Single characters that the same character parts.
struct Run<'t> {
    text: &'t str,
    start: usize,
    end: usize,
    between: char,
    /// Characters, and which of them are letters and digits.
    count: usize,
    letters: usize,
    digits: usize,
    /// Gaps within words, and between them.
    joints: usize,
    gaps: usize,
    /// Letters that are not of ASCII.
    wide: usize,
}

/// A character of a run, and what comes after it.
struct Unit {
    c: char,
    end: usize,
    /// Where the next one begins.
    next: usize,
    /// Whether a word ends here.
    parts: bool,
}

/// The next run of two characters or more.
fn next_run(text: &str, at: usize) -> Option<Run<'_>> {
    let mut before = None;
    let mut chars = text
        .get(at..)?
        .char_indices()
        .map(|(start, c)| (at + start, c))
        .peekable();
    while let Some((start, c)) = chars.next() {
        work::count(1);
        let alone = is_letter(c) && !before.is_some_and(is_letter);
        before = Some(c);
        let Some((_, between)) = chars.peek() else { break };
        if alone && is_between(*between) {
            return Some(Run::new(text, start, *between));
        }
    }
    None
}

/// Whether a character is a letter or a digit. Ideographs and syllables are, without a look at tables.
fn is_letter(c: char) -> bool {
    matches!(c, '0'..='9' | 'A'..='Z' | 'a'..='z' | '\u{3041}'..='\u{d7ff}')
        || (!c.is_ascii() && c.is_alphanumeric())
}

/// Whether a character is an ideograph, a kana or a Korean syllable: these are letters, and no digits, without a look at tables.
#[inline]
fn is_syllable(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

/// Whether a character may part letters.
fn is_between(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '.' | '-' | '_' | '*' | '|' | '/' | '~' | ',' | '+' | '=' | ':' | ';' | '·' | '•' | '\''
        )
}

impl<'t> Run<'t> {
    fn new(text: &'t str, start: usize, between: char) -> Self {
        let mut run = Self {
            text,
            start,
            end: start,
            between,
            count: 0,
            letters: 0,
            digits: 0,
            joints: 0,
            gaps: 0,
            wide: 0,
        };
        let mut next = Some(start);
        while let Some(unit) = next.and_then(|at| run.unit(at)) {
            run.count += 1;
            let is_syllable = is_syllable(unit.c);
            let is_alphabetic = is_syllable || unit.c.is_alphabetic();
            run.letters += usize::from(is_alphabetic);
            run.digits += usize::from(!is_syllable && unit.c.is_numeric());
            run.wide += usize::from(is_alphabetic && !unit.c.is_ascii());
            run.end = unit.end;
            next = (unit.next > unit.end).then_some(unit.next);
            run.gaps += usize::from(unit.parts && next.is_some());
            run.joints += usize::from(!unit.parts && next.is_some());
        }
        run
    }

    /// The character at an offset, if it stands alone.
    #[inline(always)]
    fn unit(&self, at: usize) -> Option<Unit> {
        self.plain_unit(at).or_else(|| self.any_unit(at))
    }

    /// A character of ASCII that one character of ASCII parts from the next: what most are.
    #[inline(always)]
    fn plain_unit(&self, at: usize) -> Option<Unit> {
        let [c, gap, after] = *self.text.as_bytes().get(at..)?.first_chunk()?;
        let is_plain = |byte: u8| byte.is_ascii_graphic() && char::from(byte) != self.between;
        let is_unit = is_plain(c) && is_plain(after) && char::from(gap) == self.between && gap.is_ascii();
        work::count(2);
        is_unit.then(|| Unit {
            c: char::from(c),
            end: at + 1,
            next: at + 2,
            parts: false,
        })
    }

    fn any_unit(&self, at: usize) -> Option<Unit> {
        let rest = self.text.get(at..)?;
        let c = rest.chars().next().filter(|c| !self.is_gap(*c))?;
        let end = at + c.len_utf8();
        let rest = self.text.get(end..)?;
        let len = rest.find(|c| !self.is_gap(c)).unwrap_or(rest.len());
        work::count(1 + len);
        let after = rest.get(len..).and_then(|rest| rest.chars().next());
        let is_alone = len > 0 || !after.is_some_and(is_letter);
        let parts = rest.get(..len).is_some_and(|gap| !gap.chars().eq([self.between]));
        is_alone.then_some(Unit {
            c,
            end,
            next: end + len,
            parts,
        })
    }

    fn is_gap(&self, c: char) -> bool {
        c == self.between || c.is_whitespace()
    }

    /// Whether this is a way of writing words, and not a list or a formula.
    fn is_words(&self) -> bool {
        let is_lettered = self.letters >= LEAST_LETTERS && self.letters * 3 >= self.count * 2;
        is_lettered
            && self.digits <= self.letters
            && self.joints > self.gaps
            && self.joints + 1 >= LEAST_LETTERS
    }

    /// Writes the run as words.
    fn write(&self, out: &mut Rewrite<'_>) {
        let is_unparted = self.gaps == 0 && self.letters >= LEAST_UNPARTED && self.wide == 0;
        let words = if is_unparted {
            segment(&self.letters())
        } else {
            Vec::new()
        };
        let mut ends = words.iter().copied().peekable();
        let (mut at, mut index) = (self.start, 0);
        while let Some(unit) = self.unit(at).filter(|unit| unit.end < self.end) {
            index += 1;
            let is_end = ends.next_if_eq(&index).is_some();
            out.keep_to(unit.end);
            if unit.parts || is_end {
                out.put_str(unit.next, " ");
            } else {
                out.skip_to(unit.next);
            }
            at = unit.next;
        }
    }

    /// Its characters, one byte each.
    fn letters(&self) -> Vec<u8> {
        let (mut letters, mut next) = (Vec::with_capacity(self.count), self.start);
        while let Some(unit) = self
            .unit(next)
            .filter(|unit| unit.end <= self.end && unit.next > next)
        {
            letters.push(u8::try_from(unit.c).unwrap_or(b'?').to_ascii_lowercase());
            if unit.end == self.end {
                break;
            }
            next = unit.next;
        }
        letters
    }
}

#[cfg(test)]
mod tests {
    use super::Run;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_plain_unit_is_what_any_unit_is(text in "[a1. \n·日é\u{b7}]{0,12}", between in "[. ·-]") {
            let run = Run::new(&text, 0, between.chars().next().unwrap_or('.'));
            let parts = |unit: super::Unit| (unit.c, unit.end, unit.next, unit.parts);
            for (at, _) in text.char_indices() {
                let any = run.any_unit(at).map(parts);
                prop_assert!(run.plain_unit(at).is_none_or(|plain| any == Some(parts(plain))));
            }
        }
    }
}
