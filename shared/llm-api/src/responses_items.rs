//! Items and content parts of the Responses API.

use crate::lookup::Lookup;
use crate::openai::{self, ERROR, TOOL, role_scope};
use crate::openai_responses::logprobs;
use crate::shape::{Pinned, Place, Rule, Shape, shape};
use crate::texts::{Scope, UnseenKind};
use penstock_wire::Value;

/// Texts of an item: contents count from here, summaries from there.
pub(crate) const SUMMARIES: u32 = 1 << 16;

pub(crate) static TEXT_CONFIG: Shape = shape! {
    "format" => Rule::Shape(&FORMAT),
    "verbosity" => Rule::Constant,
};

static FORMAT: Shape = shape! {
    "type" => Rule::Constant,
    "name" => Rule::Constant,
    "description" => Rule::Text(Scope::ToolDefinition),
    "schema" => Rule::Schema(Scope::ToolDefinition),
    "strict" => Rule::Constant,
};

pub(crate) static PROMPT: Shape = shape! {
    "id" => Rule::Unseen(UnseenKind::Reference),
    "version" => Rule::Constant,
    "variables" => Rule::Free(Scope::User),
};

/// An item of a request's `input`. A string in its place is the user's text.
pub(crate) static ITEM: Shape = shape! { enter enter_input;
    "type" => Rule::Constant,
    "id" => Rule::By(item_id),
    "role" => Rule::Constant,
    "status" => Rule::Constant,
    "phase" => Rule::Constant,
    "content" => Rule::Shape(&PART),
    "summary" => Rule::Shape(&PART),
    "name" => Rule::Name,
    "call_id" => Rule::Constant,
    "arguments" => Rule::JsonArguments,
    "input" => Rule::Text(Scope::ToolCall),
    "code" => Rule::Text(Scope::ToolCall),
    "action" => Rule::Shape(&ACTION),
    "actions" => Rule::Shape(&ACTION),
    "operation" => Rule::Shape(&ACTION),
    "queries" => Rule::Text(Scope::ToolCall),
    "output" => Rule::Scoped(Scope::ToolResult, &PART),
    "outputs" => Rule::Scoped(Scope::ToolResult, &PART),
    "results" => Rule::Free(Scope::Document),
    "result" => Rule::By(result),
    "tools" => Rule::Shape(&TOOL),
    "error" => Rule::Shape(&ERROR),
    "encrypted_content" => Rule::Unseen(UnseenKind::Encrypted),
    "server_label" => Rule::Constant,
    "container_id" => Rule::Constant,
    "approval_request_id" => Rule::Constant,
    "reason" => Rule::Text(Scope::User),
    "revised_prompt" => Rule::Text(Scope::Output),
};

/// An item of an answer's `output`.
pub(crate) static OUTPUT_ITEM: Shape = shape! { enter enter_output;
    "type" => Rule::Constant,
    "id" => Rule::Constant,
    "role" => Rule::Constant,
    "status" => Rule::Constant,
    "phase" => Rule::Constant,
    "content" => Rule::Shape(&PART),
    "summary" => Rule::Shape(&SUMMARY),
    "name" => Rule::Name,
    "call_id" => Rule::Constant,
    "arguments" => Rule::JsonArguments,
    "input" => Rule::Text(Scope::ToolCall),
    "code" => Rule::Text(Scope::ToolCall),
    "action" => Rule::Shape(&ACTION),
    "actions" => Rule::Shape(&ACTION),
    "operation" => Rule::Shape(&ACTION),
    "queries" => Rule::Text(Scope::ToolCall),
    "output" => Rule::Scoped(Scope::ToolResult, &PART),
    "outputs" => Rule::Scoped(Scope::ToolResult, &PART),
    "results" => Rule::Free(Scope::Document),
    "result" => Rule::By(result),
    "tools" => Rule::Shape(&TOOL),
    "error" => Rule::Shape(&ERROR),
    "encrypted_content" => Rule::Unseen(UnseenKind::Encrypted),
    "server_label" => Rule::Constant,
    "container_id" => Rule::Constant,
    "revised_prompt" => Rule::Text(Scope::Output),
};

/// What a built-in tool was told to do.
static ACTION: Shape = shape! {
    "type" => Rule::Constant,
    "query" => Rule::Free(Scope::ToolCall),
    "queries" => Rule::Free(Scope::ToolCall),
    "url" => Rule::Free(Scope::ToolCall),
    "pattern" => Rule::Free(Scope::ToolCall),
    "sources" => Rule::Free(Scope::Document),
    "command" => Rule::Free(Scope::ToolCall),
    "commands" => Rule::Free(Scope::ToolCall),
    "env" => Rule::Free(Scope::ToolCall),
    "working_directory" => Rule::Free(Scope::ToolCall),
    "user" => Rule::Free(Scope::ToolCall),
    "text" => Rule::Free(Scope::ToolCall),
    "keys" => Rule::Free(Scope::ToolCall),
    "button" => Rule::Constant,
    "path" => Rule::Free(Scope::ToolCall),
    "diff" => Rule::Free(Scope::ToolCall),
    "timeout_ms" => Rule::Constant,
    "max_output_length" => Rule::Constant,
};

/// A content part of any item.
pub(crate) static PART: Shape = shape! { enter enter_part;
    "type" => Rule::Constant,
    "text" => Rule::Inherit,
    "refusal" => Rule::By(refusal),
    "image_url" => Rule::Unseen(UnseenKind::Image),
    "file_id" => Rule::Unseen(UnseenKind::File),
    "file_data" => Rule::Unseen(UnseenKind::File),
    "file_url" => Rule::Unseen(UnseenKind::File),
    "filename" => Rule::Text(Scope::Metadata),
    "input_audio" => Rule::Unseen(UnseenKind::Audio),
    "detail" => Rule::Constant,
    "annotations" => Rule::Shape(&openai::CITATION),
    "logprobs" => Rule::By(logprobs),
    "encrypted_content" => Rule::Unseen(UnseenKind::Encrypted),
    "stdout" => Rule::Text(Scope::ToolResult),
    "stderr" => Rule::Text(Scope::ToolResult),
    "logs" => Rule::Text(Scope::ToolResult),
    "url" => Rule::Unseen(UnseenKind::Image),
    "outcome" => Rule::Ignore,
};

static SUMMARY: Shape = shape! { enter enter_summary;
    "type" => Rule::Constant,
    "text" => Rule::Inherit,
};

pub(crate) fn kind_of(item: Value<'_>) -> std::borrow::Cow<'_, str> {
    item.get("type").and_then(Value::text).unwrap_or_default()
}

fn enter_input(item: Value<'_>, position: u32, place: &mut Place) {
    place.message = position;
    let kind = kind_of(item);
    place.scope = match &*kind {
        "" | "message" => role_scope(item.get("role")),
        "reasoning" => Scope::Assistant,
        kind if kind.ends_with("_output") => Scope::ToolResult,
        kind if kind.ends_with("_call") => Scope::ToolCall,
        kind if kind.starts_with("input_") => Scope::User,
        _ => Scope::Other,
    };
}

fn enter_output(item: Value<'_>, position: u32, place: &mut Place) {
    if place.pinned == Pinned::Nothing {
        place.message = position;
    }
    place.scope = if kind_of(item) == "reasoning" {
        Scope::Reasoning
    } else {
        Scope::Output
    };
}

fn enter_part(_part: Value<'_>, position: u32, place: &mut Place) {
    if place.pinned != Pinned::Text {
        place.index = position;
    }
}

fn enter_summary(_part: Value<'_>, position: u32, place: &mut Place) {
    if place.pinned != Pinned::Text {
        place.index = SUMMARIES.saturating_add(position);
    }
}

/// A reference stands for an item that the server keeps.
fn item_id(id: Value<'_>, _place: &Place) -> Rule {
    let reference = id.parent().is_some_and(|item| kind_of(item) == "item_reference");
    if reference {
        Rule::Unseen(UnseenKind::Reference)
    } else {
        Rule::Constant
    }
}

/// A generated image in base64, or what a program printed.
fn result(result: Value<'_>, _place: &Place) -> Rule {
    let image = result
        .parent()
        .is_some_and(|item| kind_of(item) == "image_generation_call");
    if image {
        Rule::Unseen(UnseenKind::Image)
    } else {
        Rule::Text(Scope::ToolResult)
    }
}

fn refusal(_refusal: Value<'_>, place: &Place) -> Rule {
    if place.scope == Scope::Output {
        Rule::Text(Scope::Refusal)
    } else {
        Rule::Inherit
    }
}
