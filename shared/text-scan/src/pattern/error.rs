//! Why a pattern is refused.

use std::fmt;

/// A pattern that is refused: where and why. Never holds the pattern itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// Byte offset in the expression, or number of the literal from 0.
    pub at: usize,
    /// What is wrong there.
    pub reason: Reason,
}

/// What is wrong with a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// `\1`, `\k<name>`: no linear-time engine has them.
    BackReference,
    /// `(?=`, `(?!`, `(?<=`, `(?<!`, `(?>`, `a++`.
    LookAround,
    /// A syntax of others: `\p{..}`, `[[:alpha:]]`, a flag but `i`, `m`, `s`.
    Unsupported,
    /// An escape that means nothing.
    UnknownEscape,
    /// The expression ends within an escape, a class or a group.
    Unfinished,
    /// `)` without `(`.
    Unopened,
    /// `*`, `+`, `?` or `{` with nothing to repeat. A brace itself is written `\{`.
    NothingToRepeat,
    /// `{3,1}`, `{x}`, or more than 1,000 times.
    BadCount,
    /// A range such as `z-a`.
    BadRange,
    /// No group has this number or name.
    NoSuchGroup,
    /// Groups within groups, beyond 50.
    TooDeep,
    /// More than 500 instructions, counts multiplied out, or more than 4,096 bytes.
    TooLarge,
    /// More than 250 kinds of characters.
    TooManyClasses,
    /// It matches the empty text only, or is an empty literal.
    Empty,
    /// A literal of more than 256 bytes.
    LongLiteral,
    /// More than 10,000 literals, or more than 1 MiB of them.
    TooManyLiterals,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason.text())?;
        f.write_str(match self.reason {
            Reason::LongLiteral | Reason::TooManyLiterals => " (literal ",
            _ => " (at byte ",
        })?;
        fmt::Display::fmt(&self.at, f)?;
        f.write_str(")")
    }
}

impl std::error::Error for PatternError {}

impl Reason {
    fn text(self) -> &'static str {
        match self {
            Self::BackReference => "backreferences are not supported: they need backtracking",
            Self::LookAround => "look-around, atomic groups and possessive repeats are not supported",
            Self::Unsupported => "this syntax is not supported",
            Self::UnknownEscape => "unknown escape",
            Self::Unfinished => "the expression ends too early",
            Self::Unopened => "a closing parenthesis without an opening one",
            Self::NothingToRepeat => "nothing to repeat here: a character itself is written with a backslash",
            Self::BadCount => "not a count from 0 to 1000, or not in order",
            Self::BadRange => "a range that ends before it begins, or without an end",
            Self::NoSuchGroup => "there is no such group",
            Self::TooDeep => "more than 50 groups within each other",
            Self::TooLarge => "larger than 500 instructions, counts multiplied out, or than 4096 bytes",
            Self::TooManyClasses => "more than 250 kinds of characters",
            Self::Empty => "it can only match the empty text",
            Self::LongLiteral => "empty, or longer than 256 bytes",
            Self::TooManyLiterals => "more than 10000 literals, or more than 1 MiB of them",
        }
    }
}
