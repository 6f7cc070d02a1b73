//! Guessing the API from a request's body, where neither path nor configuration tells.

use crate::api::Api;
use crate::lookup::Lookup;
use penstock_wire::{Json, Kind, Value};

/// The API that a request body is written for, if only one can be meant.
///
/// Conservative: `{"model", "max_tokens", "messages"}` alone may be OpenAI's or Anthropic's, `{"model", "input"}`
/// an embedding or a response, `{"model", "prompt"}` OpenAI's or Ollama's: `None`.
pub fn detect_body(json: Json<'_>) -> Option<Api> {
    let root = json.root();
    let [contents, content, requests, messages, input, prompt] =
        root.pick(["contents", "content", "requests", "messages", "input", "prompt"]);
    if contents.is_some_and(is_list) {
        return Some(Api::Gemini);
    }
    if content
        .or_else(|| requests?.items().next()?.get("content"))
        .is_some_and(has_parts)
    {
        return Some(Api::GeminiEmbed);
    }
    match (messages, input, prompt) {
        (Some(messages), None, None) if is_list(messages) => conversation(root),
        (None, Some(input), None) => embedding_or_response(root, input),
        (None, None, Some(_)) => completion(root),
        _ => None,
    }
}

fn is_list(value: Value<'_>) -> bool {
    value.kind() == Kind::Array
}

fn has_parts(content: Value<'_>) -> bool {
    content.get("parts").is_some()
}

fn has_any(object: Value<'_>, names: &[&str]) -> bool {
    names.iter().any(|name| object.get(name).is_some())
}

fn conversation(root: Value<'_>) -> Option<Api> {
    const ANTHROPIC: &[&str] = &[
        "anthropic_version",
        "anthropic_beta",
        "system",
        "stop_sequences",
        "thinking",
    ];
    const OLLAMA: &[&str] = &["options", "keep_alive", "think"];
    const OPENAI: &[&str] = &[
        "n",
        "max_completion_tokens",
        "stream_options",
        "response_format",
        "frequency_penalty",
        "presence_penalty",
        "logit_bias",
        "seed",
        "reasoning_effort",
        "parallel_tool_calls",
    ];
    let message = |role: &str| {
        root.list("messages")
            .any(|message| message.get("role").is_some_and(|r| r.eq_text(role)))
    };
    let tool = |member: &str| root.list("tools").any(|tool| tool.get(member).is_some());
    let anthropic = has_any(root, ANTHROPIC) || tool("input_schema");
    let ollama = has_any(root, OLLAMA);
    let openai = has_any(root, OPENAI) || message("developer");
    match (anthropic, ollama, openai) {
        (true, false, false) => Some(Api::AnthropicMessages),
        (false, true, false) => Some(Api::OllamaChat),
        (false, false, true) => Some(Api::OpenAiChat),
        // Anthropic requires a bound, and has neither of these roles.
        (false, false, false) if root.get("max_tokens").is_none() || message("system") || message("tool") => {
            Some(Api::OpenAiChat)
        }
        _ => None,
    }
}

fn embedding_or_response(root: Value<'_>, input: Value<'_>) -> Option<Api> {
    const RESPONSES: &[&str] = &[
        "instructions",
        "max_output_tokens",
        "previous_response_id",
        "reasoning",
        "text",
        "store",
        "stream",
        "tools",
    ];
    const OPENAI: &[&str] = &["encoding_format", "user"];
    const OLLAMA: &[&str] = &["truncate", "options", "keep_alive"];
    let items = input.items().any(|item| item.kind() == Kind::Object);
    match (
        has_any(root, RESPONSES) || items,
        has_any(root, OPENAI),
        has_any(root, OLLAMA),
    ) {
        (true, _, false) => Some(Api::OpenAiResponses),
        (false, true, false) => Some(Api::OpenAiEmbeddings),
        (false, false, true) => Some(Api::OllamaEmbed),
        _ => None,
    }
}

fn completion(root: Value<'_>) -> Option<Api> {
    const OPENAI: &[&str] = &[
        "max_tokens",
        "stream_options",
        "best_of",
        "echo",
        "n",
        "logit_bias",
        "stop",
    ];
    const OLLAMA: &[&str] = &[
        "options",
        "keep_alive",
        "template",
        "raw",
        "system",
        "context",
        "think",
    ];
    match (has_any(root, OPENAI), has_any(root, OLLAMA)) {
        (true, false) => Some(Api::OpenAiCompletions),
        (false, true) => Some(Api::OllamaGenerate),
        _ => None,
    }
}
