//! Gemini: candidates; calls come whole, as objects; streams as events or as an array.

use super::{Bit, Dialect, Framing, Said, add, items, joined, parsed};
use serde_json::{Value, json};

pub(crate) const SSE: Dialect = Dialect {
    name: "gemini",
    paths: [
        "/v1beta/models/m:generateContent",
        "/v1beta/models/m:streamGenerateContent?alt=sse",
    ],
    framing: Framing::Sse,
    max_texts: 2,
    max_calls: 2,
    cuts_calls: false,
    ask,
    heard,
    whole,
    of_whole,
    payloads,
    of_payloads,
};

pub(crate) const ARRAY: Dialect = Dialect {
    name: "gemini array",
    paths: [
        "/v1beta/models/m:generateContent",
        "/v1beta/models/m:streamGenerateContent",
    ],
    framing: Framing::Array,
    ..SSE
};

fn call(call: &str) -> Value {
    json!({"functionCall": {"name": "look", "args": parsed(call)}})
}

fn ask(said: &Said, _stream: bool) -> Value {
    let users = said
        .texts
        .iter()
        .map(|text| json!({"role": "user", "parts": [{"text": text}]}));
    let mut contents: Vec<Value> = users.collect();
    let calls: Vec<Value> = said.calls.iter().map(|arguments| call(arguments)).collect();
    contents.push(json!({"role": "model", "parts": calls}));
    json!({"contents": contents})
}

fn of_parts(content: &Value, number: usize, said: &mut Said) {
    for part in items(&content["parts"]) {
        if let Some(piece) = part["text"].as_str() {
            add(&mut said.texts, number, piece);
        }
        if part["functionCall"].is_object() {
            said.calls.push(part["functionCall"]["args"].to_string());
        }
    }
}

fn heard(request: &Value) -> Said {
    let mut said = Said::default();
    for (number, content) in items(&request["contents"]).enumerate() {
        of_parts(content, number, &mut said);
    }
    said
}

fn candidate(index: usize, parts: Value, finish: Option<&str>) -> Value {
    let mut candidate = json!({"index": index, "content": {"role": "model", "parts": parts}});
    if let Some(reason) = finish {
        candidate["finishReason"] = reason.into();
    }
    candidate
}

fn whole(said: &Said) -> Value {
    let candidates = said.texts.iter().enumerate().map(|(index, text)| {
        let mut parts = vec![json!({"text": text})];
        if index == 0 {
            parts.extend(said.calls.iter().map(|arguments| call(arguments)));
        }
        candidate(index, parts.into(), Some("STOP"))
    });
    json!({"candidates": candidates.collect::<Vec<_>>(), "modelVersion": "m"})
}

fn of_whole(answer: &Value) -> Said {
    of_payloads(std::slice::from_ref(answer))
}

fn payloads(bits: &[Bit]) -> Vec<String> {
    let said = joined(bits);
    let one = |candidate: Value| json!({"candidates": [candidate], "modelVersion": "m"}).to_string();
    let mut out = Vec::new();
    for bit in bits {
        if let Bit::Text(index, piece) = bit {
            out.push(one(candidate(*index, json!([{"text": piece}]), None)));
        }
    }
    for arguments in &said.calls {
        out.push(one(candidate(0, json!([call(arguments)]), None)));
    }
    let ends = (0..said.texts.len()).map(|index| one(candidate(index, json!([{"text": ""}]), Some("STOP"))));
    out.extend(ends);
    out
}

fn of_payloads(payloads: &[Value]) -> Said {
    let mut said = Said::default();
    for candidate in payloads.iter().flat_map(|payload| items(&payload["candidates"])) {
        let number = candidate["index"].as_u64().unwrap() as usize;
        of_parts(&candidate["content"], number, &mut said);
    }
    said
}
