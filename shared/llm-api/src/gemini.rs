//! Gemini: `generateContent`, `streamGenerateContent`, `embedContent`, `batchEmbedContents`, on Google AI and Vertex.
//!
//! Sources: <https://ai.google.dev/api/generate-content>, <https://ai.google.dev/api/embeddings>. The bodies are
//! Protocol Buffers in JSON: `system_instruction` is `systemInstruction`. `usageMetadata` is cumulative;
//! `candidatesTokenCount` leaves thoughts out, `promptTokenCount` leaves tool-use prompts out.

use crate::answer::{Finish, Seen};
use crate::gemini_calls::{CALL, RESULT, begins, call_of, calls_begun};
use crate::lookup::Lookup;
use crate::openai::{self, ERROR};
use crate::request::{ReadError, Request, count};
use crate::shape::{Place, Rule, Shape, camel, shape, stay};
use crate::state::State;
use crate::stream::FrameReading;
use crate::texts::{Part, Scope, UnseenKind};
use crate::usage::{Counter, CounterRow, Counts};
use penstock_wire::Value;

pub(crate) static REQUEST: Shape = shape! { proto stay;
    "contents" => Rule::Scoped(Scope::User, &CONTENT),
    "systemInstruction" => Rule::Scoped(Scope::System, &INSTRUCTION),
    "tools" => Rule::Shape(&TOOL),
    "toolConfig" => Rule::Ignore,
    "safetySettings" => Rule::Ignore,
    "generationConfig" => Rule::Shape(&CONFIG),
    "cachedContent" => Rule::Unseen(UnseenKind::Reference),
    "labels" => Rule::Free(Scope::Metadata),
    "model" => Rule::Constant,
};

pub(crate) static EMBED_REQUEST: Shape = shape! { proto stay;
    "model" => Rule::Constant,
    "content" => Rule::Scoped(Scope::User, &CONTENT),
    "requests" => Rule::Shape(&EMBED_REQUEST),
    "taskType" => Rule::Constant,
    "title" => Rule::Text(Scope::Document),
    "outputDimensionality" => Rule::Constant,
    "autoTruncate" => Rule::Constant,
    "embedContentConfig" => Rule::Shape(&EMBED_REQUEST),
};

static CONFIG: Shape = shape! { proto stay;
    "maxOutputTokens" => Rule::Constant,
    "candidateCount" => Rule::Constant,
    "stopSequences" => Rule::Text(Scope::Other),
    "responseSchema" => Rule::Schema(Scope::ToolDefinition),
    "responseJsonSchema" => Rule::Schema(Scope::ToolDefinition),
    "responseMimeType" => Rule::Constant,
    "responseModalities" => Rule::Constant,
    "temperature" => Rule::Constant,
    "topP" => Rule::Constant,
    "topK" => Rule::Constant,
    "seed" => Rule::Constant,
    "presencePenalty" => Rule::Constant,
    "frequencyPenalty" => Rule::Constant,
    "responseLogprobs" => Rule::Constant,
    "logprobs" => Rule::Constant,
    "mediaResolution" => Rule::Constant,
    "thinkingConfig" => Rule::Ignore,
    "speechConfig" => Rule::Ignore,
    "imageConfig" => Rule::Ignore,
};

static TOOL: Shape = shape! { proto stay;
    "functionDeclarations" => Rule::Shape(&FUNCTION),
    "googleSearch" => Rule::Unseen(UnseenKind::Remote),
    "googleSearchRetrieval" => Rule::Unseen(UnseenKind::Remote),
    "googleMaps" => Rule::Unseen(UnseenKind::Remote),
    "retrieval" => Rule::Unseen(UnseenKind::Remote),
    "fileSearch" => Rule::Unseen(UnseenKind::Remote),
    "urlContext" => Rule::Unseen(UnseenKind::Remote),
    "codeExecution" => Rule::Ignore,
};

static FUNCTION: Shape = shape! { proto openai::enter_tool;
    "name" => Rule::WholeName,
    "description" => Rule::Text(Scope::ToolDefinition),
    "parameters" => Rule::Schema(Scope::ToolDefinition),
    "parametersJsonSchema" => Rule::Schema(Scope::ToolDefinition),
    "response" => Rule::Schema(Scope::ToolDefinition),
    "responseJsonSchema" => Rule::Schema(Scope::ToolDefinition),
    "behavior" => Rule::Constant,
};

/// A message. A string in its place is text, as the SDKs have it.
static CONTENT: Shape = shape! { proto enter_content;
    "role" => Rule::Constant,
    "parts" => Rule::Shape(&PART),
};

/// The system instruction: its role says nothing.
static INSTRUCTION: Shape = shape! { proto stay;
    "role" => Rule::Constant,
    "parts" => Rule::Shape(&PART),
};

/// A single turn may leave its role out: it is the user's.
fn enter_content(content: Value<'_>, position: u32, place: &mut Place) {
    place.message = position;
    place.scope = match content.get("role") {
        None => Scope::User,
        role => openai::role_scope(role),
    };
}

pub(crate) static PART: Shape = shape! { proto enter_part;
    "text" => Rule::Inherit,
    "thought" => Rule::Constant,
    "thoughtSignature" => Rule::Ignore,
    "inlineData" => Rule::By(media),
    "fileData" => Rule::By(media),
    "functionCall" => Rule::Shape(&CALL),
    "functionResponse" => Rule::Shape(&RESULT),
    "toolCall" => Rule::Shape(&CALL),
    "toolResponse" => Rule::Shape(&RESULT),
    "executableCode" => Rule::Shape(&CALL),
    "codeExecutionResult" => Rule::Shape(&RESULT),
    "videoMetadata" => Rule::Ignore,
    "mediaResolution" => Rule::Ignore,
};

/// A signature is the state of the model's thinking, encrypted. It stands beside answers and calls too (Gemini 3 has one at
/// every first call); signed as a text is the thought alone, and only a model has thoughts.
fn enter_part(part: Value<'_>, position: u32, place: &mut Place) {
    // Text goes on in whichever part it stands.
    if let Some(call) = call_of(part) {
        let number = place.calls_before.saturating_add(position);
        // Arguments that go on have the number of the call before.
        place.index = number.saturating_sub(u32::from(!begins(call)));
    }
    let thought = part.get("thought").and_then(Value::as_bool) == Some(true);
    let by_model = matches!(place.scope, Scope::Assistant | Scope::Output);
    place.signed = thought && by_model && member(part, "thoughtSignature").is_some();
    if place.scope == Scope::Output && thought {
        place.scope = Scope::Reasoning;
    }
}

fn media(blob: Value<'_>, _place: &Place) -> Rule {
    let kind = member(blob, "mimeType").and_then(Value::text).unwrap_or_default();
    Rule::Unseen(UnseenKind::of_media(&kind))
}

pub(crate) static RESPONSE: Shape = shape! { proto stay;
    "candidates" => Rule::Shape(&CANDIDATE),
    "promptFeedback" => Rule::Ignore,
    "usageMetadata" => Rule::Ignore,
    "modelVersion" => Rule::Constant,
    "modelStatus" => Rule::Ignore,
    "responseId" => Rule::Constant,
    "createTime" => Rule::Constant,
    "error" => Rule::Shape(&ERROR),
};

pub(crate) static EMBED_RESPONSE: Shape = shape! { proto stay;
    "embedding" => Rule::Ignore,
    "embeddings" => Rule::Ignore,
    "usageMetadata" => Rule::Ignore,
    "metadata" => Rule::Ignore,
    "error" => Rule::Shape(&ERROR),
};

static CANDIDATE: Shape = shape! { proto enter_candidate;
    "index" => Rule::Constant,
    "content" => Rule::Shape(&INSTRUCTION),
    "finishReason" => Rule::Constant,
    "finishMessage" => Rule::Text(Scope::Other),
    "safetyRatings" => Rule::Ignore,
    "citationMetadata" => Rule::Free(Scope::Document),
    "groundingMetadata" => Rule::Free(Scope::Document),
    "urlContextMetadata" => Rule::Free(Scope::Document),
    "tokenCount" => Rule::Constant,
    "avgLogprobs" => Rule::Constant,
    "logprobsResult" => Rule::Logprobs,
};

fn enter_candidate(candidate: Value<'_>, position: u32, place: &mut Place) {
    place.message = openai::index(candidate, position);
}

/// The member of either spelling.
pub(crate) fn member<'a>(object: Value<'a>, name: &str) -> Option<Value<'a>> {
    let spelled = |key: Value<'a>| key.text().is_some_and(|key| camel(key) == name);
    object.get(name).or_else(|| {
        object
            .members()
            .find_map(|(key, value)| spelled(key).then_some(value))
    })
}

const COUNTERS: &[CounterRow] = &[
    (Counter::Input, "promptTokenCount", ""),
    (Counter::Output, "candidatesTokenCount", ""),
    (Counter::Total, "totalTokenCount", ""),
    (Counter::Cached, "cachedContentTokenCount", ""),
    (Counter::Reasoning, "thoughtsTokenCount", ""),
    (Counter::ToolInput, "toolUsePromptTokenCount", ""),
];

fn counts(usage: Value<'_>) -> Counts {
    let mut counts = Counts::of(usage, COUNTERS);
    counts.read(Counter::InputAudio, audio(usage.get("promptTokensDetails")));
    counts.read(Counter::OutputAudio, audio(usage.get("candidatesTokensDetails")));
    counts
}

fn audio(details: Option<Value<'_>>) -> Option<Value<'_>> {
    let is_audio = |item: &Value<'_>| {
        item.get("modality")
            .is_some_and(|modality| modality.eq_text("AUDIO"))
    };
    details?.items().find(is_audio)?.get("tokenCount")
}

const FINISH: &[(&str, Finish)] = &[
    ("STOP", Finish::Stop),
    ("MAX_TOKENS", Finish::Length),
    ("SAFETY", Finish::ContentFilter),
    ("RECITATION", Finish::ContentFilter),
    ("BLOCKLIST", Finish::ContentFilter),
    ("PROHIBITED_CONTENT", Finish::ContentFilter),
    ("SPII", Finish::ContentFilter),
    ("MODEL_ARMOR", Finish::ContentFilter),
    ("IMAGE_SAFETY", Finish::ContentFilter),
    ("IMAGE_PROHIBITED_CONTENT", Finish::ContentFilter),
    ("IMAGE_RECITATION", Finish::ContentFilter),
    ("MALFORMED_FUNCTION_CALL", Finish::Error),
    ("MALFORMED_RESPONSE", Finish::Error),
    ("UNEXPECTED_TOOL_CALL", Finish::Error),
];

fn names(seen: &mut Seen, root: Value<'_>) {
    seen.names(root, "responseId", "modelVersion", "");
    if let Some(usage) = root.get("usageMetadata") {
        seen.names(usage, "", "", "serviceTier");
        seen.counts.merge(&counts(usage));
    }
}

/// `STOP` stands also after function calls, so the calls themselves tell.
fn finish(candidate: Value<'_>, called: bool) -> Option<Finish> {
    let reason = candidate.get("finishReason")?;
    match Finish::from_table(reason, FINISH) {
        _ if reason.eq_text("FINISH_REASON_UNSPECIFIED") => None,
        Some(Finish::Stop) if called => Some(Finish::ToolCalls),
        finish => finish,
    }
}

fn calls_function(candidate: Value<'_>) -> bool {
    let content = candidate.get("content");
    content.is_some_and(|content| {
        content
            .list("parts")
            .any(|part| part.get("functionCall").is_some())
    })
}

/// A blocked prompt has no candidates.
fn blocked(root: Value<'_>) -> Option<Finish> {
    let reason = root.get("promptFeedback")?.get("blockReason")?;
    (reason.decoded_len() > 0).then_some(Finish::ContentFilter)
}

pub(crate) fn request(root: Value<'_>) -> Result<Request, ReadError> {
    let mut request = Request::default();
    if let Some(config) = member(root, "generationConfig") {
        request.max_output_tokens = spelled_count(config, "maxOutputTokens", "max_output_tokens")?;
        request.choices = spelled_count(config, "candidateCount", "candidate_count")?.unwrap_or(1);
    }
    Ok(request)
}

fn spelled_count(object: Value<'_>, camel: &str, snake: &str) -> Result<Option<u64>, ReadError> {
    Ok(count(object, camel)?.or(count(object, snake)?))
}

pub(crate) fn embed_request(_root: Value<'_>) -> Result<Request, ReadError> {
    Ok(Request::default())
}

pub(crate) fn answer(root: Value<'_>) -> Seen {
    let mut seen = Seen::default();
    names(&mut seen, root);
    seen.finish = root
        .list("candidates")
        .find_map(|c| finish(c, calls_function(c)))
        .or_else(|| blocked(root));
    seen
}

pub(crate) fn embed_answer(root: Value<'_>) -> Seen {
    let mut seen = Seen::default();
    names(&mut seen, root);
    seen
}

pub(crate) fn frame(root: Value<'_>, state: &mut State, out: &mut FrameReading) {
    let mut place = Place::new(Scope::Output, Part::Delta);
    place.calls_before = state.counted;
    state.texts(root, Rule::Shape(&RESPONSE), place, out);
    state.counted = root
        .list("candidates")
        .map(calls_begun)
        .fold(0, u32::max)
        .saturating_add(state.counted);
    names(&mut state.seen, root);
    out.usage = root.get("usageMetadata").is_some_and(|usage| !usage.is_null());
    for (position, candidate) in root.list("candidates").enumerate() {
        let index = openai::index(candidate, u32::try_from(position).unwrap_or(u32::MAX));
        state.begin_choice(index);
        let called = calls_function(candidate);
        state.called |= called;
        out.output |= called;
        if let Some(finish) = finish(candidate, state.called) {
            state.finish_choice(index, finish, out);
        }
    }
    if let Some(finish) = blocked(root) {
        state.finish_choice(0, finish, out);
    }
}
