//! Answers: what models make of placeholders, what is held and what is not, and what the client never sent.

use super::{VALUE, denied, failed, found, redactor, restored};
use crate::bodies::*;
use crate::check::*;
use crate::message::Request;
use crate::scenario::{Scenario, case};
use crate::script::{Script, Step};

/// All of this file.
pub fn cases() -> Vec<Scenario> {
    [spellings(), holds(), new_finds(), unreadable()].concat()
}

fn spellings() -> Vec<Scenario> {
    let reads = |name: &str, said: &[&str], read: &[&str], count: i64| {
        case(format!("redact: a model writes a placeholder {name}"))
            .given(redactor("{}"))
            .request(chat_stream("I am ana.roe@example.org"))
            .upstream(sse_of(said))
            .then_all([
                client_gets(200),
                client_body(frames(read).concat()),
                restored(count),
            ])
    };
    vec![
        reads("in lower case", &["a [ema", "il_1]."], &["a ana.roe@example.org", "."], 1),
        reads("in Markdown", &["**[EMAIL\\\\", "_1]**"], &["**ana.roe@example.org", "**"], 1),
        reads("in full-width brackets", &["［EMAIL", "_1］"], &["ana.roe@example.org", ""], 1),
        reads("without its brackets", &["EMAIL", "_1 it is"], &["ana.roe@example.org", " it is"], 1),
        reads("next to Chinese", &["邮箱[EMA", "IL_1]。"], &["邮箱ana.roe@example.org", "。"], 1),
        reads("twice in a frame", &["[EMAIL_1][EMAIL_1]"], &["ana.roe@example.organa.roe@example.org"], 2),
        reads("that was never given out", &["[EMAIL", "_2]"], &["[EMAIL", "_2]"], 0)
            .then(counted("penstock_pii_unknown_placeholders_total", 1)),
        reads("and stops in the middle", &["see [EMAIL_"], &["see [EMAIL_"], 0),
        case("redact: two choices of a model, interleaved")
            .given(redactor("{}"))
            .request(chat_stream("I am ana.roe@example.org"))
            .upstream(sse().data([choice(0, "a [EMA"), choice(1, "b [EMA"), choice(0, "IL_1]"), choice(1, "IL]"), DONE.to_owned()].concat()))
            .then_all([
                client_gets(200),
                client_body([choice(0, "a ana.roe@example.org"), choice(1, "b [EMA"), choice(0, ""), choice(1, "IL]"), DONE.to_owned()].concat()),
            ]),
        case("redact: a value that the client wrote with escapes, in JSON of the model")
            .given(redactor("{}"))
            .request(chat_json(
                r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"\u0061na.roe\u0040example.org"}]}"#,
            ))
            .upstream(sse_of(&[r#"{\"to\": \"[EMAIL_1]\"}"#]))
            .then_all([
                client_gets(200),
                upstream_body(r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"[EMAIL_1]"}]}"#),
                client_body(frames(&[r#"{\"to\": \"ana.roe@example.org\"}"#]).concat()),
            ]),
        case("redact: an error of the upstream names the client's value")
            .given(redactor("{}"))
            .request(chat("I am ana.roe@example.org"))
            .upstream(json(400, r#"{"error":{"message":"no user [EMAIL_1]","type":"invalid_request_error","code":null}}"#))
            .then_all([
                client_gets(400),
                client_body(r#"{"error":{"message":"no user ana.roe@example.org","type":"invalid_request_error","code":null}}"#),
            ]),
    ]
}

/// What may be a placeholder waits, and nothing else does.
fn holds() -> Vec<Scenario> {
    let stream = |name: &str, script: Script| {
        case(format!("redact: {name}"))
            .given(redactor("{}"))
            .request(chat_stream("I am ana.roe@example.org"))
            .upstream(script)
            .then(client_gets(200))
    };
    vec![
        stream(
            "plain text of a stream does not wait",
            sse()
                .data(delta("Hello"))
                .until("Hello")
                .data(delta(" [1] and [an array"))
                .until("[an array")
                .data(finish() + DONE),
        )
        .then(client_body_untouched()),
        stream(
            "what may be a placeholder waits for its end",
            sse()
                .data(delta("a [EMAIL"))
                .step(Step::Wait(20))
                .step(Step::Unseen(b"a [EMAIL".to_vec()))
                .data(delta("_1]") + &delta(" it is"))
                .until("it is")
                .data(finish() + DONE),
        )
        .uncut()
        .then(client_body_has("a ana.roe@example.org")),
        stream(
            "a model that falls silent behind a bracket is waited for",
            sse()
                .data(delta("see ["))
                .step(Step::Wait(1_300))
                .data(delta("1], [EMAIL_1]") + &finish() + DONE),
        )
        .uncut()
        .then_all([client_body_has("see ["), client_body_has(format!("1], {VALUE}"))]),
        stream(
            "a comment overtakes a placeholder",
            sse()
                .data(delta("[EMAIL"))
                .data(": ping\n\n")
                .until("ping")
                .data(delta("_1]") + &finish() + DONE),
        )
        .then_all([client_body_has(VALUE), client_body_lacks("EMAIL")]),
    ]
}

/// Personal data that the client did not send is dealt with by `answers`.
fn new_finds() -> Vec<Scenario> {
    let block = || redactor(r#"{"answers": "block"}"#);
    let runs_on = || {
        sse()
            .data(delta("all good "))
            .until("all good")
            .data(
                delta("eve@exam")
                    + &delta("ple.net is")
                    + &delta(" it, as far as anybody here could tell you"),
            )
            .step(Step::Hang)
    };
    let anthropic = Request::new("POST", "/v1/messages")
        .header("content-type", "application/json")
        .body(r#"{"model":"c","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#);
    let text = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"eve@example.net it is, as far as anybody here could tell you\"}}\n\n";
    vec![
        case("redact: an answer that must not pass is refused")
            .given(block())
            .request(chat("hi"))
            .upstream(json(200, completion("write to eve@example.net")))
            .then_all([
                client_gets(400),
                client_body_lacks("eve@"),
                client_body_has("pii_blocked"),
                denied("pii_blocked"),
            ]),
        case("redact: a stream that must not go on is cut")
            .given(block())
            .request(chat_stream("hi"))
            .upstream(runs_on())
            .then_all([
                client_head(200),
                client_sees_break(),
                client_body_has("good"),
                client_body_has("pii_blocked"),
                client_body_lacks("eve@"),
            ])
            .then_all([
                upstream_is_cancelled(),
                denied("pii_blocked"),
                found("output", "response", "block", 1),
                logged("penstock.denied", "pii_redactor:pii_blocked"),
            ]),
        case("redact: a stream that must not go on is cut in the words of Anthropic")
            .given(block())
            .request(anthropic)
            .upstream(sse().data(text).step(Step::Hang))
            .then_all([
                client_head(200),
                client_sees_break(),
                client_body_has("event: error\n"),
                client_body_lacks("eve@"),
            ]),
        case("redact: an answer's own finds are masked, the client's are not")
            .given(redactor(r#"{"answers": "mask"}"#))
            .request(chat_stream("I am ana.roe@example.org"))
            .upstream(sse_of(&[
                "[EMAIL_1], ana.roe@",
                "example.org or eve@",
                "example.net?",
            ]))
            .then_all([
                client_gets(200),
                client_body_has(VALUE),
                client_body_lacks("eve"),
                client_body_has("[EMAIL]"),
                found("output", "response", "mask", 1),
            ]),
    ]
}

/// A masked request's answer is restored or refused, also where the filter fails open.
fn unreadable() -> Vec<Scenario> {
    let open = || redactor(r#"{"on_failure": "open"}"#);
    let brotli = || {
        Script::new(200)
            .header("content-type", "application/json")
            .header("content-encoding", "br")
            .data("\u{b}[EMAIL_1]")
    };
    vec![
        case("redact: an answer that cannot be restored is refused, open or not")
            .given(open())
            .request(chat("I am ana.roe@example.org"))
            .upstream(brotli())
            .then_all([
                client_gets(502),
                client_body_has("unsupported_encoding"),
                failed("unsupported_encoding"),
            ]),
        case("redact: an answer with nothing to restore passes")
            .given(open())
            .request(chat("I am nobody"))
            .upstream(brotli())
            .then_all([client_gets(200), client_body_untouched()]),
        case("redact: a page instead of an answer is refused where it may hold placeholders")
            .given(open())
            .request(chat("I am ana.roe@example.org"))
            .upstream(
                Script::new(200)
                    .header("content-type", "text/html")
                    .data("<p>[EMAIL_1]</p>"),
            )
            .then_all([client_gets(502), client_body_has("unknown_response")]),
        case("redact: a stream that cannot be restored any more is cut")
            .given(open())
            .request(chat_stream("I am ana.roe@example.org"))
            .upstream(
                sse()
                    .data(delta("good"))
                    .until("good")
                    .data("data: {\"choices\":[}\n\n")
                    .step(Step::Hang),
            )
            .then_all([
                client_head(200),
                client_sees_break(),
                client_body_has("invalid_json"),
                upstream_is_cancelled(),
            ]),
        case("redact: an upstream that breaks off breaks the client's stream")
            .given(open())
            .request(chat_stream("I am ana.roe@example.org"))
            .upstream(
                sse()
                    .data(delta("[EMAIL_1]"))
                    .until(VALUE)
                    .data(delta("[EMAI"))
                    .step(Step::Reset),
            )
            .then_all([client_head(200), client_sees_break(), client_body_has(VALUE)]),
    ]
}
