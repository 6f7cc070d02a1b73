//! Requests and answers of an LLM API as the scenarios send them: written out here, apart from the crates that
//! read them, so that one misreading cannot pass on both sides.

use crate::message::{Framing, Request};
use crate::scenario::{Module, Setup};
use crate::script::Script;

/// A chat request of one user message.
pub fn chat(text: &str) -> Request {
    chat_json(format!(
        r#"{{"model":"m-1","messages":[{{"role":"user","content":"{text}"}}]}}"#
    ))
}

/// The same, asking for a stream.
pub fn chat_stream(text: &str) -> Request {
    chat_json(format!(
        r#"{{"model":"m-1","stream":true,"messages":[{{"role":"user","content":"{text}"}}]}}"#
    ))
}

/// A chat request with this body.
pub fn chat_json(body: impl AsRef<[u8]>) -> Request {
    let request = Request::new("POST", "/v1/chat/completions");
    request
        .header("content-type", "application/json")
        .body(body.as_ref())
}

/// A chat answer.
pub fn completion(text: &str) -> String {
    format!(
        r#"{{"id":"c-1","object":"chat.completion","created":1,"model":"m-1-x","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}}}"#
    )
}

/// A unary answer with this JSON body.
pub fn json(status: u16, body: impl AsRef<[u8]>) -> Script {
    Script::new(status)
        .header("content-type", "application/json")
        .data(body.as_ref())
}

/// The head of a stream.
pub fn sse() -> Script {
    Script::new(200)
        .header("content-type", "text/event-stream")
        .framed(Framing::Chunked)
}

/// A stream of these texts, with role, finish and `[DONE]`.
pub fn sse_of(texts: &[&str]) -> Script {
    frames(texts)
        .iter()
        .fold(sse(), |script, frame| script.data(frame.as_str()))
}

/// Every frame of that stream.
pub fn frames(texts: &[&str]) -> Vec<String> {
    let first = chunk(r#"{"role":"assistant","content":""}"#, "null");
    let middle = texts.iter().map(|text| delta(text));
    std::iter::once(first)
        .chain(middle)
        .chain([finish(), DONE.to_owned()])
        .collect()
}

/// The last frame of a chat stream.
pub const DONE: &str = "data: [DONE]\n\n";

/// A frame with text.
pub fn delta(text: &str) -> String {
    chunk(&format!(r#"{{"content":"{text}"}}"#), "null")
}

/// A frame with text of this choice.
pub fn choice(index: u32, text: &str) -> String {
    delta(text).replace(r#""index":0"#, &format!(r#""index":{index}"#))
}

/// The frame that ends the text.
pub fn finish() -> String {
    chunk("{}", r#""stop""#)
}

/// The frame with the usage, which only comes when it was asked for.
pub fn usage() -> String {
    let head = r#""id":"c-1","object":"chat.completion.chunk","created":1,"model":"m-1-x""#;
    let usage = r#"{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}"#;
    format!("data: {{{head},\"choices\":[],\"usage\":{usage}}}\n\n")
}

fn chunk(delta: &str, finish: &str) -> String {
    let head = r#""id":"c-1","object":"chat.completion.chunk","created":1,"model":"m-1-x""#;
    format!("data: {{{head},\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{finish}}}]}}\n\n")
}

/// The probe with this configuration.
pub fn probe(config: &str) -> Setup {
    Setup::with(Module::Probe, format!(r#"{{"probe":{config}}}"#))
}

/// The probe and the engine with these configurations.
pub fn probe_in(exchange: &str, config: &str) -> Setup {
    Setup::with(
        Module::Probe,
        format!(r#"{{"exchange":{exchange},"probe":{config}}}"#),
    )
}
