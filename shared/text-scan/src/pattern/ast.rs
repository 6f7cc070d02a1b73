//! What an expression means.

use super::set::Set;

/// A part of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// Nothing, found everywhere.
    Empty,
    /// One character of a set.
    Set(Set),
    /// A place between two characters.
    Look(Look),
    /// A group; `true` for the one that is wanted.
    Group(Box<Node>, Wanted),
    /// One after the other.
    Concat(Vec<Node>),
    /// The first that leads to a match.
    Alternate(Vec<Node>),
    /// Again and again.
    Repeat(Box<Node>, Times),
}

/// Whether the bounds of a group are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Yes,
    No,
}

/// How often something repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) min: u32,
    /// None: any number.
    pub(super) max: Option<u32>,
    pub(super) taste: Taste,
}

/// Which number of repeats is tried first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taste {
    Greedy,
    Lazy,
}

/// What holds between two characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Begin of the text.
    Start,
    /// End of the text.
    End,
    /// Begin of the text or of a line.
    LineStart,
    /// End of the text or of a line.
    LineEnd,
    /// An ASCII letter or digit on exactly one side.
    Edge,
    /// On both sides or on neither.
    NoEdge,
}

impl Look {
    /// Whether it holds between two neighbours.
    pub(super) fn holds(self, before: Side, after: Side) -> bool {
        match self {
            Self::Start => before == Side::Outside,
            Self::End => after == Side::Outside,
            Self::LineStart => matches!(before, Side::Outside | Side::Newline),
            Self::LineEnd => matches!(after, Side::Outside | Side::Newline),
            Self::Edge => (before == Side::Word) != (after == Side::Word),
            Self::NoEdge => (before == Side::Word) == (after == Side::Word),
        }
    }
}

/// What stands on a side of a place, as far as a [`Look`] cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// No character: the text begins or ends.
    Outside,
    Newline,
    /// An ASCII letter or digit.
    Word,
    Other,
}

impl Side {
    pub(super) const ALL: [Self; 4] = [Self::Outside, Self::Newline, Self::Word, Self::Other];

    /// The side of a character. Leading and following bytes of UTF-8 are `Other` as their character is.
    pub(super) fn of(byte: Option<u8>) -> Self {
        match byte {
            None => Self::Outside,
            Some(b'\n') => Self::Newline,
            Some(byte) if byte.is_ascii_alphanumeric() => Self::Word,
            Some(_) => Self::Other,
        }
    }
}
