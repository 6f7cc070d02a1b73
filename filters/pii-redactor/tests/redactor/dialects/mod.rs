//! The APIs as a model and a client see them: what a prompt says, what an answer says, whole and in frames.

mod anthropic;
mod chat;
mod completions;
mod gemini;
mod ollama;
mod responses;

use serde_json::Value;

/// Every API that answers in words, whole and in frames.
pub(crate) const DIALECTS: [Dialect; 8] = [
    chat::CHAT,
    responses::RESPONSES,
    completions::COMPLETIONS,
    anthropic::MESSAGES,
    ollama::CHAT,
    ollama::GENERATE,
    gemini::SSE,
    gemini::ARRAY,
];

/// Texts, of which an answer has one a choice, and the arguments of tool calls, as JSON.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Said {
    pub(crate) texts: Vec<String>,
    pub(crate) calls: Vec<String>,
}

/// A piece of a text or of a call, by the number of either.
#[derive(Clone, Debug)]
pub(crate) enum Bit {
    Text(usize, String),
    Call(usize, String),
}

/// What stands between frames.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Framing {
    Sse,
    Lines,
    Array,
}

/// An API.
pub(crate) struct Dialect {
    pub(crate) name: &'static str,
    /// Whole, and streamed.
    pub(crate) paths: [&'static str; 2],
    pub(crate) framing: Framing,
    pub(crate) max_texts: usize,
    pub(crate) max_calls: usize,
    /// Calls come in pieces.
    pub(crate) cuts_calls: bool,
    /// A request with these words of the user and calls of the model.
    pub(crate) ask: fn(said: &Said, stream: bool) -> Value,
    /// What a request says.
    pub(crate) heard: fn(request: &Value) -> Said,
    pub(crate) whole: fn(said: &Said) -> Value,
    pub(crate) of_whole: fn(answer: &Value) -> Said,
    /// The payloads of a stream.
    pub(crate) payloads: fn(bits: &[Bit]) -> Vec<String>,
    pub(crate) of_payloads: fn(payloads: &[Value]) -> Said,
}

impl Framing {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Sse => "text/event-stream",
            Self::Lines => "application/x-ndjson",
            Self::Array => "application/json",
        }
    }

    /// The bytes of a stream, payload by payload.
    pub(crate) fn frames(self, payloads: &[String]) -> Vec<String> {
        let last = payloads.len().saturating_sub(1);
        let frame = |(at, payload): (usize, &String)| match self {
            Self::Sse => match named(payload) {
                Some(event) => format!("event: {event}\ndata: {payload}\n\n"),
                None => format!("data: {payload}\n\n"),
            },
            Self::Lines => format!("{payload}\n"),
            Self::Array => {
                let open = if at == 0 { "[" } else { "," };
                let close = if at == last { "]" } else { "" };
                format!("{open}{payload}{close}")
            }
        };
        payloads.iter().enumerate().map(frame).collect()
    }

    /// The payloads of a stream.
    pub(crate) fn payloads(self, bytes: &[u8]) -> Vec<String> {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        match self {
            Self::Sse => {
                let lines = text.lines().filter_map(|line| line.strip_prefix("data: "));
                lines.map(str::to_owned).collect()
            }
            Self::Lines => text.lines().map(str::to_owned).collect(),
            Self::Array => {
                let items: Vec<Value> = serde_json::from_str(&text).unwrap();
                items.iter().map(Value::to_string).collect()
            }
        }
    }
}

/// The event of a payload, where the API names events.
fn named(payload: &str) -> Option<String> {
    let payload: Value = serde_json::from_str(payload).ok()?;
    payload["type"].as_str().map(str::to_owned)
}

/// Adds a piece to the text of this number.
fn add(texts: &mut Vec<String>, number: usize, piece: &str) {
    if texts.len() <= number {
        texts.resize(number + 1, String::new());
    }
    texts[number].push_str(piece);
}

/// All pieces put together.
pub(crate) fn joined(bits: &[Bit]) -> Said {
    let mut said = Said::default();
    for bit in bits {
        match bit {
            Bit::Text(number, piece) => add(&mut said.texts, *number, piece),
            Bit::Call(number, piece) => add(&mut said.calls, *number, piece),
        }
    }
    said
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn parsed(call: &str) -> Value {
    serde_json::from_str(call).unwrap()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
