//! Edits of requests and answers: lengths stay exact, and nothing else moves.

use crate::bodies::*;
use crate::check::*;
use crate::message::Framing;
use crate::scenario::{Runs, Scenario, Setup, case};
use crate::script::Script;

/// The same word, longer and shorter, on both sides.
fn editor(from: &str, to: &str) -> Setup {
    let word = format!(r#"[{{"from": "{from}", "to": "{to}"}}]"#);
    probe(&format!(
        r#"{{"stage": "rewrite", "replace_prompt": {word}, "replace": {word}}}"#
    ))
}

/// All of this file.
pub fn cases() -> Vec<Scenario> {
    let mut all = requests();
    all.extend(answers());
    all.extend(streams());
    all.extend(holds());
    all
}

fn requests() -> Vec<Scenario> {
    let answer = || json(200, completion("fine"));
    let edited = |name: &str, to: &str, framing: Framing| {
        case(format!("edit: the prompt gets {name}"))
            .given(editor("secret", to))
            .request(chat("my secret and secret").framed(framing))
            .upstream(answer())
            .then_all([client_gets(200), client_body_untouched()])
            .then(upstream_body(
                chat(&format!("my {to} and {to}")).body.unwrap_or_default(),
            ))
    };
    let quoted = r#"line\n\"two\""#;
    let signed = chat("my secret").header("authorization", "AWS4-HMAC-SHA256 Credential=x");
    let packed = chat_json(crate::gzip::gzip(
        br#"{"model":"m-1","messages":[{"role":"user","content":"my secret"}]}"#,
    ))
    .header("content-encoding", "gzip");
    vec![
        edited("longer", "a much longer thing", Framing::Length).then(upstream_header("content-length", "103")),
        edited("shorter", "x", Framing::Length).then(upstream_header("content-length", "67")),
        edited("empty", "", Framing::Length).then(upstream_header("content-length", "65")),
        edited("longer, chunked", "a much longer thing", Framing::Chunked),
        case("edit: the prompt gets characters that JSON escapes")
            .given(editor("secret", quoted))
            .request(chat(r"a \u0073ecret \ud83d\ude00 \/"))
            .upstream(answer())
            .then_all([client_gets(200), upstream_body(chat(&format!(r"a {quoted} \ud83d\ude00 \/")).body.unwrap_or_default())]),
        case("edit: the prompt, with the next requests right behind")
            .given(editor("secret", "a much longer thing"))
            .request(chat("my secret"))
            .pipelined(2)
            .upstream(answer())
            .runs(Runs::EnvoyHttp1("only HTTP/1.1 pipelines"))
            .then_all([client_gets(200), client_gets_more(&[200, 200]), upstream_body_has("a much longer thing")]),
        case("edit: a compressed prompt leaves as it is read")
            .given(editor("secret", "x"))
            .request(packed)
            .upstream(answer())
            .then_all([client_gets(200), upstream_body(chat("my x").body.unwrap_or_default()), upstream_header_absent("content-encoding")]),
        case("edit: a signed prompt is not touched but refused")
            .given(editor("secret", "x"))
            .request(signed)
            .upstream(answer())
            .then_all([client_gets(400), client_body_has("signed_body"), upstream_sees_nothing()]),
        case("edit: the prompt, with trailers")
            .given(editor("secret", "x"))
            .request(chat("my secret").trailer("x-sum", "5"))
            .upstream(answer())
            .then_all([client_gets(200), upstream_body(chat("my x").body.unwrap_or_default()), upstream_trailer("x-sum", "5")]),
        case("edit: the model and the bound of tokens")
            .given(probe(r#"{"set_model": "m-2", "cap_output": 5}"#))
            .request(chat("hi"))
            .upstream(answer())
            .then_all([client_gets(200), upstream_body_has(r#""model":"m-2""#), upstream_body_has(":5")]),
        case("edit: a header of the body's choice re-routes")
            .given(probe(r#"{"stage": "route", "route": {"on": "elsewhere", "header": "x-cluster", "value": "other"}}"#))
            .request(chat("go elsewhere"))
            .upstream(answer())
            .then_all([client_gets(200), upstream_is("other"), upstream_body_untouched()]),
        case("edit: a tool's schema and a property nobody knows")
            .given(editor("secret", "x"))
            .request(chat_json(r#"{"model":"m-1","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"f","description":"the secret"}}],"unheard_of":{"deep":["secret"]}}"#))
            .upstream(answer())
            .then_all([client_gets(200), upstream_body_lacks("secret"), upstream_body_has(r#"{"deep":["x"]}"#)]),
    ]
}

fn answers() -> Vec<Scenario> {
    let edited = |name: &str, to: &str, framing: Framing| {
        case(format!("edit: the answer gets {name}"))
            .given(editor("secret", to))
            .request(chat("hi"))
            .upstream(json(200, completion("a secret, said")).framed(framing))
            .then_all([
                client_gets(200),
                client_body(completion(&format!("a {to}, said"))),
            ])
    };
    let packed = Script::new(200)
        .header("content-type", "application/json")
        .header("content-encoding", "gzip")
        .header("etag", "x");
    vec![
        edited("longer", "a much longer thing", Framing::Length),
        edited("shorter", "x", Framing::Length),
        edited("longer, chunked", "a much longer thing", Framing::Chunked),
        edited("shorter, to the end of the connection", "x", Framing::Close),
        case("edit: a compressed answer leaves as it is read")
            .given(editor("secret", "x"))
            .request(chat("hi").header("accept-encoding", "gzip"))
            .upstream(packed.data(crate::gzip::gzip(completion("a secret").as_bytes())))
            .then_all([
                client_gets(200),
                client_body(completion("a x")),
                client_header_absent("content-encoding"),
                client_header_absent("etag"),
            ])
            .then(upstream_header_absent("accept-encoding")),
        case("edit: an answer with trailers")
            .given(editor("secret", "x"))
            .request(chat("hi"))
            .upstream(json(200, completion("a secret")).trailer("x-end", "yes"))
            .then_all([
                client_gets(200),
                client_body(completion("a x")),
                client_trailer("x-end", "yes"),
            ]),
        case("edit: header and trailer of a filter")
            .given(probe(r#"{"mark_response": true, "mark_trailer": true}"#))
            .request(chat_stream("hi"))
            .upstream(sse_of(&["Hello"]))
            .then_all([
                client_gets(200),
                client_header("x-probe", "seen"),
                client_trailer("x-probe", "seen"),
                client_body_untouched(),
            ]),
    ]
}

fn streams() -> Vec<Scenario> {
    let stream = |name: &str, to: &str, sent: &[&str], expected: &[&str]| {
        case(format!("edit: a stream {name}"))
            .given(editor("secret", to))
            .request(chat_stream("hi"))
            .upstream(sse_of(sent))
            .then_all([client_gets(200), client_body(frames(expected).concat())])
    };
    let tool = |arguments: &str| {
        format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{{\"index\":0,\"function\":{{\"arguments\":\"{arguments}\"}}}}]}},\"finish_reason\":null}}]}}\n\n"
        )
    };
    let packed = sse()
        .header("content-encoding", "gzip")
        .data(crate::gzip::gzip(frames(&["a sec", "ret"]).concat().as_bytes()));
    vec![
        stream("in one frame", "x", &["a secret", " here"], &["a x", " here"]),
        stream(
            "across two frames",
            "longer than before",
            &["a sec", "ret here"],
            &["a longer than before", " here"],
        ),
        stream(
            "across many frames",
            "x",
            &["s", "e", "c", "r", "e", "t", "!"],
            &["x", "", "", "", "", "", "!"],
        ),
        stream(
            "that only began like it",
            "x",
            &["a sec", "ond"],
            &["a sec", "ond"],
        ),
        stream("that ends on its beginning", "x", &["a sec"], &["a sec"]),
        stream(
            "with several in a frame",
            "y",
            &["secret secret", "secret"],
            &["y y", "y"],
        ),
        stream(
            "with wide characters",
            "\u{e9}\u{1f600}",
            &["\u{1f600}sec", "ret\u{e9}"],
            &["\u{1f600}\u{e9}\u{1f600}", "\u{e9}"],
        ),
        case("edit: a stream of two choices, interleaved")
            .given(editor("secret", "x"))
            .request(chat_stream("hi"))
            .upstream(
                sse().data(
                    [
                        choice(0, "a sec"),
                        choice(1, "b sec"),
                        choice(0, "ret"),
                        choice(1, "ond"),
                        DONE.to_owned(),
                    ]
                    .concat(),
                ),
            )
            .then_all([
                client_gets(200),
                client_body(
                    [
                        choice(0, "a x"),
                        choice(1, "b sec"),
                        choice(0, ""),
                        choice(1, "ond"),
                        DONE.to_owned(),
                    ]
                    .concat(),
                ),
            ]),
        case("edit: arguments of a tool call, cut inside an escape")
            .given(editor("secret", "x"))
            .request(chat_stream("hi"))
            .upstream(
                sse().data(
                    [
                        tool(r#"{\"a\":\"sec"#),
                        tool(r#"ret\\"#),
                        tool(r#"n\"}"#),
                        DONE.to_owned(),
                    ]
                    .concat(),
                ),
            )
            .then_all([
                client_gets(200),
                client_body_lacks("secret"),
                client_body_has(r#"{\"a\":\"x"#),
            ]),
        case("edit: a stream with trailers")
            .given(editor("secret", "x"))
            .request(chat_stream("hi"))
            .upstream(sse_of(&["a sec", "ret"]).trailer("x-end", "yes"))
            .then_all([
                client_gets(200),
                client_body(frames(&["a x", ""]).concat()),
                client_trailer("x-end", "yes"),
            ]),
        case("edit: a gzip stream leaves as it is read")
            .given(editor("secret", "x"))
            .request(chat_stream("hi"))
            .upstream(packed)
            .then_all([
                client_gets(200),
                client_body(frames(&["a x", ""]).concat()),
                client_header_absent("content-encoding"),
            ]),
        case("edit: usage that only a filter asked for does not reach the client")
            .given(probe(
                r#"{"stage": "admit", "response": "observe", "ask_usage": true}"#,
            ))
            .request(chat_stream("hi"))
            .upstream(
                sse().data(
                    frames(&["Hello"])
                        .concat()
                        .replace(DONE, &format!("{}{DONE}", usage())),
                ),
            )
            .then_all([
                client_gets(200),
                client_body(frames(&["Hello"]).concat()),
                upstream_body_has("include_usage"),
            ]),
    ]
}

fn holds() -> Vec<Scenario> {
    let all = |script: Script| {
        case("")
            .given(probe(r#"{"hold_all": true}"#))
            .request(chat_stream("hi"))
            .upstream(script)
            .then_all([client_gets(200), client_body_untouched()])
    };
    let named = |name: &str, scenario: Scenario| Scenario {
        name: format!("hold: {name}"),
        ..scenario
    };
    let gate = sse()
        .data(delta("one") + &delta("two") + &finish())
        .until("stop")
        .data(DONE);
    let late = |on_failure: &str| {
        probe_in(
            r#"{"max_hold_ms": 120}"#,
            &format!(r#"{{"hold_all": true, "on_failure": "{on_failure}"}}"#),
        )
    };
    let waits = || sse().data(delta("one")).data(": ping\n\n").until("ping");
    vec![
        named("until the finish reason, not the end", all(gate)),
        named(
            "until trailers",
            all(sse().data(delta("one") + &delta("two")).trailer("x-end", "yes")),
        ),
        named("until the end without a finish", all(sse().data(delta("one")))),
        case("hold: a comment overtakes held frames")
            .given(probe(r#"{"hold_all": true}"#))
            .request(chat_stream("hi"))
            .upstream(waits().data(finish()))
            .then_all([
                client_gets(200),
                client_body_has(delta("one")),
                client_body_has(finish()),
            ]),
        case("hold: too long, and closed cuts")
            .given(late("closed"))
            .request(chat_stream("hi"))
            .upstream(sse().data(delta("one")).step(crate::script::Step::Hang))
            .uncut()
            .then_all([
                client_head(200),
                client_sees_break(),
                client_body_has("hold_timeout"),
                client_body_lacks("one"),
                upstream_is_cancelled(),
            ]),
        case("hold: too long, and open releases")
            .given(late("open"))
            .request(chat_stream("hi"))
            .upstream(
                sse()
                    .data(delta("one"))
                    .until("one")
                    .data(delta("two"))
                    .until("two")
                    .data(finish() + DONE),
            )
            .uncut()
            .then_all([client_gets(200), client_body_untouched()]),
    ]
}
