//! Messages: blocks one behind the other, of which the text is the first.

use super::{Bit, Dialect, Framing, Said, add, items, joined, parsed, text};
use serde_json::{Value, json};

pub(crate) const MESSAGES: Dialect = Dialect {
    name: "anthropic_messages",
    paths: ["/v1/messages"; 2],
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

fn blocks(said: &Said) -> Vec<Value> {
    let texts = said
        .texts
        .iter()
        .map(|text| json!({"type": "text", "text": text}));
    let calls = said.calls.iter().enumerate();
    let calls = calls.map(
        |(number, call)| json!({"type": "tool_use", "id": format!("toolu_{number}"), "name": "look", "input": parsed(call)}),
    );
    texts.chain(calls).collect()
}

fn ask(said: &Said, stream: bool) -> Value {
    let (users, calls) = (
        Said {
            calls: Vec::new(),
            ..said.clone()
        },
        Said {
            texts: Vec::new(),
            ..said.clone()
        },
    );
    let messages = json!([
        {"role": "user", "content": blocks(&users)},
        {"role": "assistant", "content": blocks(&calls)},
        {"role": "user", "content": "go on"},
    ]);
    json!({"model": "m", "max_tokens": 9, "stream": stream, "messages": messages})
}

fn of_blocks<'v>(blocks: impl Iterator<Item = &'v Value>) -> Said {
    let mut said = Said::default();
    for block in blocks {
        if block["type"] == "text" {
            said.texts.push(text(&block["text"]));
        } else {
            said.calls.push(block["input"].to_string());
        }
    }
    said
}

fn heard(request: &Value) -> Said {
    of_blocks(items(&request["messages"]).flat_map(|message| items(&message["content"])))
}

fn whole(said: &Said) -> Value {
    json!({"id": "m", "type": "message", "role": "assistant", "model": "m", "content": blocks(said), "stop_reason": "end_turn"})
}

fn of_whole(answer: &Value) -> Said {
    of_blocks(items(&answer["content"]))
}

fn payloads(bits: &[Bit]) -> Vec<String> {
    let mut out = vec![
        json!({"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "m"}}),
    ];
    let texts = joined(bits).texts.len();
    let count = texts + joined(bits).calls.len();
    for index in 0..count {
        let block = if index < texts {
            json!({"type": "text", "text": ""})
        } else {
            json!({"type": "tool_use", "id": format!("toolu_{index}"), "name": "look", "input": {}})
        };
        out.push(json!({"type": "content_block_start", "index": index, "content_block": block}));
        for bit in bits {
            let (own, delta) = match bit {
                Bit::Text(number, piece) => (*number, json!({"type": "text_delta", "text": piece})),
                Bit::Call(number, piece) => (
                    texts + number,
                    json!({"type": "input_json_delta", "partial_json": piece}),
                ),
            };
            if own == index {
                out.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
            }
        }
        out.push(json!({"type": "content_block_stop", "index": index}));
    }
    out.push(
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}}),
    );
    out.push(json!({"type": "message_stop"}));
    out.iter().map(Value::to_string).collect()
}

fn of_payloads(payloads: &[Value]) -> Said {
    let mut said = Said::default();
    let mut texts = 0;
    for payload in payloads {
        let index = payload["index"].as_u64().unwrap_or_default() as usize;
        if payload["content_block"]["type"] == "text" {
            texts = texts.max(index + 1);
        }
        let delta = &payload["delta"];
        if let Some(piece) = delta["text"].as_str() {
            add(&mut said.texts, index, piece);
        }
        if let Some(piece) = delta["partial_json"].as_str() {
            add(&mut said.calls, index - texts, piece);
        }
    }
    said
}
