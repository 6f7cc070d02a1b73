//! Base64 and hexadecimal, decoded as they come.
//!
//! Nothing says where such a text begins, so each is read at every alignment at once: at four of base64, at two of
//! hexadecimal. What is read at a wrong one is noise, and noise shares nothing with a prompt. Whatever is not of the
//! alphabet is passed over, so blanks and line breaks inside do no harm.

/// Bytes that a character completed.
pub(crate) struct Decoded {
    /// Which alignment they belong to.
    pub(crate) phase: usize,
    pub(crate) bytes: [u8; 3],
    pub(crate) len: usize,
    /// Offset of the first character that they are made of.
    pub(crate) from: u64,
}

/// Base64, of both alphabets.
#[derive(Debug, Default)]
pub(crate) struct Base64 {
    count: usize,
    bits: u32,
    /// Where the last four characters begin, oldest first.
    starts: [u64; 4],
}

impl Base64 {
    /// Alignments.
    pub(crate) const PHASES: usize = 4;

    pub(crate) fn push(&mut self, c: char, from: u64) -> Option<Decoded> {
        self.bits = (self.bits << 6 | u32::from(sextet(c)?)) & 0x00ff_ffff;
        let [_, a, b, d] = self.starts;
        self.starts = [a, b, d, from];
        self.count += 1;
        let [_, bytes @ ..] = self.bits.to_be_bytes();
        (self.count >= 4).then_some(Decoded {
            phase: self.count % Self::PHASES,
            bytes,
            len: 3,
            from: a,
        })
    }
}

/// Padding counts as zero: it completes the last bytes, and adds none that is a letter.
fn sextet(c: char) -> Option<u8> {
    let at = |first: u8, value: u8| Some(c as u8 - first + value);
    match c {
        'A'..='Z' => at(b'A', 0),
        'a'..='z' => at(b'a', 26),
        '0'..='9' => at(b'0', 52),
        '+' | '-' => Some(62),
        '/' | '_' => Some(63),
        '=' => Some(0),
        _ => None,
    }
}

/// Hexadecimal: `596f75`, `59 6f 75`, `0x59, 0x6f`, `\x59`, `%59`, `\u0059`.
#[derive(Debug, Default)]
pub(crate) struct Hex {
    count: usize,
    last: Option<(u8, u64)>,
}

impl Hex {
    /// Alignments.
    pub(crate) const PHASES: usize = 2;

    pub(crate) fn push(&mut self, c: char, from: u64) -> Option<Decoded> {
        let Some(digit) = c.to_digit(16) else {
            // The zero before an x is no digit of the number.
            if matches!(c, 'x' | 'X') && matches!(self.last, Some((0, _))) {
                self.count = self.count.wrapping_sub(1);
                self.last = None;
            }
            return None;
        };
        self.count = self.count.wrapping_add(1);
        let (high, start) = self.last.replace((digit as u8, from))?;
        Some(Decoded {
            phase: self.count % Self::PHASES,
            bytes: [high << 4 | digit as u8, 0, 0],
            len: 1,
            from: start,
        })
    }
}

/// Characters out of the bytes of one alignment.
#[derive(Debug, Default)]
pub(crate) struct Utf8 {
    code: u32,
    missing: u8,
}

/// What a byte made of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// A part of a character.
    Part,
    Char(char),
    /// No text has it: what came before was noise, or ended.
    Noise,
}

impl Utf8 {
    pub(crate) fn push(&mut self, byte: u8) -> Read {
        let (code, missing) = match (byte, self.missing) {
            // Zero is the other half of ASCII in two bytes.
            (0 | b'\t' | b'\n' | b'\r' | 0x20..=0x7e, 0) => return Read::Char(char::from(byte)),
            (0x80..0xc0, 1..) => (self.code << 6 | u32::from(byte & 0x3f), self.missing - 1),
            (0xc2..0xe0, 0) => (u32::from(byte & 0x1f), 1),
            (0xe0..0xf0, 0) => (u32::from(byte & 0x0f), 2),
            (0xf0..0xf5, 0) => (u32::from(byte & 0x07), 3),
            (_, _) => {
                self.missing = 0;
                return Read::Noise;
            }
        };
        (self.code, self.missing) = (code, missing);
        match char::from_u32(code) {
            _ if missing > 0 => Read::Part,
            Some(c) => Read::Char(c),
            None => Read::Noise,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(decoded: impl Iterator<Item = Decoded>, phases: usize) -> Vec<String> {
        let mut texts: Vec<(Utf8, String)> = (0..phases).map(|_| Default::default()).collect();
        for found in decoded {
            let (utf8, text) = &mut texts[found.phase];
            text.extend(
                found.bytes[..found.len]
                    .iter()
                    .filter_map(|byte| match utf8.push(*byte) {
                        Read::Char(c) => Some(c),
                        Read::Part | Read::Noise => None,
                    }),
            );
        }
        texts.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn base64_is_read_wherever_it_begins() {
        for text in [
            "8J+YgMOpY2xhaXI=",
            "here: 8J+YgMOp Y2xh\naXI=",
            "(8J-YgMOpY2xhaXI)=",
        ] {
            let mut base64 = Base64::default();
            let decoded = text.chars().filter_map(|c| base64.push(c, 0));
            let texts = texts(decoded, Base64::PHASES);
            assert!(texts.iter().any(|text| text.contains("😀éclair")), "{texts:?}");
        }
    }

    #[test]
    fn hexadecimal_is_read_in_every_notation() {
        for text in [
            "C3A96c61",
            "a c3 a9 6c 61",
            "0xc3, 0xa9, 0x6c, 0x61",
            "\\xc3\\xa9\\x6c\\x61",
            "%c3%A9%6c%61",
        ] {
            let mut hex = Hex::default();
            let texts = texts(text.chars().filter_map(|c| hex.push(c, 0)), Hex::PHASES);
            assert!(texts.iter().any(|text| text.contains("éla")), "{texts:?}");
        }
    }
}
