//! Ends: one for every exchange, with the right name.

use crate::bodies::*;
use crate::filters::*;
use crate::stage::{Stage, head};
use penstock_filter_api::{Outcome, OutputFlow, PromptFlow};

#[test]
fn a_client_that_leaves_while_a_callout_is_open_leaves_nothing_behind() {
    let waits = || {
        prompted(|_, reply, _| match reply {
            None => PromptFlow::Wait(callout()),
            Some(_) => PromptFlow::Next,
        })
    };
    let mut stage = Stage::asking(vec![100], "{}", vec![waits()]);
    let stream = stage.ask(ASK);
    stage.envoy.client_leaves(stream);
    stage.envoy.pass(1_000);
    assert_eq!(stage.ended(1), [Outcome::Cancelled]);

    let waits = judges(|_, _, reply| match reply {
        None => OutputFlow::Wait(callout()),
        Some(_) => OutputFlow::Clear,
    });
    let mut stage = Stage::asking(vec![100], "{}", vec![waits]);
    let stream = stage.ask(ASK);
    stage.streams(stream);
    stage.envoy.response_body(stream, delta(0, "x").as_bytes(), false);
    stage.envoy.upstream_resets(stream);
    stage.envoy.pass(1_000);
    assert_eq!(stage.ended(1), [Outcome::UpstreamError]);
}

#[test]
fn a_response_of_trailers_alone_ends() {
    let mut stage = Stage::new("{}", vec![agrees()]);
    let stream = stage.ask(ASK);
    stage.streams(stream);
    stage.envoy.response_trailers(stream, head(&[("x", "y")]));
    assert!(stage.is_whole(stream));
    assert_eq!(stage.ended(1), [Outcome::Truncated]);

    let mut stage = Stage::new("{}", vec![agrees()]);
    let stream = stage.ask(ASK);
    let fields = [(":status", "200"), ("content-type", "application/json")];
    stage.envoy.response_head(stream, head(&fields), false);
    stage.envoy.response_trailers(stream, head(&[("x", "y")]));
    assert!(stage.is_whole(stream));
    stage.ended(1);
}

#[test]
fn an_early_answer_to_a_request_that_still_streams_is_the_answer() {
    let observes = agrees().needs(
        penstock_filter_api::Need::Observe,
        penstock_filter_api::Need::Observe,
    );
    let mut stage = Stage::new("{}", vec![observes]);
    let stream = stage.open();
    let fields = [
        (":method", "POST"),
        (":path", "/v1/chat/completions"),
        ("content-type", "application/json"),
    ];
    stage.envoy.request_head(stream, head(&fields), false);
    stage.envoy.request_body(stream, &ASK[..20], false);
    stage.answers(stream, &[], &[completion("early").as_bytes()]);
    assert_eq!(stage.text(stream), completion("early"));
    assert_eq!(stage.ended(1), [Outcome::Complete]);
}

#[test]
fn an_end_behind_a_callout_comes_with_the_verdict() {
    for trailers in [false, true] {
        let waits = judges(|piece, _, reply| match reply {
            None if !piece.text.is_empty() => OutputFlow::Wait(callout()),
            None | Some(_) => OutputFlow::Clear,
        });
        let mut stage = Stage::asking(vec![20], "{}", vec![waits]);
        let stream = stage.ask(ASK);
        stage.streams(stream);
        let body = format!("{}{}{}{DONE}", delta(0, "x"), delta(0, "y"), finish(0));
        stage.envoy.response_body(stream, body.as_bytes(), !trailers);
        if trailers {
            stage.envoy.response_trailers(stream, head(&[("x", "y")]));
        }
        assert_eq!(stage.text(stream), "");
        stage.envoy.pass(100);
        assert_eq!(stage.text(stream), body);
        assert!(stage.is_whole(stream));
        assert_eq!(stage.ended(1), [Outcome::Complete]);
    }
}
