//! The names of placeholders: `EMAIL_1` in `[EMAIL_1]`.

/// Longest name, in bytes. A stream is held back for no more than this and its brackets.
pub(crate) const MAX_NAME_BYTES: usize = 56;
/// Longest label, in bytes; the rest is for the number or the tag.
const MAX_LABEL_BYTES: usize = 36;

/// What stands for an entity in a name: short for the usual ones, in capitals for all.
pub(crate) fn label(entity: &str) -> String {
    let short = match entity {
        "EMAIL_ADDRESS" => "EMAIL",
        "PHONE_NUMBER" => "PHONE",
        "CREDIT_CARD" => "CARD",
        "IBAN_CODE" => "IBAN",
        "IP_ADDRESS" => "IP",
        "MAC_ADDRESS" => "MAC",
        _ if entity.starts_with("SECRET") => "SECRET",
        other => other,
    };
    let letters = short.bytes().take(MAX_LABEL_BYTES);
    let mut label: String = letters
        .map(|byte| {
            if is_name(byte) {
                byte.to_ascii_uppercase() as char
            } else {
                '_'
            }
        })
        .collect();
    if !label.starts_with(|first: char| first.is_ascii_uppercase()) {
        label.insert(0, 'X');
    }
    label
}

/// Whether a byte may stand in a name, in any case.
pub(crate) fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The label of a name that has the form of one: letters, then a number or a tag behind the last underline.
pub(crate) fn label_of(name: &[u8]) -> Option<&[u8]> {
    let at = name.iter().rposition(|byte| *byte == b'_')?;
    let (label, tag) = (name.get(..at)?, name.get(at + 1..)?);
    let number = !tag.is_empty() && tag.iter().all(u8::is_ascii_digit);
    let hex = tag.len() >= 6 && tag.iter().all(u8::is_ascii_hexdigit);
    let starts = label.first().is_some_and(u8::is_ascii_alphabetic);
    (starts && (number || hex)).then_some(label)
}

/// Adds a hash of every name that stands in a text, in whatever case: these must not be given out again. `json`: it is
/// source text of JSON.
pub(crate) fn names_in(text: &str, json: bool, hashes: &mut Vec<u64>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(|byte| *byte == b'_'))
    {
        let line = at + found;
        let start = begin_of(bytes, line, json);
        let after = bytes.get(line..).unwrap_or_default().iter();
        let end = line
            + after
                .take(MAX_NAME_BYTES)
                .take_while(|byte| is_name(**byte))
                .count();
        let word = bytes.get(start..end).unwrap_or_default();
        if word.last().is_some_and(u8::is_ascii_hexdigit) {
            hashes.push(hash(word));
        }
        at = end;
    }
}

/// Where the name begins to which the underline at `line` belongs. A backslash belongs to it as Markdown's, before an
/// underline.
fn begin_of(bytes: &[u8], line: usize, json: bool) -> usize {
    let before = |at: usize| at.checked_sub(1).and_then(|at| bytes.get(at)).copied();
    let mut start = line;
    while let Some(byte) = before(start).filter(|_| line - start < MAX_NAME_BYTES) {
        let escapes = byte == b'\\' && matches!(bytes.get(start), Some(b'_' | b'\\'));
        let head = bytes.get(..start).unwrap_or_default();
        if !(escapes || is_name(byte)) || (json && ends_in_escape(head)) {
            break;
        }
        start -= 1;
    }
    start
}

/// Whether a piece of JSON ends in an escape such as `\n`, whose letter is none of the text.
pub(crate) fn ends_in_escape<'b>(
    json: impl IntoIterator<Item = &'b u8, IntoIter: DoubleEndedIterator>,
) -> bool {
    let mut back = json.into_iter().rev();
    let letter = back.next().is_some_and(|byte| b"nrtbf".contains(byte));
    letter && back.take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// FNV-1a over the capitals of a name, backslashes left out.
pub(crate) fn hash(name: &[u8]) -> u64 {
    let letters = name.iter().filter(|byte| **byte != b'\\');
    letters.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte.to_ascii_uppercase())).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A hash of a value's letters and digits: a number is the same with other blanks and dashes in it.
pub(crate) fn essence(value: &str) -> u64 {
    let bytes = value
        .bytes()
        .filter(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
    hash(&bytes.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entity_has_a_label() {
        let labels = [
            "EMAIL_ADDRESS",
            "SECRET:github",
            "US_SSN",
            "Kundennr. intern",
            "7x",
        ]
        .map(label);
        assert_eq!(labels, ["EMAIL", "SECRET", "US_SSN", "KUNDENNR__INTERN", "X7X"]);
    }

    #[test]
    fn names_have_a_number_or_a_tag() {
        assert_eq!(label_of(b"EMAIL_12"), Some(&b"EMAIL"[..]));
        assert_eq!(label_of(b"US_SSN_7F3A2C"), Some(&b"US_SSN"[..]));
        for name in ["EMAIL", "EMAIL_", "EMAIL_X1", "_1", "EMAIL_7F3A"] {
            assert_eq!(label_of(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn names_in_a_text_are_known_in_every_form() {
        let mut hashes = Vec::new();
        names_in(
            r"see [EMAIL_1], email_2 and EMAIL\_3 in snake_case",
            false,
            &mut hashes,
        );
        assert_eq!(
            hashes.len(),
            4,
            "the word in snake case ends in a hexadecimal digit"
        );
        for name in ["EMAIL_1", "EMAIL_2", "EMAIL_3"] {
            assert!(hashes.contains(&hash(name.as_bytes())), "{name}");
        }
    }

    #[test]
    fn a_backslash_divides_names_where_it_is_not_markdowns() {
        for (text, json, name) in [
            (r"email_2\CARD_1", false, "CARD_1"),
            (r"a_b\_CARD_1", false, "A_B_CARD_1"),
            (r"\nCARD_1", true, "CARD_1"),
            (r"\nCARD_1", false, "NCARD_1"),
            (r"\\nCARD_1", true, "NCARD_1"),
        ] {
            let mut hashes = Vec::new();
            names_in(text, json, &mut hashes);
            assert!(hashes.contains(&hash(name.as_bytes())), "{name} in {text}");
        }
    }
}
