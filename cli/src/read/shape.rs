//! Which API a body is of, told by the body alone: for captures whose request is not at hand.

use penstock_llm_api::{Api, ApiError, Operation};
use penstock_wire::{Kind, Value};

/// The API of a whole answer, or of one frame of a stream.
pub(super) fn of_answer(root: Value<'_>) -> Option<Api> {
    openai(root)
        .or_else(|| events(root))
        .or_else(|| google(root))
        .or_else(|| ollama(root))
}

/// Chat, text completions and embeddings.
fn openai(root: Value<'_>) -> Option<Api> {
    match &*text(root, "object") {
        "chat.completion" | "chat.completion.chunk" => return Some(Api::OpenAiChat),
        "text_completion" => return Some(Api::OpenAiCompletions),
        "response" => return Some(Api::OpenAiResponses),
        _ => {}
    }
    if let Some(choices) = list(root, "choices") {
        let is_text = choices.items().any(|choice| choice.member("text").is_some());
        return Some(if is_text {
            Api::OpenAiCompletions
        } else {
            Api::OpenAiChat
        });
    }
    let first = list(root, "data")?.items().next()?;
    let is_vector = first.member("embedding").is_some() || text(first, "object") == "embedding";
    is_vector.then_some(Api::OpenAiEmbeddings)
}

/// APIs whose documents and events name their type.
fn events(root: Value<'_>) -> Option<Api> {
    match &*text(root, "type") {
        "message" | "message_start" | "message_delta" | "message_stop" => Some(Api::AnthropicMessages),
        "content_block_start" | "content_block_delta" | "content_block_stop" => Some(Api::AnthropicMessages),
        "error" if root.member("sequence_number").is_some() => Some(Api::OpenAiResponses),
        "error" if object(root, "error").is_some() => Some(Api::AnthropicMessages),
        name if name.starts_with("response.") => Some(Api::OpenAiResponses),
        _ => None,
    }
}

fn google(root: Value<'_>) -> Option<Api> {
    let has_values = |value: Value<'_>| value.member("values").is_some();
    let vectors = list(root, "embeddings").and_then(|list| list.items().next());
    if object(root, "embedding").or(vectors).is_some_and(has_values) {
        return Some(Api::GeminiEmbed);
    }
    let known = ["candidates", "usageMetadata", "promptFeedback"];
    known
        .iter()
        .any(|name| root.member(name).is_some())
        .then_some(Api::Gemini)
}

fn ollama(root: Value<'_>) -> Option<Api> {
    if root.member("done").is_some_and(|done| done.as_bool().is_some()) {
        return match (root.member("message"), root.member("response")) {
            (Some(_), _) => Some(Api::OllamaChat),
            (None, Some(_)) => Some(Api::OllamaGenerate),
            (None, None) => None,
        };
    }
    let vectors = list(root, "embeddings").or_else(|| list(root, "embedding"));
    vectors.is_some().then_some(Api::OllamaEmbed)
}

/// The operation of an answer that no dialect reads.
pub(super) fn manages(root: Value<'_>) -> Option<Operation> {
    let first = |name: &str| list(root, name).and_then(|list| list.items().next());
    let is_model = |item: Value<'_>| text(item, "object") == "model" || text(item, "type") == "model";
    let is_named = |item: Value<'_>| {
        ["model", "id", "name"]
            .iter()
            .any(|key| item.member(key).is_some())
    };
    let lists = first("data").is_some_and(is_model) || first("models").is_some_and(is_named);
    let is_count = |name: &&str| root.member(name).is_some_and(|count| count.as_u64().is_some());
    let counts = ["input_tokens", "totalTokens"].iter().any(is_count);
    (lists || counts).then_some(Operation::Manage)
}

/// The API of a request's body.
pub(super) fn of_request(root: Value<'_>) -> Option<Api> {
    let has = |names: &[&str]| names.iter().any(|name| root.member(name).is_some());
    if list(root, "contents")
        .or_else(|| object(root, "contents"))
        .is_some()
    {
        return Some(Api::Gemini);
    }
    if object(root, "content").is_some() || list(root, "requests").is_some() {
        return Some(Api::GeminiEmbed);
    }
    let is_ollama = has(&[
        "options",
        "keep_alive",
        "think",
        "format",
        "raw",
        "template",
        "context",
    ]);
    if let Some(messages) = list(root, "messages") {
        return Some(match is_ollama {
            true => Api::OllamaChat,
            false if is_anthropic(root, messages) => Api::AnthropicMessages,
            false => Api::OpenAiChat,
        });
    }
    if has(&["prompt"]) {
        let is_ollama = is_ollama || has(&["system", "images"]);
        return Some(if is_ollama {
            Api::OllamaGenerate
        } else {
            Api::OpenAiCompletions
        });
    }
    let input = root.member("input")?;
    let of_responses = input.items().any(|item| item.kind() == Kind::Object) || has(RESPONSES);
    Some(match (of_responses, is_ollama || has(&["truncate"])) {
        (true, _) => Api::OpenAiResponses,
        (false, true) => Api::OllamaEmbed,
        (false, false) if input.kind() == Kind::Array || is_for_vectors(root) => Api::OpenAiEmbeddings,
        (false, false) => Api::OpenAiResponses,
    })
}

/// Parameters of the Responses API that embeddings lack.
const RESPONSES: &[&str] = &[
    "max_output_tokens",
    "instructions",
    "tools",
    "stream",
    "store",
    "reasoning",
    "text",
    "include",
    "previous_response_id",
    "temperature",
    "top_p",
    "truncation",
    "metadata",
];

fn is_for_vectors(root: Value<'_>) -> bool {
    root.member("encoding_format").is_some()
        || root.member("dimensions").is_some()
        || text(root, "model").to_ascii_lowercase().contains("embed")
}

/// The Messages API has its system prompt beside the messages, and its own kinds of tools and blocks.
fn is_anthropic(root: Value<'_>, messages: Value<'_>) -> bool {
    let own = [
        "system",
        "anthropic_version",
        "thinking",
        "stop_sequences",
        "top_k",
        "mcp_servers",
    ];
    let tools = list(root, "tools")
        .is_some_and(|tools| tools.items().any(|tool| tool.member("input_schema").is_some()));
    let blocks = messages
        .items()
        .filter_map(|message| list(message, "content"))
        .flat_map(Value::items);
    let mut kinds = blocks.map(|block| text(block, "type"));
    own.iter().any(|name| root.member(name).is_some())
        || tools
        || kinds.any(|kind| {
            matches!(
                &*kind,
                "tool_use" | "tool_result" | "thinking" | "image" | "document"
            )
        })
}

/// The failure that a body reports, in one of the ways that servers have: an object or a text under `error`,
/// FastAPI's `detail`, or the root itself.
pub(super) fn error(root: Value<'_>) -> Option<ApiError> {
    let error = root.member("error");
    let object = match error.map(|error| (error, error.kind())) {
        Some((error, Kind::Object)) => error,
        Some((error, Kind::String)) if error.decoded_len() > 0 => error,
        _ if text(root, "object") == "error" || text(root, "type") == "error" => root,
        _ if root.member("detail").is_some() => return Some(ApiError::default()),
        _ => return None,
    };
    let word = |name: &str| {
        let word = object
            .member(name)
            .filter(|word| matches!(word.kind(), Kind::String | Kind::Number))?;
        let word = word
            .text()
            .map_or_else(|| word.number_raw().to_owned(), |text| text.into_owned());
        (word.len() <= MAX_WORD_BYTES).then_some(word)
    };
    Some(ApiError {
        kind: word("type").or_else(|| word("status")),
        code: word("code"),
    })
}

/// Longer words than this, in bytes, are no type or code of an error.
const MAX_WORD_BYTES: usize = 128;

fn text<'v>(object: Value<'v>, name: &str) -> std::borrow::Cow<'v, str> {
    object.member(name).and_then(Value::text).unwrap_or_default()
}

fn list<'v>(object: Value<'v>, name: &str) -> Option<Value<'v>> {
    object.member(name).filter(|value| value.kind() == Kind::Array)
}

fn object<'v>(object: Value<'v>, name: &str) -> Option<Value<'v>> {
    object.member(name).filter(|value| value.kind() == Kind::Object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use penstock_wire::{Limits, Tape};

    fn read<T>(body: &str, what: impl Fn(Value<'_>) -> T) -> T {
        let mut tape = Tape::new();
        tape.parse(body.as_bytes(), &Limits::default()).unwrap();
        what(tape.view(body.as_bytes()).root())
    }

    #[test]
    fn answers() {
        for (body, api) in [
            (
                r#"{"object":"chat.completion.chunk","choices":[]}"#,
                Some(Api::OpenAiChat),
            ),
            (
                r#"{"choices":[{"message":{"content":"x"}}]}"#,
                Some(Api::OpenAiChat),
            ),
            (r#"{"choices":[{"text":"x"}]}"#, Some(Api::OpenAiCompletions)),
            (
                r#"{"object":"text_completion","choices":[]}"#,
                Some(Api::OpenAiCompletions),
            ),
            (r#"{"object":"response","output":[]}"#, Some(Api::OpenAiResponses)),
            (
                r#"{"type":"response.output_text.delta","delta":"x"}"#,
                Some(Api::OpenAiResponses),
            ),
            (
                r#"{"type":"error","sequence_number":3,"code":"x"}"#,
                Some(Api::OpenAiResponses),
            ),
            (
                r#"{"object":"list","data":[{"embedding":[1]}]}"#,
                Some(Api::OpenAiEmbeddings),
            ),
            (r#"{"type":"message","content":[]}"#, Some(Api::AnthropicMessages)),
            (
                r#"{"type":"error","error":{"type":"overloaded_error"}}"#,
                Some(Api::AnthropicMessages),
            ),
            (
                r#"{"model":"m","message":{"content":"x"},"done":false}"#,
                Some(Api::OllamaChat),
            ),
            (
                r#"{"model":"m","response":"x","done":true}"#,
                Some(Api::OllamaGenerate),
            ),
            (r#"{"model":"m","embeddings":[[1]]}"#, Some(Api::OllamaEmbed)),
            (r#"{"embedding":[1]}"#, Some(Api::OllamaEmbed)),
            (r#"{"candidates":[]}"#, Some(Api::Gemini)),
            (r#"{"embedding":{"values":[1]}}"#, Some(Api::GeminiEmbed)),
            (r#"{"embeddings":[{"values":[1]}]}"#, Some(Api::GeminiEmbed)),
            (r#"{"object":"list","data":[{"object":"model","id":"m"}]}"#, None),
            (r#"{"server_load":12}"#, None),
            (r#"[1]"#, None),
        ] {
            assert_eq!(read(body, of_answer), api, "{body}");
        }
    }

    #[test]
    fn requests() {
        for (body, api) in [
            (
                r#"{"messages":[{"role":"user","content":"x"}]}"#,
                Some(Api::OpenAiChat),
            ),
            (
                r#"{"messages":[{"role":"user","content":"x"}],"system":"s"}"#,
                Some(Api::AnthropicMessages),
            ),
            (
                r#"{"messages":[],"tools":[{"name":"t","input_schema":{}}]}"#,
                Some(Api::AnthropicMessages),
            ),
            (r#"{"messages":[],"options":{}}"#, Some(Api::OllamaChat)),
            (r#"{"prompt":"x"}"#, Some(Api::OpenAiCompletions)),
            (r#"{"prompt":"x","keep_alive":0}"#, Some(Api::OllamaGenerate)),
            (
                r#"{"model":"m","input":"x","stream":true}"#,
                Some(Api::OpenAiResponses),
            ),
            (r#"{"model":"m","input":["x"]}"#, Some(Api::OpenAiEmbeddings)),
            (r#"{"model":"m-embed","input":"x"}"#, Some(Api::OpenAiEmbeddings)),
            (
                r#"{"model":"m","input":[{"role":"user"}]}"#,
                Some(Api::OpenAiResponses),
            ),
            (r#"{"input":"x","truncate":true}"#, Some(Api::OllamaEmbed)),
            (r#"{"contents":[{"parts":[]}]}"#, Some(Api::Gemini)),
            (r#"{"content":{"parts":[]}}"#, Some(Api::GeminiEmbed)),
            (r#"{"choices":[]}"#, None),
        ] {
            assert_eq!(read(body, of_request), api, "{body}");
        }
    }

    #[test]
    fn errors_and_lists() {
        for (body, fails, operation) in [
            (r#"{"error":{"message":"x"}}"#, true, None),
            (r#"{"error":"x"}"#, true, None),
            (r#"{"error":null}"#, false, None),
            (r#"{"detail":[{"msg":"x"}]}"#, true, None),
            (r#"{"object":"error","message":"x"}"#, true, None),
            (r#"{"data":[{"object":"model"}]}"#, false, Some(Operation::Manage)),
            (
                r#"{"data":[{"type":"model","id":"m"}]}"#,
                false,
                Some(Operation::Manage),
            ),
            (r#"{"models":[{"name":"m"}]}"#, false, Some(Operation::Manage)),
            (r#"{"input_tokens":12}"#, false, Some(Operation::Manage)),
        ] {
            assert_eq!(
                (read(body, |root| error(root).is_some()), read(body, manages)),
                (fails, operation),
                "{body}"
            );
        }
    }
}
