//! Requests that are scanned in turns.

use crate::story::given;
use serde_json::json;

const FILLER: &str = "The turbine hall is quiet tonight, 三台机组都在运行。 ";

/// What is sent of a message.
fn sent(config: &str, text: &str) -> String {
    let mut story = given(config).asks(
        "/v1/chat/completions",
        &json!({"model": "m", "messages": [{"role": "user", "content": text}]}),
    );
    story.envoy.pass(1_000);
    story.sent()["messages"][0]["content"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// A text of so many bytes, with a value at each of these places.
fn text(bytes: usize, places: &[usize]) -> String {
    let mut text = String::new();
    let mut left = places.iter();
    let mut next = left.next();
    while text.len() < bytes {
        if next.is_some_and(|next| text.len() >= *next) {
            text.push_str(&format!("user{}@corp.test ", text.len()));
            next = left.next();
        }
        text.push_str(FILLER);
    }
    text
}

#[test]
fn what_stands_at_the_border_of_two_windows_is_found_once() {
    let places: Vec<usize> = (0..60)
        .map(|index| 80_000 + index * 1_000)
        .chain([300_000, 700_000, 850_000])
        .collect();
    let text = text(900_000, &places);
    let mut story = given("{}").asks(
        "/v1/chat/completions",
        &json!({"model": "m", "messages": [{"role": "user", "content": text}]}),
    );
    assert!(
        story.envoy.upstream(story.stream).head.is_none(),
        "one turn is not enough"
    );
    story.envoy.pass(1_000);
    let sent = story.sent()["messages"][0]["content"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(!sent.contains("@corp.test"));
    assert!(sent.contains(&format!("[EMAIL_{}]", places.len())));
    assert!(!sent.contains(&format!("[EMAIL_{}]", places.len() + 1)));
}

#[test]
fn a_long_text_that_is_dealt_with_in_turns_loses_nothing() {
    let text = text(600_000, &[1, 599_000]);
    let mut story = given("{}").asks(
        "/v1/chat/completions",
        &json!({"model": "m", "messages": [{"role": "user", "content": text}, {"role": "user", "content": "me@corp.test"}]}),
    );
    story.envoy.pass(1_000);
    let sent = story.sent();
    let stripped = |text: &str| {
        text.split(' ')
            .filter(|word| !word.contains("@corp.test") && !word.contains("[EMAIL_"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(
        stripped(sent["messages"][0]["content"].as_str().unwrap()),
        stripped(&text)
    );
    assert_eq!(sent["messages"][1]["content"], "[EMAIL_3]");
}

#[test]
fn a_key_longer_than_windows_overlap_is_masked_to_its_end() {
    let line: String = "Zm9yIGxhbmQgc2hlIHRvb2sgdGhlIGxvbmcgd2F5IGhvbWUsIGFuZCBzYW5n".into();
    let key = format!(
        "-----BEGIN RSA PRIVATE KEY-----\n{}-----END RSA PRIVATE KEY-----",
        format!("{line}\n").repeat(300)
    );
    for before in [85_000, 90_000, 95_000] {
        let text = format!("{}{key} that is it. {}", text(before, &[]), text(60_000, &[]));
        let sent = sent("{}", &text);
        assert!(!sent.contains(&line), "{before}");
        assert!(sent.contains("[SECRET_1] that is it."), "{before}");
    }
}

#[test]
fn a_word_far_before_a_find_is_known_in_the_next_window_too() {
    let config =
        r#"{"custom": [{"entity": "TICKET", "regex": "T-\\d{6}", "context": ["case"], "reach": 1000}]}"#;
    let far = format!("case {} T-123456", "- ".repeat(450));
    for before in (86_000..91_000).step_by(500) {
        let text = format!("{}{far} {}", text(before, &[]), text(30_000, &[]));
        assert!(sent(config, &text).contains("[TICKET_1]"), "{before}");
    }
}

#[test]
fn a_long_list_in_the_arguments_of_a_call_is_scanned_in_turns() {
    let items: Vec<String> = (0..9_000)
        .map(|index| match index % 3_000 {
            1 => format!("user{index}@corp.test"),
            _ => format!("The turbine hall {index} is quiet tonight, and so is the next one."),
        })
        .collect();
    let arguments = json!({ "lines": items }).to_string();
    let call = json!({"id": "1", "type": "function", "function": {"name": "f", "arguments": arguments}});
    let body = json!({"model": "m", "messages": [{"role": "assistant", "tool_calls": [call]}]});
    let mut story = given("{}").asks("/v1/chat/completions", &body);
    assert!(
        story.envoy.upstream(story.stream).head.is_none(),
        "one turn is not enough"
    );
    story.envoy.pass(1_000);
    let sent = story.sent();
    let sent = sent["messages"][0]["tool_calls"][0]["function"]["arguments"]
        .as_str()
        .unwrap();
    let lines: serde_json::Value = serde_json::from_str(sent).unwrap();
    for (index, line) in lines["lines"].as_array().unwrap().iter().enumerate() {
        match index % 3_000 {
            1 => assert_eq!(line, &format!("[EMAIL_{}]", index / 3_000 + 1)),
            _ => assert_eq!(line, &items[index]),
        }
    }
}
