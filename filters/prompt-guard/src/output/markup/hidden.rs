//! Text that nobody sees: escape sequences of terminals, tag characters, runs of characters without width.

use std::ops::Range;

/// From so many in a row on, characters without width say something. Fewer are how some scripts part words.
const MIN_RUN: usize = 4;
/// The same of variation selectors: a character has one.
const MIN_SELECTORS: usize = 2;
/// Longest escape sequence, and longest run that is one finding, in bytes.
const MAX_RUN_BYTES: u64 = 256;

/// Follows what cannot be seen.
#[derive(Debug, Default)]
pub(crate) struct Hidden {
    run: Option<Run>,
    /// Behind a black flag: tag characters name the region of a flag.
    flag: bool,
}

#[derive(Debug)]
struct Run {
    kind: Kind,
    range: Range<u64>,
    count: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Escape,
    Tag,
    Override,
    Selector,
    ZeroWidth,
}

impl Hidden {
    /// Gives the run that ended, and whether this character is a part of one.
    pub(crate) fn push(&mut self, c: char, at: Range<u64>) -> (Option<Range<u64>>, bool) {
        let kind = kind(c).filter(|kind| !(self.flag && *kind == Kind::Tag));
        self.flag =
            c == '\u{1f3f4}' || (self.flag && kind.is_none() && matches!(c, '\u{e0000}'..='\u{e007f}'));
        if let Some(run) = &mut self.run {
            let is_long = run.range.end - run.range.start >= MAX_RUN_BYTES;
            let goes_on = match run.kind {
                Kind::Escape => {
                    run.count == 1 && c == '[' || run.count > 1 && matches!(c, '0'..='9' | ';' | '?')
                }
                of => kind == Some(of),
            };
            if !is_long && (goes_on || run.kind == Kind::Escape && run.count > 1 && c.is_ascii_alphabetic()) {
                run.range.end = at.end;
                run.count += 1;
                return (if goes_on { None } else { self.end() }, true);
            }
        }
        let ended = self.end();
        self.run = kind.map(|kind| Run {
            kind,
            range: at,
            count: 1,
        });
        (ended, self.run.is_some())
    }

    /// The text ends, or the run does.
    pub(crate) fn end(&mut self) -> Option<Range<u64>> {
        let run = self.run.take()?;
        let least = match run.kind {
            Kind::Escape | Kind::Tag | Kind::Override => 1,
            Kind::Selector => MIN_SELECTORS,
            Kind::ZeroWidth => MIN_RUN,
        };
        (run.count >= least).then_some(run.range)
    }

    /// Where a run begins that may become a finding.
    pub(crate) fn open(&self) -> Option<u64> {
        self.run.as_ref().map(|run| run.range.start)
    }
}

fn kind(c: char) -> Option<Kind> {
    Some(match c {
        '\u{1b}' | '\u{9b}' => Kind::Escape,
        '\u{e0000}'..='\u{e007f}' => Kind::Tag,
        '\u{202d}' | '\u{202e}' => Kind::Override,
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => Kind::Selector,
        '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' => Kind::ZeroWidth,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(u64, u64)> {
        let mut hidden = Hidden::default();
        let mut found: Vec<Range<u64>> = text
            .char_indices()
            .filter_map(|(at, c)| hidden.push(c, at as u64..(at + c.len_utf8()) as u64).0)
            .collect();
        found.extend(hidden.end());
        found.into_iter().map(|range| (range.start, range.end)).collect()
    }

    #[test]
    fn what_cannot_be_seen_is_found() {
        assert_eq!(found("a\u{1b}[31mred\u{1b}[0m"), [(1, 6), (9, 13)]);
        assert_eq!(found("hi\u{e0041}\u{e0042}!"), [(2, 10)]);
        assert_eq!(found("a\u{200b}\u{200c}\u{200b}\u{200c}b"), [(1, 13)]);
        assert_eq!(found("x\u{fe0f}\u{e0100}\u{e0101}"), [(1, 12)]);
        assert_eq!(found("\u{202e}cod.exe"), [(0, 3)]);
    }

    #[test]
    fn scripts_and_emoji_are_not() {
        for text in [
            "می\u{200c}خواهم",
            "👩\u{200d}👩\u{200d}👧 ❤\u{fe0f}",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} England",
            "คำ\u{200b}ไทย",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
