//! Edits of one text that stands somewhere in a channel.

use std::ops::Range;

/// An edit outside the text that may still be edited.
#[derive(Debug)]
pub(crate) struct Misplaced;

/// Where a text stands in its channel, and the edits that fall into it.
#[derive(Debug)]
pub(crate) struct Placed {
    start: u64,
    len: usize,
    /// By position, none overlapping another.
    edits: Vec<(Range<usize>, String)>,
}

impl Placed {
    /// A text of so many bytes at this offset.
    pub(crate) fn new(start: u64, len: usize) -> Self {
        Self {
            start,
            len,
            edits: Vec::new(),
        }
    }

    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    pub(crate) fn end(&self) -> u64 {
        self.start.saturating_add(self.len as u64)
    }

    /// Takes the part of an edit that falls into this text. The first text it touches gets the new text.
    /// What is inserted at a boundary goes to the text behind it, or to the last one there is.
    pub(crate) fn edit(
        &mut self,
        text: &str,
        range: &Range<u64>,
        with: &mut Option<String>,
        is_current: bool,
    ) -> Result<(), Misplaced> {
        let end = self.end();
        let touches = range.start < end && range.end > self.start;
        let upto_end = range.start < end || (is_current && range.start == end);
        let inserts = range.is_empty() && range.start >= self.start && upto_end;
        if !touches && !inserts {
            return Ok(());
        }
        let local =
            |offset: u64| usize::try_from(offset.clamp(self.start, end) - self.start).map_err(|_| Misplaced);
        let range = local(range.start)?..local(range.end)?;
        if !text.is_char_boundary(range.start) || !text.is_char_boundary(range.end) {
            return Err(Misplaced);
        }
        let before = |(old, _): &(Range<usize>, String)| (old.start, old.end) <= (range.start, range.end);
        let at = self.edits.partition_point(before);
        let meets_one_before = at
            .checked_sub(1)
            .and_then(|before| self.edits.get(before))
            .is_some_and(|(old, _)| old.end > range.start);
        let meets_one_behind = self.edits.get(at).is_some_and(|(old, _)| old.start < range.end);
        if meets_one_before || meets_one_behind {
            return Err(Misplaced);
        }
        self.edits.insert(at, (range, with.take().unwrap_or_default()));
        Ok(())
    }

    /// The text with its edits, if it has any.
    pub(crate) fn edited(self, text: &str) -> Option<String> {
        if self.edits.is_empty() {
            return None;
        }
        let mut out = String::with_capacity(text.len());
        let mut kept = 0;
        for (range, with) in self.edits {
            out.push_str(text.get(kept..range.start).unwrap_or_default());
            out.push_str(&with);
            kept = range.end;
        }
        out.push_str(text.get(kept..).unwrap_or_default());
        Some(out)
    }
}
