//! Responses: `POST /v1/responses`.
//!
//! Sources: <https://platform.openai.com/docs/api-reference/responses> and `responses-streaming` beside it. A stream
//! says every text up to four times (`.delta`, `.done`, `output_item.done`, `response.completed`) and sends the
//! request's `instructions` and `tools` back. llama.cpp numbers no items; LiteLLM sends no `event:` lines.

use crate::answer::{ApiError, Finish, Seen};
use crate::lookup::Lookup;
use crate::openai::{self, ERROR};
use crate::request::{ReadError, Request, count, flag, name};
use crate::responses_events::{enter_event, event_rule, numbered};
use crate::responses_items::{ITEM, OUTPUT_ITEM, PROMPT, TEXT_CONFIG};
use crate::shape::{Place, Rule, Shape, shape};
use crate::state::State;
use crate::stream::FrameReading;
use crate::texts::{Part, Scope, UnseenKind};
use crate::usage::{Counter, CounterRow, Counts};
use penstock_wire::{Kind, Value};

pub(crate) static REQUEST: Shape = shape! {
    "model" => Rule::Constant,
    "input" => Rule::Scoped(Scope::User, &ITEM),
    "instructions" => Rule::Text(Scope::System),
    "tools" => Rule::Shape(&openai::TOOL),
    "tool_choice" => Rule::By(openai::tool_choice),
    "text" => Rule::Shape(&TEXT_CONFIG),
    "prompt" => Rule::Shape(&PROMPT),
    "previous_response_id" => Rule::Unseen(UnseenKind::Reference),
    "conversation" => Rule::Unseen(UnseenKind::Reference),
    "stream" => Rule::Constant,
    "stream_options" => Rule::Ignore,
    "max_output_tokens" => Rule::Constant,
    "max_tool_calls" => Rule::Constant,
    "service_tier" => Rule::Constant,
    "background" => Rule::Constant,
    "metadata" => Rule::Free(Scope::Metadata),
    "user" => Rule::Text(Scope::Metadata),
    "safety_identifier" => Rule::Text(Scope::Metadata),
    "prompt_cache_key" => Rule::Text(Scope::Metadata),
    "prompt_cache_retention" => Rule::Constant,
    "include" => Rule::Constant,
    "reasoning" => Rule::Ignore,
    "context_management" => Rule::Ignore,
    "parallel_tool_calls" => Rule::Constant,
    "store" => Rule::Constant,
    "temperature" => Rule::Constant,
    "top_p" => Rule::Constant,
    "top_logprobs" => Rule::Constant,
    "truncation" => Rule::Constant,
};

pub(crate) static RESPONSE: Shape = shape! {
    "id" => Rule::Constant,
    "object" => Rule::Constant,
    "created_at" => Rule::Constant,
    "completed_at" => Rule::Constant,
    "status" => Rule::Constant,
    "model" => Rule::Constant,
    "output" => Rule::Shape(&OUTPUT_ITEM),
    "output_text" => Rule::Again(Scope::Output),
    "usage" => Rule::Ignore,
    "error" => Rule::Shape(&ERROR),
    "incomplete_details" => Rule::Ignore,
    "instructions" => Rule::Echo(&Rule::Scoped(Scope::System, &ITEM)),
    "input" => Rule::Echo(&Rule::Scoped(Scope::User, &ITEM)),
    "tools" => Rule::Echo(&Rule::Shape(&openai::TOOL)),
    "tool_choice" => Rule::Echo(&Rule::By(openai::tool_choice)),
    "text" => Rule::Echo(&Rule::Shape(&TEXT_CONFIG)),
    "metadata" => Rule::Echo(&Rule::Free(Scope::Metadata)),
    "prompt" => Rule::Echo(&Rule::Free(Scope::User)),
    "user" => Rule::Echo(&Rule::Text(Scope::Metadata)),
    "safety_identifier" => Rule::Echo(&Rule::Text(Scope::Metadata)),
    "prompt_cache_key" => Rule::Echo(&Rule::Text(Scope::Metadata)),
    "prompt_cache_retention" => Rule::Constant,
    "previous_response_id" => Rule::Constant,
    "conversation" => Rule::Ignore,
    "reasoning" => Rule::Ignore,
    "service_tier" => Rule::Constant,
    "background" => Rule::Constant,
    "parallel_tool_calls" => Rule::Constant,
    "store" => Rule::Constant,
    "truncation" => Rule::Constant,
    "moderation" => Rule::Ignore,
    "tool_usage" => Rule::Ignore,
    "billing" => Rule::Ignore,
    "timings" => Rule::Ignore,
    "max_output_tokens" => Rule::Constant,
    "max_tool_calls" => Rule::Constant,
    "frequency_penalty" => Rule::Constant,
    "presence_penalty" => Rule::Constant,
    "temperature" => Rule::Constant,
    "top_p" => Rule::Constant,
    "top_logprobs" => Rule::Constant,
};

static EVENT: Shape = shape! { enter enter_event;
    "type" => Rule::Constant,
    "sequence_number" => Rule::Constant,
    "item_id" => Rule::Constant,
    "output_index" => Rule::Constant,
    "content_index" => Rule::Constant,
    "summary_index" => Rule::Constant,
    "command_index" => Rule::Constant,
    "annotation_index" => Rule::Constant,
    "partial_image_index" => Rule::Constant,
    "obfuscation" => Rule::Ignore,
    "logprobs" => Rule::By(logprobs),
    "delta" => Rule::By(event_rule),
    "text" => Rule::By(event_rule),
    "refusal" => Rule::By(event_rule),
    "arguments" => Rule::By(event_rule),
    "input" => Rule::By(event_rule),
    "code" => Rule::By(event_rule),
    "command" => Rule::By(event_rule),
    "part" => Rule::By(event_rule),
    "item" => Rule::By(event_rule),
    "annotation" => Rule::By(event_rule),
    "timings" => Rule::Ignore,
    "partial_image_b64" => Rule::Unseen(UnseenKind::Image),
    "response" => Rule::Shape(&RESPONSE),
    "status" => Rule::Constant,
    "message" => Rule::Text(Scope::Other),
    "param" => Rule::Constant,
    "error" => Rule::Shape(&ERROR),
};

/// An empty list carries nothing.
pub(crate) fn logprobs(list: Value<'_>, _place: &Place) -> Rule {
    if list.items().next().is_some() {
        Rule::Logprobs
    } else {
        Rule::Ignore
    }
}

const COUNTERS: &[CounterRow] = &[
    (Counter::Input, "input_tokens", ""),
    (Counter::Output, "output_tokens", ""),
    (Counter::Total, "total_tokens", ""),
    (Counter::Cached, "input_tokens_details", "cached_tokens"),
    (
        Counter::CacheCreation,
        "input_tokens_details",
        "cache_write_tokens",
    ),
    (Counter::InputAudio, "input_tokens_details", "audio_tokens"),
    (Counter::OutputAudio, "output_tokens_details", "audio_tokens"),
    (Counter::Reasoning, "output_tokens_details", "reasoning_tokens"),
];

/// Reads a response object; the same in a whole answer and in an event.
fn response(seen: &mut Seen, response: Value<'_>) {
    seen.names(response, "id", "model", "service_tier");
    if let Some(usage) = response.get("usage").filter(|usage| usage.kind() == Kind::Object) {
        seen.counts.merge(&Counts::of(usage, COUNTERS));
    }
    if seen.error.is_none() {
        seen.error = response.get("error").and_then(ApiError::read);
    }
    seen.finish = finish(response).or(seen.finish);
}

fn finish(response: Value<'_>) -> Option<Finish> {
    let status = response.get("status").and_then(Value::text)?;
    match &*status {
        "completed" if response.list("output").any(calls_tool) => Some(Finish::ToolCalls),
        "completed" => Some(Finish::Stop),
        "incomplete" => Some(incomplete(response)),
        "failed" | "cancelled" => Some(Finish::Error),
        _ => None,
    }
}

/// Calls that the client is to make; the others the server made itself.
fn calls_tool(item: Value<'_>) -> bool {
    const CALLS: &[&str] = &[
        "function_call",
        "custom_tool_call",
        "computer_call",
        "local_shell_call",
        "apply_patch_call",
    ];
    item.get("type")
        .is_some_and(|kind| CALLS.iter().any(|call| kind.eq_text(call)))
}

fn incomplete(response: Value<'_>) -> Finish {
    const REASONS: &[(&str, Finish)] = &[
        ("max_output_tokens", Finish::Length),
        ("content_filter", Finish::ContentFilter),
    ];
    let reason = response
        .get("incomplete_details")
        .and_then(|details| details.get("reason"));
    reason
        .and_then(|reason| Finish::from_table(reason, REASONS))
        .unwrap_or(Finish::Other)
}

pub(crate) fn request(root: Value<'_>) -> Result<Request, ReadError> {
    Ok(Request {
        model: name(root, "model")?,
        stream: flag(root, "stream")?.unwrap_or(false),
        max_output_tokens: count(root, "max_output_tokens")?,
        service_tier: name(root, "service_tier")?,
        ..Request::default()
    })
}

pub(crate) fn answer(root: Value<'_>) -> Seen {
    let mut seen = Seen::default();
    response(&mut seen, root);
    seen
}

pub(crate) fn frame(event: Option<&str>, root: Value<'_>, state: &mut State, out: &mut FrameReading) {
    let mut place = Place::new(Scope::Output, Part::Delta);
    place.message = numbered(root, &mut state.items);
    state.texts(root, Rule::Shape(&EVENT), place, out);
    if let Some(object) = root.get("response") {
        let failed = state.seen.error.is_some();
        response(&mut state.seen, object);
        out.error |= !failed && state.seen.error.is_some();
        out.usage = object.get("usage").is_some_and(|usage| !usage.is_null());
    }
    let kind = root.get("type").and_then(Value::text);
    match kind.as_deref().or(event).unwrap_or_default() {
        "response.completed" | "response.incomplete" | "response.failed" => state.end(out),
        "response.output_item.added" => out.output |= root.get("item").is_some_and(calls_tool),
        "response.output_item.done" => {
            state
                .channels
                .finish(|key| key.message == place.message, &mut out.finished);
        }
        // The documented form; OpenAI's SDKs raise on `error` objects, which every dialect has.
        "error" if root.get("error").is_none() => {
            let code = root
                .get("code")
                .and_then(Value::text)
                .map(|code| code.chars().take(64).collect());
            state.fail(ApiError { kind: None, code }, out);
        }
        kind if kind.ends_with(".done") => finish_text(root, place.message, state, out),
        _ => {}
    }
}

/// `.done` ends one text of an item.
fn finish_text(root: Value<'_>, message: u32, state: &mut State, out: &mut FrameReading) {
    let mut place = Place::new(Scope::Output, Part::Repeat);
    enter_event(root, 0, &mut place);
    state.channels.finish(
        |key| key.message == message && key.index == place.index,
        &mut out.finished,
    );
}
