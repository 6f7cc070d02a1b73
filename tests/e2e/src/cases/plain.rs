//! A proxy without a module: proves the test ground itself.

use crate::check::*;
use crate::message::{Framing, Request};
use crate::scenario::{Leaves, Runs, Scenario, case};
use crate::script::{Script, Step};

/// All of this file.
pub fn cases() -> Vec<Scenario> {
    vec![
        case("bare: a request and its answer pass")
            .request(Request::new("POST", "/v1/x").body("hello").header("x-one", "1"))
            .upstream(Script::new(200).header("x-two", "2").data("{\"a\":1}"))
            .then_all([
                client_gets(200),
                client_body_untouched(),
                upstream_body_untouched(),
            ])
            .then_all([
                upstream_header("x-one", "1"),
                client_header("x-two", "2"),
                client_header("content-length", "7"),
            ]),
        case("bare: chunked with trailers both ways")
            .request(Request::new("POST", "/v1/x").body("hello").trailer("x-sum", "5"))
            .upstream(Script::new(200).data("abc").data("def").trailer("x-end", "yes"))
            .then_all([
                client_gets(200),
                client_body("abcdef"),
                client_trailer("x-end", "yes"),
            ])
            .then_all([upstream_body("hello"), upstream_trailer("x-sum", "5")]),
        case("bare: a frame does not wait for the next")
            .request(Request::new("POST", "/v1/x").body("go"))
            .upstream(
                Script::new(200)
                    .framed(Framing::Chunked)
                    .data("one")
                    .until("one")
                    .data("two")
                    .until("two")
                    .data("three"),
            )
            .then_all([client_gets(200), client_body("onetwothree")]),
        case("bare: the upstream resets in the answer")
            .upstream(
                Script::new(200)
                    .framed(Framing::Chunked)
                    .data("one")
                    .until("one")
                    .step(Step::Reset),
            )
            .then_all([client_head(200), client_sees_break(), client_body("one")]),
        case("bare: the upstream resets before the answer")
            .upstream(Script::silent(Step::Reset))
            .then(client_gets(503)),
        case("bare: the client leaves in the answer")
            .client_leaves(Leaves::OnceSeen(b"one".to_vec()))
            .upstream(
                Script::new(200)
                    .framed(Framing::Chunked)
                    .data("one")
                    .step(Step::Hang),
            )
            .then(upstream_is_cancelled()),
        case("bare: the client leaves in the request")
            .request(Request::new("POST", "/v1/x").body("hello world"))
            .client_leaves(Leaves::MidRequest(5))
            .upstream(Script::new(200).data("x"))
            .uncut()
            .then(upstream_is_cancelled()),
        case("bare: the next request on the connection is another one")
            .request(Request::new("POST", "/v1/x").body("hello"))
            .upstream(Script::new(200).data("abc"))
            .pipelined(2)
            .runs(Runs::EnvoyHttp1(
                "only HTTP/1.1 pipelines, and the stand-in has no connections",
            ))
            .then_all([
                client_gets(200),
                client_body("abc"),
                client_gets_more(&[200, 200]),
            ]),
        case("bare: HEAD, 204 and 304 have no body")
            .request(Request::new("HEAD", "/v1/x"))
            .upstream(Script::new(200).data("abc"))
            .then_all([
                client_gets(200),
                client_body(""),
                client_header("content-length", "3"),
            ]),
    ]
}
