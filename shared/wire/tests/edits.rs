//! Edits by span against edits of a tree.
#![cfg(test)]

use std::ops::Range;

use penstock_wire::{EditError, Json, JsonEdits, Kind, Limits, NodeId, Tape, Value};
use proptest::prelude::*;

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

/// A document as a tree, edited the plain way. Scalars keep their bytes.
#[derive(Clone, Debug, PartialEq)]
enum Tree {
    Scalar(String),
    /// A string that was edited: only its text counts.
    Text(String),
    Array(Vec<Tree>),
    Object(Vec<(Tree, Tree)>),
}

impl Tree {
    fn of(value: Value<'_>) -> Self {
        match value.kind() {
            Kind::Array => Self::Array(value.items().map(Self::of).collect()),
            Kind::Object => Self::Object(
                value
                    .members()
                    .map(|(key, value)| (Self::of(key), Self::of(value)))
                    .collect(),
            ),
            Kind::Null | Kind::Bool | Kind::Number | Kind::String | Kind::Key => {
                Self::Scalar(value.raw().to_owned())
            }
        }
    }

    /// Whether this is what was expected; an expected text may be written in any way.
    fn is(&self, expected: &Self) -> bool {
        match (self, expected) {
            (Self::Scalar(raw), Self::Text(text)) => {
                serde_json::from_str::<String>(raw).is_ok_and(|read| read == *text)
            }
            (Self::Array(items), Self::Array(others)) => {
                items.len() == others.len() && items.iter().zip(others).all(|(item, other)| item.is(other))
            }
            (Self::Object(members), Self::Object(others)) => {
                let same = |((key, value), (k, v)): (&(Self, Self), &(Self, Self))| key.is(k) && value.is(v);
                members.len() == others.len() && members.iter().zip(others).all(same)
            }
            _ => self == expected,
        }
    }
}

/// Decides for each node what is done to it, and does it both ways.
struct Editor<'d> {
    decisions: &'d mut dyn FnMut() -> u8,
    edits: JsonEdits,
}

impl Editor<'_> {
    fn often(&mut self) -> bool {
        (self.decisions)().is_multiple_of(3)
    }

    fn value(&mut self, value: Value<'_>) -> Tree {
        match (value.kind(), (self.decisions)() % 8) {
            (_, 0) => {
                self.edits.replace(value.id(), "[\"new\"]");
                Tree::Array(vec![Tree::Scalar("\"new\"".into())])
            }
            (Kind::String | Kind::Key, _) => self.text(value),
            (Kind::Array, _) => self.items(value),
            (Kind::Object, _) => self.members(value),
            (Kind::Null | Kind::Bool | Kind::Number, _) => Tree::of(value),
        }
    }

    fn text(&mut self, value: Value<'_>) -> Tree {
        let before = value.text().unwrap();
        let places: Vec<usize> = before
            .char_indices()
            .map(|(at, _)| at)
            .chain([before.len()])
            .collect();
        let (mut after, mut kept, mut at) = (String::new(), 0, 0);
        for _ in 0..(self.decisions)() % 5 {
            if at >= places.len() {
                break;
            }
            let end = (at + usize::from((self.decisions)() % 3)).min(places.len() - 1);
            let new = ["", "x", "\"\n", "😀é"][usize::from((self.decisions)() % 4)];
            self.edits.replace_text(value.id(), places[at]..places[end], new);
            after.push_str(before.get(kept..places[at]).unwrap());
            after.push_str(new);
            kept = places[end];
            at = end + usize::from((self.decisions)() % 3);
        }
        if after.is_empty() && kept == 0 {
            return Tree::of(value);
        }
        after.push_str(before.get(kept..).unwrap());
        Tree::Text(after)
    }

    fn items(&mut self, array: Value<'_>) -> Tree {
        let mut items = Vec::new();
        for item in array.items() {
            if self.often() {
                self.edits.remove_item(item.id());
            } else {
                items.push(self.value(item));
            }
        }
        Tree::Array(items)
    }

    fn members(&mut self, object: Value<'_>) -> Tree {
        let mut members = Vec::new();
        for (key, value) in object.members() {
            if self.often() {
                self.edits.remove_member(key.id());
            } else {
                members.push((self.text(key), self.value(value)));
            }
        }
        for i in 0..(self.decisions)() % 3 {
            let key = format!("new \"{i}");
            self.edits.insert_member(object.id(), &key, " 1e999");
            members.push((Tree::Text(key), Tree::Scalar("1e999".into())));
        }
        Tree::Object(members)
    }
}

/// A document with white space and escapes in it.
fn document() -> impl Strategy<Value = String> {
    let string = r#"([a-c]|é|😀|\\n|\\"|\\u00e9|\\ud83d\\ude00){0,6}"#
        .prop_map(|inner: String| format!("\"{inner}\""));
    let scalar = prop_oneof![
        string.clone(),
        prop::sample::select(vec!["null", "true", "1.50", "-0", "1e999"]).prop_map(str::to_owned)
    ];
    let space = || "[ \n]{0,2}";
    scalar.prop_recursive(4, 40, 6, move |inner| {
        let item =
            (space(), inner.clone(), space()).prop_map(|(left, item, right)| format!("{left}{item}{right}"));
        let member = (string.clone(), space(), inner)
            .prop_map(|(key, space, value)| format!("{space}{key}{space}:{space}{value}{space}"));
        prop_oneof![
            (prop::collection::vec(item, 0..6), space())
                .prop_map(|(items, space)| format!("[{space}{}]", items.join(","))),
            (prop::collection::vec(member, 0..6), space())
                .prop_map(|(members, space)| format!("{{{space}{}}}", members.join(","))),
        ]
    })
}

fn any_edit(json: Json<'_>, edits: &mut JsonEdits, (what, node, place): (u8, prop::sample::Index, u8)) {
    let node = json.nodes().nth(node.index(json.len_nodes())).unwrap().id();
    let place = usize::from(place % 8);
    match what % 5 {
        0 => edits.replace(node, ["1", "\"x\"", "{}", "[", "1 2"][place % 5]),
        1 => edits.replace_text(node, place / 2..place, "\"\\"),
        2 => edits.insert_member(node, ["a", "b", "é", ""][place % 4], ["2", "{}", "}"][place % 3]),
        3 => edits.remove_member(node),
        _ => edits.remove_item(node),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn edits_by_span_do_what_edits_of_the_tree_do(text in document(), decisions in prop::collection::vec(any::<u8>(), 1..64)) {
        let tape = parsed(text.as_bytes());
        let json = tape.view(text.as_bytes());
        let mut stream = decisions.iter().copied().cycle();
        let mut editor = Editor { decisions: &mut || stream.next().unwrap_or_default(), edits: JsonEdits::new() };
        let expected = editor.value(json.root());
        let bytes = editor.edits.apply(json).unwrap();
        if editor.edits.is_empty() {
            prop_assert_eq!(&bytes, text.as_bytes());
        }
        let again = parsed(&bytes);
        let result = Tree::of(again.view(&bytes).root());
        prop_assert!(result.is(&expected), "{} became {}, not {expected:?}", text, String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_edits_give_a_document_or_an_error(
        text in document(),
        changes in prop::collection::vec((any::<u8>(), any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let tape = parsed(text.as_bytes());
        let json = tape.view(text.as_bytes());
        let mut edits = JsonEdits::new();
        changes.into_iter().for_each(|change| any_edit(json, &mut edits, change));
        if let Ok(bytes) = edits.apply(json) {
            parsed(&bytes);
        }
    }
}
