//! Configurations, good and bad.

use crate::story::{given, refused};
use penstock_filter_api::{Mode, OnFailure, Stage};
use penstock_token_meter::MODULE;

#[test]
fn nothing_needs_to_be_said() {
    let policy = (MODULE.load)("{}").unwrap().policy();
    assert_eq!((policy.name, policy.stage), ("token_meter", Stage::Admit));
    assert_eq!((policy.mode, policy.on_failure), (Mode::Enforce, OnFailure::Open));
}

#[test]
fn modes_are_taken_over() {
    let policy = (MODULE.load)(r#"{"mode": "shadow", "on_failure": "closed"}"#)
        .unwrap()
        .policy();
    assert_eq!(
        (policy.mode, policy.on_failure),
        (Mode::Shadow, OnFailure::Closed)
    );
}

#[test]
fn an_error_says_where() {
    for (config, error) in [
        (r#"{"modes": 1}"#, "modes: unknown field"),
        (r#"{"mode": "on"}"#, "mode: unknown variant"),
        (r#"{"ask_usage": "yes"}"#, "ask_usage: invalid type"),
        (r#"{"currency": "US dollar"}"#, "currency: not a code"),
        (r#"{"max_series": 0}"#, "max_series: not between"),
        (
            r#"{"estimate": {"bytes_per_token": 0.5}}"#,
            "estimate.bytes_per_token: not between 1 and 15",
        ),
        (
            r#"{"estimate": {"bytes_per_token": "x"}}"#,
            "estimate.bytes_per_token: not a decimal",
        ),
        (r#"{"models": {"cap": 0}}"#, "models.cap: not between"),
        (r#"{"models": {"cap": 70000}}"#, "models.cap: invalid value"),
        (
            r#"{"models": {"cap": 1, "allow": ["a", "b"]}}"#,
            "models.cap: smaller than",
        ),
        (r#"{"models": {"allow": ["a", ""]}}"#, "models.allow[1]: empty"),
        (
            r#"{"scope": {"apis": ["gemini", "openai"]}}"#,
            "scope.apis[1]: no such API",
        ),
        (r#"{"tenant": {}}"#, "tenant: needs exactly one of"),
        (
            r#"{"tenant": {"header": "a", "source_principal": "uri_san"}}"#,
            "tenant: needs exactly one of",
        ),
        (
            r#"{"tenant": {"source_principal": "ip"}}"#,
            "tenant.source_principal: unknown variant `ip`",
        ),
        (
            r#"{"tenant": {"header": "a", "filter_state": "b"}}"#,
            "tenant: needs exactly one of",
        ),
        (
            r#"{"tenant": {"jwt_claim": ["payload"]}}"#,
            "tenant.jwt_claim: needs",
        ),
        (
            r#"{"tenant": {"header": "a", "cap": 0}}"#,
            "tenant.cap: not between",
        ),
        (
            r#"{"tenant": {"header": "a", "hash_key": "k"}}"#,
            "tenant.hash_key: has no effect",
        ),
        (
            r#"{"prices": [{"input": 1}]}"#,
            "prices[0]: missing field `model`",
        ),
        (
            r#"{"prices": [{"model": "", "input": 1}]}"#,
            "prices[0].model: empty",
        ),
        (
            r#"{"prices": [{"model": "a"}]}"#,
            "prices[0].input: a price of input tokens is needed",
        ),
        (
            r#"{"prices": [{"model": "a", "input": 1}, {"model": "b", "input": -1}]}"#,
            "prices[1].input: ",
        ),
        (
            r#"{"prices": [{"model": "a", "input": "0.0000001"}]}"#,
            "prices[0].input: more than 6",
        ),
        (
            r#"{"prices": [{"model": "a", "input": 1, "reasoning": 1}]}"#,
            "prices[0].output: needed",
        ),
        (
            r#"{"prices": [{"model": "a", "input": 1, "api": "x"}]}"#,
            "prices[0].api: no such API",
        ),
        (
            r#"{"prices": [{"model": "a", "input": 1, "from": "2026-02-30"}]}"#,
            "prices[0].from: not a day",
        ),
        (
            r#"{"prices": [{"model": "a", "input": 1}, {"model": "a", "input": 2}]}"#,
            "prices[1].model: another",
        ),
        (
            r#"{"prices": [{"model": "a", "input": 1, "tiers": [{"above_input_tokens": 2}, {"above_input_tokens": 2}]}]}"#,
            "prices[0].tiers: above_input_tokens must ascend",
        ),
        (
            r#"{"prices": [{"model": "a", "input": "0.000001", "service_tiers": {"flex": {"multiplier": 0.5}}}]}"#,
            "prices[0].service_tiers.flex.multiplier: gives a price of more than 6",
        ),
        ("{} {}", "bytes after the JSON document"),
        ("", "JSON ends too early"),
    ] {
        let found = refused(config);
        assert!(found.contains(error), "{config}\n  {found}");
    }
}

#[test]
fn numbers_and_strings_are_the_same_price() {
    given(r#"{"prices": [{"model": "a", "input": 0.1, "output": "0.1"}]}"#);
}
