//! The Model Context Protocol over Streamable HTTP: JSON-RPC 2.0 between a client and a server of tools.
//!
//! Sources: <https://modelcontextprotocol.io/specification/2025-06-18/basic/transports>,
//! <https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http> and the `schema.ts` of
//! <https://github.com/modelcontextprotocol/modelcontextprotocol>, 2024-11-05 to 2026-07-28. A POST brings one message, or a
//! batch of them (2025-03-26 alone); it is answered by one document or by a stream with a message an event. Messages go both
//! ways on that stream: until 2025-11-25 a server asks its client for completions and for input, too.
//!
//! No model writes here, so no text is output: what a client says is a call, what a server says is a result, a definition or
//! a document.

use crate::answer::Seen;
use crate::lookup::Lookup;
use crate::mcp_content::{CONTENT, PROMPT, PROMPT_MESSAGE, RESOURCE, TOOL};
use crate::openai::ERROR;
use crate::refusal::ReplyTo;
use crate::request::{MAX_NAME_BYTES, ReadError, Request, path};
use crate::shape::{Place, Rule, Shape, shape};
use crate::state::State;
use crate::stream::FrameReading;
use crate::texts::{Part, Scope};
use penstock_wire::{Kind, Value};

/// So many requests of a batch a refusal names; a refusal must not be many times what it refuses.
const MAX_NAMED: usize = 64;

/// What a client sends: requests, notifications, and answers to what the server asked.
pub(crate) static REQUEST: Shape = shape! { enter enter_message;
    "jsonrpc" => Rule::Constant,
    "id" => Rule::Constant,
    "method" => Rule::Constant,
    "params" => Rule::By(params),
    "result" => Rule::Shape(&GIVEN),
    "error" => Rule::Shape(&ERROR),
};

/// What a server sends: answers, notifications, and requests of its own.
pub(crate) static RESPONSE: Shape = shape! { enter enter_message;
    "jsonrpc" => Rule::Constant,
    "id" => Rule::Constant,
    "method" => Rule::Constant,
    "params" => Rule::By(server_params),
    "result" => Rule::Scoped(Scope::ToolResult, &RESULT),
    "error" => Rule::Shape(&FAULT),
};

fn enter_message(_message: Value<'_>, position: u32, place: &mut Place) {
    place.message = place.calls_before.saturating_add(position);
}

fn is_notification(params: Value<'_>) -> bool {
    let method = params.parent().and_then(|message| message.get("method"));
    method
        .and_then(Value::text)
        .is_some_and(|method| method.starts_with("notifications/"))
}

fn params(params: Value<'_>, _place: &Place) -> Rule {
    let method = params.parent().and_then(|message| message.get("method"));
    if method.is_some_and(|method| method.eq_text("tools/call")) {
        Rule::Shape(&CALL)
    } else if is_notification(params) {
        Rule::Free(Scope::Metadata)
    } else {
        Rule::Shape(&PARAMS)
    }
}

/// `params` of `tools/call`.
static CALL: Shape = shape! {
    "name" => Rule::WholeName,
    "arguments" => Rule::Free(Scope::ToolCall),
    "inputResponses" => Rule::Free(Scope::ToolCall),
    "requestState" => Rule::Ignore,
    "task" => Rule::Free(Scope::Metadata),
    "_meta" => Rule::Free(Scope::Metadata),
};

/// `params` of any other request of a client.
static PARAMS: Shape = shape! {
    "name" => Rule::Text(Scope::ToolCall),
    "uri" => Rule::Text(Scope::ToolCall),
    "arguments" => Rule::Free(Scope::ToolCall),
    "argument" => Rule::Free(Scope::ToolCall),
    "ref" => Rule::Free(Scope::ToolCall),
    "context" => Rule::Free(Scope::ToolCall),
    "inputResponses" => Rule::Free(Scope::ToolCall),
    "requestState" => Rule::Ignore,
    "notifications" => Rule::Free(Scope::Metadata),
    "protocolVersion" => Rule::Constant,
    "capabilities" => Rule::Free(Scope::Metadata),
    "clientInfo" => Rule::Free(Scope::Metadata),
    "cursor" => Rule::Constant,
    "level" => Rule::Constant,
    "taskId" => Rule::Constant,
    "_meta" => Rule::Free(Scope::Metadata),
};

/// What a client gives a server that asked: a completion, a user's input, roots.
static GIVEN: Shape = shape! {
    "role" => Rule::Constant,
    "content" => Rule::By(given),
    "model" => Rule::Constant,
    "stopReason" => Rule::Constant,
    "action" => Rule::Constant,
    "roots" => Rule::Free(Scope::ToolCall),
    "_meta" => Rule::Free(Scope::Metadata),
};

/// Content of a completion, or the fields of a form.
fn given(content: Value<'_>, _place: &Place) -> Rule {
    let block = content.items().next().unwrap_or(content);
    if block.get("type").is_some() {
        Rule::Scoped(Scope::ToolCall, &CONTENT)
    } else {
        Rule::Free(Scope::ToolCall)
    }
}

fn server_params(params: Value<'_>, _place: &Place) -> Rule {
    if is_notification(params) {
        Rule::Free(Scope::Metadata)
    } else {
        Rule::Shape(&SERVER_PARAMS)
    }
}

/// A server asks for a completion of the client's model, or for input of its user.
static SERVER_PARAMS: Shape = shape! {
    "messages" => Rule::Scoped(Scope::ToolResult, &PROMPT_MESSAGE),
    "systemPrompt" => Rule::Text(Scope::ToolResult),
    "includeContext" => Rule::Constant,
    "temperature" => Rule::Constant,
    "maxTokens" => Rule::Constant,
    "stopSequences" => Rule::Text(Scope::Other),
    "modelPreferences" => Rule::Free(Scope::Metadata),
    "metadata" => Rule::Free(Scope::Metadata),
    "tools" => Rule::Shape(&TOOL),
    "toolChoice" => Rule::Free(Scope::Metadata),
    "mode" => Rule::Constant,
    "message" => Rule::Text(Scope::ToolResult),
    "requestedSchema" => Rule::Schema(Scope::ToolDefinition),
    "url" => Rule::Text(Scope::ToolResult),
    "elicitationId" => Rule::Constant,
    "task" => Rule::Free(Scope::Metadata),
    "_meta" => Rule::Free(Scope::Metadata),
};

/// The result of any method. A table for each is not to be had: an answer does not say what was asked.
static RESULT: Shape = shape! {
    "resultType" => Rule::Constant,
    "content" => Rule::Scoped(Scope::ToolResult, &CONTENT),
    "structuredContent" => Rule::Free(Scope::ToolResult),
    "isError" => Rule::Constant,
    "tools" => Rule::Shape(&TOOL),
    "prompts" => Rule::Scoped(Scope::Document, &PROMPT),
    "description" => Rule::Text(Scope::Document),
    "messages" => Rule::Scoped(Scope::ToolResult, &PROMPT_MESSAGE),
    "resources" => Rule::Scoped(Scope::Document, &RESOURCE),
    "resourceTemplates" => Rule::Scoped(Scope::Document, &RESOURCE),
    "contents" => Rule::Scoped(Scope::Document, &RESOURCE),
    "completion" => Rule::Free(Scope::ToolResult),
    "instructions" => Rule::Text(Scope::ToolDefinition),
    "serverInfo" => Rule::Free(Scope::ToolDefinition),
    "protocolVersion" => Rule::Constant,
    "supportedVersions" => Rule::Constant,
    "capabilities" => Rule::Free(Scope::Metadata),
    "inputRequests" => Rule::Free(Scope::ToolResult),
    "requestState" => Rule::Ignore,
    "task" => Rule::Free(Scope::ToolResult),
    "tasks" => Rule::Free(Scope::ToolResult),
    "taskId" => Rule::Constant,
    "status" => Rule::Constant,
    "statusMessage" => Rule::Text(Scope::ToolResult),
    "createdAt" => Rule::Constant,
    "lastUpdatedAt" => Rule::Constant,
    "ttl" => Rule::Constant,
    "ttlMs" => Rule::Constant,
    "cacheScope" => Rule::Constant,
    "pollInterval" => Rule::Constant,
    "nextCursor" => Rule::Constant,
    "_meta" => Rule::Free(Scope::Metadata),
};

/// An error's words come from the tool, and clients show them to the model.
static FAULT: Shape = shape! {
    "code" => Rule::Constant,
    "message" => Rule::Text(Scope::ToolResult),
    "data" => Rule::Free(Scope::ToolResult),
};

/// The messages of a body: one, or a batch.
fn messages(root: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    let one = (root.kind() != Kind::Array).then_some(root);
    one.into_iter().chain(root.items())
}

/// Whether a message is the answer to a request.
fn is_answer(message: Value<'_>) -> bool {
    message.get("method").is_none() && (message.get("result").is_some() || message.get("error").is_some())
}

/// # Errors
/// A message that is no object, or whose method is no string.
pub(crate) fn request(root: Value<'_>) -> Result<Request, ReadError> {
    for message in messages(root) {
        let method = message
            .get("method")
            .filter(|method| method.kind() != Kind::String);
        let odd = method.or(Some(message).filter(|message| message.kind() != Kind::Object));
        if let Some(odd) = odd {
            return Err(ReadError::WrongShape { path: path(odd) });
        }
    }
    Ok(Request {
        reply_to: reply_to(root),
        ..Request::default()
    })
}

/// The requests of a body; notifications and answers want none.
fn reply_to(root: Value<'_>) -> ReplyTo {
    let mut ids = messages(root)
        .filter(|message| message.get("method").is_some())
        .filter_map(|message| message.get("id"))
        .filter(|id| matches!(id.kind(), Kind::String | Kind::Number) && id.raw().len() <= MAX_NAME_BYTES)
        .map(|id| id.raw().to_owned());
    if root.kind() == Kind::Array {
        return ReplyTo::Batch(ids.take(MAX_NAMED).collect());
    }
    ids.next().map_or(ReplyTo::Nobody, ReplyTo::One)
}

pub(crate) fn answer(_root: Value<'_>) -> Seen {
    Seen::default()
}

/// Messages come whole.
pub(crate) fn frame(root: Value<'_>, state: &mut State, out: &mut FrameReading) {
    let mut place = Place::new(Scope::Output, Part::Whole);
    place.calls_before = state.counted;
    state.whole_texts(root, Rule::Shape(&RESPONSE), place, out);
    for message in messages(root) {
        state.counted = state.counted.saturating_add(1);
        state.begin_choice(0);
        if is_answer(message) {
            state.answered();
            // Of a batch: one alone is read for every dialect.
            if root.kind() == Kind::Array {
                state.error_member(message, out);
            }
        }
    }
}
