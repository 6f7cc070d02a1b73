//! Rules of the user: literals, and a regular expression that runs in linear time.

mod alphabet;
mod ast;
mod case;
mod check;
mod class;
mod custom;
mod dfa;
mod error;
mod literals;
mod order;
mod parse;
mod program;
mod regex;
mod required;
mod set;
#[cfg(test)]
mod tests;
mod walk;

pub use case::Case;
pub use check::Check;
pub use custom::{Custom, Near, Pattern};
pub use error::{PatternError, Reason};
pub use literals::Literals;
pub use parse::Group;
pub use regex::Regex;
