//! The spellings of ASCII that people and keyboards use, as ASCII, with a map back to the original.
//!
//! Full-width forms (U+FF01 to U+FF5E, U+3000), hyphens and dashes, blanks that are not the space, decimal digits of other
//! scripts. Characters without width, which only part a word in two, are left out.

use std::borrow::Cow;

/// A text in ASCII spelling, wherever a character has one.
#[derive(Debug)]
pub struct Folded<'a> {
    text: Cow<'a, str>,
    /// Where a fold shortened the text: offset in `text` after it, and bytes lost so far. Ascending.
    lost: Vec<(u32, u32)>,
}

impl<'a> Folded<'a> {
    /// Folds a text. One without such characters is borrowed.
    pub fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let (mut folded, mut lost, mut total) = (String::new(), Vec::new(), 0);
        let (mut copied, mut at) = (0, 0);
        while let Some((start, fold)) = next_fold(bytes, at) {
            if lost.is_empty() {
                folded.reserve(text.len());
            }
            folded.push_str(text.get(copied..start).unwrap_or_default());
            folded.extend(fold.ascii.map(char::from));
            total += fold.len - u32::from(fold.ascii.is_some());
            lost.push((folded.len() as u32, total));
            at = start + fold.len as usize;
            copied = at;
        }
        if lost.is_empty() {
            return Self {
                text: Cow::Borrowed(text),
                lost,
            };
        }
        folded.push_str(text.get(copied..).unwrap_or_default());
        Self {
            text: Cow::Owned(folded),
            lost,
        }
    }

    /// The folded text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The offset in the original text of an offset in the folded one.
    pub fn origin(&self, at: usize) -> usize {
        let before = self.lost.partition_point(|(end, _)| *end as usize <= at);
        let lost = before.checked_sub(1).and_then(|last| self.lost.get(last));
        at + lost.map_or(0, |(_, lost)| *lost as usize)
    }
}

/// What stands for a character in a folded text, where that is another one.
pub(crate) fn ascii(c: char) -> Option<char> {
    let fold = fold(c.encode_utf8(&mut [0; 4]).as_bytes())?;
    fold.ascii.map(char::from)
}

/// A character that is spelt otherwise in ASCII.
struct Fold {
    /// Its bytes.
    len: u32,
    /// What stands for it. `None`: nothing.
    ascii: Option<u8>,
}

/// The next such character, and where.
fn next_fold(bytes: &[u8], mut at: usize) -> Option<(usize, Fold)> {
    loop {
        let rest = bytes.get(at..)?;
        match rest {
            [] => return None,
            [0..=0x7f, ..] => at += ascii_len(rest),
            // The long vowel mark and the line that Japanese keyboards give for a hyphen.
            [0xe3, 0x83, 0xbc, ..] | [0xe2, 0x94, 0x80, ..] | [0xef, 0xbd, 0xb0, ..]
                if is_between_digits(bytes, at) =>
            {
                return Some((
                    at,
                    Fold {
                        len: 3,
                        ascii: Some(b'-'),
                    },
                ));
            }
            // Chinese, Korean and Japanese letters.
            [0xe4..=0xed, ..] | [0xe3, 0x81..=0xbf, ..] => at += 3,
            _ => match fold(rest) {
                Some(fold) => return Some((at, fold)),
                None => at += width(rest),
            },
        }
    }
}

/// Bytes of the character that the bytes begin with.
fn width(bytes: &[u8]) -> usize {
    match bytes.first() {
        Some(0xf0..) => 4,
        Some(0xe0..) => 3,
        Some(0xc0..) => 2,
        _ => 1,
    }
}

/// Whether the character of three bytes at `at` stands between two digits, ASCII or full-width.
fn is_between_digits(bytes: &[u8], at: usize) -> bool {
    let before = bytes.get(..at).unwrap_or_default();
    let after = bytes.get(at + 3..).unwrap_or_default();
    matches!(before, [.., b'0'..=b'9'] | [.., 0xef, 0xbc, 0x90..=0x99])
        && matches!(after, [b'0'..=b'9', ..] | [0xef, 0xbc, 0x90..=0x99, ..])
}

/// How much ASCII the bytes begin with, at least one byte.
pub(crate) fn ascii_len(bytes: &[u8]) -> usize {
    let (words, _) = bytes.as_chunks::<8>();
    let plain = words.iter().take_while(|word| word.is_ascii()).count() * 8;
    let rest = bytes.get(plain..).unwrap_or_default();
    plain + rest.iter().take_while(|b| b.is_ascii()).count()
}

/// The character that the bytes begin with, one row for each range of Unicode.
fn fold(bytes: &[u8]) -> Option<Fold> {
    let to = |len: u32, ascii: u8| {
        Some(Fold {
            len,
            ascii: Some(ascii),
        })
    };
    let none = |len: u32| Some(Fold { len, ascii: None });
    match *bytes {
        [0xef, 0xbc, c @ 0x81..=0xbf, ..] => to(3, c - 0x60), // U+FF01 to U+FF3F
        [0xef, 0xbd, c @ 0x80..=0x9e, ..] => to(3, c - 0x20), // U+FF40 to U+FF5E
        [0xe3, 0x80, 0x80, ..] => to(3, b' '),                // ideographic space
        [0xc2, 0xa0, ..] => to(2, b' '),                      // no-break space
        [0xe2, 0x80, 0x80..=0x8a | 0xaf, ..] => to(3, b' '),  // spaces of other widths
        [0xe2, 0x81, 0x9f, ..] => to(3, b' '),                // mathematical space
        [0xe2, 0x80, 0xa8 | 0xa9, ..] => to(3, b'\n'),        // line and paragraph separator
        [0xe2, 0x80, 0x90..=0x95, ..] => to(3, b'-'),         // hyphens and dashes
        [0xe2, 0x88, 0x92, ..] => to(3, b'-'),                // minus
        [0xef, 0xb9, 0x98 | 0xa3, ..] => to(3, b'-'),         // small dashes
        [0xd9, d @ 0xa0..=0xa9, ..] => to(2, d - 0x70),       // Arabic digits
        [0xdb, d @ 0xb0..=0xb9, ..] => to(2, d - 0x80),       // Persian digits
        [0xe0, 0xa5, d @ 0xa6..=0xaf, ..] => to(3, d - 0x76), // Devanagari digits
        [0xe0, 0xa7, d @ 0xa6..=0xaf, ..] => to(3, d - 0x76), // Bengali digits
        [0xe0, 0xb9, d @ 0x90..=0x99, ..] => to(3, d - 0x60), // Thai digits
        [0xf0, 0x9d, 0x9f, d @ 0x8e..=0xbf, ..] => to(4, b'0' + (d - 0x8e) % 10),
        [0xc2, 0xad, ..] => none(2),                            // soft hyphen
        [0xe2, 0x80, 0x8b..=0x8f | 0xaa..=0xae, ..] => none(3), // zero width, direction
        [0xe2, 0x81, 0xa0..=0xa4, ..] => none(3),               // word joiner, invisible operators
        [0xef, 0xbb, 0xbf, ..] => none(3),                      // byte order mark
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Folded;
    use proptest::prelude::*;

    #[test]
    fn full_width_forms_become_ascii() {
        let text = "電話：０３－１２３４　x、y！～＿";
        let folded = Folded::new(text);
        assert_eq!(folded.text(), "電話:03-1234 x、y!~_");
        assert_eq!(folded.origin(6), 6);
        assert_eq!(folded.origin(7), 9);
        assert_eq!(folded.origin(folded.text().len()), text.len());
    }

    #[test]
    fn blanks_dashes_and_digits_become_ascii() {
        let folded = Folded::new("1\u{a0}2\u{202f}3\u{2013}4\u{2212}5 ٠٩ ۰۹ ०९ ০৯ ๐๙ 𝟎𝟗𝟬𝟵𝟿");
        assert_eq!(folded.text(), "1 2 3-4-5 09 09 09 09 09 09099");
    }

    #[test]
    fn what_parts_digits_in_japanese_becomes_a_hyphen() {
        assert_eq!(Folded::new("０３ー１２３４ー５６７８").text(), "03-1234-5678");
        assert_eq!(Folded::new("03─1234ｰ5678").text(), "03-1234-5678");
        assert_eq!(Folded::new("サーバー3ー").text(), "サーバー3ー");
    }

    #[test]
    fn what_has_no_width_is_left_out() {
        let folded = Folded::new("41\u{200b}11\u{ad}-\u{feff}x");
        assert_eq!(folded.text(), "4111-x");
        assert_eq!(folded.origin(2), 5);
        assert_eq!(folded.origin(5), 13);
    }

    #[test]
    fn other_text_is_borrowed() {
        for text in ["", "plain", "中文和한국어", "かな、カナ。", "é ü \u{10ffff}"] {
            let folded = Folded::new(text);
            assert_eq!(folded.text().as_ptr(), text.as_ptr());
            assert_eq!(folded.text(), text);
        }
    }

    proptest! {
        #[test]
        fn every_offset_has_its_origin(text in "[a0éー、，０Ａ　あ中٣\u{a0}\u{2013}𝟗\u{10ffff}]{0,40}") {
            let folded = Folded::new(&text);
            let offsets: Vec<usize> = folded.text().char_indices().map(|(at, _)| folded.origin(at)).collect();
            let origins: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            prop_assert_eq!(offsets, origins);
        }
    }
}
