//! Full-width forms as ASCII, with a map back to the original.

use std::borrow::Cow;

/// A text in which every full-width form (U+FF01 to U+FF5E, U+3000) is its ASCII counterpart.
#[derive(Debug)]
pub struct Folded<'a> {
    text: Cow<'a, str>,
    /// Where a fold shortened the text: offset in `text` after it, and bytes lost so far. Ascending.
    lost: Vec<(u32, u32)>,
}

impl<'a> Folded<'a> {
    /// Folds a text. One without such forms is borrowed.
    pub fn new(text: &'a str) -> Self {
        let Some(first) = text.as_bytes().windows(2).position(may_fold) else {
            return Self {
                text: Cow::Borrowed(text),
                lost: Vec::new(),
            };
        };
        let (kept, rest) = text.split_at_checked(first).unwrap_or(("", text));
        let mut folded = String::with_capacity(text.len());
        folded.push_str(kept);
        let (mut lost, mut total) = (Vec::new(), 0);
        for c in rest.chars() {
            match ascii(c) {
                Some(ascii) => {
                    folded.push(ascii);
                    total += 2;
                    lost.push((folded.len() as u32, total));
                }
                None => folded.push(c),
            }
        }
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

/// U+3000 begins with E3 80, U+FF01 to U+FF5E with EF BC or EF BD.
fn may_fold(pair: &[u8]) -> bool {
    matches!(pair, [0xe3, 0x80] | [0xef, 0xbc | 0xbd])
}

pub(crate) fn ascii(c: char) -> Option<char> {
    match c {
        '\u{3000}' => Some(' '),
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xff01 + 0x21),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Folded;
    use proptest::prelude::*;

    #[test]
    fn full_width_forms_become_ascii() {
        let folded = Folded::new("電話：０３－１２３４　x、y");
        assert_eq!(folded.text(), "電話:03-1234 x、y");
        assert_eq!(folded.origin(6), 6);
        assert_eq!(folded.origin(7), 9);
        assert_eq!(
            folded.origin(folded.text().len()),
            "電話：０３－１２３４　x、y".len()
        );
    }

    proptest! {
        #[test]
        fn every_offset_has_its_origin(text in "[a0é、，０Ａ　\u{10ffff}]{0,40}") {
            let folded = Folded::new(&text);
            let offsets: Vec<usize> = folded.text().char_indices().map(|(at, _)| folded.origin(at)).collect();
            let origins: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            prop_assert_eq!(offsets, origins);
        }
    }
}
