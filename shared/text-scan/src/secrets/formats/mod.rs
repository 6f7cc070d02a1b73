//! Formats of providers: what a credential looks like, or beside which name it stands. One row each.
//!
//! Facts are from the providers' own pages on their tokens, and as gitleaks, detect-secrets and GitHub's secret scanning
//! publish them. The classes of the shapes are those of `shape`.

mod chat;
mod cloud;
mod code;
mod infix;
mod keyed;
mod model;
mod service;

/// A credential that its own form gives away.
pub(super) struct Format {
    /// `SECRET:` and the kind.
    pub(super) entity: &'static str,
    /// The rule.
    pub(super) id: &'static str,
    /// How it is written; each begins with two literal bytes at least.
    pub(super) shapes: &'static [&'static str],
}

/// A credential that looks like any other random value: the provider's name is in the key before it.
pub(super) struct Keyed {
    /// `SECRET:` and the kind.
    pub(super) entity: &'static str,
    /// The rule.
    pub(super) id: &'static str,
    /// The names, letters and digits in lower case.
    pub(super) names: &'static [&'static str],
    /// How it is written.
    pub(super) shapes: &'static [&'static str],
}

/// A credential whose anchor stands in its middle.
pub(super) struct Infix {
    /// `SECRET:` and the kind.
    pub(super) entity: &'static str,
    /// The rule.
    pub(super) id: &'static str,
    /// Where to look closer.
    pub(super) anchor: &'static str,
    /// What may stand before the anchor: a class of bytes, and one more byte.
    pub(super) before: (u8, u8),
    /// How all of it is written.
    pub(super) shape: &'static str,
}

/// The formats, in the order of their rules.
const FORMATS: [&[Format]; 5] = [
    model::FORMATS,
    cloud::FORMATS,
    code::FORMATS,
    chat::FORMATS,
    service::FORMATS,
];
/// How many formats there are.
pub(super) const FORMAT_COUNT: usize = {
    let [a, b, c, d, e] = FORMATS;
    a.len() + b.len() + c.len() + d.len() + e.len()
};
/// The formats with an anchor in their middle; their rules follow.
pub(super) use infix::{BAR, INFIX, TILDE};

/// A format by its number.
#[allow(clippy::indexing_slicing, reason = "evaluated while compiling")]
pub(super) const fn nth(number: usize) -> &'static Format {
    let (mut row, mut table) = (number, 0);
    while row >= FORMATS[table].len() {
        row -= FORMATS[table].len();
        table += 1;
    }
    &FORMATS[table][row]
}

/// The formats that need a name beside them; their rules follow.
pub(super) use keyed::KEYED;

const fn format(entity: &'static str, id: &'static str, shapes: &'static [&'static str]) -> Format {
    Format { entity, id, shapes }
}
