//! Loading a filter's configuration.

use crate::Plugin;
use std::fmt;

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
        Self { path: path.into(), message: message.into() }
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
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl std::error::Error for ConfigError {}

/// Reads a raw configuration; the error names the path of the field.
pub fn parse<T: serde::de::DeserializeOwned>(json: &str) -> Result<T, ConfigError> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        ConfigError::new(path, error.into_inner().to_string())
    })?;
    reader.end().map_err(|error| ConfigError::new("", error.to_string()))?;
    Ok(value)
}
