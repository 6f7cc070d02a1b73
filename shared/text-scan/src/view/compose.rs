//! Letters that are written as two characters and read as one.

/// First and last of the Hangul syllables.
const SYLLABLES: std::ops::RangeInclusive<u32> = 0xac00..=0xd7a3;
/// Final consonants, with none.
const FINALS: u32 = 28;
/// Vowels.
const VOWELS: u32 = 21;

/// The letter that two make. It takes as many bytes as the first of them.
pub(super) fn compose(first: char, second: char) -> Option<char> {
    match (first, second) {
        ('и', '\u{306}') => Some('й'),
        ('И', '\u{306}') => Some('Й'),
        ('у', '\u{306}') => Some('ў'),
        ('У', '\u{306}') => Some('Ў'),
        ('і', '\u{308}') => Some('ї'),
        ('І', '\u{308}') => Some('Ї'),
        (_, '\u{3099}' | '\u{ff9e}') => voiced(first),
        (_, '\u{309a}' | '\u{ff9f}') => half_voiced(first),
        (_, '\u{1161}'..='\u{11c2}') => syllable(u32::from(first), u32::from(second)),
        _ => None,
    }
}

fn voiced(kana: char) -> Option<char> {
    let next = char::from_u32(u32::from(kana) + 1);
    match kana {
        'う' => Some('ゔ'),
        'ウ' => Some('ヴ'),
        'ワ' => Some('ヷ'),
        'ヰ' => Some('ヸ'),
        'ヱ' => Some('ヹ'),
        'ヲ' => Some('ヺ'),
        'ゝ' | 'ヽ' => next,
        // Here the plain kana have the odd numbers.
        'か'..='ぢ' | 'カ'..='ヂ' if u32::from(kana) % 2 == 1 => next,
        'つ' | 'て' | 'と' | 'ツ' | 'テ' | 'ト' => next,
        'は' | 'ひ' | 'ふ' | 'へ' | 'ほ' | 'ハ' | 'ヒ' | 'フ' | 'ヘ' | 'ホ' => next,
        _ => None,
    }
}

fn half_voiced(kana: char) -> Option<char> {
    match kana {
        'は' | 'ひ' | 'ふ' | 'へ' | 'ほ' | 'ハ' | 'ヒ' | 'フ' | 'ヘ' | 'ホ' => {
            char::from_u32(u32::from(kana) + 2)
        }
        _ => None,
    }
}

/// A consonant and a vowel, or those and a final consonant.
fn syllable(first: u32, second: u32) -> Option<char> {
    match (first, second) {
        (0x1100..=0x1112, 0x1161..=0x1175) => {
            char::from_u32(0xac00 + ((first - 0x1100) * VOWELS + second - 0x1161) * FINALS)
        }
        (_, 0x11a8..=0x11c2) if SYLLABLES.contains(&first) && (first - 0xac00).is_multiple_of(FINALS) => {
            char::from_u32(first + second - 0x11a7)
        }
        _ => None,
    }
}
