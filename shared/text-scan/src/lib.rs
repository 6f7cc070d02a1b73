//! Personal data and secrets in text: what stands where, by which rule; and what a text says under its disguises.
//!
//! A [`Scanner`] is built once from a choice of rules. `scan` reads a text once, in any language, and gives [`Find`]s by
//! byte offsets of that text, in order and without overlap.
//!
//! ```
//! use penstock_text_scan::Scanner;
//!
//! let scanner = Scanner::default();
//! let text = "写信给ana@example.com吧";
//! let finds = scanner.scan(text);
//! assert_eq!(finds.len(), 1);
//! assert_eq!(scanner.rule(finds[0].rule).entity, "EMAIL_ADDRESS");
//! assert_eq!(&text[finds[0].start..finds[0].end], "ana@example.com");
//! ```
//!
//! * `fold`: full-width forms, dashes, blanks and digits of other scripts as ASCII, with a map back to the original.
//! * `pii`: personal data; check digits and grammar decide wherever they exist.
//! * `secrets`: credentials, by provider format, by assignment and by structure.
//! * `view`: a text in each way that it can be read, disguises undone, with maps back to the original.
//! * `disguise`: the same disguises put on, for tests and for measuring; a feature of that name.
//! * `pattern`: rules of the user: literals and a regular expression that runs in linear time.
//!
//! Knows nothing of: exchanges, dialects, JSON, what becomes of a find.

mod checksum;
mod context;
#[cfg(any(test, feature = "disguise"))]
pub mod disguise;
mod find;
mod fold;
mod pattern;
mod pii;
mod scanner;
mod secrets;
#[cfg(test)]
mod test;
pub mod view;

pub use find::{Find, Rule, RuleId, Strength};
pub use fold::Folded;
pub use pattern::{Case, Check, Custom, Group, Literals, Near, Pattern, PatternError, Reason, Regex};
pub use scanner::Scanner;
