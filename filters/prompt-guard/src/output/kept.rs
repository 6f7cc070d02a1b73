//! Text that is kept until it can be judged, with a map back to where it stands.

use std::ops::Range;

/// A stretch of text of a channel. Characters that were escaped take more room there than here.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    text: String,
    /// Where the offsets here and in the channel part: offset here, offset there.
    marks: Vec<(usize, u64)>,
    /// Where the text goes on in the channel if nothing is escaped.
    next: u64,
    end: u64,
}

impl Kept {
    pub(crate) fn push(&mut self, c: char, at: Range<u64>) {
        if self.marks.is_empty() || self.next != at.start {
            self.marks.push((self.text.len(), at.start));
        }
        self.text.push(c);
        self.next = at.start + c.len_utf8() as u64;
        self.end = at.end;
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Where it begins in the channel.
    pub(crate) fn start(&self) -> Option<u64> {
        self.marks.first().map(|(_, start)| *start)
    }

    /// A range of the text as it lies in the channel.
    pub(crate) fn origin(&self, range: Range<usize>) -> Range<u64> {
        let end = if range.end >= self.text.len() {
            self.end
        } else {
            self.place(range.end)
        };
        self.place(range.start)..end
    }

    /// All of it.
    pub(crate) fn range(&self) -> Range<u64> {
        self.origin(0..self.text.len())
    }

    fn place(&self, at: usize) -> u64 {
        let behind = self.marks.partition_point(|(here, _)| *here <= at);
        let mark = behind.checked_sub(1).and_then(|index| self.marks.get(index));
        mark.map_or(self.end, |(here, there)| there + (at - here) as u64)
    }

    /// Forgets what lies before this offset of the text, which must be the beginning of a character.
    pub(crate) fn cut(&mut self, at: usize) {
        let start = self.place(at);
        self.text.drain(..at.min(self.text.len()));
        self.marks.retain(|(here, _)| *here > at);
        self.marks.iter_mut().for_each(|(here, _)| *here -= at);
        if !self.text.is_empty() {
            self.marks.insert(0, (0, start));
        }
    }

    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.marks.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_lead_back_across_escapes() {
        // `a\u00e9b\nc`, as JSON writes it.
        let mut kept = Kept::default();
        for (c, at) in [
            ('a', 10..11),
            ('é', 11..17),
            ('b', 17..18),
            ('\n', 18..20),
            ('c', 20..21),
        ] {
            kept.push(c, at);
        }
        assert_eq!(kept.text(), "aéb\nc");
        assert_eq!(kept.origin(1..3), 11..17);
        assert_eq!(kept.origin(3..6), 17..21);
        kept.cut(3);
        assert_eq!(
            (kept.text(), kept.start(), kept.range()),
            ("b\nc", Some(17), 17..21)
        );
        assert_eq!(kept.origin(2..3), 20..21);
        kept.cut(3);
        assert!(kept.is_empty() && kept.start().is_none());
    }
}
