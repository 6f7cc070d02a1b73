//! What the texts of a prompt say, as a set of hashes.

use super::figure::Day;
use super::{Claim, Met, Reader};
use crate::output::leak::{Shingles, Slide, Window};

/// Most things that a prompt may say. Above it nothing is judged: what the rest says is not known. 16 bytes each.
const MAX_GROUNDS: usize = 65_536;
/// Letters of a shingle of a quotation.
const SHINGLE_LETTERS: usize = 12;

/// The texts that an answer must rest on.
#[derive(Debug)]
pub(crate) struct Grounds {
    said: Shingles,
    window: Window,
    texts: u64,
    complete: bool,
}

impl Grounds {
    /// Of so many texts of so many bytes together, none of which is read yet.
    pub(crate) fn new(texts: usize, bytes: usize) -> Self {
        Self {
            // A letter begins a shingle at most, and claims are few beside letters: the rest is room for them.
            said: Shingles::with_room(bytes + bytes / 4 + 16),
            window: Window::new(SHINGLE_LETTERS),
            texts: texts as u64,
            complete: true,
        }
    }

    /// Whether all of the prompt is known. If not, nothing is judged.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Reads a text, or a part of one.
    pub(crate) fn read(&mut self, text: &str) {
        if !self.complete {
            return;
        }
        let mut reader = Reader::default();
        let mut keys = Vec::new();
        let mut give = |met, _| match met {
            Met::Claim(Claim::Number(readings)) => {
                keys.extend(readings.iter().map(|number| key('n', number)))
            }
            Met::Claim(Claim::Day(days)) => {
                keys.extend(days.iter().map(|day| key('d', &day.to_string())));
                keys.extend(
                    days.iter()
                        .flat_map(|day| [day / 10_000, day / 100 % 100, day % 100])
                        .map(|part| key('n', &part.to_string())),
                );
            }
            Met::Url(name) => keys.push(key('u', &name)),
            Met::Word(word) => keys.push(key('w', &word)),
        };
        for (at, c) in text.char_indices() {
            reader.push(c, at as u64..(at + c.len_utf8()) as u64, &mut give);
        }
        reader.end(&mut give);
        let mut slide = Slide::default();
        for c in text.chars() {
            slide.push(c, self.window, &mut |hash| keys.push(hash));
        }
        for key in keys {
            self.said.insert(key);
        }
        self.complete &= self.said.len() < MAX_GROUNDS;
    }

    pub(super) fn has_number(&self, number: &str) -> bool {
        self.said.find(key('n', number)).is_some()
    }

    pub(super) fn has_day(&self, day: Day) -> bool {
        self.said.find(key('d', &day.to_string())).is_some()
    }

    pub(super) fn has_url(&self, name: &str) -> bool {
        self.said.find(key('u', name)).is_some()
    }

    /// A name, in lower case.
    pub(super) fn has_word(&self, word: &str) -> bool {
        self.said.find(key('w', word)).is_some()
    }

    pub(super) fn has_shingle(&self, hash: u64) -> bool {
        self.said.find(hash).is_some()
    }

    /// Whether a source of this number was given.
    pub(super) fn has_source(&self, number: u64) -> bool {
        number <= self.texts || self.has_number(&number.to_string())
    }

    pub(super) fn window(&self) -> Window {
        self.window
    }
}

/// FNV-1a, apart for each kind.
fn key(kind: char, text: &str) -> u64 {
    let bytes = std::iter::once(kind as u8).chain(text.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
