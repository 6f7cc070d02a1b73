//! Stand-ins in an answer: where they are, and where one may be on its way.
//!
//! Models write placeholders in lower case, in full-width or corner brackets, with the backslashes of Markdown, without
//! the brackets, and inside JSON; a stream cuts them anywhere. What is found is always a name that the vault gave out.

use crate::placeholder::{MAX_NAME_BYTES, is_name, label_of};
use crate::vault::Vault;
use std::ops::Range;

/// What a text holds of a vault.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sought {
    /// Stand-ins in order, with the index of their entry.
    pub(crate) found: Vec<(Range<usize>, usize)>,
    /// Placeholders of a known label that were never given out.
    pub(crate) unknown: u64,
    /// Where a stand-in may begin whose end is yet to come; else the length of the text.
    pub(crate) open: usize,
}

/// Where a text stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The byte before it, if there is any.
    pub(crate) before: Option<u8>,
    /// It is JSON source text.
    pub(crate) json: bool,
    /// Nothing follows.
    pub(crate) last: bool,
}

/// Finds every stand-in of `vault`.
pub(crate) fn seek(vault: &Vault, text: &str, place: Place) -> Sought {
    let seeker = Seeker {
        vault,
        bytes: text.as_bytes(),
        place,
    };
    let mut sought = Sought {
        open: text.len(),
        ..Sought::default()
    };
    let mut at = 0;
    while let Some(byte) = seeker.byte(at) {
        let step = if vault.may_start(byte) {
            seeker.at(at)
        } else {
            Step::None
        };
        at = match step {
            Step::Found(end, entry) => {
                sought.found.push((at..end, entry));
                end
            }
            Step::Unknown(end) => {
                sought.unknown += 1;
                end
            }
            Step::Open if !place.last => {
                sought.open = at;
                return sought;
            }
            Step::Open | Step::None => at + 1,
        };
    }
    sought
}

/// What begins at a byte.
enum Step {
    /// A stand-in that ends here, with its entry.
    Found(usize, usize),
    /// A placeholder that ends here and that the vault does not know.
    Unknown(usize),
    /// Perhaps a stand-in whose end is yet to come.
    Open,
    None,
}

struct Seeker<'a> {
    vault: &'a Vault,
    bytes: &'a [u8],
    place: Place,
}

impl Seeker<'_> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn at(&self, at: usize) -> Step {
        if self.place.json && self.vault.has_numbers() && self.byte(at) == Some(b'"') {
            return self.quoted(at);
        }
        match self.bracketed(at) {
            Step::None => {}
            step => return step,
        }
        let before = at
            .checked_sub(1)
            .map_or(self.place.before, |before| self.byte(before));
        if before.is_some_and(is_name) {
            return Step::None;
        }
        match self.bare(at) {
            Step::None => self.surrogate(at),
            step => step,
        }
    }

    /// A number of JSON that was masked as a string: its quotes go too.
    fn quoted(&self, at: usize) -> Step {
        match self.bracketed(at + 1) {
            Step::Found(end, entry) if self.vault.entry(entry).is_some_and(|entry| entry.is_number) => {
                match self.byte(end) {
                    Some(b'"') => Step::Found(end + 1, entry),
                    Some(_) => Step::None,
                    None => Step::Open,
                }
            }
            Step::Open => Step::Open,
            Step::Found(..) | Step::Unknown(_) | Step::None => Step::None,
        }
    }

    /// Up to two backslashes: Markdown's, and JSON's before it.
    fn backslashes(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        at + rest.iter().take(2).take_while(|byte| **byte == b'\\').count()
    }

    /// The end of a bracket, one of an ASCII, a full-width and a corner form; `Err(true)` if it may be cut off.
    fn bracket(&self, at: usize, forms: [&[u8]; 3]) -> Result<usize, bool> {
        let rest = self.bytes.get(at..).unwrap_or_default();
        match forms.iter().find(|form| rest.starts_with(form)) {
            Some(form) => Ok(at + form.len()),
            None => Err(rest.is_empty()),
        }
    }

    fn bracketed(&self, at: usize) -> Step {
        let opened = self.bracket(self.backslashes(at), [b"[", "［".as_bytes(), "【".as_bytes()]);
        let start = match opened {
            Ok(start) => start,
            Err(true) => return Step::Open,
            Err(false) => return Step::None,
        };
        let (name, end) = self.name(start, false);
        let viable = self.vault.has_name_from(name.as_slice());
        if end >= self.bytes.len() {
            return if viable { Step::Open } else { Step::None };
        }
        match self.bracket(self.backslashes(end), [b"]", "］".as_bytes(), "】".as_bytes()]) {
            Ok(end) => match self.vault.named(name.as_slice()) {
                Some(entry) => Step::Found(end, entry),
                None if label_of(name.as_slice()).is_some_and(|label| self.vault.has_label(label)) => {
                    Step::Unknown(end)
                }
                None => Step::None,
            },
            Err(true) if viable => Step::Open,
            Err(_) => Step::None,
        }
    }

    /// A name without its brackets, as the vault wrote it: in lower case it may be anybody's word.
    fn bare(&self, at: usize) -> Step {
        let (name, end) = self.name(at, true);
        if end >= self.bytes.len() && !self.place.last {
            return if end > at && self.vault.has_name_from(name.as_slice()) {
                Step::Open
            } else {
                Step::None
            };
        }
        if self.byte(end).is_some_and(is_name) {
            return Step::None;
        }
        match self.vault.named(name.as_slice()) {
            Some(entry) => Step::Found(end, entry),
            None => Step::None,
        }
    }

    /// The name that begins here, in capitals, and its end.
    fn name(&self, start: usize, exact: bool) -> (Name, usize) {
        let mut name = Name::default();
        let mut at = start;
        while let Some(byte) = self.byte(at) {
            let after = self.backslashes(at);
            let (byte, next) = match self.byte(after) {
                Some(b'_') => (b'_', after + 1),
                None if after > at => return (name, after),
                Some(_) | None => (byte, at + 1),
            };
            if !is_name(byte) || (exact && byte.is_ascii_lowercase()) || !name.push(byte.to_ascii_uppercase())
            {
                break;
            }
            at = next;
        }
        (name, at)
    }

    fn surrogate(&self, at: usize) -> Step {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let mut open = false;
        for (entry, surrogate) in self.vault.surrogates() {
            let common = surrogate.len().min(rest.len());
            let begins = rest
                .get(..common)
                .is_some_and(|rest| rest.eq_ignore_ascii_case(surrogate.get(..common).unwrap_or_default()));
            if !begins {
                continue;
            }
            let end = at + common;
            match self.byte(end) {
                _ if common < surrogate.len() => open = true,
                Some(next) if !is_name(next) => return Step::Found(end, entry),
                None if self.place.last => return Step::Found(end, entry),
                None => open = true,
                Some(_) => {}
            }
        }
        if open { Step::Open } else { Step::None }
    }
}

/// A name in the making.
#[derive(Default)]
struct Name {
    bytes: Vec<u8>,
}

impl Name {
    fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// False when it is full.
    fn push(&mut self, byte: u8) -> bool {
        let fits = self.bytes.len() < MAX_NAME_BYTES;
        if fits {
            self.bytes.push(byte);
        }
        fits
    }
}
