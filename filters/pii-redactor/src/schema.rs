//! The JSON Schema of the configuration.

use crate::raw::RawConfig;
use crate::survey::is_left_alone;
use penstock_llm_api::Scope;
use schemars::{Schema, SchemaGenerator, json_schema};

/// The JSON Schema (2020-12) of the value under `pii_redactor`.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(RawConfig).to_value()
}

/// Scopes of texts.
pub(crate) fn scopes(_: &mut SchemaGenerator) -> Schema {
    let scanned = Scope::ALL.into_iter().filter(|scope| !is_left_alone(*scope));
    let names: Vec<&str> = scanned.map(Scope::name).collect();
    json_schema!({
        "type": "array",
        "default": [],
        "items": { "type": "string", "enum": names },
    })
}
