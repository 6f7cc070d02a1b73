//! The walk over a text: from word to word, and to the marks between.

use super::anchor::{Anchor, What, Word, anchors};
use super::formats::{BAR, INFIX, TILDE};
use super::placeholder::is_placeholder;
use super::rules::{Own, format_rule, infix_rule};
use super::shape::{fits, has};
use super::stops::{self, Stop};
use super::{assignment, curl, jwt, pem, speech, url};
use crate::find::{Find, RuleId};

/// Bytes of a shape's first part, before its anchor.
const MAX_BEFORE: usize = 64;

/// A walk over one text.
pub(super) struct Walk<'a> {
    /// The text.
    pub(super) text: &'a [u8],
    finds: &'a mut Vec<Find>,
    /// Where the last `curl` stands, and one more.
    pub(super) curl: usize,
    /// The end of the last value without quotes that a name spoke for: marks in it belong to it.
    pub(super) judged: usize,
    /// What is known of the ends of key blocks.
    pub(super) blocks: pem::Ends,
}

impl<'a> Walk<'a> {
    /// At the start of a text.
    pub(super) fn new(text: &'a [u8], finds: &'a mut Vec<Find>) -> Self {
        Self {
            text,
            finds,
            curl: 0,
            judged: 0,
            blocks: pem::Ends::default(),
        }
    }

    /// To the end.
    pub(super) fn run(mut self) {
        let mut at = 0;
        while let Some(stop) = stops::next(self.text, at) {
            at = match stop {
                Stop::Word(at) => self.word(at).max(stops::end(self.text, at)),
                Stop::Mark(at) => self.mark(at).max(at + 1),
            };
        }
    }

    /// Adds a find; gives its end.
    pub(super) fn add(&mut self, start: usize, end: usize, rule: RuleId) -> usize {
        self.finds.push(Find { start, end, rule });
        end
    }

    /// Adds what the formats and words know of the word at `at`; gives the end of a find.
    fn word(&mut self, at: usize) -> usize {
        let (Some(first), Some(second)) = (self.text.get(at), self.text.get(at + 1)) else {
            return at;
        };
        if self.is_after_foreign(at) {
            speech::foreign(self, at);
        }
        for anchor in anchors(*first, *second) {
            let end = match anchor.what {
                What::Format(format) => self.format(at, anchor, format_rule(usize::from(format))),
                What::Infix(row) => self
                    .starts(at, anchor.shape)
                    .then(|| self.infix(at, usize::from(row)))
                    .flatten(),
                What::Word(word) => self
                    .starts(at, anchor.shape)
                    .then(|| self.own(at, word))
                    .flatten(),
            };
            if let Some(end) = end {
                return end;
            }
        }
        at
    }

    /// Whether what stands before a word is no ASCII, but for a blank, a quote or a colon.
    fn is_after_foreign(&self, at: usize) -> bool {
        let foreign = |back: usize| {
            at.checked_sub(back)
                .and_then(|at| self.text.get(at))
                .is_some_and(|b| !b.is_ascii())
        };
        foreign(1)
            || matches!(self.before(at), Some(b' ' | b':' | b'"' | b'`' | b'\''))
                && (foreign(2) || foreign(3))
    }

    fn starts(&self, at: usize, word: &str) -> bool {
        self.text
            .get(at..)
            .is_some_and(|rest| rest.starts_with(word.as_bytes()))
    }

    fn format(&mut self, at: usize, anchor: &Anchor, rule: RuleId) -> Option<usize> {
        let literal = anchor.literal();
        if !self.text.get(at..)?.starts_with(literal) || matches!(self.before(at), Some(b'.' | b'+')) {
            return None;
        }
        let end = fits(anchor.shape, self.text, at)?;
        let body = self.text.get(at + literal.len()..end)?;
        let made_up = is_placeholder(body);
        (is_random(anchor.shape, body) && !made_up).then(|| self.add(at, end, rule))
    }

    /// The byte before `at`.
    pub(super) fn before(&self, at: usize) -> Option<u8> {
        self.text.get(at.checked_sub(1)?).copied()
    }

    fn own(&mut self, at: usize, word: Word) -> Option<usize> {
        let end = match word {
            Word::Jwt => jwt::find(self, at),
            Word::Begin => pem::find(self, at),
            Word::Curl => {
                self.curl = at + 1;
                None
            }
            Word::Bearer => assignment::bearer(self, at),
            Word::Spoken => speech::find(self, at, Own::SpokenPassword),
            Word::SpokenToken => speech::find(self, at, Own::Token),
            Word::SpokenKey => speech::find(self, at, Own::Secret),
        };
        // The walk goes on into a value: it may have a form that says more.
        end.filter(|_| matches!(word, Word::Jwt | Word::Begin))
    }

    /// The format whose anchor is at `at`.
    fn infix(&mut self, at: usize, row: usize) -> Option<usize> {
        let infix = INFIX.get(row)?;
        let head = self.text.get(at.saturating_sub(MAX_BEFORE)..at)?;
        let part = |b: &&u8| has(infix.before.0, **b) || **b == infix.before.1;
        let start = at - head.iter().rev().take_while(part).count();
        let end = fits(infix.shape, self.text, start)?;
        let value = self.text.get(start..end)?;
        let whole = self.before(start).is_none_or(|b| !b.is_ascii_alphanumeric()) || self.is_path(start);
        (whole && !is_placeholder(value)).then(|| self.add(start, end, infix_rule(row)))
    }

    /// Whether the bot of a Telegram URL is named here: `/bot123:AA`.
    fn is_path(&self, at: usize) -> bool {
        self.text
            .get(..at)
            .is_some_and(|before| before.ends_with(b"/bot"))
    }

    fn mark(&mut self, at: usize) -> usize {
        let Some(mark) = self.text.get(at).copied() else {
            return at;
        };
        let end = match mark {
            b'~' if self.before(at) == Some(b'Q') => self.infix(at, TILDE),
            b'|' => self.infix(at, BAR),
            b'\\' => matches!(self.text.get(at + 1), Some(b'n' | b'r' | b't')).then_some(at + 2),
            b'-' => assignment::flag(self, at).or_else(|| curl::find(self, at)),
            b'~' => None,
            b':' => url::find(self, at).or_else(|| self.assignment(at, mark)),
            _ => self.assignment(at, mark),
        };
        end.unwrap_or(at)
    }

    /// The walk goes on into the value: it may have a form that says more.
    fn assignment(&mut self, at: usize, mark: u8) -> Option<usize> {
        assignment::find(self, at, mark);
        None
    }
}

/// Whether a value is none of words: it has a digit, or letters of both cases as evenly as no name in code has them.
/// Base32 has neither many digits nor two cases.
fn is_random(shape: &str, body: &[u8]) -> bool {
    let upper = body.iter().filter(|b| b.is_ascii_uppercase()).count();
    let base32 = shape.as_bytes().windows(2).any(|part| part == b"{t");
    let even = upper * 4 >= body.len() && upper * 4 <= body.len() * 3;
    base32 || even || body.iter().any(u8::is_ascii_digit)
}
