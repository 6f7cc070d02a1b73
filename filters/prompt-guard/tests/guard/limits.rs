//! Floods and bombs.

use crate::story::{CHAT, chat, given, says};
use serde_json::json;

fn rule(config: &str, body: &serde_json::Value) -> Option<String> {
    let story = given(config).asks(CHAT, body);
    if story.has_left() {
        return None;
    }
    let verdict: serde_json::Value =
        serde_json::from_str(&story.envoy.filter_state(story.stream)["penstock.guard"]).unwrap();
    verdict["findings"][0]["rule"].as_str().map(str::to_owned)
}

#[test]
fn each_bound_has_its_rule() {
    let tools = |count: usize| {
        let mut body = says("hi");
        let tool = json!({"type": "function", "function": {"name": "f", "parameters": {}}});
        body["tools"] = vec![tool; count].into();
        body
    };
    let image = json!({"type": "image_url", "image_url": {"url": "https://a.test/x.png"}});
    let images = |count: usize| json!({"model": "m", "messages": [{"role": "user", "content": vec![image.clone(); count]}]});
    let many = chat(&[("user", "a"), ("assistant", "b"), ("user", "c")]);
    let nested = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "metadata": {"a": {"b": {"c": {}}}}});
    for (config, body, name) in [
        (
            r#"{"limits": {"prompt_bytes": 10}}"#,
            says("hello there you"),
            "prompt_too_long",
        ),
        (
            r#"{"limits": {"turn_bytes": 10}}"#,
            says("hello there you"),
            "turn_too_long",
        ),
        (
            r#"{"limits": {"messages": 2}}"#,
            many.clone(),
            "too_many_messages",
        ),
        (r#"{"limits": {"tools": 2}}"#, tools(3), "too_many_tools"),
        (
            r#"{"limits": {"attachments": 2}}"#,
            images(3),
            "too_many_attachments",
        ),
        (r#"{"limits": {"depth": 4}}"#, nested.clone(), "too_deep"),
    ] {
        assert_eq!(rule(config, &body).as_deref(), Some(name));
    }
    for (config, body) in [
        (
            r#"{"limits": {"prompt_bytes": 15, "turn_bytes": 15}}"#,
            says("hello there you"),
        ),
        (r#"{"limits": {"messages": 3}}"#, many),
        (r#"{"limits": {"tools": 3}}"#, tools(3)),
        (r#"{"limits": {"attachments": 3}}"#, images(3)),
        (r#"{"limits": {"depth": 5}}"#, nested),
    ] {
        assert_eq!(rule(config, &body), None, "{config}");
    }
}

#[test]
fn a_text_that_says_nothing_is_refused() {
    let poem = says(&"poem ".repeat(4000));
    assert_eq!(rule("{}", &poem), None, "logs do, too");
    for (measured, found) in [(4096, Some("repetition")), (0, None)] {
        let config = format!(
            r#"{{"limits": {{"measured_bytes": {measured}}}, "policies": [{{"rules": ["repetition"], "action": "deny"}}]}}"#
        );
        assert_eq!(rule(&config, &poem).as_deref(), found);
    }
}

#[test]
fn content_that_nobody_can_read_is_refused_where_it_must_be() {
    let image = json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a.test/x.png"}}]}]});
    assert!(given("{}").asks(CHAT, &image).has_left());
    let story = given(r#"{"on_unseen": "deny"}"#).asks(CHAT, &image);
    assert_eq!(story.refusal(), ("400".to_owned(), "unseen_content".to_owned()));
}
