//! Markup in an answer that does something when it is shown: scripts, images and links that tell somebody what stands in
//! their address, text that nobody sees.
//!
//! Markdown's code is text and passes. A hold lasts from the beginning of a tag, a bracket or an address to its end.
//!
//! What this cannot know: what a client renders, and how. Style sheets and the sugar of single renderers are not read.

mod code;
mod hidden;
mod link;
mod tag;
mod target;
#[cfg(test)]
mod tests;
mod word;

use super::kept::Kept;
use super::{Finding, Findings, MarkupSettings};
use crate::rule::Known;
use code::Change;
use hidden::Hidden;
use link::{Bracket, Brackets, Due, Kind, Named, Step, is_over};
use std::ops::Range;
use target::{Use, judge, plain};

pub(crate) use code::{Code, Place};
pub(crate) use word::{Grown, Stands, Word};

/// Longest tag, in bytes.
const MAX_TAG_BYTES: usize = 1024;
/// Most findings between two backticks. More are one.
const MAX_DEFERRED: usize = 16;

/// Follows the markup of one text.
#[derive(Debug, Default)]
pub(crate) struct Markup {
    /// Where the last character ends.
    at: u64,
    hidden: Hidden,
    code: Code,
    /// Found behind a backtick that may make it code.
    deferred: Vec<Finding>,
    tag: Tag,
    brackets: Brackets,
    target: Option<Target>,
    word: Word,
    /// The rule that the beginning of a long address broke.
    goes_on: Option<Known>,
}

/// A tag from its `<` on.
#[derive(Debug, Default)]
struct Tag {
    kept: Kept,
    quote: Option<char>,
}

/// The address of a link.
#[derive(Debug)]
struct Target {
    due: Due,
    /// What was found in it.
    rule: Option<Known>,
    place: At,
    /// Parentheses that are open in it.
    nested: usize,
    /// Where the last of them was closed.
    closed: Option<u64>,
}

/// Where in the parentheses of a link a character stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Begin,
    Address,
    /// Behind the address, where a title may be.
    Behind,
}

impl Markup {
    /// The next character, and where it stands in the channel.
    pub(crate) fn push(
        &mut self,
        c: char,
        at: Range<u64>,
        settings: &MarkupSettings,
        findings: &mut Findings,
    ) {
        self.at = at.end;
        let (ended, is_hidden) = self.hidden.push(c, at.clone());
        if let Some(range) = ended {
            findings.push(Known::HiddenOutput, range);
        }
        // What nobody sees takes no markup apart: whoever leaves it out reads the rest.
        if is_hidden {
            return;
        }
        let was = self.code.place();
        // A backtick between the quotes of a tag begins no code.
        let quoted = c == '`' && was == Place::Text && self.tag.quote.is_some();
        let change = if quoted {
            Change::Nothing
        } else {
            self.code.push(c, &at)
        };
        match change {
            Change::Nothing => {}
            Change::Inert(start) => self.is_code(start),
            Change::Live => findings.append(&mut self.deferred),
        }
        if self.code.place() == Place::Block {
            if was != Place::Block {
                self.forget(settings, findings);
            }
            return;
        }
        self.grow(c, at.clone(), settings, findings);
        self.tag(c, at.clone(), settings, findings);
        self.link(c, at, settings, findings);
    }

    /// The text ends.
    pub(crate) fn end(&mut self, settings: &MarkupSettings, findings: &mut Findings) {
        if let Change::Inert(start) = self.code.end() {
            self.is_code(start);
        }
        findings.append(&mut self.deferred);
        self.forget(settings, findings);
        findings.append(&mut self.deferred);
        if let Some(range) = self.hidden.end() {
            findings.push(Known::HiddenOutput, range);
        }
    }

    /// Where something begins that may become a finding.
    pub(crate) fn open(&self) -> Option<u64> {
        let target = self.target.as_ref().map(|target| target.due.bracket.at);
        let deferred = self.deferred.iter().map(|finding| finding.range.start).min();
        let parts = [
            self.hidden.open(),
            self.tag.kept.start(),
            self.brackets.start(),
            self.word.kept().start(),
        ];
        parts.into_iter().chain([target, deferred]).flatten().min()
    }

    /// From here on it was code: what was met in it is no markup.
    fn is_code(&mut self, start: u64) {
        self.deferred.clear();
        if self.tag.kept.start().is_some_and(|tag| tag >= start) {
            self.tag = Tag::default();
        }
    }

    /// What is open ends here, as far as it came.
    fn forget(&mut self, settings: &MarkupSettings, findings: &mut Findings) {
        self.word_ends(settings, findings);
        self.close_tag(settings, findings);
        if let Step::Image(bracket) = self.brackets.end() {
            self.image(&bracket, findings);
        }
        self.close_target(self.at, findings);
    }

    /// The word grows or ends.
    fn grow(&mut self, c: char, at: Range<u64>, settings: &MarkupSettings, findings: &mut Findings) {
        let stands = match &self.target {
            Some(target) if target.place != At::Behind => Stands::AsAddress,
            Some(_) | None => Stands::InText,
        };
        match self.word.push(c, at, stands) {
            Grown::No => {}
            Grown::Ended => self.word_ends(settings, findings),
            Grown::Full => {
                let before = self.goes_on.take();
                let rule = before.or_else(|| self.judged(self.used(), settings));
                match rule {
                    Some(rule) => {
                        self.report(rule, self.word.kept().range(), findings);
                        self.word.clear();
                    }
                    None => self.word.skip(),
                }
                self.goes_on = rule;
            }
        }
    }

    fn word_ends(&mut self, settings: &MarkupSettings, findings: &mut Findings) {
        let before = self.goes_on.take();
        if self.word.kept().is_empty() {
            return;
        }
        let rule = before.or_else(|| self.judged(self.used(), settings));
        let range = self.word.kept().origin(0..self.word.text().len());
        match (&mut self.target, rule) {
            (Some(target), _) if target.due.kind == Kind::Inline => target.rule = target.rule.or(rule),
            (Some(_), _) => self.define(rule, range.end, settings, findings),
            // A tag is judged as a whole.
            (None, Some(rule)) if self.tag.kept.is_empty() => self.report(rule, range, findings),
            (None, _) => {}
        }
        self.word.clear();
    }

    /// The rule that the word breaks.
    fn judged(&self, used: Use, settings: &MarkupSettings) -> Option<Known> {
        match self.target {
            Some(_) => judge(&plain(self.word.text()), used, settings),
            None => judge(self.word.text(), used, settings),
        }
    }

    fn used(&self) -> Use {
        match &self.target {
            Some(target) if target.due.bracket.image => Use::Image,
            Some(_) | None => Use::Link,
        }
    }

    /// An address that is defined apart may be that of an image.
    fn define(&mut self, rule: Option<Known>, end: u64, settings: &MarkupSettings, findings: &mut Findings) {
        let loaded = self.judged(Use::Image, settings);
        let Some(target) = &mut self.target else {
            return;
        };
        let used = loaded.is_some() && self.brackets.note(&target.due.bracket, Named::Defined);
        target.rule = if used { loaded } else { rule };
        self.close_target(end, findings);
    }

    fn close_target(&mut self, end: u64, findings: &mut Findings) {
        if let Some(Target {
            due,
            rule: Some(rule),
            ..
        }) = self.target.take()
        {
            self.report(rule, due.bracket.at..end, findings);
        }
    }

    /// An image whose address stands elsewhere.
    fn image(&mut self, bracket: &Bracket, findings: &mut Findings) {
        if self.brackets.note(bracket, Named::UsedByImage) {
            self.report(Known::ExternalImage, bracket.at..bracket.end, findings);
        }
    }

    fn link(&mut self, c: char, at: Range<u64>, settings: &MarkupSettings, findings: &mut Findings) {
        if let Some(target) = &mut self.target {
            if let Some(end) = target.push(c, &at) {
                // Of an address that is too long the beginning tells.
                let rule = self.judged(self.used(), settings);
                if let Some(target) = &mut self.target {
                    target.rule = target.rule.or(rule);
                }
                if rule.is_some() && !self.word.kept().is_empty() {
                    self.word.skip();
                }
                self.close_target(end, findings);
            }
            return;
        }
        match self.brackets.push(c, &at) {
            Step::Nothing => {}
            Step::Address(due) => {
                self.word = Word::default();
                self.target = Some(Target::new(due));
            }
            Step::Image(bracket) => self.image(&bracket, findings),
        }
    }

    fn tag(&mut self, c: char, at: Range<u64>, settings: &MarkupSettings, findings: &mut Findings) {
        match (self.tag.kept.len(), c) {
            (0, '<') => return self.tag.kept.push(c, at),
            (0, _) => return,
            (1, '<') => {
                self.tag.kept.clear();
                return self.tag.kept.push(c, at);
            }
            (1, _) if !c.is_ascii_alphabetic() && c != '/' => return self.tag.kept.clear(),
            (_, _) => {}
        }
        if self.tag.push(c, at) {
            self.close_tag(settings, findings);
        }
    }

    fn close_tag(&mut self, settings: &MarkupSettings, findings: &mut Findings) {
        let tag = std::mem::take(&mut self.tag);
        let is_cut = tag.kept.len() >= MAX_TAG_BYTES && tag::may_load(tag.kept.text());
        let rule = tag::rule(tag.kept.text(), settings).or(is_cut.then_some(Known::Script));
        match (&mut self.target, rule) {
            (Some(target), Some(_)) if target.due.kind == Kind::Inline => target.rule = target.rule.or(rule),
            (_, Some(rule)) => self.report(rule, tag.kept.range(), findings),
            (_, None) => {}
        }
    }

    /// Between backticks it is a finding only if they are never closed.
    fn report(&mut self, rule: Known, range: Range<u64>, findings: &mut Findings) {
        if self.code.place() != Place::Inline {
            return findings.push(rule, range);
        }
        let is_full = self.deferred.len() == MAX_DEFERRED;
        match self.deferred.last_mut() {
            Some(last) if is_full => last.range.end = range.end,
            Some(_) | None => self.deferred.push(Finding { rule, range }),
        }
    }
}

impl Target {
    fn new(due: Due) -> Self {
        Self {
            due,
            rule: None,
            place: At::Begin,
            nested: 0,
            closed: None,
        }
    }

    /// Gives where the link ends, if it does by this character.
    fn push(&mut self, c: char, at: &Range<u64>) -> Option<u64> {
        let end = match self.due.kind {
            Kind::Inline => self.parenthesis(c, at.end),
            Kind::Definition => (c == '\n').then_some(at.end),
        };
        end.or_else(|| is_over(&self.due, at.start).then_some(at.end))
    }

    /// An address may hold pairs of parentheses. Where they are no pairs the last that closes is taken for the end.
    fn parenthesis(&mut self, c: char, end: u64) -> Option<u64> {
        match c {
            ')' if self.nested == 0 => return Some(end),
            ')' => {
                self.nested -= 1;
                self.closed = Some(end);
            }
            _ if c.is_whitespace() && self.place == At::Address => {
                self.place = At::Behind;
                let unpaired = std::mem::take(&mut self.nested) > 0;
                return self.closed.filter(|_| unpaired);
            }
            _ if c.is_whitespace() || self.place == At::Behind => {}
            _ => {
                self.place = At::Address;
                self.nested += usize::from(c == '(');
            }
        }
        None
    }
}

impl Tag {
    /// Gives whether the tag ends here.
    fn push(&mut self, c: char, at: Range<u64>) -> bool {
        let opens = self.kept.text().trim_end().ends_with('=');
        self.kept.push(c, at);
        match (self.quote, c) {
            (Some(quote), _) if c == quote => self.quote = None,
            (None, '"' | '\'') if opens => self.quote = Some(c),
            (None, '>') => return true,
            (Some(_) | None, _) => {}
        }
        self.kept.len() >= MAX_TAG_BYTES
    }
}
