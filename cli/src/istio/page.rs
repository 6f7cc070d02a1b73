//! JSON laid out for people, in a form that YAML takes too.

use penstock_filter_api::ConfigError;
use penstock_wire::{Kind, Limits, Tape, Value};
use std::fmt::Write;

/// Longest line, where it can be helped.
const WIDTH: usize = 120;

/// A document on as many lines as it needs; the outermost object always has a line for each member.
pub(super) fn laid_out(json: &str) -> Result<String, ConfigError> {
    let mut tape = Tape::new();
    tape.parse(json.as_bytes(), &Limits::default())
        .map_err(|error| ConfigError::new("filters", error.to_string()))?;
    let mut out = String::new();
    broken(tape.view(json.as_bytes()).root(), 0, &mut out);
    Ok(out)
}

/// The same text, further to the right from its second line on.
pub(super) fn indented(text: &str, by: usize) -> String {
    text.replace('\n', &format!("\n{}", " ".repeat(by)))
}

fn value(from: Value<'_>, indent: usize, out: &mut String) {
    let line = on_one_line(from);
    if indent + line.len() <= WIDTH {
        out.push_str(&line);
    } else {
        broken(from, indent, out);
    }
}

fn broken(from: Value<'_>, indent: usize, out: &mut String) {
    let inner = indent + 2;
    let begin = |out: &mut String, first: bool| {
        out.push_str(if first { "\n" } else { ",\n" });
        out.push_str(&" ".repeat(inner));
    };
    match from.kind() {
        Kind::Object => {
            out.push('{');
            for (index, (key, member)) in from.members().enumerate() {
                begin(out, index == 0);
                out.push_str(&scalar(key));
                out.push_str(": ");
                value(member, inner, out);
            }
            end('}', indent, out);
        }
        Kind::Array => {
            out.push('[');
            for (index, item) in from.items().enumerate() {
                begin(out, index == 0);
                value(item, inner, out);
            }
            end(']', indent, out);
        }
        Kind::Null | Kind::Bool | Kind::Number | Kind::String | Kind::Key => out.push_str(&scalar(from)),
    }
}

fn end(bracket: char, indent: usize, out: &mut String) {
    out.push('\n');
    out.push_str(&" ".repeat(indent));
    out.push(bracket);
}

fn on_one_line(from: Value<'_>) -> String {
    match from.kind() {
        Kind::Object => {
            let members = from.members();
            let members: Vec<String> = members
                .map(|(key, member)| format!("{}: {}", scalar(key), on_one_line(member)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        Kind::Array => {
            let items: Vec<String> = from.items().map(on_one_line).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Null | Kind::Bool | Kind::Number | Kind::String | Kind::Key => scalar(from),
    }
}

/// As it is written, but for characters that YAML wants escaped.
fn scalar(from: Value<'_>) -> String {
    let mut out = String::new();
    for c in from.raw().chars() {
        if matches!(
            c,
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        ) {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_things_stay_on_a_line_and_long_ones_break() {
        let long = format!("[\"{}\",\"{}\"]", "x".repeat(70), "y".repeat(70));
        let page = laid_out(&format!(
            "{{\"a\":{{\"b\":[1,2]}},\"c\":{long},\"d\":\"\u{85}\"}}"
        ))
        .unwrap();
        let wanted = format!(
            "{{\n  \"a\": {{\"b\": [1, 2]}},\n  \"c\": [\n    \"{}\",\n    \"{}\"\n  ],\n  \"d\": \"\\u0085\"\n}}",
            "x".repeat(70),
            "y".repeat(70)
        );
        assert_eq!(page, wanted);
        assert_eq!(indented("a\nb", 2), "a\n  b");
    }
}
