//! JSON strings: reading, decoding, writing.

use super::{JsonError, JsonErrorKind};
use crate::scan::plain_string;

/// Writes `text` as a JSON string, in quotes, with no more escapes than RFC 8259 demands.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    write_escaped(out, text);
    out.push(b'"');
}

/// Writes `text` as it stands between the quotes of a JSON string.
pub fn write_escaped(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while from < bytes.len() {
        let end = plain_string(bytes, from).end;
        out.extend_from_slice(bytes.get(from..end).unwrap_or_default());
        let Some(&byte) = bytes.get(end) else { return };
        write_escape(out, byte);
        from = end + 1;
    }
}

fn write_escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            let hex = |nibble: u8| {
                if nibble < 10 {
                    b'0' + nibble
                } else {
                    b'a' + nibble - 10
                }
            };
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte & 15)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// A string as the parser saw it.
pub(super) struct ReadString {
    /// Offset behind the closing quote.
    pub(super) end: usize,
    pub(super) decoded_len: usize,
    pub(super) has_escape: bool,
}

/// Checks the string whose opening quote is at `start`.
pub(super) fn read_string(bytes: &[u8], start: usize) -> Result<ReadString, JsonError> {
    let error = |kind, offset| JsonError { kind, offset };
    let (mut at, mut shrink, mut ascii) = (start + 1, 0, true);
    loop {
        let plain = plain_string(bytes, at);
        ascii &= plain.ascii;
        at = plain.end;
        match bytes.get(at) {
            Some(b'"') => break,
            Some(b'\\') => {
                let escape = read_escape(bytes, at)?;
                shrink += escape.raw_len - escape.char.len_utf8();
                at += escape.raw_len;
            }
            Some(_) => return Err(error(JsonErrorKind::Syntax, at)),
            None => return Err(error(JsonErrorKind::Truncated, at)),
        }
    }
    let text = bytes.get(start + 1..at).unwrap_or_default();
    if !ascii && let Err(invalid) = std::str::from_utf8(text) {
        return Err(error(JsonErrorKind::Utf8, start + 1 + invalid.valid_up_to()));
    }
    Ok(ReadString {
        end: at + 1,
        decoded_len: text.len() - shrink,
        has_escape: shrink > 0,
    })
}

/// One escape: what it means and how many bytes it takes.
#[derive(Clone, Copy)]
pub(super) struct Escape {
    pub(super) char: char,
    pub(super) raw_len: usize,
}

/// Reads the escape whose backslash is at `at`.
fn read_escape(bytes: &[u8], at: usize) -> Result<Escape, JsonError> {
    let error = |kind, offset| JsonError { kind, offset };
    let short = match bytes.get(at + 1) {
        Some(b'u') => return read_unicode_escape(bytes, at),
        Some(&byte @ (b'"' | b'\\' | b'/')) => byte as char,
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(_) => return Err(error(JsonErrorKind::Syntax, at + 1)),
        None => return Err(error(JsonErrorKind::Truncated, at + 1)),
    };
    Ok(Escape {
        char: short,
        raw_len: 2,
    })
}

/// Reads `\uXXXX`, or two of them that make a surrogate pair.
fn read_unicode_escape(bytes: &[u8], at: usize) -> Result<Escape, JsonError> {
    let lone = JsonError {
        kind: JsonErrorKind::LoneSurrogate,
        offset: at,
    };
    let high = read_hex4(bytes, at + 2)?;
    if let Some(char) = char::from_u32(high) {
        return Ok(Escape { char, raw_len: 6 });
    }
    let follows = bytes.get(at + 6..).unwrap_or_default();
    if high >= 0xdc00 || !b"\\u".starts_with(follows.get(..2).unwrap_or(follows)) {
        return Err(lone);
    }
    let low = read_hex4(bytes, at + 8)?;
    if !(0xdc00..0xe000).contains(&low) {
        return Err(lone);
    }
    let char = char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)).ok_or(lone)?;
    Ok(Escape { char, raw_len: 12 })
}

fn read_hex4(bytes: &[u8], at: usize) -> Result<u32, JsonError> {
    let mut value = 0;
    for offset in at..at + 4 {
        let Some(&byte) = bytes.get(offset) else {
            return Err(JsonError {
                kind: JsonErrorKind::Truncated,
                offset: bytes.len(),
            });
        };
        let digit = (byte as char).to_digit(16);
        value = value << 4
            | digit.ok_or(JsonError {
                kind: JsonErrorKind::Syntax,
                offset,
            })?;
    }
    Ok(value)
}

/// A piece of a string between its quotes.
#[derive(Clone, Copy)]
pub(super) enum Segment<'a> {
    Plain(&'a str),
    Escape(Escape),
}

impl Segment<'_> {
    fn raw_len(self) -> usize {
        match self {
            Self::Plain(text) => text.len(),
            Self::Escape(escape) => escape.raw_len,
        }
    }
}

/// The segments of what stands between the quotes of a string that was parsed.
pub(super) struct Segments<'a> {
    pub(super) rest: &'a str,
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        let plain = plain_string(self.rest.as_bytes(), 0).end;
        let segment = if plain > 0 {
            Segment::Plain(self.rest.get(..plain)?)
        } else {
            // The parser has checked the escapes; an error means that the view is over other bytes.
            Segment::Escape(read_escape(self.rest.as_bytes(), 0).ok()?)
        };
        self.rest = self.rest.get(segment.raw_len()..)?;
        Some(segment)
    }
}
