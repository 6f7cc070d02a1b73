//! Requests as nobody should send them: a clear error or an untouched pass, as `on_failure` says.

use super::failed;
use crate::bodies::*;
use crate::check::*;
use crate::message::{Framing, Request};
use crate::scenario::{Leaves, Runs, Scenario, case};

/// A body that no filter can judge: closed refuses it, open lets it pass as it is.
fn either(name: &str, status: u16, kind: &'static str, request: Request) -> Vec<Scenario> {
    let given = |on_failure: &str| {
        let setup = probe_in(
            r#"{"max_request_bytes": 300000}"#,
            &format!(r#"{{"on_failure": "{on_failure}"}}"#),
        );
        let scenario = case(format!("bad request: {name}, {on_failure}"))
            .given(setup)
            .request(request.clone());
        scenario
            .upstream(json(200, completion("fine")))
            .then(failed(kind))
    };
    vec![
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
}

/// A body that only looks bad.
fn fine(name: &str, request: Request) -> Scenario {
    case(format!("bad request: {name} passes"))
        .given(probe(r#"{"on_failure": "closed"}"#))
        .request(request)
        .upstream(json(200, completion("fine")))
        .then_all([
            client_gets(200),
            client_body_untouched(),
            upstream_body_untouched(),
        ])
}

/// All of this file.
pub fn cases() -> Vec<Scenario> {
    let mut all = Vec::new();
    all.extend(either(
        "invalid JSON",
        400,
        "invalid_json",
        chat_json(r#"{"model":"m-1","messages":[}"#),
    ));
    all.extend(either(
        "invalid UTF-8",
        400,
        "invalid_json",
        chat_json(b"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\xff\xfe\"}]}"),
    ));
    all.extend(either(
        "truncated",
        400,
        "invalid_json",
        chat_json(r#"{"model":"m-1","messages":[{"role":"user","#),
    ));
    all.extend(either(
        "bytes behind the document",
        400,
        "ambiguous_json",
        chat_json(r#"{"model":"m-1","messages":[]} {"model":"m-2"}"#),
    ));
    all.extend(either(
        "a lone surrogate",
        400,
        "ambiguous_json",
        chat_json(r#"{"model":"m","messages":[{"role":"user","content":"\ud800"}]}"#),
    ));
    all.extend(either(
        "a key twice",
        400,
        "ambiguous_json",
        chat_json(r#"{"model":"m","messages":[],"messages":[{"role":"user","content":"x"}]}"#),
    ));
    all.extend(either(
        "a key in two cases",
        400,
        "ambiguous_json",
        chat_json(r#"{"model":"m","messages":[],"MESSAGES":[{"role":"user","content":"x"}]}"#),
    ));
    all.extend(either(
        "a key twice by an escape",
        400,
        "ambiguous_json",
        chat_json(r#"{"model":"m","messages":[],"m\u0065ssages":[]}"#),
    ));
    all.extend(either(
        "a shape of another kind",
        400,
        "unknown_shape",
        chat_json(r#"["messages"]"#),
    ));
    all.extend(either(
        "10,000 levels deep",
        400,
        "too_complex",
        chat_json(format!("{}{}", "[".repeat(10_000), "]".repeat(10_000))),
    ));
    all.extend(either(
        "larger than its bound",
        413,
        "request_too_large",
        chat(&"x".repeat(400_000)),
    ));
    all.extend(either("a gzip bomb", 413, "decompression_bomb", packed(&bomb())));
    all.extend(either(
        "broken gzip",
        400,
        "invalid_encoding",
        chat_json(b"\x1f\x8b\x08\x00garbage").header("content-encoding", "gzip"),
    ));
    all.extend(either(
        "brotli",
        415,
        "unsupported_encoding",
        chat_json("\u{b}").header("content-encoding", "br"),
    ));
    all.push(fine(
        "1e999",
        chat_json(r#"{"model":"m","temperature":1e999,"seed":123456789012345678901234567890,"messages":[]}"#),
    ));
    all.push(fine(
        "an unknown key twice",
        chat_json(r#"{"model":"m","messages":[],"x":1,"x":2}"#),
    ));
    all.push(fine(
        "content null",
        chat_json(r#"{"model":"m","messages":[{"role":"assistant","content":null}]}"#),
    ));
    all.extend(over_the_proxys_limit());
    all.extend(lengths());
    all
}

fn packed(bytes: &[u8]) -> Request {
    chat_json(crate::gzip::gzip(bytes)).header("content-encoding", "gzip")
}

/// 4 MB of white space in 4 kB.
fn bomb() -> Vec<u8> {
    vec![b' '; 4 << 20]
}

/// Above the proxy's own limit: HTTP/1.1 gets a 413 of the proxy.
fn over_the_proxys_limit() -> Vec<Scenario> {
    let setup = || probe("{}").buffer_limit(32 * 1024);
    let large = || chat(&"x".repeat(4 << 20));
    vec![
        case("bad request: over the proxy's limit, HTTP/1.1")
            .given(setup())
            .request(large())
            .upstream(json(200, completion("fine")))
            .runs(Runs::Http1("HTTP/2 bounds the stream by its window"))
            .then_all([client_head(413), upstream_sees_nothing()]),
        case("bad request: over the proxy's limit, HTTP/2")
            .given(setup())
            .request(large())
            .upstream(json(200, completion("fine")))
            .runs(Runs::Http2("HTTP/1.1 has a case of its own"))
            .then_all([client_gets(200), upstream_body_untouched()]),
    ]
}

/// Lengths that lie. The codec finds them, so the stand-in has none.
fn lengths() -> Vec<Scenario> {
    let setup = || probe("{}");
    let answer = || json(200, completion("fine"));
    vec![
        case("bad request: shorter than it says, then gone")
            .given(setup())
            .request(chat("hello").framed(Framing::Lying(500)))
            .client_leaves(Leaves::MidRequest(usize::MAX))
            .upstream(answer())
            .runs(Runs::Envoy("the codec's business"))
            .then(upstream_sees_nothing()),
        case("bad request: longer than it says, HTTP/1.1")
            .given(setup())
            .request(chat("hello").framed(Framing::Lying(20)))
            .upstream(answer())
            .runs(Runs::EnvoyHttp1("HTTP/2 has a case of its own"))
            .then_all([client_head(400), upstream_sees_nothing()]),
        case("bad request: longer than it says, HTTP/2")
            .given(setup())
            .request(chat("hello").framed(Framing::Lying(20)))
            .upstream(answer())
            .runs(Runs::EnvoyHttp2("HTTP/1.1 has a case of its own"))
            .then_all([client_sees_break(), upstream_sees_nothing()]),
    ]
}
