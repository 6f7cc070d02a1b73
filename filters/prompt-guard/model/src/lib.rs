//! The learned classifier: which n-grams of words speak for an attack, and how loudly.
//!
//! A text becomes [`tokens`](token), tokens become n-grams by their hashes ([`grams`]), and a [`Table`] holds the weights of
//! those that learning found to matter. Words that mean the same in any language are [`concepts`](Concepts), which make n-grams too. A text is read in windows of two blocks; its score is that of its worst window, the
//! sum of the weights of distinct n-grams over the root of the number of tokens.

mod concepts;
mod grams;
mod table;
mod token;

pub use concepts::{Concept, Concepts, entry};
pub use grams::Grams;
pub use table::{Head, Scored, Scratch, Side, Table, TableError};

pub use token::{Script, Token, Tokens};
