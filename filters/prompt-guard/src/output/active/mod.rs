//! What a model asks tools to do: commands, statements, paths and addresses that no harmless call holds.
//!
//! The arguments of a call are judged one by one, decoded. Their names tell what is normal in them: a chain of commands in
//! `command`, a table dropped in `query`, anything at all in `code` or `text`.
//!
//! What this cannot know: what a tool does with an argument. It finds forms of attack, not intentions; an allowed
//! command can do harm, and code is not read.

mod address;
mod path;
mod shell;
mod sql;
#[cfg(test)]
mod tests;
mod text;

use super::kept::Kept;
use super::{ActiveSettings, Findings};
use crate::rule::Known;
use std::ops::Range;
use text::Text;

/// Longest text that is judged at once, in bytes. A longer one is judged in parts that overlap.
const MAX_PART_BYTES: usize = 8192;
/// How much of a part is judged again with the next, in bytes.
const OVERLAP_BYTES: usize = 512;
/// Most text that waits for its end, in bytes. A stream may bring it in frames of one character each.
const MAX_OPEN_BYTES: u64 = 256;

/// What a text is for, and so what is normal in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Prose and code: they may be about anything.
    Prose,
    /// To be run: one command after another is normal.
    Command,
    /// To be asked of a database.
    Statement,
    /// Anything else: a name, a path, an address.
    Value,
}

impl Purpose {
    /// By the name of an argument.
    pub(crate) fn of(name: &str) -> Self {
        const PROSE: &[&str] = &[
            "answer",
            "body",
            "code",
            "comment",
            "content",
            "contents",
            "description",
            "diff",
            "explanation",
            "html",
            "markdown",
            "message",
            "new_str",
            "new_string",
            "note",
            "notes",
            "old_str",
            "old_string",
            "patch",
            "prompt",
            "question",
            "reason",
            "snippet",
            "source",
            "subject",
            "summary",
            "text",
            "thought",
            "title",
        ];
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "command" | "cmd" | "commands" | "script" | "shell" | "bash" | "exec" | "run" => Self::Command,
            "sql" | "query" | "statement" | "sql_query" => Self::Statement,
            name if PROSE.contains(&name) => Self::Prose,
            _ => Self::Value,
        }
    }
}

/// Follows one text at a time.
#[derive(Debug, Default)]
pub(crate) struct Active {
    /// Of the text that has begun.
    purpose: Option<Purpose>,
    kept: Kept,
    /// Offset in the channel up to which findings are reported.
    reported: u64,
}

impl Active {
    /// The next character of a text, and what it is for if it is the first. Gives whether it is time to judge what there
    /// is: [`Active::part`].
    pub(crate) fn push(&mut self, c: char, at: Range<u64>, purpose: impl FnOnce() -> Purpose) -> bool {
        if *self.purpose.get_or_insert_with(purpose) == Purpose::Prose {
            return false;
        }
        self.kept.push(c, at);
        self.kept.len() >= MAX_PART_BYTES
    }

    /// A part of a text, which goes on.
    pub(crate) fn part(&mut self, settings: &ActiveSettings, findings: &mut Findings) {
        self.judge(settings, findings);
        let cut = self.kept.len().saturating_sub(OVERLAP_BYTES);
        let cut = self.kept.text().floor_char_boundary(cut);
        self.kept.cut(cut);
    }

    /// The text ends.
    pub(crate) fn end(&mut self, settings: &ActiveSettings, findings: &mut Findings) {
        self.judge(settings, findings);
        self.kept.clear();
        self.purpose = None;
    }

    /// Where the text begins that is not judged yet, or the end of it that waits.
    pub(crate) fn open(&self) -> Option<u64> {
        let end = self.kept.range().end;
        self.kept
            .start()
            .map(|start| start.max(end.saturating_sub(MAX_OPEN_BYTES)))
    }

    fn judge(&mut self, settings: &ActiveSettings, findings: &mut Findings) {
        let Some(purpose) = self.purpose.filter(|_| !self.kept.is_empty()) else {
            return;
        };
        let text = Text::new(self.kept.text());
        let checks = [
            (Known::ShellCommand, shell::find(&text, purpose)),
            (Known::SqlStatement, sql::find(&text, purpose)),
            (Known::PathTraversal, path::find(&text)),
            (Known::SsrfTarget, address::find(text.as_str(), &settings.hosts)),
        ];
        let reported = self.reported;
        for (rule, range) in checks
            .into_iter()
            .filter_map(|(rule, found)| Some((rule, found?)))
        {
            let range = self.kept.origin(range);
            if range.end > reported {
                self.reported = self.reported.max(range.end);
                findings.push(rule, range);
            }
        }
    }
}

/// Words of a text with where they begin, parted by blanks.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let word = rest.trim_start();
        let end = word.find(char::is_whitespace).unwrap_or(word.len());
        let (word, behind) = word.split_at_checked(end)?;
        rest = behind;
        (!word.is_empty()).then_some((text.len() - behind.len() - word.len(), word))
    })
}

/// Whether no letter or digit goes on before this offset.
fn begins_word(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    before.is_none_or(|c| !c.is_alphanumeric() && c != '_')
}

/// Whether no letter or digit goes on at this offset.
fn ends_word(text: &str, at: usize) -> bool {
    let behind = text.get(at..).and_then(|behind| behind.chars().next());
    behind.is_none_or(|c| !c.is_alphanumeric() && c != '_')
}
