//! One value, there and back.

use crate::story::given;
use serde_json::json;

const CHAT: &str = "/v1/chat/completions";

fn chat(text: &str) -> serde_json::Value {
    json!({"model": "m", "messages": [{"role": "user", "content": text}]})
}

fn completion(text: &str) -> serde_json::Value {
    json!({"id": "c", "model": "m", "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]})
}

#[test]
fn the_upstream_gets_a_placeholder_and_the_client_its_own_value() {
    let story = given("{}").asks(
        CHAT,
        &chat("I am ana@corp.test, write to ana@corp.test or bob@corp.test"),
    );
    assert_eq!(
        story.sent()["messages"][0]["content"],
        "I am [EMAIL_1], write to [EMAIL_1] or [EMAIL_2]"
    );
    let answer = story.answers(&completion("Dear [EMAIL_1] and **[email\\_2]**, [EMAIL_3]?"));
    assert_eq!(
        answer["choices"][0]["message"]["content"],
        "Dear ana@corp.test and **bob@corp.test**, [EMAIL_3]?"
    );
}

#[test]
fn a_name_that_stands_in_the_text_is_not_given_out() {
    let story = given("{}").asks(CHAT, &chat("what is [EMAIL_1] or email_2? I am ana@corp.test"));
    assert_eq!(
        story.sent()["messages"][0]["content"],
        "what is [EMAIL_1] or email_2? I am [EMAIL_3]"
    );
    let answer = story.answers(&completion("[EMAIL_1] is [EMAIL_3]"));
    assert_eq!(
        answer["choices"][0]["message"]["content"],
        "[EMAIL_1] is ana@corp.test"
    );
}

#[test]
fn a_blocked_entity_ends_the_request() {
    let story = given(r#"{"action": "block"}"#).asks(CHAT, &chat("I am ana@corp.test"));
    assert!(story.envoy.upstream(story.stream).head.is_none());
    let body: serde_json::Value = serde_json::from_slice(&story.envoy.client(story.stream).body).unwrap();
    assert_eq!(body["error"]["code"], "pii_blocked");
}

#[test]
fn a_placeholder_cut_anywhere_in_a_stream_comes_back_whole() {
    let frame = |text: &str| {
        format!(
            "data: {}\n\n",
            json!({"id": "c", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]})
        )
    };
    let text = "Dear [EMAIL_1]!";
    for cut in 0..=text.len() {
        for step in [1, 2, 3] {
            let story = given("{}").asks(CHAT, &json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": "I am ana@corp.test"}]}));
            let mut frames = vec![frame(&text[..cut])];
            let rest = text.as_bytes()[cut..].chunks(step);
            frames.extend(rest.map(|part| frame(std::str::from_utf8(part).unwrap())));
            frames.push("data: [DONE]\n\n".to_owned());
            let got = story.streams("text/event-stream", frames.iter().map(|frame| frame.as_bytes()));
            let got = String::from_utf8(got).unwrap();
            let events: Vec<&str> = got.split("\n\n").filter(|event| !event.is_empty()).collect();
            assert_eq!(events.len(), frames.len(), "no frame is added or lost: {got}");
            let whole: String = events
                .iter()
                .filter_map(|event| {
                    serde_json::from_str::<serde_json::Value>(event.strip_prefix("data: ")?).ok()
                })
                .filter_map(|event| {
                    event["choices"][0]["delta"]["content"]
                        .as_str()
                        .map(str::to_owned)
                })
                .collect();
            assert_eq!(whole, "Dear ana@corp.test!", "cut at {cut}, then every {step}");
        }
    }
}

#[test]
fn names_of_tools_are_left_alone() {
    let name = "write_to_ana@corp.test";
    let request = json!({"model": "m", "tools": [{"type": "function", "function": {"name": name, "description": "Asks ana@corp.test"}}],
        "messages": [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": name, "arguments": "{\"to\":\"ana@corp.test\"}"}}]}]});
    let story = given("{}").asks(CHAT, &request);
    let sent = story.sent();
    assert_eq!(sent["tools"][0]["function"]["name"], name);
    assert_eq!(sent["tools"][0]["function"]["description"], "Asks [EMAIL_1]");
    let called = &sent["messages"][1]["tool_calls"][0]["function"];
    assert_eq!(
        (&called["name"], &called["arguments"]),
        (&json!(name), &json!("{\"to\":\"[EMAIL_1]\"}"))
    );
    let answer = story.answers(&json!({"choices": [{"index": 0, "message": {"role": "assistant", "tool_calls": [
        {"id": "2", "type": "function", "function": {"name": "[EMAIL_1]", "arguments": "{\"to\":\"[EMAIL_1]\"}"}}]}}]}));
    let called = &answer["choices"][0]["message"]["tool_calls"][0]["function"];
    assert_eq!(
        (&called["name"], &called["arguments"]),
        (&json!("[EMAIL_1]"), &json!("{\"to\":\"ana@corp.test\"}"))
    );
}
