//! Refusals and answers from memory: the upstream hears nothing, the client gets its API's error.

use super::denied;
use crate::bodies::*;
use crate::check::*;
use crate::message::{Framing, Request};
use crate::scenario::{Runs, Scenario, case};
use crate::script::Script;

/// All of this file.
pub fn cases() -> Vec<Scenario> {
    let answer = || json(200, completion("fine"));
    let deny = || probe(r#"{"deny_on": "forbidden", "retry_after_s": 7}"#);
    let anthropic = Request::new("POST", "/v1/messages")
        .header("content-type", "application/json")
        .body(r#"{"model":"c","max_tokens":9,"messages":[{"role":"user","content":"forbidden"}]}"#);
    let ollama = Request::new("POST", "/api/chat")
        .header("content-type", "application/json")
        .body(r#"{"model":"l","messages":[{"role":"user","content":"forbidden"}]}"#);
    let gemini = Request::new("POST", "/v1beta/models/g:generateContent")
        .header("content-type", "application/json")
        .body(r#"{"contents":[{"parts":[{"text":"forbidden"}]}]}"#);
    let refused = |name: &str, request: Request| {
        case(format!("deny: {name}"))
            .given(deny())
            .request(request)
            .upstream(answer())
            .then_all([
                client_gets(403),
                client_body_has("probe_prompt"),
                upstream_sees_nothing(),
                denied("probe_prompt"),
            ])
    };
    let mut all = vec![
        refused("a prompt", chat("forbidden"))
            .then(client_header("retry-after", "7"))
            .then(client_body_has("\"error\"")),
        refused("a prompt, chunked", chat("forbidden").framed(Framing::Chunked)),
        refused("a prompt that asks for a stream", chat_stream("forbidden")),
        refused("a prompt with trailers", chat("forbidden").trailer("x-sum", "1")),
        refused(
            "a prompt under a wrong content type",
            chat("forbidden")
                .without("content-type")
                .header("content-type", "text/plain"),
        ),
        refused(
            "a prompt in gzip",
            chat_json(crate::gzip::gzip(&chat("forbidden").body.unwrap_or_default()))
                .header("content-encoding", "gzip"),
        ),
        case("deny: a prompt whose head says upgrade, so that it cannot be held")
            .given(deny())
            .request(
                chat("hello")
                    .header("connection", "Upgrade")
                    .header("upgrade", "websocket"),
            )
            .upstream(answer())
            .runs(Runs::EnvoyHttp1("HTTP/2 has no such header"))
            .then_all([
                client_head(400),
                client_body_has("upgrade"),
                upstream_sees_nothing(),
            ]),
        case("deny: a prompt on a path that only some servers take for a model's")
            .given(deny())
            .request(
                Request::new("POST", "//v1/chat/completions")
                    .header("content-type", "application/json")
                    .body(chat("hello").body.unwrap_or_default()),
            )
            .upstream(answer())
            .then_all([
                client_head(400),
                client_body_has("ambiguous_path"),
                upstream_sees_nothing(),
            ]),
        refused("in the words of Anthropic", anthropic).then(client_body_has("\"type\":\"error\"")),
        refused("in the words of Ollama", ollama),
        refused("in the words of Gemini", gemini).then(client_body_has("\"status\"")),
        case("deny: a prompt, with the next requests right behind")
            .given(deny())
            .request(chat("forbidden"))
            .pipelined(2)
            .upstream(answer())
            .runs(Runs::EnvoyHttp1("only HTTP/1.1 pipelines"))
            .then_all([
                client_gets(403),
                client_gets_more(&[200, 200]),
                upstream_sees_nothing(),
            ]),
        case("deny: at the head")
            .given(probe(r#"{"deny_head": true}"#))
            .request(chat("hi"))
            .upstream(answer())
            .then_all([
                client_head(429),
                client_body_has("probe_head"),
                upstream_sees_nothing(),
            ]),
        case("deny: at the head of a large request")
            .given(probe(r#"{"deny_head": true}"#))
            .request(chat(&"x".repeat(300_000)))
            .upstream(answer())
            .uncut()
            .then_all([client_head(429), upstream_sees_nothing()]),
        case("deny: at the response head")
            .given(probe(r#"{"deny_response_head": true}"#))
            .request(chat("hi"))
            .upstream(answer())
            .then_all([
                client_gets(403),
                client_body_has("probe_response_head"),
                client_body_lacks("fine"),
            ]),
        case("deny: at the response head of a stream")
            .given(probe(r#"{"deny_response_head": true}"#))
            .request(chat_stream("hi"))
            .upstream(sse_of(&["Hello"]))
            .then_all([
                client_gets(403),
                client_body_has("probe_response_head"),
                client_body_lacks("Hello"),
            ]),
        case("answer: from memory")
            .given(probe(
                r#"{"stage": "reuse", "answer_on": "known", "answer": "{\"from\":\"memory\"}"}"#,
            ))
            .request(chat("known"))
            .upstream(answer())
            .then_all([
                client_gets(200),
                client_body("{\"from\":\"memory\"}"),
                client_header("content-type", "application/json"),
                upstream_sees_nothing(),
            ]),
    ];
    all.extend(shadow());
    all
}

/// Shadow mode: nothing changes, and what would have happened is counted.
fn shadow() -> Vec<Scenario> {
    let shadow = |name: &str, config: &str, request: Request, script: Script, action: &str| {
        let would = format!("penstock_would_total.filter=.=probe;.;action=.={action};.;");
        case(format!("shadow: {name}"))
            .given(probe(&format!(r#"{{"mode": "shadow", {config}}}"#)))
            .request(request)
            .upstream(script)
            .then_all([
                client_gets(200),
                client_body_untouched(),
                upstream_body_untouched(),
                counted(would, 1),
            ])
    };
    let unary = || json(200, completion("a secret"));
    let word = r#"[{"from": "secret", "to": "x"}]"#;
    vec![
        shadow(
            "a denial",
            r#""deny_on": "forbidden""#,
            chat("forbidden"),
            unary(),
            "probe_prompt",
        ),
        shadow(
            "a denial at the head",
            r#""deny_head": true"#,
            chat("hi"),
            unary(),
            "probe_head",
        ),
        shadow(
            "an edit of the prompt",
            &format!(r#""replace_prompt": {word}"#),
            chat("secret"),
            unary(),
            "edit",
        ),
        shadow(
            "an answer",
            r#""answer_on": "known""#,
            chat("known"),
            unary(),
            "answer",
        ),
        shadow(
            "a denial of the answer",
            r#""deny_response_head": true"#,
            chat("hi"),
            unary(),
            "probe_response_head",
        ),
        shadow(
            "an edit of the answer",
            &format!(r#""replace": {word}"#),
            chat("hi"),
            unary(),
            "edit",
        ),
        shadow(
            "a cut",
            r#""cut_on": "secret""#,
            chat_stream("hi"),
            sse_of(&["a secret"]),
            "probe_cut",
        ),
        case("shadow: a failure passes, and is counted")
            .given(probe(r#"{"mode": "shadow"}"#))
            .request(chat_json("{\"messages\":"))
            .upstream(unary())
            .then_all([
                client_gets(200),
                upstream_body_untouched(),
                super::failed("invalid_json"),
            ]),
    ]
}
