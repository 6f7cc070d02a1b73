//! Requests that do not leave: blocked finds, content that nobody can see, bodies that nobody can read.

use super::{VALUE, denied, failed, found, redactor, redactor_in};
use crate::bodies::*;
use crate::check::*;
use crate::message::Request;
use crate::scenario::{Scenario, case};

/// All of this file.
pub fn cases() -> Vec<Scenario> {
    [blocked(), unseen(), unreadable()].concat()
}

/// An error object for each API, so that its SDK raises the error it has for that.
const WORDS: [(&str, &str, &str, &str); 8] = [
    (
        "OpenAI chat",
        "/v1/chat/completions",
        r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"ana.roe@example.org"}]}"#,
        r#"{"error":{"message":"the request holds what must not pass: EMAIL_ADDRESS","type":"invalid_request_error","param":null,"code":"pii_blocked"}}"#,
    ),
    (
        "OpenAI responses",
        "/v1/responses",
        r#"{"model":"m","input":"ana.roe@example.org"}"#,
        r#"{"error":{"message":"the request holds what must not pass: EMAIL_ADDRESS","type":"invalid_request_error","param":null,"code":"pii_blocked"}}"#,
    ),
    (
        "OpenAI embeddings",
        "/v1/embeddings",
        r#"{"model":"m","input":["ana.roe@example.org"]}"#,
        r#""code":"pii_blocked""#,
    ),
    (
        "Anthropic",
        "/v1/messages",
        r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"ana.roe@example.org"}]}"#,
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"#,
    ),
    (
        "Ollama",
        "/api/chat",
        r#"{"model":"m","messages":[{"role":"user","content":"ana.roe@example.org"}]}"#,
        r#"{"error":"the request holds what must not pass: EMAIL_ADDRESS""#,
    ),
    (
        "Ollama embeddings",
        "/api/embed",
        r#"{"model":"m","input":"ana.roe@example.org"}"#,
        r#"{"error":"the request holds what must not pass: EMAIL_ADDRESS""#,
    ),
    (
        "Gemini",
        "/v1beta/models/g:streamGenerateContent",
        r#"{"contents":[{"parts":[{"text":"ana.roe@example.org"}]}]}"#,
        r#""status":"INVALID_ARGUMENT""#,
    ),
    (
        "a model of one's own",
        "/our/infer",
        r#"{"words":"ana.roe@example.org"}"#,
        r#""code":"pii_blocked""#,
    ),
];

fn blocked() -> Vec<Scenario> {
    let custom =
        r#"{"custom":[{"path":"/our/infer","request":{"texts":[{"scope":"user","pointer":"/words"}]}}]}"#;
    let setup = || redactor_in(custom, r#"{"action": "block"}"#);
    let mut all: Vec<Scenario> = WORDS
        .into_iter()
        .map(|(api, path, body, error)| {
            case(format!("redact: blocked in the words of {api}"))
                .given(setup())
                .request(
                    Request::new("POST", path)
                        .header("content-type", "application/json")
                        .body(body),
                )
                .upstream(json(200, "{}"))
                .then_all([
                    client_gets(400),
                    client_header("content-type", "application/json"),
                    client_body_has(error),
                    client_body_lacks(VALUE),
                ])
                .then_all([
                    upstream_sees_nothing(),
                    denied("pii_blocked"),
                    logged("penstock.denied", "pii_redactor:pii_blocked"),
                ])
        })
        .collect();
    let by_scope = r#"{"policies": [{"entities": ["EMAIL_ADDRESS"], "scopes": ["tool_result"], "action": "block"}, {"entities": ["email"], "scopes": ["system"], "action": "pass"}]}"#;
    let tool = |text: &str| {
        chat_json(format!(
            r#"{{"model":"m","messages":[{{"role":"system","content":"boss@example.org"}},{{"role":"user","content":"ana.roe@example.org"}},{{"role":"tool","tool_call_id":"t","content":"{text}"}}]}}"#
        ))
    };
    all.extend([
        case("redact: a tool's result is blocked by a policy of its own")
            .given(redactor(by_scope))
            .request(tool("to eve@example.net"))
            .upstream(json(200, completion("fine")))
            .then_all([
                client_gets(400),
                upstream_sees_nothing(),
                found("tool_result", "request", "block", 1),
            ]),
        case("redact: each scope meets its own policy")
            .given(redactor(by_scope))
            .request(tool("sent"))
            .upstream(json(200, completion("fine")))
            .then_all([
                client_gets(200),
                upstream_body_has("boss@example.org"),
                upstream_body_lacks(VALUE),
                found("user", "request", "mask", 1),
            ]),
    ]);
    all
}

fn unseen() -> Vec<Scenario> {
    let image = || {
        chat_json(
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"hi"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]}]}"#,
        )
    };
    let sends = |name: &str, config: &str| {
        case(format!("redact: {name}"))
            .given(redactor(config))
            .request(image())
            .upstream(json(200, completion("fine")))
            .then(counted("penstock_pii_unseen_total.kind=.=image;.;", 1))
    };
    vec![
        sends(
            "an image cannot be checked, and is refused",
            r#"{"on_unseen": "deny"}"#,
        )
        .then_all([
            client_gets(400),
            client_body_has("unseen_content"),
            upstream_sees_nothing(),
            denied("unseen_content"),
        ]),
        sends("an image cannot be checked, and is counted", "{}")
            .then_all([client_gets(200), upstream_body_untouched()]),
    ]
}

/// What cannot be read is refused or passes, as `on_failure` says.
fn unreadable() -> Vec<Scenario> {
    let either = |name: &str, status: u16, kind: &'static str, request: Request| {
        let given = |on_failure: &str| {
            let config = format!(r#"{{"max_finds": 3, "on_failure": "{on_failure}"}}"#);
            case(format!("redact: {name}, {on_failure}"))
                .given(redactor_in(r#"{"max_request_bytes": 20000}"#, &config))
                .request(request.clone())
                .upstream(json(200, completion("fine")))
                .then(failed(kind))
        };
        [
            given("closed").then_all([
                client_gets(status),
                client_body_has(kind),
                upstream_sees_nothing(),
            ]),
            given("open").then_all([
                client_gets(200),
                client_body_untouched(),
                upstream_body_untouched(),
            ]),
        ]
    };
    let four = "a@example.org b@example.org c@example.org d@example.org";
    let signed = |value: &str| {
        case(format!(
            "redact: a body signed by {value} is not touched but refused"
        ))
        .given(redactor("{}"))
        .request(chat("I am ana.roe@example.org").header("authorization", value))
        .upstream(json(200, completion("fine")))
    };
    let mut all = [
        either(
            "invalid JSON",
            400,
            "invalid_json",
            chat_json(r#"{"messages":[}"#),
        ),
        either(
            "a body over its bound",
            413,
            "request_too_large",
            chat(&"x".repeat(30_000)),
        ),
        either("more finds than may be kept", 413, "too_many_finds", chat(four)),
        either(
            "brotli",
            415,
            "unsupported_encoding",
            chat_json("\u{b}").header("content-encoding", "br"),
        ),
    ]
    .concat();
    all.push(signed("AWS4-HMAC-SHA256 Credential=x").then_all([
        client_gets(400),
        client_body_has("signed_body"),
        upstream_sees_nothing(),
        failed("signed_body"),
    ]));
    all
}
