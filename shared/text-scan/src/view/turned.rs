//! Texts with all letters turned: by half the alphabet, or backwards.

use super::map::Map;
use super::rewrite::Rewrite;
use super::words::rot13;
use super::work;

/// The control after which letters run from right to left.
const OVERRIDE: char = '\u{202e}';
/// The control that ends it.
const POP: char = '\u{202c}';

/// Whether a text begins with the mark that ends a sentence, and does not end with one: backwards, in any language.
pub(super) fn begins_with_end(text: &str) -> bool {
    let is_mark = |c: char| matches!(c, '.' | '!' | '?' | '。' | '؟' | '।');
    let text = text.trim();
    let mut chars = text.trim_start_matches(is_mark).chars();
    let is_first = text.starts_with(is_mark) && chars.next().is_some_and(char::is_alphabetic);
    // In Latin letters a sentence begins with a capital; a name like `.gitignore` ends with none.
    is_first
        && chars
            .next_back()
            .is_some_and(|last| last.is_alphabetic() && !last.is_ascii_lowercase())
}

/// The text with each letter moved by half the alphabet. Offsets stay.
pub(super) fn unrotated(text: &str) -> String {
    text.chars().map(rot13).collect()
}

/// The whole text backwards.
pub(super) fn mirrored(text: &str) -> (String, Map) {
    (text.chars().rev().collect(), Map::Mirror(text.len()))
}

/// The text with each word backwards.
pub(super) fn with_words_mirrored(text: &str) -> Option<(String, Map)> {
    let mut out = Rewrite::new(text);
    let mut end = 0;
    for part in text.split_inclusive(char::is_whitespace) {
        let word = part.trim_end();
        mirror(&mut out, end, word);
        end += part.len();
    }
    out.finish()
}

/// The text with what a control turned the other way, where it is read from right to left.
pub(super) fn straightened(text: &str) -> Option<(String, Map)> {
    let mut out = Rewrite::new(text);
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find(OVERRIDE)) {
        let start = at + found + OVERRIDE.len_utf8();
        let rest = text.get(start..).unwrap_or_default();
        let run = overridden(rest);
        mirror(&mut out, start, run);
        at = start + run.len();
    }
    out.finish()
}

/// What stands between the control and the one that ends it; the line, if none does.
fn overridden(rest: &str) -> &str {
    let run = rest.split([POP, OVERRIDE]).next().unwrap_or_default();
    work::count(run.len());
    let is_ended = rest.get(run.len()..).is_some_and(|rest| rest.starts_with(POP));
    let end = if is_ended { None } else { run.find('\n') };
    end.and_then(|end| run.get(..end)).unwrap_or(run)
}

/// Writes a part of the text backwards.
fn mirror(out: &mut Rewrite<'_>, start: usize, part: &str) {
    if part.chars().nth(1).is_some() {
        out.keep_to(start);
        out.put_str(start + part.len(), &part.chars().rev().collect::<String>());
    }
}
