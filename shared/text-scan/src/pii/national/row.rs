//! A rule as one row of a table.

use super::shape::Shape;
use crate::find::{Rule, Strength};

/// Whether letters and digits, upper case, without separators, pass the check. `None` is no.
pub(super) type Check = fn(&[u8]) -> Option<bool>;

/// One rule: how an identifier is written, what must add up, what is said near it.
#[derive(Clone, Copy)]
pub(super) struct Row {
    /// What it is to the scanner.
    pub(super) rule: Rule<'static>,
    /// How it is written.
    pub(super) shapes: &'static [Shape],
    /// Check digits and the grammar that a shape cannot tell.
    pub(super) check: Check,
    /// Words that say what it is, as [`Context`](crate::context::Context) wants them.
    pub(super) words: &'static [&'static str],
}

impl Row {
    /// Runs only where the configuration names it.
    pub(super) const fn off(mut self) -> Self {
        self.rule.default = false;
        self
    }
}

/// An identifier with a check digit, or with a grammar as strong.
pub(super) const fn checked(
    entity: &'static str,
    id: &'static str,
    shapes: &'static [Shape],
    check: Check,
    words: &'static [&'static str],
) -> Row {
    row(Strength::Checked, [entity, id], shapes, check, words)
}

/// An identifier whose form says what it is.
pub(super) const fn formed(
    entity: &'static str,
    id: &'static str,
    shapes: &'static [Shape],
    check: Check,
    words: &'static [&'static str],
) -> Row {
    row(Strength::Form, [entity, id], shapes, check, words)
}

/// An identifier that only words tell from any other number.
pub(super) const fn named(
    entity: &'static str,
    id: &'static str,
    shapes: &'static [Shape],
    check: Check,
    words: &'static [&'static str],
) -> Row {
    row(Strength::Context, [entity, id], shapes, check, words)
}

const fn row(
    strength: Strength,
    [entity, id]: [&'static str; 2],
    shapes: &'static [Shape],
    check: Check,
    words: &'static [&'static str],
) -> Row {
    let rule = Rule {
        entity,
        id,
        strength,
        default: true,
    };
    Row {
        rule,
        shapes,
        check,
        words,
    }
}

/// For rows whose shape says all there is to say.
pub(super) const fn any(_: &[u8]) -> Option<bool> {
    Some(true)
}
