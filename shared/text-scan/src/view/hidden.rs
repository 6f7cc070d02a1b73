//! Characters that no one sees (Default_Ignorable_Code_Point of Unicode), and where they are in place.

use super::readable::readable;
use super::signs::Signs;

/// Fewer bytes are text by chance.
const LEAST_SMUGGLED: usize = 4;

/// What kind of unseen character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hidden {
    ZeroWidth,
    /// Joins or parts the letters beside it.
    Joiner,
    SoftHyphen,
    Bidi,
    Variation,
    /// Code for an ASCII character.
    Tag,
    /// Seen as a blank.
    Blank,
}

impl Hidden {
    /// Where it is counted.
    pub(super) fn sign(self, signs: &mut Signs) -> &mut u32 {
        match self {
            Self::ZeroWidth | Self::Joiner | Self::Blank => &mut signs.zero_width,
            Self::SoftHyphen => &mut signs.soft_hyphen,
            Self::Bidi => &mut signs.bidi,
            Self::Variation => &mut signs.variation_selectors,
            Self::Tag => &mut signs.tags,
        }
    }
}

/// The kind of a character that is not seen.
pub(super) fn hidden(c: char) -> Option<Hidden> {
    Some(match c {
        '\u{ad}' => Hidden::SoftHyphen,
        '\u{200b}'..='\u{200d}' => Hidden::Joiner,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Hidden::Bidi
        }
        '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => {
            Hidden::Variation
        }
        '\u{e0000}'..='\u{e007f}' => Hidden::Tag,
        '\u{2800}' | '\u{3164}' | '\u{ffa0}' => Hidden::Blank,
        '\u{80}'..='\u{84}'
        | '\u{86}'..='\u{9f}'
        | '\u{34f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}' => Hidden::ZeroWidth,
        '\u{180e}'
        | '\u{2060}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff0}'..='\u{fffb}' => Hidden::ZeroWidth,
        '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0080}'..='\u{e0fff}' => {
            Hidden::ZeroWidth
        }
        _ => return None,
    })
}

/// The ASCII character that a tag stands for.
pub(super) fn tagged(tag: char) -> Option<char> {
    char::from_u32(u32::from(tag) - 0xe0000).filter(|c| matches!(c, ' '..='~'))
}

/// What variation selectors say if each stands for a byte, by its number.
pub(super) fn smuggled(selectors: &str) -> Option<String> {
    let byte = |c: char| match u32::from(c) {
        code @ 0xfe00..=0xfe0f => Some((code - 0xfe00) as u8),
        code @ 0xe0100..=0xe01ef => Some((code - 0xe0100 + 16) as u8),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = selectors.chars().map(byte).collect();
    bytes
        .filter(|bytes| bytes.len() >= LEAST_SMUGGLED)
        .and_then(|bytes| readable(&bytes))
}

/// Whether such a character is in place between these two.
pub(super) fn is_ordinary(kind: Hidden, c: char, before: Option<char>, after: Option<char>) -> bool {
    match kind {
        Hidden::Joiner => before.is_some_and(is_joined),
        Hidden::Variation => before.is_some_and(varies),
        Hidden::Bidi => {
            let is_mark = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}');
            is_mark && (before.is_some_and(is_right_to_left) || after.is_some_and(is_right_to_left))
        }
        // The byte order mark of a file.
        Hidden::ZeroWidth => c == '\u{feff}' && before.is_none(),
        Hidden::SoftHyphen | Hidden::Tag | Hidden::Blank => false,
    }
}

/// Scripts written with joiners or without blanks between words, and emoji.
fn is_joined(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{109f}' | '\u{1780}'..='\u{18af}' | '\u{fe0f}' | '\u{fb50}'..='\u{fdff}' | '\u{e007f}')
        || is_symbol(c)
}

fn varies(c: char) -> bool {
    is_symbol(c)
        || matches!(c, '0'..='9' | '#' | '*' | '©' | '®' | '\u{1000}'..='\u{109f}' | '\u{1800}'..='\u{18af}')
        || matches!(c, '\u{3000}'..='\u{303f}' | '\u{3297}' | '\u{3299}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
        || matches!(c, '\u{20000}'..='\u{3ffff}')
}

/// Symbols and emoji.
fn is_symbol(c: char) -> bool {
    matches!(c, '\u{203c}' | '\u{2049}' | '\u{2100}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}')
}
