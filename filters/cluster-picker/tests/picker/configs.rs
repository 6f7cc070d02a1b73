//! Configurations, good and bad.

use crate::story::{A, B, chat, fleet, given};
use penstock_cluster_picker::MODULE;
use penstock_filter_api::{Mode, OnFailure, Stage};

/// The error that a configuration is refused with.
fn refused(config: &str) -> String {
    match (MODULE.load)(config) {
        Ok(_) => panic!("not refused: {config}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn nothing_needs_to_be_said() {
    let policy = (MODULE.load)("{}").unwrap().policy();
    assert_eq!((policy.name, policy.stage), ("cluster_picker", Stage::Route));
    assert_eq!((policy.mode, policy.on_failure), (Mode::Enforce, OnFailure::Open));
}

#[test]
fn an_error_says_where() {
    let named = |name: &str, address: &str| format!(r#"{{"name": "{name}", "address": "{address}"}}"#);
    let backends = |list: &[String]| format!(r#"{{"backends": [{}]}}"#, list.join(","));
    for (config, error) in [
        (r#"{"backend": []}"#.to_owned(), "backend: unknown field"),
        (r#"{"steer": "host"}"#.to_owned(), "steer: unknown variant"),
        (r#"{"header": ""}"#.to_owned(), "header: not the name of a header"),
        (
            r#"{"header": "x y"}"#.to_owned(),
            "header: not the name of a header",
        ),
        (
            r#"{"header": ":path"}"#.to_owned(),
            "header: not the name of a header",
        ),
        (
            r#"{"header": "x-ö"}"#.to_owned(),
            "header: not the name of a header",
        ),
        (
            r#"{"candidates": 0}"#.to_owned(),
            "candidates: not between 1 and 8",
        ),
        (
            r#"{"candidates": 9}"#.to_owned(),
            "candidates: not between 1 and 8",
        ),
        (
            r#"{"split_by": ""}"#.to_owned(),
            "split_by: not the name of a header",
        ),
        (r#"{"sticky": {}}"#.to_owned(), "sticky: missing field `header`"),
        (
            r#"{"sticky": {"header": "a b"}}"#.to_owned(),
            "sticky.header: not the name",
        ),
        (
            r#"{"learn": true, "steer": "cluster"}"#.to_owned(),
            "learn: has no effect unless steer is endpoint",
        ),
        (
            r#"{"steer": "share"}"#.to_owned(),
            "groups: needed where steer is share",
        ),
        (
            backends(&[named("a", "nowhere")]),
            "backends[0].address: not ip:port",
        ),
        (
            backends(&[named("a", "host:80")]),
            "backends[0].address: not ip:port",
        ),
        (
            backends(&[named("a", "10.0.0.1")]),
            "backends[0].address: not ip:port",
        ),
        (backends(&[named("a", "")]), "backends[0].address: not ip:port"),
        (
            backends(&[named("a", A), named("a", B)]),
            "backends[1].name: given twice",
        ),
        (
            backends(&[named("a", A), named("b", A)]),
            "backends[1].address: given twice",
        ),
        (
            backends(&[named("", A), named(A, B)]),
            "backends[1].name: given twice",
        ),
        (
            backends(&[named("a", "[::1]:80"), named("b", "[0::1]:80")]),
            "backends[1].address: given twice",
        ),
        (
            r#"{"steer": "cluster", "backends": [{"name": "a"}]}"#.to_owned(),
            "backends[0].cluster: needed",
        ),
        (
            r#"{"steer": "cluster", "backends": [{"cluster": "a\nb"}]}"#.to_owned(),
            "backends[0].cluster: ",
        ),
        (
            r#"{"steer": "cluster", "backends": [{"cluster": "a"}, {"name": "b", "cluster": "a"}]}"#
                .to_owned(),
            "backends[1].cluster: given twice",
        ),
        (
            fleet(&[A], r#", "admission": {"priorities": {"batch": 101}}"#),
            "admission.priorities.batch: more than 100",
        ),
        (
            fleet(&[A], r#", "groups": [{"name": "g"}]"#),
            "groups: one needs a share",
        ),
        (
            fleet(&[A], r#", "groups": [{"share": 1}]"#),
            "groups[0]: missing field `name`",
        ),
        (
            fleet(
                &[A],
                r#", "groups": [{"name": "g", "share": 1}, {"name": "g", "share": 1}]"#,
            ),
            "groups[1].name: empty, or given twice",
        ),
        (
            fleet(
                &[A],
                r#", "groups": [{"name": "g", "share": 1, "when": {"header": ""}}]"#,
            ),
            "groups[0].when.header: not the name",
        ),
        (
            r#"{"backends": [{"address": "10.0.0.1:80", "group": "g"}]}"#.to_owned(),
            "backends[0].group: no such group",
        ),
        (
            r#"{"backends": [{"address": "10.0.0.1:80", "speed": 0}]}"#.to_owned(),
            "backends[0].speed: not between",
        ),
        (
            r#"{"backends": [{"address": "10.0.0.1:80", "price": -1}]}"#.to_owned(),
            "backends[0].price: not between",
        ),
        (
            r#"{"backends": [{"address": "10.0.0.1:80", "price": "x"}]}"#.to_owned(),
            "backends[0].price: ",
        ),
        (
            r#"{"backends": [{"address": "10.0.0.1:80", "models": [""]}]}"#.to_owned(),
            "backends[0].models[0]: empty",
        ),
        (
            r#"{"classes": [{"groups": ["g"]}]}"#.to_owned(),
            "classes[0].groups[0]: no such group",
        ),
        (
            r#"{"classes": [{"groups": []}]}"#.to_owned(),
            "classes[0].groups: needs one",
        ),
        (
            r#"{"classes": [{"min_input_tokens": 9, "max_input_tokens": 8, "groups": ["all"]}]}"#.to_owned(),
            "classes[0].max_input_tokens: less than min_input_tokens",
        ),
        (
            r#"{"rollback": {"group": "a", "to": "b"}}"#.to_owned(),
            "rollback.group: no such group",
        ),
        (
            r#"{"rollback": {"group": "all", "to": "all"}}"#.to_owned(),
            "rollback.to: the same group",
        ),
        (
            r#"{"admission": {"status": 500}}"#.to_owned(),
            "admission.status: neither 429 nor 503",
        ),
        (
            r#"{"admission": {"first_token_ms": 0}}"#.to_owned(),
            "admission.first_token_ms: ",
        ),
        (
            r#"{"admission": {"header": "é"}}"#.to_owned(),
            "admission.header: not the name",
        ),
        (
            fleet(&[A], r#", "poll": {}"#),
            "poll: needs backends with a cluster",
        ),
        (
            fleet(&[A], r#", "poll": {"path": "metrics"}"#),
            "poll.path: not a path",
        ),
        (
            fleet(&[A], r#", "poll": {"path": "/a b"}"#),
            "poll.path: not a path",
        ),
        (
            fleet(&[A], r#", "poll": {"interval_ms": 999}"#),
            "poll.interval_ms: not between",
        ),
        (
            r#"{"tuning": {"explore": 1.5}}"#.to_owned(),
            "tuning.explore: not between 0 and 1",
        ),
        (
            r#"{"tuning": {"report_fade_s": 0}}"#.to_owned(),
            "tuning.report_fade_s: less than 0.01",
        ),
        (
            r#"{"tuning": {"kv_threshold": 1e999}}"#.to_owned(),
            "tuning.kv_threshold: not between",
        ),
        (
            r#"{"scope": {"apis": ["x"]}}"#.to_owned(),
            "scope.apis[0]: no such API",
        ),
    ] {
        let found = refused(&config);
        assert!(found.contains(error), "{config}\n  {found}\n  instead of {error}");
    }
}

#[test]
fn fleets_of_any_size_up_to_a_thousand() {
    let many = |count: usize| {
        let address = |index: usize| format!("10.0.{}.{}:80", index / 250, index % 250 + 1);
        let all: Vec<String> = (0..count).map(address).collect();
        fleet(&all.iter().map(String::as_str).collect::<Vec<_>>(), "")
    };
    let mut nobody = given(&many(0));
    let sent = nobody.ask(&chat(100));
    assert_eq!((sent.to(), &sent.denied), ("", &None));
    assert_eq!(
        nobody
            .host
            .metric("penstock_picker_unpicked_total", ("fleet", "default")),
        1
    );
    assert_eq!(given(&many(1)).ask(&chat(100)).target, "10.0.0.1:80");
    let mut full = given(&many(1000));
    let mut seen: Vec<String> = (0..1000).map(|_| full.ask(&chat(100)).to().to_owned()).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 1000, "idle ones first");
    assert!(refused(&many(1001)).contains("backends: more than 1000"));
}

#[test]
fn addresses_are_written_as_the_proxy_writes_them() {
    for (written, sent) in [
        ("[0:0::1]:080", "[::1]:80"),
        ("[2001:DB8::A]:80", "[2001:db8::a]:80"),
        ("10.0.0.1:8000", "10.0.0.1:8000"),
    ] {
        assert_eq!(given(&fleet(&[written], "")).ask(&chat(10)).target, sent);
    }
}
