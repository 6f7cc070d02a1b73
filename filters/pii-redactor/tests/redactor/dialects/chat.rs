//! Chat completions: choices and calls, in any order, cut anywhere.

use super::{Bit, Dialect, Framing, Said, add, items, text};
use serde_json::{Value, json};

pub(crate) const CHAT: Dialect = Dialect {
    name: "openai_chat",
    paths: ["/v1/chat/completions"; 2],
    framing: Framing::Sse,
    max_texts: 2,
    max_calls: 2,
    cuts_calls: true,
    ask,
    heard,
    whole,
    of_whole,
    payloads,
    of_payloads,
};

fn call(number: usize, arguments: &str) -> Value {
    json!({"index": number, "id": format!("call_{number}"), "type": "function", "function": {"name": "look", "arguments": arguments}})
}

fn ask(said: &Said, stream: bool) -> Value {
    let users = said
        .texts
        .iter()
        .map(|text| json!({"role": "user", "content": text}));
    let mut messages: Vec<Value> = users.collect();
    if !said.calls.is_empty() {
        let calls = said
            .calls
            .iter()
            .enumerate()
            .map(|(number, arguments)| call(number, arguments));
        messages.push(json!({"role": "assistant", "content": null, "tool_calls": calls.collect::<Vec<_>>()}));
    }
    json!({"model": "m", "n": said.texts.len(), "stream": stream, "messages": messages})
}

fn heard(request: &Value) -> Said {
    let mut said = Said::default();
    for message in items(&request["messages"]) {
        if message["role"] == "user" {
            said.texts.push(text(&message["content"]));
        }
        let calls = items(&message["tool_calls"]);
        said.calls
            .extend(calls.map(|call| text(&call["function"]["arguments"])));
    }
    said
}

fn whole(said: &Said) -> Value {
    let choices = said.texts.iter().enumerate().map(|(index, text)| {
        let mut message = json!({"role": "assistant", "content": text});
        if index == 0 && !said.calls.is_empty() {
            let calls = said
                .calls
                .iter()
                .enumerate()
                .map(|(number, arguments)| call(number, arguments));
            message["tool_calls"] = calls.collect();
        }
        json!({"index": index, "message": message, "finish_reason": "stop"})
    });
    json!({"id": "c", "object": "chat.completion", "model": "m", "choices": choices.collect::<Vec<_>>()})
}

fn of_whole(answer: &Value) -> Said {
    let mut said = Said::default();
    for choice in items(&answer["choices"]) {
        let message = &choice["message"];
        said.texts.push(text(&message["content"]));
        let calls = items(&message["tool_calls"]);
        said.calls
            .extend(calls.map(|call| text(&call["function"]["arguments"])));
    }
    said
}

fn chunk(choice: usize, delta: Value, finish: Option<&str>) -> String {
    json!({"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [{"index": choice, "delta": delta, "finish_reason": finish}]})
        .to_string()
}

fn payloads(bits: &[Bit]) -> Vec<String> {
    let mut choices = 1;
    let mut out = vec![chunk(0, json!({"role": "assistant", "content": ""}), None)];
    for bit in bits {
        out.push(match bit {
            Bit::Text(choice, piece) => {
                choices = choices.max(choice + 1);
                chunk(*choice, json!({"content": piece}), None)
            }
            Bit::Call(number, piece) => chunk(
                0,
                json!({"tool_calls": [{"index": number, "function": {"arguments": piece}}]}),
                None,
            ),
        });
    }
    out.extend((0..choices).map(|choice| chunk(choice, json!({}), Some("stop"))));
    out.push("[DONE]".to_owned());
    out
}

fn of_payloads(payloads: &[Value]) -> Said {
    let mut said = Said::default();
    for choice in payloads.iter().flat_map(|payload| items(&payload["choices"])) {
        let number = |value: &Value| value["index"].as_u64().unwrap() as usize;
        let delta = &choice["delta"];
        if let Some(piece) = delta["content"].as_str() {
            add(&mut said.texts, number(choice), piece);
        }
        for call in items(&delta["tool_calls"]) {
            add(
                &mut said.calls,
                number(call),
                call["function"]["arguments"].as_str().unwrap(),
            );
        }
    }
    said
}
