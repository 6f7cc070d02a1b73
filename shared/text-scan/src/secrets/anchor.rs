//! Which formats and words begin with the two bytes that a word of the text begins with.

use super::formats::{FORMAT_COUNT, FORMATS, INFIX};
use super::shape::{bytes_at, literal};

/// What a word may be the start of.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    /// The credential with this number among the formats.
    Format(u16),
    /// The middle of the credential with this number among those that have their anchor there.
    Infix(u16),
    /// Something that has code of its own.
    Word(Word),
}

/// Starts of words that have code of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Jwt,
    Begin,
    Curl,
    Bearer,
    Spoken,
}

/// A start of a word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Anchor {
    /// How the word is written: a shape, or the first bytes of the word.
    pub(super) shape: &'static str,
    /// What it may be the start of.
    pub(super) what: What,
    /// The next anchor with the same first two bytes, and one more; 0 is the end.
    next: u16,
}

#[rustfmt::skip]
const WORDS: [(&str, Word); 23] = [
    ("eyJ", Word::Jwt), ("BEGIN ", Word::Begin), ("curl", Word::Curl), ("Bearer ", Word::Bearer), ("bearer ", Word::Bearer),
    ("password", Word::Spoken), ("Password", Word::Spoken), ("PASSWORD", Word::Spoken), ("passwd", Word::Spoken),
    ("passphrase", Word::Spoken), ("Passphrase", Word::Spoken), ("passcode", Word::Spoken), ("Passcode", Word::Spoken),
    ("pwd", Word::Spoken), ("contrase", Word::Spoken), ("Contrase", Word::Spoken), ("clave", Word::Spoken), ("senha", Word::Spoken),
    ("Passwort", Word::Spoken), ("mot de passe", Word::Spoken), ("secret", Word::Spoken), ("api key", Word::Spoken), ("API key", Word::Spoken),
];

const COUNT: usize = {
    let (mut count, mut table) = (WORDS.len() + INFIX.len(), 0);
    while table < FORMATS.len() {
        count += shapes(table);
        table += 1;
    }
    count
};

#[allow(clippy::indexing_slicing, reason = "evaluated while compiling")]
const fn shapes(table: usize) -> usize {
    let (mut count, mut row) = (0, 0);
    while row < FORMATS[table].len() {
        count += FORMATS[table][row].shapes.len();
        row += 1;
    }
    count
}

/// Letters and digits each have a number, all other bytes share one.
const fn class(b: u8) -> usize {
    match b {
        b'0'..=b'9' => (b - b'0') as usize,
        b'A'..=b'Z' => (b - b'A') as usize + 10,
        b'a'..=b'z' => (b - b'a') as usize + 36,
        _ => 62,
    }
}

const fn slot(first: u8, second: u8) -> usize {
    class(first) * 64 + class(second)
}

struct Index {
    heads: [u16; 64 * 64],
    anchors: [Anchor; COUNT],
}

static INDEX: Index = index();

#[allow(clippy::indexing_slicing, reason = "evaluated while compiling")]
const fn index() -> Index {
    let none = Anchor {
        shape: "",
        what: What::Format(0),
        next: 0,
    };
    let mut index = Index {
        heads: [0; 64 * 64],
        anchors: [none; COUNT],
    };
    let mut at = WORDS.len() + INFIX.len();
    let (mut format, mut table) = (FORMAT_COUNT, FORMATS.len());
    while table > 0 {
        table -= 1;
        let mut row = FORMATS[table].len();
        while row > 0 {
            (row, format) = (row - 1, format - 1);
            let shapes = FORMATS[table][row].shapes;
            let mut shape = shapes.len();
            while shape > 0 {
                shape -= 1;
                index = with(index, at, shapes[shape], What::Format(format as u16));
                at += 1;
            }
        }
    }
    let mut infix = 0;
    while infix < INFIX.len() {
        let what = What::Infix(infix as u16);
        if INFIX[infix].anchor.len() > 1 {
            index = with(index, WORDS.len() + infix, INFIX[infix].anchor, what);
        }
        infix += 1;
    }
    let mut word = 0;
    while word < WORDS.len() {
        index = with(index, word, WORDS[word].0, What::Word(WORDS[word].1));
        word += 1;
    }
    index
}

#[allow(clippy::indexing_slicing, reason = "evaluated while compiling")]
const fn with(mut index: Index, at: usize, shape: &'static str, what: What) -> Index {
    let bytes = literal(shape);
    let head = slot(bytes_at(bytes, 0), bytes_at(bytes, 1));
    index.anchors[at] = Anchor {
        shape,
        what,
        next: index.heads[head],
    };
    index.heads[head] = at as u16 + 1;
    index
}

/// The anchors that begin with these two bytes, other bytes than letters and digits being alike.
pub(super) fn anchors(first: u8, second: u8) -> Anchors {
    Anchors(INDEX.heads.get(slot(first, second)).copied().unwrap_or(0))
}

/// Anchors with the same first two bytes.
pub(super) struct Anchors(u16);

impl Iterator for Anchors {
    type Item = &'static Anchor;

    fn next(&mut self) -> Option<&'static Anchor> {
        let anchor = INDEX.anchors.get(usize::from(self.0.checked_sub(1)?))?;
        self.0 = anchor.next;
        Some(anchor)
    }
}
