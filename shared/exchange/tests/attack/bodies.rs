//! Bodies of the chat API, written out by hand.

pub(crate) const ASK: &[u8] = br#"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
pub(crate) const DONE: &str = "data: [DONE]\n\n";

pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// A frame with text of a choice.
pub(crate) fn delta(choice: u32, text: &str) -> String {
    let text = quoted(text);
    format!(
        "data: {{\"id\":\"c\",\"choices\":[{{\"index\":{choice},\"delta\":{{\"content\":{text}}},\"finish_reason\":null}}]}}\n\n"
    )
}

/// A frame with a piece of a tool call's arguments.
pub(crate) fn arguments(choice: u32, call: u32, json: &str) -> String {
    let json = quoted(json);
    format!(
        "data: {{\"id\":\"c\",\"choices\":[{{\"index\":{choice},\"delta\":{{\"tool_calls\":[{{\"index\":{call},\"function\":{{\"arguments\":{json}}}}}]}},\"finish_reason\":null}}]}}\n\n"
    )
}

/// The frame that ends a choice.
pub(crate) fn finish(choice: u32) -> String {
    format!(
        "data: {{\"id\":\"c\",\"choices\":[{{\"index\":{choice},\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\n"
    )
}

pub(crate) fn usage() -> String {
    "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2,\"total_tokens\":3}}\n\n"
        .to_owned()
}

pub(crate) fn completion(text: &str) -> String {
    let text = quoted(text);
    format!(
        "{{\"id\":\"c\",\"model\":\"m\",\"choices\":[{{\"index\":0,\"message\":{{\"role\":\"assistant\",\"content\":{text}}},\"finish_reason\":\"stop\"}}]}}"
    )
}

/// All text of a choice that the frames of a body carry.
pub(crate) fn text_of(body: &[u8], choice: u64) -> String {
    documents(body)
        .iter()
        .flat_map(|json| json["choices"].as_array().cloned().unwrap_or_default())
        .filter(|one| one["index"] == choice)
        .filter_map(|one| one["delta"]["content"].as_str().map(str::to_owned))
        .collect()
}

/// All arguments of a tool call that the frames of a body carry.
pub(crate) fn arguments_of(body: &[u8], call: u64) -> String {
    documents(body)
        .iter()
        .flat_map(|json| {
            json["choices"][0]["delta"]["tool_calls"]
                .as_array()
                .cloned()
                .unwrap_or_default()
        })
        .filter(|one| one["index"] == call)
        .filter_map(|one| one["function"]["arguments"].as_str().map(str::to_owned))
        .collect()
}

fn documents(body: &[u8]) -> Vec<serde_json::Value> {
    String::from_utf8_lossy(body)
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .filter_map(|data| serde_json::from_str(data).ok())
        .collect()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
