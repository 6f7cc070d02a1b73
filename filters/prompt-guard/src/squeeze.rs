//! A text with one blank between words: phrases are found across line breaks and indents.

use std::borrow::Cow;
use std::ops::Range;

/// A text whose runs of blanks are one space each.
#[derive(Debug)]
pub(crate) struct Squeezed<'a> {
    text: Cow<'a, str>,
    /// Where the offsets here and in the original part: offset here, offset there.
    marks: Vec<(usize, usize)>,
}

impl<'a> Squeezed<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let mut squeezed = Self {
            text: Cow::Borrowed(text),
            marks: Vec::new(),
        };
        let Some(first) = next_run(text, 0) else {
            return squeezed;
        };
        let (mut out, mut at, mut run) = (String::with_capacity(text.len()), 0, Some(first));
        while let Some(blanks) = run {
            out.push_str(text.get(at..blanks.start).unwrap_or_default());
            out.push(' ');
            at = blanks.end;
            squeezed.marks.push((out.len(), at));
            run = next_run(text, at);
        }
        out.push_str(text.get(at..).unwrap_or_default());
        squeezed.text = Cow::Owned(out);
        squeezed
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The part of the original that a part of the text comes from.
    pub(crate) fn origin(&self, part: Range<usize>) -> Range<usize> {
        let last = part.end.saturating_sub(1);
        self.place(part.start)..self.place(last) + (part.end - last)
    }

    fn place(&self, at: usize) -> usize {
        let behind = self.marks.partition_point(|(here, _)| *here <= at);
        let mark = behind.checked_sub(1).and_then(|index| self.marks.get(index));
        mark.map_or(at, |(here, there)| there + (at - here))
    }
}

/// The next blanks that are not one space already.
fn next_run(text: &str, from: usize) -> Option<Range<usize>> {
    let rest = text.get(from..)?;
    let mut at = from;
    for part in rest.split_inclusive(|c: char| c.is_whitespace()) {
        at += part.len();
        let blank = part.chars().next_back().filter(|c| c.is_whitespace())?;
        let start = at - blank.len_utf8();
        let behind = text.get(at..)?;
        let more = behind.len() - behind.trim_start().len();
        if blank != ' ' || more > 0 {
            return Some(start..at + more);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Squeezed;

    #[test]
    fn words_are_one_space_apart_and_keep_their_place() {
        let text = "é project\n  falcon\u{3000}x  ";
        let squeezed = Squeezed::new(text);
        assert_eq!(squeezed.text(), "é project falcon x ");
        let at = squeezed.text().find("project falcon").unwrap();
        let range = squeezed.origin(at..at + "project falcon".len());
        assert_eq!(text.get(range).unwrap(), "project\n  falcon");
        assert_eq!(Squeezed::new("a b").origin(0..3), 0..3);
    }
}
