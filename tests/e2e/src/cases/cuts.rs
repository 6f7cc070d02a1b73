//! Responses that end before their time: by a filter, by either end, by a dead module.

use super::denied;
use crate::bodies::*;
use crate::check::*;
use crate::message::Request;
use crate::scenario::{Leaves, Runs, Scenario, Setup, case};
use crate::script::{Script, Step};

fn cutter() -> Setup {
    probe(r#"{"cut_on": "forbidden"}"#)
}

/// All of this file.
pub fn cases() -> Vec<Scenario> {
    let mut all = by_a_filter();
    all.extend(by_the_client());
    all.extend(by_the_upstream());
    all.extend(by_a_trap());
    all
}

fn by_a_filter() -> Vec<Scenario> {
    let cut = |name: &str, script: Script| {
        case(format!("cut: {name}"))
            .given(cutter())
            .request(chat_stream("hi"))
            .upstream(script)
            .then_all([
                client_head(200),
                client_sees_break(),
                client_body_has("probe_cut"),
                client_body_lacks("forbidden"),
            ])
            .then_all([
                upstream_is_cancelled(),
                denied("probe_cut"),
                logged("penstock.outcome", "cut"),
            ])
    };
    let runs_on = || {
        sse()
            .data(delta("good"))
            .until("good")
            .data(delta("forbidden"))
            .step(Step::Hang)
    };
    let anthropic = Request::new("POST", "/v1/messages")
        .header("content-type", "application/json")
        .body(r#"{"model":"c","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#);
    let block = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"forbidden\"}}\n\n";
    vec![
        cut("a stream, and its upstream stops", runs_on()).then(client_body_has("good")),
        cut(
            "a stream whose rest is there already",
            sse()
                .data(delta("good") + &delta("forbidden") + &delta("more"))
                .step(Step::Hang),
        )
        .then(client_body_lacks("more")),
        cut(
            "in the first frame",
            sse().data(delta("forbidden")).step(Step::Hang),
        ),
        cut(
            "over frames",
            sse().data(delta("forbi") + &delta("dden")).step(Step::Hang),
        ),
        case("cut: a stream in its last chunk")
            .given(cutter())
            .request(chat_stream("hi"))
            .upstream(sse_of(&["good", "forbidden"]))
            .then_all([
                client_head(200),
                client_body_has("probe_cut"),
                client_body_lacks("forbidden"),
            ]),
        case("cut: in the words of Anthropic")
            .given(cutter())
            .request(anthropic)
            .upstream(sse().data(block).step(Step::Hang))
            .then_all([
                client_head(200),
                client_sees_break(),
                client_body_has("event: error\n"),
                client_body_lacks("forbidden"),
                upstream_is_cancelled(),
            ]),
        case("cut: a gzip stream")
            .given(cutter())
            .request(chat_stream("hi"))
            .upstream(
                sse()
                    .header("content-encoding", "gzip")
                    .data(crate::gzip::gzip(
                        frames(&["good", "forbidden"]).concat().as_bytes(),
                    ))
                    .step(Step::Hang),
            )
            .then_all([
                client_head(200),
                client_body_has("probe_cut"),
                client_body_lacks("forbidden"),
                upstream_is_cancelled(),
            ]),
        case("cut: a unary answer becomes a refusal")
            .given(cutter())
            .request(chat("hi"))
            .upstream(json(200, completion("forbidden")))
            .then_all([
                client_gets(403),
                client_body_has("probe_cut"),
                client_body_lacks("forbidden"),
            ]),
        case("cut: on_cut drain ends the stream well")
            .given(probe_in(r#"{"on_cut": "drain"}"#, r#"{"cut_on": "forbidden"}"#))
            .request(chat_stream("hi"))
            .upstream(sse_of(&["good", "forbidden", "more"]))
            .then_all([
                client_gets(200),
                client_body_has("probe_cut"),
                client_body_lacks("more"),
                client_body_lacks("forbidden"),
            ]),
    ]
}

fn by_the_client() -> Vec<Scenario> {
    let idle = || probe(r#"{"replace": [{"from": "zzz", "to": "x"}]}"#);
    let cancelled = || logged("penstock.outcome", "cancelled");
    vec![
        case("client leaves: in the request")
            .given(idle())
            .request(chat("hello there"))
            .client_leaves(Leaves::MidRequest(30))
            .upstream(json(200, completion("x")))
            .then_all([upstream_sees_nothing(), cancelled()]),
        case("client leaves: while the upstream thinks")
            .given(idle())
            .request(chat("hello"))
            .client_leaves(Leaves::OnceSent)
            .upstream(Script::silent(Step::Hang))
            .runs(Runs::Envoy("in the stand-in nobody thinks"))
            .then_all([upstream_is_cancelled(), cancelled()]),
        case("client leaves: in a stream")
            .given(idle())
            .request(chat_stream("hello"))
            .client_leaves(Leaves::OnceSeen(b"two".to_vec()))
            .upstream(sse().data(delta("one")).data(delta("two")).step(Step::Hang))
            .then_all([upstream_is_cancelled(), cancelled()]),
        case("client leaves: while the answer is held")
            .given(probe(r#"{"hold_all": true}"#))
            .request(chat_stream("hello"))
            .client_leaves(Leaves::OnceSeen(b"ping".to_vec()))
            .upstream(sse().data(delta("one")).data(": ping\n\n").step(Step::Hang))
            .then_all([upstream_is_cancelled(), cancelled(), client_body_lacks("one")]),
    ]
}

fn by_the_upstream() -> Vec<Scenario> {
    let idle = || probe(r#"{"replace": [{"from": "zzz", "to": "x"}]}"#);
    let failed = || logged("penstock.outcome", "upstream_error");
    let broken = |name: &str, request: Request, script: Script| {
        case(format!("upstream breaks: {name}"))
            .given(idle())
            .request(request)
            .upstream(script)
            .then(failed())
    };
    let begun = || sse().data(delta("one")).until("one");
    vec![
        broken("before the head", chat("hi"), Script::silent(Step::Reset)).then(client_gets(503)),
        broken(
            "by a close before the head",
            chat("hi"),
            Script::silent(Step::Close),
        )
        .then(client_gets(503)),
        broken("in a stream", chat_stream("hi"), begun().step(Step::Reset)).then_all([
            client_head(200),
            client_sees_break(),
            client_body(delta("one")),
        ]),
        broken(
            "in a frame",
            chat_stream("hi"),
            begun()
                .data("data: {\"choi")
                .step(Step::Wait(20))
                .step(Step::Reset),
        )
        .then_all([
            client_head(200),
            client_sees_break(),
            client_body_has(delta("one")),
        ]),
        broken(
            "by a close in a stream",
            chat_stream("hi"),
            begun().step(Step::Close),
        )
        .then_all([client_head(200), client_sees_break()]),
        case("upstream breaks: in a unary answer")
            .given(idle())
            .request(chat("hi"))
            .upstream(
                json(200, "{\"choices\":[")
                    .framed(crate::message::Framing::Chunked)
                    .step(Step::Wait(20))
                    .step(Step::Reset),
            )
            .then(failed())
            .then(client_gets(502)),
        case("upstream breaks: with a status and an error of its own")
            .given(idle())
            .request(chat("hi"))
            .upstream(json(429, "{\"error\":{\"message\":\"slow down\"}}").header("retry-after", "9"))
            .then_all([
                client_gets(429),
                client_body_untouched(),
                client_header("retry-after", "9"),
                failed(),
            ]),
        case("upstream breaks: with a page that is no JSON")
            .given(idle())
            .request(chat_stream("hi"))
            .upstream(
                Script::new(502)
                    .header("content-type", "text/html")
                    .data("<h1>Bad Gateway</h1>"),
            )
            .then_all([client_gets(502), client_body_untouched(), failed()]),
    ]
}

/// A panic in a filter: the stream ends, and a new module serves the next request.
fn by_a_trap() -> Vec<Scenario> {
    vec![
        case("trap: on a prompt")
            .given(probe(r#"{"trap_on": "die"}"#))
            .request(chat("die"))
            .upstream(json(200, completion("x")))
            .uncut()
            .trapping()
            .runs(Runs::Envoy("a panic natively is a panic of the test"))
            .then(upstream_sees_nothing()),
        case("trap: in a stream")
            .given(probe(r#"{"trap_output_on": "die"}"#))
            .request(chat_stream("hi"))
            .upstream(
                sse()
                    .data(delta("good"))
                    .until("good")
                    .data(delta("die"))
                    .step(Step::Hang),
            )
            .uncut()
            .trapping()
            .runs(Runs::Envoy("a panic natively is a panic of the test"))
            .then_all([client_head(200), client_sees_break(), client_body_lacks("die")]),
    ]
}
