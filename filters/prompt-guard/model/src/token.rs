//! Words, as the classifier counts them.
//!
//! A word is a run of letters and digits, in lower case. Scripts that put no blanks between words (Chinese, Japanese, Korean,
//! Thai and their neighbours) give a token a character. Marks give tokens of their own.

/// The hash of a token, and what kind of token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// 32 well mixed bits of what it says.
    pub hash: u32,
    /// First byte in the text.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// A word, or a mark.
    pub kind: Kind,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A word, or a character that is one.
    Word,
    /// A mark, or a run of the same mark.
    Mark,
    /// An end of a line.
    Line,
}

/// The script that most of a text is in; thresholds differ by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Script {
    /// Latin letters, and all that is none of the others.
    Latin,
    /// Chinese characters without kana.
    Han,
    /// Kana, and characters among them.
    Kana,
    /// Every other script.
    Other,
}

impl Script {
    /// Every script.
    pub const ALL: [Self; 4] = [Self::Latin, Self::Han, Self::Kana, Self::Other];

    /// The name in the table's card and in `penstock explain`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Latin => "latin",
            Self::Han => "han",
            Self::Kana => "kana",
            Self::Other => "other",
        }
    }
}

/// Letters of a text by script.
#[derive(Clone, Copy, Debug, Default)]
pub struct Letters {
    latin: u32,
    han: u32,
    kana: u32,
    other: u32,
}

impl Letters {
    /// The script of the text. A word of Latin letters weighs less than as many characters.
    pub fn script(self) -> Script {
        let latin = self.latin / 4;
        if self.kana * 8 > self.han.max(latin) {
            Script::Kana
        } else if self.han > latin.max(self.other) {
            Script::Han
        } else if self.other / 4 > latin {
            Script::Other
        } else {
            Script::Latin
        }
    }
}

const SEED: u32 = 0x811c_9dc5;
/// So much of a word is told from others, in bytes: what goes on longer is no word.
const MAX_WORD_BYTES: usize = 48;

/// What a character is to the tokeniser.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Alone,
    Blank,
    Line,
    Mark,
    /// The first byte of a character of several.
    Long,
}

/// The classes of bytes.
#[allow(clippy::indexing_slicing)] // The compiler does it.
const CLASSES: [Class; 256] = {
    let mut classes = [Class::Mark; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'\n' => Class::Line,
            0..=b' ' => Class::Blank,
            b'0'..=b'9' => Class::Digit,
            b'A'..=b'Z' | b'a'..=b'z' => Class::Letter,
            0x80.. => Class::Long,
            _ => Class::Mark,
        };
        byte += 1;
    }
    classes
};

fn class_of(byte: u8) -> Class {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(Class::Mark)
}

/// The tokens of a text.
pub struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
    letters: Letters,
}

impl<'a> Tokens<'a> {
    /// Starts at the text's first byte.
    pub fn new(text: &'a str) -> Self {
        Self {
            bytes: text.as_bytes(),
            at: 0,
            letters: Letters::default(),
        }
    }

    /// The letters that the tokens so far were made of.
    pub fn letters(&self) -> Letters {
        self.letters
    }

    fn word(&mut self, start: usize) -> Token {
        let bytes = self.bytes;
        let (mut hash, mut at, mut digits, mut others) = (SEED, start, 0usize, false);
        let end = (start + MAX_WORD_BYTES).min(bytes.len());
        while let Some(byte) = bytes.get(at).copied() {
            match class_of(byte) {
                Class::Letter => {
                    if at < end {
                        hash = step(hash, byte | 0x20);
                    }
                    at += 1;
                }
                Class::Digit => {
                    digits += 1;
                    if at < end {
                        hash = step(hash, byte);
                    }
                    at += 1;
                }
                Class::Long => {
                    let (c, width) = decode(bytes, at);
                    if class(c) != Class::Letter {
                        break;
                    }
                    let c = lower(c);
                    hash = step(step(hash, (c >> 8) as u8), c as u8);
                    others |= c >= 0x250;
                    at += width;
                }
                // An apostrophe within a word.
                Class::Mark
                    if byte == b'\''
                        && at > start
                        && bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic) =>
                {
                    at += 1
                }
                Class::Mark | Class::Alone | Class::Blank | Class::Line => break,
            }
        }
        let length = at - start;
        if others {
            self.letters.other += length as u32 / 2;
        } else {
            self.letters.latin += (length - digits.min(length)) as u32;
        }
        // Numbers say how long they are, and no more.
        if digits == length {
            hash = step(step(SEED, 1), length.min(8) as u8);
        } else if length > MAX_WORD_BYTES {
            hash = step(SEED, 2);
        }
        Token {
            hash: mix(hash),
            start,
            end: at,
            kind: Kind::Word,
        }
    }

    fn alone(&mut self, c: u32, start: usize, width: usize) -> Token {
        match c {
            0x3041..=0x30ff | 0xff66..=0xff9d => self.letters.kana += 1,
            0x4e00..=0x9fff | 0x3400..=0x4dbf | 0x20000..=0x3ffff => self.letters.han += 1,
            _ => self.letters.other += 4,
        }
        Token {
            hash: mix(step(SEED, 3) ^ c.wrapping_mul(0x9e37_79b1)),
            start,
            end: start + width,
            kind: Kind::Word,
        }
    }

    fn mark(&self, c: u32, start: usize, width: usize) -> Token {
        let mut end = start + width;
        let one = self.bytes.get(start..end).unwrap_or_default();
        while self.bytes.get(end..end + width) == Some(one) {
            end += width;
        }
        let run = ((end - start) / width).min(3) as u32;
        Token {
            hash: mix(step(SEED, 4) ^ c.wrapping_mul(0x85eb_ca6b) ^ run << 28),
            start,
            end,
            kind: Kind::Mark,
        }
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let start = self.at;
            let byte = *self.bytes.get(start)?;
            let (mut c, mut width, mut is) = (u32::from(byte), 1, class_of(byte));
            if is == Class::Long {
                (c, width) = decode(self.bytes, start);
                is = class(c);
            }
            let token = match is {
                Class::Letter | Class::Digit => self.word(start),
                Class::Alone => self.alone(c, start, width),
                Class::Blank | Class::Long => {
                    self.at += width;
                    continue;
                }
                Class::Line => Token {
                    hash: mix(step(SEED, 5)),
                    start,
                    end: start + 1,
                    kind: Kind::Line,
                },
                Class::Mark => self.mark(c, start, width),
            };
            self.at = token.end;
            return Some(token);
        }
    }
}

/// Capitals of Greek, Cyrillic and Armenian as small letters. Latin ones have lost their marks, and with them their bytes.
fn lower(c: u32) -> u32 {
    match c {
        0x391..=0x3a9 | 0x410..=0x42f => c + 0x20,
        0x400..=0x40f => c + 0x50,
        0x531..=0x556 => c + 0x30,
        0x460..=0x481 | 0x48a..=0x4bf | 0x4d0..=0x52f => c | 1,
        _ => c,
    }
}

/// The character of several bytes that begins here, and how many they are. The bytes are those of a `str`.
fn decode(bytes: &[u8], at: usize) -> (u32, usize) {
    let rest = |byte: &u8| u32::from(byte & 0x3f);
    match bytes.get(at..).unwrap_or_default() {
        [first @ 0xf0..=0xff, a, b, c, ..] => (
            u32::from(first & 7) << 18 | rest(a) << 12 | rest(b) << 6 | rest(c),
            4,
        ),
        [first @ 0xe0..=0xef, a, b, ..] => (u32::from(first & 15) << 12 | rest(a) << 6 | rest(b), 3),
        [first @ 0xc0..=0xdf, a, ..] => (u32::from(first & 31) << 6 | rest(a), 2),
        _ => (0xfffd, 1),
    }
}

/// FNV-1a, a byte at a time.
fn step(hash: u32, byte: u8) -> u32 {
    (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
}

/// The last steps of MurmurHash3: every bit depends on every other.
pub(crate) fn mix(mut hash: u32) -> u32 {
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

/// The class of a character of several bytes.
fn class(c: u32) -> Class {
    match c {
        // Most of what is read, first.
        0x4e00..=0x9fff | 0x3041..=0x30ff | 0xac00..=0xd7a3 => Class::Alone,
        0xaa | 0xb5 | 0xba | 0xc0..=0xd6 | 0xd8..=0xf6 | 0xf8..=0x24f => Class::Letter,
        0x80..=0xa0 | 0x2000..=0x200f | 0x2028..=0x202f | 0x205f..=0x206f | 0x3000 | 0xfeff => Class::Blank,
        0xa1..=0xbf | 0xd7 | 0xf7 => Class::Mark,
        // Greek to Sinhala, marks of vowels included.
        0x250..=0x2af | 0x300..=0x60b | 0x60d..=0x61a | 0x620..=0x669 | 0x66e..=0x6d3 | 0x6d5..=0x963 => {
            Class::Letter
        }
        0x966..=0xdff | 0x10a0..=0x10ff | 0x1200..=0x167f | 0x1e00..=0x1fff => Class::Letter,
        // Thai, Lao, Tibetan, Burmese, Khmer.
        0xe01..=0xfbc | 0x1000..=0x109f | 0x1780..=0x17d3 => Class::Alone,
        // Korean, kana, Chinese characters.
        0x1100..=0x11ff | 0x3005..=0x3007 | 0x3105..=0x318e | 0x31f0..=0x31ff => Class::Alone,
        0x3400..=0x4dbf | 0xf900..=0xfaff | 0xff66..=0xff9d => Class::Alone,
        0x20000..=0x3ffff => Class::Alone,
        _ => Class::Mark,
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Script, Tokens};
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<&str> {
        let words = Tokens::new(text).filter(|token| token.kind == Kind::Word);
        words
            .map(|token| text.get(token.start..token.end).unwrap())
            .collect()
    }

    fn hashes(text: &str) -> Vec<u32> {
        Tokens::new(text).map(|token| token.hash).collect()
    }

    #[test]
    fn words_are_runs_and_characters_where_no_blanks_are() {
        assert_eq!(
            words("Don't ignore GPT-4, 東京はраз два ไทย"),
            [
                "Don't", "ignore", "GPT", "4", "東", "京", "は", "раз", "два", "ไ", "ท", "ย"
            ]
        );
        assert_eq!(words(""), [""; 0]);
    }

    #[test]
    fn case_does_not_count_and_numbers_count_by_their_length() {
        assert_eq!(hashes("IGNORE Игнорируй ΚΑΛΑ"), hashes("ignore игнорируй καλα"));
        assert_eq!(hashes("1234 dont"), hashes("9876 don't"));
        assert_ne!(hashes("123"), hashes("1234"));
        assert_eq!(hashes(&"x".repeat(60)), hashes(&"y".repeat(99)));
        assert_eq!(hashes("!!!"), hashes("!!!!!!!!"));
        assert_ne!(hashes("!"), hashes("!!!"));
    }

    #[test]
    fn the_script_is_that_of_most_letters() {
        for (text, script) in [
            ("Hello my friends 世界", Script::Latin),
            ("你好，世界 GPT", Script::Han),
            ("これはテストです", Script::Kana),
            ("漢字だけではない文", Script::Kana),
            ("Привет мир", Script::Other),
            ("123 !?", Script::Latin),
        ] {
            let mut tokens = Tokens::new(text);
            tokens.by_ref().for_each(drop);
            assert_eq!(tokens.letters().script(), script, "{text}");
        }
    }

    proptest! {
        #[test]
        fn tokens_follow_each_other_on_borders_of_characters(text in any::<String>()) {
            let mut end = 0;
            for token in Tokens::new(&text) {
                prop_assert!(token.start >= end && token.end > token.start);
                prop_assert!(text.get(token.start..token.end).is_some());
                end = token.end;
            }
        }
    }
}
