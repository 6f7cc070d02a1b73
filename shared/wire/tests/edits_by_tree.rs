//! Edits by span against edits of a tree, and edits that nobody would make.
#![cfg(test)]

use penstock_wire::{Json, JsonEdits, Kind, Limits, Tape, Value};
use proptest::prelude::*;

fn parsed(bytes: &[u8]) -> Tape {
    let mut tape = Tape::new();
    let parsed = tape.parse(bytes, &Limits::default());
    assert_eq!(parsed, Ok(()), "{}", String::from_utf8_lossy(bytes));
    tape
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
