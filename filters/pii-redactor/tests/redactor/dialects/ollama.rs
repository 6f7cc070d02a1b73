//! Ollama: lines; calls come whole, as objects.

use super::{Bit, Dialect, Framing, Said, add, items, joined, parsed, text};
use serde_json::{Value, json};

pub(crate) const CHAT: Dialect = Dialect {
    name: "ollama_chat",
    paths: ["/api/chat"; 2],
    framing: Framing::Lines,
    max_texts: 1,
    max_calls: 2,
    cuts_calls: false,
    ask,
    heard,
    whole,
    of_whole,
    payloads,
    of_payloads,
};

pub(crate) const GENERATE: Dialect = Dialect {
    name: "ollama_generate",
    paths: ["/api/generate"; 2],
    framing: Framing::Lines,
    max_texts: 1,
    max_calls: 0,
    cuts_calls: false,
    ask: |said, stream| json!({"model": "m", "stream": stream, "prompt": said.texts[0]}),
    heard: |request| Said {
        texts: vec![text(&request["prompt"])],
        calls: Vec::new(),
    },
    whole: |said| json!({"model": "m", "response": said.texts[0], "done": true, "done_reason": "stop"}),
    of_whole: |answer| Said {
        texts: vec![text(&answer["response"])],
        calls: Vec::new(),
    },
    payloads: |bits| {
        let piece = |bit: &Bit| match bit {
            Bit::Text(_, piece) | Bit::Call(_, piece) => {
                json!({"model": "m", "response": piece, "done": false}).to_string()
            }
        };
        let mut out: Vec<String> = bits.iter().map(piece).collect();
        out.push(json!({"model": "m", "response": "", "done": true, "done_reason": "stop"}).to_string());
        out
    },
    of_payloads: |payloads| Said {
        texts: vec![
            payloads
                .iter()
                .map(|payload| text(&payload["response"]))
                .collect(),
        ],
        calls: Vec::new(),
    },
};

fn calls(calls: &[String]) -> Value {
    calls
        .iter()
        .map(|call| json!({"function": {"name": "look", "arguments": parsed(call)}}))
        .collect()
}

fn of_message(message: &Value, said: &mut Said) {
    let calls = items(&message["tool_calls"]);
    said.calls
        .extend(calls.map(|call| call["function"]["arguments"].to_string()));
}

fn ask(said: &Said, stream: bool) -> Value {
    let mut messages: Vec<Value> = said
        .texts
        .iter()
        .map(|text| json!({"role": "user", "content": text}))
        .collect();
    messages.push(json!({"role": "assistant", "content": "", "tool_calls": calls(&said.calls)}));
    json!({"model": "m", "stream": stream, "messages": messages})
}

fn heard(request: &Value) -> Said {
    let mut said = Said::default();
    for message in items(&request["messages"]) {
        if message["role"] == "user" {
            said.texts.push(text(&message["content"]));
        }
        of_message(message, &mut said);
    }
    said
}

fn whole(said: &Said) -> Value {
    json!({"model": "m", "message": {"role": "assistant", "content": said.texts[0], "tool_calls": calls(&said.calls)}, "done": true, "done_reason": "stop"})
}

fn of_whole(answer: &Value) -> Said {
    let mut said = Said::default();
    said.texts.push(text(&answer["message"]["content"]));
    of_message(&answer["message"], &mut said);
    said
}

fn payloads(bits: &[Bit]) -> Vec<String> {
    let mut out = Vec::new();
    for bit in bits {
        if let Bit::Text(_, piece) = bit {
            out.push(
                json!({"model": "m", "message": {"role": "assistant", "content": piece}, "done": false}),
            );
        }
    }
    let said = joined(bits);
    if !said.calls.is_empty() {
        out.push(json!({"model": "m", "message": {"role": "assistant", "content": "", "tool_calls": calls(&said.calls)}, "done": false}));
    }
    out.push(json!({"model": "m", "message": {"role": "assistant", "content": ""}, "done": true, "done_reason": "stop"}));
    out.iter().map(Value::to_string).collect()
}

fn of_payloads(payloads: &[Value]) -> Said {
    let mut said = Said::default();
    for payload in payloads {
        add(&mut said.texts, 0, &text(&payload["message"]["content"]));
        of_message(&payload["message"], &mut said);
    }
    said
}
