//! Items, content parts and events of the Responses API.

use crate::lookup::Lookup;
use crate::openai::{self, ERROR, TOOL, role_scope};
use crate::openai_responses::logprobs;
use crate::shape::{Pinned, Place, Rule, Shape, shape};
use crate::texts::{Part, Scope, UnseenKind};
use penstock_wire::{Kind, Value};

/// Items of one response that are told apart by id where the server numbers none.
const MAX_ITEMS: usize = 1024;

/// Texts of an item: contents count from here, summaries from there.
const SUMMARIES: u32 = 1 << 16;

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
    "name" => Rule::Constant,
    "call_id" => Rule::Constant,
    "arguments" => Rule::Json(Scope::ToolCall),
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
    "name" => Rule::Constant,
    "call_id" => Rule::Constant,
    "arguments" => Rule::Json(Scope::ToolCall),
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
static PART: Shape = shape! { enter enter_part;
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

fn kind_of(item: Value<'_>) -> std::borrow::Cow<'_, str> {
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

/// What an event's text is: the event, the member that carries it, the rule, whether it is new.
struct Row(&'static str, &'static str, Rule, Part);

const EVENTS: &[Row] = &[
    Row(
        "response.output_text.delta",
        "delta",
        Rule::Text(Scope::Output),
        Part::Delta,
    ),
    Row(
        "response.output_text.done",
        "text",
        Rule::Text(Scope::Output),
        Part::Repeat,
    ),
    Row(
        "response.reasoning_text.delta",
        "delta",
        Rule::Text(Scope::Reasoning),
        Part::Delta,
    ),
    Row(
        "response.reasoning_text.done",
        "text",
        Rule::Text(Scope::Reasoning),
        Part::Repeat,
    ),
    Row(
        "response.reasoning_summary_text.delta",
        "delta",
        Rule::Text(Scope::Reasoning),
        Part::Delta,
    ),
    Row(
        "response.reasoning_summary_text.done",
        "text",
        Rule::Text(Scope::Reasoning),
        Part::Repeat,
    ),
    Row(
        "response.function_call_arguments.delta",
        "delta",
        Rule::Json(Scope::ToolCall),
        Part::Delta,
    ),
    Row(
        "response.function_call_arguments.done",
        "arguments",
        Rule::Json(Scope::ToolCall),
        Part::Repeat,
    ),
    Row(
        "response.mcp_call_arguments.delta",
        "delta",
        Rule::Json(Scope::ToolCall),
        Part::Delta,
    ),
    Row(
        "response.mcp_call_arguments.done",
        "arguments",
        Rule::Json(Scope::ToolCall),
        Part::Repeat,
    ),
    Row(
        "response.custom_tool_call_input.delta",
        "delta",
        Rule::Text(Scope::ToolCall),
        Part::Delta,
    ),
    Row(
        "response.custom_tool_call_input.done",
        "input",
        Rule::Text(Scope::ToolCall),
        Part::Repeat,
    ),
    Row(
        "response.code_interpreter_call_code.delta",
        "delta",
        Rule::Text(Scope::ToolCall),
        Part::Delta,
    ),
    Row(
        "response.code_interpreter_call_code.done",
        "code",
        Rule::Text(Scope::ToolCall),
        Part::Repeat,
    ),
    Row(
        "response.shell_call_command.delta",
        "delta",
        Rule::Text(Scope::ToolCall),
        Part::Delta,
    ),
    Row(
        "response.shell_call_command.done",
        "command",
        Rule::Text(Scope::ToolCall),
        Part::Repeat,
    ),
    Row(
        "response.shell_call_output_content.delta",
        "delta",
        Rule::Shape(&PART),
        Part::Delta,
    ),
    Row(
        "response.refusal.delta",
        "delta",
        Rule::Text(Scope::Refusal),
        Part::Delta,
    ),
    Row(
        "response.refusal.done",
        "refusal",
        Rule::Text(Scope::Refusal),
        Part::Repeat,
    ),
    Row(
        "response.audio.transcript.delta",
        "delta",
        Rule::Text(Scope::Output),
        Part::Delta,
    ),
    Row(
        "response.audio.delta",
        "delta",
        Rule::Unseen(UnseenKind::Audio),
        Part::Delta,
    ),
    Row(
        "response.content_part.added",
        "part",
        Rule::By(part),
        Part::Repeat,
    ),
    Row("response.content_part.done", "part", Rule::By(part), Part::Repeat),
    Row(
        "response.reasoning_summary_part.added",
        "part",
        Rule::By(part),
        Part::Repeat,
    ),
    Row(
        "response.reasoning_summary_part.done",
        "part",
        Rule::By(part),
        Part::Repeat,
    ),
    Row(
        "response.output_item.added",
        "item",
        Rule::Shape(&OUTPUT_ITEM),
        Part::Repeat,
    ),
    Row(
        "response.output_item.done",
        "item",
        Rule::Shape(&OUTPUT_ITEM),
        Part::Repeat,
    ),
    Row(
        "response.output_text.annotation.added",
        "annotation",
        Rule::Shape(&openai::CITATION),
        Part::Delta,
    ),
];

/// A part on its own says what it is.
fn part(part: Value<'_>, _place: &Place) -> Rule {
    match &*kind_of(part) {
        "reasoning_text" | "summary_text" => Rule::Scoped(Scope::Reasoning, &PART),
        _ => Rule::Scoped(Scope::Output, &PART),
    }
}

/// The rule of a member of an event; what no row has is other text.
pub(crate) fn event_rule(value: Value<'_>, _place: &Place) -> Rule {
    let (Some(event), Some(key)) = (value.parent(), value.key()) else {
        return Rule::Free(Scope::Other);
    };
    let kind = kind_of(event);
    let row = EVENTS.iter().find(|row| row.0 == kind && key.eq_text(row.1));
    match row {
        Some(row) => row.2,
        // An error event's code.
        None if value.decoded_len() <= 64 && kind == "error" => Rule::Constant,
        None => Rule::Free(Scope::Other),
    }
}

/// Which text of the message an event is about, and whether it says something new. The message is set already.
pub(crate) fn enter_event(event: Value<'_>, _position: u32, place: &mut Place) {
    let kind = kind_of(event);
    let numbered = |name: &str| {
        event
            .get(name)
            .and_then(Value::as_u64)
            .and_then(|n| u32::try_from(n).ok())
    };
    place.part = EVENTS
        .iter()
        .find(|row| row.0 == kind)
        .map_or(Part::Repeat, |row| row.3);
    place.pinned = Pinned::Text;
    if let Some(summary) = numbered("summary_index") {
        place.index = SUMMARIES.saturating_add(summary);
    } else if let Some(index) = numbered("content_index").or_else(|| numbered("command_index")) {
        place.index = index;
    } else if event.get("response").is_some() {
        place.pinned = Pinned::Nothing;
    } else if event.get("item").is_some() {
        place.pinned = Pinned::Message;
    }
}

/// The number of the item that an event is about: the server's own, else by the order of the items' ids.
pub(crate) fn numbered(event: Value<'_>, items: &mut Vec<u64>) -> u32 {
    let item = event.get("item");
    let id = event
        .get("item_id")
        .or_else(|| item.and_then(|item| item.get("id")));
    let known = id.map(|id| hash(&id.text().unwrap_or_default()));
    if event
        .get("output_index")
        .is_some_and(|index| index.kind() == Kind::Number)
    {
        return openai::index_of(event, "output_index", 0);
    }
    let Some(id) = known else { return 0 };
    let at = items.iter().position(|item| *item == id).unwrap_or_else(|| {
        if items.len() < MAX_ITEMS {
            items.push(id);
        }
        items.len().saturating_sub(1)
    });
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>).
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
