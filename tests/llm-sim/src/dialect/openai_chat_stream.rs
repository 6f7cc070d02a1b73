//! Chat completions as a stream of chunks.
//! <https://platform.openai.com/docs/api-reference/chat-streaming>

use crate::controls::{Controls, Style, UsageMode};
use crate::dialect::openai;
use crate::dialect::openai_chat::{Envelope, call_id, finish_reason, logprobs, reasoning_key};
use crate::dialect::{Ask, Event, Kind, join, sse};
use crate::json::Json;
use crate::script::{Answer, Choice, ToolCall, Usage};
use crate::{arr, obj};

/// A role first, then the deltas of all choices in turn, the finish reasons, the usage if asked, and `[DONE]`.
pub fn events(ask: &Ask, answer: &Answer, controls: &Controls) -> Vec<Event> {
    Stream::new(ask, answer, controls).events()
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
        if self.usage_follows() {
            self.last_usage();
        }
        // transformers just ends.
        if self.style != Style::Transformers {
            self.events.push(openai::done());
        }
        self.events
    }

    fn usage_follows(&self) -> bool {
        let asked = match self.controls.usage {
            UsageMode::Normal => self.ask.usage_asked,
            UsageMode::Continuous => true,
            UsageMode::None => false,
        };
        asked && self.style != Style::Transformers
    }

    /// The chunk of its own that `include_usage` asks for.
    fn last_usage(&mut self) {
        // LiteLLM's is the one whose choices are not empty.
        let choices = match self.style {
            Style::Litellm => arr![obj! {"index": 0, "delta": obj! {}}],
            Style::Openai | Style::Vllm | Style::Ollama | Style::Llamacpp | Style::Transformers => arr![],
        };
        let usage = openai::usage(self.answer.usage, self.style);
        self.last_chunk(choices, Some(usage));
    }

    /// llama-server adds its own counters to its last chunk, asked or not.
    fn timings(&self) -> Option<Json> {
        let usage = self.answer.usage;
        let fresh = usage.input - usage.cached;
        (self.style == Style::Llamacpp && self.controls.usage != UsageMode::None).then(|| {
            obj! {
                "cache_n": usage.cached, "prompt_n": fresh, "prompt_ms": fresh as f64 * 1.25,
                "predicted_n": usage.output, "predicted_ms": usage.output as f64 * 2.5,
            }
        })
    }

    fn wants_logprobs(&self) -> bool {
        self.ask.logprobs || self.controls.logprobs
    }

    fn open(&mut self, choice: &Choice) {
        let delta = match self.style {
            Style::Openai => obj! {"role": "assistant", "content": "", "refusal": Json::Null},
            Style::Vllm | Style::Transformers => obj! {"role": "assistant", "content": ""},
            Style::Llamacpp => obj! {"role": "assistant", "content": Json::Null},
            // Their first chunks have text.
            Style::Ollama | Style::Litellm => return,
        };
        let cell = self.cell(choice.index, delta, None, None);
        let usage = self.running_usage();
        self.chunk(arr![cell], usage, Kind::Opening);
    }

    fn delta(&mut self, index: u32, body: Json, logprobs: Option<Json>, tokens: u64) {
        self.sent += tokens;
        let body = match self.style {
            // The role is in every delta.
            Style::Ollama => join(obj! {"role": "assistant"}, body),
            Style::Litellm if self.events.is_empty() => join(obj! {"role": "assistant"}, body),
            Style::Openai | Style::Vllm | Style::Llamacpp | Style::Litellm | Style::Transformers => body,
        };
        let cell = self.cell(index, body, logprobs, None);
        let usage = self.running_usage();
        self.chunk(arr![cell], usage, Kind::Delta { tokens });
    }

    fn close(&mut self, choice: &Choice) {
        let body = match self.style {
            Style::Ollama => obj! {"role": "assistant", "content": ""},
            Style::Vllm => obj! {"content": ""},
            Style::Openai | Style::Llamacpp | Style::Litellm | Style::Transformers => obj! {},
        };
        let cell = self.cell(choice.index, body, None, Some(finish_reason(choice.finish)));
        let last = self
            .answer
            .choices
            .last()
            .is_some_and(|last| last.index == choice.index);
        // transformers puts the usage here, asked or not.
        let usage = match (self.style, self.controls.usage) {
            (Style::Transformers, UsageMode::Normal) if last => {
                Some(openai::usage(self.answer.usage, self.style))
            }
            _ => self.running_usage(),
        };
        if last && !self.usage_follows() {
            self.last_chunk(arr![cell], usage);
        } else {
            self.chunk(arr![cell], usage, Kind::Closing);
        }
    }

    fn cell(&self, index: u32, delta: Json, logprobs: Option<Json>, finish: Option<&str>) -> Json {
        match self.style {
            Style::Openai | Style::Vllm => {
                obj! {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
            }
            Style::Ollama | Style::Litellm | Style::Transformers => {
                obj! {"index": index, "delta": delta, "finish_reason": finish}
            }
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
        self.push(choices, usage, None, kind);
    }

    /// The last chunk before `[DONE]`.
    fn last_chunk(&mut self, choices: Json, usage: Option<Json>) {
        self.push(choices, usage, self.timings(), Kind::Closing);
    }

    fn push(&mut self, choices: Json, usage: Option<Json>, timings: Option<Json>, kind: Kind) {
        // OpenAI pads chunks by chance, against readers of lengths.
        let length = self.envelope.rng.range(1, 12) as usize;
        let padding = Json::from(self.envelope.rng.id(length));
        let chunk = self
            .envelope
            .object("chat.completion.chunk", choices, usage, padding);
        let chunk = chunk
            .with_some("timings", timings)
            .write(openai::stream_format(self.style));
        self.events.push(sse(None, &chunk, kind));
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
