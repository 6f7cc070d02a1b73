//! Words with digits and symbols in the place of letters: `1gn0r3 4ll`.

use super::vocabulary::{LONGEST, is_known};
use super::work;

/// Known words that are spelt with digits, before it is a way of writing and not a name or two.
const LEAST_WORDS: usize = 2;
/// Shorter words are known by chance.
const LEAST_CHARS: usize = 3;
/// Ambiguous characters of a word that are tried as either letter.
const TRIED: u32 = 3;

/// The text with letters for digits, if it has several such words. Offsets stay.
pub(super) fn unleet(text: &str) -> Option<String> {
    let mixed = words(text)
        .map(|(word, _)| word)
        .filter(|word| word.len() >= LEAST_CHARS && is_mixed(word));
    let known = mixed.filter(|word| matches!(read(word), Some((_, true))));
    if known.take(LEAST_WORDS).count() < LEAST_WORDS {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    for (word, after) in words(text) {
        match read(word) {
            Some((letters, is_word)) if is_word || is_mixed(word) => out.push_str(&letters),
            _ => out.push_str(word),
        }
        out.push_str(after);
    }
    Some(out)
}

/// The words of a text, and what stands after each.
fn words(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_part = |c: char| c.is_ascii_alphabetic() || letter(c).is_some();
    text.split_inclusive(move |c| !is_part(c)).map(move |part| {
        let word = part
            .trim_end_matches(|c| !is_part(c))
            .trim_end_matches(['!', '|', '+']);
        part.split_at_checked(word.len()).unwrap_or((part, ""))
    })
}

fn is_mixed(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_alphabetic()) && word.chars().any(|c| letter(c).is_some())
}

/// A word in letters, and whether it is one that is known. `None` if it is in letters already.
fn read(word: &str) -> Option<(String, bool)> {
    if !word.chars().any(|c| letter(c).is_some()) {
        return None;
    }
    if word.len() > LONGEST {
        return Some((spelt(word, 0), false));
    }
    let ambiguous = word.chars().filter(|c| is_ambiguous(*c)).count() as u32;
    let choices = 1_u32 << ambiguous.min(TRIED);
    let found = (0..choices)
        .map(|choice| spelt(word, choice))
        .find(|spelt| is_known(spelt));
    Some(match found {
        Some(word) => (word, true),
        None => (spelt(word, 0), false),
    })
}

/// The word in letters. Of its ambiguous characters, those whose bit is set become the less likely letter.
fn spelt(word: &str, choice: u32) -> String {
    work::count(word.len());
    let mut bits = choice;
    let mut before = None;
    let mut chars = word.chars().peekable();
    let mut out = String::with_capacity(word.len());
    while let Some(c) = chars.next() {
        let mut to = letter(c).unwrap_or(c);
        if is_ambiguous(c) {
            let after = chars.peek().map(|c| letter(*c).unwrap_or(*c));
            to = if is_rather_l(before, after) == (bits & 1 == 0) {
                'l'
            } else {
                'i'
            };
            bits >>= 1;
        }
        out.push(to);
        before = Some(to);
    }
    out
}

/// Whether an l is more likely between two letters than an i, as English is spelt.
fn is_rather_l(before: Option<char>, after: Option<char>) -> bool {
    let is_vowel = |c: char| matches!(c.to_ascii_lowercase(), 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
    match (before, after) {
        (_, None) => before.is_some(),
        (None, Some(after)) => is_vowel(after),
        (Some('l'), Some(_)) | (Some(_), Some('y')) => true,
        (Some(before), Some(after)) => is_vowel(after) && (is_vowel(before) || "bfpkBFPK".contains(before)),
    }
}

fn is_ambiguous(c: char) -> bool {
    matches!(c, '1' | '|' | '!')
}

/// The letter that a digit or a symbol stands for.
fn letter(c: char) -> Option<char> {
    Some(match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '2' => 'z',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '6' | '9' => 'g',
        '7' | '+' => 't',
        '8' => 'b',
        _ => return None,
    })
}
