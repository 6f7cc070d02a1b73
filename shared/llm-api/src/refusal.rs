//! Saying no in the client's own dialect: an error object, or an error event in a running stream.

use crate::api::Dialect;
use crate::request::quoted;
use penstock_wire::Framing;

/// A refusal. It becomes the API's error object, so that the official SDK raises its typed error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// The HTTP status, also where it can no longer be sent.
    pub status: u16,
    /// Machine-readable reason, such as `prompt_injection`.
    pub code: &'a str,
    /// For people.
    pub message: &'a str,
    /// When another try makes sense. Goes into the body where the API has a place for it; the
    /// `retry-after` header is the caller's.
    pub retry_after_s: Option<u64>,
    /// Whom it answers.
    pub reply_to: &'a ReplyTo,
}

/// The requests of a body, by their ids: JSON-RPC has such (MCP). An id is JSON source text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ReplyTo {
    /// The API numbers no requests, the message wants no answer, or nobody has read it yet.
    #[default]
    Nobody,
    /// One request.
    One(String),
    /// Those of a batch, at most 64.
    Batch(Vec<String>),
}

impl ReplyTo {
    fn ids(&self) -> &[String] {
        match self {
            Self::Nobody => &[],
            Self::One(id) => std::slice::from_ref(id),
            Self::Batch(ids) => ids,
        }
    }
}

/// What a stream has sent so far; a JSON array needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// No frame yet.
    Nothing,
    /// At least one frame.
    Frames,
}

/// The status of an error response.
///
/// A JSON-RPC error that names its request is an answer like any other: HTTP has no part in it, and under a status of 400 or
/// more many clients never look at the body (the Python SDK 1 does not even wake who waits,
/// <https://github.com/modelcontextprotocol/python-sdk/issues/3091>). What names none is refused by status, as the
/// specification wants it for notifications.
pub fn error_status(dialect: Dialect<'_>, refusal: &Refusal<'_>) -> u16 {
    match dialect {
        Dialect::Mcp if !refusal.reply_to.ids().is_empty() => 200,
        Dialect::OpenAiChat
        | Dialect::OpenAiResponses
        | Dialect::OpenAiCompletions
        | Dialect::OpenAiEmbeddings
        | Dialect::AnthropicMessages
        | Dialect::OllamaChat
        | Dialect::OllamaGenerate
        | Dialect::OllamaEmbed
        | Dialect::Gemini
        | Dialect::GeminiEmbed
        | Dialect::Mcp
        | Dialect::Custom(_) => refusal.status,
    }
}

/// The body of an error response, `application/json`.
pub fn error_body(dialect: Dialect<'_>, refusal: &Refusal<'_>) -> Vec<u8> {
    error_json(dialect, refusal).into_bytes()
}

/// A frame that ends a running stream with an error, in that API's form.
///
/// Sources: OpenAI's SDKs raise on `data: {"error": ...}`, and document `error` events for the Responses API;
/// Anthropic documents `event: error`; Ollama writes an `{"error": ...}` line; Gemini writes its error object
/// as one more item. Of MCP it is the message that answers the request, one for each request of a batch.
pub fn error_event(dialect: Dialect<'_>, framing: Framing, sent: Sent, refusal: &Refusal<'_>) -> Vec<u8> {
    let event = match dialect {
        Dialect::OpenAiResponses | Dialect::AnthropicMessages => "event: error\n",
        Dialect::OpenAiChat | Dialect::OpenAiCompletions | Dialect::OpenAiEmbeddings => "",
        Dialect::OllamaChat | Dialect::OllamaGenerate | Dialect::OllamaEmbed => "",
        Dialect::Gemini | Dialect::GeminiEmbed | Dialect::Mcp | Dialect::Custom(_) => "",
    };
    let errors = match dialect {
        Dialect::Mcp => rpc_errors(refusal),
        Dialect::OpenAiResponses => vec![responses_event(refusal)],
        Dialect::OpenAiChat
        | Dialect::OpenAiCompletions
        | Dialect::OpenAiEmbeddings
        | Dialect::AnthropicMessages
        | Dialect::OllamaChat
        | Dialect::OllamaGenerate
        | Dialect::OllamaEmbed
        | Dialect::Gemini
        | Dialect::GeminiEmbed
        | Dialect::Custom(_) => vec![error_json(dialect, refusal)],
    };
    let each = |form: fn(&str, &str) -> String| errors.iter().map(|json| form(event, json)).collect();
    let events: String = match (framing, sent) {
        (Framing::Sse, _) => each(|event, json| format!("{event}data: {json}\n\n")),
        (Framing::Ndjson, _) => each(|_, json| format!("{json}\n")),
        (Framing::JsonArray, Sent::Nothing) => format!("[{}]", errors.join(",")),
        (Framing::JsonArray, Sent::Frames) => format!(",\n{}]", errors.join(",")),
    };
    events.into_bytes()
}

fn error_json(dialect: Dialect<'_>, refusal: &Refusal<'_>) -> String {
    match dialect {
        Dialect::OpenAiChat
        | Dialect::OpenAiResponses
        | Dialect::OpenAiCompletions
        | Dialect::OpenAiEmbeddings => format!("{{\"error\":{}}}", openai(refusal)),
        Dialect::AnthropicMessages => anthropic(refusal),
        Dialect::OllamaChat | Dialect::OllamaGenerate | Dialect::OllamaEmbed => ollama(refusal),
        Dialect::Gemini | Dialect::GeminiEmbed => gemini(refusal),
        Dialect::Mcp => match refusal.reply_to {
            ReplyTo::Nobody | ReplyTo::One(_) => rpc_errors(refusal).concat(),
            ReplyTo::Batch(_) => format!("[{}]", rpc_errors(refusal).join(",")),
        },
        Dialect::Custom(_) => generic(refusal),
    }
}

/// <https://www.jsonrpc.org/specification#error_object>, one for each request; without any the id is `null`, as there. The
/// code is the HTTP status: the specification of 2026-07-28 wants codes of one's own outside of JSON-RPC's range.
fn rpc_errors(refusal: &Refusal<'_>) -> Vec<String> {
    let retry = refusal
        .retry_after_s
        .map_or_else(String::new, |seconds| format!(",\"retry_after_s\":{seconds}"));
    let error = format!(
        "{{\"code\":{},\"message\":{},\"data\":{{\"code\":{}{retry}}}}}",
        refusal.status,
        quoted(refusal.message),
        quoted(refusal.code)
    );
    let named = |id: &str| format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{error}}}");
    match refusal.reply_to.ids() {
        [] => vec![named("null")],
        ids => ids.iter().map(|id| named(id)).collect(),
    }
}

/// <https://platform.openai.com/docs/guides/error-codes>; the SDKs choose their class by status.
fn openai(refusal: &Refusal<'_>) -> String {
    let kind = match refusal.status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    };
    format!(
        "{{\"message\":{},\"type\":\"{kind}\",\"param\":null,\"code\":{}}}",
        quoted(refusal.message),
        quoted(refusal.code)
    )
}

/// The documented `error` event, plus the `error` object on which the SDKs raise.
fn responses_event(refusal: &Refusal<'_>) -> String {
    format!(
        "{{\"type\":\"error\",\"sequence_number\":0,\"code\":{},\"message\":{},\"param\":null,\"error\":{}}}",
        quoted(refusal.code),
        quoted(refusal.message),
        openai(refusal)
    )
}

/// <https://docs.anthropic.com/en/api/errors>. `code` is ours; Anthropic's own errors have none.
fn anthropic(refusal: &Refusal<'_>) -> String {
    let kind = match refusal.status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        408 | 504 => "timeout_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    };
    format!(
        "{{\"type\":\"error\",\"error\":{{\"type\":\"{kind}\",\"message\":{},\"code\":{}}}}}",
        quoted(refusal.message),
        quoted(refusal.code)
    )
}

/// Ollama's error is a string (`docs/api.md`); `code` is ours, beside it.
fn ollama(refusal: &Refusal<'_>) -> String {
    format!(
        "{{\"error\":{},\"code\":{}}}",
        quoted(refusal.message),
        quoted(refusal.code)
    )
}

fn generic(refusal: &Refusal<'_>) -> String {
    format!(
        "{{\"error\":{{\"message\":{},\"code\":{}}}}}",
        quoted(refusal.message),
        quoted(refusal.code)
    )
}

/// <https://cloud.google.com/apis/design/errors>: `google.rpc.Status` in JSON, `error` as the first member
/// (the SDK looks for it at the start), our reason as an `ErrorInfo`.
fn gemini(refusal: &Refusal<'_>) -> String {
    let status = match refusal.status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        501 => "UNIMPLEMENTED",
        502 | 503 => "UNAVAILABLE",
        408 | 504 => "DEADLINE_EXCEEDED",
        500.. => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    };
    let retry = refusal.retry_after_s.map_or_else(String::new, |seconds| {
        format!(",{{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"{seconds}s\"}}")
    });
    format!(
        "{{\"error\":{{\"code\":{},\"message\":{},\"status\":\"{status}\",\"details\":[{{\"@type\":\
         \"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":{},\"domain\":\"penstock\"}}{retry}]}}}}",
        refusal.status,
        quoted(refusal.message),
        quoted(refusal.code)
    )
}
