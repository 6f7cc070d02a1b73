//! What a rule is, and what it found.

/// A rule of the scanner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule<'r> {
    /// What is found: Presidio's entity name, or `SECRET:<provider or kind>`.
    pub entity: &'r str,
    /// Names the rule in metrics and in `penstock scan`, such as `card_luhn`. Unique.
    pub id: &'r str,
    /// How sure a find is.
    pub strength: Strength,
    /// Whether the rule runs where the configuration does not name it.
    pub default: bool,
}

/// How sure a find is. A find within another goes; of two that overlap otherwise the surer stays whole, then the longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// A word nearby says what it is.
    Context,
    /// Its form says what it is.
    Form,
    /// A check digit, a checksum or a full grammar says so.
    Checked,
    /// A rule of the user says so.
    Own,
}

/// Number of a rule in its [`Scanner`](crate::Scanner).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub u16);

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Find {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// The rule that found it.
    pub rule: RuleId,
}
