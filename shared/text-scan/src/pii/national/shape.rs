//! How an identifier is written.
//!
//! | in a shape | in a text |
//! |---|---|
//! | `9` | a digit |
//! | `0` to `8` | this digit |
//! | `A` | a letter |
//! | `B` | a capital letter |
//! | `X` | a letter or a digit |
//! | `a` to `z` | this letter, in either case |
//! | `-` | a space, hyphen or full stop, the same one in the whole shape |
//! | `=` | a hyphen |
//! | `+` | a hyphen or a plus sign |
//! | `_` | a space |
//! | any other | itself |
//!
//! A shape begins with a letter or a digit, and matches only whole: no letter or digit touches it, and no number goes on
//! behind its separators.

/// Letters and digits of the longest identifier (CURP), and some.
const MAX: usize = 20;

/// What has to speak for a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evidence {
    /// Nothing more: shape and check are rare enough.
    Enough,
    /// A word nearby; or the text is nothing else.
    Alone,
    /// A word nearby.
    Word,
}

/// One way of writing an identifier.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// See the head of this file.
    pub(super) text: &'static str,
    /// What has to speak for a match.
    pub(super) evidence: Evidence,
}

/// A shape that counts anywhere.
pub(super) const fn sure(text: &'static str) -> Shape {
    let evidence = Evidence::Enough;
    Shape { text, evidence }
}

/// A shape that counts with a word nearby, or alone in its text.
pub(super) const fn told(text: &'static str) -> Shape {
    let evidence = Evidence::Alone;
    Shape { text, evidence }
}

/// A shape that counts with a word nearby.
pub(super) const fn word(text: &'static str) -> Shape {
    let evidence = Evidence::Word;
    Shape { text, evidence }
}

/// Where a shape stands in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Match {
    /// Byte after the last.
    pub(super) end: usize,
    letters: [u8; MAX],
    len: usize,
}

impl Match {
    /// Letters and digits, upper case, without separators.
    pub(super) fn compact(&self) -> &[u8] {
        self.letters.get(..self.len).unwrap_or_default()
    }
}

impl Shape {
    /// Whether what follows the first group, which ends at `end`, can be of this shape. Cheap, to be asked
    /// first.
    pub(super) fn may_go_on(&self, text: &[u8], len: usize, end: usize) -> bool {
        let next = |at: usize| text.get(at).copied().unwrap_or(b' ');
        match self.text.as_bytes().get(len..) {
            Some([separator, want, ..]) => separates(*separator, next(end)) && fits(*want, next(end + 1)),
            _ => true,
        }
    }

    /// Matches at `start`, where a group of letters and digits begins.
    pub(super) fn match_at(&self, text: &[u8], start: usize) -> Option<Match> {
        let mut found = Match {
            end: start + self.text.len(),
            letters: [0; MAX],
            len: 0,
        };
        let mut separator = None;
        for (want, byte) in self.text.bytes().zip(text.get(start..found.end)?) {
            if byte.is_ascii_alphanumeric() {
                if !fits(want, *byte) {
                    return None;
                }
                *found.letters.get_mut(found.len)? = byte.to_ascii_uppercase();
                found.len += 1;
            } else if !separates(want, *byte) || *separator.get_or_insert(*byte) != *byte && want == b'-' {
                return None;
            }
        }
        let whole = ends(text, found.end, separator) && self.begins(text, start, separator);
        whole.then_some(found)
    }

    /// Whether nothing before `start` belongs to the same number. A plus sign may stand before a country's
    /// code.
    fn begins(&self, text: &[u8], start: usize, separator: Option<u8>) -> bool {
        let back = |by: usize| {
            start
                .checked_sub(by)
                .and_then(|at| text.get(at))
                .copied()
                .unwrap_or(b' ')
        };
        let (before, far) = (back(1), back(2));
        let code = matches!(self.text.bytes().next(), Some(b'0'..=b'8'));
        let joined = before == b'+' && !code || is_joint(before) && far.is_ascii_digit();
        let digit = text.get(start).is_some_and(u8::is_ascii_digit);
        !(joined || digit && Some(before) == separator && far.is_ascii_digit())
    }
}

/// Whether nothing from `end` on belongs to the same number.
fn ends(text: &[u8], end: usize, separator: Option<u8>) -> bool {
    let at = |at: usize| text.get(at).copied().unwrap_or(b' ');
    let (last, next, far) = (at(end - 1), at(end), at(end + 1));
    let joined = is_joint(next) && far.is_ascii_alphanumeric();
    let same = Some(next) == separator && last.is_ascii_digit() && far.is_ascii_digit();
    !(next.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() || joined || same)
}

fn is_joint(byte: u8) -> bool {
    matches!(byte, b'.' | b'-' | b'/' | b'+')
}

fn fits(want: u8, byte: u8) -> bool {
    match want {
        b'9' => byte.is_ascii_digit(),
        b'A' => byte.is_ascii_alphabetic(),
        b'B' => byte.is_ascii_uppercase(),
        b'X' => byte.is_ascii_alphanumeric(),
        _ => want.eq_ignore_ascii_case(&byte),
    }
}

fn separates(want: u8, byte: u8) -> bool {
    match want {
        b'-' => matches!(byte, b' ' | b'-' | b'.'),
        b'=' => byte == b'-',
        b'+' => matches!(byte, b'-' | b'+'),
        b'_' => byte == b' ',
        _ => want == byte,
    }
}

#[cfg(test)]
mod tests {
    use super::sure;

    fn compact(shape: &'static str, text: &str) -> Option<String> {
        let (before, after) = text.split_once('#').unwrap_or(("", text));
        let found = sure(shape).match_at([before, after].concat().as_bytes(), before.len())?;
        Some(String::from_utf8_lossy(found.compact()).into_owned())
    }

    #[test]
    fn a_shape_names_its_letters_digits_and_separators() {
        assert_eq!(
            compact("999-999-999", "130 692 544").as_deref(),
            Some("130692544")
        );
        assert_eq!(compact("de999A", "dE123x").as_deref(), Some("DE123X"));
        assert_eq!(compact("de999B", "dE123x"), None);
        assert_eq!(compact("A999999(X)", "C123456(9)").as_deref(), Some("C1234569"));
        assert_eq!(compact("63-999", "63-917").as_deref(), Some("63917"));
        assert_eq!(compact("63-999", "64-917"), None);
        assert_eq!(compact("999=999", "130 692"), None);
        assert_eq!(compact("999A", "1301"), None);
    }

    #[test]
    fn separators_are_the_same_throughout() {
        assert_eq!(compact("999-999-999", "130-692 544"), None);
        assert_eq!(
            compact("999.999.999=99", "130.692.544-00").as_deref(),
            Some("13069254400")
        );
    }

    #[test]
    fn a_part_of_a_longer_number_is_no_match() {
        for text in [
            "1234", "123A", "123-4", "123.4", "9-#123", "0.#123", "+#123", "123/x",
        ] {
            assert_eq!(compact("999", text), None, "{text}");
        }
        for text in [
            "123",
            "123.",
            "123, 4",
            "123 4",
            "No.#123",
            "\u{53f7}#123\u{3002}",
            "4 #123",
        ] {
            assert!(compact("999", text).is_some(), "{text}");
        }
        for text in ["12 34 56", "99 #12 34"] {
            assert_eq!(compact("99-99", text), None, "{text}");
        }
    }

    #[test]
    fn a_plus_sign_stands_before_a_country_code_only() {
        assert!(compact("63999", "+#63917").is_some());
        assert_eq!(compact("99999", "+#63917"), None);
    }
}
