//! What the Model Context Protocol's messages carry: content, resources, definitions of tools.

use crate::lookup::Lookup;
use crate::openai::enter_tool;
use crate::shape::{Place, Rule, Shape, shape};
use crate::texts::{Scope, UnseenKind};
use penstock_wire::Value;

/// A tool as its server defines it.
pub(crate) static TOOL: Shape = shape! { enter enter_tool;
    "name" => Rule::WholeName,
    "title" => Rule::Text(Scope::ToolDefinition),
    "description" => Rule::Text(Scope::ToolDefinition),
    "inputSchema" => Rule::Schema(Scope::ToolDefinition),
    "outputSchema" => Rule::Schema(Scope::ToolDefinition),
    "annotations" => Rule::Shape(&HINTS),
    "execution" => Rule::Shape(&EXECUTION),
    // Pictures for people: no model is shown them.
    "icons" => Rule::Ignore,
    "_meta" => Rule::Free(Scope::Metadata),
};

static HINTS: Shape = shape! {
    "title" => Rule::Text(Scope::ToolDefinition),
    "readOnlyHint" => Rule::Constant,
    "destructiveHint" => Rule::Constant,
    "idempotentHint" => Rule::Constant,
    "openWorldHint" => Rule::Constant,
};

static EXECUTION: Shape = shape! {
    "taskSupport" => Rule::Constant,
};

/// A prompt that a server offers, and what may be filled in.
pub(crate) static PROMPT: Shape = shape! { enter enter_block;
    "name" => Rule::Inherit,
    "title" => Rule::Inherit,
    "description" => Rule::Inherit,
    "arguments" => Rule::Shape(&PROMPT),
    "required" => Rule::Constant,
    "icons" => Rule::Ignore,
    "_meta" => Rule::Free(Scope::Metadata),
};

/// A message of a prompt.
pub(crate) static PROMPT_MESSAGE: Shape = shape! {
    "role" => Rule::Constant,
    "content" => Rule::Shape(&CONTENT),
    "_meta" => Rule::Free(Scope::Metadata),
};

/// A block of content, in the scope of the message: text, a picture, a sound, a resource or a link to one; in what is
/// sampled also a call or its result.
pub(crate) static CONTENT: Shape = shape! { enter enter_block;
    "type" => Rule::Constant,
    "text" => Rule::Inherit,
    "data" => Rule::By(media),
    "mimeType" => Rule::Constant,
    "resource" => Rule::Shape(&RESOURCE),
    "uri" => Rule::Inherit,
    "name" => Rule::Inherit,
    "title" => Rule::Inherit,
    "description" => Rule::Inherit,
    "size" => Rule::Constant,
    "icons" => Rule::Ignore,
    "annotations" => Rule::Shape(&ANNOTATIONS),
    "id" => Rule::Constant,
    "input" => Rule::Free(Scope::ToolCall),
    "toolUseId" => Rule::Constant,
    "content" => Rule::Shape(&CONTENT),
    "structuredContent" => Rule::Free(Scope::ToolResult),
    "isError" => Rule::Constant,
    "_meta" => Rule::Free(Scope::Metadata),
};

/// For whom a block is.
static ANNOTATIONS: Shape = shape! {
    "audience" => Rule::Constant,
    "priority" => Rule::Constant,
    "lastModified" => Rule::Constant,
};

fn enter_block(_block: Value<'_>, position: u32, place: &mut Place) {
    place.index = position;
}

/// A resource, its contents, or a template of such.
pub(crate) static RESOURCE: Shape = shape! { enter enter_block;
    "uri" => Rule::Inherit,
    "uriTemplate" => Rule::Inherit,
    "name" => Rule::Inherit,
    "title" => Rule::Inherit,
    "description" => Rule::Inherit,
    "mimeType" => Rule::Constant,
    "text" => Rule::Inherit,
    "blob" => Rule::By(media),
    "size" => Rule::Constant,
    "icons" => Rule::Ignore,
    "annotations" => Rule::Shape(&ANNOTATIONS),
    "_meta" => Rule::Free(Scope::Metadata),
};

/// Bytes in base64, by the media type's first word.
fn media(data: Value<'_>, _place: &Place) -> Rule {
    let block = data.parent();
    let kind = block
        .and_then(|block| block.get("mimeType"))
        .and_then(Value::text)
        .unwrap_or_default();
    Rule::Unseen(UnseenKind::of_media(&kind))
}
