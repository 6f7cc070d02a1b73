//! What OpenAI's APIs share: styles of the servers that speak them, usage objects and error objects.

use serde_json::Value;

use crate::controls::{Controls, Style};
use crate::dialect::{Event, Kind, Page, Refusal, sse};
use crate::json::{Escape, Format, Json, Layout};
use crate::obj;
use crate::script::Usage;

pub const JSON: &str = "application/json";
pub const SSE: &str = "text/event-stream; charset=utf-8";

pub fn style(controls: &Controls) -> Style {
    controls.style.unwrap_or(Style::Openai)
}

/// How a unary body is laid out: OpenAI indents, the others do not.
pub fn unary_format(style: Style) -> Format {
    match style {
        Style::Openai => Format::PRETTY,
        Style::Vllm | Style::Llamacpp | Style::Litellm | Style::Transformers => Format::COMPACT,
        Style::Ollama => stream_format(style),
    }
}

pub fn stream_format(style: Style) -> Format {
    match style {
        Style::Openai | Style::Vllm | Style::Llamacpp | Style::Litellm | Style::Transformers => {
            Format::COMPACT
        }
        Style::Ollama => Format {
            layout: Layout::Compact,
            escape: Escape::Go,
        },
    }
}

/// The `usage` of chat completions and completions.
/// <https://platform.openai.com/docs/api-reference/chat/object>
pub fn usage(usage: Usage, style: Style) -> Json {
    let counts = obj! {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.total(),
    };
    let written = (usage.cache_creation() > 0).then(|| usage.cache_creation());
    match style {
        Style::Openai => counts
            .with(
                "prompt_tokens_details",
                obj! {"cached_tokens": usage.cached, "audio_tokens": 0}
                    .with_some("cache_write_tokens", written),
            )
            .with(
                "completion_tokens_details",
                obj! {
                    "reasoning_tokens": usage.reasoning, "audio_tokens": 0,
                    "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
                },
            ),
        // vLLM names the cache only when it hit; reasoning is inside completion_tokens.
        Style::Vllm => {
            let details = (usage.cached > 0).then(|| obj! {"cached_tokens": usage.cached});
            obj! {
                "prompt_tokens": usage.input, "total_tokens": usage.total(),
                "completion_tokens": usage.output, "prompt_tokens_details": details,
            }
        }
        Style::Llamacpp | Style::Litellm => obj! {
            "completion_tokens": usage.output, "prompt_tokens": usage.input, "total_tokens": usage.total(),
            "prompt_tokens_details": obj! {"cached_tokens": usage.cached},
        },
        Style::Ollama | Style::Transformers => counts,
    }
}

/// <https://platform.openai.com/docs/guides/error-codes>
pub fn error_object(refusal: &Refusal) -> Json {
    let (kind, code): (&str, Json) = match refusal.status {
        400 => ("invalid_request_error", Json::Null),
        401 => ("invalid_request_error", "invalid_api_key".into()),
        403 => (
            "invalid_request_error",
            "unsupported_country_region_territory".into(),
        ),
        404 => ("invalid_request_error", "model_not_found".into()),
        429 => ("requests", "rate_limit_exceeded".into()),
        status if status < 500 => ("invalid_request_error", Json::Null),
        _ => ("server_error", Json::Null),
    };
    obj! {"error": obj! {"message": &refusal.message, "type": kind, "param": Json::Null, "code": code}}
}

pub fn error_page(refusal: &Refusal) -> Page {
    Page {
        content_type: JSON,
        body: error_object(refusal).write(Format::PRETTY),
    }
}

/// A stream of chat or completion chunks fails with a bare error object, and no `[DONE]`.
pub fn broken_chunk() -> Vec<Event> {
    let refusal = Refusal {
        status: 500,
        message: "The server had an error while processing your request.".into(),
    };
    vec![sse(
        None,
        &error_object(&refusal).write(Format::COMPACT),
        Kind::Closing,
    )]
}

pub fn done() -> Event {
    sse(None, "[DONE]", Kind::Terminal)
}

/// `stream_options.include_usage`.
pub fn usage_asked(body: &Value) -> bool {
    body.pointer("/stream_options/include_usage")
        .and_then(Value::as_bool)
        == Some(true)
}
