//! Names of tools and their arguments: what a deciding filter is shown, and in which order.

use crate::bodies::*;
use crate::filters::*;
use crate::stage::Stage;
use penstock_filter_api::OutputFlow;
use penstock_llm_api::Scope;
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
