//! OpenAI chat completions, and the servers that speak it.
//! <https://platform.openai.com/docs/api-reference/chat>, <https://platform.openai.com/docs/api-reference/chat-streaming>

use serde_json::Value;

use crate::controls::{Controls, Style, UsageMode};
use crate::dialect::openai::{self, JSON, SSE};
use crate::dialect::{Ask, Call, Dialect, Event, Kind, Page, Refusal, flag, join, model, number, sse, texts};
use crate::json::Json;
use crate::rng::Rng;
use crate::script::{Answer, Choice, Finish, ToolCall, Usage};
use crate::{arr, obj};

pub struct OpenaiChat;

/// Choices a request may ask for, as the API says.
const MAX_N: u64 = 128;

impl Dialect for OpenaiChat {
    fn api(&self) -> &'static str {
        "openai_chat"
    }

    fn read(&self, call: Call<'_>) -> Result<Ask, Refusal> {
        let body = call.body;
        let model = model(&body)?;
        if !body
            .get("messages")
            .is_some_and(|messages| messages.as_array().is_some_and(|list| !list.is_empty()))
        {
            return Err(Refusal::bad("Missing required parameter: 'messages'."));
        }
        Ok(Ask {
            operation: "chat",
            model,
            stream: flag(&body, "stream") == Some(true),
            n: number(&body, "n").unwrap_or(1).clamp(1, MAX_N) as u32,
            max_tokens: number(&body, "max_completion_tokens").or(number(&body, "max_tokens")),
            texts: texts(&body, &["tools", "functions", "response_format", "messages"]),
            tools: tool_names(&body),
            usage_asked: openai::usage_asked(&body),
            logprobs: flag(&body, "logprobs") == Some(true),
            body,
        })
    }

    fn unary(&self, ask: &Ask, answer: &Answer, controls: &Controls) -> Page {
        let style = openai::style(controls);
        let mut envelope = Envelope::new(ask, answer, style);
        let choices = answer
            .choices
            .iter()
            .map(|choice| unary_choice(choice, ask, controls, style))
            .collect::<Vec<_>>();
        let usage = (controls.usage != UsageMode::None).then(|| openai::usage(answer.usage, style));
        let body = envelope.object("chat.completion", choices.into(), usage, Json::Null);
        Page {
            content_type: JSON,
            body: body.write(openai::unary_format(style)),
        }
    }

    fn stream_type(&self, _: &Ask) -> &'static str {
        SSE
    }

    fn stream(&self, ask: &Ask, answer: &Answer, controls: &Controls) -> Vec<Event> {
        Stream::new(ask, answer, controls).events()
    }

    fn error(&self, refusal: &Refusal, _: &str) -> Page {
        openai::error_page(refusal)
    }

    fn broken(&self, _: &Ask) -> Vec<Event> {
        openai::broken_chunk()
    }

    fn ping(&self) -> Option<&'static [u8]> {
        Some(b": keep-alive\n\n")
    }
}

fn tool_names(body: &Value) -> Vec<String> {
    let tools = body.get("tools").and_then(Value::as_array);
    let name = |tool: &Value| {
        tool.pointer("/function/name")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    tools.into_iter().flatten().filter_map(name).collect()
}

fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::Tools => "tool_calls",
    }
}

/// llama-server gives call ids without OpenAI's prefix.
fn call_id(tool: &ToolCall, style: Style) -> String {
    match style {
        Style::Openai | Style::Vllm => format!("call_{}", tool.id),
        Style::Ollama => format!("call_{}", &tool.id[..8]),
        Style::Llamacpp => tool.id.clone(),
    }
}

fn tool_calls(choice: &Choice, style: Style) -> Vec<Json> {
    let call = |tool: &ToolCall| {
        let function = obj! {"name": &tool.name, "arguments": tool.arguments()};
        obj! {"id": call_id(tool, style), "type": "function", "function": function}
    };
    choice.tools.iter().map(call).collect()
}

/// Reasoning text, which OpenAI itself keeps to itself.
fn reasoning_key(style: Style) -> Option<&'static str> {
    match style {
        Style::Openai => None,
        Style::Vllm | Style::Ollama => Some("reasoning"),
        Style::Llamacpp => Some("reasoning_content"),
    }
}

fn unary_choice(choice: &Choice, ask: &Ask, controls: &Controls, style: Style) -> Json {
    let content = (!choice.text.is_empty() || choice.tools.is_empty()).then(|| choice.text());
    let mut message = obj! {"role": "assistant", "content": content};
    if let Some(key) = reasoning_key(style).filter(|_| !choice.reasoning.is_empty()) {
        message = message.with(key, choice.reasoning());
    }
    if !choice.tools.is_empty() {
        message = message.with("tool_calls", tool_calls(choice, style));
    }
    let logprobs = (ask.logprobs || controls.logprobs).then(|| logprobs(&choice.text));
    let finish = finish_reason(choice.finish);
    match style {
        Style::Openai => {
            let message = message.with("refusal", Json::Null).with("annotations", arr![]);
            obj! {"index": choice.index, "message": message, "logprobs": logprobs, "finish_reason": finish}
        }
        Style::Vllm => {
            let message = message.with("refusal", Json::Null).with("audio", Json::Null);
            obj! {
                "index": choice.index, "message": message.with("function_call", Json::Null),
                "logprobs": logprobs, "finish_reason": finish, "stop_reason": Json::Null,
            }
        }
        Style::Ollama => obj! {"index": choice.index, "message": message, "finish_reason": finish},
        Style::Llamacpp => obj! {"finish_reason": finish, "index": choice.index, "message": message}
            .with_some("logprobs", logprobs),
    }
}

/// <https://platform.openai.com/docs/api-reference/chat/object#chat-object-choices-logprobs>
fn logprobs(pieces: &[String]) -> Json {
    let token = |piece: &String| {
        let logprob = -(Rng::from_parts(0, [piece.as_bytes()]).range(1, 4000) as f64) / 1000.0;
        let bytes = piece.bytes().collect::<Vec<u8>>();
        obj! {"token": piece, "logprob": logprob, "bytes": bytes, "top_logprobs": arr![]}
    };
    obj! {"content": pieces.iter().map(token).collect::<Vec<_>>(), "refusal": Json::Null}
}

/// The members that every object of one answer shares.
struct Envelope {
    id: String,
    created: u64,
    model: String,
    fingerprint: String,
    style: Style,
    rng: Rng,
}

impl Envelope {
    fn new(ask: &Ask, answer: &Answer, style: Style) -> Self {
        let mut rng = answer.rng.clone();
        let id = format!("chatcmpl-{}", rng.id(29));
        let fingerprint = format!("fp_{}", rng.hex(10));
        Self {
            id,
            created: answer.created,
            model: ask.model.clone(),
            fingerprint,
            style,
            rng,
        }
    }

    fn object(&mut self, object: &'static str, choices: Json, usage: Option<Json>, padding: Json) -> Json {
        let (id, model) = (self.id.as_str(), self.model.as_str());
        let created = self.created;
        match self.style {
            Style::Openai => {
                let head = obj! {"id": id, "object": object, "created": created, "model": model};
                let rest = obj! {"service_tier": "default", "system_fingerprint": &self.fingerprint};
                let body = match object {
                    "chat.completion" => head.with("choices", choices).with_some("usage", usage),
                    _ => {
                        return join(head, rest)
                            .with("choices", choices)
                            .with_some("usage", usage)
                            .with_some("obfuscation", (padding != Json::Null).then_some(padding));
                    }
                };
                join(body, rest)
            }
            Style::Vllm => {
                let head = obj! {"id": id, "object": object, "created": created, "model": model};
                head.with("choices", choices).with_some("usage", usage)
            }
            Style::Ollama => {
                let head = obj! {"id": id, "object": object, "created": created, "model": model};
                head.with("system_fingerprint", "fp_ollama")
                    .with("choices", choices)
                    .with_some("usage", usage)
            }
            Style::Llamacpp => {
                let head = obj! {"choices": choices, "created": created, "id": id, "model": model};
                head.with("system_fingerprint", "b1-sim")
                    .with("object", object)
                    .with_some("usage", usage)
            }
        }
    }
}

/// One streamed answer being written.
struct Stream<'a> {
    ask: &'a Ask,
    answer: &'a Answer,
    controls: &'a Controls,
    style: Style,
    envelope: Envelope,
    events: Vec<Event>,
    /// Output tokens so far, for continuous usage.
    sent: u64,
}

impl<'a> Stream<'a> {
    fn new(ask: &'a Ask, answer: &'a Answer, controls: &'a Controls) -> Self {
        let style = openai::style(controls);
        let envelope = Envelope::new(ask, answer, style);
        Self {
            ask,
            answer,
            controls,
            style,
            envelope,
            events: Vec::new(),
            sent: 0,
        }
    }

    fn events(mut self) -> Vec<Event> {
        let answer = self.answer;
        answer.choices.iter().for_each(|choice| self.open(choice));
        // Hidden reasoning is produced, and paid for, before the first delta.
        let mut hidden = if reasoning_key(self.style).is_none() {
            answer.usage.reasoning
        } else {
            0
        };
        for (index, delta) in interleaved(answer, self.style, self.wants_logprobs()) {
            let tokens = delta.tokens + std::mem::take(&mut hidden);
            self.delta(index, delta.body, delta.logprobs, tokens);
        }
        answer.choices.iter().for_each(|choice| self.close(choice));
        let asked = self.ask.usage_asked || self.controls.usage == UsageMode::Continuous;
        if asked && self.controls.usage != UsageMode::None {
            let usage = openai::usage(answer.usage, self.style);
            self.chunk(arr![], Some(usage), Kind::Closing);
        }
        self.events.push(openai::done());
        self.events
    }

    fn wants_logprobs(&self) -> bool {
        self.ask.logprobs || self.controls.logprobs
    }

    fn open(&mut self, choice: &Choice) {
        let delta = match self.style {
            Style::Openai => obj! {"role": "assistant", "content": "", "refusal": Json::Null},
            Style::Vllm => obj! {"role": "assistant", "content": ""},
            Style::Llamacpp => obj! {"role": "assistant", "content": Json::Null},
            // Its first chunk has text, and every delta has the role.
            Style::Ollama => return,
        };
        let cell = self.cell(choice.index, delta, None, None);
        let usage = self.running_usage();
        self.chunk(arr![cell], usage, Kind::Opening);
    }

    fn delta(&mut self, index: u32, body: Json, logprobs: Option<Json>, tokens: u64) {
        self.sent += tokens;
        let body = match self.style {
            Style::Ollama => join(obj! {"role": "assistant"}, body),
            Style::Openai | Style::Vllm | Style::Llamacpp => body,
        };
        let cell = self.cell(index, body, logprobs, None);
        let usage = self.running_usage();
        self.chunk(arr![cell], usage, Kind::Delta { tokens });
    }

    fn close(&mut self, choice: &Choice) {
        let body = match self.style {
            Style::Ollama => obj! {"role": "assistant", "content": ""},
            Style::Vllm => obj! {"content": ""},
            Style::Openai | Style::Llamacpp => obj! {},
        };
        let cell = self.cell(choice.index, body, None, Some(finish_reason(choice.finish)));
        let usage = self.running_usage();
        self.chunk(arr![cell], usage, Kind::Closing);
    }

    fn cell(&self, index: u32, delta: Json, logprobs: Option<Json>, finish: Option<&str>) -> Json {
        match self.style {
            Style::Openai | Style::Vllm => {
                obj! {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
            }
            Style::Ollama => obj! {"index": index, "delta": delta, "finish_reason": finish},
            Style::Llamacpp => obj! {"finish_reason": finish, "index": index, "delta": delta},
        }
    }

    /// `"usage": null` in every chunk before the last, where the server does that.
    fn running_usage(&self) -> Option<Json> {
        match self.controls.usage {
            UsageMode::None => None,
            UsageMode::Continuous => {
                let so_far = Usage {
                    output: self.sent,
                    reasoning: 0,
                    ..self.answer.usage
                };
                Some(openai::usage(so_far, self.style))
            }
            UsageMode::Normal => (self.ask.usage_asked && self.style == Style::Openai).then_some(Json::Null),
        }
    }

    fn chunk(&mut self, choices: Json, usage: Option<Json>, kind: Kind) {
        // OpenAI pads chunks by chance, against readers of lengths.
        let length = self.envelope.rng.range(1, 12) as usize;
        let padding = Json::from(self.envelope.rng.id(length));
        let chunk = self
            .envelope
            .object("chat.completion.chunk", choices, usage, padding);
        self.events
            .push(sse(None, &chunk.write(openai::stream_format(self.style)), kind));
    }
}

struct Delta {
    body: Json,
    logprobs: Option<Json>,
    tokens: u64,
}

/// The deltas of all choices, one of each in turn.
fn interleaved(answer: &Answer, style: Style, with_logprobs: bool) -> Vec<(u32, Delta)> {
    let queue = |choice: &Choice| (choice.index, deltas(choice, style, with_logprobs).into_iter());
    let mut queues: Vec<(u32, std::vec::IntoIter<Delta>)> = answer.choices.iter().map(queue).collect();
    let mut all = Vec::new();
    loop {
        let before = all.len();
        for (index, queue) in &mut queues {
            all.extend(queue.next().map(|delta| (*index, delta)));
        }
        if all.len() == before {
            return all;
        }
    }
}

fn deltas(choice: &Choice, style: Style, with_logprobs: bool) -> Vec<Delta> {
    let plain = |body| Delta {
        body,
        logprobs: None,
        tokens: 1,
    };
    let reasoning = reasoning_key(style).map(|key| choice.reasoning.iter().map(move |piece| (key, piece)));
    let mut all: Vec<Delta> = reasoning
        .into_iter()
        .flatten()
        .map(|(key, piece)| plain(Json::Obj(vec![(key.into(), piece.into())])))
        .collect();
    all.extend(choice.text.iter().map(|piece| {
        let logprobs = with_logprobs.then(|| logprobs(std::slice::from_ref(piece)));
        Delta {
            body: obj! {"content": piece},
            logprobs,
            tokens: 1,
        }
    }));
    for (position, tool) in choice.tools.iter().enumerate() {
        all.extend(tool_deltas(position, tool, style));
    }
    all
}

/// The name comes first with empty arguments, then the arguments in pieces; Ollama sends a call whole.
fn tool_deltas(position: usize, tool: &ToolCall, style: Style) -> Vec<Delta> {
    let head = |arguments: &str| {
        let function = obj! {"name": &tool.name, "arguments": arguments};
        let id = call_id(tool, style);
        arr![obj! {"index": position, "id": id, "type": "function", "function": function}]
    };
    if style == Style::Ollama {
        let body = obj! {"content": "", "tool_calls": head(&tool.arguments())};
        return vec![Delta {
            body,
            logprobs: None,
            tokens: tool.arguments.len() as u64,
        }];
    }
    let opening = Delta {
        body: obj! {"tool_calls": head("")},
        logprobs: None,
        tokens: 0,
    };
    let piece = |piece: &String| {
        let call = obj! {"index": position, "function": obj! {"arguments": piece}};
        Delta {
            body: obj! {"tool_calls": arr![call]},
            logprobs: None,
            tokens: 1,
        }
    };
    std::iter::once(opening)
        .chain(tool.arguments.iter().map(piece))
        .collect()
}
