//! The value after a name, and whether it looks like a credential.

use super::placeholder::{contains, is_placeholder};

/// Bytes between a mark and the value: blanks, quotes, the rest of `::=` or `=>`.
const MAX_GAP: usize = 24;
/// Bytes of the longest value.
const MAX: usize = 512;
/// Bytes of the shortest password.
const MIN_PASSWORD: usize = 4;
/// Bytes of the longest password.
const MAX_PASSWORD: usize = 128;
/// Bytes of the shortest random value.
const MIN_SECRET: usize = 8;
/// Bytes of the shortest token that no more than the word `token` speaks for, and of one in hexadecimal digits.
const MIN_TOKEN: usize = 20;
const MIN_HEX: usize = 16;
/// Digits at the end of a word that is a word nonetheless.
const WORD_DIGITS: usize = 3;

/// A value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a> {
    /// First byte in the text.
    pub(super) start: usize,
    /// Its bytes.
    pub(super) bytes: &'a [u8],
    /// Whether quotes are around it.
    pub(super) quoted: bool,
    /// The byte after an unquoted one.
    pub(super) next: Option<u8>,
}

impl<'a> Value<'a> {
    /// The value after a mark or a blank at `from - 1`.
    pub(super) fn after(text: &'a [u8], from: usize) -> Option<Self> {
        let rest = text.get(from..)?;
        let gap = gap(rest);
        let (before, rest) = rest.split_at_checked(gap)?;
        let quote = before.last().filter(|b| QUOTES.contains(b)).copied();
        let rest = rest.get(..rest.len().min(MAX))?;
        let quoted = quote.and_then(|quote| inside(rest, quote));
        let len = quoted.unwrap_or_else(|| rest.iter().take_while(|b| !ends(**b)).count());
        let bytes = rest.get(..len)?;
        Some(Self {
            start: from + gap,
            bytes,
            quoted: quoted.is_some(),
            next: rest.get(len).copied(),
        })
    }

    /// Byte after the last.
    pub(super) fn end(&self) -> usize {
        self.start + self.bytes.len()
    }

    /// Whether the value names what is elsewhere: a variable, a template, a call, a place.
    fn is_reference(&self) -> bool {
        let calls = !self.quoted && matches!(self.next, Some(b'(' | b'[' | b'{'));
        let opens: &[u8] = if self.quoted { b"$<{%[(" } else { b"$<{%[(*&/#." };
        let elsewhere = match self.bytes {
            [first, second, ..] => opens.contains(first) && !second.is_ascii_digit(),
            _ => true,
        };
        let template = [b"{{", b"${", b"$("]
            .iter()
            .any(|open| contains(self.bytes, *open));
        calls || elsewhere || template || contains(self.bytes, b"://")
    }

    /// Whether it may be what a person chose. Letters or digits alone are enough where nothing but a password can stand.
    pub(super) fn is_password(&self, alone_do: bool) -> bool {
        let any = |what: fn(&u8) -> bool| self.bytes.iter().any(what);
        let letters = any(u8::is_ascii_alphabetic);
        let digits = any(u8::is_ascii_digit);
        let special = any(|b| b.is_ascii_punctuation() && !b"_-.".contains(b));
        let alone = alone_do && self.bytes.len() > 5 && letters != digits && !any(u8::is_ascii_punctuation);
        (MIN_PASSWORD..=MAX_PASSWORD).contains(&self.bytes.len())
            && self.bytes.iter().all(u8::is_ascii_graphic)
            && (letters && (digits || special) || alone)
            && (special || !names_itself(self.bytes))
            && !self.is_reference()
            && !is_placeholder(self.bytes)
    }

    /// Whether it is random.
    pub(super) fn is_secret(&self) -> bool {
        let digits = self.bytes.iter().filter(|b| b.is_ascii_digit()).count();
        let letters = self.bytes.iter().filter(|b| b.is_ascii_alphabetic()).count();
        self.bytes.len() >= MIN_SECRET
            && digits > 0
            && letters > 0
            && self
                .bytes
                .iter()
                .all(|b| b.is_ascii_graphic() && !b"(){}[]<>,;\"'`".contains(b))
            && !self.is_reference()
            && !self.bytes.ends_with(b"...")
            && !is_wordy(self.bytes)
            && !is_placeholder(self.bytes)
    }

    /// Whether it is random, and neither a word nor a number.
    pub(super) fn is_token(&self) -> bool {
        let hex = self.bytes.len() >= MIN_HEX && self.bytes.iter().all(u8::is_ascii_hexdigit);
        (hex || self.bytes.len() >= MIN_TOKEN) && self.is_secret()
    }

    /// The value without the scheme of an `Authorization` header.
    pub(super) fn credentials(self, text: &'a [u8]) -> Self {
        let Some(blank) = text.iter().skip(self.start).take(16).position(|b| *b == b' ') else {
            return self;
        };
        let scheme = text.get(self.start..self.start + blank).unwrap_or_default();
        if scheme.is_empty() || !scheme.iter().all(|b| b.is_ascii_alphabetic() || *b == b'-') {
            return self;
        }
        let start = self.start + blank + 1;
        let rest = text.get(start..).unwrap_or_default();
        let len = rest.iter().take(MAX).take_while(|b| !ends(**b)).count();
        Self {
            start,
            bytes: rest.get(..len).unwrap_or_default(),
            quoted: false,
            next: rest.get(len).copied(),
        }
    }
}

const QUOTES: &[u8] = b"\"'`";

/// Bytes between a mark and the value, quotes included.
fn gap(rest: &[u8]) -> usize {
    let joints = rest
        .iter()
        .take(MAX_GAP)
        .take_while(|b| b" \t=:>?\\".contains(b))
        .count();
    joints
        + rest
            .iter()
            .skip(joints)
            .take(2)
            .take_while(|b| QUOTES.contains(b))
            .count()
}

/// Bytes up to the quote that closes, on the same line.
fn inside(rest: &[u8], quote: u8) -> Option<usize> {
    let stop = rest.iter().position(|b| *b == quote || *b == b'\n')?;
    let escaped = stop.checked_sub(1).filter(|last| rest.get(*last) == Some(&b'\\'));
    (rest.get(stop) == Some(&quote)).then_some(escaped.unwrap_or(stop))
}

/// What ends a value without quotes.
fn ends(b: u8) -> bool {
    matches!(
        b,
        0..=b' ' | 0x7f.. | b'"' | b'\'' | b'`' | b';' | b',' | b'<' | b'>' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'&' | b'\\'
    )
}

/// A password that is a word about passwords.
fn names_itself(value: &[u8]) -> bool {
    const WORDS: [&[u8]; 22] = [
        b"pass",
        b"pwd",
        b"secret",
        b"token",
        b"string",
        b"null",
        b"none",
        b"true",
        b"false",
        b"undefined",
        b"required",
        b"hidden",
        b"input",
        b"default",
        b"optional",
        b"process.env",
        b"environ",
        b"getenv",
        b"config",
        b"prompt",
        b"encrypt",
        b"base64",
    ];
    WORDS.iter().any(|word| contains(value, word))
}

/// Whether a value is written in words: `sales-results-1.2`, `env/cert.p12`, `NEXUS-GPT4-KEY`.
fn is_wordy(value: &[u8]) -> bool {
    value.split(|b| b"_-./: @+=".contains(b)).all(is_word)
}

fn is_word(part: &[u8]) -> bool {
    let digits = part.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let letters = part.get(..part.len() - digits).unwrap_or_default();
    letters.iter().all(u8::is_ascii_alphabetic)
        && (digits <= WORD_DIGITS || letters.is_empty() && digits <= 12)
}
