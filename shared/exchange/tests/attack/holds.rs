//! Holds, edits and offsets of streams.

use crate::bodies::*;
use crate::filters::*;
use crate::stage::Stage;
use penstock_fake_envoy::Options;
use penstock_filter_api::{Outcome, OutputFlow};
use penstock_llm_api::{Encoding, Part, Scope};
use std::cell::RefCell;
use std::rc::Rc;

/// Plays these frames in one chunk to the end and gives what the client has.
fn plays(stage: &mut Stage, frames: &[String]) -> String {
    let stream = stage.ask(ASK);
    stage.streams(stream);
    stage
        .envoy
        .response_body(stream, frames.concat().as_bytes(), true);
    stage.envoy.pass(1_000);
    stage.text(stream)
}

fn frames(texts: &[&str]) -> Vec<String> {
    let texts = texts.iter().map(|text| delta(0, text));
    texts.chain([finish(0), DONE.to_owned()]).collect()
}

#[test]
fn an_insertion_beside_a_replacement_loses_neither() {
    let filter = judges(|piece, edits, _| {
        if piece.text == "abc" {
            edits.replace(0..1, "X");
            edits.replace(0..0, "Y");
            edits.replace(3..3, "Z");
        }
        OutputFlow::Clear
    });
    let mut stage = Stage::new("{}", vec![filter]);
    assert_eq!(
        text_of(plays(&mut stage, &frames(&["abc", "d"])).as_bytes(), 0),
        "YXbcZd"
    );
}

#[test]
fn an_edit_reaches_no_text_that_has_not_come() {
    let filter = judges(|piece, edits, _| {
        if piece.text == "abc" {
            edits.replace(1..5, "X");
        }
        OutputFlow::Clear
    });
    let mut stage = Stage::new("{}", vec![filter.open()]);
    let body = plays(&mut stage, &frames(&["abc", "de"]));
    assert_eq!(stage.failures("a", "bug"), 1);
    assert_eq!(body, frames(&["abc", "de"]).concat());
}

#[test]
fn the_last_piece_of_a_channel_is_the_last_of_its_frame() {
    // Both texts of the last frame are one channel: a word across them is one word.
    let parts = r#"[{"type":"text","text":"a sec"},{"type":"text","text":"ret"}]"#;
    let choice = format!(r#"{{"index":0,"delta":{{"content":{parts}}},"finish_reason":"stop"}}"#);
    let two = format!("data: {{\"choices\":[{choice}]}}\n\n");
    let seen: Rc<RefCell<Vec<(String, bool)>>> = Rc::default();
    let log = seen.clone();
    let filter = judges(move |piece, _, _| {
        log.borrow_mut()
            .push((format!("{}|{}", piece.held, piece.text), piece.last));
        if piece.last {
            OutputFlow::Clear
        } else {
            OutputFlow::HoldFrom(piece.start)
        }
    });
    let mut stage = Stage::new("{}", vec![filter]);
    plays(&mut stage, &[two, DONE.to_owned()]);
    let seen = seen.borrow();
    let lasts: Vec<&(String, bool)> = seen.iter().filter(|(_, last)| *last).collect();
    assert_eq!(lasts.len(), 1, "{seen:?}");
}

#[test]
fn the_end_of_a_channel_is_a_text_like_the_others() {
    let ends = Rc::new(RefCell::new(Vec::new()));
    let log = ends.clone();
    let filter = judges(move |piece, _, _| {
        if piece.last {
            log.borrow_mut()
                .push((piece.scope, piece.encoding, piece.text.len()));
        }
        OutputFlow::Clear
    });
    let mut stage = Stage::new("{}", vec![filter]);
    plays(
        &mut stage,
        &[delta(0, "words"), arguments(0, 0, "{}"), DONE.to_owned()],
    );
    assert_eq!(
        *ends.borrow(),
        [
            (Scope::Output, Encoding::Plain, 0),
            (Scope::ToolCall, Encoding::JsonFragment, 0)
        ]
    );
}

#[test]
fn a_hold_inside_a_character_holds_the_whole_character() {
    let helds: Rc<RefCell<Vec<String>>> = Rc::default();
    let log = helds.clone();
    let filter = judges(move |piece, _, _| {
        log.borrow_mut().push(piece.held.to_owned());
        OutputFlow::HoldFrom(piece.start + 2)
    });
    let mut stage = Stage::new("{}", vec![filter]);
    assert_eq!(
        text_of(plays(&mut stage, &frames(&["aé", "b"])).as_bytes(), 0),
        "aéb"
    );
    assert_eq!(helds.borrow()[1], "é");
}

#[test]
fn a_sliding_hold_is_no_overdue_hold() {
    // Always one piece behind: no text waits longer than one frame, though something always waits.
    let filter = judges(|piece, _, _| OutputFlow::HoldFrom(piece.start));
    let mut stage = Stage::new(r#"{"max_hold_ms": 300}"#, vec![filter]);
    let stream = stage.ask(ASK);
    stage.streams(stream);
    for _ in 0..30 {
        stage.envoy.response_body(stream, delta(0, "x").as_bytes(), false);
        stage.envoy.pass(50);
    }
    stage
        .envoy
        .response_body(stream, format!("{}{DONE}", finish(0)).as_bytes(), true);
    assert_eq!(text_of(&stage.client(stream).body, 0), "x".repeat(30));
    assert_eq!(stage.ended(1), [Outcome::Complete]);
}

#[test]
fn a_hold_that_never_ends_fails_in_time() {
    for open in [false, true] {
        let filter = judges(|_, _, _| OutputFlow::HoldFrom(0));
        let filter = if open { filter.open() } else { filter };
        let mut stage = Stage::new(r#"{"max_hold_ms": 300}"#, vec![filter]);
        let stream = stage.ask(ASK);
        stage.streams(stream);
        stage.envoy.response_body(stream, delta(0, "x").as_bytes(), false);
        stage.envoy.pass(1_000);
        assert_eq!(stage.failures("a", "hold_timeout"), 1);
        assert_eq!(stage.text(stream).contains("\"x\""), open);
        assert_eq!(stage.text(stream).contains("hold_timeout"), !open);
    }
}

#[test]
fn what_lingers_leaves_as_it_is_when_others_wait_too_long_for_it() {
    for held in ["[", "[E"] {
        let filter = judges(move |piece, _, _| {
            let begin = piece.start - piece.held.len() as u64;
            match [piece.held, piece.text].concat().as_str() {
                "[" => OutputFlow::LingerFrom(begin),
                "[E" => OutputFlow::AwaitFrom(begin),
                _ => OutputFlow::Clear,
            }
        });
        let mut stage = Stage::new("{}", vec![filter]);
        let stream = stage.ask(ASK);
        stage.streams(stream);
        for piece in held.chars() {
            let frame = delta(0, &piece.to_string());
            stage.envoy.response_body(stream, frame.as_bytes(), false);
        }
        stage.envoy.pass(60_000);
        assert_eq!(stage.text(stream), "", "nobody waits for it");
        let call = arguments(0, 0, "{}");
        stage.envoy.response_body(stream, call.as_bytes(), false);
        stage.envoy.pass(1_200);
        if held == "[" {
            assert_eq!(stage.text(stream), delta(0, "[") + &call);
            assert_eq!(stage.failures("a", "hold_timeout"), 0);
        } else {
            assert!(
                stage.text(stream).contains("hold_timeout"),
                "{}",
                stage.text(stream)
            );
        }
    }
}

#[test]
fn edits_that_span_frames_meet_edits_in_them() {
    let filter = || replaces("secret", "***");
    for texts in [
        &["a sec", "ret b secret", " c se", "cr", "et"][..],
        &["s", "e", "c", "r", "e", "t"],
        &["secretsecretsecret", "secretsec", "retsecret"],
        &["", "sec", "", "ret", ""],
        &["ü secr", "et ü"],
    ] {
        let mut stage = Stage::new("{}", vec![filter()]);
        let whole = plays(&mut stage, &frames(texts));
        assert_eq!(
            text_of(whole.as_bytes(), 0),
            texts.concat().replace("secret", "***")
        );
        assert_eq!(
            whole.matches("data: ").count(),
            texts.len() + 2,
            "no frame is invented or lost"
        );
    }
}

#[test]
fn the_second_filter_sees_the_edits_of_the_first() {
    // On the response `b` comes before `a`.
    let mut stage = Stage::new("{}", vec![replaces("two", "three"), replaces("one", "two")]);
    let body = plays(&mut stage, &frames(&["on", "e t", "wo o", "ne"]));
    assert_eq!(text_of(body.as_bytes(), 0), "three three three");
}

#[test]
fn arguments_of_tools_are_edited_decoded_and_written_escaped() {
    let mut stage = Stage::new("{}", vec![replaces("\"se\ncret\"", "\"\\u00e9\"")]);
    let pieces = ["{\"k\": \"se", "\ncre", "t\", \"n\": ", "1}"];
    let mut all: Vec<String> = pieces.iter().map(|piece| arguments(0, 0, piece)).collect();
    all.extend([finish(0), DONE.to_owned()]);
    let body = plays(&mut stage, &all);
    assert_eq!(arguments_of(body.as_bytes(), 0), "{\"k\": \"\\u00e9\", \"n\": 1}");
}

#[test]
fn a_number_stands_without_quotes_where_a_whole_text_stood_with_them() {
    let numbers = judges(|piece, edits, _| {
        if piece.text == "seven" {
            edits.replace_value("7");
        }
        OutputFlow::Clear
    });
    let answer = r#"{"model":"m","choices":[],"extra":{"seven":["seven",{"n":"seven"}],"t":"seventy"}}"#;
    let mut stage = Stage::new("{}", vec![numbers.clone()]);
    let stream = stage.ask(ASK);
    stage.answers(stream, &[], &[answer.as_bytes()]);
    assert_eq!(
        stage.text(stream),
        r#"{"model":"m","choices":[],"extra":{"7":[7,{"n":7}],"t":"seventy"}}"#,
        "a key stays a string"
    );

    let mut stage = Stage::new("{}", vec![replaces("7", "8"), numbers.clone()]);
    let stream = stage.ask(ASK);
    stage.answers(stream, &[], &[answer.as_bytes()]);
    assert!(
        stage.text(stream).contains(r#""8":["8",{"n":"8"}]"#),
        "a filter behind it sees text: {}",
        stage.text(stream)
    );

    let mut stage = Stage::new("{}", vec![numbers]);
    plays(&mut stage, &frames(&["seven"]));
    assert_eq!(stage.failures("a", "bug"), 1, "a piece is not all of a value");
}

#[test]
fn many_edits_of_a_long_text_are_quick() {
    let filter = judges(|piece, edits, _| {
        if piece.part != Part::Delta {
            for at in 0..piece.text.len() as u64 / 2 {
                edits.replace(at * 2..at * 2 + 1, "xyz");
            }
        }
        OutputFlow::Clear
    });
    let roomy = Options {
        buffer_limit_bytes: 8_000_000,
        ..Options::default()
    };
    let mut stage = Stage::within(roomy, r#"{"proxy_buffer_bytes": 8000000}"#, vec![filter]);
    let stream = stage.ask(ASK);
    let text = "ab".repeat(400_000);
    // With a step for each pair of edits this would take hours.
    stage.answers(stream, &[], &[completion(&text).as_bytes()]);
    assert_eq!(
        stage.client(stream).body,
        completion(&"xyzb".repeat(400_000)).into_bytes()
    );
}

#[test]
fn many_texts_are_a_failure_and_not_a_crawl() {
    let mut stage = Stage::new("{}", vec![replaces("secret", "***").open()]);
    let frames: Vec<String> = (0..40_000).map(|choice| delta(choice, "x")).collect();
    let body = plays(&mut stage, &frames);
    assert_eq!(body, frames.concat());
    assert_eq!(stage.failures("a", "too_complex"), 1);
}

#[test]
fn frames_without_text_are_bounded_while_text_is_held() {
    let filter = judges(|_, _, _| OutputFlow::HoldFrom(0));
    let mut stage = Stage::new("{}", vec![filter]);
    let stream = stage.ask(ASK);
    stage.streams(stream);
    stage.envoy.response_body(stream, delta(0, "x").as_bytes(), false);
    // Each of these bytes is a frame, and would cost hundreds of bytes if each waited by itself.
    stage.envoy.response_body(stream, &b"\n".repeat(500_000), false);
    assert!(stage.engine.held_bytes() < 502_000);
    stage.envoy.response_body(stream, &b"\n".repeat(500_000), false);
    assert_eq!(stage.failures("a", "held_bytes"), 1);
}

#[test]
fn a_byte_order_mark_is_known_behind_a_comment_that_overtook_it() {
    let filter = judges(|piece, edits, _| {
        if piece.text == "a" {
            return OutputFlow::HoldFrom(0);
        }
        if piece.text == "c" {
            edits.replace(0..1, "b");
        }
        OutputFlow::Clear
    });
    let mut stage = Stage::new("{}", vec![filter]);
    let stream = stage.ask(ASK);
    stage.streams(stream);
    stage
        .envoy
        .response_body(stream, format!("\u{feff}{}", delta(0, "a")).as_bytes(), false);
    stage.envoy.response_body(stream, b": alive\n\n", false);
    assert!(stage.text(stream).starts_with(": alive"));
    let rest = format!("{}{}{DONE}", delta(0, "c"), finish(0));
    stage.envoy.response_body(stream, rest.as_bytes(), true);
    assert!(stage.is_whole(stream));
    assert!(stage.text(stream).contains("\u{feff}data: "));
    assert!(stage.text(stream).contains("\"b\"") && stage.text(stream).contains("\"c\""));
    assert_eq!(stage.ended(1), [Outcome::Complete]);
}

#[test]
fn a_cut_behind_a_callout_keeps_what_was_cleared() {
    let filter = judges(|piece, _, reply| match (piece.text, reply) {
        ("one", None) => OutputFlow::Wait(callout()),
        ("three", _) => OutputFlow::Cut(denial()),
        _ => OutputFlow::Clear,
    });
    let mut stage = Stage::asking(vec![20], "{}", vec![filter]);
    let stream = stage.ask(ASK);
    stage.streams(stream);
    for text in ["zero", "one", "two", "three", "four"] {
        stage
            .envoy
            .response_body(stream, delta(0, text).as_bytes(), false);
    }
    stage.envoy.pass(100);
    assert_eq!(text_of(&stage.client(stream).body, 0), "zeroonetwo");
    assert!(stage.text(stream).contains("not_here"));
    assert_eq!(stage.ended(1), [Outcome::Cut]);
}
