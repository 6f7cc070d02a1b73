//! The tape agrees with serde_json about what is JSON and what it says; edits never break a document.
#![no_main]

use libfuzzer_sys::fuzz_target;
use penstock_wire::{Json, JsonEdits, Kind, Limits, Tape, Value};
use serde_json::Value as Serde;

/// As deep as serde_json goes.
const LIMITS: Limits = Limits { max_bytes: 1 << 20, max_depth: 127, max_nodes: 1 << 20 };

fuzz_target!(|input: (&[u8], u32)| {
    let (bytes, choice) = input;
    let mut tape = Tape::new();
    let ours = tape.parse(bytes, &LIMITS);
    match serde_json::from_slice::<Serde>(bytes) {
        Ok(theirs) => {
            assert_eq!(ours, Ok(()));
            assert_eq!(to_serde(tape.view(bytes).root()), theirs);
        }
        // A number that f64 cannot hold is JSON all the same.
        Err(error) if error.to_string().starts_with("number out of range") => {}
        Err(error) => assert!(ours.is_err(), "serde_json: {error}"),
    }
    if ours.is_ok() {
        edit(tape.view(bytes), choice as usize);
    }
});

fn to_serde(value: Value<'_>) -> Serde {
    match value.kind() {
        Kind::Null => Serde::Null,
        Kind::Bool => value.as_bool().expect("a bool").into(),
        Kind::Number => serde_json::from_str(value.number_raw()).expect("a number"),
        Kind::String | Kind::Key => {
            let text = value.text().expect("a text");
            assert!(value.eq_text(&text) && text.len() == value.decoded_len());
            text.into_owned().into()
        }
        Kind::Array => value.items().map(to_serde).collect(),
        Kind::Object => {
            value.members().map(|(key, value)| (key.text().expect("a key").into_owned(), to_serde(value))).collect()
        }
    }
}

/// Makes one edit at a node and checks that it leaves a document.
fn edit(json: Json<'_>, choice: usize) {
    let Some(value) = json.nodes().nth(choice / 8 % json.len_nodes()) else { return };
    let mut edits = JsonEdits::new();
    match choice % 8 {
        0 => edits.replace(value.id(), "\"x\""),
        1 => edits.insert_member(value.id(), "new", "[]"),
        2 => edits.remove_member(value.id()),
        3 => edits.remove_item(value.id()),
        at => edits.replace_text(value.id(), at - 4..value.decoded_len(), "\"\n"),
    }
    let Ok(bytes) = edits.apply(json) else { return };
    let mut tape = Tape::new();
    let parsed = tape.parse(&bytes, &Limits { max_bytes: usize::MAX, ..LIMITS });
    assert_eq!(parsed, Ok(()), "after an edit");
}
