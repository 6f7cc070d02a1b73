//! A whole answer: who wrote it, what it used, why it ended.

use crate::api::Dialect;
use crate::lookup::Lookup;
use crate::openai_responses;
use crate::request::short_text;
use crate::shape::{Place, Rule};
use crate::texts::{Part, Scope, TextBytes, Texts, collect};
use crate::usage::{Counts, Usage};
use crate::{
    anthropic_messages, custom_reading, gemini, mcp, ollama, openai_chat, openai_completions,
    openai_embeddings,
};
use penstock_wire::{Json, Value};

/// What one whole response says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The model that answered.
    pub model: Option<String>,
    /// The response's id.
    pub id: Option<String>,
    /// Tokens.
    pub usage: Usage,
    /// Why the model stopped; of several choices the first that says.
    pub finish: Option<Finish>,
    /// The error, if it is one.
    pub error: Option<ApiError>,
    /// Bytes of text that the model generated, reasoning and tool arguments included.
    pub output_bytes: u64,
    /// The service tier that served it.
    pub service_tier: Option<String>,
    /// What was odd about it.
    pub warnings: Warnings,
}

/// Oddities that do not stop the reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Warnings {
    /// A token counter is no token count (negative, a fraction, a string, beyond belief) and was ignored.
    pub odd_usage: bool,
    /// More texts at once than are told apart.
    pub too_many_channels: bool,
}

/// Why a model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finish {
    /// It was done, or met a stop sequence.
    Stop,
    /// The bound on generated tokens, or the context, was reached.
    Length,
    /// It calls tools.
    ToolCalls,
    /// Content was withheld, or the model refused.
    ContentFilter,
    /// It failed or was stopped.
    Error,
    /// Another reason.
    Other,
}

impl Finish {
    /// The name in metrics and logs (OpenAI's spelling).
    pub fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
            Self::Error => "error",
            Self::Other => "other",
        }
    }

    /// The finish that a dialect's table gives for a server's word.
    pub(crate) fn from_table(word: Value<'_>, table: &[(&str, Self)]) -> Option<Self> {
        if word.decoded_len() == 0 {
            return None;
        }
        let known = table
            .iter()
            .find(|(name, _)| word.eq_text(name))
            .map(|(_, finish)| *finish);
        Some(known.unwrap_or(Self::Other))
    }
}

/// An error as an API reports it, without its words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiError {
    /// The API's `type` (Gemini: `status`).
    pub kind: Option<String>,
    /// The API's `code`, number or word.
    pub code: Option<String>,
}

impl ApiError {
    /// The error at `error`, which is an object or (Ollama) a string; `null` and `""` are none.
    pub(crate) fn read(error: Value<'_>) -> Option<Self> {
        if error.is_null()
            || error.as_bool() == Some(false)
            || error.text().is_some_and(|text| text.is_empty())
        {
            return None;
        }
        let word = |name: &str| error.get(name).and_then(word);
        Some(Self {
            kind: word("type").or_else(|| word("status")),
            code: word("code"),
        })
    }
}

/// A short string, or a number as written.
fn word(value: Value<'_>) -> Option<String> {
    let number = value.number_raw();
    if number.is_empty() {
        short_text(value)
    } else {
        Some(number.chars().take(32).collect())
    }
}

/// Reads a whole response that is not a stream, successful or not.
pub fn read_response(dialect: Dialect<'_>, json: Json<'_>) -> Answer {
    let root = json.root();
    let mut seen = match dialect {
        Dialect::OpenAiChat => openai_chat::answer(root),
        Dialect::OpenAiResponses => openai_responses::answer(root),
        Dialect::OpenAiCompletions => openai_completions::answer(root),
        Dialect::OpenAiEmbeddings => openai_embeddings::answer(root),
        Dialect::AnthropicMessages => anthropic_messages::answer(root),
        Dialect::OllamaChat | Dialect::OllamaGenerate | Dialect::OllamaEmbed => ollama::answer(root),
        Dialect::Gemini => gemini::answer(root),
        Dialect::GeminiEmbed => gemini::embed_answer(root),
        Dialect::Mcp => mcp::answer(root),
        Dialect::Custom(api) => custom_reading::answer(api, root),
    };
    if seen.error.is_none() {
        seen.error = root.get("error").and_then(ApiError::read);
    }
    Answer {
        output_bytes: match dialect {
            Dialect::Custom(api) => custom_reading::response_texts(api, json).bytes(json, Scope::is_output),
            known => TextBytes::of(json, response_rule(known), response_place(), Scope::is_output),
        },
        usage: usage_of(dialect, &seen.counts),
        warnings: Warnings {
            odd_usage: seen.counts.odd,
            too_many_channels: false,
        },
        model: seen.model,
        id: seen.id,
        finish: seen.finish,
        error: seen.error,
        service_tier: seen.service_tier,
    }
}

/// Every text of a whole response by scope, in document order.
pub fn response_texts(dialect: Dialect<'_>, json: Json<'_>) -> Texts {
    match dialect {
        Dialect::Custom(api) => custom_reading::response_texts(api, json),
        known => collect(json, response_rule(known), response_place()),
    }
}

fn response_place() -> Place {
    Place::new(Scope::Output, Part::Whole)
}

fn response_rule(dialect: Dialect<'_>) -> Rule {
    match dialect {
        Dialect::OpenAiChat => Rule::Shape(&openai_chat::RESPONSE),
        Dialect::OpenAiResponses => Rule::Shape(&openai_responses::RESPONSE),
        Dialect::OpenAiCompletions => Rule::Shape(&openai_completions::RESPONSE),
        Dialect::OpenAiEmbeddings => Rule::Shape(&openai_embeddings::RESPONSE),
        Dialect::AnthropicMessages => Rule::Shape(&anthropic_messages::RESPONSE),
        Dialect::OllamaChat | Dialect::OllamaGenerate | Dialect::OllamaEmbed => {
            Rule::Shape(&ollama::RESPONSE)
        }
        Dialect::Gemini => Rule::Shape(&gemini::RESPONSE),
        Dialect::GeminiEmbed => Rule::Shape(&gemini::EMBED_RESPONSE),
        Dialect::Mcp => Rule::Shape(&mcp::RESPONSE),
        Dialect::Custom(_) => Rule::Free(Scope::Other),
    }
}

/// Brings a dialect's counters to one meaning.
pub(crate) fn usage_of(dialect: Dialect<'_>, counts: &Counts) -> Usage {
    use crate::usage::Sums;
    counts.usage(match dialect {
        Dialect::OpenAiChat
        | Dialect::OpenAiResponses
        | Dialect::OpenAiCompletions
        | Dialect::OpenAiEmbeddings
        | Dialect::OllamaChat
        | Dialect::OllamaGenerate
        | Dialect::OllamaEmbed
        | Dialect::Mcp => Sums::default(),
        Dialect::AnthropicMessages => Sums {
            input_excludes_cache: true,
            ..Sums::default()
        },
        Dialect::Gemini | Dialect::GeminiEmbed => Sums {
            output_excludes_reasoning: true,
            ..Sums::default()
        },
        Dialect::Custom(api) => api.sums(),
    })
}

/// What a dialect reads of a response besides its texts: of a whole one, or of one frame.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) model: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) counts: Counts,
    pub(crate) finish: Option<Finish>,
    pub(crate) error: Option<ApiError>,
    pub(crate) service_tier: Option<String>,
}

impl Seen {
    /// Reads id, model and tier where they are not known yet; an empty key names nothing.
    pub(crate) fn names(&mut self, object: Value<'_>, id: &str, model: &str, tier: &str) {
        name_once(&mut self.id, object, id);
        name_once(&mut self.model, object, model);
        name_once(&mut self.service_tier, object, tier);
    }
}

fn name_once(slot: &mut Option<String>, object: Value<'_>, name: &str) {
    if slot.is_none() && !name.is_empty() {
        *slot = object
            .get(name)
            .and_then(short_text)
            .filter(|text| !text.is_empty());
    }
}
