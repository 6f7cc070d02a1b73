//! The JSON Schema of the configuration.

use crate::number::Number;
use crate::raw::RawConfig;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// The JSON Schema (2020-12) of the value under `cluster_picker`.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(RawConfig).to_value()
}

impl JsonSchema for Number {
    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0, "maximum": 1_000_000 })
    }
}
