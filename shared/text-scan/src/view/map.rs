//! Where each byte of a rewritten text comes from.

use std::sync::Arc;

/// Pieces of a map that are exact however short they are: what an ordinary prompt needs, and 32 KB.
const EXACT_PIECES: usize = 4096;
/// For each of so many bytes of a text one more piece may be exact.
const BYTES_A_PIECE: usize = 16;
/// Beyond that a piece covers at least so many bytes, so that a map is never larger than its text.
const COARSE_BYTES: u32 = 16;
/// Marks the offset of a piece that comes as a whole from what it replaced.
const WHOLE: u32 = 1 << 31;

/// The offsets of a text in the text that it was made of.
#[derive(Debug)]
pub(super) enum Map {
    /// In the same order.
    Pieces(Pieces),
    /// Backwards, a text of so many bytes.
    Mirror(usize),
}

/// A map made of pieces, in order, without gap.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pieces: Vec<Piece>,
    end: (u32, u32),
    /// How the last piece grows.
    last: Step,
    /// Pieces that may be short.
    exact: usize,
}

/// Goes on until the next one begins. Within it offsets are in proportion, or else all its start.
#[derive(Debug, Clone, Copy)]
struct Piece {
    /// Where it begins in the text, and whether it is `WHOLE`.
    at: u32,
    /// Where it begins in the text that this one was made of.
    origin: u32,
}

/// What one step of rewriting made of its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Step {
    /// The same number of bytes.
    #[default]
    Same,
    /// One character of so many bytes of one of so many.
    Char(u8, u8),
    /// Something of something: an offset within has no origin of its own.
    Whole,
    /// Nothing.
    Dropped,
}

impl Piece {
    #[inline(always)]
    fn at(self) -> usize {
        (self.at & !WHOLE) as usize
    }

    fn is_whole(self) -> bool {
        self.at & WHOLE != 0
    }
}

impl Pieces {
    pub(super) fn for_text(text: &str) -> Self {
        Self {
            exact: EXACT_PIECES + text.len() / BYTES_A_PIECE,
            ..Self::default()
        }
    }

    /// So many bytes were read, so many written.
    pub(super) fn step(&mut self, step: Step, read: usize, wrote: usize) {
        let (at, origin) = self.end;
        if self.pieces.is_empty() || !self.grows(step, at) {
            let whole = matches!(step, Step::Whole | Step::Dropped);
            let flag = if whole { WHOLE } else { 0 };
            self.pieces.push(Piece {
                at: at | flag,
                origin,
            });
            self.last = step;
        }
        self.end = (at + wrote as u32, origin + read as u32);
    }

    /// Whether the last piece takes in a step.
    fn grows(&mut self, step: Step, at: u32) -> bool {
        if step == self.last && step != Step::Whole {
            return true;
        }
        let is_full = self.pieces.len() >= self.exact;
        match self.pieces.last_mut() {
            Some(last) if is_full && at - last.at() as u32 <= COARSE_BYTES => {
                last.at |= WHOLE;
                self.last = Step::Whole;
                true
            }
            _ => false,
        }
    }

    /// The piece that begins before an offset, or at it if that may be, and where the next one begins.
    fn piece(&self, at: usize, may_begin: bool) -> Option<(Piece, (usize, usize))> {
        let before = |piece: &Piece| piece.at() < at || (may_begin && piece.at() == at);
        let count = self.pieces.partition_point(before);
        let piece = self.pieces.get(count.checked_sub(1)?)?;
        let end = (self.end.0 as usize, self.end.1 as usize);
        let next = self
            .pieces
            .get(count)
            .map_or(end, |next| (next.at(), next.origin as usize));
        Some((*piece, next))
    }

    fn origin(&self, at: usize) -> usize {
        if at >= self.end.0 as usize {
            return self.end.1 as usize;
        }
        match self.piece(at, true) {
            Some((piece, next)) if !piece.is_whole() => proportional(piece, next, at),
            Some((piece, _)) => piece.origin as usize,
            None => at,
        }
    }

    fn origin_of_end(&self, at: usize) -> usize {
        match self.piece(at, false) {
            Some((piece, next)) if !piece.is_whole() => proportional(piece, next, at),
            Some((_, next)) => next.1,
            None => 0,
        }
    }
}

/// The origin of an offset in a piece that goes on to `next`, and is not empty.
fn proportional(piece: Piece, next: (usize, usize), at: usize) -> usize {
    let (origin, wrote) = (piece.origin as usize, next.0 - piece.at());
    let read = (next.1 - origin) as u64;
    origin + ((at - piece.at()) as u64 * read / (wrote.max(1)) as u64) as usize
}

impl Map {
    /// Where an offset comes from.
    fn origin(&self, at: usize) -> usize {
        match self {
            Self::Pieces(pieces) => pieces.origin(at),
            Self::Mirror(len) => len.saturating_sub(at),
        }
    }

    /// Where the range between two offsets comes from.
    fn span(&self, start: usize, end: usize) -> (usize, usize) {
        match self {
            Self::Pieces(pieces) => {
                let from = pieces.origin(start);
                // Nothing comes from nothing: its end is not before its start.
                (from, pieces.origin_of_end(end).max(from))
            }
            Self::Mirror(_) => (self.origin(end), self.origin(start)),
        }
    }
}

/// The offset in the first text of an offset in the last one, through each rewriting between them.
pub(super) fn origin(maps: &[Arc<Map>], at: usize) -> usize {
    maps.iter().rev().fold(at, |at, map| map.origin(at))
}

/// The same of a range.
pub(super) fn span(maps: &[Arc<Map>], start: usize, end: usize) -> (usize, usize) {
    maps.iter()
        .rev()
        .fold((start, end), |(start, end), map| map.span(start, end))
}

#[cfg(test)]
mod tests {
    use super::{BYTES_A_PIECE, EXACT_PIECES, Pieces, Step};

    #[test]
    fn a_map_grows_coarse_and_stays_right() {
        let text = "aé".repeat(1 << 16);
        let mut pieces = Pieces::for_text(&text);
        for _ in 0..1 << 16 {
            pieces.step(Step::Same, 1, 1);
            pieces.step(Step::Char(2, 1), 2, 1);
        }
        assert!(pieces.pieces.len() <= EXACT_PIECES + text.len() / BYTES_A_PIECE + text.len() / 8);
        assert_eq!((pieces.origin(5), pieces.origin(1 << 17)), (7, text.len()));
        for at in 0..=1 << 17 {
            let (origin, exact) = (pieces.origin(at), at / 2 * 3 + at % 2);
            assert!(text.is_char_boundary(origin) && origin <= exact && exact < origin + 64);
            assert!(pieces.origin_of_end(at) >= exact);
        }
    }
}
