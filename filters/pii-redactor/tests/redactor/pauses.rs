//! Models pause in the middle of a placeholder.

use crate::story::given;
use serde_json::json;

fn frame(choice: u32, text: &str) -> Vec<u8> {
    let delta =
        json!({"id": "c", "choices": [{"index": choice, "delta": {"content": text}, "finish_reason": null}]});
    format!("data: {delta}\n\n").into_bytes()
}

fn asked() -> crate::story::Story {
    let body = json!({"model": "m", "stream": true, "n": 2, "messages": [{"role": "user", "content": "I am ana@corp.test"}]});
    let mut story = given("{}").asks("/v1/chat/completions", &body);
    let head = [(":status", "200"), ("content-type", "text/event-stream")];
    let head = head.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    story.envoy.response_head(story.stream, head.to_vec(), false);
    story
}

#[test]
fn a_pause_within_a_placeholder_ends_nothing() {
    let mut story = asked();
    for part in ["Dear [EM", "AIL", "_1]", "!"] {
        story.envoy.response_body(story.stream, &frame(0, part), false);
        story.envoy.pass(60_000);
    }
    let got = String::from_utf8(story.envoy.client(story.stream).body.clone()).unwrap();
    assert!(
        got.contains("Dear ana@corp.test") && !got.contains("hold_timeout"),
        "{got}"
    );
}

#[test]
fn what_stands_behind_it_is_not_kept_for_ever() {
    let mut story = asked();
    story
        .envoy
        .response_body(story.stream, &frame(0, "Dear [EM"), false);
    story.envoy.pass(60_000);
    story.envoy.response_body(story.stream, &frame(1, "Hello"), false);
    story.envoy.pass(500);
    assert!(!story.envoy.is_over(story.stream));
    story.envoy.pass(1_500);
    let got = String::from_utf8(story.envoy.client(story.stream).body.clone()).unwrap();
    assert!(got.contains("hold_timeout"), "{got}");
}
