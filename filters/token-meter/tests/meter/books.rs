//! Metrics, labels, filter state.

use crate::story::{MILLI, NOON, Story, cancelled, chat, given, model, refused, stream, usage};
use penstock_filter_api::{Need, Origin, Outcome, Record, Times};
use penstock_llm_api::{Api, Usage};

const REQUESTS: &str = "penstock_requests_total";

#[test]
fn names_carry_the_labels() {
    let story = given(r#"{"tenant": {"header": "x-team"}}"#)
        .header("x-team", b"acme")
        .exchange(chat());
    let series = "route=.=chat;.;api=.=openai_chat;.;model=.=gpt-4.1;.;tenant=.=acme;.;";
    let names = story.host.names();
    assert!(
        names.contains(&format!("penstock_tokens_total.{series}type=.=input;.;").as_str()),
        "{names:?}"
    );
    let requests = format!("penstock_requests_total.{series}outcome=.=complete;.;origin=.=upstream;.;");
    assert!(names.contains(&requests.as_str()), "{names:?}");
    // Histograms have no tenant.
    let duration = "penstock_request_duration_ms.route=.=chat;.;api=.=openai_chat;.;model=.=gpt-4.1;.;outcome=.=complete;.;";
    assert!(names.contains(&duration), "{names:?}");
}

#[test]
fn labels_can_be_left_out() {
    let config = r#"{"labels": {"route": false, "api": false, "model": false}}"#;
    let story = given(config).exchange(chat()).exchange(model("b", chat()));
    assert_eq!(
        story.host.names()[0],
        "penstock_requests_total.outcome=.=complete;.;origin=.=upstream;.;"
    );
    story.then(REQUESTS, "", 2);
}

#[test]
fn times_of_a_stream() {
    given("{}")
        .exchange(stream())
        .recorded("penstock_time_to_first_token_ms", "", &[250])
        // 1.99 s between 200 tokens: 199 intervals.
        .recorded("penstock_time_per_output_token_us", "", &[10_000])
        .recorded("penstock_request_duration_ms", "outcome=complete", &[2500])
        .ledger("ttft_ms", "250")
        .ledger("duration_ms", "2500");
}

#[test]
fn times_that_mean_nothing_are_not_recorded() {
    given("{}")
        .exchange(chat())
        .recorded("penstock_time_to_first_token_ms", "", &[])
        .recorded("penstock_time_per_output_token_us", "", &[])
        .recorded("penstock_request_duration_ms", "", &[2000])
        .no_ledger("ttft_ms");
    // One token has no interval, and one event neither.
    given("{}")
        .exchange(Record {
            usage: usage(10, 1),
            ..stream()
        })
        .recorded("penstock_time_per_output_token_us", "", &[]);
    let times = Times {
        last_output: NOON + 250 * MILLI,
        ..stream().times
    };
    given("{}")
        .exchange(Record { times, ..stream() })
        .recorded("penstock_time_per_output_token_us", "", &[]);
    // Envoy's own answer says nothing of a model.
    given("{}")
        .exchange(Record {
            origin: Origin::Envoy,
            status: 503,
            ..chat()
        })
        .recorded("penstock_request_duration_ms", "", &[]);
    // A clock that went backwards.
    let times = Times {
        start: NOON,
        first_output: NOON - 5,
        last_output: NOON - 9,
        end: NOON - 1,
    };
    given("{}")
        .exchange(Record { times, ..stream() })
        .then("penstock_request_duration_ms", "", 0);
}

#[test]
fn a_known_series_costs_a_handful_of_calls() {
    let mut story = given(r#"{"prices": [{"model": "*", "input": 1, "output": 1}]}"#).exchange(stream());
    let defined = story.host.names().len();
    story.host.calls = 0;
    let story = story.exchange(stream());
    assert_eq!(story.host.names().len(), defined);
    // requests, input, output, cost, duration, first token, time per token; tokens, cost and usage as filter state.
    assert_eq!(story.host.calls, 10);
}

#[test]
fn models_beyond_the_cap_are_other() {
    let story = given(r#"{"models": {"cap": 2, "other": "rest"}}"#);
    ["a", "b", "c", "d", "a"]
        .iter()
        .fold(story, |story, name| story.exchange(model(name, chat())))
        .then(REQUESTS, "model=a", 2)
        .then(REQUESTS, "model=b", 1)
        .then(REQUESTS, "model=rest", 2);
}

#[test]
fn models_that_are_not_allowed_are_other() {
    let config = r#"{"models": {"allow": ["gpt-4.1", "claude-*"], "cap": 2}}"#;
    given(config)
        .exchange(model("typo", chat()))
        .exchange(model("claude-a", chat()))
        .exchange(model("claude-b", chat()))
        .exchange(chat())
        .then(REQUESTS, "model=claude-a", 1)
        .then(REQUESTS, "model=gpt-4.1", 1)
        .then(REQUESTS, "model=other", 2);
}

#[test]
fn refused_requests_cannot_fill_the_tables() {
    let refused = Record {
        status: 404,
        outcome: Outcome::UpstreamError,
        usage: Usage::default(),
        output_text_bytes: 0,
        ..chat()
    };
    let story = given(r#"{"models": {"cap": 5}, "tenant": {"header": "x-team", "cap": 5}}"#);
    (0..50)
        .fold(story, |story, n| {
            story
                .header("x-team", format!("t{n}").as_bytes())
                .exchange(model(&format!("m{n}"), refused.clone()))
        })
        .header("x-team", b"acme")
        .exchange(chat())
        .then(REQUESTS, "model=other,tenant=other", 50)
        .then(REQUESTS, "model=gpt-4.1,tenant=acme", 1);
}

#[test]
fn series_are_bounded_in_all() {
    let story = given(r#"{"max_series": 3, "models": {"cap": 1000}}"#);
    let story = (0..100).fold(story, |story, n| story.exchange(model(&format!("m{n}"), chat())));
    story
        .then(REQUESTS, "", 100)
        .then(REQUESTS, "model=other,route=other,api=none", 97)
        .then("penstock_series_overflow_total", "", 97);
}

#[test]
fn hostile_names_stay_labels() {
    let name = "a;.;tenant=.=admin;.;\n\u{1F600}\"\\";
    let story = given("{}").exchange(model(name, chat()));
    let seen = story.host.names().join("\n");
    assert!(!seen.contains("tenant=.="), "{seen}");
    assert_eq!(story.line("model").unwrap().as_str(), Some(name));
    // A line of the ledger is one line.
    assert!(!story.host.state["penstock.usage"].contains('\n'));
    // Long names are cut, at a character's border.
    let long = "\u{00e9}".repeat(1000);
    let story = given("{}").exchange(model(&long, chat()));
    assert_eq!(story.line("model").unwrap().as_str().map(str::len), Some(128));
    story.then(REQUESTS, "model=other", 1);
}

#[test]
fn the_tenant_comes_from_where_it_is_said() {
    let by = |config: &str| given(&format!(r#"{{"tenant": {config}}}"#));
    by(r#"{"header": "X-Team"}"#)
        .header("x-team", b" acme ")
        .exchange(chat())
        .then(REQUESTS, "tenant=acme", 1);
    by(r#"{"header": "x-team"}"#)
        .exchange(chat())
        .then(REQUESTS, "tenant=none", 1)
        .no_ledger("tenant");
    by(r#"{"jwt_claim": ["payload", "org"]}"#)
        .property(
            "metadata|filter_metadata|envoy.filters.http.jwt_authn|payload|org",
            b"acme",
        )
        .exchange(chat())
        .then(REQUESTS, "tenant=acme", 1);
    by(r#"{"filter_state": "wasm.tenant"}"#)
        .property("filter_state|wasm.tenant", b"acme")
        .exchange(chat())
        .ledger("tenant", "\"acme\"");
    for (principal, attribute) in [
        ("uri_san", "connection|uri_san_peer_certificate"),
        ("dns_san", "connection|dns_san_peer_certificate"),
        ("subject", "connection|subject_peer_certificate"),
    ] {
        by(&format!(r#"{{"source_principal": "{principal}"}}"#))
            .property(attribute, b"spiffe://mesh/ns/a/sa/b")
            .exchange(chat())
            .ledger("tenant", "\"spiffe://mesh/ns/a/sa/b\"");
    }
    by(r#"{"source_principal": "uri_san"}"#)
        .exchange(chat())
        .then(REQUESTS, "tenant=none", 1);
}

#[test]
fn hostile_tenants_do_no_harm() {
    let by = || given(r#"{"tenant": {"header": "x-team"}}"#);
    by().header("x-team", b"\xff\xfe\x00;")
        .exchange(chat())
        .then(REQUESTS, "", 1);
    by().header("x-team", &[b'x'; 5000])
        .exchange(chat())
        .then(REQUESTS, "", 1);
    by().header("x-team", b"   ")
        .exchange(chat())
        .then(REQUESTS, "tenant=none", 1);
    // Where names come from somewhere else, those with a long start in common are not one tenant either.
    for value in [&b"\xff"[..], b"a\nb", &[b'x'; 129]] {
        given(r#"{"tenant": {"source_principal": "uri_san"}}"#)
            .property("connection|uri_san_peer_certificate", value)
            .exchange(chat())
            .then(REQUESTS, "tenant=invalid", 1);
    }
}

#[test]
fn an_api_key_is_never_shown() {
    let story = given(r#"{"tenant": {"header": "authorization", "hash": true}}"#)
        .header("authorization", b"Bearer sk-1234")
        .exchange(chat())
        // printf sk-1234 | sha256sum
        .then(REQUESTS, "tenant=88dc28d0f030c55e", 1);
    let shown = format!("{}{:?}", story.host.dump(), story.host.state);
    assert!(!shown.contains("sk-1234"), "{shown}");
    assert_eq!(
        refused(r#"{"tenant": {"header": "Authorization"}}"#),
        "tenant.header: holds a credential: set hash: true"
    );
}

#[test]
fn filter_state_as_much_as_is_wanted() {
    let with = |wanted: &str| given(&format!(r#"{{"filter_state": "{wanted}"}}"#)).exchange(stream());
    assert!(with("none").host.state.is_empty());
    with("tokens")
        .state("penstock.tokens", "1200")
        .no_state("penstock.usage");
    with("usage")
        .state("penstock.tokens", "1200")
        .no_state("penstock.model");
    with("all")
        .state("penstock.input_tokens", "1000")
        .state("penstock.output_tokens", "200")
        .state("penstock.cached_tokens", "0")
        .state("penstock.reasoning_tokens", "0")
        .state("penstock.estimated", "false")
        .state("penstock.model", "gpt-4.1")
        .state("penstock.api", "openai_chat")
        .state("penstock.outcome", "complete")
        .state("penstock.ttft_ms", "250")
        .no_state("penstock.cost")
        .no_state("penstock.cost_micro")
        .no_state("penstock.tenant");
}

#[test]
fn a_meter_with_prices_leaves_the_cost_as_a_whole_number_too() {
    let with = |model: &str, input: &str, more: &str| {
        let prices = format!(r#"[{{"model": "{model}", "input": {input}, "output": 8{more}}}]"#);
        given(&format!(
            r#"{{"filter_state": "tokens", "scope": {{"models": ["gpt-*"]}}, "prices": {prices}}}"#
        ))
    };
    let left = |story: Story, cost: &str| {
        story.state("penstock.cost_micro", cost);
    };
    left(with("*", "2", "").exchange(chat()), "3600");
    // Rounded up, and never more than Envoy takes at once.
    left(with("*", "2.000001", "").exchange(chat()), "3601");
    left(with("*", "2000000", "").exchange(chat()), "1000000000");
    // What has no price, or one in another currency, or is out of scope is charged as nothing, and not passed over.
    left(with("claude-*", "2", "").exchange(chat()), "0");
    left(with("*", "2", r#", "currency": "EUR""#).exchange(chat()), "0");
    let other = Record {
        request_model: Some("o3".into()),
        response_model: None,
        ..chat()
    };
    left(with("*", "2", "").exchange(other), "0");
}

#[test]
fn only_what_is_in_scope_is_metered() {
    let scoped = |scope: &str, record: Record| given(&format!(r#"{{"scope": {scope}}}"#)).exchange(record);
    let counted = |story: Story| story.host.sum(REQUESTS, "");
    for (scope, count) in [
        (r#"{"routes": ["chat"]}"#, 1),
        (r#"{"routes": ["admin-*"]}"#, 0),
        (r#"{"apis": ["openai_chat"]}"#, 1),
        (r#"{"apis": ["gemini"]}"#, 0),
        (r#"{"models": ["gpt-*"]}"#, 1),
        (r#"{"models": ["*-2025-04-14"]}"#, 1),
        (r#"{"models": ["claude-*"]}"#, 0),
        (r#"{"tenants": ["acme"]}"#, 0),
    ] {
        assert_eq!(counted(scoped(scope, chat())), count, "{scope}");
    }
    // An API that only the body tells.
    let mut story = given(r#"{"scope": {"apis": ["gemini"]}}"#);
    let filter = story.open(&Record { api: None, ..chat() }).unwrap();
    story.end(filter, &chat()).then(REQUESTS, "", 0);
    // A rate limit needs a number all the same.
    scoped(r#"{"models": ["claude-*"]}"#, chat())
        .state("penstock.tokens", "0")
        .no_state("penstock.usage");
}

#[test]
fn the_client_is_told_where_it_is_wanted() {
    let config = |wanted: &str| {
        format!(r#"{{"usage_headers": "{wanted}", "prices": [{{"model": "*", "input": 2, "output": 8}}]}}"#)
    };
    let told = |wanted: &str, record: Record| given(&config(wanted)).exchange(record).effects;
    assert!(told("off", chat()).response_headers.is_empty());
    let headers = told("headers", chat()).response_headers;
    let text: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.as_deref().unwrap_or("taken off")))
        .collect();
    assert_eq!(
        text,
        [
            "x-penstock-input-tokens: 1000",
            "x-penstock-output-tokens: 200",
            "x-penstock-cached-tokens: 0",
            "x-penstock-reasoning-tokens: 0",
            "x-penstock-cost: 0.0036",
            "x-penstock-currency: USD",
        ]
    );
    assert!(told("headers", stream()).response_headers.is_empty());
    assert_eq!(told("trailers", stream()).response_trailers.len(), 6);
    // Not before the report, and never an estimate.
    assert!(told("trailers", cancelled()).response_trailers.is_empty());
    let early = Record {
        finish: None,
        ..stream()
    };
    assert!(told("trailers", early).response_trailers.is_empty());
}

#[test]
fn off_reads_nothing_and_shadow_changes_nothing() {
    given(r#"{"mode": "off"}"#).exchange(chat()).then(REQUESTS, "", 0);
    let story = given(r#"{"mode": "shadow", "usage_headers": "headers"}"#).exchange(chat());
    assert!(story.effects.response_headers.is_empty());
    assert_eq!(
        story.needs.map(|needs| (needs.request, needs.response)),
        Some((Need::Observe, Need::Observe))
    );
    story.then(REQUESTS, "", 1);
}

#[test]
fn a_request_waits_only_where_it_may_change() {
    let needs = |config: &str, api| {
        given(config)
            .exchange(Record { api, ..chat() })
            .needs
            .unwrap()
            .request
    };
    assert_eq!(needs("{}", Some(Api::OpenAiChat)), Need::Decide);
    assert_eq!(needs("{}", Some(Api::AnthropicMessages)), Need::Observe);
    assert_eq!(
        needs(r#"{"ask_usage": false}"#, Some(Api::OpenAiChat)),
        Need::Observe
    );
    assert_eq!(
        needs(r#"{"usage_headers": "headers"}"#, Some(Api::Gemini)),
        Need::Decide
    );
}
