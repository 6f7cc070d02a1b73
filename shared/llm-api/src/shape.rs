//! The language of the dialects' tables. [`walk`](crate::walk) reads a document by them.
//!
//! A [`Shape`] lists the members of an object and says by a [`Rule`] what each is. What no row names is text
//! of [`Scope::Other`], so that nothing a model might read stays unseen because a table is old.

use crate::texts::{Encoding, Part, Scope, UnseenKind};
use penstock_wire::{Kind, Value};
use std::borrow::Cow;

/// Members of an object and what they are.
pub(crate) struct Shape {
    /// Decoded keys, each with the rule at the same position.
    pub(crate) known: &'static [&'static str],
    pub(crate) rules: &'static [Rule],
    /// Sets the place from the object's own members before any is read. The number is the object's
    /// position in its array, 0 outside of arrays.
    pub(crate) enter: fn(Value<'_>, u32, &mut Place),
    /// Keys follow the JSON mapping of Protocol Buffers: `snake_case` is the same as `camelCase`.
    pub(crate) names: Names,
    /// A row names a tool: it is read before the others.
    pub(crate) named: bool,
}

/// How a server matches keys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// As written.
    Exact,
    /// `lowerCamelCase`, and the same in `snake_case` (<https://protobuf.dev/programming-guides/json/>).
    Proto,
}

/// What a member is.
#[derive(Clone, Copy)]
pub(crate) enum Rule {
    /// Nothing in it is for a model, whatever it holds.
    Ignore,
    /// A parameter, id, role or other constant: no text, unless it is not what it claims to be.
    Constant,
    /// Text: a string, or an array of strings.
    Text(Scope),
    /// Text in the scope of the enclosing message.
    Inherit,
    /// Text that was sent before in the same answer.
    Again(Scope),
    /// The name of a tool, or the next piece of it.
    Name,
    /// The name of a tool, where an API never sends it in pieces.
    WholeName,
    /// Arguments of a call: a JSON document inside a string, which may go on in another frame.
    JsonArguments,
    /// Arguments of a call: any JSON, which comes whole.
    Arguments,
    /// Any JSON: each string, key and long number is text.
    Free(Scope),
    /// A JSON Schema: as `Free`, without the schema's own words.
    Schema(Scope),
    /// An object, or an array of them. A string in its place is text in the scope of the message.
    Shape(&'static Shape),
    /// Not readable here.
    Unseen(UnseenKind),
    /// Log probabilities: the text once more, by token.
    Logprobs,
    /// The same, in the scope of its own.
    Scoped(Scope, &'static Shape),
    /// What the rule finds is the request, sent back.
    Echo(&'static Rule),
    /// Depends on the value, its key, or the object around it.
    By(fn(Value<'_>, &Place) -> Rule),
}

/// Writes a [`Shape`] as a table.
macro_rules! shape {
    ($( $key:literal => $rule:expr ),* $(,)?) => {
        $crate::shape::shape!(enter $crate::shape::stay; $( $key => $rule ),*)
    };
    (enter $enter:path; $( $key:literal => $rule:expr ),* $(,)?) => {
        $crate::shape::Shape {
            known: $crate::shape::keys(&[$( $key ),*]),
            rules: &[$( $rule ),*],
            enter: $enter,
            names: $crate::shape::Names::Exact,
            named: $crate::shape::named(&[$( $rule ),*]),
        }
    };
    (proto $enter:path; $( $key:literal => $rule:expr ),* $(,)?) => {
        $crate::shape::Shape {
            known: $crate::shape::keys(&[$( $key ),*]),
            rules: &[$( $rule ),*],
            enter: $enter,
            names: $crate::shape::Names::Proto,
            named: $crate::shape::named(&[$( $rule ),*]),
        }
    };
}
pub(crate) use shape;

/// An `enter` that changes nothing.
pub(crate) fn stay(_object: Value<'_>, _position: u32, _place: &mut Place) {}

/// Where in a document the walk is, as far as it matters for texts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) scope: Scope,
    pub(crate) part: Part,
    pub(crate) signed: bool,
    /// Message of a request, or choice of a response.
    pub(crate) message: u32,
    /// Which of several texts of one scope within the message.
    pub(crate) index: u32,
    /// Calls of the frames before, where an API does not number them.
    pub(crate) calls_before: u32,
    /// The event says which message or text it is about: positions do not.
    pub(crate) pinned: Pinned,
    pub(crate) depth: u16,
}

impl Place {
    pub(crate) fn new(scope: Scope, part: Part) -> Self {
        Self {
            scope,
            part,
            signed: false,
            message: 0,
            index: 0,
            calls_before: 0,
            pinned: Pinned::Nothing,
            depth: 0,
        }
    }

    pub(crate) fn with_scope(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }
}

/// How much of a [`Place`] an event names itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pinned {
    /// Positions in arrays count.
    Nothing,
    /// The message is named, positions of texts within it count.
    Message,
    /// Message and text are named.
    Text,
}

/// A text on its way to a [`Sink`].
pub(crate) struct Found<'a> {
    pub(crate) value: Value<'a>,
    pub(crate) encoding: Encoding,
    pub(crate) place: Place,
    /// Stands alone: a string, key or number inside free JSON, never continued by a later frame.
    pub(crate) alone: bool,
}

impl Found<'_> {
    /// Bytes of decoded text.
    pub(crate) fn bytes(&self) -> u64 {
        let bytes = match self.value.kind() {
            Kind::Number => self.value.number_raw().len(),
            Kind::String | Kind::Key | Kind::Null | Kind::Bool | Kind::Array | Kind::Object => {
                self.value.decoded_len()
            }
        };
        bytes as u64
    }
}

/// Takes what the walk finds.
pub(crate) trait Sink {
    /// A text that is not empty.
    fn text(&mut self, found: Found<'_>);
    /// Something that is no text.
    fn unseen(&mut self, kind: UnseenKind, value: Value<'_>, place: &Place);
    /// Log probabilities.
    fn logprobs(&mut self, _value: Value<'_>) {}
    /// All arguments of a call, where they are no string; nothing where a call has none, or none yet.
    fn arguments(&mut self, _value: Option<Value<'_>>, _place: &Place) {}
    /// A known key that was there before, perhaps in another spelling.
    fn twice(&mut self, _key: Value<'_>, _shape: &'static Shape) {}
    /// An object that a table reads and that has keys the table does not know.
    fn strange(&mut self, _object: Value<'_>, _shape: &'static Shape) {}
}

impl Shape {
    /// The row of a key.
    pub(crate) fn row(&self, key: Value<'_>) -> Option<(u32, Rule)> {
        let row = if key.has_escape() {
            self.decoded_row(key)
        } else {
            self.plain_row(key)
        }?;
        Some((u32::try_from(row).ok()?, self.rules.get(row).copied()?))
    }

    /// The row of a key as it is written: bytes are compared, and not checked for UTF-8 once more.
    fn plain_row(&self, key: Value<'_>) -> Option<usize> {
        let span = key.span();
        let name = key
            .json()
            .bytes()
            .get(span.start.saturating_add(1)..span.end.saturating_sub(1))?;
        let row = self.known.iter().position(|known| known.as_bytes() == name);
        if row.is_none() && self.names == Names::Proto && name.contains(&b'_') {
            return self.decoded_row(key);
        }
        row
    }

    #[inline(never)]
    fn decoded_row(&self, key: Value<'_>) -> Option<usize> {
        let name = key.text()?;
        let row = self.known.iter().position(|known| *known == name);
        row.or_else(|| match self.names {
            Names::Exact => None,
            Names::Proto => {
                let name = camel(name);
                self.known.iter().position(|known| *known == name)
            }
        })
    }
}

/// A table's keys, at most as many as the walk has bits to know what it has seen.
pub(crate) const fn keys(known: &'static [&'static str]) -> &'static [&'static str] {
    assert!(known.len() <= 64);
    known
}

/// Whether one of a table's rules is for the name of a tool.
pub(crate) const fn named(rules: &[Rule]) -> bool {
    let mut left = rules;
    while let [rule, rest @ ..] = left {
        if matches!(rule, Rule::Name | Rule::WholeName) {
            return true;
        }
        left = rest;
    }
    false
}

/// `snake_case` as `lowerCamelCase`; a key without `_` as it is.
pub(crate) fn camel(name: Cow<'_, str>) -> Cow<'_, str> {
    if !name.contains('_') {
        return name;
    }
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for letter in name.chars() {
        if letter == '_' {
            upper = !camel.is_empty();
        } else if upper {
            camel.push(letter.to_ascii_uppercase());
            upper = false;
        } else {
            camel.push(letter);
        }
    }
    Cow::Owned(camel)
}
