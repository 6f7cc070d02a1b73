//! Bodies that are made to hurt: time and memory stay bounded, and what is harmless in them passes untouched.

use super::{ATTACK, FORGED, SYSTEM, denied, failed, guard_in};
use crate::bodies::*;
use crate::check::*;
use crate::scenario::{Scenario, Setup, case};
use crate::script::Step;

/// Room for a few megabytes.
fn roomy(config: &str) -> Setup {
    const BYTES: u32 = 32 << 20;
    let exchange = format!(
        r#"{{"proxy_buffer_bytes": {BYTES}, "max_request_bytes": 16000000, "max_response_bytes": 16000000}}"#
    );
    guard_in(&exchange, config).buffer_limit(BYTES)
}

/// All of this file.
pub fn cases() -> Vec<Scenario> {
    [long(), many(), unicode(), strange()].concat()
}

/// Prose that says something else in every line.
fn prose(bytes: usize) -> String {
    let line = |n: usize| {
        format!(
            "On day {n} the committee of room {} met and agreed on {} of the points. ",
            n * 37 % 1009,
            n * 11 % 503
        )
    };
    let mut text = String::with_capacity(bytes + 100);
    (0..)
        .map(line)
        .take_while(|line| {
            let more = text.len() < bytes;
            if more {
                text.push_str(line)
            };
            more
        })
        .count();
    text
}

fn long() -> Vec<Scenario> {
    let row = |name: &str, config: &str, text: &str| {
        case(format!("guard: {name}"))
            .given(roomy(config))
            .request(chat(text))
            .upstream(json(200, completion("fine")))
            .uncut()
    };
    let refused = |rule: &str| [client_gets(400), client_body_has(rule), upstream_sees_nothing()];
    let passes = || {
        [
            client_gets(200),
            upstream_body_untouched(),
            client_body_untouched(),
        ]
    };
    let megabyte = prose((1 << 20) - 200);
    let open = r#"{"policies": [{"rules": ["repetition", "gibberish", "encoded_text", "injection", "split_injection"], "action": "alert"}], "limits": {"turn_bytes": 0}}"#;
    vec![
        row("a megabyte of prose", "{}", &megabyte).then_all(passes()),
        row(
            "a megabyte of prose with control tokens at its end",
            "{}",
            &format!("{megabyte}{FORGED}"),
        )
        .then_all(refused("role_forgery")),
        row("a megabyte of prose with control tokens in its middle", "{}", &{
            let (first, rest) = megabyte.split_at(megabyte.len() / 2);
            format!("{first}{FORGED}{rest}")
        })
        .then_all(refused("role_forgery")),
        row("a megabyte of prose with an attack in its middle", "{}", &{
            let (first, rest) = megabyte.split_at(megabyte.len() / 2);
            format!("{first}\\n\\n{ATTACK}\\n\\n{rest}")
        })
        .then_all(refused("injection")),
        row(
            "four megabytes of prose are more than a prompt may be",
            "{}",
            &megabyte.repeat(4),
        )
        .then_all(refused("too_long")),
        row("a megabyte of one letter", open, &"x".repeat(1 << 20)).then_all(passes()),
        row("a megabyte of brackets", open, &"[".repeat(1 << 20)).then_all(passes()),
        row("a megabyte of tags", open, &"<|".repeat(1 << 19)).then_all(passes()),
        row("a megabyte of base64", open, &"aGVsbG8g".repeat(1 << 17)).then_all(passes()),
        row("a megabyte of percent signs", open, &"%61".repeat(350_000)).then_all(passes()),
        row("a megabyte of references", open, &"&#x61;".repeat(175_000)).then_all(passes()),
        row("a megabyte of single letters", open, &"a b ".repeat(1 << 18)).then_all(passes()),
        row("a megabyte of Chinese", open, &"港口图书馆".repeat(70_000)).then_all(passes()),
        row(
            "a megabyte of the same over and over",
            r#"{"policies": [{"rules": ["repetition"], "action": "deny"}]}"#,
            &"poem ".repeat(200_000),
        )
        .then_all(refused("repetition")),
        case("guard: an answer of a megabyte of brackets and tags")
            .given(roomy("{}"))
            .request(chat("hi"))
            .upstream(json(200, completion(&"[a](b ![c <d `e ".repeat(65_536))))
            .uncut()
            .then_all([client_gets(200), client_body_untouched()]),
        case("guard: a stream of 20,000 halves of images")
            .given(roomy("{}"))
            .request(chat_stream("hi"))
            .upstream(sse().data(delta("![x](").repeat(20_000) + &finish() + DONE))
            .uncut()
            .then_all([client_gets(200), client_body_untouched()]),
    ]
}

/// Many messages, deep documents.
fn many() -> Vec<Scenario> {
    let turns: Vec<String> = (0..10_000)
        .map(|n| {
            format!(
                r#"{{"role":"{}","content":"turn {n}"}}"#,
                if n % 2 == 0 { "user" } else { "assistant" }
            )
        })
        .collect();
    let turns = |last: &str| {
        format!(
            r#"{{"model":"m","messages":[{},{{"role":"user","content":"{last}"}}]}}"#,
            turns.join(",")
        )
    };
    let row = |name: &str, config: &str, body: String| {
        case(format!("guard: {name}"))
            .given(roomy(config))
            .request(chat_json(body))
            .upstream(json(200, completion("fine")))
            .uncut()
    };
    let nested = |levels: usize| {
        format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}],"metadata":{{"a":{}1{}}}}}"#,
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    vec![
        row("10,000 messages are more than there may be", "{}", turns("hi")).then_all([
            client_gets(400),
            client_body_has("too_many_messages"),
            upstream_sees_nothing(),
        ]),
        row(
            "10,000 messages where there may be",
            r#"{"limits": {"messages": 0}}"#,
            turns("hi"),
        )
        .then_all([client_gets(200), upstream_body_untouched()]),
        row(
            "10,000 messages with control tokens in the last",
            r#"{"limits": {"messages": 0}}"#,
            turns(FORGED),
        )
        .then_all([
            client_gets(400),
            client_body_has("role_forgery"),
            upstream_sees_nothing(),
        ]),
        row(
            "a document deeper than there may be",
            r#"{"limits": {"depth": 40}}"#,
            nested(50),
        )
        .then_all([
            client_gets(400),
            client_body_has("too_deep"),
            upstream_sees_nothing(),
        ]),
        row("a document deeper than anybody reads", "{}", nested(100_000)).then_all([
            client_gets(400),
            upstream_sees_nothing(),
            failed("too_complex"),
        ]),
    ]
}

fn unicode() -> Vec<Scenario> {
    let all: String = (0..=0x10_ffff_u32)
        .filter_map(char::from_u32)
        .filter(|c| *c >= ' ' && *c != '"' && *c != '\\')
        .collect();
    let open = r#"{"policies": [{"rules": ["*"], "action": "alert"}], "limits": {"prompt_bytes": 0, "turn_bytes": 0}}"#;
    let signed = "hx7-fern-42";
    vec![
        case("guard: all of Unicode in one text, both ways")
            .given(roomy(open))
            .request(chat(&all))
            .upstream(json(200, completion(&all)))
            .uncut()
            .then_all([client_gets(200), upstream_body_untouched(), client_body_untouched()]),
        case("guard: all of Unicode before control tokens")
            .given(roomy(r#"{"limits": {"prompt_bytes": 0, "turn_bytes": 0}}"#))
            .request(chat(&format!("{all}{FORGED}")))
            .upstream(json(200, completion("fine")))
            .uncut()
            .then_all([client_gets(400), upstream_sees_nothing()]),
        case("guard: all of Unicode in a stream before a canary")
            .given(roomy(&format!(
                r#"{{"policies": [{{"rules": ["hidden_output"], "action": "alert"}}], "answers": {{"canaries": ["{signed}"]}}}}"#
            )))
            .request(chat_stream("hi"))
            .upstream({
                let chars: Vec<char> = all.chars().collect();
                let frames: String = chars.chunks(1000).map(|part| delta(&part.iter().collect::<String>())).collect();
                sse().data(frames + &delta("hx7-fern") + &delta("-42") + &finish() + DONE)
            })
            .uncut()
            // Over HTTP/2 Envoy drops what the client had no room for yet, the error event with it.
            .then_all([client_head(200), client_body_lacks(signed), client_body_lacks("[DONE]"), denied("prompt_guard")]),
    ]
}

fn strange() -> Vec<Scenario> {
    let row = |name: &str, body: &str| {
        case(format!("guard: {name}"))
            .given(roomy("{}"))
            .request(chat_json(body))
            .upstream(json(200, completion("fine")))
    };
    let passes = || {
        [
            client_gets(200),
            upstream_body_untouched(),
            client_body_untouched(),
        ]
    };
    vec![
        row("a document without messages", r#"{"model":"m"}"#).then_all(passes()),
        row("a content that is null", r#"{"model":"m","messages":[{"role":"user","content":null}]}"#).then_all(passes()),
        row("a content that is a number", r#"{"model":"m","messages":[{"role":"user","content":7}]}"#).then_all(passes()),
        row("an empty text", r#"{"model":"m","messages":[{"role":"user","content":""}]}"#).then_all(passes()),
        row("a NUL in a text", r#"{"model":"m","messages":[{"role":"user","content":"a\u0000b"}]}"#).then_all(passes()),
        case("guard: half a character in an answer, which two parsers read as two texts")
            .given(roomy("{}"))
            .request(chat("hi"))
            .upstream(json(200, completion(r"a \ud83d b")))
            .then_all([client_gets(502), client_body_has("ambiguous_json"), failed("ambiguous_json")]),
        case("guard: half a character in a stream")
            .given(roomy("{}"))
            .request(chat_stream("hi"))
            .upstream(sse().data(delta("good")).until("good").data(delta(r"\ud83d") + &delta(r"\ude00")).step(Step::Hang))
            .then_all([client_head(200), client_sees_break(), client_body_lacks("ud83d"), upstream_is_cancelled()]),
        case("guard: half a character passes where the guard fails open")
            .given(roomy(r#"{"on_failure": "open"}"#))
            .request(chat_stream("hi"))
            .upstream(sse_of(&[r"a \ud83d", r"\ude00 b"]))
            .then_all([client_gets(200), client_body_untouched()]),
        case("guard: a system prompt in the second of two contents")
            .given(roomy("{}"))
            .request(chat_json(format!(
                r#"{{"model":"m","messages":[{{"role":"system","content":"{SYSTEM}"}},{{"role":"user","content":"hi"}}]}}"#
            )))
            .upstream(json(
                200,
                format!(
                    r#"{{"choices":[{{"index":0,"message":{{"role":"assistant","content":"fine","content":"{SYSTEM}"}}}}]}}"#
                ),
            ))
            .then(client_body_lacks("third fern")),
    ]
}
