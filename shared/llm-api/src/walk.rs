//! The one walk that reads a document by a dialect's tables.

use crate::shape::{Found, Place, Rule, Shape, Sink};
use crate::texts::{Encoding, Part, Scope, UnseenKind};
use penstock_wire::{Kind, Value};

/// A string that a table calls constant (ids, roles, enums) but longer than this, in bytes, is read as text:
/// an id is no place to hide a prompt.
const MAX_CONSTANT_BYTES: usize = 128;

/// A number with at least so many digits before its point may be a card or phone number, and is read as text.
const MIN_LONG_NUMBER: usize = 7;

/// The walk's own bound on nesting, whatever bound the tape was parsed with.
const MAX_DEPTH: u16 = 512;

/// Reads `value` by `rule`. Recurses at most [`MAX_DEPTH`] deep.
pub(crate) fn walk(value: Value<'_>, rule: Rule, mut place: Place, sink: &mut dyn Sink) {
    place.depth += 1;
    if place.depth > MAX_DEPTH {
        sink.unseen(UnseenKind::TooDeep, value, &place);
        return;
    }
    match rule {
        Rule::Ignore => {}
        Rule::Constant => constant(value, place, sink),
        Rule::Inherit => string(value, Encoding::Plain, place, sink),
        Rule::Text(scope) => string(value, Encoding::Plain, place.with_scope(scope), sink),
        Rule::Again(scope) => {
            let place = Place {
                part: repeated(place.part),
                ..place.with_scope(scope)
            };
            string(value, Encoding::Plain, place, sink);
        }
        Rule::Name | Rule::WholeName => name(value, rule, place, sink),
        Rule::JsonArguments => json_arguments(value, place.with_scope(Scope::ToolCall), sink),
        Rule::Arguments => arguments(value, place.with_scope(Scope::ToolCall), sink),
        Rule::Free(scope) => free(value, Words::All, place.with_scope(scope), sink),
        Rule::Schema(scope) => free(value, Words::NotOfSchemas, place.with_scope(scope), sink),
        Rule::Shape(shape) => shaped(value, shape, 0, place, sink),
        Rule::Scoped(scope, shape) => shaped(value, shape, 0, place.with_scope(scope), sink),
        Rule::Echo(rule) => walk(
            value,
            *rule,
            Place {
                part: Part::Echo,
                ..place
            },
            sink,
        ),
        Rule::Unseen(kind) => unseen(value, kind, &place, sink),
        Rule::Logprobs => {
            if value.kind() != Kind::Null {
                sink.logprobs(value);
            }
        }
        Rule::By(rule) => walk(value, rule(value, &place), place, sink),
    }
}

fn repeated(part: Part) -> Part {
    match part {
        Part::Delta | Part::Whole | Part::Repeat => Part::Repeat,
        Part::Echo => Part::Echo,
    }
}

fn unseen(value: Value<'_>, kind: UnseenKind, place: &Place, sink: &mut dyn Sink) {
    let nothing = match value.kind() {
        Kind::Null => true,
        Kind::String | Kind::Key => value.decoded_len() == 0,
        Kind::Bool | Kind::Number | Kind::Array | Kind::Object => false,
    };
    if !nothing {
        sink.unseen(kind, value, place);
    }
}

fn constant(value: Value<'_>, place: Place, sink: &mut dyn Sink) {
    let other = place.with_scope(Scope::Other);
    match value.kind() {
        Kind::Null | Kind::Bool | Kind::Number => {}
        Kind::String | Kind::Key => {
            if value.decoded_len() > MAX_CONSTANT_BYTES {
                found_alone(value, other, sink);
            }
        }
        Kind::Array => {
            for item in value.items() {
                walk(item, Rule::Constant, place, sink);
            }
        }
        Kind::Object => free(value, Words::All, other, sink),
    }
}

fn string(value: Value<'_>, encoding: Encoding, place: Place, sink: &mut dyn Sink) {
    match value.kind() {
        Kind::String | Kind::Key => found(value, encoding, place, sink),
        Kind::Null | Kind::Bool | Kind::Number | Kind::Array | Kind::Object => {
            free(value, Words::All, place, sink);
        }
    }
}

fn json_arguments(value: Value<'_>, place: Place, sink: &mut dyn Sink) {
    let empty = match value.kind() {
        Kind::String | Kind::Key => value.decoded_len() == 0,
        // Anthropic begins a call by this, whose arguments then come in pieces.
        Kind::Object => value.members().next().is_none(),
        Kind::Null => true,
        Kind::Bool | Kind::Number | Kind::Array => false,
    };
    match value.kind() {
        _ if empty => sink.arguments(None, &place),
        Kind::String | Kind::Key => found(value, Encoding::JsonInString, place, sink),
        Kind::Null | Kind::Bool | Kind::Number | Kind::Array | Kind::Object => arguments(value, place, sink),
    }
}

fn arguments(value: Value<'_>, place: Place, sink: &mut dyn Sink) {
    sink.arguments(Some(value), &place);
    free(value, Words::All, place, sink);
}

/// What stands in the place of a name and is none is text that no table names.
fn name(value: Value<'_>, rule: Rule, place: Place, sink: &mut dyn Sink) {
    let named = place.with_scope(Scope::ToolName);
    match (value.kind(), rule) {
        (Kind::String | Kind::Key, Rule::WholeName) => found_alone(value, named, sink),
        (Kind::String | Kind::Key, _) => found(value, Encoding::Plain, named, sink),
        (Kind::Null | Kind::Bool | Kind::Number | Kind::Array | Kind::Object, _) => {
            free(value, Words::All, place.with_scope(Scope::Other), sink);
        }
    }
}

fn found(value: Value<'_>, encoding: Encoding, place: Place, sink: &mut dyn Sink) {
    if value.decoded_len() > 0 {
        sink.text(Found {
            value,
            encoding,
            place,
            alone: false,
        });
    }
}

fn found_alone(value: Value<'_>, place: Place, sink: &mut dyn Sink) {
    if value.decoded_len() > 0 {
        sink.text(Found {
            value,
            encoding: Encoding::Plain,
            place,
            alone: true,
        });
    }
}

fn is_long(number: &str) -> bool {
    let digits = number
        .trim_start_matches('-')
        .bytes()
        .take_while(u8::is_ascii_digit);
    digits.count() >= MIN_LONG_NUMBER
}

/// Which strings of free JSON are texts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    All,
    NotOfSchemas,
}

fn free(value: Value<'_>, words: Words, mut place: Place, sink: &mut dyn Sink) {
    place.depth += 1;
    if place.depth > MAX_DEPTH {
        sink.unseen(UnseenKind::TooDeep, value, &place);
        return;
    }
    match value.kind() {
        Kind::Null | Kind::Bool => {}
        Kind::Number => {
            if is_long(value.number_raw()) {
                sink.text(Found {
                    value,
                    encoding: Encoding::Plain,
                    place,
                    alone: true,
                });
            }
        }
        Kind::String | Kind::Key => found_alone(value, place, sink),
        Kind::Array => {
            for item in value.items() {
                free(item, words, place, sink);
            }
        }
        Kind::Object => free_object(value, words, place, sink),
    }
}

fn free_object(object: Value<'_>, words: Words, place: Place, sink: &mut dyn Sink) {
    for (key, value) in object.members() {
        if words == Words::NotOfSchemas {
            let name = key.text().unwrap_or_default();
            if is_schema_constant(&name) && value.kind() == Kind::String {
                constant(value, place, sink);
                continue;
            }
            if is_schema_word(&name) {
                free(value, words, place, sink);
                continue;
            }
        }
        found_alone(key, place, sink);
        free(value, words, place, sink);
    }
}

/// Words of JSON Schema whose string values are constants.
fn is_schema_constant(key: &str) -> bool {
    matches!(key, "type" | "format" | "$ref" | "$schema" | "$id")
}

/// Words of JSON Schema (2020-12) and of OpenAPI's subset that are keys in every tool definition.
fn is_schema_word(key: &str) -> bool {
    #[rustfmt::skip]
    let word = matches!(
        key,
        "type" | "properties" | "required" | "items" | "description" | "enum" | "title" | "default" | "examples"
            | "const" | "additionalProperties" | "anyOf" | "oneOf" | "allOf" | "not" | "minimum" | "maximum"
            | "minLength" | "maxLength" | "minItems" | "maxItems" | "pattern" | "format" | "nullable" | "$defs"
            | "definitions" | "$ref" | "$schema" | "strict" | "name" | "parameters" | "function"
    );
    word
}

fn shaped(value: Value<'_>, shape: &'static Shape, position: u32, mut place: Place, sink: &mut dyn Sink) {
    place.depth += 1;
    if place.depth > MAX_DEPTH {
        sink.unseen(UnseenKind::TooDeep, value, &place);
        return;
    }
    match value.kind() {
        Kind::Null | Kind::Bool => {}
        Kind::Number | Kind::String | Kind::Key => string(value, Encoding::Plain, place, sink),
        Kind::Array => {
            let mut position = 0u32;
            for item in value.items() {
                shaped(item, shape, position, place, sink);
                position = position.saturating_add(1);
            }
        }
        Kind::Object => members(value, shape, position, place, sink),
    }
}

fn members(object: Value<'_>, shape: &'static Shape, position: u32, mut place: Place, sink: &mut dyn Sink) {
    (shape.enter)(object, position, &mut place);
    if shape.named {
        names(object, shape, place, sink);
    }
    let mut seen = 0u64;
    let mut strange = false;
    for (key, value) in object.members() {
        let Some((row, rule)) = shape.row(key) else {
            strange = true;
            constant(key, place, sink);
            free(value, Words::All, place.with_scope(Scope::Other), sink);
            continue;
        };
        let bit = 1u64.checked_shl(row).unwrap_or(0);
        if seen & bit != 0 {
            sink.twice(key, shape);
        }
        seen |= bit;
        match (rule, value.kind()) {
            // Most of an answer: not worth a call.
            (Rule::Ignore, _) | (Rule::Constant, Kind::Null | Kind::Bool | Kind::Number) => {}
            // Read already.
            (Rule::Name | Rule::WholeName, _) => {}
            (rule, _) => walk(value, rule, place, sink),
        }
    }
    if strange {
        sink.strange(object, shape);
    }
}

/// A tool's name goes before its arguments, wherever a server writes it: who decides on a call has to know which.
fn names(object: Value<'_>, shape: &'static Shape, place: Place, sink: &mut dyn Sink) {
    for (key, value) in object.members() {
        if let Some((_, rule @ (Rule::Name | Rule::WholeName))) = shape.row(key) {
            walk(value, rule, place, sink);
        }
    }
}
