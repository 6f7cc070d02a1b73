//! The line that an error means.

use super::node::{LIMITS, Node, Value};
use penstock_filter_api::ConfigError;
use penstock_wire::Tape;

/// A step of a path such as `prices[2].input`.
enum Step<'p> {
    Key(&'p str),
    Index(usize),
}

fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    path.split(['.', '['])
        .filter(|step| !step.is_empty())
        .map(|step| match step.strip_suffix(']').map(str::parse) {
            Some(Ok(index)) => Step::Index(index),
            Some(Err(_)) | None => Step::Key(step),
        })
}

/// The line of the place in a tree; of what holds it, where there is no such place.
pub(super) fn in_tree(node: &Node, path: &str) -> usize {
    let (mut at, mut line) = (node, node.line);
    for step in steps(path) {
        let next = match step {
            Step::Key(key) => at
                .members()
                .iter()
                .find(|member| member.key == key)
                .map(|member| (&member.node, member.line)),
            Step::Index(index) => at.items().get(index).map(|item| (item, item.line)),
        };
        let Some(next) = next else { break };
        (at, line) = next;
    }
    line
}

/// The line of the place in JSON that stands in a text.
pub(super) fn in_text(node: &Node, json: &str, error: &ConfigError) -> usize {
    if !matches!(node.value, Value::Text { block: true, .. }) {
        return node.line;
    }
    let before = json.get(..offset(json, error)).unwrap_or_default();
    above(node) + 1 + line_ends(before)
}

/// Lines of the file above the first line of a block. A block's own line is its first that is not blank.
pub(super) fn above(block: &Node) -> usize {
    let text = block.text();
    let blank = text
        .get(..text.len() - text.trim_start().len())
        .unwrap_or_default();
    block.line.saturating_sub(1 + line_ends(blank))
}

fn line_ends(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

fn offset(json: &str, error: &ConfigError) -> usize {
    let mut tape = Tape::new();
    if let Err(error) = tape.parse(json.as_bytes(), &LIMITS) {
        return error.offset;
    }
    let mut at = tape.view(json.as_bytes()).root();
    for step in steps(&error.path) {
        let next = match step {
            Step::Key(key) => at.member(key),
            Step::Index(index) => at.items().nth(index),
        };
        let Some(next) = next else { break };
        at = next;
    }
    at.span().start
}

#[cfg(test)]
mod tests {
    use super::super::yaml;
    use super::*;

    #[test]
    fn lines_of_trees_and_blocks() {
        let documents =
            yaml::documents("a:\n  b:\n  - c: 1\n  - d: |\n      {\n      \"e\": [1,\n       2]}\n").unwrap();
        assert_eq!(in_tree(&documents[0], "a.b[0].c"), 3);
        assert_eq!(in_tree(&documents[0], "a.b[7].c"), 2);
        let text = documents[0].at(&["a", "b"]).unwrap().items()[1]
            .field("d")
            .unwrap();
        let line = |path: &str| in_text(text, text.text(), &ConfigError::new(path, "x"));
        assert_eq!((line(""), line("e"), line("e[1]")), (5, 6, 7));
        let blank = yaml::documents("a: |\n\n  {\"b\": 1,\n   \"c\": 2}\n").unwrap();
        let text = blank[0].field("a").unwrap();
        assert_eq!(in_text(text, text.text(), &ConfigError::new("c", "x")), 4);
    }
}
