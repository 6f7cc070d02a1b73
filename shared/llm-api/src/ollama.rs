//! Ollama: `/api/chat`, `/api/generate`, `/api/embed` and the older `/api/embeddings`.
//!
//! Source: <https://github.com/ollama/ollama/blob/main/docs/api.md>. Streams are NDJSON and the default; counts
//! stand in the object with `done: true` only. Ollama is written in Go: it matches keys without regard to case.

use crate::answer::{Finish, Seen};
use crate::lookup::Lookup;
use crate::openai::{self, TOOL, enter_message};
use crate::request::{ReadError, Request, count, flag, name};
use crate::shape::{Place, Rule, Shape, shape};
use crate::state::State;
use crate::stream::FrameReading;
use crate::texts::{Part, Scope, UnseenKind};
use crate::usage::{Counter, CounterRow, Counts};
use penstock_wire::{Kind, Value};

pub(crate) static CHAT_REQUEST: Shape = shape! {
    "model" => Rule::Constant,
    "messages" => Rule::Shape(&MESSAGE),
    "tools" => Rule::Shape(&TOOL),
    "format" => Rule::By(format),
    "options" => Rule::Shape(&OPTIONS),
    "stream" => Rule::Constant,
    "keep_alive" => Rule::Constant,
    "think" => Rule::Constant,
    "truncate" => Rule::Constant,
    "shift" => Rule::Constant,
    "logprobs" => Rule::Constant,
    "top_logprobs" => Rule::Constant,
};

pub(crate) static GENERATE_REQUEST: Shape = shape! {
    "model" => Rule::Constant,
    "prompt" => Rule::Text(Scope::User),
    "suffix" => Rule::Text(Scope::User),
    "system" => Rule::Text(Scope::System),
    "template" => Rule::Text(Scope::System),
    "context" => Rule::Unseen(UnseenKind::Tokens),
    "images" => Rule::Unseen(UnseenKind::Image),
    "raw" => Rule::Constant,
    "format" => Rule::By(format),
    "options" => Rule::Shape(&OPTIONS),
    "stream" => Rule::Constant,
    "keep_alive" => Rule::Constant,
    "think" => Rule::Constant,
    "truncate" => Rule::Constant,
    "shift" => Rule::Constant,
    "logprobs" => Rule::Constant,
    "top_logprobs" => Rule::Constant,
    "width" => Rule::Constant,
    "height" => Rule::Constant,
    "steps" => Rule::Constant,
};

pub(crate) static EMBED_REQUEST: Shape = shape! {
    "model" => Rule::Constant,
    "input" => Rule::Text(Scope::User),
    "prompt" => Rule::Text(Scope::User),
    "truncate" => Rule::Constant,
    "dimensions" => Rule::Constant,
    "options" => Rule::Shape(&OPTIONS),
    "keep_alive" => Rule::Constant,
};

/// `"json"`, or a JSON Schema.
fn format(format: Value<'_>, _place: &Place) -> Rule {
    if format.kind() == Kind::Object {
        Rule::Schema(Scope::ToolDefinition)
    } else {
        Rule::Constant
    }
}

static OPTIONS: Shape = shape! {
    "num_predict" => Rule::Constant,
    "num_ctx" => Rule::Constant,
    "num_keep" => Rule::Constant,
    "num_batch" => Rule::Constant,
    "num_gpu" => Rule::Constant,
    "main_gpu" => Rule::Constant,
    "num_thread" => Rule::Constant,
    "use_mmap" => Rule::Constant,
    "seed" => Rule::Constant,
    "temperature" => Rule::Constant,
    "top_k" => Rule::Constant,
    "top_p" => Rule::Constant,
    "min_p" => Rule::Constant,
    "typical_p" => Rule::Constant,
    "repeat_last_n" => Rule::Constant,
    "repeat_penalty" => Rule::Constant,
    "presence_penalty" => Rule::Constant,
    "frequency_penalty" => Rule::Constant,
    "stop" => Rule::Text(Scope::Other),
};

static MESSAGE: Shape = shape! { enter enter_message;
    "role" => Rule::Constant,
    "content" => Rule::Inherit,
    "thinking" => Rule::Inherit,
    "images" => Rule::Unseen(UnseenKind::Image),
    "tool_calls" => Rule::Shape(&TOOL_CALL),
    "tool_name" => Rule::Constant,
    "tool_call_id" => Rule::Constant,
};

static TOOL_CALL: Shape = shape! { enter enter_call;
    "id" => Rule::Constant,
    "type" => Rule::Constant,
    "function" => Rule::Shape(&FUNCTION),
};

/// Calls come whole, also in streams; older servers do not number them.
fn enter_call(call: Value<'_>, position: u32, place: &mut Place) {
    let number = place.calls_before.saturating_add(position);
    let function = call.get("function");
    place.index = function.map_or(number, |function| openai::index(function, number));
}

static FUNCTION: Shape = shape! {
    "index" => Rule::Constant,
    "name" => Rule::WholeName,
    "arguments" => Rule::Arguments,
};

/// Whole answers and lines of streams, of all three endpoints.
pub(crate) static RESPONSE: Shape = shape! {
    "model" => Rule::Constant,
    "remote_model" => Rule::Constant,
    "remote_host" => Rule::Constant,
    "created_at" => Rule::Constant,
    "message" => Rule::Shape(&ANSWER),
    "response" => Rule::Text(Scope::Output),
    "thinking" => Rule::Text(Scope::Reasoning),
    "tool_calls" => Rule::Shape(&TOOL_CALL),
    "image" => Rule::Unseen(UnseenKind::Image),
    "done" => Rule::Constant,
    "done_reason" => Rule::Constant,
    "context" => Rule::Ignore,
    "total_duration" => Rule::Constant,
    "load_duration" => Rule::Constant,
    "prompt_eval_count" => Rule::Constant,
    "prompt_eval_duration" => Rule::Constant,
    "eval_count" => Rule::Constant,
    "eval_duration" => Rule::Constant,
    "logprobs" => Rule::Logprobs,
    "embedding" => Rule::Ignore,
    "embeddings" => Rule::Ignore,
    "error" => Rule::Text(Scope::Other),
    "code" => Rule::Constant,
};

static ANSWER: Shape = shape! {
    "role" => Rule::Constant,
    "content" => Rule::Text(Scope::Output),
    "thinking" => Rule::Text(Scope::Reasoning),
    "tool_calls" => Rule::Shape(&TOOL_CALL),
    "images" => Rule::Unseen(UnseenKind::Image),
};

const FINISH: &[(&str, Finish)] = &[("stop", Finish::Stop), ("length", Finish::Length)];

const COUNTERS: &[CounterRow] = &[
    (Counter::Input, "prompt_eval_count", ""),
    (Counter::Output, "eval_count", ""),
];

pub(crate) fn request(root: Value<'_>) -> Result<Request, ReadError> {
    let bound = match root.get("options") {
        Some(options) => count(options, "num_predict")?,
        None => None,
    };
    Ok(Request {
        model: name(root, "model")?,
        stream: flag(root, "stream")?.unwrap_or(true),
        max_output_tokens: bound,
        ..Request::default()
    })
}

pub(crate) fn embed_request(root: Value<'_>) -> Result<Request, ReadError> {
    Ok(Request {
        model: name(root, "model")?,
        ..Request::default()
    })
}

pub(crate) fn answer(root: Value<'_>) -> Seen {
    let mut seen = Seen {
        counts: Counts::of(root, COUNTERS),
        ..Seen::default()
    };
    seen.names(root, "", "model", "");
    seen.finish = finish(root, calls(root) > 0);
    seen
}

/// `done_reason` stays `stop` when the model calls tools, so the calls themselves tell.
fn finish(root: Value<'_>, called: bool) -> Option<Finish> {
    root.get("done").and_then(Value::as_bool).filter(|done| *done)?;
    let reason = root
        .get("done_reason")
        .and_then(|reason| Finish::from_table(reason, FINISH));
    match reason {
        Some(Finish::Stop) | None if called => Some(Finish::ToolCalls),
        Some(reason) => Some(reason),
        None => Some(Finish::Stop),
    }
}

fn calls(root: Value<'_>) -> u32 {
    let lists = [Some(root), root.get("message")].into_iter().flatten();
    let calls = lists
        .map(|object| object.list("tool_calls").count())
        .sum::<usize>();
    u32::try_from(calls).unwrap_or(u32::MAX)
}

pub(crate) fn frame(root: Value<'_>, state: &mut State, out: &mut FrameReading) {
    let mut place = Place::new(Scope::Output, Part::Delta);
    place.calls_before = state.counted;
    state.texts(root, Rule::Shape(&RESPONSE), place, out);
    state.seen.names(root, "", "model", "");
    state.seen.counts.merge(&Counts::of(root, COUNTERS));
    out.usage = root
        .get("eval_count")
        .or_else(|| root.get("prompt_eval_count"))
        .is_some();
    let calls = calls(root);
    if calls > 0 {
        out.output = true;
        state.called = true;
        state.counted = state.counted.saturating_add(calls);
    }
    if let Some(finish) = finish(root, state.called) {
        state.finish_choice(0, finish, out);
        state.end(out);
    }
}
