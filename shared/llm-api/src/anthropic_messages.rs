//! Messages: `POST /v1/messages`.
//!
//! Sources: <https://docs.anthropic.com/en/api/messages>,
//! <https://docs.anthropic.com/en/docs/build-with-claude/streaming>,
//! <https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching>.

use crate::answer::{ApiError, Finish, Seen};
use crate::lookup::Lookup;
use crate::openai::{self, ERROR, enter_message};
use crate::request::{ReadError, Request, count, flag, name};
use crate::shape::{Pinned, Place, Rule, Shape, shape};
use crate::state::State;
use crate::stream::FrameReading;
use crate::texts::{Part, Scope, UnseenKind};
use crate::usage::{Counter, CounterRow, Counts};
use penstock_wire::{Kind, Value};

pub(crate) static REQUEST: Shape = shape! {
    "model" => Rule::Constant,
    "messages" => Rule::Shape(&MESSAGE),
    "system" => Rule::Scoped(Scope::System, &BLOCK),
    "tools" => Rule::Shape(&TOOL),
    "tool_choice" => Rule::By(openai::tool_choice),
    "max_tokens" => Rule::Constant,
    "stream" => Rule::Constant,
    "stop_sequences" => Rule::Text(Scope::Other),
    "metadata" => Rule::Free(Scope::Metadata),
    "thinking" => Rule::Ignore,
    "temperature" => Rule::Constant,
    "top_p" => Rule::Constant,
    "top_k" => Rule::Constant,
    "service_tier" => Rule::Constant,
    "cache_control" => Rule::Ignore,
    "container" => Rule::Ignore,
    "context_management" => Rule::Ignore,
    "mcp_servers" => Rule::Unseen(UnseenKind::Remote),
    "output_config" => Rule::Schema(Scope::ToolDefinition),
    "output_format" => Rule::Schema(Scope::ToolDefinition),
    "anthropic_version" => Rule::Constant,
    "anthropic_beta" => Rule::Constant,
};

static MESSAGE: Shape = shape! { enter enter_message;
    "role" => Rule::Constant,
    "content" => Rule::Shape(&BLOCK),
};

static TOOL: Shape = shape! { enter openai::enter_tool;
    "type" => Rule::Constant,
    "name" => Rule::WholeName,
    "description" => Rule::Text(Scope::ToolDefinition),
    "input_schema" => Rule::Schema(Scope::ToolDefinition),
    "input_examples" => Rule::Free(Scope::ToolDefinition),
    "cache_control" => Rule::Ignore,
    "max_uses" => Rule::Constant,
    "allowed_domains" => Rule::Constant,
    "blocked_domains" => Rule::Constant,
    "user_location" => Rule::Free(Scope::Metadata),
};

/// A content block of a request. A string in its place is text.
static BLOCK: Shape = shape! { enter enter_block;
    "type" => Rule::Constant,
    "text" => Rule::Inherit,
    "thinking" => Rule::Inherit,
    "signature" => Rule::Ignore,
    "data" => Rule::Unseen(UnseenKind::Encrypted),
    "source" => Rule::By(source),
    "title" => Rule::Text(Scope::Document),
    "context" => Rule::Text(Scope::Document),
    "content" => Rule::By(content),
    "input" => Rule::Arguments,
    "id" => Rule::Constant,
    "name" => Rule::WholeName,
    "tool_use_id" => Rule::Constant,
    "tool_name" => Rule::Constant,
    "is_error" => Rule::Constant,
    "cache_control" => Rule::Ignore,
    "caller" => Rule::Ignore,
    "citations" => Rule::Shape(&openai::CITATION),
    "file_id" => Rule::Unseen(UnseenKind::File),
    "encrypted_content" => Rule::Unseen(UnseenKind::Encrypted),
    "url" => Rule::Text(Scope::Document),
    "stdout" => Rule::Text(Scope::ToolResult),
    "stderr" => Rule::Text(Scope::ToolResult),
};

fn enter_block(block: Value<'_>, position: u32, place: &mut Place) {
    if place.pinned == Pinned::Nothing {
        place.index = position;
    }
    // Also before the signature has come, and where it is empty: a model's thinking is signed.
    let by_model = matches!(place.scope, Scope::Assistant | Scope::Output);
    place.signed = by_model && is_type(block, "thinking");
}

fn is_type(block: Value<'_>, name: &str) -> bool {
    block.get("type").is_some_and(|kind| kind.eq_text(name))
}

/// The `source` of an image or document; the address of a search result.
fn source(source: Value<'_>, _place: &Place) -> Rule {
    if source.kind() == Kind::String {
        return Rule::Text(Scope::Document);
    }
    if source.parent().is_some_and(|block| is_type(block, "image")) {
        return Rule::Unseen(UnseenKind::Image);
    }
    if is_type(source, "text") || is_type(source, "content") {
        return Rule::Scoped(Scope::Document, &SOURCE);
    }
    Rule::Unseen(UnseenKind::File)
}

static SOURCE: Shape = shape! {
    "type" => Rule::Constant,
    "media_type" => Rule::Constant,
    "data" => Rule::Inherit,
    "content" => Rule::Scoped(Scope::Document, &BLOCK),
};

/// The `content` of a block: of tool results, and of search results.
fn content(content: Value<'_>, place: &Place) -> Rule {
    let kind = content
        .parent()
        .and_then(|block| block.get("type"))
        .and_then(Value::text)
        .unwrap_or_default();
    match &*kind {
        "search_result" => Rule::Scoped(Scope::Document, &BLOCK),
        kind if kind.ends_with("tool_result") || place.scope == Scope::ToolResult => {
            Rule::Scoped(Scope::ToolResult, &BLOCK)
        }
        _ => Rule::Shape(&BLOCK),
    }
}

pub(crate) static RESPONSE: Shape = shape! {
    "id" => Rule::Constant,
    "type" => Rule::Constant,
    "role" => Rule::Constant,
    "model" => Rule::Constant,
    "content" => Rule::Shape(&ANSWER),
    "stop_reason" => Rule::Constant,
    "stop_sequence" => Rule::Constant,
    "stop_details" => Rule::Free(Scope::Other),
    "usage" => Rule::Ignore,
    "container" => Rule::Ignore,
    "context_management" => Rule::Ignore,
    "error" => Rule::Shape(&ERROR),
    "request_id" => Rule::Constant,
};

/// A content block of an answer.
static ANSWER: Shape = shape! { enter enter_block;
    "type" => Rule::Constant,
    "text" => Rule::Text(Scope::Output),
    "thinking" => Rule::Text(Scope::Reasoning),
    "signature" => Rule::Ignore,
    "data" => Rule::Unseen(UnseenKind::Encrypted),
    "input" => Rule::By(input),
    "content" => Rule::Scoped(Scope::ToolResult, &BLOCK),
    "citations" => Rule::Shape(&openai::CITATION),
    "id" => Rule::Constant,
    "name" => Rule::WholeName,
    "tool_use_id" => Rule::Constant,
    "caller" => Rule::Ignore,
    "file_id" => Rule::Unseen(UnseenKind::File),
};

/// The block that begins a call in a stream is empty; its arguments follow in pieces.
fn input(_input: Value<'_>, place: &Place) -> Rule {
    if place.pinned == Pinned::Text {
        Rule::JsonArguments
    } else {
        Rule::Arguments
    }
}

static EVENT: Shape = shape! { enter enter_event;
    "type" => Rule::Constant,
    "index" => Rule::Constant,
    "message" => Rule::Shape(&RESPONSE),
    "content_block" => Rule::Shape(&ANSWER),
    "delta" => Rule::Shape(&DELTA),
    "usage" => Rule::Ignore,
    "context_management" => Rule::Ignore,
    "error" => Rule::Shape(&ERROR),
    "request_id" => Rule::Constant,
};

fn enter_event(event: Value<'_>, _position: u32, place: &mut Place) {
    place.index = openai::index(event, 0);
    place.pinned = Pinned::Text;
}

static DELTA: Shape = shape! { enter enter_delta;
    "type" => Rule::Constant,
    "text" => Rule::Text(Scope::Output),
    "thinking" => Rule::Text(Scope::Reasoning),
    "signature" => Rule::Ignore,
    "partial_json" => Rule::JsonArguments,
    "citation" => Rule::Shape(&openai::CITATION),
    "stop_reason" => Rule::Constant,
    "stop_sequence" => Rule::Constant,
    "stop_details" => Rule::Free(Scope::Other),
    "container" => Rule::Ignore,
};

fn enter_delta(delta: Value<'_>, _position: u32, place: &mut Place) {
    place.signed = is_type(delta, "thinking_delta");
}

const FINISH: &[(&str, Finish)] = &[
    ("end_turn", Finish::Stop),
    ("stop_sequence", Finish::Stop),
    ("max_tokens", Finish::Length),
    ("model_context_window_exceeded", Finish::Length),
    ("tool_use", Finish::ToolCalls),
    ("refusal", Finish::ContentFilter),
];

/// `input_tokens` is what was neither read from nor written to the cache.
const COUNTERS: &[CounterRow] = &[
    (Counter::Input, "input_tokens", ""),
    (Counter::Output, "output_tokens", ""),
    (Counter::Cached, "cache_read_input_tokens", ""),
    (Counter::CacheCreation, "cache_creation_input_tokens", ""),
    (
        Counter::CacheCreation5m,
        "cache_creation",
        "ephemeral_5m_input_tokens",
    ),
    (
        Counter::CacheCreation1h,
        "cache_creation",
        "ephemeral_1h_input_tokens",
    ),
    (Counter::Reasoning, "output_tokens_details", "thinking_tokens"),
];

fn names(seen: &mut Seen, message: Value<'_>) {
    seen.names(message, "id", "model", "");
    if let Some(usage) = message.get("usage").filter(|usage| usage.kind() == Kind::Object) {
        seen.names(usage, "", "", "service_tier");
        seen.counts.merge(&Counts::of(usage, COUNTERS));
    }
}

pub(crate) fn request(root: Value<'_>) -> Result<Request, ReadError> {
    Ok(Request {
        model: name(root, "model")?,
        stream: flag(root, "stream")?.unwrap_or(false),
        max_output_tokens: count(root, "max_tokens")?,
        service_tier: name(root, "service_tier")?,
        ..Request::default()
    })
}

pub(crate) fn answer(root: Value<'_>) -> Seen {
    let mut seen = Seen::default();
    names(&mut seen, root);
    seen.finish = root
        .get("stop_reason")
        .and_then(|reason| Finish::from_table(reason, FINISH));
    seen
}

pub(crate) fn frame(event: Option<&str>, root: Value<'_>, state: &mut State, out: &mut FrameReading) {
    state.texts(
        root,
        Rule::Shape(&EVENT),
        Place::new(Scope::Output, Part::Delta),
        out,
    );
    names(&mut state.seen, root);
    if let Some(message) = root.get("message") {
        names(&mut state.seen, message);
        state.begin_choice(0);
    }
    out.usage = [Some(root), root.get("message")]
        .into_iter()
        .flatten()
        .any(|m| m.get("usage").is_some());
    let kind = root.get("type").and_then(Value::text);
    match kind.as_deref().or(event).unwrap_or_default() {
        "content_block_start" => out.output |= root.get("content_block").is_some_and(begins_call),
        "content_block_stop" => state
            .channels
            .finish_index(openai::index(root, 0), &mut out.finished),
        "message_delta" => message_delta(root, state, out),
        "message_stop" => state.end(out),
        "error" if root.get("error").is_none() => state.fail(ApiError::default(), out),
        _ => {}
    }
}

/// A tool call's name is output before its arguments are.
fn begins_call(block: Value<'_>) -> bool {
    is_type(block, "tool_use") || is_type(block, "server_tool_use") || is_type(block, "mcp_tool_use")
}

fn message_delta(root: Value<'_>, state: &mut State, out: &mut FrameReading) {
    let reason = root.get("delta").and_then(|delta| delta.get("stop_reason"));
    if let Some(finish) = reason.and_then(|reason| Finish::from_table(reason, FINISH)) {
        state.finish_choice(0, finish, out);
    }
}
