//! What the meter does to requests.

use crate::story::{Story, chat, given};
use penstock_filter_api::{Cx, Effects, Head, Headers, Mode, Prompt, PromptFlow};
use penstock_llm_api::{Api, Dialect, Target, read_request};
use penstock_wire::{JsonEdits, Limits, Tape};

/// What leaves for the upstream, and whether the meter wants to decide on the response.
fn sent(config: &str, mode: Mode, body: &str) -> (String, bool) {
    let mut story: Story = given(config);
    let mut filter = story.open(&chat()).expect("the meter joins");
    let mut tape = Tape::new();
    tape.parse(body.as_bytes(), &Limits::default()).unwrap();
    let (json, dialect) = (tape.view(body.as_bytes()), Dialect::OpenAiChat);
    let head = Head {
        headers: Headers::default(),
        target: Target::of(Api::OpenAiChat),
        route: "chat".to_owned(),
    };
    let request = read_request(dialect, json).unwrap();
    let (mut edits, mut effects) = (JsonEdits::default(), Effects::default());
    let mut prompt = Prompt::new(&head, &request, dialect, json, &mut edits);
    let mut cx = Cx::new(0, mode, &mut story.host, &mut effects);
    assert!(matches!(
        filter.on_prompt(&mut prompt, None, &mut cx),
        PromptFlow::Next
    ));
    (
        String::from_utf8(edits.apply(json).unwrap()).unwrap(),
        effects.decide_response,
    )
}

const STREAM: &str = r#"{"model":"gpt-4.1","stream":true,"messages":[]}"#;
const UNARY: &str = r#"{"model":"gpt-4.1","messages":[]}"#;

#[test]
fn a_stream_is_asked_for_its_usage() {
    let (body, decides) = sent("{}", Mode::Enforce, STREAM);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        body.pointer("/stream_options/include_usage"),
        Some(&serde_json::Value::Bool(true))
    );
    assert!(!decides);
}

#[test]
fn nothing_else_changes_a_request() {
    for (config, mode, body) in [
        ("{}", Mode::Enforce, UNARY),
        (r#"{"ask_usage": false}"#, Mode::Enforce, STREAM),
        (r#"{"mode": "shadow"}"#, Mode::Shadow, STREAM),
        (r#"{"scope": {"models": ["claude-*"]}}"#, Mode::Enforce, STREAM),
    ] {
        assert_eq!(sent(config, mode, body), (body.to_owned(), false), "{config}");
    }
}

#[test]
fn a_response_waits_only_for_headers_that_it_gets() {
    let decides = |wanted: &str, body| {
        let config = format!(r#"{{"ask_usage": false, "usage_headers": "{wanted}"}}"#);
        sent(&config, Mode::Enforce, body).1
    };
    assert!(decides("headers", UNARY));
    assert!(!decides("headers", STREAM));
    assert!(decides("trailers", STREAM));
    assert!(!decides("off", UNARY));
}
