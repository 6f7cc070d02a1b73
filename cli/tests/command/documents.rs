//! docs/prompt-guard.md names what the guard has: fields, rules with their defaults, metrics.

use crate::run::{penstock, repository};
use penstock_prompt_guard::RULES;
use serde_json::Value;
use std::collections::BTreeSet;

fn page() -> String {
    std::fs::read_to_string(repository("docs/prompt-guard.md")).unwrap()
}

/// Rows of the page's tables that begin with a single name: that name, and what the last cell says.
fn rows(page: &str) -> Vec<(&str, &str)> {
    fn named(line: &str) -> Option<(&str, &str)> {
        let (name, cells) = line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | ")?;
        Some((name, cells.rsplit(" | ").next()?))
    }
    page.lines().filter_map(named).collect()
}

/// Every name of a field and of a choice in a schema.
fn names(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), value) {
                    ("properties", Value::Object(fields)) => found.extend(fields.keys().cloned()),
                    ("const", Value::String(choice)) => {
                        found.insert(choice.clone());
                    }
                    ("enum", Value::Array(choices)) => {
                        found.extend(choices.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    _ => {}
                }
                names(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

#[test]
fn every_field_and_choice_of_the_guard_is_on_its_page() {
    let (page, mut found) = (page(), BTreeSet::new());
    names(
        &serde_json::from_str(&penstock(&["schema", "prompt_guard"]).out).unwrap(),
        &mut found,
    );
    assert!(found.len() > 60, "{found:?}");
    let is_named = |name: &String| page.contains(&format!("`{name}`")) || page.contains(&format!(".{name}`"));
    let missing: Vec<&String> = found.iter().filter(|name| !is_named(name)).collect();
    assert!(
        missing.is_empty(),
        "docs/prompt-guard.md does not name {missing:?}"
    );
}

#[test]
fn every_rule_of_the_guard_has_a_row_with_its_default() {
    let page = page();
    let rows = rows(&page);
    let defaults = ["`pass`", "`alert`", "`annotate`", "`strip`", "`deny`"];
    let of = |id: &str| -> Vec<&str> {
        let fits = rows
            .iter()
            .filter(|(name, last)| *name == id && defaults.contains(last));
        fits.map(|(_, last)| *last).collect()
    };
    for rule in RULES {
        assert_eq!(
            of(rule.id),
            [format!("`{}`", rule.default_action())],
            "{}",
            rule.id
        );
    }
}

/// The source says which metrics there are: it names each once.
#[test]
fn every_metric_of_the_guard_is_on_its_page() {
    let book = std::fs::read_to_string(repository("filters/prompt-guard/src/book.rs")).unwrap();
    let metrics: BTreeSet<&str> = book
        .split('"')
        .filter(|text| text.starts_with("penstock_guard_"))
        .collect();
    assert!(metrics.len() > 5, "{metrics:?}");
    let page = page();
    let listed: BTreeSet<&str> = rows(&page)
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| name.starts_with("penstock_guard_"))
        .collect();
    assert_eq!(listed, metrics);
}
