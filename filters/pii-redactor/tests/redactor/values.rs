//! Texts with values that are found between words that are hard to tell from placeholders.

use proptest::prelude::*;
use serde_json::{Value, json};

/// What the rules of [`CONFIG`] find. The upstream must see none of it.
pub(crate) const VALUES: [&str; 16] = [
    "ana@corp.test",
    "bob.o'neill@mail.corp.test",
    "4111 1111 1111 1111",
    "5555555555554444",
    "DE89 3704 0044 0532 0130 00",
    "93.184.216.34",
    r#"Projekt "Öl""#,
    r"C:\Users\ana",
    "秘密\n計画",
    "🦀&Söhne",
    "o\"\\\"x",
    "line one\r\nline\ttwo",
    AWS_KEY,
    TOKEN,
    PRIVATE_KEY,
    "postgres://app:Zt81qQpLm2@db.corp.test:5432/main",
];

// Made up, and in pieces: no scanner of repositories shall take them for a leak.
pub(crate) const AWS_KEY: &str = concat!("AKIA", "Q3EGRT7PW2LXV5NH");
pub(crate) const TOKEN: &str = concat!(
    "eyJhbGciOiJIUzI1NiJ9.",
    "eyJzdWIiOiIxMjM0NTY3ODkwIn0.",
    "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
);
pub(crate) const PRIVATE_KEY: &str = concat!(
    "-----BEGIN ",
    "PRIVATE KEY-----\n",
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKB\n",
    "q3MzGm8wQ1n0vYkz7T5Xc2LhR9dPfUjWaE4sBoNiMxZyCtVqGgHbKlDpOeIuYrFw\n",
    "Sxw1bCmPq0vN8tYjK4hGd6fRsL2aZ9XeUoWiQyTcBnMlVpHgDkFrJsEuIaOzCxVb\n",
    "-----END ",
    "PRIVATE KEY-----"
);

/// Rules of the user for values that JSON has to escape.
pub(crate) const CUSTOM: &str = r#""custom": [{"entity": "CODE_NAME", "literals": ["Projekt \"Öl\"", "C:\\Users\\ana", "秘密\n計画", "🦀&Söhne", "o\"\\\"x", "line one\r\nline\ttwo"]}]"#;

/// Words between the values: signs that stand around values, names of placeholders, halves of them.
const WORDS: [&str; 36] = [
    "hello",
    "と言った",
    "、",
    "\\",
    "\"",
    "[",
    "]",
    "\\[",
    "\\]",
    "[EMAIL_1]",
    "email_2",
    "\\[EMAIL\\_1\\]",
    "{",
    "}",
    "\n",
    "\nEMAIL_1",
    "\tCODE_NAME_1",
    "E",
    "EMAIL_",
    "[CODE_NAME_",
    "_",
    "👩‍💻",
    "［",
    "］",
    "CODE_NAME_1",
    "[[",
    "**",
    "`",
    "<",
    "mailto:",
    "/",
    "[CARD_1",
    "【EMAIL_1】",
    "u005b",
    "CARD",
    ":",
];

fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&WORDS[..])
}

/// A value between blanks: what stands next to it must not make it another.
fn value() -> impl Strategy<Value = String> {
    let edge = prop::sample::select(&[" ", "「", "\"", "\\", "(", "\n", "[", "["][..]);
    let end = prop::sample::select(&[" ", "」", "\"", "\\", ")", "\n", "]", ", "][..]);
    (edge, prop::sample::select(&VALUES[..]), end)
        .prop_map(|(edge, value, end)| format!(" {edge}{value}{end} "))
}

/// A text with values in it.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![3 => word().prop_map(str::to_owned), 1 => Just(" ".to_owned()), 3 => value()];
    prop::collection::vec(part, 1..12).prop_map(|parts| parts.concat())
}

/// Arguments with values in texts, keys and numbers.
pub(crate) fn arguments() -> impl Strategy<Value = Value> {
    let number = prop::sample::select(&[4_111_111_111_111_111_u64, 5_555_555_555_554_444, 7, 12_345][..]);
    let key = prop::sample::select(&VALUES[..]);
    (text(), text(), key, number).prop_map(|(a, b, key, number)| {
        json!({"a": a, "card": number, "list": [number, b, {"card": [number]}], "as text": number.to_string(), key: "k"})
    })
}
