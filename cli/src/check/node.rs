//! YAML and JSON documents as trees that know their lines.

use super::scalar::{Reader, is_null, resolve};
use penstock_wire::{Limits, Tape, write_string};

/// Bounds of a file.
pub(super) const LIMITS: Limits = Limits {
    max_bytes: 64 << 20,
    max_depth: MAX_DEPTH,
    max_nodes: 2_000_000,
};
/// Deepest nesting.
pub(super) const MAX_DEPTH: usize = 200;

/// A value, and the line on which it begins.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// A number as it is written in JSON.
    Number(String),
    /// A scalar without quotes: who reads it decides what it is.
    Plain(String),
    Text {
        text: String,
        /// The text keeps its line ends (a `|` block), so lines in it can be counted.
        block: bool,
    },
    List(Vec<Node>),
    Map(Vec<Member>),
}

#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) key: String,
    pub(super) line: usize,
    pub(super) node: Node,
}

impl Node {
    /// The member of that `snake_case` name, or of its `camelCase`: protobuf's JSON takes both.
    pub(super) fn field(&self, name: &str) -> Option<&Node> {
        self.members()
            .iter()
            .find(|member| is_field(&member.key, name))
            .map(|member| &member.node)
    }

    /// As [`field`](Self::field), some steps down.
    pub(super) fn at(&self, names: &[&str]) -> Option<&Node> {
        names.iter().try_fold(self, |node, name| node.field(name))
    }

    /// The members of a map.
    pub(super) fn members(&self) -> &[Member] {
        match &self.value {
            Value::Map(members) => members,
            _ => &[],
        }
    }

    /// The items of a list.
    pub(super) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// A scalar as text.
    pub(super) fn text(&self) -> &str {
        match &self.value {
            Value::Text { text, .. } | Value::Plain(text) | Value::Number(text) => text,
            Value::Bool(true) => "true",
            Value::Bool(false) => "false",
            Value::Null | Value::List(_) | Value::Map(_) => "",
        }
    }

    /// A truth value, as `reader` takes it.
    pub(super) fn is_true(&self, reader: Reader) -> bool {
        match &self.value {
            Value::Bool(truth) => *truth,
            Value::Plain(text) => resolve(text, reader) == "true",
            _ => false,
        }
    }

    /// Whether there is nothing in it.
    pub(super) fn is_null(&self) -> bool {
        match &self.value {
            Value::Null => true,
            Value::Plain(text) => is_null(text),
            _ => false,
        }
    }

    /// The node as JSON, as `reader` would hand it on.
    pub(super) fn json(&self, reader: Reader) -> String {
        let mut out = Vec::new();
        self.write(reader, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    fn write(&self, reader: Reader, out: &mut Vec<u8>) {
        match &self.value {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Bool(true) => out.extend_from_slice(b"true"),
            Value::Bool(false) => out.extend_from_slice(b"false"),
            Value::Number(number) => out.extend_from_slice(number.as_bytes()),
            Value::Plain(text) => out.extend_from_slice(resolve(text, reader).as_bytes()),
            Value::Text { text, .. } => write_string(out, text),
            Value::List(items) => {
                out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    item.write(reader, out);
                }
                out.push(b']');
            }
            Value::Map(members) => {
                out.push(b'{');
                for (index, member) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    write_string(out, &member.key);
                    out.push(b':');
                    member.node.write(reader, out);
                }
                out.push(b'}');
            }
        }
    }

    /// A JSON document; `None` when it is none.
    pub(super) fn from_json(text: &str) -> Option<Self> {
        let mut tape = Tape::new();
        tape.parse(text.as_bytes(), &LIMITS).ok()?;
        let mut lines = Lines { text, at: 0, line: 1 };
        Some(lines.node(tape.view(text.as_bytes()).root()))
    }
}

/// Counts lines on a walk from front to back.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    fn node(&mut self, json: penstock_wire::Value<'_>) -> Node {
        use penstock_wire::Kind;
        let line = self.line_of(json.span().start);
        let value = match json.kind() {
            Kind::Null => Value::Null,
            Kind::Bool => Value::Bool(json.as_bool() == Some(true)),
            Kind::Number => Value::Number(json.number_raw().to_owned()),
            Kind::String | Kind::Key => Value::Text {
                text: json.text().unwrap_or_default().into_owned(),
                block: false,
            },
            Kind::Array => Value::List(json.items().map(|item| self.node(item)).collect()),
            Kind::Object => Value::Map(
                json.members()
                    .map(|(key, value)| self.member(key, value))
                    .collect(),
            ),
        };
        Node { line, value }
    }

    fn member(&mut self, key: penstock_wire::Value<'_>, value: penstock_wire::Value<'_>) -> Member {
        Member {
            line: self.line_of(key.span().start),
            key: key.text().unwrap_or_default().into_owned(),
            node: self.node(value),
        }
    }

    fn line_of(&mut self, offset: usize) -> usize {
        let between = self.text.as_bytes().get(self.at..offset).unwrap_or_default();
        self.line += between.iter().filter(|byte| **byte == b'\n').count();
        self.at = self.at.max(offset);
        self.line
    }
}

/// Whether `key` is the field `name`, in either spelling.
pub(super) fn is_field(key: &str, name: &str) -> bool {
    key == name || (name.contains('_') && key == camel(name))
}

/// `snake_case` as `camelCase`.
pub(super) fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |camel, word| {
        let mut letters = word.chars();
        let head = letters.next().map(|letter| letter.to_ascii_uppercase());
        camel + &head.into_iter().chain(letters).collect::<String>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_in_either_spelling() {
        assert!(is_field("vm_config", "vm_config") && is_field("vmConfig", "vm_config"));
        assert!(is_field(
            "allowOnHeadersStopIteration",
            "allow_on_headers_stop_iteration"
        ));
        assert!(!is_field("VmConfig", "vm_config"));
    }

    #[test]
    fn json_knows_its_lines() {
        let node = Node::from_json("{\n \"a\": [1,\n  {\"b\": null}]\n}").unwrap();
        let list = node.field("a").unwrap();
        assert_eq!((list.line, list.items()[1].line), (2, 3));
        assert_eq!(node.json(Reader::Envoy), "{\"a\":[1,{\"b\":null}]}");
    }
}
