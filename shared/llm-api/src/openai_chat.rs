//! Chat completions: `POST /v1/chat/completions`.
//!
//! Source: <https://platform.openai.com/docs/api-reference/chat>, and what vLLM, llama.cpp, Ollama and LiteLLM
//! add (`reasoning`, `reasoning_content`, `timings`, a usage chunk whose `choices` is not empty).

use crate::answer::{Finish, Seen};
use crate::lookup::Lookup;
use crate::openai::{self, FINISH, TOOL, enter_message};
use crate::openai_reasoning;
use crate::parameters::Asked;
use crate::request::{ReadError, Request, count, flag, name};
use crate::shape::{Place, Rule, Shape, shape};
use crate::state::State;
use crate::stream::FrameReading;
use crate::texts::{Part, Scope, UnseenKind};
use penstock_wire::{JsonEdits, Kind, Value};

pub(crate) static REQUEST: Shape = shape! {
    "model" => Rule::Constant,
    "messages" => Rule::Shape(&MESSAGE),
    "tools" => Rule::Shape(&TOOL),
    "functions" => Rule::Shape(&TOOL),
    "tool_choice" => Rule::By(openai::tool_choice),
    "function_call" => Rule::By(openai::tool_choice),
    "response_format" => Rule::Shape(&RESPONSE_FORMAT),
    "prediction" => Rule::Shape(&PART),
    "stream" => Rule::Constant,
    "stream_options" => Rule::Shape(&STREAM_OPTIONS),
    "max_tokens" => Rule::Constant,
    "max_completion_tokens" => Rule::Constant,
    "n" => Rule::Constant,
    "stop" => Rule::Text(Scope::Other),
    "service_tier" => Rule::Constant,
    "metadata" => Rule::Free(Scope::Metadata),
    "user" => Rule::Text(Scope::Metadata),
    "safety_identifier" => Rule::Text(Scope::Metadata),
    "prompt_cache_key" => Rule::Text(Scope::Metadata),
    "temperature" => Rule::Constant,
    "top_p" => Rule::Constant,
    "frequency_penalty" => Rule::Constant,
    "presence_penalty" => Rule::Constant,
    "logit_bias" => Rule::Ignore,
    "logprobs" => Rule::Constant,
    "top_logprobs" => Rule::Constant,
    "seed" => Rule::Constant,
    "store" => Rule::Constant,
    "modalities" => Rule::Constant,
    "reasoning_effort" => Rule::Constant,
    "verbosity" => Rule::Constant,
    "parallel_tool_calls" => Rule::Constant,
};

pub(crate) static STREAM_OPTIONS: Shape = shape! {
    "include_usage" => Rule::Constant,
    "include_obfuscation" => Rule::Constant,
    "continuous_usage_stats" => Rule::Constant,
};

static RESPONSE_FORMAT: Shape = shape! {
    "type" => Rule::Constant,
    "json_schema" => Rule::Shape(&JSON_SCHEMA),
    "schema" => Rule::Schema(Scope::ToolDefinition),
};

static JSON_SCHEMA: Shape = shape! {
    "name" => Rule::Constant,
    "description" => Rule::Text(Scope::ToolDefinition),
    "schema" => Rule::Schema(Scope::ToolDefinition),
    "strict" => Rule::Constant,
};

pub(crate) static MESSAGE: Shape = shape! { enter enter_message;
    "role" => Rule::Constant,
    "content" => Rule::Shape(&PART),
    "name" => Rule::Text(Scope::Metadata),
    "tool_calls" => Rule::Shape(&TOOL_CALL),
    "tool_call_id" => Rule::Constant,
    "function_call" => Rule::Shape(&FUNCTION),
    "refusal" => Rule::Inherit,
    "reasoning_content" => Rule::Inherit,
    "reasoning" => Rule::Inherit,
    "audio" => Rule::Unseen(UnseenKind::Audio),
};

/// A content part. A string in its place is the content itself.
pub(crate) static PART: Shape = shape! {
    "type" => Rule::Constant,
    "text" => Rule::Inherit,
    "refusal" => Rule::Inherit,
    "thinking" => Rule::By(thinking),
    "content" => Rule::Shape(&PART),
    "image_url" => Rule::Unseen(UnseenKind::Image),
    "video_url" => Rule::Unseen(UnseenKind::Video),
    "audio_url" => Rule::Unseen(UnseenKind::Audio),
    "input_audio" => Rule::Unseen(UnseenKind::Audio),
    "file" => Rule::Unseen(UnseenKind::File),
    "cache_control" => Rule::Ignore,
};

/// Mistral's reasoning is a part among the others.
fn thinking(_parts: Value<'_>, place: &Place) -> Rule {
    if place.scope == Scope::Output {
        Rule::Scoped(Scope::Reasoning, &PART)
    } else {
        Rule::Shape(&PART)
    }
}

static TOOL_CALL: Shape = shape! { enter enter_tool_call;
    "index" => Rule::Constant,
    "id" => Rule::Constant,
    "type" => Rule::Constant,
    "function" => Rule::Shape(&FUNCTION),
    "custom" => Rule::Shape(&FUNCTION),
    "extra_content" => Rule::Ignore,
};

fn enter_tool_call(call: Value<'_>, position: u32, place: &mut Place) {
    place.index = openai::index(call, position);
    place.scope = Scope::ToolCall;
}

static FUNCTION: Shape = shape! {
    "name" => Rule::Name,
    "arguments" => Rule::JsonArguments,
    "input" => Rule::Text(Scope::ToolCall),
};

/// A whole answer, and a chunk of one: they differ in `message` and `delta` only.
pub(crate) static RESPONSE: Shape = shape! {
    "id" => Rule::Constant,
    "object" => Rule::Constant,
    "created" => Rule::Constant,
    "model" => Rule::Constant,
    "choices" => Rule::Shape(&CHOICE),
    "usage" => Rule::Ignore,
    "system_fingerprint" => Rule::Constant,
    "service_tier" => Rule::Constant,
    "obfuscation" => Rule::Ignore,
    "timings" => Rule::Ignore,
    "prompt_filter_results" => Rule::Ignore,
    "moderation" => Rule::Ignore,
    "prompt_logprobs" => Rule::Logprobs,
    "prompt_token_ids" => Rule::Ignore,
    "kv_transfer_params" => Rule::Ignore,
    "provider" => Rule::Constant,
    "x_groq" => Rule::Ignore,
    "citations" => Rule::Free(Scope::Document),
    "search_results" => Rule::Free(Scope::Document),
    "error" => Rule::Shape(&openai::ERROR),
};

static CHOICE: Shape = shape! { enter enter_choice;
    "index" => Rule::Constant,
    "message" => Rule::Shape(&ANSWER),
    "delta" => Rule::Shape(&ANSWER),
    "finish_reason" => Rule::Constant,
    "stop_reason" => Rule::Constant,
    "logprobs" => Rule::Logprobs,
    "content_filter_results" => Rule::Ignore,
    "content_filter_result" => Rule::Ignore,
    "content_filter_offsets" => Rule::Ignore,
    "native_finish_reason" => Rule::Constant,
    "token_ids" => Rule::Ignore,
};

pub(crate) fn enter_choice(choice: Value<'_>, position: u32, place: &mut Place) {
    place.message = openai::index(choice, position);
}

static ANSWER: Shape = shape! {
    "role" => Rule::Constant,
    "content" => Rule::Shape(&PART),
    "reasoning_content" => Rule::By(openai_reasoning::text),
    "reasoning" => Rule::By(openai_reasoning::text),
    "reasoning_details" => Rule::Shape(&openai_reasoning::DETAIL),
    "refusal" => Rule::Text(Scope::Refusal),
    "tool_calls" => Rule::Shape(&TOOL_CALL),
    "function_call" => Rule::Shape(&FUNCTION),
    "audio" => Rule::Shape(&AUDIO),
    "annotations" => Rule::Shape(&openai::CITATION),
    "images" => Rule::Unseen(UnseenKind::Image),
};

static AUDIO: Shape = shape! {
    "id" => Rule::Constant,
    "data" => Rule::Unseen(UnseenKind::Audio),
    "expires_at" => Rule::Constant,
    "transcript" => Rule::Text(Scope::Output),
};

pub(crate) fn request(root: Value<'_>) -> Result<Request, ReadError> {
    let stream = flag(root, "stream")?.unwrap_or(false);
    let bounds = [count(root, "max_completion_tokens")?, count(root, "max_tokens")?];
    Ok(Request {
        model: name(root, "model")?,
        stream,
        usage_asked: if stream { Some(usage_asked(root)?) } else { None },
        // Nobody here knows which of them the server reads.
        max_output_tokens: bounds.into_iter().flatten().max(),
        choices: count(root, "n")?.unwrap_or(1),
        service_tier: name(root, "service_tier")?,
        ..Request::default()
    })
}

pub(crate) fn usage_asked(root: Value<'_>) -> Result<bool, ReadError> {
    match root.get("stream_options") {
        Some(options) => Ok(flag(options, "include_usage")?.unwrap_or(false)),
        None => Ok(false),
    }
}

/// Sets `stream_options.include_usage` on a stream.
pub(crate) fn ask_usage(root: Value<'_>, edits: &mut JsonEdits) -> Asked {
    if root.get("stream").and_then(Value::as_bool) != Some(true) {
        return Asked::NotApplicable;
    }
    let Some(options) = root.get("stream_options") else {
        edits.insert_member(root.id(), "stream_options", "{\"include_usage\":true}");
        return Asked::Added;
    };
    match (options.kind(), options.get("include_usage")) {
        (Kind::Null, _) => edits.replace(options.id(), "{\"include_usage\":true}"),
        (Kind::Object, None) => edits.insert_member(options.id(), "include_usage", "true"),
        (Kind::Object, Some(asked)) if asked.as_bool() == Some(true) => return Asked::Already,
        (Kind::Object, Some(asked)) => edits.replace(asked.id(), "true"),
        (Kind::Bool | Kind::Number | Kind::String | Kind::Key | Kind::Array, _) => {
            return Asked::NotApplicable;
        }
    }
    Asked::Added
}

pub(crate) fn answer(root: Value<'_>) -> Seen {
    let mut seen = Seen::default();
    openai::names(&mut seen, root);
    seen.finish = root.list("choices").find_map(finish_reason);
    seen
}

fn finish_reason(choice: Value<'_>) -> Option<Finish> {
    Finish::from_table(choice.get("finish_reason")?, FINISH)
}

pub(crate) fn frame(root: Value<'_>, state: &mut State, out: &mut FrameReading) {
    state.texts(
        root,
        Rule::Shape(&RESPONSE),
        Place::new(Scope::Output, Part::Delta),
        out,
    );
    close(root, state, out);
}

/// What chat and text completions share: names, usage, finish.
pub(crate) fn close(root: Value<'_>, state: &mut State, out: &mut FrameReading) {
    let usage = root.get("usage");
    out.usage = usage.is_some_and(|usage| !usage.is_null());
    if out.usage || state.seen.id.is_none() || state.seen.model.is_none() {
        openai::names(&mut state.seen, root);
    }
    let mut silent = true;
    for (position, choice) in root.list("choices").enumerate() {
        let [index, delta, reason] = choice.pick(["index", "delta", "finish_reason"]);
        let index = index.and_then(Value::as_u64).unwrap_or(position as u64);
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        out.output |= delta.is_some_and(|delta| delta.list("tool_calls").any(is_named));
        let finish = reason.and_then(|reason| Finish::from_table(reason, FINISH));
        if finish.is_none() && delta.is_none_or(|delta| delta.members().next().is_none()) {
            // LiteLLM has such a choice in its usage chunk.
            continue;
        }
        silent = false;
        state.begin_choice(index);
        if let Some(finish) = finish {
            state.finish_choice(index, finish, out);
        }
    }
    out.usage_only = out.usage && !out.output && silent;
}

/// A tool call's name is output before its arguments are.
fn is_named(call: Value<'_>) -> bool {
    let name = call.get("function").and_then(|function| function.get("name"));
    name.is_some_and(|name| name.decoded_len() > 0)
}
