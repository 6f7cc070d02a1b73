//! Ollama's own chat and generate: NDJSON, streamed unless the request says otherwise.
//! <https://github.com/ollama/ollama/blob/main/docs/api.md>

use serde_json::Value;

use crate::controls::{Controls, UsageMode};
use crate::dialect::openai::JSON;
use crate::dialect::{
    Ask, Cache, Call, Dialect, Event, Failed, Kind, Operation, Page, Refusal, flag, join, model, texts,
};
use crate::json::{Escape, Format, Json, Layout};
use crate::script::{Answer, Choice, Finish, ToolCall};
use crate::{arr, obj};

/// `/api/chat`
pub struct OllamaChat;
/// `/api/generate`
pub struct OllamaGenerate;

/// Go's encoder.
pub const FORMAT: Format = Format {
    layout: Layout::Compact,
    escape: Escape::Go,
};
/// Nanoseconds that a token of each kind is said to take.
const PROMPT_NS: u64 = 1_200_000;
const OUTPUT_NS: u64 = 9_700_000;
const LOAD_NS: u64 = 21_300_000;

/// Where the two calls differ: in the request, and in how a piece is wrapped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Chat,
    Generate,
}

macro_rules! dialect {
    ($name:ident, $shape:expr) => {
        impl Dialect for $name {
            fn api(&self) -> &'static str {
                "ollama"
            }
            fn read(&self, call: Call<'_>) -> Result<Ask, Refusal> {
                read(call, $shape)
            }
            fn unary(&self, ask: &Ask, answer: &Answer, controls: &Controls) -> Page {
                unary(ask, answer, controls, $shape)
            }
            fn stream_type(&self, _: &Ask) -> &'static str {
                "application/x-ndjson"
            }
            fn stream(&self, ask: &Ask, answer: &Answer, controls: &Controls) -> Vec<Event> {
                stream(ask, answer, controls, $shape)
            }
            fn error(&self, refusal: &Refusal, _: &Failed<'_>) -> Page {
                error_page(refusal)
            }
            fn broken(&self, _: &Ask, _: &Answer, _: usize) -> Vec<Event> {
                let message = "an error was encountered while running the model: unexpected EOF";
                vec![line(&obj! {"error": message}, Kind::Closing)]
            }
            /// NDJSON has no comments.
            fn ping(&self, _: &Ask) -> Option<&'static [u8]> {
                None
            }
        }
    };
}
dialect!(OllamaChat, Shape::Chat);
dialect!(OllamaGenerate, Shape::Generate);

fn read(call: Call<'_>, shape: Shape) -> Result<Ask, Refusal> {
    let body = call.body;
    let model = model(&body).map_err(|_| Refusal::bad("model is required"))?;
    let (operation, keys): (_, &[&str]) = match shape {
        Shape::Chat => (Operation::Chat, &["tools", "format", "messages"]),
        Shape::Generate => (Operation::Completion, &["system", "template", "suffix", "prompt"]),
    };
    let names = body.get("tools").and_then(Value::as_array).into_iter().flatten();
    let names = names.filter_map(|tool| {
        tool.pointer("/function/name")
            .and_then(Value::as_str)
            .map(str::to_owned)
    });
    Ok(Ask {
        operation,
        cache: Cache::Silent,
        model,
        stream: flag(&body, "stream").unwrap_or(true),
        n: 1,
        // A negative num_predict means no limit.
        max_tokens: body.pointer("/options/num_predict").and_then(Value::as_u64),
        texts: texts(&body, keys),
        tools: names.collect(),
        usage_asked: true,
        body,
        ..Ask::default()
    })
}

pub fn error_page(refusal: &Refusal) -> Page {
    Page {
        content_type: "application/json; charset=utf-8",
        body: obj! {"error": &refusal.message}.write(FORMAT),
    }
}

pub fn created_at(answer: &Answer, token: u64) -> String {
    // 2025-10-09T08:53:20Z is 1 760 000 000; a day is enough for any answer.
    let seconds = answer.created - 1_760_000_000;
    let nanos = token * OUTPUT_NS + 123_456_789;
    let (seconds, nanos) = (seconds + nanos / 1_000_000_000, nanos % 1_000_000_000);
    let of_day = (8 * 3600 + 53 * 60 + 20 + seconds) % 86_400;
    format!(
        "2025-10-09T{:02}:{:02}:{:02}.{nanos:09}Z",
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60
    )
}

fn line(body: &Json, kind: Kind) -> Event {
    Event {
        bytes: format!("{}\n", body.write(FORMAT)).into_bytes(),
        kind,
    }
}

fn head(ask: &Ask, answer: &Answer, token: u64) -> Json {
    obj! {"model": &ask.model, "created_at": created_at(answer, token)}
}

/// Calls come whole, with arguments as an object.
fn calls(choice: &Choice) -> Vec<Json> {
    let call = |(index, tool): (usize, &ToolCall)| {
        let arguments: Value = serde_json::from_str(&tool.arguments()).unwrap_or_default();
        let function = obj! {"index": index, "name": &tool.name, "arguments": Json::from(&arguments)};
        obj! {"id": format!("call_{}", &tool.id[..8].to_lowercase()), "function": function}
    };
    choice.tools.iter().enumerate().map(call).collect()
}

/// One piece, or the whole, in the call's own wrapping.
fn said(shape: Shape, text: &str, thinking: Option<&str>, calls: Vec<Json>) -> Json {
    let calls = (!calls.is_empty()).then_some(calls);
    match shape {
        Shape::Chat => {
            let message = obj! {"role": "assistant", "content": text};
            obj! {"message": message.with_some("thinking", thinking).with_some("tool_calls", calls)}
        }
        Shape::Generate => obj! {"response": text}
            .with_some("thinking", thinking)
            .with_some("tool_calls", calls),
    }
}

/// The counters, which only the last object has.
fn counters(answer: &Answer, controls: &Controls) -> Json {
    if controls.usage == UsageMode::None {
        return obj! {};
    }
    let usage = answer.usage;
    let (prompt, output) = (usage.input * PROMPT_NS, usage.output * OUTPUT_NS);
    obj! {
        "total_duration": LOAD_NS + prompt + output + 1_731_000, "load_duration": LOAD_NS,
        "prompt_eval_count": usage.input, "prompt_eval_duration": prompt,
        "eval_count": usage.output, "eval_duration": output,
    }
}

fn end(shape: Shape, answer: &Answer, controls: &Controls) -> Json {
    // `done_reason` stays "stop" for tool calls too.
    let length = answer
        .choices
        .first()
        .is_some_and(|choice| choice.finish == Finish::Length);
    let end = obj! {"done": true, "done_reason": if length { "length" } else { "stop" }};
    let context = (shape == Shape::Generate).then(|| {
        let mut rng = answer.rng.clone();
        (0..(answer.usage.input + answer.usage.output).min(64))
            .map(|_| rng.range(1, 128_000))
            .collect::<Vec<u64>>()
    });
    join(end.with_some("context", context), counters(answer, controls))
}

fn unary(ask: &Ask, answer: &Answer, controls: &Controls, shape: Shape) -> Page {
    let mut body = head(ask, answer, answer.usage.output);
    if let Some(choice) = answer.choices.first() {
        let thinking = choice.reasoning();
        let thinking = (!thinking.is_empty()).then_some(thinking.as_str());
        body = join(body, said(shape, &choice.text(), thinking, calls(choice)));
    }
    Page {
        content_type: JSON,
        body: join(body, end(shape, answer, controls)).write(FORMAT),
    }
}

fn stream(ask: &Ask, answer: &Answer, controls: &Controls, shape: Shape) -> Vec<Event> {
    let mut events = Vec::new();
    let mut sent = 0;
    let mut push = |said: Json, tokens: u64| {
        let body = join(join(head(ask, answer, sent), said), obj! {"done": false});
        sent += tokens;
        events.push(line(&body, Kind::Delta { tokens }));
    };
    for choice in answer.choices.iter().take(1) {
        choice
            .reasoning
            .iter()
            .for_each(|piece| push(said(shape, "", Some(piece), Vec::new()), 1));
        choice
            .text
            .iter()
            .for_each(|piece| push(said(shape, piece, None, Vec::new()), 1));
        for (call, tool) in calls(choice).into_iter().zip(&choice.tools) {
            push(said(shape, "", None, vec![call]), tool.arguments.len() as u64);
        }
    }
    let last = join(
        head(ask, answer, answer.usage.output),
        said(shape, "", None, Vec::new()),
    );
    events.push(line(&join(last, end(shape, answer, controls)), Kind::Terminal));
    events
}

/// `/api/tags`: what is installed.
pub fn tags(models: &[String]) -> Json {
    let details = obj! {
        "parent_model": "", "format": "gguf", "family": "llama", "families": arr!["llama"],
        "parameter_size": "8.0B", "quantization_level": "Q4_K_M",
    };
    let model = |name: &String| {
        let digest = crate::rng::Rng::from_parts(0, [name.as_bytes()]).hex(64);
        obj! {
            "name": name, "model": name, "modified_at": "2025-10-09T08:53:20.123456789Z",
            "size": 4_920_753_328_u64, "digest": digest, "details": details.clone(),
        }
    };
    obj! {"models": models.iter().map(model).collect::<Vec<_>>()}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::testing::{refused, told};

    const CHAT: &str = r#"{"model":"llama3","messages":[{"role":"user","content":"hi"}]}"#;

    #[test]
    fn it_streams_unless_told_not_to() {
        let told = told(&OllamaChat, "/api/chat", CHAT, "out=3;reason=1;tool=1");
        assert!(told.ask.stream);
        let lines = told.lines();
        let (last, others) = lines.split_last().unwrap();
        assert!(
            others
                .iter()
                .all(|line| line["done"] == false && line.get("eval_count").is_none())
        );
        assert_eq!(last["eval_count"], told.answer.usage.output);
        assert_eq!(last["prompt_eval_count"], told.answer.usage.input);
        assert_eq!(last["done_reason"], "stop");
        let call = others
            .iter()
            .find(|line| line["message"]["tool_calls"].is_array())
            .unwrap();
        assert!(call["message"]["tool_calls"][0]["function"]["arguments"].is_object());
        assert_eq!(told.delta_tokens(), told.answer.usage.output);
    }

    #[test]
    fn generate_has_a_context_and_go_escapes() {
        let body = r#"{"model":"llama3","prompt":"hi","stream":false}"#;
        let told = told(&OllamaGenerate, "/api/generate", body, "say=%3Cb%3E");
        assert!(!told.ask.stream);
        assert!(told.wire().contains("\\u003c"));
        assert!(told.unary()["context"].is_array());
        assert_eq!(told.unary()["response"], "<b>");
    }

    #[test]
    fn it_says_no_in_one_string() {
        assert_eq!(refused(&OllamaChat, 404, "/")["error"], "no");
        assert!(told(&OllamaChat, "/", CHAT, "").broken()[0]["error"].is_string());
    }
}
