//! Answers as nobody should send them.

use super::failed;
use crate::bodies::*;
use crate::check::*;
use crate::message::Framing;
use crate::scenario::{Runs, Scenario, Setup, case};
use crate::script::{Script, Step};

const BOUNDS: &str = r#"{"max_response_bytes": 20000, "max_frame_bytes": 5000}"#;

fn decides(on_failure: &str) -> Setup {
    probe_in(
        BOUNDS,
        &format!(r#"{{"on_failure": "{on_failure}", "replace": [{{"from": "secret", "to": "x"}}]}}"#),
    )
}

/// A whole answer that no filter can judge.
fn unary(name: &str, status: u16, kind: &'static str, script: Script) -> Vec<Scenario> {
    let given = |on_failure: &str| {
        let scenario = case(format!("bad answer: {name}, {on_failure}"))
            .given(decides(on_failure))
            .request(chat("hi"));
        scenario.upstream(script.clone()).then(failed(kind))
    };
    vec![
        given("closed").then_all([
            client_gets(status),
            client_body_has(kind),
            client_body_lacks("secret"),
        ]),
        given("open").then_all([client_gets(200), client_body_untouched()]),
    ]
}

/// A stream that stops making sense after a good frame.
fn stream(name: &str, kind: &'static str, bad: impl Into<Vec<u8>>) -> Vec<Scenario> {
    let bad: Vec<u8> = bad.into();
    let given = |on_failure: &str, script: Script| {
        let scenario = case(format!("bad answer: {name}, {on_failure}"))
            .given(decides(on_failure))
            .request(chat_stream("hi"));
        scenario.upstream(script).then(failed(kind))
    };
    let begun = || sse().data(delta("good")).until("good").data(bad.clone());
    vec![
        given("closed", begun().step(Step::Hang)).then_all([
            client_head(200),
            client_sees_break(),
            client_body_has(kind),
            upstream_is_cancelled(),
        ]),
        given("open", begun().data(delta("more"))).then_all([client_gets(200), client_body_untouched()]),
    ]
}

/// All of this file.
pub fn cases() -> Vec<Scenario> {
    let mut all = Vec::new();
    all.extend(unary(
        "invalid JSON",
        502,
        "invalid_json",
        json(200, "{\"choices\":]"),
    ));
    all.extend(unary(
        "truncated JSON",
        502,
        "invalid_json",
        json(200, &completion("x")[..80]),
    ));
    all.extend(unary(
        "a page that is no JSON",
        502,
        "unknown_response",
        Script::new(200)
            .header("content-type", "text/html")
            .data("<p>secret</p>"),
    ));
    all.extend(unary(
        "larger than its bound",
        502,
        "response_too_large",
        json(200, completion(&"x".repeat(30_000))),
    ));
    all.extend(unary(
        "brotli",
        502,
        "unsupported_encoding",
        Script::new(200)
            .header("content-type", "application/json")
            .header("content-encoding", "br")
            .data("\u{b}"),
    ));
    all.extend(unary(
        "broken gzip",
        502,
        "invalid_encoding",
        Script::new(200)
            .header("content-type", "application/json")
            .header("content-encoding", "gzip")
            .data(&b"\x1f\x8b\x08\x00garbage"[..]),
    ));
    all.extend(unary(
        "a gzip bomb",
        502,
        "decompression_bomb",
        Script::new(200)
            .header("content-type", "application/json")
            .header("content-encoding", "gzip")
            .data(crate::gzip::gzip(&vec![b' '; 4 << 20])),
    ));
    all.extend(stream(
        "a frame that is no JSON",
        "invalid_json",
        "data: {\"choices\":[}\n\n",
    ));
    all.extend(stream(
        "a frame larger than its bound",
        "frame_too_large",
        format!("data: {}\n\n", "x".repeat(6_000)),
    ));
    all.extend(lengths());
    all
}

/// Lengths that lie, and limits of the proxy.
fn lengths() -> Vec<Scenario> {
    let idle = || decides("closed");
    let large = completion(&"x".repeat(15_000));
    vec![
        case("bad answer: shorter than it says")
            .given(idle())
            .request(chat("hi"))
            .upstream(
                json(200, completion("x"))
                    .framed(Framing::Lying(9_000))
                    .step(Step::Close),
            )
            .then(client_gets(502)),
        case("bad answer: longer than it says")
            .given(idle())
            .request(chat("hi"))
            .upstream(json(200, completion("x") + "  trailing").framed(Framing::Lying(completion("x").len())))
            .runs(Runs::Envoy("the codec's business"))
            .then_all([client_gets(200), client_body(completion("x"))]),
        case("bad answer: held and over the proxy's limit, HTTP/1.1")
            .given(idle().buffer_limit(8 * 1024))
            .request(chat("hi"))
            .upstream(json(200, large.clone()))
            .runs(Runs::Http1("HTTP/2 bounds the stream by its window"))
            .then_all([client_head(500)]),
        case("bad answer: held and over the proxy's limit, HTTP/2")
            .given(idle().buffer_limit(8 * 1024))
            .request(chat("hi"))
            .upstream(json(200, large))
            .runs(Runs::Http2("HTTP/1.1 has a case of its own"))
            .then_all([client_gets(200), client_body_untouched()]),
    ]
}
