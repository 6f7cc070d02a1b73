//! What the arguments of a tool must look like: a part of JSON Schema (2020-12), compiled.
//!
//! `type` (a name or a list), `properties`, `required`, `additionalProperties` (true or false), `items`, `enum` and `const` (of
//! strings, whole numbers, true, false and null), `minimum`, `maximum` (whole numbers), `minLength`, `maxLength`, `maxItems`,
//! `pattern`. Other words are refused, but for `title`, `description` and `$schema`: a rule that is not enforced is none.

use penstock_filter_api::{ConfigError, Kind, Value};
use penstock_text_scan::{Group, Pattern};
use penstock_wire::{Limits, Tape};

/// Bounds of a schema, and of the arguments that are held against it.
pub(crate) const LIMITS: Limits = Limits {
    max_bytes: 64 << 10,
    max_depth: 32,
    max_nodes: 10_000,
};

/// A compiled schema.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    kinds: Vec<&'static str>,
    properties: Vec<(String, Shape)>,
    required: Vec<String>,
    closed: bool,
    items: Option<Box<Shape>>,
    /// Allowed values as JSON source text; none: any.
    values: Vec<String>,
    minimum: Option<i64>,
    maximum: Option<i64>,
    min_length: usize,
    max_length: Option<usize>,
    max_items: Option<usize>,
    pattern: Option<Pattern>,
}

const KINDS: [&str; 7] = [
    "object", "array", "string", "integer", "number", "boolean", "null",
];

impl Shape {
    /// Compiles a schema.
    pub(crate) fn new(json: &str) -> Result<Self, ConfigError> {
        let mut tape = Tape::new();
        tape.parse(json.as_bytes(), &LIMITS)
            .map_err(|error| ConfigError::new("", error.to_string()))?;
        Self::compile(tape.view(json.as_bytes()).root())
    }

    fn compile(schema: Value<'_>) -> Result<Self, ConfigError> {
        if schema.kind() != Kind::Object {
            return Err(ConfigError::at(schema, &["a schema is an object"]));
        }
        let mut shape = Self::default();
        for (key, value) in schema.members() {
            let word = key.text().unwrap_or_default();
            let whole = || {
                value
                    .as_i64()
                    .ok_or_else(|| ConfigError::at(value, &["not a whole number"]))
            };
            let size = || {
                value
                    .as_u64()
                    .map(|size| size as usize)
                    .ok_or_else(|| ConfigError::at(value, &["not a size"]))
            };
            match word.as_ref() {
                "type" => shape.kinds = kinds(value)?,
                "properties" => {
                    for (name, property) in value.members() {
                        shape.properties.push((
                            name.text().unwrap_or_default().into_owned(),
                            Self::compile(property)?,
                        ));
                    }
                }
                "required" => {
                    shape.required = value
                        .items()
                        .filter_map(|name| Some(name.text()?.into_owned()))
                        .collect()
                }
                "additionalProperties" => {
                    let open = value
                        .as_bool()
                        .ok_or_else(|| ConfigError::at(value, &["neither true nor false"]))?;
                    shape.closed = !open;
                }
                "items" => shape.items = Some(Box::new(Self::compile(value)?)),
                "enum" => shape.values = value.items().map(canonical).collect(),
                "const" => shape.values = vec![canonical(value)],
                "minimum" => shape.minimum = Some(whole()?),
                "maximum" => shape.maximum = Some(whole()?),
                "minLength" => shape.min_length = size()?,
                "maxLength" => shape.max_length = Some(size()?),
                "maxItems" => shape.max_items = Some(size()?),
                "pattern" => {
                    let pattern = Pattern::regex(&value.text().unwrap_or_default(), Group::Whole);
                    shape.pattern =
                        Some(pattern.map_err(|error| ConfigError::at(value, &[&error.to_string()]))?);
                }
                "title" | "description" | "$schema" => {}
                other => return Err(ConfigError::at(value, &["`", other, "` is not enforced here"])),
            }
        }
        Ok(shape)
    }

    /// Whether arguments, as JSON source text, look like that.
    pub(crate) fn fits(&self, json: &str) -> bool {
        // No arguments are an empty object.
        let json = if json.trim().is_empty() { "{}" } else { json };
        let mut tape = Tape::new();
        tape.parse(json.as_bytes(), &LIMITS).is_ok() && self.takes(tape.view(json.as_bytes()).root())
    }

    fn takes(&self, value: Value<'_>) -> bool {
        let kind = self.kinds.is_empty() || self.kinds.iter().any(|kind| is_of(value, kind));
        let known = self.values.is_empty() || self.values.contains(&canonical(value));
        kind && known
            && match value.kind() {
                Kind::Object => self.takes_members(value),
                Kind::Array => self.takes_items(value),
                Kind::String | Kind::Key => self.takes_text(&value.text().unwrap_or_default()),
                Kind::Number => self.takes_number(value.number_raw()),
                Kind::Null | Kind::Bool => true,
            }
    }

    fn takes_members(&self, object: Value<'_>) -> bool {
        let mut seen: Vec<String> = Vec::new();
        for (key, value) in object.members() {
            let name = key.text().unwrap_or_default();
            // Of a name that comes twice, two readers take two different values.
            if seen.iter().any(|known| *known == name) {
                return false;
            }
            let known = self.properties.iter().find(|(known, _)| *known == name);
            let fits = known.map_or(!self.closed, |(_, shape)| shape.takes(value));
            if !fits {
                return false;
            }
            seen.push(name.into_owned());
        }
        self.required.iter().all(|name| seen.contains(name))
    }

    fn takes_items(&self, array: Value<'_>) -> bool {
        let few = self.max_items.is_none_or(|most| array.items().count() <= most);
        few && self
            .items
            .as_ref()
            .is_none_or(|shape| array.items().all(|item| shape.takes(item)))
    }

    fn takes_text(&self, text: &str) -> bool {
        let length = text.chars().count();
        let mut found = self.pattern.is_none();
        if let Some(pattern) = &self.pattern {
            pattern.each(text, |_| found = true);
        }
        found && length >= self.min_length && self.max_length.is_none_or(|most| length <= most)
    }

    fn takes_number(&self, raw: &str) -> bool {
        if self.minimum.is_none() && self.maximum.is_none() {
            return true;
        }
        let number: f64 = raw.parse().unwrap_or(f64::NAN);
        number.is_finite()
            && self.minimum.is_none_or(|least| number >= least as f64)
            && self.maximum.is_none_or(|most| number <= most as f64)
    }
}

fn kinds(value: Value<'_>) -> Result<Vec<&'static str>, ConfigError> {
    let known = |name: Value<'_>| KINDS.into_iter().find(|kind| name.eq_text(kind));
    let fault = || ConfigError::at(value, &["no type of JSON Schema"]);
    match value.kind() {
        Kind::Array => value.items().map(|name| known(name).ok_or_else(fault)).collect(),
        _ => Ok(vec![known(value).ok_or_else(fault)?]),
    }
}

fn is_of(value: Value<'_>, kind: &str) -> bool {
    match value.kind() {
        Kind::Object => kind == "object",
        Kind::Array => kind == "array",
        Kind::String | Kind::Key => kind == "string",
        Kind::Number => {
            kind == "number" || kind == "integer" && !value.number_raw().contains(['.', 'e', 'E'])
        }
        Kind::Bool => kind == "boolean",
        Kind::Null => kind == "null",
    }
}

/// A value in one spelling: strings without their escapes.
fn canonical(value: Value<'_>) -> String {
    match value.kind() {
        Kind::String | Kind::Key => format!("\"{}", value.text().unwrap_or_default()),
        _ => value.raw().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::Shape;

    const SCHEMA: &str = r#"{"type": "object", "additionalProperties": false, "required": ["to"], "properties": {
        "to": {"type": "string", "pattern": "@corp\\.test$", "maxLength": 30},
        "copies": {"type": "integer", "minimum": 1, "maximum": 3},
        "kind": {"enum": ["note", 7, null]},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2}}}"#;

    #[test]
    fn arguments_are_held_against_their_schema() {
        let shape = Shape::new(SCHEMA).unwrap();
        for json in [
            r#"{"to": "ana@corp.test"}"#,
            r#"{"to": "ana@corp.te\u0073t", "copies": 3, "kind": "n\u006fte", "tags": ["a", "b"]}"#,
            r#"{"to": "a@corp.test", "kind": null}"#,
        ] {
            assert!(shape.fits(json), "{json}");
        }
        for json in [
            "",
            "[]",
            "{",
            r#"{"to": "ana@evil.test"}"#,
            r#"{"to": "ana@corp.test", "to": "ana@evil.test"}"#,
            r#"{"to": "ana@corp.test", "bcc": "x"}"#,
            r#"{"to": "ana@corp.test", "copies": 4}"#,
            r#"{"to": "ana@corp.test", "copies": 1.5}"#,
            r#"{"to": "ana@corp.test", "copies": "1"}"#,
            r#"{"to": "ana@corp.test", "kind": "other"}"#,
            r#"{"to": "ana@corp.test", "tags": ["a", "b", "c"]}"#,
            r#"{"to": "ana@corp.test", "tags": [1]}"#,
            r#"{"to": "aaaaaaaaaaaaaaaaaaaaaaaaa@corp.test"}"#,
        ] {
            assert!(!shape.fits(json), "{json}");
        }
    }

    #[test]
    fn a_word_that_would_not_be_enforced_is_refused() {
        for (schema, path) in [
            (r#"{"oneOf": []}"#, "oneOf"),
            (r#"{"properties": {"a": {"type": "text"}}}"#, "properties.a.type"),
            (r#"{"items": 3}"#, "items"),
            (r#"{"pattern": "("}"#, "pattern"),
            ("[1]", ""),
        ] {
            assert_eq!(Shape::new(schema).unwrap_err().path, path, "{schema}");
        }
    }
}
