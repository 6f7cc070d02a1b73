//! Personal data in an answer that the client did not send.
//!
//! A stream brings text in pieces. What was seen is kept as far as a find may reach back into it, and a find counts once
//! it can grow no further; only where the policy changes answers is text held until then.

use crate::book::Tally;
use crate::config::Config;
use crate::mask::for_good;
use crate::policy::Way;
use crate::raw::Action;
use crate::survey::border;
use crate::vault::{Vault, bare_placeholder};
use penstock_filter_api::Piece;
use penstock_llm_api::{Part, Scope};
use penstock_text_scan::{Find, RuleId};
use std::ops::Range;

/// How far back a find and the words around it may reach, in bytes.
const WINDOW_BYTES: usize = 256;

/// What was seen of one channel.
#[derive(Debug, Default)]
pub(crate) struct Window {
    text: String,
    /// Offset of `text` in the channel.
    start: u64,
    /// Finds that begin before this offset are dealt with.
    done: u64,
}

/// What an answer holds.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// What is to be replaced, by offsets in the channel.
    pub(crate) edits: Vec<(Range<u64>, String)>,
    /// The first entity that ends the answer.
    pub(crate) blocked: Option<RuleId>,
    /// Where a find may be growing, by its offset in the channel.
    pub(crate) open: Option<u64>,
}

impl Window {
    /// The byte before an offset, if it is known.
    pub(crate) fn before(&self, offset: u64) -> Option<u8> {
        let at = usize::try_from(offset.checked_sub(self.start)?.checked_sub(1)?).ok()?;
        self.text.as_bytes().get(at).copied()
    }

    /// Takes the new text of a piece.
    pub(crate) fn push(&mut self, piece: &Piece<'_>) {
        if piece.part != Part::Delta {
            *self = Self::default();
        }
        if self.start + self.text.len() as u64 != piece.start {
            self.text.clear();
            self.start = piece.start;
        }
        self.text.push_str(piece.text);
    }

    /// Forgets what no find can reach any more.
    pub(crate) fn trim(&mut self) {
        let cut = border(&self.text, self.text.len().saturating_sub(WINDOW_BYTES));
        self.text.drain(..cut);
        self.start += cut as u64;
    }

    /// Judges what the window holds, outside of `restored` (offsets in the channel).
    pub(crate) fn judge(
        &mut self,
        piece: &Piece<'_>,
        restored: &[Range<u64>],
        (config, vault): (&Config, &Vault),
        tally: &mut Tally,
    ) -> Verdict {
        let mut verdict = Verdict::default();
        let open = if piece.last {
            self.text.len()
        } else {
            growing(&self.text)
        };
        let mut settled = self.start + open as u64;
        for find in config.scanner.scan(&self.text) {
            let range = self.start + find.start as u64..self.start + find.end as u64;
            if range.start < self.done
                || restored
                    .iter()
                    .any(|other| other.start < range.end && range.start < other.end)
            {
                continue;
            }
            if find.end > open {
                settled = settled.min(range.start);
                break;
            }
            self.done = range.end;
            let value = self.text.get(find.start..find.end).unwrap_or_default();
            meet(&find, value, range, piece, (config, vault), tally, &mut verdict);
        }
        if config.changes_answers && settled < self.start + self.text.len() as u64 {
            verdict.open = Some(settled);
        }
        verdict
    }
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
    if matches!(piece.part, Part::Delta | Part::Whole) {
        tally.found(find.rule, Way::Response, piece.scope, decision.action);
    }
    let rule = config.scanner.rule(find.rule);
    match decision.action {
        Action::Pass | Action::Alert => {}
        Action::Block => verdict.blocked = verdict.blocked.or(Some(find.rule)),
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

/// Where the last run begins to which the next text may belong: of letters, digits and signs without a blank, and of
/// digits with blanks between them.
fn growing(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut start = bytes.len();
    let floor = start.saturating_sub(WINDOW_BYTES / 2);
    while let Some(byte) = start
        .checked_sub(1)
        .filter(|at| *at >= floor)
        .and_then(|at| bytes.get(at))
    {
        let between_digits = matches!(byte, b' ' | b'\n' | b'\t') && {
            let before = start.checked_sub(2).and_then(|at| bytes.get(at));
            before
                .is_some_and(|before| before.is_ascii_digit() || matches!(before, b')' | b'-' | b':' | b'='))
        };
        if byte.is_ascii_whitespace() && !between_digits {
            break;
        }
        start -= 1;
    }
    border(text, start)
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
            assert_eq!(text.split_at(growing(text)).1, rest);
        }
    }
}
