//! Bodies that are made to hurt: time and memory stay bounded, nothing leaks, and Envoy serves on.

use super::{VALUE, failed, found, redactor_in, restored};
use crate::bodies::*;
use crate::check::*;
use crate::scenario::{Scenario, Setup, case};

/// Room for a megabyte and what masking adds.
fn roomy(config: &str) -> Setup {
    const BYTES: u32 = 16 << 20;
    redactor_in(&format!(r#"{{"proxy_buffer_bytes": {BYTES}}}"#), config).buffer_limit(BYTES)
}

/// All of this file.
pub fn cases() -> Vec<Scenario> {
    [finds(), texts()].concat()
}

/// `a0@example.org a1@example.org ...`
fn addresses(count: usize) -> String {
    (0..count).map(|n| format!("a{n}@example.org ")).collect()
}

fn finds() -> Vec<Scenario> {
    const MANY: usize = 50_000;
    let asks = chat(&addresses(MANY));
    vec![
        case("redact: 50,000 finds are more than an exchange may have")
            .given(roomy("{}"))
            .request(asks.clone())
            .upstream(json(200, completion("fine")))
            .uncut()
            .then_all([
                client_gets(413),
                upstream_sees_nothing(),
                failed("too_many_finds"),
            ]),
        case("redact: 50,000 finds are masked where they may be")
            .given(roomy(r#"{"max_finds": 100000}"#))
            .request(asks)
            .upstream(json(200, completion("[EMAIL_1] to [EMAIL_50000]")))
            .uncut()
            .then_all([
                client_gets(200),
                upstream_body_lacks("@example.org"),
                upstream_body_has("[EMAIL_50000]"),
                client_body(completion("a0@example.org to a49999@example.org")),
                found("user", "request", "mask", MANY as i64),
                restored(2),
            ]),
        case("redact: 50,000 finds beside placeholders of every name")
            .given(roomy(r#"{"max_finds": 100000}"#))
            .request(chat(&addresses(MANY)))
            .upstream(json(200, completion(&"[CARD_1] [EMAIL_0] ".repeat(50_000))))
            .uncut()
            .then_all([client_gets(200), client_body_untouched(), restored(0)]),
    ]
}

fn texts() -> Vec<Scenario> {
    let beside = |name: &str, text: &str| {
        case(format!("redact: {name}, and one address"))
            .given(roomy("{}"))
            .request(chat(&format!("{text} ana.roe@example.org")))
            .upstream(json(200, completion(text)))
            .uncut()
            .then_all([
                client_gets(200),
                upstream_body_lacks(VALUE),
                upstream_body_has(text),
                client_body_untouched(),
                found("user", "request", "mask", 1),
            ])
    };
    let fakes: String = (1..=100_000).map(|n| format!("[EMAIL_{n}]")).collect();
    vec![
        beside("a megabyte without a blank", &"x".repeat(1 << 20)),
        beside("a megabyte of digits", &"1".repeat(1 << 20)),
        beside("a megabyte of half addresses", &"a@".repeat(1 << 19)),
        beside("a megabyte of opening brackets", &"[".repeat(1 << 20)),
        beside("a megabyte of names without an end", &"[EMAIL_".repeat(150_000)),
        beside("a megabyte of Chinese", &"电话号码".repeat(90_000)),
        beside("100,000 placeholders that nobody gave out", &fakes).then(upstream_body_has("[EMAIL_100001]")),
        case("redact: a stream of 20,000 halves of placeholders")
            .given(roomy("{}"))
            .request(chat_stream("ana.roe@example.org"))
            .upstream(sse().data((delta("[EMAIL_").repeat(20_000)) + &finish() + DONE))
            .uncut()
            .then_all([client_gets(200), client_body_untouched(), restored(0)]),
    ]
}
