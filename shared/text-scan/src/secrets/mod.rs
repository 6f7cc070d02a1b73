//! Credentials: by the form that a provider gives them, by the name before them, by structure.
//!
//! One walk over the text looks at the starts of words and at a few marks. The first two bytes of a word lead to the
//! [`formats`] that begin so; `=` and `:` lead to an [`assignment`]; `://` to the password of a URL. What looks made up
//! (`xxxx`, `<your key>`, `${TOKEN}`, `abcd1234`) is never a find.

mod anchor;
mod assignment;
mod curl;
mod formats;
mod jwt;
mod key;
mod names;
mod pem;
mod placeholder;
mod rules;
mod shape;
mod speech;
mod stops;
mod url;
mod value;
mod walk;

use crate::find::Find;
pub(crate) use rules::RULES;

/// Adds what a folded text holds, in any order, overlaps included. Rule numbers count from 0.
pub(crate) fn scan(text: &str, finds: &mut Vec<Find>) {
    walk::Walk::new(text.as_bytes(), finds).run();
}

#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod speed_tests;
#[cfg(test)]
mod text_tests;
