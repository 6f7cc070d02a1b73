//! Edits of a request's parameters that mean something in every dialect.

use crate::api::Dialect;
use crate::lookup::Lookup;
use crate::request::quoted;
use crate::{custom_reading, openai_chat};
use penstock_wire::{Json, JsonEdits, Kind, Value};

/// What became of a wish for usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The client asked itself.
    Already,
    /// The request now asks: what the server adds for it is to be taken out again (see `strip_usage`).
    Added,
    /// The API reports usage unasked, or the answer is no stream.
    NotApplicable,
}

/// What became of an edit of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edited {
    /// The edit was added.
    Changed,
    /// The request says so already.
    Kept,
    /// The API has no such parameter in its body.
    NotApplicable,
}

/// Makes a stream report its usage, where the API wants to be asked (OpenAI chat and completions).
pub fn ask_usage(dialect: Dialect<'_>, json: Json<'_>, edits: &mut JsonEdits) -> Asked {
    match dialect {
        Dialect::OpenAiChat | Dialect::OpenAiCompletions => openai_chat::ask_usage(json.root(), edits),
        Dialect::OpenAiResponses | Dialect::OpenAiEmbeddings | Dialect::AnthropicMessages => {
            Asked::NotApplicable
        }
        Dialect::OllamaChat | Dialect::OllamaGenerate | Dialect::OllamaEmbed => Asked::NotApplicable,
        Dialect::Gemini | Dialect::GeminiEmbed | Dialect::Mcp | Dialect::Custom(_) => Asked::NotApplicable,
    }
}

/// Lowers the bound on generated tokens to `max_tokens`, or sets it where there is none.
pub fn cap_output(dialect: Dialect<'_>, json: Json<'_>, max_tokens: u64, edits: &mut JsonEdits) -> Edited {
    let root = json.root();
    match dialect {
        Dialect::OpenAiChat => cap(root, &["max_completion_tokens", "max_tokens"], max_tokens, edits),
        Dialect::OpenAiResponses => cap(root, &["max_output_tokens"], max_tokens, edits),
        Dialect::OpenAiCompletions | Dialect::AnthropicMessages => {
            cap(root, &["max_tokens"], max_tokens, edits)
        }
        Dialect::OllamaChat | Dialect::OllamaGenerate => {
            cap_within(root, &["options"], &["num_predict"], max_tokens, edits)
        }
        Dialect::Gemini => cap_within(
            root,
            &["generationConfig", "generation_config"],
            &["maxOutputTokens", "max_output_tokens"],
            max_tokens,
            edits,
        ),
        Dialect::Custom(api) => custom_reading::cap_output(api, root, max_tokens, edits),
        Dialect::OpenAiEmbeddings | Dialect::OllamaEmbed | Dialect::GeminiEmbed | Dialect::Mcp => {
            Edited::NotApplicable
        }
    }
}

/// Lowers every member of `names` that is there; inserts the first where none is.
pub(crate) fn cap(object: Value<'_>, names: &[&str], max: u64, edits: &mut JsonEdits) -> Edited {
    let mut outcome = Edited::NotApplicable;
    for (_, value) in object
        .members()
        .filter(|(key, _)| names.iter().any(|name| key.eq_text(name)))
    {
        let low_enough = value.as_u64().is_some_and(|bound| bound <= max);
        if low_enough {
            outcome = if outcome == Edited::Changed {
                outcome
            } else {
                Edited::Kept
            };
        } else {
            edits.replace(value.id(), &max.to_string());
            outcome = Edited::Changed;
        }
    }
    if let (Edited::NotApplicable, Some(name)) = (outcome, names.first()) {
        edits.insert_member(object.id(), name, &max.to_string());
        outcome = Edited::Changed;
    }
    outcome
}

/// As [`cap`], in an object of the root, which is made where it is missing.
fn cap_within(root: Value<'_>, within: &[&str], names: &[&str], max: u64, edits: &mut JsonEdits) -> Edited {
    let (Some(home), Some(name)) = (within.first(), names.first()) else {
        return Edited::NotApplicable;
    };
    let made = format!("{{\"{name}\":{max}}}");
    match within.iter().find_map(|key| root.get(key)) {
        Some(object) if object.kind() == Kind::Object => cap(object, names, max, edits),
        Some(null) if null.is_null() => {
            edits.replace(null.id(), &made);
            Edited::Changed
        }
        Some(_) => Edited::NotApplicable,
        None => {
            edits.insert_member(root.id(), home, &made);
            Edited::Changed
        }
    }
}

/// Names another model, where the body names it (Gemini names it in the path).
pub fn set_model(dialect: Dialect<'_>, json: Json<'_>, model: &str, edits: &mut JsonEdits) -> Edited {
    match dialect {
        Dialect::OpenAiChat
        | Dialect::OpenAiResponses
        | Dialect::OpenAiCompletions
        | Dialect::OpenAiEmbeddings
        | Dialect::AnthropicMessages
        | Dialect::OllamaChat
        | Dialect::OllamaGenerate
        | Dialect::OllamaEmbed => set_string(json.root(), "model", model, edits),
        Dialect::Gemini | Dialect::GeminiEmbed | Dialect::Mcp => Edited::NotApplicable,
        Dialect::Custom(api) => custom_reading::set_model(api, json.root(), model, edits),
    }
}

/// Puts a string under `name`, in whatever place.
fn set_string(object: Value<'_>, name: &str, text: &str, edits: &mut JsonEdits) -> Edited {
    let raw = quoted(text);
    match object.get(name) {
        Some(old) if old.eq_text(text) => return Edited::Kept,
        Some(old) => edits.replace(old.id(), &raw),
        None => edits.insert_member(object.id(), name, &raw),
    }
    Edited::Changed
}
