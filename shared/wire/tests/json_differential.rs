//! The tape against serde_json, on documents, broken documents and what was never one.
#![cfg(test)]

use penstock_wire::{JsonErrorKind, Kind, Limits, Tape, Value, write_string};
use proptest::prelude::*;
use serde_json::Value as Serde;

/// As deep as serde_json goes.
const LIMITS: Limits = Limits {
    max_bytes: 1 << 20,
    max_depth: 127,
    max_nodes: 100_000,
};

fn defect(bytes: &[u8]) -> Option<JsonErrorKind> {
    Tape::new().parse(bytes, &LIMITS).err().map(|error| error.kind)
}

/// What serde_json would have made of the value.
fn to_serde(value: Value<'_>) -> Serde {
    match value.kind() {
        Kind::Null => Serde::Null,
        Kind::Bool => value.as_bool().unwrap().into(),
        Kind::Number => Serde::Number(serde_json::from_str(value.number_raw()).unwrap()),
        Kind::String | Kind::Key => value.text().unwrap().into_owned().into(),
        Kind::Array => value.items().map(to_serde).collect(),
        Kind::Object => value
            .members()
            .map(|(key, value)| (key.text().unwrap().into_owned(), to_serde(value)))
            .collect(),
    }
}

/// The one known difference: a number too large for f64 is JSON, but serde_json cannot hold it.
fn is_out_of_range(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("number out of range")
}

fn agree(bytes: &[u8]) {
    let mut tape = Tape::new();
    let ours = tape.parse(bytes, &LIMITS);
    match serde_json::from_slice::<Serde>(bytes) {
        Ok(theirs) => {
            assert_eq!(
                ours,
                Ok(()),
                "serde_json accepts {:?}",
                String::from_utf8_lossy(bytes)
            );
            let root = tape.view(bytes).root();
            assert_eq!(to_serde(root), theirs);
            consistent(root);
        }
        Err(error) if is_out_of_range(&error) => {}
        Err(error) => {
            assert!(
                ours.is_err(),
                "serde_json: {error}: {:?}",
                String::from_utf8_lossy(bytes)
            );
            assert!(ours.unwrap_err().offset <= bytes.len());
        }
    }
}

/// The different ways to ask give the same answers.
fn consistent(root: Value<'_>) {
    for value in root.json().nodes() {
        assert_eq!(root.json().value(value.id()).span(), value.span());
        match value.kind() {
            Kind::Array => assert!(
                value
                    .items()
                    .all(|item| item.parent().unwrap().id() == value.id())
            ),
            Kind::Object => {
                for (key, member) in value.members() {
                    assert_eq!(key.parent().unwrap().id(), value.id());
                    assert_eq!(member.key().unwrap().id(), key.id());
                }
            }
            Kind::String | Kind::Key => {
                let text = value.text().unwrap();
                assert_eq!(text.len(), value.decoded_len());
                assert!(value.eq_text(&text));
                assert!(!value.eq_text(&format!("{text}x")));
                assert_eq!(matches!(text, std::borrow::Cow::Owned(_)), value.has_escape());
            }
            Kind::Number => {
                let theirs: serde_json::Number = serde_json::from_str(value.number_raw()).unwrap();
                assert!(theirs.is_f64() || theirs.as_u64() == value.as_u64());
                assert!(theirs.is_f64() || theirs.as_i64() == value.as_i64());
                // Not serde_json's f64, which may be off by one in the last place.
                let float: f64 = value.number_raw().parse().unwrap();
                assert!(value.as_u64().is_none_or(|exact| exact as f64 == float));
                assert!(value.as_i64().is_none_or(|exact| exact as f64 == float));
            }
            Kind::Null | Kind::Bool => assert_eq!(value.text(), None),
        }
    }
}

/// Pieces of which hostile documents are made.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let token = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\"a\":",
        "{\"a\":",
        "\\",
        "\\u",
        "\\ud83d",
        "\\ude00",
        "\\n",
        "\"\\u0061\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud800\"",
        "1",
        "0",
        "-",
        "1e9",
        "1e999",
        ".5",
        "E+",
        "true",
        "false",
        "null",
        "nul",
        " ",
        "\n",
        "\r",
        "\t",
        "\0",
        "\u{1f}",
        "é",
        "😀",
        "\u{feff}",
        "\u{17f}",
        "[[[[[[[[",
        "]]]]]]]]",
        "\"abcdefghijk\"",
    ]);
    let piece = prop_oneof![
        8 => token.prop_map(|token| token.as_bytes().to_vec()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn document() -> impl Strategy<Value = Serde> {
    let scalar = prop_oneof![
        Just(Serde::Null),
        any::<bool>().prop_map(Serde::from),
        any::<i64>().prop_map(Serde::from),
        any::<u64>().prop_map(Serde::from),
        any::<f64>().prop_map(Serde::from),
        any::<String>().prop_map(Serde::from),
        "[a-z\"\\\\\\n]{0,20}".prop_map(Serde::from),
    ];
    scalar.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Serde::from),
            prop::collection::btree_map("[a-c\"é]{0,3}", inner, 0..8)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn agrees_with_serde_json_on_soup(bytes in soup()) {
        agree(&bytes);
        agree(&[b"[\"", &bytes[..], b"\"]"].concat());
        agree(&[b"{\"a\":", &bytes[..], b"}"].concat());
    }

    #[test]
    fn agrees_with_serde_json_on_documents(
        document in document(),
        pretty in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let text = if pretty { serde_json::to_vec_pretty(&document) } else { serde_json::to_vec(&document) };
        let mut bytes = text.unwrap();
        agree(&bytes);
        let end = cut.index(bytes.len());
        let kind = defect(&bytes[..end]);
        // Cut short, a document is truncated, but for numbers, and never taken for something else.
        prop_assert!(kind.is_none() || kind == Some(JsonErrorKind::Truncated), "{kind:?}");
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        agree(&bytes);
    }

    #[test]
    fn written_strings_read_back(text in any::<String>()) {
        let mut out = Vec::new();
        write_string(&mut out, &text);
        prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text.clone());
        let mut tape = Tape::new();
        tape.parse(&out, &LIMITS).unwrap();
        prop_assert_eq!(tape.view(&out).root().text().unwrap(), text);
    }
}
