//! Events of the Responses API: which member of which event is text, and of which item.

use crate::lookup::Lookup;
use crate::openai;
use crate::responses_items::{OUTPUT_ITEM, PART, SUMMARIES, kind_of};
use crate::shape::{Pinned, Place, Rule};
use crate::texts::{Part, Scope, UnseenKind};
use penstock_wire::{Kind, Value};

/// Items of one response that are told apart by id where the server numbers none.
const MAX_ITEMS: usize = 1024;

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
        Rule::JsonArguments,
        Part::Delta,
    ),
    Row(
        "response.function_call_arguments.done",
        "arguments",
        Rule::JsonArguments,
        Part::Repeat,
    ),
    Row(
        "response.mcp_call_arguments.delta",
        "delta",
        Rule::JsonArguments,
        Part::Delta,
    ),
    Row(
        "response.mcp_call_arguments.done",
        "arguments",
        Rule::JsonArguments,
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
