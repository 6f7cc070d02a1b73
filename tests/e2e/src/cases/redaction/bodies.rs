//! What becomes of a find, and of the bodies around it.

use super::{STAND_IN, VALUE, found, redactor, redactor_in, restored};
use crate::bodies::*;
use crate::check::*;
use crate::gzip::gzip;
use crate::message::{Framing, Request};
use crate::scenario::{Module, Runs, Scenario, Setup, case};
use crate::script::Script;

/// All of this file.
pub fn cases() -> Vec<Scenario> {
    [
        framings(),
        encodings(),
        actions(),
        shadow(),
        vec![escapes(), beside_the_meter()],
    ]
    .concat()
}

fn framings() -> Vec<Scenario> {
    let answer = || json(200, completion("Dear [EMAIL_1]"));
    let asks = || chat("I am ana.roe@example.org");
    let sent = || chat("I am [EMAIL_1]").body.unwrap_or_default();
    let both = |name: &str, request: Request, script: Script| {
        case(format!("redact: {name}"))
            .given(redactor("{}"))
            .request(request)
            .upstream(script)
            .then_all([
                client_gets(200),
                upstream_body(sent()),
                client_body(completion("Dear ana.roe@example.org")),
            ])
    };
    vec![
        both(
            "chunks",
            asks().framed(Framing::Chunked),
            answer().framed(Framing::Chunked),
        ),
        both(
            "an answer to the end of its connection",
            asks(),
            answer().framed(Framing::Close),
        ),
        both(
            "with trailers both ways",
            asks().trailer("x-sum", "5"),
            answer().trailer("x-end", "yes"),
        )
        .then_all([upstream_trailer("x-sum", "5"), client_trailer("x-end", "yes")]),
        both("with the next requests right behind", asks(), answer())
            .pipelined(2)
            .runs(Runs::EnvoyHttp1("only HTTP/1.1 pipelines"))
            .then(client_gets_more(&[200, 200])),
        case("redact: with heads that leave at once")
            .given(redactor_in(r#"{"headers": "release"}"#, "{}"))
            .request(asks())
            .upstream(answer())
            .then_all([
                client_gets(200),
                upstream_body(sent()),
                upstream_header_absent("content-length"),
                client_body(completion("Dear ana.roe@example.org")),
            ]),
        case("redact: a stream with trailers")
            .given(redactor("{}"))
            .request(chat_stream("I am ana.roe@example.org"))
            .upstream(sse_of(&["Dear [EMA", "IL_1]"]).trailer("x-end", "yes"))
            .then_all([
                client_gets(200),
                client_body(frames(&["Dear ana.roe@example.org", ""]).concat()),
                client_trailer("x-end", "yes"),
            ]),
    ]
}

/// The meter asks for usage, the redactor masks: both edit one request, and what they change comes back to the client undone.
fn beside_the_meter() -> Scenario {
    let both = r#"{"token_meter": {}, "pii_redactor": {}}"#;
    let told = frames(&["Dear [EMA", "IL_1]"])
        .concat()
        .replace(DONE, &format!("{}{DONE}", usage()));
    let tokens = |kind: &str| {
        format!("penstock_tokens_total.route=.=llm;.;api=.=openai_chat;.;model=.=m-1;.;type=.={kind};.;")
    };
    case("redact: beside the meter, in one module")
        .given(Setup::with(Module::Suite, both))
        .request(chat_stream("I am ana.roe@example.org"))
        .upstream(sse().data(told))
        .then_all([
            client_gets(200),
            upstream_body_lacks(VALUE),
            upstream_body_has("include_usage"),
            client_body(frames(&["Dear ana.roe@example.org", ""]).concat()),
            restored(1),
        ])
        .then_all([counted(tokens("input"), 7), counted(tokens("output"), 3)])
}

/// JSON inside of JSON: a tool's result in ASCII has escapes right before a value.
fn escapes() -> Scenario {
    let asks = |value: &str| {
        chat_json(format!(
            r#"{{"model":"m","messages":[{{"role":"tool","tool_call_id":"t","content":"{{\"note\": \"\\u90ae\\u7bb1{value}\\n\"}}"}}]}}"#
        ))
    };
    case("redact: a value right behind an escape in a tool's result")
        .given(redactor("{}"))
        .request(asks(VALUE))
        .upstream(json(200, completion("to [EMAIL_1]")))
        .then_all([
            client_gets(200),
            upstream_body(asks(STAND_IN).body.unwrap_or_default()),
            client_body(completion("to ana.roe@example.org")),
        ])
}

fn encodings() -> Vec<Scenario> {
    let asks = |request: Request| case("").given(redactor("{}")).request(request);
    let packed = chat_json(gzip(&chat("I am ana.roe@example.org").body.unwrap_or_default()));
    let whole = Script::new(200)
        .header("content-type", "application/json")
        .header("content-encoding", "gzip")
        .header("etag", "x");
    let named = |name: &str, scenario: Scenario| Scenario {
        name: format!("redact: {name}"),
        ..scenario.then(client_gets(200))
    };
    vec![
        named(
            "a compressed request leaves as it is read",
            asks(packed.header("content-encoding", "gzip"))
                .upstream(json(200, completion("fine")))
                .then_all([
                    upstream_body(chat("I am [EMAIL_1]").body.unwrap_or_default()),
                    upstream_header_absent("content-encoding"),
                ]),
        ),
        named(
            "a compressed answer leaves as it is read",
            asks(chat("I am ana.roe@example.org").header("accept-encoding", "gzip"))
                .upstream(whole.data(gzip(completion("Dear [EMAIL_1]").as_bytes())))
                .then_all([
                    client_body(completion("Dear ana.roe@example.org")),
                    client_header_absent("content-encoding"),
                    client_header_absent("etag"),
                    upstream_header_absent("accept-encoding"),
                ]),
        ),
        named(
            "a compressed stream leaves as it is read",
            asks(chat_stream("I am ana.roe@example.org"))
                .upstream(
                    sse()
                        .header("content-encoding", "gzip")
                        .data(gzip(frames(&["Dear [EM", "AIL_1]"]).concat().as_bytes())),
                )
                .then_all([
                    client_body(frames(&["Dear ana.roe@example.org", ""]).concat()),
                    client_header_absent("content-encoding"),
                ]),
        ),
        named(
            "where there is nothing to find no byte and no header changes",
            asks(chat("I am nobody").header("accept-encoding", "gzip"))
                .upstream(json(200, completion("[EMAIL_1]")).header("etag", "x"))
                .then_all([
                    upstream_body_untouched(),
                    upstream_header("accept-encoding", "gzip"),
                    client_body_untouched(),
                    client_header("etag", "x"),
                    found("user", "request", "mask", 0),
                ]),
        ),
    ]
}

fn actions() -> Vec<Scenario> {
    let does = |action: &'static str, more: &str, sent: &str, answer: &str, read: &str| {
        case(format!("redact: {action}"))
            .given(redactor(&format!(r#"{{"action": "{action}"{more}}}"#)))
            .request(chat("I am ana.roe@example.org, ana.roe@example.org"))
            .upstream(json(200, completion(answer)))
            .then_all([
                client_gets(200),
                upstream_body(chat(sent).body.unwrap_or_default()),
                client_body(completion(read)),
                found("user", "request", action, 2),
            ])
    };
    vec![
        does(
            "format_preserving",
            "",
            "I am person1@example.com, person1@example.com",
            "Dear Person1@example.com, person12@example.com",
            "Dear ana.roe@example.org, person12@example.com",
        )
        .then(restored(1)),
        does(
            "replace",
            "",
            "I am <EMAIL_ADDRESS>, <EMAIL_ADDRESS>",
            "<EMAIL_ADDRESS>",
            "<EMAIL_ADDRESS>",
        ),
        does("drop", "", "I am , ", "fine", "fine"),
        does(
            "alert",
            "",
            "I am ana.roe@example.org, ana.roe@example.org",
            "[EMAIL_1]",
            "[EMAIL_1]",
        ),
        case("redact: the same value under a key has the same tag in every request")
            .given(redactor(
                r#"{"keyed": true, "key": "a key of sixteen or more bytes"}"#,
            ))
            .request(chat_stream("I am ana.roe@example.org"))
            .upstream(sse_of(&["Dear [EMAIL_000000]"]))
            .then_all([
                client_gets(200),
                upstream_body_lacks(VALUE),
                upstream_body_lacks(STAND_IN),
                upstream_body_has("I am [EMAIL_"),
                client_body_untouched(),
            ])
            .then(counted("penstock_pii_unknown_placeholders_total", 1)),
        case("redact: a conversation that the server keeps gets no number twice")
            .given(redactor("{}"))
            .request(
                Request::new("POST", "/v1/responses")
                    .header("content-type", "application/json")
                    .body(r#"{"model":"m","previous_response_id":"r-1","input":"I am ana.roe@example.org"}"#),
            )
            .upstream(json(
                200,
                r#"{"id":"r-2","object":"response","status":"completed","model":"m","output":[]}"#,
            ))
            .then_all([
                client_gets(200),
                upstream_body_lacks(VALUE),
                upstream_body_lacks(STAND_IN),
                upstream_body_has("I am [EMAIL_"),
            ]),
        case("redact: what is masked shows in filter state, its value does not")
            .given(redactor("{}"))
            .request(chat("I am ana.roe@example.org"))
            .upstream(json(200, completion("Dear [EMAIL_1]")))
            .then_all([
                client_gets(200),
                logged(
                    "penstock.pii",
                    r#"{"request":{"EMAIL_ADDRESS":1},"response":{},"rules":{"email":1},"restored":1}"#,
                ),
            ]),
    ]
}

/// Shadow mode counts what would be done, and changes nothing.
fn shadow() -> Vec<Scenario> {
    let passes = |name: &str, config: &str, request: Request, script: Script| {
        case(format!("redact: shadow, {name}"))
            .given(redactor(config))
            .request(request)
            .upstream(script)
            .then_all([
                client_gets(200),
                upstream_body_untouched(),
                client_body_untouched(),
            ])
    };
    let asks = || chat("I am ana.roe@example.org").header("accept-encoding", "gzip");
    vec![
        passes(
            "mask",
            r#"{"mode": "shadow"}"#,
            asks(),
            json(200, completion("Dear [EMAIL_1]")),
        )
        .then_all([
            upstream_header("accept-encoding", "gzip"),
            found("user", "request", "would_mask", 1),
        ]),
        passes(
            "block",
            r#"{"mode": "shadow", "action": "block"}"#,
            asks(),
            json(200, completion("fine")),
        )
        .then(found("user", "request", "would_block", 1)),
        passes(
            "an answer",
            r#"{"mode": "shadow", "answers": "block"}"#,
            chat_stream("hi"),
            sse_of(&["write to eve@", "example.net, soon"]),
        )
        .then(found("output", "response", "would_block", 1)),
    ]
}
