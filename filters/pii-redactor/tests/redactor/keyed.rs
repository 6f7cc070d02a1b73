//! Names under a key, and what else a policy can make of a value.

use crate::story::{Story, given};
use penstock_llm_api::Dialect;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const CHAT: &str = "/v1/chat/completions";
const KEYED: &str = r#"{"keyed": true, "key": "0123456789abcdef"}"#;

fn chat(texts: &[&str]) -> Value {
    let messages: Vec<Value> = texts
        .iter()
        .map(|text| json!({"role": "user", "content": text}))
        .collect();
    json!({"model": "m", "messages": messages})
}

fn content(story: &Story, message: usize) -> String {
    story.sent()["messages"][message]["content"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_value_has_the_same_name_in_every_exchange_and_turn() {
    let first = given(KEYED).asks(CHAT, &chat(&["I am ana@corp.test"]));
    let name = content(&first, 0);
    assert!(
        name.starts_with("I am [EMAIL_") && name.len() == "I am [EMAIL_7F3A2C]".len(),
        "{name}"
    );
    let later = given(KEYED).asks(CHAT, &chat(&["bob@corp.test called", "I am ana@corp.test"]));
    assert_eq!(content(&later, 1), name);
    let other =
        given(r#"{"keyed": true, "key": "fedcba9876543210"}"#).asks(CHAT, &chat(&["I am ana@corp.test"]));
    assert_ne!(content(&other, 0), name, "another key gives another name");
}

#[test]
fn a_name_from_an_earlier_turn_is_restored_when_its_value_is_there() {
    let name = content(&given(KEYED).asks(CHAT, &chat(&["ana@corp.test"])), 0);
    let story = given(KEYED).asks(CHAT, &chat(&[&format!("who is {name}?"), "ana@corp.test"]));
    assert_eq!(content(&story, 0), format!("who is {name}?"));
    assert_eq!(content(&story, 1), name);
    let answer = story
        .answers(&json!({"choices": [{"index": 0, "message": {"content": format!("{name} is {name}")}}]}));
    assert_eq!(
        answer["choices"][0]["message"]["content"],
        "ana@corp.test is ana@corp.test"
    );
}

#[test]
fn names_are_keyed_where_the_server_keeps_the_conversation() {
    let ask = |more: Value| {
        let mut ask = json!({"model": "m", "input": "I am ana@corp.test"});
        ask.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        given("{}").asks("/v1/responses", &ask).sent()["input"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(ask(json!({})), "I am [EMAIL_1]");
    for more in [
        json!({"previous_response_id": "resp_1"}),
        json!({"conversation": "conv_1"}),
        json!({"conversation": {"id": "conv_1"}}),
    ] {
        let first = ask(more.clone());
        assert_eq!(first.len(), "I am [EMAIL_7F3A2C]".len(), "{first}");
        assert_ne!(first, "I am [EMAIL_1]");
    }
    // Under the configured key it is that of every other turn.
    let config = r#"{"key": "0123456789abcdef"}"#;
    let plain = content(&given(KEYED).asks(CHAT, &chat(&["I am ana@corp.test"])), 0);
    let story = given(config).asks(
        "/v1/responses",
        &json!({"model": "m", "previous_response_id": "r", "input": "I am ana@corp.test"}),
    );
    assert_eq!(story.sent()["input"], plain);
}

#[test]
fn without_a_key_a_name_says_nothing_of_its_value() {
    // The clock and the configuration may be guessed: a tag of the value would let the upstream try values out.
    let name = |value: &str| {
        let ask = json!({"model": "m", "previous_response_id": "r", "input": format!("I am {value}")});
        given("{}").asks("/v1/responses", &ask).sent()["input"].clone()
    };
    assert_eq!(name("ana@corp.test"), name("bob@corp.test"));
}

#[test]
fn a_surrogate_is_no_value_of_a_scope_that_passes() {
    let config = r#"{"action": "format_preserving", "policies": [{"scopes": ["system"], "action": "pass"}]}"#;
    let ask = json!({"model": "m", "messages": [
        {"role": "system", "content": "write to person1@example.com"},
        {"role": "user", "content": "I am ana@corp.test"},
    ]});
    let story = given(config).asks(CHAT, &ask);
    assert_eq!(content(&story, 0), "write to person1@example.com");
    assert_eq!(content(&story, 1), "I am person2@example.com");
}

#[test]
fn a_preview_names_as_an_exchange_does() {
    let config = r#"{"key": "0123456789abcdef"}"#;
    let ask = json!({"model": "m", "previous_response_id": "r", "input": "I am ana@corp.test"});
    let body = ask.to_string();
    let mut tape = penstock_wire::Tape::new();
    tape.parse(body.as_bytes(), &penstock_wire::Limits::default())
        .unwrap();
    let preview = penstock_pii_redactor::Preview::new(config).unwrap();
    let shown = preview
        .redact(Dialect::OpenAiResponses, tape.view(body.as_bytes()))
        .body
        .unwrap();
    let sent = given(config).asks("/v1/responses", &ask).sent();
    assert_eq!(serde_json::from_slice::<Value>(&shown).unwrap(), sent);
}

#[test]
fn names_that_would_be_the_same_are_longer() {
    // Of 9,999 values some two or three pairs share six digits.
    let text: String = (0..9_999).map(|number| format!("u{number}@corp.test ")).collect();
    let mut story = given(KEYED).asks(CHAT, &chat(&[&text]));
    story.envoy.pass(1_000);
    let sent = content(&story, 0);
    let names: BTreeSet<&str> = sent.split(' ').filter(|name| !name.is_empty()).collect();
    assert_eq!(names.len(), 9_999, "every value has a name of its own");
    let long = names
        .iter()
        .filter(|name| name.len() > "[EMAIL_7F3A2C]".len())
        .count();
    assert!((1..20).contains(&long), "{long}");
    let answer = story.answers(&json!({"choices": [{"index": 0, "message": {"content": sent}}]}));
    assert_eq!(answer["choices"][0]["message"]["content"], text.as_str());
}

#[test]
fn every_action_does_what_it_says() {
    let card = "4111 1111 1111 1111";
    for (action, sent, back) in [
        (r#""mask""#, "pay [CARD_1] now", "pay 4111 1111 1111 1111 now"),
        (
            r#""format_preserving""#,
            "pay 4242 4200 0000 0018 now",
            "pay 4111 1111 1111 1111 now",
        ),
        (r#""replace""#, "pay <CREDIT_CARD> now", "pay <CREDIT_CARD> now"),
        (
            r#""replace", "with": "(a card)""#,
            "pay (a card) now",
            "pay (a card) now",
        ),
        (r#""drop""#, "pay  now", "pay  now"),
        (
            r#""alert""#,
            "pay 4111 1111 1111 1111 now",
            "pay 4111 1111 1111 1111 now",
        ),
        (
            r#""pass""#,
            "pay 4111 1111 1111 1111 now",
            "pay 4111 1111 1111 1111 now",
        ),
    ] {
        let config = format!(
            r#"{{"policies": [{{"entities": ["CREDIT_CARD"], "direction": "request", "action": {action}}}]}}"#
        );
        let story = given(&config).asks(CHAT, &chat(&[&format!("pay {card} now")]));
        assert_eq!(content(&story, 0), sent, "{action}");
        let answer = story.answers(&json!({"choices": [{"index": 0, "message": {"content": sent}}]}));
        assert_eq!(answer["choices"][0]["message"]["content"], back, "{action}");
    }
}

#[test]
fn a_hash_is_the_same_for_the_same_value_and_never_without_a_key() {
    let config = r#"{"action": "hash", "key": "0123456789abcdef"}"#;
    let one = content(
        &given(config).asks(CHAT, &chat(&["ana@corp.test and ana@corp.test, bob@corp.test"])),
        0,
    );
    let names: Vec<&str> = one
        .split([' ', ','])
        .filter(|word| word.starts_with('['))
        .collect();
    assert_eq!(names[0], names[1]);
    assert_ne!(names[0], names[2]);
    assert!(
        names[0].starts_with("[EMAIL_ADDRESS:") && names[0].len() == "[EMAIL_ADDRESS:0123456789ABCDEF]".len(),
        "{one}"
    );
}

#[test]
fn scopes_and_directions_have_policies_of_their_own() {
    let config = r#"{"policies": [
        {"scopes": ["system"], "action": "pass"},
        {"entities": ["EMAIL_ADDRESS"], "scopes": ["tool_result"], "action": "drop"},
        {"entities": ["EMAIL_ADDRESS"], "direction": "response", "action": "replace", "with": "(no mail)"}
    ]}"#;
    let ask = json!({"model": "m", "messages": [
        {"role": "system", "content": "support is help@corp.test"},
        {"role": "user", "content": "I am ana@corp.test"},
        {"role": "assistant", "content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c", "content": "found bob@corp.test"},
    ]});
    let story = given(config).asks(CHAT, &ask);
    assert_eq!(content(&story, 0), "support is help@corp.test");
    assert_eq!(content(&story, 1), "I am [EMAIL_1]");
    assert_eq!(content(&story, 3), "found ");
    let answer = story.answers(&json!({"choices": [{"index": 0, "message": {"content": "[EMAIL_1], ask help@corp.test or eve@evil.test"}}]}));
    assert_eq!(
        answer["choices"][0]["message"]["content"],
        "ana@corp.test, ask help@corp.test or (no mail)"
    );
}

#[test]
fn a_value_that_stands_often_has_one_name_and_empty_texts_none() {
    let story = given("{}").asks(
        CHAT,
        &chat(&[
            "",
            "ana@corp.test ANA@corp.test ana@corp.test",
            " ",
            "ana@corp.test",
        ]),
    );
    assert_eq!(content(&story, 0), "");
    assert_eq!(
        content(&story, 1),
        "[EMAIL_1] [EMAIL_2] [EMAIL_1]",
        "its case comes back as it was"
    );
    assert_eq!(content(&story, 3), "[EMAIL_1]");
}

#[test]
fn arguments_that_are_no_json_are_masked_as_text() {
    let deep = format!("{}\"ana@corp.test\"{}", "[".repeat(200), "]".repeat(200));
    for arguments in [
        r#"{"to": "ana@corp.test""#,
        "ana@corp.test",
        "{'to': 'ana@corp.test'}",
        &deep,
        r#""{\"to\": \"ana@corp.test\"}""#,
    ] {
        let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}});
        let story = given("{}").asks(
            CHAT,
            &json!({"model": "m", "messages": [{"role": "assistant", "tool_calls": [call]}]}),
        );
        let sent = story.sent()["messages"][0]["tool_calls"][0]["function"]["arguments"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(sent, arguments.replace("ana@corp.test", "[EMAIL_1]"));
        let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": sent}});
        let answer = story.answers(&json!({"choices": [{"index": 0, "message": {"tool_calls": [call]}}]}));
        assert_eq!(
            answer["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"],
            arguments
        );
    }
}

#[test]
fn a_surrogate_is_no_value_of_the_request() {
    let config = r#"{"action": "format_preserving", "allow": ["person1@example.com"]}"#;
    let said =
        "ana@corp.test, person1@example.com, PERSON2@example.com, 4242424200000018, 4111 1111 1111 1111";
    let story = given(config).asks(CHAT, &chat(&[said]));
    let sent = content(&story, 0);
    assert!(
        !sent.contains("corp.test") && sent.contains("person1@example.com"),
        "{sent}"
    );
    let answer = story.answers(&json!({"choices": [{"index": 0, "message": {"content": sent}}]}));
    assert_eq!(answer["choices"][0]["message"]["content"], said);
}

#[test]
fn names_behind_a_backslash_or_an_escape_are_not_given_out() {
    let arguments = r#"{"a": "ana@corp.test", "b": "\nEMAIL_1 C:\\EMAIL_2"}"#;
    let call = |arguments: &str| json!({"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}]});
    let story = given("{}").asks(CHAT, &json!({"model": "m", "messages": [call(arguments)]}));
    let message = story.sent()["messages"][0].clone();
    assert_eq!(message, call(&arguments.replace("ana@corp.test", "[EMAIL_3]")));
    let answer = story.answers(&json!({"choices": [{"index": 0, "message": message}]}));
    assert_eq!(answer["choices"][0]["message"], call(arguments));
}

#[test]
fn a_first_turn_that_the_server_keeps_is_named_by_the_key() {
    let input = |store: bool| {
        let body = json!({"model": "m", "store": store, "input": "I am ana@corp.test"});
        let story = given(r#"{"key": "0123456789abcdef"}"#).asks("/v1/responses", &body);
        story.sent()["input"].as_str().unwrap().to_owned()
    };
    assert_eq!(input(false), "I am [EMAIL_1]");
    assert!(input(true).starts_with("I am [EMAIL_") && input(true) != "I am [EMAIL_1]");
}
