//! What the OpenAI APIs share.

use crate::answer::{Finish, Seen};
use crate::lookup::Lookup;
use crate::shape::{Place, Rule, Shape, shape};
use crate::texts::{Scope, Text, UnseenKind};
use crate::usage::{Counter, CounterRow, Counts};
use penstock_wire::{Kind, Value};

/// `usage` of chat completions, completions and embeddings
/// (<https://platform.openai.com/docs/api-reference/chat/object>). `prompt_tokens` includes cached and
/// cache-writing tokens, `completion_tokens` includes reasoning. DeepSeek names its cache hits
/// `prompt_cache_hit_tokens`, Moonshot `cached_tokens`.
const COUNTERS: &[CounterRow] = &[
    (Counter::Input, "prompt_tokens", ""),
    (Counter::Output, "completion_tokens", ""),
    (Counter::Total, "total_tokens", ""),
    (Counter::Cached, "prompt_tokens_details", "cached_tokens"),
    (Counter::Cached, "prompt_cache_hit_tokens", ""),
    (Counter::Cached, "cached_tokens", ""),
    (
        Counter::CacheCreation,
        "prompt_tokens_details",
        "cache_write_tokens",
    ),
    (Counter::InputAudio, "prompt_tokens_details", "audio_tokens"),
    (Counter::OutputAudio, "completion_tokens_details", "audio_tokens"),
    (
        Counter::Reasoning,
        "completion_tokens_details",
        "reasoning_tokens",
    ),
];

/// Reads what every object of chat completions and completions says besides its texts.
pub(crate) fn names(seen: &mut Seen, root: Value<'_>) {
    seen.names(root, "id", "model", "service_tier");
    if let Some(usage) = root.get("usage").filter(|usage| usage.kind() == Kind::Object) {
        seen.counts.merge(&Counts::of(usage, COUNTERS));
    }
}

/// `finish_reason` of chat completions and completions; `eos`, `abort` and the like are other servers'.
pub(crate) const FINISH: &[(&str, Finish)] = &[
    ("stop", Finish::Stop),
    ("length", Finish::Length),
    ("tool_calls", Finish::ToolCalls),
    ("function_call", Finish::ToolCalls),
    ("content_filter", Finish::ContentFilter),
    ("error", Finish::Error),
    ("abort", Finish::Error),
];

/// The scope of a message by its `role`. Roles that nobody documents are `Other`.
pub(crate) fn role_scope(role: Option<Value<'_>>) -> Scope {
    const ROLES: &[(&str, Scope)] = &[
        ("user", Scope::User),
        ("assistant", Scope::Assistant),
        ("model", Scope::Assistant),
        ("system", Scope::System),
        ("developer", Scope::System),
        ("tool", Scope::ToolResult),
        ("function", Scope::ToolResult),
    ];
    let Some(role) = role else { return Scope::Other };
    ROLES
        .iter()
        .find(|(name, _)| role.eq_text(name))
        .map_or(Scope::Other, |(_, scope)| *scope)
}

/// Enters a message: its scope by its role, its number by its position.
pub(crate) fn enter_message(message: Value<'_>, position: u32, place: &mut Place) {
    place.message = position;
    place.scope = role_scope(message.get("role"));
}

/// The `index` of a choice or tool call; its position where there is none.
pub(crate) fn index(object: Value<'_>, position: u32) -> u32 {
    index_of(object, "index", position)
}

/// As [`index`], under another name.
pub(crate) fn index_of(object: Value<'_>, name: &str, position: u32) -> u32 {
    let index = object.get(name).and_then(Value::as_u64);
    index
        .and_then(|index| u32::try_from(index).ok())
        .unwrap_or(position)
}

/// A function tool, in whichever nesting: chat has it under `function`, responses flat.
pub(crate) static TOOL: Shape = shape! { enter enter_tool;
    "type" => Rule::Constant,
    "name" => Rule::WholeName,
    "description" => Rule::Text(Scope::ToolDefinition),
    "parameters" => Rule::Schema(Scope::ToolDefinition),
    "strict" => Rule::Constant,
    "function" => Rule::Shape(&TOOL),
    "custom" => Rule::Shape(&TOOL),
    "format" => Rule::Schema(Scope::ToolDefinition),
    "tools" => Rule::Shape(&TOOL),
    "server_label" => Rule::Constant,
    "server_url" => Rule::Unseen(UnseenKind::Remote),
    // For the provider, which calls the server with them; no model reads them.
    "authorization" => Rule::Unseen(UnseenKind::Remote),
    "headers" => Rule::Unseen(UnseenKind::Remote),
    "connector_id" => Rule::Unseen(UnseenKind::Remote),
    "server_description" => Rule::Text(Scope::ToolDefinition),
    "vector_store_ids" => Rule::Unseen(UnseenKind::Remote),
    "container" => Rule::Constant,
};

/// Enters the definition of a tool. The object inside of one (`function`, `custom`) is of the same tool.
pub(crate) fn enter_tool(tool: Value<'_>, position: u32, place: &mut Place) {
    let inner = tool
        .key()
        .is_some_and(|key| key.eq_text("function") || key.eq_text("custom"));
    if !inner {
        place.index = Text::DEFINITIONS.saturating_add(position);
    }
}

/// `"auto"` and the like, or one of the request's tools by name.
pub(crate) fn tool_choice(choice: Value<'_>, _place: &Place) -> Rule {
    if choice.kind() == Kind::String {
        Rule::Constant
    } else {
        Rule::Shape(&CHOICE)
    }
}

static CHOICE: Shape = shape! {
    "type" => Rule::Constant,
    "name" => Rule::Constant,
    "function" => Rule::Shape(&CHOICE),
    "custom" => Rule::Shape(&CHOICE),
    "mode" => Rule::Constant,
    "allowed_tools" => Rule::Shape(&CHOICE),
    "tools" => Rule::Shape(&CHOICE),
    "server_label" => Rule::Constant,
    "disable_parallel_tool_use" => Rule::Constant,
};

/// A citation of any API: third-party words beside the model's.
pub(crate) static CITATION: Shape = shape! {
    "type" => Rule::Constant,
    "enabled" => Rule::Constant,
    "url_citation" => Rule::Shape(&CITATION),
    "cited_text" => Rule::Free(Scope::Document),
    "title" => Rule::Free(Scope::Document),
    "document_title" => Rule::Free(Scope::Document),
    "url" => Rule::Free(Scope::Document),
    "source" => Rule::Free(Scope::Document),
    "filename" => Rule::Free(Scope::Document),
    "document_index" => Rule::Constant,
    "search_result_index" => Rule::Constant,
    "start_char_index" => Rule::Constant,
    "end_char_index" => Rule::Constant,
    "start_block_index" => Rule::Constant,
    "end_block_index" => Rule::Constant,
    "start_page_number" => Rule::Constant,
    "end_page_number" => Rule::Constant,
    "start_index" => Rule::Constant,
    "end_index" => Rule::Constant,
    "index" => Rule::Constant,
    "file_id" => Rule::Constant,
    "container_id" => Rule::Constant,
    "encrypted_index" => Rule::Ignore,
};

/// An error object of any API.
pub(crate) static ERROR: Shape = shape! { enter enter_error;
    "message" => Rule::Inherit,
    "type" => Rule::Constant,
    "code" => Rule::Constant,
    "param" => Rule::Constant,
    "status" => Rule::Constant,
    "details" => Rule::Free(Scope::Other),
};

fn enter_error(_error: Value<'_>, _position: u32, place: &mut Place) {
    place.scope = Scope::Other;
}
