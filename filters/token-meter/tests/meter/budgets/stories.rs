//! Budgets told as stories: the engine and the meter in a fake Envoy.

use penstock_fake_envoy::Story;
use penstock_token_meter::MODULE;
use serde_json::{Value, json};

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";

fn under(meter: &Value) -> Story {
    Story::under(&json!({ "token_meter": meter }).to_string(), &[MODULE])
        .unwrap_or_else(|error| panic!("{error}"))
}

fn budget(unit: &str, limit: u64) -> Value {
    json!({"name": "team", "key": ["tenant"], "unit": unit, "limit": limit, "window": {"per": "minute"}})
}

fn of_tenants(budget: &Value) -> Value {
    json!({"tenant": {"header": "x-tenant"}, "budgets": [budget]})
}

fn chat(stream: bool) -> Value {
    json!({"model": "gpt-4.1", "stream": stream, "max_tokens": 10, "messages": [{"role": "user", "content": "hello there, you"}]})
}

fn completion(input: u64, output: u64) -> Value {
    json!({"id": "1", "object": "chat.completion", "model": "gpt-4.1", "choices":
        [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output}})
}

fn delta(text: &str) -> Vec<u8> {
    let event = json!({"choices": [{"index": 0, "delta": {"content": text}}]});
    format!("data: {event}\n\n").into_bytes()
}

fn field(story: &Story, name: &str) -> Option<String> {
    let value = story.envoy.client(story.stream).field(name)?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// An exchange to its end, in a story that goes on.
fn whole(story: Story, tenant: &str, input: u64, output: u64) -> Story {
    let mut story = story
        .again()
        .asks_with(CHAT, &[("x-tenant", tenant)], &chat(false));
    assert!(story.has_left(), "{}", story.body());
    story.begins("200", &[("content-type", "application/json")]);
    let body = completion(input, output).to_string();
    story.envoy.response_body(story.stream, body.as_bytes(), true);
    story
}

fn refused(story: Story, tenant: &[(&str, &str)]) -> Story {
    let story = story.again().asks_with(CHAT, tenant, &chat(false));
    assert_eq!(
        story.refusal(),
        ("429".to_owned(), "budget_team".to_owned()),
        "{}",
        story.body()
    );
    assert!(!story.has_left());
    story
}

#[test]
fn a_tenant_that_has_used_its_tokens_is_refused_and_others_are_not() {
    let story = under(&of_tenants(&budget("tokens", 1000)));
    let story = whole(story, "acme", 900, 95);
    let story = refused(story, &[("x-tenant", "acme")]);
    // Virtual time begins at 22:13:20.
    assert_eq!(field(&story, "retry-after").as_deref(), Some("40"));
    let mut story = whole(story, "other", 1, 1);
    story.envoy.pass(39_999);
    let mut story = refused(story, &[("x-tenant", "acme")]);
    assert_eq!(field(&story, "retry-after").as_deref(), Some("1"));
    story.envoy.pass(1);
    let story = whole(story, "acme", 1, 1);
    let denied = story.count(
        "penstock_denied_total",
        &[("filter", "token_meter"), ("code", "budget_team")],
    );
    assert_eq!(denied, 2);
    assert!(story.envoy.misuse().is_empty(), "{:?}", story.envoy.misuse());
}

#[test]
fn an_answer_says_how_the_budget_stands() {
    let config = json!({"budgets": [
        {"name": "team", "unit": "tokens", "limit": 1000, "window": {"per": "hour"}},
        {"name": "calls", "unit": "requests", "limit": 60, "window": {"bucket": {"rate_per_s": 1, "burst": 60}}}]});
    let Err(error) = Story::under(&json!({ "token_meter": config }).to_string(), &[MODULE]) else {
        panic!("not refused");
    };
    assert_eq!(
        error.to_string(),
        "token_meter.budgets[1].limit: a bucket's limit is its burst"
    );
    let mut config = config;
    config["budgets"][1].as_object_mut().unwrap().remove("limit");
    let story = whole(under(&config), "acme", 5, 5);
    for (name, value) in [
        ("x-ratelimit-limit-tokens", "1000"),
        ("x-ratelimit-remaining-tokens", "986"),
        ("x-ratelimit-limit-requests", "60"),
        ("x-ratelimit-remaining-requests", "59"),
        ("x-ratelimit-reset-requests", "1s"),
    ] {
        assert_eq!(field(&story, name).as_deref(), Some(value), "{name}");
    }
    let ask = json!({"model": "claude", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]});
    let mut story = story.again().asks(MESSAGES, &ask);
    story.begins("200", &[("content-type", "application/json")]);
    assert_eq!(
        field(&story, "anthropic-ratelimit-tokens-limit").as_deref(),
        Some("1000")
    );
    // 22:13:20, and two of a second each.
    assert_eq!(
        field(&story, "anthropic-ratelimit-requests-reset").as_deref(),
        Some("2023-11-14T22:13:22Z")
    );
    assert_eq!(field(&story, "x-ratelimit-limit-tokens"), None);
}

#[test]
fn a_refusal_says_how_all_of_its_budgets_stand() {
    let calls = |name: &str, limit: u64| json!({"name": name, "unit": "requests", "limit": limit, "window": {"per": "minute"}});
    let few =
        json!({"name": "few", "unit": "requests", "limit": 40, "window": {"per": "hour"}, "mode": "shadow"});
    let bucket =
        json!({"name": "team", "unit": "tokens", "window": {"bucket": {"rate_per_s": 10, "burst": 100}}});
    let config = json!({"budgets": [calls("calls", 90), few, bucket, calls("after", 50)]});
    let story = whole(under(&config), "", 5, 65);
    let story = whole(story, "", 5, 15);
    let story = refused(story, &[]);
    for (name, value) in [
        ("x-ratelimit-limit-tokens", "100"),
        ("x-ratelimit-remaining-tokens", "10"),
        // It needs 14, and all of 100 are back in nine seconds.
        ("retry-after", "1"),
        ("x-ratelimit-reset-tokens", "9s"),
        // Asked first, it had let this one in, too; the one that was asked later has less left.
        ("x-ratelimit-limit-requests", "50"),
        ("x-ratelimit-remaining-requests", "48"),
        ("content-type", "application/json"),
    ] {
        assert_eq!(field(&story, name).as_deref(), Some(value), "{name}");
    }
    let ask = json!({"model": "claude", "max_tokens": 50, "messages": [{"role": "user", "content": "hi"}]});
    let story = story.again().asks(MESSAGES, &ask);
    for (name, value) in [
        ("anthropic-ratelimit-tokens-remaining", "10"),
        ("anthropic-ratelimit-tokens-reset", "2023-11-14T22:13:29Z"),
        ("anthropic-ratelimit-requests-remaining", "48"),
    ] {
        assert_eq!(field(&story, name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(field(&story, "x-ratelimit-limit-tokens"), None);
}

#[test]
fn a_stream_is_cut_in_the_dialect_of_its_client() {
    let mut story =
        under(&of_tenants(&budget("output_tokens", 20))).asks_with(CHAT, &[("x-tenant", "a")], &chat(true));
    assert!(story.has_left());
    story.begins("200", &[("content-type", "text/event-stream")]);
    for _ in 0..10 {
        story.envoy.response_body(story.stream, &delta("eight by"), false);
    }
    story.envoy.response_body(story.stream, &delta("too much"), false);
    let body = story.body();
    assert_eq!(body.matches("eight by").count(), 10, "{body}");
    assert!(!body.contains("too much"), "{body}");
    assert!(body.contains(r#""code":"budget_team""#), "{body}");
    story.envoy.pass(1000);
    story.envoy.response_body(story.stream, &delta("and more"), false);
    assert!(story.envoy.is_over(story.stream));
    assert_eq!(story.count("penstock_budget_cut_total", &LABELS), 1);
    assert_eq!(story.count("penstock_budget_used_total", &LABELS), 22);
}

const LABELS: [(&str, &str); 3] = [("budget", "team"), ("unit", "output_tokens"), ("volatile", "no")];

#[test]
fn a_response_that_no_budget_may_end_is_only_watched() {
    for (unit, limit) in [("requests", 5), ("input_tokens", 500)] {
        let mut story = under(&of_tenants(&budget(unit, limit))).asks(CHAT, &chat(true));
        story.begins(
            "200",
            &[("content-type", "text/event-stream"), ("content-length", "1000")],
        );
        assert_eq!(
            field(&story, "content-length").as_deref(),
            None.or(field(&story, "content-length").as_deref())
        );
        story
            .envoy
            .response_body(story.stream, &delta(&"x".repeat(5000)), false);
        assert!(story.body().contains("xxx"), "{unit}");
    }
}

#[test]
fn what_a_client_leaves_or_a_server_breaks_comes_back() {
    let budget = json!({"name": "team", "unit": "tokens", "limit": 1000, "window": {"per": "day"}});
    let story = under(&json!({ "budgets": [budget] }));
    let labels = [("budget", "team"), ("unit", "tokens"), ("volatile", "yes")];
    let ask = json!({"model": "m", "max_tokens": 900, "messages": [{"role": "user", "content": "hello there, you"}]});
    let mut story = story.asks(CHAT, &ask);
    story.envoy.client_leaves(story.stream);
    let mut story = story.again().asks(CHAT, &ask);
    story.envoy.upstream_resets(story.stream);
    let mut story = story.again().asks(CHAT, &ask);
    story.envoy.upstream_times_out(story.stream);
    let mut story = story.again().asks(CHAT, &ask);
    story.begins("500", &[("content-type", "application/json")]);
    story.envoy.response_body(story.stream, b"{}", true);
    let taken = story.count("penstock_budget_reserved_total", &labels);
    assert_eq!(taken, 4 * 904);
    assert_eq!(story.count("penstock_budget_returned_total", &labels), taken);
    // The prompt of the one that was left.
    assert_eq!(story.count("penstock_budget_used_total", &labels), 4);
}

#[test]
fn hostile_tenants_are_all_one() {
    let story = under(&of_tenants(&budget("requests", 1)));
    let long = "x".repeat(1 << 20);
    let mut story = whole(story, &long, 1, 1);
    story = refused(story, &[("x-tenant", "\u{1}binary")]);
    story = refused(story, &[("x-tenant", "a"), ("x-tenant", "b")]);
    story = refused(story, &[("x-tenant", &"y".repeat(129))]);
    let story = refused(story, &[("x-tenant", "invalid")]);
    assert_eq!(
        story.count(
            "penstock_budget_used_total",
            &[("budget", "team"), ("unit", "requests"), ("volatile", "no")]
        ),
        1
    );
}

#[test]
fn an_api_key_has_an_account_of_its_own_and_is_never_shown() {
    let mut by_key = budget("requests", 1);
    by_key["key"] = json!(["api_key"]);
    let story = under(&json!({ "budgets": [by_key] }));
    let served = |mut story: Story, key: &[(&str, &str)]| {
        story = story.again().asks_with(CHAT, key, &chat(false));
        assert!(story.has_left(), "{}", story.body());
        story
    };
    let secret = "sk-very-secret";
    let bearer = ("authorization", "Bearer sk-very-secret");
    let story = served(story, &[bearer]);
    let story = refused(story, &[("x-api-key", secret)]);
    let story = refused(story, &[("x-goog-api-key", secret)]);
    let story = served(story, &[("api-key", "another")]);
    // One account for all without a key, and one for all whose key could be any: nobody mints a new one with each request.
    let story = served(story, &[]);
    let story = refused(story, &[]);
    let story = served(story, &[bearer, ("x-api-key", "minted-1")]);
    let story = refused(story, &[bearer, ("x-api-key", "minted-2")]);
    let story = refused(story, &[("authorization", "AWS4-HMAC-SHA256 Signature=1")]);
    let story = refused(story, &[("x-api-key", &"k".repeat(1 << 20))]);
    let story = refused(story, &[("x-api-key", "\u{1}binary")]);
    let shown = format!(
        "{:?}{:?}",
        story.envoy.metrics(),
        story.envoy.filter_state(story.stream)
    );
    assert!(
        !shown.contains(secret) && !story.body().contains(secret),
        "{shown}"
    );
}

#[test]
fn who_cannot_be_read_does_not_slip_by() {
    let strict = of_tenants(&budget("tokens", 1000));
    let mut open = strict.clone();
    open["on_failure"] = json!("open");
    let twice = br#"{"model": "a", "model": "b", "messages": []}"#;
    for (config, status) in [(strict, "400"), (open, "")] {
        let mut story = under(&config);
        let head = [
            (":method", "POST"),
            (":path", CHAT),
            ("content-type", "application/json"),
        ];
        story
            .envoy
            .request_head(story.stream, penstock_fake_envoy::head(&head), false);
        story.envoy.request_body(story.stream, twice, true);
        assert_eq!(String::from_utf8_lossy(story.status()), status);
        if status.is_empty() {
            // It has passed, and is booked all the same.
            story.begins("200", &[("content-type", "application/json")]);
            let answer = completion(7, 3).to_string();
            story.envoy.response_body(story.stream, answer.as_bytes(), true);
            let labels = [("budget", "team"), ("unit", "tokens"), ("volatile", "no")];
            assert_eq!(story.count("penstock_budget_used_total", &labels), 10);
        }
    }
}

#[test]
fn gates_refuse_a_single_request() {
    let config = json!({"prices": [{"model": "gpt-*", "input": 2, "output": 8}],
        "gates": {"max_input_tokens": 100, "max_output_tokens": 50, "models": ["gpt-*"], "max_cost": "0.0003"}});
    let ask = |model: &str, bytes: usize, most: u64| json!({"model": model, "max_tokens": most, "messages": [{"role": "user", "content": "x".repeat(bytes)}]});
    for (body, status, code) in [
        (ask("gpt-4.1", 40, 10), "", ""),
        (ask("claude", 40, 10), "403", "model_not_allowed"),
        (ask("gpt-4.1", 4000, 10), "400", "prompt_too_long"),
        (ask("gpt-4.1", 40, 51), "400", "max_tokens_too_large"),
        (ask("gpt-4.1", 40, 40), "400", "request_too_expensive"),
    ] {
        let story = under(&config).asks(CHAT, &body);
        assert_eq!(story.refusal(), (status.to_owned(), code.to_owned()), "{body}");
        let mut shadow = config.clone();
        shadow["mode"] = json!("shadow");
        let story = under(&shadow).asks(CHAT, &body);
        assert!(story.has_left());
        let would = story.count(
            "penstock_would_total",
            &[("filter", "token_meter"), ("action", code)],
        );
        assert_eq!(would, u64::from(!code.is_empty()), "{body}");
    }
}

#[test]
fn a_gate_is_for_its_scope() {
    let config = json!({"tenant": {"header": "x-tenant"}, "gates": [
        {"models": ["gpt-*", "o3"]},
        {"scope": {"tenants": ["globex"]}, "models": ["gpt-4.1"]},
        {"scope": {"models": ["o3"]}, "max_output_tokens": 5}]});
    let ask = |model: &str, most: u64| json!({"model": model, "max_tokens": most, "messages": [{"role": "user", "content": "hi"}]});
    for (tenant, body, status, code) in [
        ("globex", ask("gpt-4.1", 10), "", ""),
        ("globex", ask("gpt-4o", 10), "403", "model_not_allowed"),
        ("globex", ask("o3", 5), "403", "model_not_allowed"),
        ("acme", ask("gpt-4o", 10), "", ""),
        ("acme", ask("o3", 5), "", ""),
        ("acme", ask("o3", 6), "400", "max_tokens_too_large"),
        ("acme", ask("claude", 5), "403", "model_not_allowed"),
    ] {
        let story = under(&config).asks_with(CHAT, &[("x-tenant", tenant)], &body);
        assert_eq!(
            story.refusal(),
            (status.to_owned(), code.to_owned()),
            "{tenant} {body}"
        );
    }
    let nobody = under(&config).asks(CHAT, &ask("o3", 5));
    assert!(nobody.has_left(), "{}", nobody.body());
}
