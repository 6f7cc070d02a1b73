//! Keys that two readers of one document may understand differently.

use super::{Kind, Value};

/// The first key of `object` that is a twin of a `known` one: a second `messages`, or a `MESSAGES`, even
/// alone.
///
/// Some servers take the first of two equal keys, some the last, and some match case-insensitively (Go's
/// `encoding/json`: Unicode simple folding, so `ſ` U+017F is an `s` and `K` U+212A a `k`). What such a
/// document says depends on who reads it. Keys are compared decoded (`"mess\u0061ges"` is `messages`). The
/// `known` names are ASCII.
pub fn twin<'a>(object: Value<'a>, known: &[&str]) -> Option<Value<'a>> {
    object
        .members()
        .map(|(key, _)| key)
        .find(|key| is_twin(object, *key, known))
}

fn is_twin(object: Value<'_>, key: Value<'_>, known: &[&str]) -> bool {
    match known.iter().find(|name| key.eq_text(name)) {
        Some(name) => object
            .members()
            .take_while(|(earlier, _)| earlier.id() < key.id())
            .any(|(k, _)| k.eq_text(name)),
        None => known.iter().any(|name| folds_to(key, name)),
    }
}

fn folds_to(key: Value<'_>, name: &str) -> bool {
    // Folding shortens a character by two bytes at most and never lengthens one.
    if key.kind() != Kind::Key || key.decoded_len() < name.len() || key.decoded_len() > name.len() * 3 {
        return false;
    }
    let Some(text) = key.text() else { return false };
    text.chars().map(fold).eq(name.chars().map(fold))
}

/// Unicode simple case folding as far as it leads to ASCII.
fn fold(char: char) -> char {
    match char {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        _ => char.to_ascii_lowercase(),
    }
}
