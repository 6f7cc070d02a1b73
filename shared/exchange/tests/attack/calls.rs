//! Names of tools and their arguments: what a deciding filter is shown, and in which order.

use crate::bodies::*;
use crate::filters::*;
use crate::stage::Stage;
use penstock_filter_api::OutputFlow;
use penstock_llm_api::{Encoding, Scope};
use std::cell::RefCell;
use std::rc::Rc;

/// A frame with a piece of a tool call's name.
fn name(call: u32, text: &str) -> String {
    let text = quoted(text);
    format!(
        "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{{\"index\":{call},\"function\":{{\"name\":{text}}}}}]}},\"finish_reason\":null}}]}}\n\n"
    )
}

fn call(call: u32, function: &str) -> String {
    format!(
        "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{{\"index\":{call},\"function\":{function}}}]}}}}]}}\n\n"
    )
}

#[test]
fn a_name_is_shown_to_its_end_before_its_arguments() {
    let seen: Rc<RefCell<Vec<String>>> = Rc::default();
    let log = seen.clone();
    let filter = judges(move |piece, _, _| {
        let end = if piece.last { "." } else { "" };
        let line = format!(
            "{} {}/{} {}{end}",
            piece.scope.name(),
            piece.message,
            piece.index,
            piece.text
        );
        log.borrow_mut().push(line);
        OutputFlow::Clear
    });
    let mut stage = Stage::new("{}", vec![filter]);
    let frames = [
        name(0, "get_"),
        name(0, "weather"),
        arguments(0, 0, "{}"),
        call(1, r#"{"arguments":"[]","name":"mail"}"#),
        finish(0),
        DONE.to_owned(),
    ];
    for chunk in [1, 7, frames.concat().len()] {
        seen.borrow_mut().clear();
        let stream = stage.ask(ASK);
        stage.streams(stream);
        for bytes in frames.concat().as_bytes().chunks(chunk) {
            stage.envoy.response_body(stream, bytes, false);
        }
        stage.envoy.response_body(stream, b"", true);
        assert_eq!(stage.text(stream), frames.concat());
        let expected = [
            "tool_name 0/0 get_",
            "tool_name 0/0 weather",
            "tool_name 0/0 .",
            "tool_call 0/0 {}",
            "tool_name 0/1 mail.",
            "tool_call 0/1 []",
            "tool_call 0/0 .",
            "tool_call 0/1 .",
        ];
        assert_eq!(*seen.borrow(), expected, "{chunk}");
    }
}

#[test]
fn a_name_that_is_held_to_its_end_can_be_cut_before_any_of_it_leaves() {
    let filter = judges(|piece, _, _| match (piece.scope, piece.last) {
        (Scope::ToolName, false) => OutputFlow::HoldFrom(0),
        (Scope::ToolName, true) if format!("{}{}", piece.held, piece.text) == "delete_all" => {
            OutputFlow::Cut(denial())
        }
        _ => OutputFlow::Clear,
    });
    let mut stage = Stage::new("{}", vec![filter]);
    let stream = stage.ask(ASK);
    stage.streams(stream);
    for frame in [delta(0, "I will."), name(0, "delete"), name(0, "_all")] {
        stage.envoy.response_body(stream, frame.as_bytes(), false);
    }
    assert_eq!(stage.text(stream), delta(0, "I will."));
    stage
        .envoy
        .response_body(stream, arguments(0, 0, "{").as_bytes(), false);
    stage.envoy.pass(1_000);
    assert!(!stage.text(stream).contains("delete"), "{}", stage.text(stream));
    assert!(stage.text(stream).contains("error"));
}

/// A filter that reads, and what it has read.
fn reads() -> (Spec, Rc<RefCell<Vec<String>>>) {
    let seen: Rc<RefCell<Vec<String>>> = Rc::default();
    let log = seen.clone();
    let filter = judges(move |piece, _, _| {
        let line = format!("{} {:?} {}", piece.scope.name(), piece.encoding, piece.text);
        log.borrow_mut().push(line);
        OutputFlow::Clear
    });
    (filter, seen)
}

/// A whole answer with a call whose arguments are an object.
fn called(name: &str, arguments: &str) -> String {
    format!(
        "{{\"id\":\"c\",\"model\":\"m\",\"choices\":[{{\"index\":0,\"message\":{{\"role\":\"assistant\",\"tool_calls\":[{{\"id\":\"t\",\"function\":{{\"arguments\":{arguments},\"name\":\"{name}\"}}}}]}},\"finish_reason\":\"tool_calls\"}}]}}"
    )
}

#[test]
fn arguments_that_are_an_object_are_shown_as_a_whole_with_the_edits_of_filters_before() {
    // The response runs backwards: `b` edits first.
    let (reads, seen) = reads();
    let mut stage = Stage::new("{}", vec![reads, replaces("secret", "***")]);
    for (given, left, lines) in [
        (
            r#"{"to": "a secret", "n": [12345678]}"#,
            r#"{"to": "a ***", "n": [12345678]}"#,
            vec![
                r#"tool_call JsonValue {"to": "a ***", "n": [12345678]}"#,
                "tool_call Plain to",
                "tool_call Plain a ***",
                "tool_call Plain n",
                "tool_call Plain 12345678",
            ],
        ),
        ("{}", "{}", vec!["tool_call JsonValue "]),
        (r#""""#, r#""""#, vec!["tool_call JsonValue "]),
    ] {
        seen.borrow_mut().clear();
        let stream = stage.ask(ASK);
        stage.answers(stream, &[], &[called("mail", given).as_bytes()]);
        assert_eq!(stage.text(stream), called("mail", left));
        let expected = [vec!["tool_name Plain mail"], lines].concat();
        assert_eq!(*seen.borrow(), expected, "{given}");
    }
}

#[test]
fn a_call_in_a_stream_that_ends_without_arguments_is_shown_so() {
    let (reads, seen) = reads();
    let mut stage = Stage::new("{}", vec![reads]);
    let frames = [
        call(0, r#"{"name":"wipe","arguments":""}"#),
        call(1, r#"{"name":"mail","arguments":""}"#),
        arguments(0, 1, "[]"),
        finish(0),
        DONE.to_owned(),
    ];
    let stream = stage.ask(ASK);
    stage.streams(stream);
    stage
        .envoy
        .response_body(stream, frames.concat().as_bytes(), true);
    assert_eq!(stage.text(stream), frames.concat());
    let whole = seen
        .borrow()
        .iter()
        .filter(|line| line.contains("JsonValue"))
        .count();
    assert_eq!(whole, 1, "{seen:?}");
}

#[test]
fn arguments_as_a_whole_are_not_to_be_edited() {
    let edits = judges(|piece, edits, _| {
        if piece.encoding == Encoding::JsonValue {
            edits.replace(0..1, "[");
        }
        OutputFlow::Clear
    });
    let mut stage = Stage::new("{}", vec![edits]);
    let stream = stage.ask(ASK);
    stage.answers(stream, &[], &[called("mail", r#"{"a":"b"}"#).as_bytes()]);
    assert_eq!(stage.failures("a", "bug"), 1);
}
