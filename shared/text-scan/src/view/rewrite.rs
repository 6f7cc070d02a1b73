//! A text rewritten from start to end, and the map back.

use super::map::{Map, Pieces, Step};

/// What was written of the text that was read so far.
pub(super) struct Rewrite<'t> {
    source: &'t str,
    read: usize,
    out: String,
    pieces: Pieces,
}

impl<'t> Rewrite<'t> {
    /// Reserves nothing: most texts stay as they are.
    pub(super) fn new(source: &'t str) -> Self {
        Self {
            source,
            read: 0,
            out: String::new(),
            pieces: Pieces::for_text(source),
        }
    }

    /// Everything up to an offset is the same.
    #[inline]
    pub(super) fn keep_to(&mut self, end: usize) {
        if let Some(text) = self.source.get(self.read..end).filter(|text| !text.is_empty()) {
            if self.read == 0 {
                self.out.reserve(self.source.len());
            }
            self.out.push_str(text);
            self.pieces.step(Step::Same, text.len(), text.len());
            self.read = end;
        }
    }

    /// The character that ends here becomes another one.
    #[inline]
    pub(super) fn put(&mut self, end: usize, c: char) {
        let (read, wrote) = (end - self.read, c.len_utf8());
        let step = if read == wrote {
            Step::Same
        } else {
            Step::Char(read as u8, wrote as u8)
        };
        self.out.push(c);
        self.pieces.step(step, read, wrote);
        self.read = end;
    }

    /// What ends here becomes a text.
    pub(super) fn put_str(&mut self, end: usize, text: &str) {
        if text.is_empty() {
            return self.skip_to(end);
        }
        self.out.push_str(text);
        self.pieces.step(Step::Whole, end - self.read, text.len());
        self.read = end;
    }

    /// What ends here is left out.
    pub(super) fn skip_to(&mut self, end: usize) {
        self.pieces.step(Step::Dropped, end - self.read, 0);
        self.read = end;
    }

    /// What was written.
    pub(super) fn written(&self) -> &str {
        &self.out
    }

    /// The last character written becomes one of as many bytes.
    pub(super) fn change_last(&mut self, c: char) {
        if self.out.pop().is_some() {
            self.out.push(c);
        }
    }

    /// The text and the map, if anything changed.
    pub(super) fn finish(mut self) -> Option<(String, Map)> {
        if self.read == 0 {
            return None;
        }
        self.keep_to(self.source.len());
        Some((self.out, Map::Pieces(self.pieces)))
    }
}
