//! Taking back out what a server adds only because usage was asked for on the client's behalf.

use crate::api::Dialect;
use crate::stream::FrameReading;
use penstock_wire::{Json, JsonEdits};

/// What is to become of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stripped {
    /// It is as the client would have seen it.
    Unchanged,
    /// It exists only because usage was asked for: leave it out whole.
    Drop,
    /// The edits take its `usage` out (OpenAI adds `"usage":null` to every chunk when asked).
    Edited,
}

/// Turns a frame back into what the client asked for, after [`ask_usage`](crate::ask_usage) said `Added`.
pub fn strip_usage(
    dialect: Dialect<'_>,
    json: Json<'_>,
    reading: &FrameReading,
    edits: &mut JsonEdits,
) -> Stripped {
    match dialect {
        Dialect::OpenAiChat | Dialect::OpenAiCompletions => strip_member(json, reading, edits),
        Dialect::OpenAiResponses | Dialect::OpenAiEmbeddings | Dialect::AnthropicMessages => {
            Stripped::Unchanged
        }
        Dialect::OllamaChat | Dialect::OllamaGenerate | Dialect::OllamaEmbed => Stripped::Unchanged,
        Dialect::Gemini | Dialect::GeminiEmbed | Dialect::Mcp | Dialect::Custom(_) => Stripped::Unchanged,
    }
}

fn strip_member(json: Json<'_>, reading: &FrameReading, edits: &mut JsonEdits) -> Stripped {
    if reading.usage_only {
        return Stripped::Drop;
    }
    let mut stripped = Stripped::Unchanged;
    for (key, _) in json.root().members().filter(|(key, _)| key.eq_text("usage")) {
        edits.remove_member(key.id());
        stripped = Stripped::Edited;
    }
    stripped
}
