//! OpenAI's older completions, which vLLM and llama-server still serve.
//! <https://platform.openai.com/docs/api-reference/completions>

use serde_json::Value;

use crate::controls::{Controls, Style, UsageMode};
use crate::dialect::openai::{self, JSON, SSE};
use crate::dialect::{
    Ask, Cache, Call, Dialect, Event, Failed, Kind, Operation, Page, Refusal, flag, ids, model, number, sse,
    texts,
};
use crate::json::Json;
use crate::script::{Answer, Choice, Finish, Usage};
use crate::{arr, obj};

pub struct OpenaiCompletions;

/// Choices over all prompts of a request.
const MAX_CHOICES: u64 = 256;

impl Dialect for OpenaiCompletions {
    fn api(&self) -> &'static str {
        "openai_completions"
    }

    fn read(&self, call: Call<'_>) -> Result<Ask, Refusal> {
        let body = call.body;
        let model = model(&body)?;
        let prompts = prompts(&body).ok_or_else(|| Refusal::bad("Missing required parameter: 'prompt'."))?;
        Ok(Ask {
            operation: Operation::Completion,
            cache: Cache::ReadsAndWrites,
            model,
            stream: flag(&body, "stream") == Some(true),
            framing: None,
            n: (number(&body, "n").unwrap_or(1).max(1) * prompts).min(MAX_CHOICES) as u32,
            max_tokens: number(&body, "max_tokens"),
            texts: texts(&body, &["suffix", "prompt"]),
            ids: ids(&body, "prompt"),
            tools: Vec::new(),
            usage_asked: openai::usage_asked(&body),
            logprobs: number(&body, "logprobs").is_some(),
            body,
        })
    }

    fn unary(&self, ask: &Ask, answer: &Answer, controls: &Controls) -> Page {
        let style = openai::style(controls);
        let with_logprobs = ask.logprobs || controls.logprobs;
        let choice = |choice: &Choice| {
            let logprobs = with_logprobs.then(|| logprobs(&choice.text));
            cell(
                choice.index,
                &choice.text(),
                logprobs,
                Some(finish_reason(choice.finish)),
                style,
            )
        };
        let choices = answer.choices.iter().map(choice).collect::<Vec<_>>();
        let usage = (controls.usage != UsageMode::None).then(|| openai::usage(answer.usage, style));
        let body = object(ask, answer, choices.into(), usage);
        Page {
            content_type: JSON,
            body: body.write(openai::unary_format(style)),
        }
    }

    fn stream_type(&self, _: &Ask) -> &'static str {
        SSE
    }

    fn stream(&self, ask: &Ask, answer: &Answer, controls: &Controls) -> Vec<Event> {
        let stream = Stream {
            ask,
            answer,
            controls,
            style: openai::style(controls),
            sent: 0,
            events: Vec::new(),
        };
        stream.events()
    }

    fn error(&self, refusal: &Refusal, _: &Failed<'_>) -> Page {
        openai::error_page(refusal)
    }

    fn broken(&self, _: &Ask, _: &Answer, _: usize) -> Vec<Event> {
        openai::broken_chunk()
    }

    fn ping(&self, _: &Ask) -> Option<&'static [u8]> {
        Some(b": keep-alive\n\n")
    }
}

/// How many prompts: a string or a list of ids is one, a list of those is as many.
fn prompts(body: &Value) -> Option<u64> {
    match body.get("prompt")? {
        Value::String(_) => Some(1),
        Value::Array(items) if items.iter().all(Value::is_number) => Some(1),
        Value::Array(items) => Some(items.len() as u64),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

/// This API knows no tools: whatever is left stops.
fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::Tools => "stop",
        Finish::Length => "length",
    }
}

fn logprobs(pieces: &[String]) -> Json {
    let offsets = pieces.iter().scan(0, |offset, piece| {
        let here = *offset;
        *offset += piece.chars().count();
        Some(here)
    });
    obj! {
        "tokens": pieces.to_vec(), "token_logprobs": pieces.iter().map(|_| Json::from(-0.25)).collect::<Vec<_>>(),
        "top_logprobs": Json::Null, "text_offset": offsets.collect::<Vec<usize>>(),
    }
}

fn cell(index: u32, text: &str, logprobs: Option<Json>, finish: Option<&str>, style: Style) -> Json {
    match style {
        Style::Openai | Style::Ollama | Style::Litellm | Style::Transformers => {
            obj! {"text": text, "index": index, "logprobs": logprobs, "finish_reason": finish}
        }
        Style::Vllm => obj! {
            "index": index, "text": text, "logprobs": logprobs, "finish_reason": finish, "stop_reason": Json::Null,
        },
        Style::Llamacpp => obj! {"text": text, "index": index, "logprobs": logprobs, "finish_reason": finish},
    }
}

fn object(ask: &Ask, answer: &Answer, choices: Json, usage: Option<Json>) -> Json {
    let id = format!("cmpl-{}", answer.rng.clone().id(29));
    let head = obj! {"id": id, "object": "text_completion", "created": answer.created, "model": &ask.model};
    head.with("choices", choices).with_some("usage", usage)
}

struct Stream<'a> {
    ask: &'a Ask,
    answer: &'a Answer,
    controls: &'a Controls,
    style: Style,
    sent: u64,
    events: Vec<Event>,
}

impl Stream<'_> {
    fn events(mut self) -> Vec<Event> {
        let answer = self.answer;
        let longest = answer
            .choices
            .iter()
            .map(|choice| choice.text.len())
            .max()
            .unwrap_or(0);
        // Reasoning is not shown here, but it is produced and paid for.
        let mut hidden =
            answer.usage.output - answer.choices.iter().map(|c| c.text.len() as u64).sum::<u64>();
        for position in 0..longest {
            for choice in &answer.choices {
                if let Some(piece) = choice.text.get(position) {
                    let logprobs = (self.ask.logprobs || self.controls.logprobs)
                        .then(|| logprobs(std::slice::from_ref(piece)));
                    self.chunk(
                        choice.index,
                        piece,
                        logprobs,
                        None,
                        1 + std::mem::take(&mut hidden),
                    );
                }
            }
        }
        for choice in &answer.choices {
            let cell = cell(
                choice.index,
                "",
                None,
                Some(finish_reason(choice.finish)),
                self.style,
            );
            self.push(arr![cell], self.running_usage(), Kind::Closing);
        }
        let asked = self.ask.usage_asked || self.controls.usage == UsageMode::Continuous;
        if asked && self.controls.usage != UsageMode::None {
            self.push(
                arr![],
                Some(openai::usage(answer.usage, self.style)),
                Kind::Closing,
            );
        }
        self.events.push(openai::done());
        self.events
    }

    fn chunk(&mut self, index: u32, piece: &str, logprobs: Option<Json>, finish: Option<&str>, tokens: u64) {
        self.sent += tokens;
        let cell = cell(index, piece, logprobs, finish, self.style);
        self.push(arr![cell], self.running_usage(), Kind::Delta { tokens });
    }

    fn running_usage(&self) -> Option<Json> {
        match self.controls.usage {
            UsageMode::None => None,
            UsageMode::Continuous => Some(openai::usage(
                Usage {
                    output: self.sent,
                    reasoning: 0,
                    ..self.answer.usage
                },
                self.style,
            )),
            UsageMode::Normal => (self.ask.usage_asked && self.style == Style::Openai).then_some(Json::Null),
        }
    }

    fn push(&mut self, choices: Json, usage: Option<Json>, kind: Kind) {
        let chunk = object(self.ask, self.answer, choices, usage);
        self.events
            .push(sse(None, &chunk.write(openai::stream_format(self.style)), kind));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::testing::told;

    #[test]
    fn every_prompt_has_its_choices() {
        let body =
            r#"{"model":"m","prompt":["a","b"],"n":2,"stream":true,"stream_options":{"include_usage":true}}"#;
        let told = told(&OpenaiCompletions, "/v1/completions", body, "out=3;reason=2");
        assert_eq!(told.unary()["choices"].as_array().unwrap().len(), 4);
        assert_eq!(
            told.data().last().unwrap()["usage"]["completion_tokens"],
            3 * 4 + 2
        );
        assert_eq!(told.delta_tokens(), 14);
    }

    #[test]
    fn ids_are_counted_as_tokens() {
        let told = told(
            &OpenaiCompletions,
            "/v1/completions",
            r#"{"model":"m","prompt":[1,2,3]}"#,
            "out=1",
        );
        assert_eq!(told.answer.usage.input, 3);
    }
}
