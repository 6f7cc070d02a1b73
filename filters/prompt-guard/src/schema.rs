//! The JSON Schema of the configuration.

use crate::raw::RawConfig;
use penstock_llm_api::Scope;
use schemars::{Schema, SchemaGenerator, json_schema};

/// The JSON Schema (2020-12) of the value under `prompt_guard`.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(RawConfig).to_value()
}

/// Scopes of texts.
pub(crate) fn scopes(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "default": [],
        "items": { "type": "string", "enum": Scope::ALL.map(Scope::name) },
    })
}
