//! Personal data in an answer that the client did not send.
//!
//! A stream brings text in pieces. What was seen is kept as far as a find may reach back into it, and a find counts once
//! it can grow no further; only where the policy changes answers is text held until then.

use crate::book::Tally;
use crate::config::Config;
use crate::mask::for_good;
use crate::raw::Action;
use crate::vault::{Vault, bare_placeholder};
use penstock_filter_api::{Piece, Way};
use penstock_llm_api::{Part, Scope};
use penstock_text_scan::{Find, RuleId};
use std::ops::Range;

/// How far before a find the words that announce it may stand, in bytes.
const BEFORE_BYTES: usize = 256;
/// How far behind a find the words that make it one may stand, in bytes.
const BEHIND_BYTES: usize = 32;
/// Longest text that may still become one find, in bytes: a private key is as long.
const MAX_GROWING_BYTES: usize = 4096;

/// What was seen of one channel.
#[derive(Debug, Default)]
pub(crate) struct Window {
    text: String,
    /// Offset of `text` in the channel.
    start: u64,
    /// What begins before this offset is dealt with.
    done: u64,
    /// Stand-ins that are restored: they look like what they stand for.
    restored: Vec<Range<u64>>,
    /// Where `text` begins, if it is JSON.
    strings: Strings,
}

/// What an answer holds.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// What is to be replaced, by offsets in the channel.
    pub(crate) edits: Vec<(Range<u64>, String)>,
    /// The first entity that ends the answer.
    pub(crate) blocked: Option<RuleId>,
    /// Where a find may be growing that would change the answer, by its offset in the channel.
    pub(crate) open: u64,
}

impl Window {
    /// What is kept of the text before an offset.
    pub(crate) fn before(&self, offset: u64) -> &[u8] {
        let length = usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX);
        self.text.as_bytes().get(..length).unwrap_or_default()
    }

    /// Takes the new text of a piece.
    pub(crate) fn push(&mut self, piece: &Piece<'_>) {
        if self.start + self.text.len() as u64 != piece.start {
            self.text.clear();
            self.start = piece.start;
        }
        self.text.push_str(piece.text);
    }

    /// A stand-in is restored: it is no find.
    pub(crate) fn restored(&mut self, range: Range<u64>) {
        self.restored.push(range);
    }

    /// Whether a place in JSON is in no string: what stands there instead of a number needs quotes.
    pub(crate) fn is_outside_strings(&self, offset: u64) -> bool {
        let mut strings = self.strings;
        let length = usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX);
        strings.pass(self.text.get(..length).unwrap_or_default());
        !strings.inside
    }

    /// Forgets what no find can reach any more.
    pub(crate) fn trim(&mut self, config: &Config) {
        let before = BEFORE_BYTES.max(config.span);
        let cut = self
            .text
            .floor_char_boundary(growing(&self.text, config.span).saturating_sub(before));
        self.strings.pass(self.text.get(..cut).unwrap_or_default());
        self.text.drain(..cut);
        self.start += cut as u64;
        self.restored.retain(|range| range.end > self.start);
    }

    /// Judges what the window holds up to the offset `upto`, outside of `stand_ins`.
    pub(crate) fn judge(
        &mut self,
        piece: &Piece<'_>,
        (stand_ins, upto): (&[Range<u64>], u64),
        (config, vault): (&Config, &Vault),
        tally: &mut Tally,
    ) -> Verdict {
        let grown = if piece.last {
            self.text.len()
        } else {
            growing(&self.text, config.span)
        };
        let mut open = upto.min(self.start + grown as u64);
        let mut verdict = Verdict {
            edits: Vec::new(),
            blocked: None,
            open: upto,
        };
        for find in config.scanner.scan(&self.text) {
            let range = self.start + find.start as u64..self.start + find.end as u64;
            if range.start < self.done || meets(&self.restored, &range) || meets(stand_ins, &range) {
                continue;
            }
            if range.end > open {
                open = open.min(range.start);
                break;
            }
            self.done = range.end;
            let value = self.text.get(find.start..find.end).unwrap_or_default();
            meet(&find, value, range, piece, (config, vault), tally, &mut verdict);
            if verdict.blocked.is_some() {
                break;
            }
        }
        if config.changes_answers {
            verdict.open = open;
        }
        verdict
    }
}

/// Where a place in JSON is.
#[derive(Clone, Copy, Debug, Default)]
struct Strings {
    inside: bool,
    /// Behind a backslash.
    escaped: bool,
}

impl Strings {
    fn pass(&mut self, json: &str) {
        for byte in json.bytes() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = self.inside,
                b'"' => self.inside = !self.inside,
                _ => {}
            }
        }
    }
}

/// Whether a range has a byte in common with one of these, which are in order.
fn meets(ranges: &[Range<u64>], range: &Range<u64>) -> bool {
    let behind = ranges.partition_point(|other| other.end <= range.start);
    ranges.get(behind).is_some_and(|other| other.start < range.end)
}

/// Acts on one find.
fn meet(
    find: &Find,
    value: &str,
    range: Range<u64>,
    piece: &Piece<'_>,
    (config, vault): (&Config, &Vault),
    tally: &mut Tally,
    verdict: &mut Verdict,
) {
    let decision = config.policies.decide(find.rule, Way::Response, piece.scope);
    if decision.action == Action::Pass || vault.was_sent(value) || config.allows(value) {
        return;
    }
    // What ends the answer in a repeat is met no more in the text that is repeated.
    if matches!(piece.part, Part::Delta | Part::Whole) || decision.action == Action::Block {
        tally.found(find.rule, Way::Response, piece.scope, decision.action);
    }
    let rule = config.scanner.rule(find.rule);
    match decision.action {
        Action::Pass | Action::Alert => {}
        Action::Block => verdict.blocked = Some(find.rule),
        Action::Mask | Action::FormatPreserving => verdict.edits.push((range, bare_placeholder(rule.entity))),
        Action::Hash | Action::Replace | Action::Drop => {
            verdict
                .edits
                .push((range, for_good(config, decision, rule, value)));
        }
    }
}

/// Whether a model wrote texts of this scope for the client to read.
pub(crate) fn is_answer(scope: Scope, part: Part) -> bool {
    scope.is_output() && part != Part::Echo
}

/// Where the text begins that may become a find together with what comes next: the last word, and words before it that
/// look like parts of numbers, keys and names of fields, as long as words behind them may make them one. It is no less than
/// `span` bytes.
fn growing(text: &str, span: usize) -> usize {
    let floor = text.ceil_char_boundary(text.len().saturating_sub(MAX_GROWING_BYTES));
    let (mut start, mut end) = (text.len(), text.len());
    let least = text.floor_char_boundary(text.len().saturating_sub(span));
    for word in text.rsplit(divides) {
        let begin = end - word.len();
        let near = end + BEHIND_BYTES > text.len() || end + 2 >= start;
        if end <= floor || !near {
            break;
        }
        if !word.is_empty() && (end == text.len() || is_code(word.as_bytes())) {
            start = begin.max(floor);
        }
        let before = text.get(..begin).unwrap_or_default().chars().next_back();
        end = begin - before.map_or(0, char::len_utf8);
    }
    start.min(least)
}

/// Whether no word goes on behind it: a blank, or a character of a script that has none.
pub(crate) fn divides(c: char) -> bool {
    c.is_ascii_whitespace() || (c >= '\u{2000}' && !matches!(c, '\u{ff01}'..='\u{ff5e}'))
}

/// Whether a word looks like a part of a number or a key, or like the name of a field.
fn is_code(word: &[u8]) -> bool {
    let any = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'@' | b'=' | b'_' | b'+' | 0xef);
    let capitals = word.len() > 1 && word.iter().all(u8::is_ascii_uppercase);
    let edges = word.starts_with(b"(") || word.starts_with(b"--") || matches!(word, [.., b':' | b')' | b'-']);
    capitals || edges || word.iter().any(any)
}
#[cfg(test)]
mod tests {
    use super::growing;

    #[test]
    fn numbers_with_blanks_and_words_may_grow() {
        for (text, rest) in [
            ("my card is 4111 1111", "4111 1111"),
            ("write to ana@exa", "ana@exa"),
            ("done. ", ""),
            ("call (212) ", "(212) "),
            ("key: ", "key: "),
            ("", ""),
        ] {
            assert_eq!(text.split_at(growing(text, 0)).1, rest);
        }
    }
}
