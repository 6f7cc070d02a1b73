//! What stands beside the text: frames that need no edit, log probabilities, signed thinking, embeddings.

use crate::story::{Story, given};
use serde_json::{Value, json};

fn streamed(story: Story, events: &[Value]) -> Vec<Value> {
    let frames: Vec<String> = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    let got = story.streams("text/event-stream", frames.iter().map(|frame| frame.as_bytes()));
    let got = String::from_utf8(got).unwrap();
    let data = got.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

fn chat(stream: bool) -> Story {
    given("{}").asks(
        "/v1/chat/completions",
        &json!({"model": "m", "stream": stream, "messages": [{"role": "user", "content": "I am ana@corp.test"}]}),
    )
}

#[test]
fn frames_that_need_no_edit_keep_their_bytes() {
    let odd = [
        ": a comment\n\n",
        "event: x\nid: 7\nretry: 10\ndata:{ \"choices\" : [ { \"index\" : 0, \"delta\" : { \"content\" : \"D\\u0065ar \" } } ] }\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"[EMAIL_1]\"}}], \"x\" : 1.50e1}\r\n\r\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\\ud83d\\ude42 it is\"},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"total_tokens\" : 3}}\n\n",
        "data: [DONE]\n\n",
    ];
    for size in [1, 5, 10_000] {
        let body = odd.concat();
        let got = chat(true).streams("text/event-stream", body.as_bytes().chunks(size));
        assert_eq!(
            String::from_utf8(got).unwrap(),
            body.replace("[EMAIL_1]", "ana@corp.test"),
            "by {size}"
        );
    }
}

#[test]
fn log_probabilities_go_with_the_text_they_repeat() {
    let logprobs =
        json!({"content": [{"token": "[EMAIL_1]", "logprob": -0.1, "bytes": [91], "top_logprobs": []}]});
    let choice = |content: &str| json!({"choices": [{"index": 0, "delta": {"content": content}, "logprobs": logprobs}]});
    let got = streamed(
        chat(true),
        &[choice("Dear [EM"), choice("AIL_1]"), choice(", hello")],
    );
    let logprobs_of = |event: &Value| event["choices"][0]["logprobs"].clone();
    assert_eq!(got[0]["choices"][0]["delta"]["content"], "Dear ana@corp.test");
    assert_eq!(logprobs_of(&got[0]), Value::Null);
    assert_eq!(
        logprobs_of(&got[1]),
        Value::Null,
        "its text moved to the frame before"
    );
    assert_eq!(logprobs_of(&got[2]), logprobs, "nothing of it was edited");

    let whole = json!({"choices": [{"index": 0, "message": {"content": "[EMAIL_1]"}, "logprobs": logprobs}]});
    let got = chat(false).answers(&whole);
    assert_eq!(
        got["choices"][0],
        json!({"index": 0, "message": {"content": "ana@corp.test"}, "logprobs": null})
    );
    let whole = json!({"choices": [{"index": 0, "message": {"content": "hello"}, "logprobs": logprobs}]});
    assert_eq!(chat(false).answers(&whole), whole);

    let delta = json!({"type": "response.output_text.delta", "item_id": "m", "output_index": 0, "content_index": 0, "delta": "[EMAIL_1]", "logprobs": [{"token": "[EMAIL_1]"}]});
    let ask = json!({"model": "m", "stream": true, "input": "I am ana@corp.test"});
    let got = streamed(given("{}").asks("/v1/responses", &ask), &[delta]);
    assert_eq!(
        (&got[0]["delta"], &got[0]["logprobs"]),
        (&json!("ana@corp.test"), &Value::Null)
    );
}

#[test]
fn signed_thinking_is_never_edited() {
    let thought = "[EMAIL_1] wants to know of eve@evil.test";
    let thinking = json!({"type": "thinking", "thinking": thought, "signature": "c2ln"});
    let config = r#"{"answers": "mask"}"#;
    let ask = json!({"model": "m", "max_tokens": 9, "messages": [
        {"role": "user", "content": "I am ana@corp.test"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "is it bob@corp.test?", "signature": "c2ln"}, {"type": "text", "text": "bob@corp.test?"}]},
        {"role": "user", "content": [{"type": "thinking", "thinking": "ana@corp.test", "signature": "c2ln"}]},
    ]});
    let story = given(config).asks("/v1/messages", &ask);
    let history = &story.sent()["messages"][1]["content"];
    assert_eq!(
        history[0], ask["messages"][1]["content"][0],
        "it would be refused"
    );
    assert_eq!(history[1]["text"], "[EMAIL_2]?");
    let hidden = &story.sent()["messages"][2]["content"][0];
    assert_eq!(hidden["thinking"], "[EMAIL_1]", "a user signs no thoughts");
    let answer = json!({"type": "message", "role": "assistant", "content": [thinking, {"type": "text", "text": thought}]});
    let got = story.answers(&answer);
    assert_eq!(got["content"][0], thinking);
    assert_eq!(
        got["content"][1]["text"],
        "ana@corp.test wants to know of [EMAIL]"
    );

    let mut events = vec![
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
    ];
    let deltas = ["[EMAIL", "_1] wants"].map(|text| json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": text}}));
    events.extend(deltas);
    events.push(json!({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "c2ln"}}));
    events.push(json!({"type": "content_block_stop", "index": 0}));
    let mut ask = ask;
    ask["stream"] = true.into();
    assert_eq!(
        streamed(given(config).asks("/v1/messages", &ask), &events),
        events
    );

    let part = json!({"text": "[EMAIL_1] it is", "thought": true, "thoughtSignature": "c2ln"});
    let contents = json!([{"role": "user", "parts": [{"text": "I am ana@corp.test"}]}, {"role": "model", "parts": [part]}]);
    let story = given(config).asks("/v1beta/models/m:generateContent", &json!({"contents": contents}));
    assert_eq!(story.sent()["contents"][1]["parts"][0], part);
    let answer =
        json!({"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}]});
    assert_eq!(story.answers(&answer), answer);
}

#[test]
fn a_signature_beside_a_call_or_an_answer_leaves_them_to_be_edited() {
    let parts = |mail: &str| {
        json!([
            {"text": format!("ask {mail}"), "thoughtSignature": "c2ln"},
            {"functionCall": {"name": "mail", "args": {"to": mail}}, "thoughtSignature": "c2ln"},
        ])
    };
    let user = json!({"role": "user", "parts": [{"text": "I am ana@corp.test"}]});
    let hidden = json!({"role": "user", "parts": [{"text": "ana@corp.test", "thought": true, "thoughtSignature": "eA=="}]});
    let ask = json!({"contents": [user, {"role": "model", "parts": parts("ana@corp.test")}, hidden]});
    let story = given("{}").asks("/v1beta/models/m:generateContent", &ask);
    let sent = story.sent();
    assert_eq!(sent["contents"][1]["parts"], parts("[EMAIL_1]"));
    assert_eq!(
        sent["contents"][2]["parts"][0]["text"], "[EMAIL_1]",
        "a user signs no thoughts"
    );
    let answer = |parts: Value| json!({"candidates": [{"content": {"role": "model", "parts": parts}}]});
    assert_eq!(
        story.answers(&answer(parts("[EMAIL_1]"))),
        answer(parts("ana@corp.test"))
    );
}

#[test]
fn reasoning_under_two_names_is_restored_under_both() {
    let event = |text: &str| {
        let details = json!([{"type": "reasoning.text", "text": text}]);
        json!({"choices": [{"index": 0, "delta": {"reasoning": text, "reasoning_content": text, "reasoning_details": details}}]})
    };
    for pieces in [&["is it [EMAIL_1]?"][..], &["is it [EM", "AIL", "_1", "]?"]] {
        let events: Vec<Value> = pieces.iter().map(|piece| event(piece)).collect();
        let got = streamed(chat(true), &events);
        for name in ["/reasoning", "/reasoning_content", "/reasoning_details/0/text"] {
            let texts = got.iter().map(|event| {
                event["choices"][0]["delta"]
                    .pointer(name)
                    .unwrap()
                    .as_str()
                    .unwrap()
            });
            assert_eq!(texts.collect::<String>(), "is it ana@corp.test?", "{name}");
        }
    }
}

#[test]
fn texts_to_embed_are_masked() {
    let values = ["ana@corp.test", "写信给bob@corp.test吧", "ana@corp.test"];
    let names = ["[EMAIL_1]", "写信给[EMAIL_2]吧", "[EMAIL_1]"];
    for (path, of) in [
        (
            "/v1/embeddings",
            (|texts: &[&str; 3]| json!({"model": "m", "input": texts})) as fn(&[&str; 3]) -> Value,
        ),
        ("/api/embed", |texts| json!({"model": "m", "input": texts})),
        (
            "/v1beta/models/m:batchEmbedContents",
            |texts| json!({"requests": texts.map(|text| json!({"model": "models/m", "content": {"parts": [{"text": text}]}}))}),
        ),
    ] {
        let story = given("{}").asks(path, &of(&values));
        assert_eq!(story.sent(), of(&names), "{path}");
        let vectors = json!({"data": [{"index": 0, "embedding": [0.5, 4_111_111_111_111_111_u64]}], "embeddings": [[0.5]]});
        assert_eq!(story.answers(&vectors), vectors, "{path}");
    }
    let one = json!({"content": {"parts": [{"text": "I am ana@corp.test"}]}});
    let sent = given("{}").asks("/v1beta/models/m:embedContent", &one).sent();
    assert_eq!(sent["content"]["parts"][0]["text"], "I am [EMAIL_1]");
}

#[test]
fn what_the_provider_needs_to_call_a_server_of_tools_stays() {
    let tool = json!({
        "type": "mcp",
        "server_label": "crm",
        "server_url": "https://crm.corp.test/mcp",
        "server_description": "Ask ana@corp.test for access",
        "authorization": "ya29.a0AfH6SMBx7Qz9pLk2VwT8sRn4Yd",
        "headers": {"Authorization": "Bearer 9fQ2kLw83hZpT0aVbN4s"},
    });
    let story = given("{}").asks(
        "/v1/responses",
        &json!({"model": "m", "input": "hi", "tools": [tool.clone()]}),
    );
    let sent = &story.sent()["tools"][0];
    assert_eq!(sent["server_description"], "Ask [EMAIL_1] for access");
    for field in ["server_url", "authorization", "headers"] {
        assert_eq!(sent[field], tool[field]);
    }
}
