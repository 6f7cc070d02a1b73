//! Anthropic messages and token counting.
//! <https://docs.anthropic.com/en/api/messages>, <https://docs.anthropic.com/en/api/messages-count-tokens>

use serde_json::Value;

use crate::controls::{Controls, Style, UsageMode};
use crate::dialect::openai::JSON;
use crate::dialect::{
    Ask, Cache, Call, Dialect, Event, Failed, Kind, Operation, Page, Refusal, anthropic_stream, flag, model,
    number, sse, texts,
};
use crate::json::{Escape, Format, Json, Layout};
use crate::obj;
use crate::script::{Answer, Choice, Finish, ToolCall, Usage};

pub struct AnthropicMessages;
pub struct AnthropicCountTokens;

/// Compact JSON; LiteLLM-like servers space it and escape all but ASCII.
pub fn format(controls: &Controls) -> Format {
    match controls.style {
        None | Some(Style::Openai | Style::Vllm | Style::Llamacpp | Style::Transformers) => Format::COMPACT,
        Some(Style::Litellm) => Format {
            layout: Layout::Spaced,
            escape: Escape::Ascii,
        },
        Some(Style::Ollama) => Format {
            layout: Layout::Compact,
            escape: Escape::Go,
        },
    }
}

fn read(call: Call<'_>, operation: Operation) -> Result<Ask, Refusal> {
    let body = call.body;
    let model = model(&body).map_err(|_| Refusal::bad("model: Field required"))?;
    if !body.get("messages").is_some_and(Value::is_array) {
        return Err(Refusal::bad("messages: Field required"));
    }
    let counting = operation == Operation::CountTokens;
    let max_tokens = number(&body, "max_tokens");
    if max_tokens.is_none() && !counting {
        return Err(Refusal::bad("max_tokens: Field required"));
    }
    let names = body.get("tools").and_then(Value::as_array).into_iter().flatten();
    let names = names.filter_map(|tool| tool.get("name").and_then(Value::as_str).map(str::to_owned));
    Ok(Ask {
        operation,
        cache: Cache::ReadsAndWrites,
        model,
        stream: !counting && flag(&body, "stream") == Some(true),
        n: if counting { 0 } else { 1 },
        max_tokens,
        texts: texts(&body, &["tools", "system", "messages"]),
        tools: names.collect(),
        // Usage is always there.
        usage_asked: true,
        body,
        ..Ask::default()
    })
}

impl Dialect for AnthropicMessages {
    fn api(&self) -> &'static str {
        "anthropic_messages"
    }

    fn read(&self, call: Call<'_>) -> Result<Ask, Refusal> {
        read(call, Operation::Chat)
    }

    fn unary(&self, ask: &Ask, answer: &Answer, controls: &Controls) -> Page {
        let choice = answer.choices.first();
        let content = choice.map(|choice| blocks(choice, answer)).unwrap_or_default();
        let reason = choice.map(|choice| stop_reason(choice.finish));
        let usage =
            (controls.usage != UsageMode::None).then(|| full_usage(answer.usage, answer.usage.output));
        let body = message(ask, answer, content.into(), reason, usage);
        Page {
            content_type: JSON,
            body: body.write(format(controls)),
        }
    }

    fn stream_type(&self, _: &Ask) -> &'static str {
        "text/event-stream; charset=utf-8"
    }

    fn stream(&self, ask: &Ask, answer: &Answer, controls: &Controls) -> Vec<Event> {
        anthropic_stream::events(ask, answer, controls)
    }

    fn error(&self, refusal: &Refusal, failed: &Failed<'_>) -> Page {
        error_page(refusal, failed)
    }

    fn broken(&self, _: &Ask, _: &Answer, _: usize) -> Vec<Event> {
        let error = obj! {"type": "overloaded_error", "message": "Overloaded"};
        let body = obj! {"type": "error", "error": error};
        vec![sse(
            Some("error"),
            &body.write(Format {
                layout: Layout::Spaced,
                escape: Escape::Minimal,
            }),
            Kind::Closing,
        )]
    }

    fn ping(&self, _: &Ask) -> Option<&'static [u8]> {
        Some(b"event: ping\ndata: {\"type\": \"ping\"}\n\n")
    }
}

impl Dialect for AnthropicCountTokens {
    fn api(&self) -> &'static str {
        "anthropic_messages"
    }

    fn read(&self, call: Call<'_>) -> Result<Ask, Refusal> {
        read(call, Operation::CountTokens)
    }

    fn unary(&self, _: &Ask, answer: &Answer, controls: &Controls) -> Page {
        Page {
            content_type: JSON,
            body: obj! {"input_tokens": answer.usage.input}.write(format(controls)),
        }
    }

    fn stream_type(&self, _: &Ask) -> &'static str {
        JSON
    }

    /// Counting is never streamed.
    fn stream(&self, _: &Ask, _: &Answer, _: &Controls) -> Vec<Event> {
        Vec::new()
    }

    fn error(&self, refusal: &Refusal, failed: &Failed<'_>) -> Page {
        error_page(refusal, failed)
    }

    fn broken(&self, _: &Ask, _: &Answer, _: usize) -> Vec<Event> {
        Vec::new()
    }

    fn ping(&self, _: &Ask) -> Option<&'static [u8]> {
        None
    }
}

/// <https://docs.anthropic.com/en/api/errors>
fn error_page(refusal: &Refusal, failed: &Failed<'_>) -> Page {
    let kind = match refusal.status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        status if status < 500 => "invalid_request_error",
        _ => "api_error",
    };
    let error = obj! {"type": kind, "message": &refusal.message};
    let body = obj! {"type": "error", "error": error, "request_id": failed.request_id};
    Page {
        content_type: JSON,
        body: body.write(Format::COMPACT),
    }
}

pub fn stop_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::Tools => "tool_use",
    }
}

/// `input_tokens` is what was neither read from the cache nor written to it.
/// <https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching#tracking-cache-performance>
pub fn full_usage(usage: Usage, output: u64) -> Json {
    let creation = obj! {
        "ephemeral_5m_input_tokens": usage.cache_write_5m, "ephemeral_1h_input_tokens": usage.cache_write_1h,
    };
    obj! {
        "input_tokens": usage.uncached(),
        "cache_creation_input_tokens": usage.cache_creation(),
        "cache_read_input_tokens": usage.cached,
        "cache_creation": creation,
        "output_tokens": output,
    }
    .with_some("output_tokens_details", thinking(usage, output))
    .with("service_tier", "standard")
}

/// How much of the output was thinking, once there is any.
pub fn thinking(usage: Usage, output: u64) -> Option<Json> {
    let tokens = usage.reasoning.min(output);
    (usage.reasoning > 0 && output > 1).then(|| obj! {"thinking_tokens": tokens})
}

/// Anthropic itself, not a server that speaks its API.
pub fn genuine(controls: &Controls) -> bool {
    matches!(controls.style, None | Some(Style::Openai))
}

pub fn message(ask: &Ask, answer: &Answer, content: Json, reason: Option<&str>, usage: Option<Json>) -> Json {
    obj! {
        "model": &ask.model,
        "id": format!("msg_01{}", answer.rng.clone().id(22)),
        "type": "message",
        "role": "assistant",
        "content": content,
        "stop_reason": reason,
        "stop_sequence": Json::Null,
    }
    .with_some("usage", usage)
}

/// An opaque signature, as long as real ones are.
pub fn signature(answer: &Answer) -> String {
    format!("{}==", answer.rng.clone().id(342))
}

pub fn tool_id(tool: &ToolCall) -> String {
    format!("toolu_01{}", &tool.id[..22])
}

fn blocks(choice: &Choice, answer: &Answer) -> Vec<Json> {
    let mut blocks = Vec::new();
    if !choice.reasoning.is_empty() {
        let signature = signature(answer);
        blocks.push(obj! {"type": "thinking", "thinking": choice.reasoning(), "signature": signature});
    }
    if !choice.text.is_empty() {
        blocks.push(obj! {"type": "text", "text": choice.text()});
    }
    for tool in &choice.tools {
        let input: Value = serde_json::from_str(&tool.arguments()).unwrap_or_default();
        blocks.push(
            obj! {"type": "tool_use", "id": tool_id(tool), "name": &tool.name, "input": Json::from(&input)},
        );
    }
    blocks
}
