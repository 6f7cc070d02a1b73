//! Tenants that attack again and again are refused for some time, by all workers.

use super::{FORGED, denied, guard};
use crate::bodies::*;
use crate::check::*;
use crate::message::Request;
use crate::scenario::{Scenario, Setup, case};

fn setup(more: &str) -> Setup {
    guard(&format!(
        r#"{{"tenant": {{"header": "x-tenant"}}, "block": {{"after": 2, "window_s": 60, "for_s": 300}}{more}}}"#
    ))
}

fn from(tenant: &str, text: &str) -> Request {
    chat(text).header("x-tenant", tenant)
}

/// All of this file. Every row has tenants of its own: the book outlives a row.
pub fn cases() -> Vec<Scenario> {
    let row = |name: &str, setup: Setup| {
        case(format!("guard: {name}"))
            .given(setup)
            .upstream(json(200, completion("fine")))
            .uncut()
    };
    vec![
        row("a tenant's second attack is refused like its first", setup(""))
            .after([from("ann", FORGED)])
            .request(from("ann", FORGED))
            .then_all([
                client_gets(400),
                upstream_sees_nothing(),
                counted("penstock_guard_blocks_total", 1),
                denied("prompt_guard"),
            ]),
        row("a tenant that was blocked is refused whatever it asks", setup(""))
            .after([from("bea", FORGED), from("bea", FORGED)])
            .request(from("bea", "hello"))
            .then_all([
                client_head(429),
                client_body_has("tenant_blocked"),
                retries_within(300),
                upstream_sees_nothing(),
                counted("penstock_guard_blocked_requests_total", 1),
                denied("tenant_blocked"),
            ]),
        row(
            "a blocked tenant's stream is refused by an error object",
            setup(""),
        )
        .after([from("cas", FORGED), from("cas", FORGED)])
        .request(chat_stream("hello").header("x-tenant", "cas"))
        .then_all([
            client_head(429),
            client_header("content-type", "application/json"),
            upstream_sees_nothing(),
        ]),
        row("other tenants are served on, and those without a name", setup(""))
            .after([from("dan", FORGED), from("dan", FORGED), from("dan", "hello")])
            .request(from("eve", "hello"))
            .then_all([client_gets(200), upstream_body_untouched()]),
        row("nobody without a name is blocked", setup(""))
            .after([chat(FORGED), chat(FORGED), chat(FORGED)])
            .request(chat("hello"))
            .then_all([client_gets(200), upstream_body_untouched()]),
        row("one attack is not enough for a block", setup(""))
            .after([from("fay", FORGED), from("fay", "hello"), from("fay", "hello")])
            .request(from("fay", "hello"))
            .then_all([client_gets(200), upstream_body_untouched()]),
        row(
            "a prompt that is merely too long blocks nobody",
            setup(r#", "limits": {"prompt_bytes": 10}"#),
        )
        .after([from("gus", "hello there, you"), from("gus", "hello there, you")])
        .request(from("gus", "hello"))
        .then_all([client_gets(200), upstream_body_untouched()]),
        row("shadow, nobody is blocked", setup(r#", "mode": "shadow""#))
            .after([from("hal", FORGED), from("hal", FORGED)])
            .request(from("hal", "hello"))
            .then_all([
                client_gets(200),
                upstream_body_untouched(),
                client_body_untouched(),
            ]),
    ]
}
