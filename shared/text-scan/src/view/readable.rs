//! Whether decoded bytes are text.

/// A run shorter than this must be text throughout.
const SHORT_BYTES: usize = 32;

/// The bytes as text, if they are, but for a tenth of a long run.
pub(super) fn readable(bytes: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.extend(chunk.valid().chars().filter(|c| !is_control(*c)));
    }
    let lost = bytes.len() - text.len();
    let allowed = if bytes.len() < SHORT_BYTES {
        0
    } else {
        bytes.len() / 10
    };
    (lost <= allowed && !text.is_empty()).then_some(text)
}

/// Whether most characters are letters or blanks, as in a sentence and not in a table of numbers.
pub(super) fn is_prose(text: &str) -> bool {
    let (mut count, mut letters) = (0, 0);
    for c in text.chars() {
        count += 1;
        letters += usize::from(c.is_alphabetic() || c == ' ' || c == '\n');
    }
    letters * 4 >= count * 3
}

/// Whether the first bytes of a run look like text. They may cut a character.
pub(super) fn begins_readable(bytes: &[u8]) -> bool {
    let mut chunks = bytes.utf8_chunks();
    let Some(first) = chunks.next() else { return false };
    let is_whole = chunks.next().is_none();
    is_whole && !first.valid().is_empty() && !first.valid().chars().any(is_control)
}

fn is_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
}
