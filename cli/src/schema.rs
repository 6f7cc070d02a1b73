//! `penstock schema`.

use crate::args::hint;
use crate::{Console, USAGE};
use serde_json::{Map, Value, json};

/// The name of the whole document's schema.
const DOCUMENT: &str = "document";
/// The name of the schema of `penstock istio`'s values.
const VALUES: &str = "istio";
/// The key of the engine's own settings.
const ENGINE: &str = "exchange";

/// A key of the configuration document.
struct Part {
    name: &'static str,
    about: &'static str,
    schema: fn() -> Value,
}

const PARTS: &[Part] = &[
    Part {
        name: ENGINE,
        about: "the engine: bounds, operations, routes, custom APIs",
        schema: penstock_exchange::schema,
    },
    Part {
        name: "cluster_picker",
        about: "each request to the backend that is predicted to answer first",
        schema: penstock_cluster_picker::schema,
    },
    Part {
        name: "pii_redactor",
        about: "personal data and secrets masked in requests, restored in answers",
        schema: penstock_pii_redactor::schema,
    },
    Part {
        name: "prompt_guard",
        about: "attacks refused, leaks and unsafe output cut, floods bounded",
        schema: penstock_prompt_guard::schema,
    },
    Part {
        name: "token_meter",
        about: "exact token usage, cost and latency",
        schema: penstock_token_meter::schema,
    },
];

/// The names, a line each.
pub(crate) fn list() -> String {
    let parts = PARTS.iter().map(|part| (part.name, part.about));
    let all = parts.chain([
        (DOCUMENT, "the whole configuration: all of the above"),
        (VALUES, "the values of `penstock istio`"),
    ]);
    all.map(|(name, about)| format!("{name:14} {about}\n")).collect()
}

/// Prints one schema.
pub(crate) fn run(name: &str, console: &mut Console<'_>) -> u8 {
    let schema = match PARTS.iter().find(|part| part.name == name) {
        Some(part) => (part.schema)(),
        None if name == DOCUMENT => document(),
        None if name == VALUES => values(),
        None => {
            let known: Vec<&str> = PARTS
                .iter()
                .map(|part| part.name)
                .chain([DOCUMENT, VALUES])
                .collect();
            let hint = hint(name, &known);
            console.fail(&format!(
                "no schema is called {name:?}{hint}; there are: {}",
                known.join(", ")
            ));
            return USAGE;
        }
    };
    console.say(&format!("{schema:#}\n"))
}

/// The document, with the schema of each part among its definitions.
fn document() -> Value {
    let mut properties = Map::new();
    let mut definitions = Map::new();
    for part in PARTS {
        properties.insert(
            part.name.to_owned(),
            json!({ "$ref": format!("#/$defs/{}", part.name) }),
        );
        let mut schema = (part.schema)();
        if let Some(schema) = schema.as_object_mut() {
            schema.remove("$schema");
            // A schema with an id of its own resolves its references within itself.
            schema.insert("$id".to_owned(), json!(format!("penstock:{}", part.name)));
        }
        definitions.insert(part.name.to_owned(), schema);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Penstock",
        "description": "A configuration of Penstock: a key for the engine, and one for each filter. A filter without its key stays out.",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "$defs": definitions,
    })
}

/// The values, with the schema of the filters' configuration in its place.
fn values() -> Value {
    let mut schema = crate::istio::schema();
    let mut filters = document();
    if let Some(filters) = filters.as_object_mut() {
        filters.remove("$schema");
        filters.insert("$id".to_owned(), json!("penstock:document"));
    }
    if let Some(place) = schema.pointer_mut("/properties/filters") {
        let about = place.get("description").cloned();
        *place = json!({ "description": about, "$ref": "#/$defs/filters" });
    }
    if let Some(definitions) = schema.pointer_mut("/$defs").and_then(Value::as_object_mut) {
        definitions.insert("filters".to_owned(), filters);
    }
    schema
}
