//! The JSON Schema of the configuration.

use crate::decimal::Decimal;
use crate::raw::RawConfig;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// The JSON Schema (2020-12) of the value under `token_meter`.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(RawConfig).to_value()
}

impl JsonSchema for Decimal {
    fn schema_name() -> Cow<'static, str> {
        "Decimal".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A decimal number of at most 6 places, from 0 to 100000000, read exactly.",
            "anyOf": [
                { "type": "number", "minimum": 0, "maximum": 100_000_000 },
                { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$" },
            ],
        })
    }
}
