//! Responses: every text comes in deltas and is repeated three times; the instructions are sent back.

use super::{Bit, Dialect, Framing, Said, add, items, joined, text};
use serde_json::{Value, json};

pub(crate) const RESPONSES: Dialect = Dialect {
    name: "openai_responses",
    paths: ["/v1/responses"; 2],
    framing: Framing::Sse,
    max_texts: 1,
    max_calls: 2,
    cuts_calls: true,
    ask,
    heard,
    whole,
    of_whole,
    payloads,
    of_payloads,
};

fn message(text: &str) -> Value {
    json!({"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [part(text)]})
}

fn part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

fn call(number: usize, arguments: &str) -> Value {
    json!({"type": "function_call", "id": format!("fc_{number}"), "call_id": format!("call_{number}"), "name": "look", "arguments": arguments})
}

fn calls(said: &Said) -> impl Iterator<Item = Value> {
    said.calls
        .iter()
        .enumerate()
        .map(|(number, arguments)| call(number, arguments))
}

fn ask(said: &Said, stream: bool) -> Value {
    let mut input: Vec<Value> = said
        .texts
        .iter()
        .map(|text| json!({"role": "user", "content": text}))
        .collect();
    input.extend(calls(said));
    json!({"model": "m", "stream": stream, "input": input, "instructions": said.texts[0]})
}

fn heard(request: &Value) -> Said {
    let mut said = Said::default();
    for item in items(&request["input"]) {
        match item["content"].as_str() {
            Some(text) => said.texts.push(text.to_owned()),
            None => said.calls.push(text(&item["arguments"])),
        }
    }
    assert_eq!(
        request["instructions"], said.texts[0],
        "the same value has the same placeholder"
    );
    said
}

fn response(said: &Said, status: &str) -> Value {
    let output: Vec<Value> = said
        .texts
        .iter()
        .map(|text| message(text))
        .chain(calls(said))
        .collect();
    let output = if status == "completed" { output } else { Vec::new() };
    json!({"id": "resp_1", "object": "response", "status": status, "model": "m", "instructions": said.texts[0], "output": output})
}

fn whole(said: &Said) -> Value {
    response(said, "completed")
}

fn of_whole(answer: &Value) -> Said {
    let mut said = Said::default();
    for item in items(&answer["output"]) {
        if item["type"] == "message" {
            said.texts.push(text(&item["content"][0]["text"]));
        } else {
            said.calls.push(text(&item["arguments"]));
        }
    }
    assert_eq!(
        answer["instructions"], said.texts[0],
        "what is sent back is restored too"
    );
    said
}

fn payloads(bits: &[Bit]) -> Vec<String> {
    let said = joined(bits);
    let mut out = vec![json!({"type": "response.created", "response": response(&said, "in_progress")})];
    out.push(json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "id": "msg_1", "role": "assistant", "content": []}}));
    out.push(json!({"type": "response.content_part.added", "item_id": "msg_1", "output_index": 0, "content_index": 0, "part": part("")}));
    for number in 0..said.calls.len() {
        out.push(
            json!({"type": "response.output_item.added", "output_index": number + 1, "item": call(number, "")}),
        );
    }
    out.extend(bits.iter().map(delta));
    let full = &said.texts[0];
    out.push(json!({"type": "response.output_text.done", "item_id": "msg_1", "output_index": 0, "content_index": 0, "text": full, "logprobs": []}));
    out.push(json!({"type": "response.content_part.done", "item_id": "msg_1", "output_index": 0, "content_index": 0, "part": part(full)}));
    out.push(json!({"type": "response.output_item.done", "output_index": 0, "item": message(full)}));
    for (number, arguments) in said.calls.iter().enumerate() {
        let id = format!("fc_{number}");
        out.push(json!({"type": "response.function_call_arguments.done", "item_id": id, "output_index": number + 1, "arguments": arguments}));
        out.push(json!({"type": "response.output_item.done", "output_index": number + 1, "item": call(number, arguments)}));
    }
    out.push(json!({"type": "response.completed", "response": response(&said, "completed")}));
    for (number, payload) in out.iter_mut().enumerate() {
        payload["sequence_number"] = number.into();
    }
    out.iter().map(Value::to_string).collect()
}

fn delta(bit: &Bit) -> Value {
    match bit {
        Bit::Text(_, piece) => {
            json!({"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": piece, "logprobs": []})
        }
        Bit::Call(number, piece) => {
            json!({"type": "response.function_call_arguments.delta", "item_id": format!("fc_{number}"), "output_index": number + 1, "delta": piece})
        }
    }
}

/// The deltas; every repeat must say the same.
fn of_payloads(payloads: &[Value]) -> Said {
    let mut said = Said::default();
    for payload in payloads {
        let number = payload["output_index"].as_u64().unwrap_or_default() as usize;
        let kind = payload["type"].as_str().unwrap();
        let piece = payload["delta"].as_str().unwrap_or_default();
        match kind {
            "response.output_text.delta" => add(&mut said.texts, 0, piece),
            "response.function_call_arguments.delta" => add(&mut said.calls, number - 1, piece),
            "response.output_text.done" => assert_eq!(payload["text"], said.texts[0], "{kind}"),
            "response.content_part.done" => assert_eq!(payload["part"]["text"], said.texts[0], "{kind}"),
            "response.function_call_arguments.done" => {
                assert_eq!(payload["arguments"], said.calls[number - 1], "{kind}");
            }
            "response.output_item.done" if number == 0 => {
                assert_eq!(payload["item"]["content"][0]["text"], said.texts[0], "{kind}");
            }
            "response.output_item.done" => {
                assert_eq!(payload["item"]["arguments"], said.calls[number - 1], "{kind}");
            }
            "response.completed" => assert_eq!(of_whole(&payload["response"]), said, "{kind}"),
            _ => {}
        }
    }
    let sent_back = &payloads[0]["response"]["instructions"];
    assert_eq!(*sent_back, said.texts[0], "what is sent back is restored too");
    said
}
