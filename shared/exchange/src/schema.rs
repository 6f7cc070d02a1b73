//! The JSON Schema of the settings.

use crate::settings::Raw;
use penstock_llm_api::{Api, Operation, Scope};
use schemars::{Schema, SchemaGenerator, json_schema};

/// The JSON Schema (2020-12) of the value under `exchange`.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Raw).to_value()
}

/// A kind of operation.
pub(crate) fn operation(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": Operation::ALL.map(Operation::name) })
}

/// An API, or `by_body`.
pub(crate) fn route_api(_: &mut SchemaGenerator) -> Schema {
    let apis = Api::ALL.map(Api::name);
    let names: Vec<&str> = ["by_body"].into_iter().chain(apis).collect();
    json_schema!({ "type": "string", "enum": names })
}

/// A scope of texts.
pub(crate) fn scope(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": Scope::ALL.map(Scope::name) })
}
