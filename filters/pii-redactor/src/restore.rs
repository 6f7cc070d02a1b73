//! Stand-ins in an answer: where they are, and where one may be on its way.
//!
//! Models write placeholders in lower case, in full-width or corner brackets, with the backslashes of Markdown, without
//! the brackets, and inside JSON; a stream cuts them anywhere. What is found is always a name that the vault gave out.

use crate::placeholder::{MAX_NAME_BYTES, ends_in_escape, is_name, label_of};
use crate::vault::Vault;
use std::ops::Range;

/// What a text holds of a vault.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sought {
    /// In order.
    pub(crate) found: Vec<StandIn>,
    /// Where a stand-in may begin whose end is yet to come; else the length of the text.
    pub(crate) open: usize,
    /// Little of it is there: it may well be a word.
    pub(crate) doubtful: bool,
}

/// A stand-in in a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StandIn {
    pub(crate) range: Range<usize>,
    /// The index of its entry; `None` for a placeholder of a known label that was never given out.
    pub(crate) entry: Option<usize>,
}

impl Sought {
    /// The ranges of a text that begins at this offset.
    pub(crate) fn ranges(&self, begin: u64) -> Vec<Range<u64>> {
        let found = self.found.iter().map(|stand_in| &stand_in.range);
        found
            .map(|range| begin + range.start as u64..begin + range.end as u64)
            .collect()
    }
}

/// Where a text stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// What stands before it, as far as it is known.
    pub(crate) before: &'a [u8],
    /// It is JSON source text.
    pub(crate) json: bool,
    /// Nothing follows.
    pub(crate) last: bool,
}

/// Finds every stand-in of `vault`.
pub(crate) fn seek(vault: &Vault, text: &str, place: Place<'_>) -> Sought {
    let bytes = text.as_bytes();
    let seeker = Seeker { vault, bytes, place };
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(ahead) = bytes.get(at..).and_then(|rest| vault.next_start(rest)) {
        at += ahead;
        let (end, entry) = match seeker.at(at) {
            Step::Found(end, entry) => (end, Some(entry)),
            Step::Unknown(end) => (end, None),
            step @ (Step::Open | Step::Perhaps) if !place.last => {
                let doubtful = matches!(step, Step::Perhaps);
                let open = at;
                return Sought {
                    found,
                    open,
                    doubtful,
                };
            }
            Step::Open | Step::Perhaps | Step::None => {
                at += 1;
                continue;
            }
        };
        found.push(StandIn {
            range: at..end,
            entry,
        });
        at = end;
    }
    Sought {
        found,
        open: text.len(),
        doubtful: false,
    }
}

/// What begins at a byte.
enum Step {
    /// A stand-in that ends here, with its entry.
    Found(usize, usize),
    /// A placeholder that ends here and that the vault does not know.
    Unknown(usize),
    /// A stand-in whose end is yet to come, by what there is of it.
    Open,
    /// A letter, a quote or a bracket with which one may begin.
    Perhaps,
    None,
}

struct Seeker<'a> {
    vault: &'a Vault,
    bytes: &'a [u8],
    place: Place<'a>,
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
        if self.follows(at, |byte| byte.is_ascii_alphanumeric()) {
            return Step::None;
        }
        match self.surrogate(at) {
            Step::None if self.follows(at, is_name) => Step::None,
            Step::None => self.bare(at),
            step => step,
        }
    }

    /// Whether the byte before is one of these, and no part of an escape of JSON such as `\n`.
    fn follows(&self, at: usize, one_of: fn(u8) -> bool) -> bool {
        let text = self.bytes.get(..at).unwrap_or_default();
        let before = || self.place.before.iter().chain(text);
        let follows = before().next_back().is_some_and(|byte| one_of(*byte));
        follows && !(self.place.json && ends_in_escape(before()))
    }

    /// A number of JSON that was masked as a string: its quotes go too.
    fn quoted(&self, at: usize) -> Step {
        match self.bracketed(at + 1) {
            Step::Found(end, entry) if self.vault.entry(entry).is_some_and(|entry| entry.is_number) => {
                match self.byte(end) {
                    Some(b'"') => self.value(end + 1, entry),
                    Some(_) => Step::None,
                    None => Step::Open,
                }
            }
            step @ (Step::Open | Step::Perhaps) => step,
            Step::Found(..) | Step::Unknown(_) | Step::None => Step::None,
        }
    }

    /// A number instead of a string that ends here, unless that is a key: keys keep their quotes.
    fn value(&self, end: usize, entry: usize) -> Step {
        let rest = self.bytes.get(end..).unwrap_or_default();
        let blanks = rest.iter().take(MAX_BLANKS);
        let blanks = blanks.take_while(|byte| byte.is_ascii_whitespace()).count();
        match rest.get(blanks) {
            Some(b':') => Step::None,
            None if !self.place.last => Step::Open,
            Some(_) | None => Step::Found(end, entry),
        }
    }

    /// Behind up to two backslashes: Markdown's, and JSON's before it. One that begins `\u` is none of these.
    fn backslashes(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let count = rest.iter().take(2).take_while(|byte| **byte == b'\\').count();
        let escapes = self.place.json && rest.get(count) == Some(&b'u');
        at + count - usize::from(escapes && count > 0)
    }

    /// The end of a bracket, one of an ASCII, a full-width and a corner form; `Err(true)` if it may be cut off.
    fn bracket(&self, at: usize, forms: &[(&[u8], &[u8])]) -> Result<usize, bool> {
        let rest = self.bytes.get(at..).unwrap_or_default();
        for (plain, escaped) in forms {
            let start = rest.get(..escaped.len()).unwrap_or(rest);
            if rest.starts_with(plain) {
                return Ok(at + plain.len());
            }
            if self.place.json && escaped.len() == start.len() && start.eq_ignore_ascii_case(escaped) {
                return Ok(at + escaped.len());
            }
        }
        let begins = |escaped: &[u8]| {
            escaped
                .get(..rest.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(rest))
        };
        Err(rest.is_empty() || (self.place.json && forms.iter().any(|(_, escaped)| begins(escaped))))
    }

    fn bracketed(&self, at: usize) -> Step {
        let open = self.backslashes(at);
        let start = match self.bracket(open, OPENING) {
            Ok(start) => start,
            Err(true) => return Step::Perhaps,
            Err(false) => return Step::None,
        };
        let (name, end) = self.name(start, false);
        let labelled = || label_of(name.as_slice()).is_some_and(|label| self.vault.has_label(label));
        // One that was made up is waited for too, so that it counts however it is cut.
        let viable = self.vault.has_name_from(name.as_slice()) || labelled();
        if end >= self.bytes.len() {
            return match (viable, name.as_slice()) {
                (true, []) => Step::Perhaps,
                (true, _) => Step::Open,
                (false, _) => Step::None,
            };
        }
        let close = self.backslashes(end);
        match self.bracket(close, CLOSING) {
            // A backslash that is not Markdown's belongs to the text.
            Ok(_) if close - end < open - at => Step::None,
            Ok(end) => match self.vault.named(name.as_slice()) {
                Some(entry) => Step::Found(end, entry),
                None if labelled() => Step::Unknown(end),
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
            let viable = end > at && self.vault.has_name_from(name.as_slice());
            return match name.as_slice().contains(&b'_') {
                _ if !viable => Step::None,
                true => Step::Open,
                false => Step::Perhaps,
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
        let (found, open) = self.vault.surrogates_in(rest);
        if open && !self.place.last {
            let sure = rest.len() >= SURE_BYTES;
            return if sure { Step::Open } else { Step::Perhaps };
        }
        let whole = |end: usize| !self.byte(end).is_some_and(|next| next.is_ascii_alphanumeric());
        match found.filter(|(length, _)| whole(at + length)) {
            Some((length, entry)) => Step::Found(at + length, entry),
            None => Step::None,
        }
    }
}

/// Most blanks between a key and its colon.
const MAX_BLANKS: usize = 8;
/// So much of a surrogate is no other word, in bytes.
const SURE_BYTES: usize = 7;

/// Brackets, plain and as JSON may escape them.
const OPENING: &[(&[u8], &[u8])] = &[
    (b"[", br"\u005b"),
    ("［".as_bytes(), br"\uff3b"),
    ("【".as_bytes(), br"\u3010"),
];
const CLOSING: &[(&[u8], &[u8])] = &[
    (b"]", br"\u005d"),
    ("］".as_bytes(), br"\uff3d"),
    ("】".as_bytes(), br"\u3011"),
];

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
