//! Calls of Gemini: their parts, and how they are numbered.
//!
//! Source: <https://ai.google.dev/api/caching#FunctionCall>; arguments in pieces (`partialArgs`, `willContinue`):
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling>. Nothing in an answer numbers its calls,
//! so they count by their parts, on from the frames before.

use crate::gemini::{PART, member};
use crate::lookup::Lookup;
use crate::shape::{Rule, Shape, shape, stay};
use crate::texts::Scope;
use penstock_wire::Value;

/// The call that a part is.
pub(crate) fn call_of(part: Value<'_>) -> Option<Value<'_>> {
    ["functionCall", "toolCall", "executableCode"]
        .iter()
        .find_map(|name| member(part, name))
}

/// Whether a call begins here. Arguments that come in pieces (`partialArgs`) have the name beside the first of them alone.
pub(crate) fn begins(call: Value<'_>) -> bool {
    member(call, "name").is_some() || member(call, "partialArgs").is_none()
}

/// Calls, and code that the model ran.
pub(crate) static CALL: Shape = shape! { proto stay;
    "id" => Rule::Constant,
    "name" => Rule::WholeName,
    "toolType" => Rule::Constant,
    "args" => Rule::Arguments,
    "partialArgs" => Rule::Free(Scope::ToolCall),
    "willContinue" => Rule::Constant,
    "language" => Rule::Constant,
    "code" => Rule::Text(Scope::ToolCall),
};

/// What calls and code gave back.
pub(crate) static RESULT: Shape = shape! { proto stay;
    "id" => Rule::Constant,
    "name" => Rule::Constant,
    "toolType" => Rule::Constant,
    "willContinue" => Rule::Constant,
    "scheduling" => Rule::Constant,
    "response" => Rule::Free(Scope::ToolResult),
    "parts" => Rule::Scoped(Scope::ToolResult, &PART),
    "outcome" => Rule::Constant,
    "output" => Rule::Text(Scope::ToolResult),
};

/// How far a frame's calls are numbered: up to the last part that begins one.
pub(crate) fn calls_begun(candidate: Value<'_>) -> u32 {
    let Some(content) = candidate.get("content") else {
        return 0;
    };
    let numbered = content.list("parts").zip(1u32..);
    numbered
        .filter(|(part, _)| call_of(*part).is_some_and(begins))
        .map(|(_, number)| number)
        .last()
        .unwrap_or(0)
}
