//! OpenAI responses.
//! <https://platform.openai.com/docs/api-reference/responses>

use serde_json::Value;

use crate::controls::{Controls, Style, UsageMode};
use crate::dialect::openai::{self, JSON, SSE};
use crate::dialect::{
    Ask, Cache, Call, Dialect, Event, Failed, Kind, Operation, Page, Refusal, flag, join, model, number,
    responses_stream, sse, texts,
};
use crate::json::{Format, Json};
use crate::rng::Rng;
use crate::script::{Answer, Choice, Finish, ToolCall, Usage};
use crate::{arr, obj};

pub struct OpenaiResponses;

impl Dialect for OpenaiResponses {
    fn api(&self) -> &'static str {
        "openai_responses"
    }

    fn read(&self, call: Call<'_>) -> Result<Ask, Refusal> {
        let body = call.body;
        let model = model(&body)?;
        if !body
            .get("input")
            .is_some_and(|input| input.is_string() || input.is_array())
        {
            return Err(Refusal::bad("Missing required parameter: 'input'."));
        }
        let names = body.get("tools").and_then(Value::as_array).into_iter().flatten();
        let names = names.filter_map(|tool| tool.get("name").and_then(Value::as_str).map(str::to_owned));
        Ok(Ask {
            operation: Operation::Chat,
            cache: Cache::ReadsAndWrites,
            model,
            stream: flag(&body, "stream") == Some(true),
            n: 1,
            max_tokens: number(&body, "max_output_tokens"),
            texts: texts(&body, &["tools", "text", "instructions", "input"]),
            tools: names.collect(),
            usage_asked: true,
            body,
            ..Ask::default()
        })
    }

    fn unary(&self, ask: &Ask, answer: &Answer, controls: &Controls) -> Page {
        let style = openai::style(controls);
        let envelope = Envelope::new(ask, answer);
        let items = Items::new(ask, answer, style).done(ask, controls);
        let body = envelope.finished(items, controls);
        Page {
            content_type: JSON,
            body: body.write(openai::unary_format(style)),
        }
    }

    fn stream_type(&self, _: &Ask) -> &'static str {
        SSE
    }

    fn stream(&self, ask: &Ask, answer: &Answer, controls: &Controls) -> Vec<Event> {
        responses_stream::events(ask, answer, controls)
    }

    fn error(&self, refusal: &Refusal, _: &Failed<'_>) -> Page {
        openai::error_page(refusal)
    }

    /// An error event, then the response as failed.
    fn broken(&self, ask: &Ask, answer: &Answer, sent: usize) -> Vec<Event> {
        let message = "The server had an error while processing your request.";
        let error =
            obj! {"type": "server_error", "code": "server_error", "message": message, "param": Json::Null};
        let first = obj! {"type": "error", "sequence_number": sent, "error": error};
        let failure = obj! {"code": "server_error", "message": message};
        let response = Envelope::new(ask, answer).object("failed", failure, Json::Null, arr![], None);
        let second = obj! {"type": "response.failed", "sequence_number": sent + 1, "response": response};
        vec![
            sse(Some("error"), &first.write(Format::COMPACT), Kind::Closing),
            sse(
                Some("response.failed"),
                &second.write(Format::COMPACT),
                Kind::Closing,
            ),
        ]
    }

    fn ping(&self, _: &Ask) -> Option<&'static [u8]> {
        Some(b": keep-alive\n\n")
    }
}

/// <https://platform.openai.com/docs/api-reference/responses/object#responses/object-usage>
pub fn usage(usage: Usage) -> Json {
    obj! {
        "input_tokens": usage.input,
        "input_tokens_details": obj! {
            "cached_tokens": usage.cached, "cache_write_tokens": usage.cache_creation(),
        },
        "output_tokens": usage.output,
        "output_tokens_details": obj! {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.total(),
    }
}

/// The response object around the items.
pub struct Envelope<'a> {
    ask: &'a Ask,
    answer: &'a Answer,
    id: String,
}

impl<'a> Envelope<'a> {
    pub fn new(ask: &'a Ask, answer: &'a Answer) -> Self {
        Self {
            ask,
            answer,
            id: format!("resp_{}", answer.rng.clone().hex(48)),
        }
    }

    pub fn object(
        &self,
        status: &str,
        error: Json,
        incomplete: Json,
        items: Json,
        usage: Option<Json>,
    ) -> Json {
        let head = obj! {
            "id": &self.id, "object": "response", "created_at": self.answer.created, "status": status,
            "background": false, "error": error, "incomplete_details": incomplete,
            "instructions": self.echo("instructions", Json::Null),
            "max_output_tokens": self.echo("max_output_tokens", Json::Null), "max_tool_calls": Json::Null,
            "model": &self.ask.model, "output": items,
            "parallel_tool_calls": self.echo("parallel_tool_calls", true.into()),
            "previous_response_id": self.echo("previous_response_id", Json::Null), "prompt_cache_key": Json::Null,
        };
        let reasoning = self.echo("reasoning", obj! {"effort": Json::Null, "summary": Json::Null});
        let text = self.echo(
            "text",
            obj! {"format": obj! {"type": "text"}, "verbosity": "medium"},
        );
        let tail = obj! {
            "reasoning": reasoning, "safety_identifier": Json::Null,
            "service_tier": if usage.is_some() { "default" } else { "auto" },
            "store": self.echo("store", true.into()), "temperature": self.echo("temperature", 1.0.into()),
            "text": text, "tool_choice": self.echo("tool_choice", "auto".into()),
            "tools": self.echo("tools", arr![]), "top_logprobs": 0, "top_p": self.echo("top_p", 1.0.into()),
            "truncation": self.echo("truncation", "disabled".into()), "usage": usage, "user": Json::Null,
            "metadata": self.echo("metadata", obj! {}),
        };
        join(head, tail)
    }

    /// The object at the end, with the whole output again.
    pub fn finished(&self, items: Vec<Json>, controls: &Controls) -> Json {
        let usage = (controls.usage != UsageMode::None).then(|| usage(self.answer.usage));
        match self.finish() {
            Finish::Length => {
                let details = obj! {"reason": "max_output_tokens"};
                self.object("incomplete", Json::Null, details, items.into(), usage)
            }
            Finish::Stop | Finish::Tools => {
                self.object("completed", Json::Null, Json::Null, items.into(), usage)
            }
        }
    }

    pub fn finish(&self) -> Finish {
        self.answer
            .choices
            .first()
            .map_or(Finish::Stop, |choice| choice.finish)
    }

    /// What the request set, said back.
    fn echo(&self, key: &str, otherwise: Json) -> Json {
        self.ask
            .body
            .get(key)
            .filter(|value| !value.is_null())
            .map_or(otherwise, Json::from)
    }
}

/// How much of the reasoning is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Nothing,
    /// OpenAI, when the request asks for it.
    Summary,
    /// Open models.
    Text,
}

/// The output items of an answer, and their ids.
pub struct Items<'a> {
    pub choice: &'a Choice,
    pub shown: Shown,
    pub reasoning_id: String,
    pub message_id: String,
    pub call_ids: Vec<String>,
}

impl<'a> Items<'a> {
    pub fn new(ask: &Ask, answer: &'a Answer, style: Style) -> Self {
        // An answer to this API has one choice, as read() asked.
        let choice = &answer.choices[0];
        let asked = ask
            .body
            .pointer("/reasoning/summary")
            .is_some_and(Value::is_string);
        let shown = match style {
            Style::Openai if asked => Shown::Summary,
            Style::Openai => Shown::Nothing,
            Style::Vllm | Style::Ollama | Style::Llamacpp | Style::Litellm | Style::Transformers => {
                Shown::Text
            }
        };
        let mut rng = answer.rng.clone();
        let _ = rng.next();
        let mut id = |prefix: &str| format!("{prefix}_{}", rng.hex(48));
        Self {
            choice,
            shown,
            reasoning_id: id("rs"),
            message_id: id("msg"),
            call_ids: choice.tools.iter().map(|_| id("fc")).collect(),
        }
    }

    pub fn has_message(&self) -> bool {
        !self.choice.text.is_empty() || self.choice.tools.is_empty()
    }

    pub fn done(&self, ask: &Ask, controls: &Controls) -> Vec<Json> {
        let mut items = Vec::new();
        if !self.choice.reasoning.is_empty() {
            items.push(self.reasoning(&self.choice.reasoning()));
        }
        if self.has_message() {
            let logprobs = output_logprobs(ask, controls, &self.choice.text);
            let part = text_part(&self.choice.text(), logprobs);
            let cut = self.choice.finish == Finish::Length;
            items.push(self.message(if cut { "incomplete" } else { "completed" }, vec![part]));
        }
        items.extend(
            self.choice
                .tools
                .iter()
                .zip(&self.call_ids)
                .map(|(tool, id)| call(tool, id, &tool.arguments(), "completed")),
        );
        items
    }

    pub fn reasoning(&self, text: &str) -> Json {
        let summary = match self.shown {
            Shown::Summary if !text.is_empty() => arr![obj! {"type": "summary_text", "text": text}],
            Shown::Summary | Shown::Nothing | Shown::Text => arr![],
        };
        let content = (self.shown == Shown::Text && !text.is_empty())
            .then(|| arr![obj! {"type": "reasoning_text", "text": text}]);
        obj! {"id": &self.reasoning_id, "type": "reasoning", "summary": summary}.with_some("content", content)
    }

    pub fn message(&self, status: &str, content: Vec<Json>) -> Json {
        obj! {
            "id": &self.message_id, "type": "message", "status": status, "content": content, "role": "assistant",
        }
    }
}

pub fn text_part(text: &str, logprobs: Vec<Json>) -> Json {
    obj! {"type": "output_text", "annotations": arr![], "logprobs": logprobs, "text": text}
}

pub fn call(tool: &ToolCall, id: &str, arguments: &str, status: &str) -> Json {
    obj! {
        "id": id, "type": "function_call", "status": status, "arguments": arguments,
        "call_id": format!("call_{}", tool.id), "name": &tool.name,
    }
}

/// Asked for by `include: ["message.output_text.logprobs"]`.
pub fn output_logprobs(ask: &Ask, controls: &Controls, pieces: &[String]) -> Vec<Json> {
    let included = ask.body.get("include").and_then(Value::as_array);
    let asked = included.is_some_and(|list| list.iter().any(|name| name == "message.output_text.logprobs"));
    if !asked && !controls.logprobs {
        return Vec::new();
    }
    let token = |piece: &String| {
        let logprob = -(Rng::from_parts(0, [piece.as_bytes()]).range(1, 4000) as f64) / 1000.0;
        let bytes = piece.bytes().collect::<Vec<u8>>();
        obj! {"token": piece, "bytes": bytes, "logprob": logprob, "top_logprobs": arr![]}
    };
    pieces.iter().map(token).collect()
}
