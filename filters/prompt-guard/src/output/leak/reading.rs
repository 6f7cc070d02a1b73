//! One reading of a text, letter by letter: what it shares with a system prompt, and which values stand in it.

use super::letters::letter;
use super::shingles::Roll;
use super::system::System;
use super::values::{Form, Role, Strength, Tail};
use penstock_text_scan::view::rot13;
use std::collections::VecDeque;
use std::ops::Range;

/// How far behind a word that announces a secret a common word may stand, in letters.
const CUE_LETTERS: u64 = 24;

/// So many letters of a value are the beginning of it. Fewer begin too many words to wait for.
const LEAST_BEGUN: usize = 3;

/// What was met. Ranges are offsets in the channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hit {
    /// A shingle of the system prompt, by its slot.
    Shared(u32, Range<u64>),
    /// A value, by its number.
    Value(u8, Role, Range<u64>),
}

/// The state of a reading. Keeps as many letters as the longest thing looked for has.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    last: VecDeque<Letter>,
    /// Only values are looked up.
    of_values: bool,
    plain: Roll,
    turned: Roll,
    tail: Tail,
    count: u64,
    /// The number of the letter that ended the last word that announces a secret.
    cue: Option<u64>,
    before: Option<char>,
    /// A value that counts if its word ends here.
    pending: Option<(u8, Role, Range<u64>, Quoted)>,
}

#[derive(Clone, Copy, Debug)]
struct Letter {
    c: char,
    from: u64,
    opens: bool,
    /// The character before it was a quote.
    quoted: bool,
}

/// What a common word needs behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quoted {
    /// A quote.
    Wanted,
    /// Nothing more.
    Enough,
}

impl Reading {
    /// A reading that meets values alone.
    pub(crate) fn of_values() -> Self {
        Self {
            of_values: true,
            ..Self::default()
        }
    }

    /// The next character and where it stands.
    pub(crate) fn push(&mut self, c: char, at: Range<u64>, system: &System, hit: &mut dyn FnMut(Hit)) {
        let found = letter(c);
        if self.pending.is_some() {
            self.settle(found.is_some(), is_quote(c), hit);
        }
        if let Some((c, weight)) = found {
            self.letter(c, at.clone(), system, hit);
            if weight > 1 {
                self.before = Some(c);
                self.letter(c, at, system, hit);
            }
        }
        self.before = Some(c);
    }

    /// Where the last letters begin that may become a value.
    pub(crate) fn open(&self, system: &System) -> Option<u64> {
        let may_become = |from: &usize| {
            let letters = || self.last.iter().skip(*from).map(|letter| letter.c);
            system.values.wanted().any(|form| form.begins_with(letters()))
        };
        let longest = system.values.longest().min(self.last.len());
        let first =
            (self.last.len() - longest..(self.last.len() + 1).saturating_sub(LEAST_BEGUN)).find(may_become);
        let begun = first.and_then(|at| self.last.get(at)).map(|letter| letter.from);
        let pending = self.pending.as_ref().map(|(_, _, range, _)| range.start);
        begun.into_iter().chain(pending).min()
    }

    /// What came before is no text. Keeps its room.
    pub(crate) fn clear(&mut self) {
        if self.count > 0 {
            self.last.clear();
            let last = std::mem::take(&mut self.last);
            *self = Self {
                last,
                ..Self::default()
            };
        }
    }

    /// The text ends.
    pub(crate) fn end(&mut self, hit: &mut dyn FnMut(Hit)) {
        self.settle(false, false, hit);
        self.last.clear();
    }

    /// The word of a value ends, or goes on.
    fn settle(&mut self, goes_on: bool, quote: bool, hit: &mut dyn FnMut(Hit)) {
        if let Some((value, role, range, quoted)) = self.pending.take()
            && !goes_on
            && (quote || quoted == Quoted::Enough)
        {
            hit(Hit::Value(value, role, range));
        }
    }

    fn letter(&mut self, c: char, at: Range<u64>, system: &System, hit: &mut dyn FnMut(Hit)) {
        let before = self.before;
        self.last.push_back(Letter {
            c,
            from: at.start,
            opens: before.is_none_or(|before| letter(before).is_none()),
            quoted: before.is_some_and(is_quote),
        });
        self.count += 1;
        self.tail = self.tail.then(c);
        self.share(c, at.end, system, hit);
        for form in system.values.ending(self.tail) {
            self.meet(form, at.end, hit);
        }
        if self.last.len() > system.longest {
            self.last.pop_front();
        }
    }

    /// Looks the last letters up, in the four ways to read them.
    fn share(&mut self, c: char, end: u64, system: &System, hit: &mut dyn FnMut(Hit)) {
        let window = system.window;
        if window.len == 0 || self.of_values {
            return;
        }
        let nth = |back: usize| self.last.len().checked_sub(back).and_then(|at| self.last.get(at));
        let old = nth(window.len + 1).map(|letter| letter.c);
        let first = nth(window.len).map(|letter| letter.from);
        self.plain.push(window, c, old);
        self.turned.push(window, rot13(c), old.map(rot13));
        let Some(first) = first else {
            return;
        };
        let Roll { forward, backward } = self.plain;
        let hashes = [forward, backward, self.turned.forward, self.turned.backward];
        if let Some(slot) = hashes.into_iter().find_map(|hash| system.shingles.find(hash)) {
            hit(Hit::Shared(slot, first..end));
        }
    }

    /// The last letters may be a value.
    fn meet(&mut self, form: &Form, end: u64, hit: &mut dyn FnMut(Hit)) {
        let backward = self.last.iter().rev();
        let Some(first) = backward.clone().nth(form.len() - 1).copied() else {
            return;
        };
        if !form.fits(backward.map(|letter| (letter.c, letter.opens))) {
            return;
        }
        let range = first.from..end;
        match form.role {
            Role::Cue => self.cue = Some(self.count),
            Role::Wanted(_, Strength::Unique) => hit(Hit::Value(form.value, form.role, range)),
            Role::Wanted(_, Strength::Word) => {
                self.pending = Some((form.value, form.role, range, Quoted::Enough));
            }
            Role::Wanted(_, Strength::Common) => {
                let begin = self.count - form.len() as u64;
                let cued = self
                    .cue
                    .is_some_and(|cue| cue <= begin && begin - cue <= CUE_LETTERS);
                let quoted = if cued { Quoted::Enough } else { Quoted::Wanted };
                if cued || first.quoted {
                    self.pending = Some((form.value, form.role, range, quoted));
                }
            }
        }
    }
}

fn is_quote(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | '`' | '*' | '“' | '”' | '‘' | '’' | '«' | '»' | '„' | '「' | '」' | '『' | '』'
    )
}
