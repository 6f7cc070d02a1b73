//! Loading a filter's configuration.

use crate::{Plugin, reader};
use penstock_wire::{Limits, Tape};
use std::fmt;

/// Bounds of a configuration document.
const LIMITS: Limits = Limits {
    max_bytes: 4 << 20,
    max_depth: 32,
    max_nodes: 200_000,
};

/// A filter that a wasm module or the command line tool offers under a key of the configuration.
#[derive(Clone, Copy)]
pub struct Module {
    /// The key in the configuration document, such as `token_meter`.
    pub name: &'static str,
    /// Builds the plugin from the JSON value under that key.
    pub load: fn(&str) -> Result<Box<dyn Plugin>, ConfigError>,
}

/// A configuration that was refused: where, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Path of the field, such as `token_meter.prices[2].input`.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
}

impl ConfigError {
    /// An error at `path`.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
        }
    }

    /// The same error, seen from the document that holds the value under `key`.
    pub fn under(mut self, key: &str) -> Self {
        self.path = match self.path.as_str() {
            "" | "." => key.to_owned(),
            path if path.starts_with('[') => format!("{key}{path}"),
            path => format!("{key}.{path}"),
        };
        self
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.message),
            path => write!(f, "{path}: {}", self.message),
        }
    }
}

impl std::error::Error for ConfigError {}

/// Reads a raw configuration; the error names the path of the field.
///
/// The document has at most 4 MiB, 32 levels and 200,000 nodes. A number in it that is no integer reaches
/// `deserialize_any` as it is written, so that decimals stay exact.
pub fn parse<T: serde::de::DeserializeOwned>(json: &str) -> Result<T, ConfigError> {
    let mut tape = Tape::new();
    tape.parse(json.as_bytes(), &LIMITS)
        .map_err(|error| ConfigError::new("", error.to_string()))?;
    reader::read(tape.view(json.as_bytes()).root())
}

#[cfg(test)]
mod tests {
    use super::parse;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Shelf {
        name: Option<String>,
        width: u16,
        weight: f64,
        shift: i32,
        open: bool,
        finish: Finish,
        boxes: Vec<Shelf>,
        labels: BTreeMap<String, u8>,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Finish {
        #[default]
        Raw,
        Paint(String),
        Glaze {
            coats: u8,
        },
    }

    #[test]
    fn every_shape_is_read() {
        let json = r#"{"name": "a\u0062", "width": 3e2, "weight": 0.5, "shift": -7, "open": true, "finish": {"glaze": {"coats": 2}},
            "boxes": [{"finish": {"paint": "red"}}, {"name": null}], "labels": {"x.y": 1}}"#;
        let painted = Shelf {
            finish: Finish::Paint("red".to_owned()),
            ..Shelf::default()
        };
        let shelf = Shelf {
            name: Some("ab".to_owned()),
            width: 300,
            weight: 0.5,
            shift: -7,
            open: true,
            finish: Finish::Glaze { coats: 2 },
            boxes: vec![painted, Shelf::default()],
            labels: [("x.y".to_owned(), 1)].into(),
        };
        assert_eq!(parse(json), Ok(shelf));
    }

    #[test]
    fn an_error_says_where() {
        for (json, error) in [
            ("[]", "invalid type: an array, expected struct Shelf"),
            ("{", "JSON ends too early at byte 1"),
            (r#"{"names": 1}"#, "names: unknown field `names`, expected one of"),
            (r#"{"open": true, "open": true}"#, "duplicate field `open`"),
            (
                r#"{"width": 65536}"#,
                "width: invalid value: an integer, expected u16",
            ),
            (r#"{"width": 1.5}"#, "width: invalid type: a number, expected u16"),
            (
                r#"{"name": ["secret"]}"#,
                "name: invalid type: an array, expected a string",
            ),
            (
                r#"{"open": "secret"}"#,
                "open: invalid type: a string, expected a boolean",
            ),
            (
                r#"{"finish": "wax"}"#,
                "finish: unknown variant `wax`, expected one of",
            ),
            (r#"{"finish": "paint"}"#, "finish: this variant has content"),
            (
                r#"{"finish": {"raw": 1}}"#,
                "finish.raw: this variant has no content",
            ),
            (
                r#"{"finish": {"glaze": {}}}"#,
                "finish.glaze: missing field `coats`",
            ),
            (
                r#"{"boxes": [{}, {"boxes": [{"shift": null}]}]}"#,
                "boxes[1].boxes[0].shift: invalid type: null",
            ),
            (r#"{"labels": {"x": 1, "y": -1}}"#, "labels.y: invalid value"),
        ] {
            let refused = parse::<Shelf>(json).unwrap_err().to_string();
            assert!(refused.starts_with(error), "{json}\n  {refused}");
        }
    }
}
