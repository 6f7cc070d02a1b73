//! The wire formats, one file each: how a request is read, how an [`Answer`] is written whole or as a stream, and
//! how each API says no.

pub mod anthropic;
pub mod anthropic_stream;
pub mod custom;
pub mod gemini;
pub mod gemini_embed;
pub mod gemini_stream;
pub mod ollama;
pub mod ollama_embed;
pub mod openai;
pub mod openai_chat;
pub mod openai_chat_stream;
pub mod openai_completions;
pub mod openai_embeddings;
pub mod responses;
pub mod responses_stream;
#[cfg(test)]
mod testing;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::controls::Controls;
use crate::json::Json;
use crate::rng::Rng;
use crate::script::Answer;

/// What a request asks for, in words that no dialect owns.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub operation: Operation,
    pub cache: Cache,
    pub model: String,
    pub stream: bool,
    /// What the query's `alt` says, where it chooses the framing.
    pub framing: Option<String>,
    /// Choices wanted.
    pub n: u32,
    /// Output tokens allowed.
    pub max_tokens: Option<u64>,
    /// Every text of the prompt, the newest last.
    pub texts: Vec<String>,
    /// Prompt tokens that came as ids.
    pub ids: u64,
    /// Names of the tools offered.
    pub tools: Vec<String>,
    pub usage_asked: bool,
    pub logprobs: bool,
    pub body: Value,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Operation {
    #[default]
    Chat,
    Completion,
    Embed,
    /// Costs nothing: the truth books no tokens.
    CountTokens,
}

impl Operation {
    pub fn name(self) -> &'static str {
        match self {
            Operation::Chat => "chat",
            Operation::Completion => "completion",
            Operation::Embed => "embed",
            Operation::CountTokens => "count_tokens",
        }
    }
}

/// What an API can say of its prompt cache; controls beyond it are ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cache {
    #[default]
    Silent,
    Reads,
    ReadsAndWrites,
}

/// One request as it came.
pub struct Call<'a> {
    pub path: &'a str,
    pub query: &'a BTreeMap<String, String>,
    pub body: Value,
}

/// One unit of a streamed answer: whole bytes that a server writes at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub bytes: Vec<u8>,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Before the first output: sent at once.
    Opening,
    /// Output, paced by the speed model; counts for `error_at`, `truncate` and `reset`.
    Delta { tokens: u64 },
    /// Between outputs (the borders of blocks and items): sent with what came before.
    Between,
    /// After the last output: finish reasons, usage.
    Closing,
    /// The end mark itself, which `no_done` leaves out.
    Terminal,
}

/// A unary body and its type.
pub struct Page {
    pub content_type: &'static str,
    pub body: String,
}

/// A failure in the words of the API: the HTTP status, and what went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub message: String,
}

impl Refusal {
    pub fn bad(message: impl Into<String>) -> Self {
        Self {
            status: 400,
            message: message.into(),
        }
    }
}

/// Where a refusal is written to.
pub struct Failed<'a> {
    pub request_id: &'a str,
    pub path: &'a str,
}

/// One API on the wire.
pub trait Dialect: Send + Sync {
    /// The name in the truth.
    fn api(&self) -> &'static str;
    fn read(&self, call: Call<'_>) -> Result<Ask, Refusal>;
    fn unary(&self, ask: &Ask, answer: &Answer, controls: &Controls) -> Page;
    fn stream_type(&self, ask: &Ask) -> &'static str;
    fn stream(&self, ask: &Ask, answer: &Answer, controls: &Controls) -> Vec<Event>;
    /// The error object of a unary failure.
    fn error(&self, refusal: &Refusal, failed: &Failed<'_>) -> Page;
    /// How this API fails after a 200 and so many events have gone out.
    fn broken(&self, ask: &Ask, answer: &Answer, sent: usize) -> Vec<Event>;
    /// A keep-alive between events, where the format has one.
    fn ping(&self, ask: &Ask) -> Option<&'static [u8]>;
}

/// An SSE event; `name` is its `event:` line.
pub fn sse(name: Option<&str>, data: &str, kind: Kind) -> Event {
    let name = name.map(|name| format!("event: {name}\n")).unwrap_or_default();
    Event {
        bytes: format!("{name}data: {data}\n\n").into_bytes(),
        kind,
    }
}

/// The parsed request's string at `key`.
pub fn string(body: &Value, key: &str) -> Option<String> {
    body.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// The model's name, which every one of these APIs demands.
pub fn model(body: &Value) -> Result<String, Refusal> {
    if !body.is_object() {
        return Err(Refusal::bad("the request body must be a JSON object"));
    }
    string(body, "model")
        .filter(|m| !m.is_empty())
        .ok_or_else(|| Refusal::bad("you must provide a model parameter"))
}

pub fn flag(body: &Value, key: &str) -> Option<bool> {
    body.get(key).and_then(Value::as_bool)
}

pub fn number(body: &Value, key: &str) -> Option<u64> {
    body.get(key).and_then(Value::as_u64)
}

/// Every string below the named members, in the members' order; keys and media are left out.
pub fn texts(body: &Value, keys: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    keys.iter()
        .filter_map(|key| body.get(key))
        .for_each(|value| gather(value, &mut found));
    found
}

/// Strings that name or carry something but are not read by the model as text.
const NOT_TEXT: [&str; 11] = [
    "role",
    "type",
    "id",
    "call_id",
    "tool_call_id",
    "tool_use_id",
    "data",
    "url",
    "cache_control",
    "signature",
    "images",
];

fn gather(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| gather(item, found)),
        Value::Object(members) => {
            let texts = members
                .iter()
                .filter(|(key, _)| !NOT_TEXT.contains(&key.as_str()));
            texts.for_each(|(_, value)| gather(value, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Small numbers that stand for a vector: of unit length, and a function of the text.
pub fn vector(seed_text: &str, dimensions: usize) -> Vec<f64> {
    let mut rng = Rng::from_parts(0, [seed_text.as_bytes()]);
    let raw: Vec<f64> = (0..dimensions)
        .map(|_| rng.range(0, 2_000_000) as f64 / 1_000_000.0 - 1.0)
        .collect();
    let length = raw.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::EPSILON);
    raw.into_iter()
        .map(|x| (x / length * 1e8).round() / 1e8)
        .collect()
}

/// Token ids below `key`: numbers in arrays.
pub fn ids(body: &Value, key: &str) -> u64 {
    fn count(value: &Value) -> u64 {
        match value {
            Value::Array(items) => items
                .iter()
                .map(|item| if item.is_number() { 1 } else { count(item) })
                .sum(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => 0,
        }
    }
    body.get(key).map_or(0, count)
}

/// Objects joined one level deep: a chunk's envelope and what differs.
pub fn join(left: Json, right: Json) -> Json {
    match (left, right) {
        (Json::Obj(mut left), Json::Obj(right)) => {
            left.extend(right);
            Json::Obj(left)
        }
        (left, _) => left,
    }
}
