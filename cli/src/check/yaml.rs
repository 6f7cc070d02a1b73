//! YAML as trees.

use super::node::{LIMITS, MAX_DEPTH, Member, Node, Value};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};
use std::collections::HashMap;

/// Why a file is no YAML.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct YamlError {
    pub(super) line: usize,
    pub(super) message: String,
}

/// Every document of a file. Anchors and `<<` are resolved, and what Envoy's `!ignore` marks is left out.
pub(super) fn documents(text: &str) -> Result<Vec<Node>, YamlError> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| YamlError {
            line: error.marker().line(),
            message: error.info().to_owned(),
        })?;
        builder.take(event, &span.start).map_err(|message| YamlError {
            line: span.start.line(),
            message,
        })?;
    }
    Ok(builder.documents)
}

#[derive(Default)]
struct Builder {
    documents: Vec<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
}

/// A list or map whose end has not come.
struct Open {
    line: usize,
    anchor: usize,
    ignored: bool,
    /// Nodes before it.
    nodes_before: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map(Vec<Member>, Option<(String, usize)>),
}

impl Builder {
    fn take(&mut self, event: Event<'_>, at: &Marker) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(&text, style, anchor, tag.as_deref(), at.line())
            }
            Event::Alias(anchor) => {
                let (node, size) = self
                    .anchors
                    .get(&anchor)
                    .cloned()
                    .ok_or("an alias without its anchor")?;
                self.count(size)?;
                self.add(node, false)
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(Content::List(Vec::new()), anchor, tag.as_deref(), at.line())
            }
            Event::MappingStart(anchor, tag) => {
                self.open(Content::Map(Vec::new(), None), anchor, tag.as_deref(), at.line())
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::DocumentEnd => {
                self.anchors.clear();
                Ok(())
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        line: usize,
    ) -> Result<(), String> {
        self.count(1)?;
        let is_text = tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
        let value = match style {
            ScalarStyle::Plain if !is_text => Value::Plain(text.to_owned()),
            _ => Value::Text {
                text: text.to_owned(),
                block: style == ScalarStyle::Literal,
            },
        };
        let node = Node { line, value };
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), 1));
        }
        self.add(node, is_ignored(tag))
    }

    fn open(
        &mut self,
        content: Content,
        anchor: usize,
        tag: Option<&Tag>,
        line: usize,
    ) -> Result<(), String> {
        self.count(1)?;
        if self.open.len() >= MAX_DEPTH {
            return Err(format!("nested deeper than {MAX_DEPTH} levels"));
        }
        self.open.push(Open {
            line,
            anchor,
            ignored: is_ignored(tag),
            nodes_before: self.nodes,
            content,
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let value = match open.content {
            Content::List(items) => Value::List(items),
            Content::Map(members, _) => Value::Map(merged(members)),
        };
        let node = Node {
            line: open.line,
            value,
        };
        if open.anchor > 0 {
            let size = self.nodes.saturating_sub(open.nodes_before) + 1;
            self.anchors.insert(open.anchor, (node.clone(), size));
        }
        self.add(node, open.ignored)
    }

    fn add(&mut self, node: Node, ignored: bool) -> Result<(), String> {
        let Some(open) = self.open.last_mut() else {
            if !node.is_null() {
                self.documents.push(node);
            }
            return Ok(());
        };
        match &mut open.content {
            Content::List(_) if ignored => {}
            Content::List(items) => items.push(node),
            Content::Map(members, key) => match key.take() {
                None => *key = Some((key_text(&node)?, node.line)),
                Some(_) if ignored => {}
                Some((name, _)) if name != "<<" && members.iter().any(|member| member.key == name) => {
                    return Err(format!("the key {name:?} is given twice"));
                }
                Some((key, line)) => members.push(Member { key, line, node }),
            },
        }
        Ok(())
    }

    /// Aliases repeat what they name, so the bound is on the whole.
    fn count(&mut self, nodes: usize) -> Result<(), String> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > LIMITS.max_nodes {
            return Err("more values than anybody writes".to_owned());
        }
        Ok(())
    }
}

fn key_text(node: &Node) -> Result<String, String> {
    match &node.value {
        Value::Plain(text) | Value::Text { text, .. } => Ok(text.clone()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => {
            Err("a key that is no text".to_owned())
        }
    }
}

/// Envoy leaves out what carries this tag: a place for anchors.
fn is_ignored(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| tag.handle == "!" && tag.suffix == "ignore")
}

/// Takes the members of `<<` in where the map does not have them itself.
fn merged(members: Vec<Member>) -> Vec<Member> {
    let (merges, mut own): (Vec<_>, Vec<_>) = members.into_iter().partition(|member| member.key == "<<");
    for merge in merges {
        let sources = match &merge.node.value {
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(&merge.node),
        };
        for member in sources.iter().flat_map(Node::members) {
            if !own.iter().any(|known| known.key == member.key) {
                own.push(member.clone());
            }
        }
    }
    own
}

#[cfg(test)]
mod tests {
    use super::super::scalar::Reader;
    use super::*;

    fn json(text: &str) -> Vec<String> {
        let documents = documents(text).unwrap();
        documents
            .iter()
            .map(|document| document.json(Reader::Kubernetes))
            .collect()
    }

    #[test]
    fn documents_anchors_merges_and_blocks() {
        assert_eq!(
            json("a: 1\n---\n# nothing\n---\n- 'x'\n- \"1\"\n- !!str 2\n"),
            ["{\"a\":1}", "[\"x\",\"1\",\"2\"]"]
        );
        assert_eq!(
            json("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\n"),
            [r#"{"a":{"b":1,"c":2},"d":{"c":3,"b":1}}"#]
        );
        assert_eq!(
            json("a: |\n  {\n  }\nb: >-\n  x\n  y\n"),
            [r#"{"a":"{\n}\n","b":"x y"}"#]
        );
        assert_eq!(json("x: !ignore {a: &a 1}\nb: *a\n"), [r#"{"b":1}"#]);
    }

    #[test]
    fn errors_have_lines() {
        let error = |text: &str| documents(text).unwrap_err();
        assert_eq!(error("a: 1\nb: [\n").line, 3);
        let twice = error("a: 1\nb: 2\na: 3\n");
        assert_eq!(
            (twice.line, twice.message.as_str()),
            (3, "the key \"a\" is given twice")
        );
    }

    #[test]
    fn a_file_that_unfolds_without_end_is_refused() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let items = vec![format!("*a{}", level - 1); 10].join(", ");
            text += &format!("a{level}: &a{level} [{items}]\n");
        }
        assert!(documents(&text).is_err());
        assert!(documents(&"[".repeat(100_000)).is_err());
    }
}
