//! An ordered JSON value and its writer: key order, spacing and escapes are part of a wire format here, so they
//! are chosen, not left to a library.

use std::borrow::Cow;

/// A JSON value that keeps the order of its keys.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    /// Kept as written, so that `1.0` stays `1.0`.
    Num(String),
    Str(String),
    Arr(Vec<Json>),
    Obj(Vec<(Cow<'static, str>, Json)>),
}

/// Builds a [`Json::Obj`] in the order written.
#[macro_export]
macro_rules! obj {
    ($($k:literal : $v:expr),* $(,)?) => {
        $crate::json::Json::Obj(vec![$(($k.into(), $crate::json::Json::from($v))),*])
    };
}

/// Builds a [`Json::Arr`].
#[macro_export]
macro_rules! arr {
    ($($v:expr),* $(,)?) => { $crate::json::Json::Arr(vec![$($crate::json::Json::from($v)),*]) };
}

/// How strings are escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// Only what JSON demands.
    Minimal,
    /// As Go's encoding/json: `<`, `>`, `&`, U+2028 and U+2029 too.
    Go,
    /// As Python's json.dumps: all but ASCII, with surrogate pairs.
    Ascii,
}

/// How a value is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    Compact,
    /// `", "` and `": "`, as Python's json.dumps.
    Spaced,
    /// `","` and `": "`, as Google's servers stream it.
    Colon,
    /// Two spaces a level.
    Pretty,
}

/// The writer's choices for one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    pub layout: Layout,
    pub escape: Escape,
}

impl Format {
    pub const COMPACT: Self = Self {
        layout: Layout::Compact,
        escape: Escape::Minimal,
    };
    pub const PRETTY: Self = Self {
        layout: Layout::Pretty,
        escape: Escape::Minimal,
    };
}

impl Json {
    /// Adds a member at the end of an object.
    pub fn with(mut self, key: &'static str, value: impl Into<Json>) -> Self {
        if let Json::Obj(members) = &mut self {
            members.push((key.into(), value.into()));
        }
        self
    }

    /// Adds a member when there is a value for it.
    pub fn with_some(self, key: &'static str, value: Option<impl Into<Json>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// With every object's members in the order of their keys.
    pub fn sorted(self) -> Self {
        match self {
            Json::Arr(items) => Json::Arr(items.into_iter().map(Json::sorted).collect()),
            Json::Obj(mut members) => {
                members.sort_by(|left, right| left.0.cmp(&right.0));
                Json::Obj(
                    members
                        .into_iter()
                        .map(|(key, value)| (key, value.sorted()))
                        .collect(),
                )
            }
            leaf @ (Json::Null | Json::Bool(_) | Json::Num(_) | Json::Str(_)) => leaf,
        }
    }

    pub fn write(&self, format: Format) -> String {
        let mut out = String::with_capacity(256);
        self.write_to(&mut out, format, 0);
        out
    }

    fn write_to(&self, out: &mut String, format: Format, depth: usize) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(true) => out.push_str("true"),
            Json::Bool(false) => out.push_str("false"),
            Json::Num(text) => out.push_str(text),
            Json::Str(text) => write_str(out, text, format.escape),
            Json::Arr(items) => {
                let cells = items.iter().map(|item| (None, item));
                write_cells(out, ('[', ']'), cells, format, depth);
            }
            Json::Obj(members) => {
                let cells = members.iter().map(|(key, value)| (Some(key.as_ref()), value));
                write_cells(out, ('{', '}'), cells, format, depth);
            }
        }
    }
}

fn write_cells<'a>(
    out: &mut String,
    (open, close): (char, char),
    cells: impl ExactSizeIterator<Item = (Option<&'a str>, &'a Json)>,
    format: Format,
    depth: usize,
) {
    out.push(open);
    let empty = cells.len() == 0;
    for (position, (key, value)) in cells.enumerate() {
        if position > 0 {
            out.push_str(if format.layout == Layout::Spaced {
                ", "
            } else {
                ","
            });
        }
        new_line(out, format.layout, depth + 1);
        if let Some(key) = key {
            write_str(out, key, format.escape);
            out.push_str(if format.layout == Layout::Compact {
                ":"
            } else {
                ": "
            });
        }
        value.write_to(out, format, depth + 1);
    }
    if !empty {
        new_line(out, format.layout, depth);
    }
    out.push(close);
}

fn new_line(out: &mut String, layout: Layout, depth: usize) {
    if layout == Layout::Pretty {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    }
}

fn write_str(out: &mut String, text: &str, escape: Escape) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => write_unit(out, c as u16),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if escape == Escape::Go => write_unit(out, c as u16),
            c if escape == Escape::Ascii && !c.is_ascii() => {
                c.encode_utf16(&mut [0; 2])
                    .iter()
                    .for_each(|unit| write_unit(out, *unit));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn write_unit(out: &mut String, unit: u16) {
    out.push_str(&format!("\\u{unit:04x}"));
}

macro_rules! from_number {
    ($($t:ty),*) => { $(impl From<$t> for Json { fn from(n: $t) -> Self { Json::Num(n.to_string()) } })* };
}
from_number!(u8, u16, u32, u64, u128, usize, i32, i64);

impl From<f64> for Json {
    fn from(n: f64) -> Self {
        Json::Num(format!("{n:?}"))
    }
}
impl From<bool> for Json {
    fn from(b: bool) -> Self {
        Json::Bool(b)
    }
}
impl From<&str> for Json {
    fn from(s: &str) -> Self {
        Json::Str(s.to_owned())
    }
}
impl From<&String> for Json {
    fn from(s: &String) -> Self {
        Json::Str(s.clone())
    }
}
impl From<String> for Json {
    fn from(s: String) -> Self {
        Json::Str(s)
    }
}
impl<T: Into<Json>> From<Vec<T>> for Json {
    fn from(items: Vec<T>) -> Self {
        Json::Arr(items.into_iter().map(Into::into).collect())
    }
}
impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(item: Option<T>) -> Self {
        item.map_or(Json::Null, Into::into)
    }
}
impl From<&serde_json::Value> for Json {
    fn from(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Json::Null,
            Value::Bool(b) => Json::Bool(*b),
            Value::Number(n) => Json::Num(n.to_string()),
            Value::String(s) => Json::Str(s.clone()),
            Value::Array(items) => Json::Arr(items.iter().map(Json::from).collect()),
            Value::Object(members) => Json::Obj(
                members
                    .iter()
                    .map(|(k, v)| (Cow::Owned(k.clone()), Json::from(v)))
                    .collect(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Json {
        obj! {"b": 1, "a": arr![Json::Null, "x<\u{1F600}\n"], "e": Json::Obj(vec![])}
    }

    #[test]
    fn layouts_differ_in_space_only() {
        assert_eq!(
            sample().write(Format::COMPACT),
            "{\"b\":1,\"a\":[null,\"x<\u{1F600}\\n\"],\"e\":{}}"
        );
        let spaced = Format {
            layout: Layout::Spaced,
            escape: Escape::Ascii,
        };
        assert_eq!(
            sample().write(spaced),
            r#"{"b": 1, "a": [null, "x<\ud83d\ude00\n"], "e": {}}"#
        );
        assert_eq!(
            obj! {"k": arr![1]}.write(Format::PRETTY),
            "{\n  \"k\": [\n    1\n  ]\n}"
        );
    }

    #[test]
    fn go_escapes_angle_brackets() {
        let go = Format {
            layout: Layout::Compact,
            escape: Escape::Go,
        };
        assert_eq!(Json::from("<&>").write(go), r#""\u003c\u0026\u003e""#);
    }
}
