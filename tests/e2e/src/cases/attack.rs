//! What once broke the engine, or the proxy around it.

use super::failed;
use crate::bodies::*;
use crate::check::*;
use crate::message::Request;
use crate::scenario::{Scenario, Setup, case};

/// A small buffer, in Envoy and in the engine.
fn tight(config: &str) -> Setup {
    let exchange = r#"{"proxy_buffer_bytes": 32768, "max_hold_ms": 60000}"#;
    probe_in(exchange, config).buffer_limit(32_768)
}

/// Envoy 1.40 dies of more than its buffer takes.
fn room() -> Vec<Scenario> {
    let long = completion(&"a".repeat(25_000));
    let texts = vec!["x".repeat(300); 200];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let grows = |on_failure: &str| {
        tight(&format!(
            r#"{{"on_failure": "{on_failure}", "replace": [{{"from": "a", "to": "bbbb"}}]}}"#
        ))
    };
    let holds = |on_failure: &str| tight(&format!(r#"{{"on_failure": "{on_failure}", "hold_all": true}}"#));
    vec![
        case("an answer that grows out of the proxy's buffer is refused")
            .given(grows("closed"))
            .request(chat("hi"))
            .upstream(json(200, &long))
            .then_all([client_gets(502), failed("response_too_large")]),
        case("an answer that would grow out of the proxy's buffer passes")
            .given(grows("open"))
            .request(chat("hi"))
            .upstream(json(200, &long))
            .then_all([
                client_gets(200),
                client_body_untouched(),
                failed("response_too_large"),
            ]),
        case("a stream held beyond the proxy's buffer is cut")
            .given(holds("closed"))
            .request(chat_stream("hi"))
            .upstream(sse_of(&texts))
            .then_all([
                client_head(200),
                client_body_has("held_bytes"),
                failed("held_bytes"),
            ]),
        case("a stream held beyond the proxy's buffer passes")
            .given(holds("open"))
            .request(chat_stream("hi"))
            .upstream(sse_of(&texts))
            .then_all([client_gets(200), client_body_untouched(), failed("held_bytes")]),
    ]
}

/// A path hides from no filter.
fn paths() -> Vec<Scenario> {
    let to = |path: &str| {
        Request::new("POST", path)
            .header("content-type", "application/json")
            .body(br#"{"model":"m-1","messages":[{"role":"user","content":"bad"}]}"#)
    };
    let long = format!("/v1/chat/completions?x={}", "y".repeat(8_000));
    vec![
        case("a path is known however long its query is")
            .given(probe(r#"{"deny_on": "bad"}"#))
            .request(to(&long))
            .then_all([client_gets(403), upstream_sees_nothing()]),
    ]
}

/// All of this file.
pub fn cases() -> Vec<Scenario> {
    [room(), paths()].concat()
}
