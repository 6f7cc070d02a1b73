//! The door: what fails, on whose account, and what may pass then.

use crate::bodies::*;
use crate::filters::*;
use crate::stage::{Stage, head};
use penstock_filter_api::{Failure, Need, Outcome, OutputFlow, PromptFlow};

fn stream_of(texts: &[&str]) -> String {
    let texts = texts.iter().map(|text| delta(0, text));
    texts.chain([finish(0), DONE.to_owned()]).collect()
}

#[test]
fn nothing_is_lost_when_a_filter_fails_open_in_the_middle_of_a_chunk() {
    for with_end in [true, false] {
        let fails = judges(|piece, _, _| match piece.text {
            "two" => OutputFlow::Fail(Failure::Callout),
            _ => OutputFlow::HoldFrom(0),
        });
        let mut stage = Stage::new(
            "{}",
            vec![judges(|p, _, _| OutputFlow::HoldFrom(p.start)), fails.open()],
        );
        let stream = stage.ask(ASK);
        stage.streams(stream);
        let body = stream_of(&["one", "two", "three", "four"]);
        stage.envoy.response_body(stream, body.as_bytes(), with_end);
        stage.envoy.response_body(stream, b"", true);
        assert_eq!(stage.text(stream), body);
        assert_eq!(stage.failures("b", "callout"), 1);
        assert_eq!(stage.ended(2), [Outcome::Complete; 2]);
    }
}

#[test]
fn a_filter_that_reads_no_response_refuses_none() {
    // `a` guards prompts and fails closed; `b` only counts.
    let guard = || agrees().needs(Need::Decide, Need::Nothing);
    let counts = || agrees().open().needs(Need::Observe, Need::Observe);
    let mut stage = Stage::new("{}", vec![guard(), counts()]);
    let stream = stage.ask(ASK);
    stage.answers(stream, &[], &[b"{\"choices\":"]);
    assert_eq!(stage.client(stream).body, b"{\"choices\":");
    assert!(stage.is_whole(stream));
    assert_eq!(stage.failures("a", "invalid_json"), 0);
    assert_eq!(stage.failures("b", "invalid_json"), 1);
}

#[test]
fn a_filter_that_reads_no_request_refuses_none_and_keeps_its_say_on_the_response() {
    let answers = replaces("secret", "***").needs(Need::Nothing, Need::Decide);
    let counts = agrees().open().needs(Need::Decide, Need::Nothing);
    let mut stage = Stage::new("{}", vec![answers, counts]);
    let stream = stage.ask(b"no json");
    assert_eq!(stage.envoy.upstream(stream).body, b"no json");
    stage.answers(stream, &[], &[completion("a secret").as_bytes()]);
    assert_eq!(stage.text(stream), completion("a ***"));
}

#[test]
fn a_signed_body_concerns_only_who_would_edit_it() {
    let guard = || prompted(|_, _, _| PromptFlow::Next);
    let asks = || {
        prompted(|prompt, _, _| {
            prompt.ask_usage();
            PromptFlow::Next
        })
    };
    for (asks, refused) in [(asks().open(), false), (asks(), true)] {
        let mut stage = Stage::new("{}", vec![asks, guard()]);
        let stream = stage.open();
        let length = ASK.len().to_string();
        let fields = [
            (":method", "POST"),
            (":path", "/v1/chat/completions"),
            ("content-type", "application/json"),
            ("content-digest", "sha-256=:x:"),
            ("content-length", &length),
        ];
        stage.envoy.request_head(stream, head(&fields), false);
        stage.envoy.request_body(stream, ASK, true);
        assert_eq!(stage.envoy.upstream(stream).body == ASK, !refused);
        assert_eq!(stage.failures("a", "signed_body"), 1);
        assert_eq!(stage.failures("b", "signed_body"), 0);
    }
}

#[test]
fn a_failure_behind_the_question_for_usage_takes_nothing_out_of_the_response() {
    let asks = prompted(|prompt, _, _| {
        prompt.ask_usage();
        PromptFlow::Next
    });
    // The second filter writes what cannot be read again.
    let breaks = prompted(|prompt, _, _| {
        let root = prompt.json().root().id();
        prompt.edits().replace(root, "[]");
        PromptFlow::Next
    });
    let mut stage = Stage::new("{}", vec![asks.open(), breaks.open(), agrees().open()]);
    let stream = stage.ask(ASK);
    assert_eq!(stage.envoy.upstream(stream).body, ASK);
    stage.streams(stream);
    let body = format!("{}{}{}{DONE}", delta(0, "x"), finish(0), usage());
    stage.envoy.response_body(stream, body.as_bytes(), true);
    assert_eq!(stage.text(stream), body);
}

#[test]
fn every_failure_of_a_stream_cuts_or_passes_all() {
    let good = delta(0, "good");
    let bads = [
        (
            "invalid_json",
            format!("{good}data: {{\"choices\":[}}\n\n{}{DONE}", delta(0, "more")),
        ),
        (
            "frame_too_large",
            format!("{good}{}{DONE}", delta(0, &"x".repeat(2_000))),
        ),
    ];
    for (kind, body) in &bads {
        for chunk in [1, 7, 100_000] {
            for open in [false, true] {
                for zipped in [false, true] {
                    every_failure(kind, body, chunk, open, zipped);
                }
            }
        }
    }
}

fn every_failure(kind: &str, body: &str, chunk: usize, open: bool, zipped: bool) {
    let what = format!("{kind} in {chunk}, open {open}, gzip {zipped}");
    let filter = replaces("secret", "***");
    let filter = if open { filter.open() } else { filter };
    let mut stage = Stage::new(r#"{"max_frame_bytes": 1000}"#, vec![filter]);
    let stream = stage.ask(ASK);
    let mut fields = vec![(":status", "200"), ("content-type", "text/event-stream")];
    let mut sent = body.as_bytes().to_vec();
    if zipped {
        fields.push(("content-encoding", "gzip"));
        sent = gzip(&sent);
    }
    stage.envoy.response_head(stream, head(&fields), false);
    for part in sent.chunks(chunk) {
        stage.envoy.response_body(stream, part, false);
    }
    stage.envoy.response_body(stream, b"", true);
    stage.envoy.pass(50);
    assert_eq!(stage.failures("a", kind), 1, "{what}");
    if open {
        assert_eq!(stage.text(stream), body, "{what}");
        assert!(stage.is_whole(stream), "{what}");
    } else {
        assert!(
            stage.text(stream).contains(kind),
            "{what}: {}",
            stage.text(stream)
        );
        assert!(!stage.text(stream).contains("more"), "{what}");
        assert_eq!(stage.ended(1), [Outcome::Cut], "{what}");
    }
}

#[test]
fn what_is_still_read_after_a_shed_hold_is_counted_right() {
    // The budget is spent in the middle of a frame; the rest of the stream is still read for the books.
    let mut stage = Stage::new(
        r#"{"max_held_bytes": 800}"#,
        vec![judges(|_, _, _| OutputFlow::HoldFrom(0)).open()],
    );
    let stream = stage.ask(ASK);
    stage.streams(stream);
    let body = format!(
        "{}{}{}{}{DONE}",
        delta(0, "one"),
        delta(0, &"x".repeat(300)),
        finish(0),
        usage()
    );
    for part in body.as_bytes().chunks(50) {
        stage.envoy.response_body(stream, part, false);
    }
    stage.envoy.response_body(stream, b"", true);
    assert_eq!(stage.text(stream), body);
    assert_eq!(stage.failures("a", "held_bytes"), 1);
    assert_eq!(stage.ended(1), [Outcome::Complete]);
}

#[test]
fn shadow_sees_words_across_frames() {
    let mut stage = Stage::new("{}", vec![replaces("secret", "***").shadow()]);
    let stream = stage.ask(ASK);
    stage.streams(stream);
    for text in ["a sec", "ret b"] {
        let frame = delta(0, text);
        stage.envoy.response_body(stream, frame.as_bytes(), false);
        assert!(stage.text(stream).ends_with(&frame), "shadow delays nothing");
    }
    stage
        .envoy
        .response_body(stream, format!("{}{DONE}", finish(0)).as_bytes(), true);
    assert_eq!(stage.text(stream), stream_of(&["a sec", "ret b"]));
    assert_eq!(
        stage.count("penstock_would_total.filter=.=a;.;action=.=edit;.;"),
        1
    );
    assert_eq!(stage.ended(1), [Outcome::Complete]);
}

#[test]
fn shadow_leaves_the_request_as_it_is() {
    let edits = prompted(|prompt, _, cx| {
        prompt.ask_usage();
        prompt.set_model("other");
        cx.set_request_header("x-route", "y");
        cx.decide_response();
        PromptFlow::Next
    });
    let mut stage = Stage::new("{}", vec![edits.shadow()]);
    let stream = stage.open();
    let fields = [
        (":method", "POST"),
        (":path", "/v1/chat/completions"),
        ("content-type", "application/json"),
        ("accept-encoding", "br"),
    ];
    stage.envoy.request_head(stream, head(&fields), false);
    assert_eq!(
        stage.envoy.upstream(stream).head,
        Some(head(&fields)),
        "the head is not delayed"
    );
    stage.envoy.request_body(stream, &ASK[..10], false);
    assert_eq!(stage.envoy.upstream(stream).body, &ASK[..10]);
    stage.envoy.request_body(stream, &ASK[10..], true);
    assert_eq!(stage.envoy.upstream(stream).body, ASK);
    assert_eq!(stage.envoy.upstream(stream).head, Some(head(&fields)));
    stage.streams(stream);
    let body = format!("{}{}{}{DONE}", delta(0, "x"), finish(0), usage());
    stage.envoy.response_body(stream, body.as_bytes(), true);
    assert_eq!(stage.text(stream), body);
    assert_eq!(stage.ended(1), [Outcome::Complete]);
}

#[test]
fn a_filter_whose_call_cannot_be_made_has_the_last_word() {
    fn lost() -> penstock_filter_api::Callout {
        penstock_filter_api::Callout {
            cluster: "nowhere".to_owned(),
            ..callout()
        }
    }
    // On either side: it lets pass, it fails, or it asks in vain once more.
    for (word, passes) in [("pass", true), ("fail", false), ("ask", false)] {
        let asks = prompted(move |_, reply, _| match (reply, word) {
            (Some(reply), _) if reply.status != 0 => PromptFlow::Fail(Failure::Bug),
            (Some(_), "pass") => PromptFlow::Next,
            (Some(_), "fail") => PromptFlow::Fail(Failure::Callout),
            _ => PromptFlow::Wait(lost()),
        });
        let mut stage = Stage::new("{}", vec![asks.needs(Need::Decide, Need::Nothing)]);
        let stream = stage.ask(ASK);
        assert_eq!(stage.envoy.upstream(stream).head.is_some(), passes, "{word}");
        assert_eq!(stage.failures("a", "callout"), 1, "{word}");

        let asks = judges(move |_, _, reply| match (reply, word) {
            (Some(reply), _) if reply.status != 0 => OutputFlow::Fail(Failure::Bug),
            (Some(_), "pass") => OutputFlow::Clear,
            (Some(_), "fail") => OutputFlow::Fail(Failure::Callout),
            _ => OutputFlow::Wait(lost()),
        });
        let mut stage = Stage::new("{}", vec![asks]);
        let stream = stage.ask(ASK);
        stage.answers(stream, &[], &[completion("fine").as_bytes()]);
        assert_eq!(stage.text(stream) == completion("fine"), passes, "{word}");
        assert_eq!(stage.failures("a", "callout"), 1, "{word}");
    }
}
