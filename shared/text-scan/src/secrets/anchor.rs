//! Which formats and words begin with the two bytes that a word of the text begins with.

use super::formats::{FORMAT_COUNT, INFIX, nth};
use super::shape::{bytes_at, literal};
use super::stops::{CLASSES, SLOTS, number, slot};

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
    SpokenKey,
    SpokenToken,
}

/// A start of a word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Anchor {
    /// How the word is written: a shape, or the first bytes of the word.
    pub(super) shape: &'static str,
    /// Bytes of the shape before its first run.
    literal: u8,
    /// What it may be the start of.
    pub(super) what: What,
    /// The next anchor with the same first two bytes, and one more; 0 is the end.
    next: u16,
}

impl Anchor {
    /// The bytes before the first run.
    pub(super) fn literal(&self) -> &'static [u8] {
        self.shape
            .as_bytes()
            .get(..usize::from(self.literal))
            .unwrap_or_default()
    }
}

#[rustfmt::skip]
const WORDS: [(&str, Word); 26] = [
    ("eyJ", Word::Jwt), ("BEGIN ", Word::Begin), ("curl", Word::Curl), ("Bearer ", Word::Bearer), ("bearer ", Word::Bearer),
    ("password", Word::Spoken), ("Password", Word::Spoken), ("PASSWORD", Word::Spoken), ("passwd", Word::Spoken), ("IDENTIFIED BY ", Word::Spoken), ("identified by ", Word::Spoken),
    ("passphrase", Word::Spoken), ("Passphrase", Word::Spoken), ("passcode", Word::Spoken), ("Passcode", Word::Spoken),
    ("pwd", Word::Spoken), ("contrase", Word::Spoken), ("Contrase", Word::Spoken), ("clave", Word::Spoken), ("senha", Word::Spoken),
    ("Passwort", Word::Spoken), ("mot de passe", Word::Spoken), ("secret", Word::SpokenKey), ("api key", Word::SpokenKey), ("API key", Word::SpokenKey), ("token", Word::SpokenToken),
];

const COUNT: usize = {
    let (mut count, mut format) = (WORDS.len() + INFIX.len(), 0);
    while format < FORMAT_COUNT {
        count += nth(format).shapes.len();
        format += 1;
    }
    count
};

struct Index {
    heads: [[u16; CLASSES]; CLASSES],
    anchors: [Anchor; COUNT],
}

static INDEX: Index = INDEX_OF_ALL;
const INDEX_OF_ALL: Index = index();

const EMPTY: Index = Index {
    heads: [[0; CLASSES]; CLASSES],
    anchors: [Anchor {
        shape: "",
        literal: 0,
        what: What::Format(0),
        next: 0,
    }; COUNT],
};

/// The last one in comes first among those with the same two bytes: so formats go in from the last to the first.
#[allow(clippy::indexing_slicing, reason = "evaluated while compiling")]
const fn index() -> Index {
    let mut index = EMPTY;
    let mut at = WORDS.len() + INFIX.len();
    let mut format = FORMAT_COUNT;
    while format > 0 {
        format -= 1;
        let shapes = nth(format).shapes;
        let mut shape = shapes.len();
        while shape > 0 {
            shape -= 1;
            index = with(index, at, shapes[shape], What::Format(format as u16));
            at += 1;
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
    let (first, second) = (number(bytes_at(bytes, 0)), number(bytes_at(bytes, 1)));
    index.anchors[at] = Anchor {
        shape,
        literal: bytes.len() as u8,
        what,
        next: index.heads[first][second],
    };
    index.heads[first][second] = at as u16 + 1;
    index
}

/// For each first byte of a word a bit for each class of second byte that an anchor has.
pub(super) static PAIRS: [u64; CLASSES] = pairs();

#[allow(clippy::indexing_slicing, reason = "evaluated while compiling")]
const fn pairs() -> [u64; CLASSES] {
    let (mut pairs, mut at) = ([0; CLASSES], 0);
    while at < COUNT {
        let anchor = INDEX_OF_ALL.anchors[at];
        let bytes = anchor.shape.as_bytes();
        if anchor.literal > 1 {
            pairs[number(bytes[0])] |= bit(number(bytes[1]));
        }
        at += 1;
    }
    pairs
}

/// For the first two bytes of a word, by [`slot`], a bit for each class of third byte that an anchor has there.
pub(super) static STARTS: [u64; SLOTS] = starts();

#[allow(clippy::indexing_slicing, reason = "evaluated while compiling")]
const fn starts() -> [u64; SLOTS] {
    let (mut starts, mut at) = ([0; SLOTS], 0);
    while at < COUNT {
        let anchor = INDEX_OF_ALL.anchors[at];
        let bytes = anchor.shape.as_bytes();
        at += 1;
        if anchor.literal < 2 {
            continue;
        }
        let (first, second) = (number(bytes[0]), number(bytes[1]));
        let third = if anchor.literal > 2 {
            bit(number(bytes[2]))
        } else {
            u64::MAX
        };
        // The last byte may be a mark, which as second byte has a slot of its own.
        starts[slot(first, second)] |= third;
        starts[slot(first, second + (second + 2) / CLASSES)] |= third;
    }
    starts
}

/// The bit of a class; of other bytes also the bit of the marks.
const fn bit(class: usize) -> u64 {
    (1 << class) | (1 << (class + (class + 2) / CLASSES))
}

/// The anchors that begin with these two bytes, other bytes than letters and digits being alike.
pub(super) fn anchors(first: u8, second: u8) -> Anchors {
    let head = INDEX
        .heads
        .get(number(first))
        .and_then(|heads| heads.get(number(second)));
    Anchors(head.copied().unwrap_or(0))
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
