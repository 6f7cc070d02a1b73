//! What scalars without quotes are, to whom. Envoy's reading was seen in the config dump of 1.40.0.

use penstock_wire::write_string;

/// Who turns plain scalars into JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// Envoy, reading YAML: a fraction and a number beyond 32 bits become strings in a `Struct`.
    Envoy,
    /// Kubernetes, and everyone else.
    Kubernetes,
}

/// Whether a plain scalar is none.
pub(super) fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// A plain scalar as JSON.
pub(super) fn resolve(text: &str, reader: Reader) -> String {
    const TRUE: &[&str] = &["true", "yes", "on", "y"];
    const FALSE: &[&str] = &["false", "no", "off", "n"];
    let is_one_of = |words: &[&str]| words.iter().any(|word| spells(text, word));
    if is_null(text) {
        return "null".to_owned();
    }
    if is_one_of(TRUE) {
        return "true".to_owned();
    }
    if is_one_of(FALSE) {
        return "false".to_owned();
    }
    let octal = text.contains("0o") && reader == Reader::Envoy;
    let number = match (integer(text).filter(|_| !octal), reader) {
        (Some(number), Reader::Envoy) => i32::try_from(number).is_ok().then(|| number.to_string()),
        (Some(number), Reader::Kubernetes) => Some(number.to_string()),
        (None, Reader::Envoy) => None,
        (None, Reader::Kubernetes) => fraction(text),
    };
    number.unwrap_or_else(|| {
        let mut out = Vec::new();
        let number = integer(text).filter(|_| !octal);
        let text = number.map_or_else(|| text.to_owned(), |number| number.to_string());
        write_string(&mut out, &text);
        String::from_utf8(out).unwrap_or_default()
    })
}

/// A text as YAML: without quotes where every reader takes it for a text.
pub(crate) fn written(text: &str) -> String {
    let mut quoted = Vec::new();
    write_string(&mut quoted, text);
    let quoted = String::from_utf8(quoted).unwrap_or_default();
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'));
    if is_word && resolve(text, Reader::Kubernetes) == quoted {
        text.to_owned()
    } else {
        quoted
    }
}

/// `word` in small letters, in capitals, or with one capital.
fn spells(text: &str, word: &str) -> bool {
    let small = text
        .strip_prefix(|first: char| first.is_ascii_uppercase())
        .unwrap_or(text);
    text.eq_ignore_ascii_case(word)
        && (text == text.to_ascii_uppercase() || small.bytes().all(|byte| byte.is_ascii_lowercase()))
}

/// Decimal, hexadecimal with `0x`, octal with `0` or `0o`.
fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0o")) {
        Some(hex) if digits.starts_with("0x") => (16, hex),
        Some(octal) => (8, octal),
        None if digits.len() > 1 && digits.starts_with('0') => (8, digits),
        None => (10, digits),
    };
    let known = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let number = i64::from_str_radix(digits, radix).ok().filter(|_| known)?;
    number.checked_mul(sign)
}

/// A float as JSON.
fn fraction(text: &str) -> Option<String> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let known = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'-' | b'+'));
    let number: f64 = text.parse().ok().filter(|_| known)?;
    number.is_finite().then(|| number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_where_somebody_could_take_them_for_something_else() {
        for plain in ["penstock", "penstock.dev/filters", "e3"] {
            assert_eq!(written(plain), plain);
        }
        for text in [
            "on",
            "No",
            "null",
            "1",
            "0x1",
            "2026-01-01",
            "",
            "a b",
            "a: b",
            "\u{85}",
        ] {
            assert!(written(text).starts_with('"'), "{text:?}");
        }
    }

    #[test]
    fn plain_scalars_are_what_their_reader_makes_of_them() {
        for (text, kubernetes, envoy) in [
            ("~", "null", "null"),
            ("", "null", "null"),
            ("Yes", "true", "true"),
            ("OFF", "false", "false"),
            ("yEs", "\"yEs\"", "\"yEs\""),
            ("12", "12", "12"),
            ("-0x1f", "-31", "-31"),
            ("010", "8", "8"),
            ("0o10", "8", "\"0o10\""),
            ("+5", "5", "5"),
            ("1_000", "\"1_000\"", "\"1_000\""),
            ("4294967296", "4294967296", "\"4294967296\""),
            ("0.25", "0.25", "\"0.25\""),
            ("1e3", "1000", "\"1e3\""),
            (".5", "0.5", "\".5\""),
            ("gpt-4.1", "\"gpt-4.1\"", "\"gpt-4.1\""),
            ("1.2.3", "\"1.2.3\"", "\"1.2.3\""),
            (".inf", "\".inf\"", "\".inf\""),
        ] {
            assert_eq!(resolve(text, Reader::Kubernetes), kubernetes, "{text}");
            assert_eq!(resolve(text, Reader::Envoy), envoy, "{text}");
        }
    }
}
