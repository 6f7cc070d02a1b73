//! `penstock schema`.

use crate::run::{penstock, repository};
use serde_json::Value;

fn schema(name: &str) -> Value {
    let ran = penstock(&["schema", name]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{name}");
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn every_name_of_the_list_has_a_schema() {
    let list = penstock(&["schema"]).out;
    let names: Vec<&str> = list
        .lines()
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "exchange",
            "cluster_picker",
            "pii_redactor",
            "prompt_guard",
            "token_meter",
            "document",
            "istio"
        ]
    );
    for name in names {
        assert_eq!(
            schema(name)["$schema"],
            "https://json-schema.org/draft/2020-12/schema",
            "{name}"
        );
    }
}

/// The parser names its keys when it refuses another.
#[test]
fn every_key_of_a_configuration_has_a_schema() {
    let refused = crate::run::penstock_on(&["check", "-"], b"nobody: {}").out;
    let list = refused.split("this module reads: ").nth(1).unwrap().trim();
    let mut keys: Vec<&str> = list.split(", ").collect();
    keys.sort_unstable();
    let document = schema("document");
    let known: Vec<&String> = document["properties"].as_object().unwrap().keys().collect();
    assert_eq!(keys, known);
}

#[test]
fn each_filters_schema_is_the_one_that_it_keeps() {
    for (name, folder) in [
        ("cluster_picker", "cluster-picker"),
        ("pii_redactor", "pii-redactor"),
        ("prompt_guard", "prompt-guard"),
        ("token_meter", "token-meter"),
    ] {
        let kept = std::fs::read_to_string(repository(&format!("filters/{folder}/schema.json"))).unwrap();
        assert_eq!(penstock(&["schema", name]).out, kept, "{name}");
    }
}

/// A field that the engine reads and the schema lacks, or the other way round, is a bug.
#[test]
fn the_engines_schema_names_what_the_engine_reads() {
    let exchange = schema("exchange");
    let properties = exchange["properties"].as_object().unwrap();
    assert!(properties.len() > 10);
    for (name, property) in properties {
        assert!(property["description"].is_string(), "{name} is not described");
        let ran = crate::run::penstock_on(
            &["check", "-"],
            format!("{{\"exchange\": {{\"{name}\": {{}}}}}}").as_bytes(),
        );
        assert!(
            ran.out.contains(&format!("exchange.{name}: invalid type")),
            "{name}: {}",
            ran.out
        );
    }
}

#[test]
fn the_document_holds_all_parts() {
    let document = schema("document");
    assert_eq!(document["additionalProperties"], false);
    for (name, part) in document["properties"].as_object().unwrap() {
        let definition = document["$defs"].get(name).unwrap();
        assert_eq!(part["$ref"], format!("#/$defs/{name}"));
        assert_eq!(definition["properties"], schema(name)["properties"], "{name}");
    }
}
