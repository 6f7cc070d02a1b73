//! A JSON array as a stream, item by item.

use std::ops::Range;

use super::Scan;
use super::ndjson::payload;
use crate::scan::first_of;

/// Finds where items end, from any byte on.
///
/// An object, array or string ends with its own last byte; a bare number or word only with the byte after it.
/// A comma and the white space around it belong to the item that follows. The brackets are passive frames.
#[derive(Debug, Default)]
pub(super) struct ArrayScanner {
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Before `[`.
    #[default]
    Before,
    /// After `[`, or after a comma: an item may begin.
    Item(After),
    /// In an array or object of so many open brackets, outside its strings.
    Nested(u64),
    /// In a string, inside of so many open brackets.
    String(u64),
    /// As before, after a backslash.
    Escape(u64),
    /// In a bare number or word.
    Word,
    /// After an item.
    Separator,
    /// After `]`.
    Behind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Bracket,
    Comma,
}

/// What one step did.
enum Step {
    /// Took so many bytes.
    Take(usize),
    /// Took so many bytes, and with them the frame ends.
    End(usize),
    Bad,
}

impl ArrayScanner {
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Scan {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let step = match self.state {
                State::Nested(depth) => self.nested(depth, byte),
                State::String(depth) => self.string(depth, bytes, at),
                State::Escape(depth) => self.enter(State::String(depth)),
                State::Word => self.word(byte),
                State::Before | State::Item(_) | State::Separator | State::Behind => self.between(byte),
            };
            match step {
                Step::Take(len) => at += len,
                Step::End(len) => return Scan::End(at + len),
                Step::Bad => return Scan::Bad(at),
            }
        }
        // Passive bytes need not wait for anything, but for a comma and what belongs to it.
        if self.is_behind() {
            Scan::End(bytes.len())
        } else {
            Scan::More
        }
    }

    /// Whether `]` came.
    pub(super) fn is_behind(&self) -> bool {
        self.state == State::Behind
    }

    fn enter(&mut self, state: State) -> Step {
        self.state = state;
        Step::Take(1)
    }

    fn between(&mut self, byte: u8) -> Step {
        match (self.state, byte) {
            (_, b' ' | b'\t' | b'\r' | b'\n') => Step::Take(1),
            (State::Before, b'[') => {
                self.state = State::Item(After::Bracket);
                Step::End(1)
            }
            (State::Item(After::Bracket) | State::Separator, b']') => {
                self.state = State::Behind;
                Step::End(1)
            }
            (State::Separator, b',') => self.enter(State::Item(After::Comma)),
            (State::Item(_), b'{' | b'[') => self.enter(State::Nested(1)),
            (State::Item(_), b'"') => self.enter(State::String(0)),
            (State::Item(_), b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => self.enter(State::Word),
            _ => Step::Bad,
        }
    }

    fn nested(&mut self, depth: u64, byte: u8) -> Step {
        match byte {
            b'"' => self.enter(State::String(depth)),
            b'{' | b'[' => self.enter(State::Nested(depth + 1)),
            b'}' | b']' => self.leave(depth - 1),
            _ => Step::Take(1),
        }
    }

    /// Takes a closing bracket or quote, with `depth` brackets still open.
    fn leave(&mut self, depth: u64) -> Step {
        if depth > 0 {
            return self.enter(State::Nested(depth));
        }
        self.state = State::Separator;
        Step::End(1)
    }

    fn string(&mut self, depth: u64, bytes: &[u8], at: usize) -> Step {
        let Some(stop) = first_of(bytes, at, b'"', b'\\') else {
            return Step::Take(bytes.len() - at);
        };
        if stop > at {
            return Step::Take(stop - at);
        }
        if bytes.get(at) == Some(&b'"') {
            self.leave(depth)
        } else {
            self.enter(State::Escape(depth))
        }
    }

    fn word(&mut self, byte: u8) -> Step {
        match byte {
            b',' | b']' | b' ' | b'\t' | b'\r' | b'\n' => {
                self.state = State::Separator;
                Step::End(0)
            }
            _ => Step::Take(1),
        }
    }
}

/// Where the item of a frame stands: behind the comma, if it has one. `None` for the array's own brackets (of
/// which the opening one is always the first frame) and for white space.
pub(super) fn item(raw: &[u8], first: bool) -> Option<Range<usize>> {
    let whole = payload(raw)?;
    match raw.get(whole.clone())? {
        b"]" | b"," => None,
        b"[" if first => None,
        [b',', rest @ ..] => {
            payload(rest).map(|item| whole.start + 1 + item.start..whole.start + 1 + item.end)
        }
        _ => Some(whole),
    }
}
