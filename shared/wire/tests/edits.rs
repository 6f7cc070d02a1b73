//! Edits by span: what they change, what they leave, what they refuse.
#![cfg(test)]

use std::ops::Range;

use penstock_wire::{EditError, JsonEdits, Limits, NodeId, Tape, Value};

fn parsed(bytes: &[u8]) -> Tape {
    let mut tape = Tape::new();
    let parsed = tape.parse(bytes, &Limits::default());
    assert_eq!(parsed, Ok(()), "{}", String::from_utf8_lossy(bytes));
    tape
}

type Find<'f> = &'f dyn Fn(&str) -> NodeId;
type Record<'r> = &'r dyn Fn(Find<'_>, &mut JsonEdits);

/// The document after edits that `record` makes with the nodes found by pointer.
fn edited(text: &str, record: impl FnOnce(Find<'_>, &mut JsonEdits)) -> Result<String, EditError> {
    let tape = parsed(text.as_bytes());
    let json = tape.view(text.as_bytes());
    let mut edits = JsonEdits::new();
    // A pointer that ends in `#` means the key.
    let find = |pointer: &str| match pointer.strip_suffix('#') {
        Some(pointer) => json.root().pointer(pointer).and_then(Value::key).unwrap().id(),
        None => json.root().pointer(pointer).unwrap().id(),
    };
    record(&find, &mut edits);
    edits.apply(json).map(|bytes| String::from_utf8(bytes).unwrap())
}

#[test]
fn no_edit_changes_nothing() {
    assert!(JsonEdits::new().is_empty());
    assert_eq!(
        edited(" { \"a\" : [ ] } ", |_, _| ()).unwrap(),
        " { \"a\" : [ ] } "
    );
}

#[test]
fn replaces_values_and_keys() {
    let text = r#"{ "a": 1.0, "b": [true, "x"] }"#;
    let replaced = edited(text, |at, edits| {
        edits.replace(at("/b/1"), "{\"c\":null}");
        edits.replace(at("/a"), "\"é\"");
        edits.replace(at("/a#"), "\"A\"");
    });
    assert_eq!(replaced.unwrap(), r#"{ "A": "é", "b": [true, {"c":null}] }"#);
    assert_eq!(
        edited(text, |at, edits| edits.replace(at(""), " [] ")).unwrap(),
        " [] "
    );
}

#[test]
fn replaces_decoded_text_and_leaves_the_escapes_around_it() {
    let text = r#"{"k\u0065y":"\u0061b\n\ud83d\ude00é tail"}"#;
    let with =
        |range: Range<usize>, new: &str| edited(text, |at, edits| edits.replace_text(at("/key"), range, new));
    assert_eq!(
        with(1..2, "\"").unwrap(),
        r#"{"k\u0065y":"\u0061\"\n\ud83d\ude00é tail"}"#
    );
    assert_eq!(with(0..1, "").unwrap(), r#"{"k\u0065y":"b\n\ud83d\ude00é tail"}"#);
    assert_eq!(with(3..7, ":)").unwrap(), r#"{"k\u0065y":"\u0061b\n:)é tail"}"#);
    assert_eq!(
        with(14..14, "!\0").unwrap(),
        r#"{"k\u0065y":"\u0061b\n\ud83d\ude00é tail!\u0000"}"#
    );
    assert_eq!(with(0..14, "").unwrap(), r#"{"k\u0065y":""}"#);
    for bad in [4..5, 3..5, 8..9, 0..15, 15..15, Range { start: 2, end: 1 }] {
        assert!(
            matches!(with(bad.clone(), "x"), Err(EditError::BadRange(_))),
            "{bad:?}"
        );
    }
    let several = edited(text, |at, edits| {
        edits.replace_text(at("/key"), 9..10, "_");
        edits.replace_text(at("/key"), 2..2, "1");
        edits.replace_text(at("/key"), 0..2, "AB");
        edits.replace_text(at("/key"), 2..2, "2");
        edits.replace_text(at("/key#"), 1..2, "E");
    });
    assert_eq!(several.unwrap(), r#"{"kEy":"AB12\n\ud83d\ude00é_tail"}"#);
}

#[test]
fn inserts_and_removes_members() {
    let text = r#"{ "a" : 1 , "b" : { } , "c" : [ ] }"#;
    let change = |removed: &[&str], inserted: &[&str]| {
        edited(text, |at, edits| {
            removed
                .iter()
                .for_each(|pointer| edits.remove_member(at(pointer)));
            inserted
                .iter()
                .for_each(|key| edits.insert_member(at(""), key, "0"));
        })
        .unwrap()
    };
    assert_eq!(change(&["/a#"], &[]), r#"{ "b" : { } , "c" : [ ] }"#);
    assert_eq!(change(&["/b#", "/b#"], &[]), r#"{ "a" : 1 , "c" : [ ] }"#);
    assert_eq!(change(&["/c#"], &[]), r#"{ "a" : 1 , "b" : { } }"#);
    assert_eq!(change(&["/c#", "/a#"], &[]), r#"{ "b" : { } }"#);
    assert_eq!(change(&["/c#", "/a#", "/b#"], &[]), r#"{  }"#);
    assert_eq!(change(&["/c#", "/a#", "/b#"], &["x", "y"]), r#"{ "x":0,"y":0 }"#);
    assert_eq!(change(&["/c#"], &["x"]), r#"{ "a" : 1 , "b" : { },"x":0 }"#);
    assert_eq!(
        change(&[], &["x", "q\""]),
        r#"{ "a" : 1 , "b" : { } , "c" : [ ],"x":0,"q\"":0 }"#
    );
    assert_eq!(change(&["/a#"], &["a"]), r#"{ "b" : { } , "c" : [ ],"a":0 }"#);
    assert_eq!(
        edited(text, |at, edits| edits.insert_member(at("/b"), "x", "1")).unwrap(),
        text.replace("{ }", r#"{"x":1 }"#)
    );
}

#[test]
fn removes_items() {
    let text = "[ 1 , [ 2 ] , 3 ]";
    let remove = |items: &[&str]| {
        edited(text, |at, edits| {
            items.iter().for_each(|item| edits.remove_item(at(item)))
        })
        .unwrap()
    };
    assert_eq!(remove(&["/0"]), "[ [ 2 ] , 3 ]");
    assert_eq!(remove(&["/1"]), "[ 1 , 3 ]");
    assert_eq!(remove(&["/2", "/1"]), "[ 1 ]");
    assert_eq!(remove(&["/0", "/1"]), "[ 3 ]");
    assert_eq!(remove(&["/0", "/1", "/2"]), "[  ]");
    assert_eq!(remove(&["/1/0"]), "[ 1 , [  ] , 3 ]");
}

#[test]
fn refuses_what_would_break_the_document() {
    let text = r#"{"a":"text","b":[1,{"c":2}]}"#;
    let error = |record: Record<'_>| edited(text, record).unwrap_err();
    for raw in ["", "1,2", "{", "nul", "\"\\ud800\"", "1 \"x\":"] {
        assert!(
            matches!(
                error(&|at, edits| edits.replace(at("/a"), raw)),
                EditError::InvalidJson(_)
            ),
            "{raw}"
        );
        assert!(matches!(
            error(&|at, edits| edits.insert_member(at(""), "x", raw)),
            EditError::InvalidJson(_)
        ));
    }
    assert!(matches!(
        error(&|at, edits| edits.replace(at("/a#"), "1")),
        EditError::InvalidJson(_)
    ));
    assert!(matches!(
        error(&|at, edits| edits.insert_member(at(""), "a", "1")),
        EditError::DuplicateKey(_)
    ));
    let twice = |at: Find<'_>, edits: &mut JsonEdits| {
        edits.insert_member(at(""), "x", "1");
        edits.insert_member(at(""), "x", "1");
    };
    assert!(matches!(error(&twice), EditError::DuplicateKey(_)));
    let wrong: [Record<'_>; 7] = [
        &|at, edits| edits.replace_text(at("/b"), 0..0, "x"),
        &|at, edits| edits.insert_member(at("/b"), "x", "1"),
        &|at, edits| edits.remove_member(at("/a")),
        &|at, edits| edits.remove_member(at("/b/0")),
        &|at, edits| edits.remove_item(at("/a#")),
        &|at, edits| edits.remove_item(at("/a")),
        &|at, edits| edits.remove_item(at("")),
    ];
    for record in wrong {
        assert!(matches!(error(record), EditError::WrongKind(_)));
    }
    let conflicts: [Record<'_>; 6] = [
        &|at, edits| (edits.replace(at("/b"), "1"), edits.replace(at("/b/0"), "2")).0,
        &|at, edits| (edits.replace(at("/a"), "1"), edits.replace(at("/a"), "1")).0,
        &|at, edits| {
            (
                edits.remove_member(at("/b#")),
                edits.insert_member(at("/b/1"), "d", "1"),
            )
                .0
        },
        &|at, edits| {
            (
                edits.replace_text(at("/a"), 0..2, "1"),
                edits.replace_text(at("/a"), 1..3, "1"),
            )
                .0
        },
        &|at, edits| {
            (
                edits.replace_text(at("/a"), 0..2, "1"),
                edits.replace(at("/a"), "1"),
            )
                .0
        },
        &|at, edits| {
            (
                edits.replace_text(at("/a"), 0..2, "1"),
                edits.remove_member(at("/a#")),
            )
                .0
        },
    ];
    for record in conflicts {
        assert!(matches!(error(record), EditError::Conflict { .. }));
    }
    let other = parsed(b"[[[[]]]]");
    let foreign = other.view(b"[[[[]]]]").nodes().last().unwrap().id();
    let mut edits = JsonEdits::new();
    edits.remove_item(foreign);
    assert_eq!(
        edits.apply(parsed(b"[1]").view(b"[1]")),
        Err(EditError::UnknownNode(foreign))
    );
}
