//! Reading a value in place.

use std::borrow::Cow;
use std::ops::Range;

use super::number;
use super::string::{Segment, Segments};
use super::tape::{NO_PARENT, Node};
use super::{Json, Kind, NodeId};

/// A value, or a key, of a document. Cheap to copy.
#[derive(Clone, Copy, Debug)]
pub struct Value<'a> {
    json: Json<'a>,
    id: NodeId,
    node: Node,
}

impl<'a> Value<'a> {
    pub(super) fn new(json: Json<'a>, id: NodeId) -> Self {
        Self {
            json,
            id,
            node: json.node(id),
        }
    }

    /// What the value is.
    pub fn kind(self) -> Kind {
        self.node.kind()
    }

    /// The value's name in its tape.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// The document that the value belongs to.
    pub fn json(self) -> Json<'a> {
        self.json
    }

    /// Where the value stands in the document, quotes and brackets included.
    pub fn span(self) -> Range<usize> {
        self.node.span()
    }

    /// The value as it is written in the document.
    pub fn raw(self) -> &'a str {
        self.str_at(self.span())
    }

    /// The array or object that holds this value; for a key and its value, the object.
    pub fn parent(self) -> Option<Value<'a>> {
        let parent = self.node.parent();
        (parent != NO_PARENT).then(|| self.json.value(NodeId(parent)))
    }

    /// The key under which this value stands, if its parent is an object.
    pub fn key(self) -> Option<Value<'a>> {
        if self.kind() == Kind::Key || self.parent()?.kind() != Kind::Object {
            return None;
        }
        Some(self.json.value(NodeId(self.id.0.checked_sub(1)?)))
    }

    /// The decoded text of a string or key; borrowed when it is written without escapes.
    pub fn text(self) -> Option<Cow<'a, str>> {
        let inner = self.inner()?;
        if !self.has_escape() {
            return Some(Cow::Borrowed(inner));
        }
        let mut text = String::with_capacity(self.decoded_len());
        for segment in (Segments { rest: inner }) {
            match segment {
                Segment::Plain(plain) => text.push_str(plain),
                Segment::Escape(escape) => text.push(escape.char),
            }
        }
        Some(Cow::Owned(text))
    }

    /// Whether this is a string or key whose decoded text is `text`. Allocates nothing.
    pub fn eq_text(self, text: &str) -> bool {
        if self.decoded_len() != text.len() {
            return false;
        }
        let Some(inner) = self.inner_bytes() else {
            return false;
        };
        if !self.has_escape() {
            return inner == text.as_bytes();
        }
        let mut wanted = text;
        for segment in (Segments {
            rest: self.inner().unwrap_or_default(),
        }) {
            let rest = match segment {
                Segment::Plain(plain) => wanted.strip_prefix(plain),
                Segment::Escape(escape) => wanted.strip_prefix(escape.char),
            };
            let Some(rest) = rest else { return false };
            wanted = rest;
        }
        wanted.is_empty()
    }

    /// Whether a string or key is written with at least one escape.
    pub fn has_escape(self) -> bool {
        self.node.has_escape()
    }

    /// Exact length in bytes of the decoded text of a string or key; 0 for everything else.
    pub fn decoded_len(self) -> usize {
        if self.is_text() {
            self.node.extra as usize
        } else {
            0
        }
    }

    /// The truth value of `true` or `false`.
    pub fn as_bool(self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| self.raw_bytes() == b"true")
    }

    /// Whether this is `null`.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// A number that is exactly this integer, however it is written: `12`, `12.0`, `1.2e1`.
    pub fn as_u64(self) -> Option<u64> {
        u64::try_from(number::integer(self.number_raw())?).ok()
    }

    /// As [`as_u64`](Self::as_u64), with a sign.
    pub fn as_i64(self) -> Option<i64> {
        i64::try_from(number::integer(self.number_raw())?).ok()
    }

    /// A number as it is written; empty for everything else.
    pub fn number_raw(self) -> &'a str {
        if self.kind() == Kind::Number {
            self.raw()
        } else {
            ""
        }
    }

    /// The members of an object, in document order, duplicates included; nothing for everything else.
    pub fn members(self) -> Members<'a> {
        Members {
            children: self.children(Kind::Object),
        }
    }

    /// The items of an array; nothing for everything else.
    pub fn items(self) -> Items<'a> {
        Items {
            children: self.children(Kind::Array),
        }
    }

    /// The value of the first member whose decoded key is `name`.
    pub fn member(self, name: &str) -> Option<Value<'a>> {
        self.members()
            .find_map(|(key, value)| key.eq_text(name).then_some(value))
    }

    /// The value at a JSON pointer (RFC 6901): `""` is this value, `"/usage/total"` a member of a member.
    pub fn pointer(self, pointer: &str) -> Option<Value<'a>> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(self, Self::step)
    }

    fn step(self, token: &str) -> Option<Value<'a>> {
        match self.kind() {
            Kind::Object if token.contains('~') => self.member(&pointer_key(token)),
            Kind::Object => self.member(token),
            Kind::Array => self.items().nth(array_index(token)?),
            Kind::Null | Kind::Bool | Kind::Number | Kind::String | Kind::Key => None,
        }
    }

    fn children(self, kind: Kind) -> Children<'a> {
        let end = if self.kind() == kind { self.node.extra } else { 0 };
        Children {
            json: self.json,
            next: self.id.0.saturating_add(1),
            end,
        }
    }

    fn is_text(self) -> bool {
        matches!(self.kind(), Kind::String | Kind::Key)
    }

    /// What stands between the quotes.
    pub(super) fn inner(self) -> Option<&'a str> {
        let span = self.span();
        self.is_text()
            .then(|| self.str_at(span.start + 1..span.end.saturating_sub(1)))
    }

    fn inner_bytes(self) -> Option<&'a [u8]> {
        let span = self.span();
        let inner = span.start + 1..span.end.saturating_sub(1);
        if self.is_text() {
            self.json.bytes.get(inner)
        } else {
            None
        }
    }

    fn raw_bytes(self) -> &'a [u8] {
        self.json.bytes.get(self.span()).unwrap_or_default()
    }

    /// Empty only over bytes that are not the parsed ones.
    fn str_at(self, span: Range<usize>) -> &'a str {
        let bytes = self.json.bytes.get(span).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// The id of the first node that is not part of this value.
    fn next_id(self) -> u32 {
        match self.kind() {
            Kind::Array | Kind::Object => self.node.extra,
            Kind::Null | Kind::Bool | Kind::Number | Kind::String | Kind::Key => self.id.0.saturating_add(1),
        }
    }
}

/// The key that a step of a JSON pointer stands for: `~1` is `/`, `~0` is `~` (RFC 6901, section 4).
pub fn pointer_key(step: &str) -> String {
    let mut parts = step.split('~');
    let mut key = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (letter, rest) = match part.strip_prefix('1') {
            Some(rest) => ('/', rest),
            None => ('~', part.strip_prefix('0').unwrap_or(part)),
        };
        key.push(letter);
        key.push_str(rest);
    }
    key
}

fn array_index(token: &str) -> Option<usize> {
    let canonical = token == "0" || !token.starts_with(['0', '+']);
    if canonical { token.parse().ok() } else { None }
}

#[derive(Clone, Debug)]
struct Children<'a> {
    json: Json<'a>,
    next: u32,
    end: u32,
}

impl<'a> Children<'a> {
    fn next(&mut self) -> Option<Value<'a>> {
        if self.next >= self.end {
            return None;
        }
        let value = self.json.value(NodeId(self.next));
        self.next = value.next_id();
        Some(value)
    }
}

/// The members of an object, as pairs of key and value.
#[derive(Clone, Debug)]
pub struct Members<'a> {
    children: Children<'a>,
}

impl<'a> Iterator for Members<'a> {
    type Item = (Value<'a>, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        Some((self.children.next()?, self.children.next()?))
    }
}

/// The items of an array.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    children: Children<'a>,
}

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        self.children.next()
    }
}
