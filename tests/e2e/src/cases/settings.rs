//! The engine's own settings: what is read at all, heads that cannot be held, bounds for a whole worker.

use super::failed;
use crate::bodies::*;
use crate::check::*;
use crate::message::{Framing, Request};
use crate::scenario::{Scenario, case};

/// All of this file.
pub fn cases() -> Vec<Scenario> {
    let mut all = operations();
    all.extend(released_heads());
    all.extend(held_bytes());
    all
}

fn operations() -> Vec<Scenario> {
    let denied_kind =
        r#"{"operations": [{"kind": "manage", "rule": "deny"}, {"kind": "generate", "rule": "pass"}]}"#;
    let setup = || probe_in(denied_kind, r#"{"deny_on": "forbidden"}"#);
    let routed = r#"{"routes": [{"path_prefix": "/our/model", "api": "openai_chat"}]}"#;
    vec![
        case("settings: an operation that is denied")
            .given(setup())
            .request(Request::new("GET", "/v1/models"))
            .upstream(json(200, "{}"))
            .then_all([
                client_gets(403),
                client_body_has("operation_denied"),
                upstream_sees_nothing(),
            ]),
        case("settings: an operation that passes is not read")
            .given(setup())
            .request(chat("forbidden"))
            .upstream(json(200, completion("fine")))
            .then_all([
                client_gets(200),
                client_body_untouched(),
                upstream_body_untouched(),
            ]),
        case("settings: a path of one's own is read as the API it speaks")
            .given(probe_in(routed, r#"{"deny_on": "forbidden"}"#))
            .request(Request {
                path: "/our/model/chat".to_owned(),
                ..chat("forbidden")
            })
            .upstream(json(200, completion("fine")))
            .then_all([
                client_gets(403),
                client_body_has("probe_prompt"),
                upstream_sees_nothing(),
            ]),
    ]
}

/// `headers: release`, for hosts that cannot hold heads: bodies are withheld all the same.
fn released_heads() -> Vec<Scenario> {
    let word = r#"[{"from": "secret", "to": "something longer"}]"#;
    let release = |config: &str| probe_in(r#"{"headers": "release"}"#, config);
    let edits = || release(&format!(r#"{{"replace": {word}, "replace_prompt": {word}}}"#));
    vec![
        case("released heads: both bodies edited")
            .given(edits())
            .request(chat("a secret"))
            .upstream(json(200, completion("the secret")))
            .then_all([
                client_gets(200),
                client_body(completion("the something longer")),
                client_header_absent("content-length"),
            ])
            .then(upstream_body(chat("a something longer").body.unwrap_or_default()))
            .then(upstream_header_absent("content-length")),
        case("released heads: nothing to edit")
            .given(edits())
            .request(chat("hi").framed(Framing::Chunked))
            .upstream(sse_of(&["Hel", "lo"]))
            .then_all([
                client_gets(200),
                client_body_untouched(),
                upstream_body_untouched(),
            ]),
        case("released heads: a denial withholds the body")
            .given(release(r#"{"deny_on": "forbidden"}"#))
            .request(chat("forbidden"))
            .upstream(json(200, completion("fine")))
            .then_all([
                client_gets(403),
                client_body_has("probe_prompt"),
                upstream_body_lacks("forbidden"),
                upstream_is_cancelled(),
            ]),
        case("released heads: an answer that must not leave breaks off")
            .given(release(r#"{"cut_on": "forbidden"}"#))
            .request(chat("hi"))
            .upstream(json(200, completion("forbidden")))
            .then_all([
                client_head(200),
                client_sees_break(),
                client_body_lacks("forbidden"),
            ]),
    ]
}

/// All streams of a worker together hold so much and no more.
fn held_bytes() -> Vec<Scenario> {
    let bounded = |on_failure: &str| {
        probe_in(
            r#"{"max_held_bytes": 1000}"#,
            &format!(r#"{{"on_failure": "{on_failure}", "response": "observe"}}"#),
        )
    };
    let shed = |on_failure: &str| {
        let scenario =
            case(format!("settings: more than a worker may hold, {on_failure}")).given(bounded(on_failure));
        scenario
            .request(chat(&"x".repeat(5_000)))
            .upstream(json(200, completion("fine")))
            .then(failed("held_bytes"))
    };
    vec![
        shed("closed").then_all([
            client_gets(503),
            client_body_has("held_bytes"),
            upstream_sees_nothing(),
            client_header("retry-after", "1"),
        ]),
        shed("open").then_all([
            client_gets(200),
            client_body_untouched(),
            upstream_body_untouched(),
        ]),
    ]
}
