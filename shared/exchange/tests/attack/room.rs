//! The proxy's buffer: what is written into a body that it keeps must fit, or the proxy dies.

use crate::bodies::*;
use crate::filters::*;
use crate::stage::Stage;
use penstock_fake_envoy::{Judged, Options};
use penstock_filter_api::{Failure, Outcome, OutputFlow, PromptFlow, Reply};

const LIMIT: usize = 32_768;
const SETTINGS: &str = r#"{"proxy_buffer_bytes": 32768, "max_hold_ms": 100000}"#;

fn stage(filter: Spec) -> Stage {
    let judge = Box::new(|_: &_| Judged {
        after_ms: 1_000,
        reply: Reply {
            status: 200,
            body: Vec::new(),
        },
    });
    let options = Options {
        buffer_limit_bytes: LIMIT,
        judge,
        ..Options::default()
    };
    Stage::within(options, SETTINGS, vec![filter])
}

fn spec(filter: Spec, open: bool) -> Spec {
    if open { filter.open() } else { filter }
}

#[test]
fn a_response_that_grows_out_of_the_buffer_is_a_failure() {
    for open in [false, true] {
        let mut stage = stage(spec(replaces("a", "bbbb"), open));
        let stream = stage.ask(ASK);
        let answer = completion(&"a".repeat(25_000));
        let (first, second) = answer.as_bytes().split_at(10_000);
        stage.answers(stream, &[], &[first, second]);
        assert_eq!(stage.failures("a", "response_too_large"), 1);
        assert_eq!(stage.text(stream) == answer, open);
        assert_eq!(stage.client(stream).field(":status") == Some(b"502"), !open);
        stage.ended(1);
    }
}

#[test]
fn a_request_that_grows_out_of_the_buffer_is_a_failure() {
    for open in [false, true] {
        for waits in [false, true] {
            let grows = prompted(move |prompt, reply, _| match reply {
                None if waits => PromptFlow::Wait(callout()),
                None | Some(_) => {
                    prompt.set_model(&"m".repeat(LIMIT));
                    PromptFlow::Next
                }
            });
            let mut stage = stage(spec(grows, open));
            let stream = stage.ask(ASK);
            stage.envoy.pass(2_000);
            assert_eq!(stage.failures("a", "request_too_large"), 1);
            assert_eq!(stage.envoy.upstream(stream).body == ASK, open);
            assert_eq!(stage.client(stream).field(":status") == Some(b"413"), !open);
        }
    }
}

#[test]
fn a_stream_is_not_held_beyond_the_buffer() {
    let holds = || judges(|_, _, _| OutputFlow::HoldFrom(0));
    let waits = || {
        judges(|_, _, reply| match reply {
            None => OutputFlow::Wait(callout()),
            Some(_) => OutputFlow::Clear,
        })
    };
    let frames: Vec<String> = (0..100).map(|_| delta(0, &"x".repeat(400))).collect();
    let body = format!("{}{}{DONE}", frames.concat(), finish(0));
    for (name, filter) in [("holds", holds()), ("waits", waits())] {
        for open in [false, true] {
            for chunk in [500, 30_000] {
                let mut stage = stage(spec(filter.clone(), open));
                let stream = stage.ask(ASK);
                stage.streams(stream);
                for part in body.as_bytes().chunks(chunk) {
                    stage.envoy.response_body(stream, part, false);
                }
                stage.envoy.response_body(stream, b"", true);
                stage.envoy.pass(50);
                let what = format!("{name} open {open} in {chunk}");
                assert_eq!(stage.failures("a", "held_bytes"), 1, "{what}");
                assert_eq!(stage.text(stream) == body, open, "{what}");
                assert_eq!(stage.text(stream).contains("\"held_bytes\""), !open, "{what}");
                let outcome = if open { Outcome::Complete } else { Outcome::Cut };
                assert_eq!(stage.ended(1), [outcome], "{what}");
            }
        }
    }
}

#[test]
fn what_has_no_room_leaves_with_the_next_chunk() {
    // What was held doubles by an edit, and is then more than the proxy takes at once.
    let doubles = judges(|piece, edits, _| {
        if piece.text == "go" {
            edits.replace(0..piece.start + 2, "y".repeat(40_000));
            return OutputFlow::Clear;
        }
        OutputFlow::HoldFrom(0)
    });
    let mut stage = stage(doubles);
    let stream = stage.ask(ASK);
    stage.streams(stream);
    stage
        .envoy
        .response_body(stream, delta(0, "held").as_bytes(), false);
    stage
        .envoy
        .response_body(stream, delta(0, "go").as_bytes(), false);
    assert_eq!(stage.client(stream).body.len(), LIMIT);
    stage.envoy.response_body(stream, b": on\n\n", false);
    stage
        .envoy
        .response_body(stream, format!("{}{DONE}", finish(0)).as_bytes(), true);
    assert_eq!(text_of(&stage.client(stream).body, 0), "y".repeat(40_000));
    assert_eq!(stage.ended(1), [Outcome::Complete]);
}

#[test]
fn a_filter_that_fails_open_lets_more_go_than_fits_at_once() {
    let fails = judges(|piece, _, _| match piece.text {
        "fail" => OutputFlow::Fail(Failure::Callout),
        _ => OutputFlow::HoldFrom(0),
    });
    let mut stage = stage(fails.open());
    let stream = stage.ask(ASK);
    stage.streams(stream);
    let body = format!(
        "{}{}{}{}{DONE}",
        delta(0, &"x".repeat(15_000)),
        delta(0, "fail"),
        delta(0, &"y".repeat(25_000)),
        finish(0)
    );
    let (first, rest) = body.as_bytes().split_at(15_200);
    stage.envoy.response_body(stream, first, false);
    stage.envoy.response_body(stream, rest, false);
    stage.envoy.response_body(stream, b"\n", false);
    stage.envoy.response_body(stream, b"", true);
    assert_eq!(stage.text(stream), format!("{body}\n"));
    assert_eq!(stage.ended(1), [Outcome::Complete]);
}

#[test]
fn an_answer_let_go_behind_a_callout_is_complete() {
    let grows = judges(|piece, edits, reply| {
        if reply.is_none() {
            return OutputFlow::Wait(callout());
        }
        edits.replace(0..piece.text.len() as u64, "y".repeat(40_000));
        OutputFlow::Clear
    });
    let mut stage = stage(grows.open());
    let stream = stage.ask(ASK);
    stage.answers(stream, &[], &[completion("held").as_bytes()]);
    stage.envoy.pass(2_000);
    assert_eq!(stage.text(stream), completion("held"));
    assert_eq!(stage.ended(1), [Outcome::Complete]);
}
