//! The JSON Schema of the configuration.

use crate::raw::RawConfig;
use crate::rule::RULES;
use penstock_llm_api::Scope;
use schemars::{Schema, SchemaGenerator, json_schema};

/// The JSON Schema (2020-12) of the value under `prompt_guard`.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(RawConfig).to_value()
}

/// Ids of rules: an editor offers those of the catalogue, and takes any other.
pub(crate) fn rules(_: &mut SchemaGenerator) -> Schema {
    let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    json_schema!({
        "type": "array",
        "default": [],
        "items": { "anyOf": [{ "type": "string", "enum": ids }, { "type": "string" }] },
    })
}

/// Scopes of texts.
pub(crate) fn scopes(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "default": [],
        "items": { "type": "string", "enum": Scope::ALL.map(Scope::name) },
    })
}
