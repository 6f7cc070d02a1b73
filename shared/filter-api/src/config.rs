//! Loading a filter's configuration.

use crate::Plugin;
use crate::read::{Read, path};
use penstock_wire::{Limits, Tape, Value};
use std::fmt;
use std::ops::RangeInclusive;

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

    /// An error at a value of the document; `message` in pieces.
    pub fn at(value: Value<'_>, message: &[&str]) -> Self {
        Self::new(path(value), message.concat())
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

/// A number of the configuration, if it lies within these bounds.
pub fn bounded(field: &str, value: u32, bounds: RangeInclusive<u32>) -> Result<u32, ConfigError> {
    if bounds.contains(&value) {
        return Ok(value);
    }
    let (min, max) = bounds.into_inner();
    Err(ConfigError::new(field, format!("not between {min} and {max}")))
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

/// Reads a raw configuration over its defaults; the error names the path of the field.
///
/// The document has at most 4 MiB, 32 levels and 200,000 nodes.
pub fn read<T: Read + Default>(json: &str) -> Result<T, ConfigError> {
    let mut tape = Tape::new();
    tape.parse(json.as_bytes(), &LIMITS)
        .map_err(|error| ConfigError::new("", error.to_string()))?;
    let mut config = T::default();
    config.read(tape.view(json.as_bytes()).root())?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[derive(Debug, Default, PartialEq)]
    struct Shelf {
        name: Option<String>,
        width: u16,
        open: bool,
        finish: Finish,
        boxes: Vec<Shelf>,
        labels: Vec<(String, u8)>,
        maker: Maker,
    }

    crate::reads!(struct Shelf { name, width, open, finish, boxes, labels, maker });

    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    enum Finish {
        #[default]
        Raw,
        Wax,
    }

    crate::reads!(enum Finish { "raw" => Raw, "wax" => Wax });

    #[derive(Debug, Default, PartialEq)]
    struct Maker {
        town: String,
    }

    crate::reads!(struct Maker { town } needs town);

    #[test]
    fn every_shape_is_read() {
        let json = r#"{"name": "a\u0062", "width": 3e2, "open": true, "finish": "wax", "maker": {"town": "Ulm"},
            "boxes": [{"open": true}, {"name": null}], "labels": {"x.y": 1}}"#;
        let inner = Shelf {
            open: true,
            ..Shelf::default()
        };
        let shelf = Shelf {
            name: Some("ab".to_owned()),
            width: 300,
            open: true,
            finish: Finish::Wax,
            boxes: vec![inner, Shelf::default()],
            labels: vec![("x.y".to_owned(), 1)],
            maker: Maker {
                town: "Ulm".to_owned(),
            },
        };
        assert_eq!(read(json), Ok(shelf));
    }

    #[test]
    fn an_error_says_where() {
        for (json, error) in [
            ("[]", "invalid type: an array, expected an object"),
            ("{", "JSON ends too early at byte 1"),
            ("{} {}", "bytes after the JSON document"),
            (
                r#"{"names": 1}"#,
                "names: unknown field `names`, expected one of: name, ",
            ),
            (r#"{"open": true, "open": true}"#, "duplicate field `open`"),
            (
                r#"{"width": 65536}"#,
                "width: invalid value: expected an integer from 0 to 65535",
            ),
            (r#"{"width": -1}"#, "width: invalid value"),
            (
                r#"{"width": 1.5}"#,
                "width: invalid type: a number, expected an integer",
            ),
            (
                r#"{"name": ["secret"]}"#,
                "name: invalid type: an array, expected a string",
            ),
            (
                r#"{"open": "secret"}"#,
                "open: invalid type: a string, expected a boolean",
            ),
            (
                r#"{"finish": "oil"}"#,
                "finish: unknown variant `oil`, expected one of: raw, wax",
            ),
            (r#"{"maker": {}}"#, "maker: missing field `town`"),
            (
                r#"{"boxes": [{}, {"boxes": [{"width": null}]}]}"#,
                "boxes[1].boxes[0].width: invalid type: null",
            ),
            (r#"{"labels": {"x": 1, "y": -1}}"#, "labels.y: invalid value"),
            (r#"{"labels": {"x": 1, "x": 2}}"#, "labels.x: given twice"),
        ] {
            let refused = read::<Shelf>(json).unwrap_err().to_string();
            assert!(refused.starts_with(error), "{json}\n  {refused}");
        }
    }
}
