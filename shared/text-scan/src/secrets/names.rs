//! Which providers' names begin at a place in a key.

use super::formats::KEYED;
use super::shape::bytes_at;

/// A provider's name.
#[derive(Clone, Copy)]
struct Name {
    name: &'static str,
    /// Its row among the keyed formats.
    row: u16,
    /// The next name with the same first two letters, and one more; 0 is the end.
    next: u16,
}

#[allow(clippy::indexing_slicing, reason = "evaluated while compiling")]
const COUNT: usize = {
    let (mut count, mut row) = (0, 0);
    while row < KEYED.len() {
        count += KEYED[row].names.len();
        row += 1;
    }
    count
};

struct Index {
    heads: [u16; 32 * 32],
    names: [Name; COUNT],
}

static INDEX: Index = index();

/// Two letters share a slot with few others; collisions cost a comparison.
const fn slot(first: u8, second: u8) -> usize {
    (first as usize & 31) * 32 + (second as usize & 31)
}

#[allow(clippy::indexing_slicing, reason = "evaluated while compiling")]
const fn index() -> Index {
    let none = Name {
        name: "",
        row: 0,
        next: 0,
    };
    let mut index = Index {
        heads: [0; 32 * 32],
        names: [none; COUNT],
    };
    let (mut at, mut row) = (COUNT, KEYED.len());
    while row > 0 {
        row -= 1;
        let names = KEYED[row].names;
        let mut name = names.len();
        while name > 0 {
            (name, at) = (name - 1, at - 1);
            let bytes = names[name].as_bytes();
            let head = slot(bytes_at(bytes, 0), bytes_at(bytes, 1));
            index.names[at] = Name {
                name: names[name],
                row: row as u16,
                next: index.heads[head],
            };
            index.heads[head] = at as u16 + 1;
        }
    }
    index
}

/// The rows whose provider's name begins `letters`, with the length of the name.
pub(super) fn at(letters: &[u8]) -> impl Iterator<Item = (usize, usize)> {
    let head = match letters {
        [first, second, ..] => INDEX.heads.get(slot(*first, *second)).copied().unwrap_or(0),
        _ => 0,
    };
    let name = |at: u16| INDEX.names.get(usize::from(at.checked_sub(1)?));
    std::iter::successors(name(head), move |last| name(last.next))
        .filter(move |name| letters.starts_with(name.name.as_bytes()))
        .map(|name| (usize::from(name.row), name.name.len()))
}
