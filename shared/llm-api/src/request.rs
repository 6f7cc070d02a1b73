//! The parameters of a request, and the edits of them that mean something.

use crate::api::Dialect;
use crate::lookup::Lookup;
use crate::openai_responses;
use crate::refusal::ReplyTo;
use crate::shape::{Found, Place, Rule, Shape, Sink, camel};
use crate::texts::{Part, Scope, TextBytes, Texts, UnseenKind, collect};
use crate::walk::walk;
use crate::{
    anthropic_messages, custom_reading, gemini, mcp, ollama, openai_chat, openai_completions,
    openai_embeddings,
};
use penstock_wire::{Json, Kind, NodeId, Value, twin};
use std::fmt;

/// Names longer than this, in bytes, are not believed to be names of models or tiers.
pub(crate) const MAX_NAME_BYTES: usize = 256;

/// What a request asks of the model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The model, where the body names one. Gemini and Azure name it in the path: see `Target`.
    pub model: Option<String>,
    /// Whether the answer will be a stream.
    pub stream: bool,
    /// Whether the stream will report usage; `None` where the API needs not be asked.
    pub usage_asked: Option<bool>,
    /// The bound on generated tokens (of each choice); `None` when there is none.
    pub max_output_tokens: Option<u64>,
    /// How many answers are asked for, at least 1.
    pub choices: u64,
    /// The service tier asked for.
    pub service_tier: Option<String>,
    /// Bytes of text that the model will read, as [`request_text_bytes`] gives them.
    pub text_bytes: u64,
    /// Whom a refusal has to name.
    pub reply_to: ReplyTo,
}

/// Why a request cannot be read. Names places, never content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// An object has a key twice, or in another case: two servers may read two different requests.
    AmbiguousJson {
        /// JSON pointer to the key (its known spelling).
        path: String,
    },
    /// A value is of a kind that servers read differently, or the document is no request at all.
    WrongShape {
        /// JSON pointer to the value.
        path: String,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AmbiguousJson { path } => write!(f, "ambiguous key at {path:?}"),
            Self::WrongShape { path } => write!(f, "unexpected kind of value at {path:?}"),
        }
    }
}

impl std::error::Error for ReadError {}

/// Reads the parameters of a request and checks that every server reads the same.
///
/// # Errors
/// Duplicate or case-folded twins of known keys, in the root and in every object that a table reads; a root
/// that is no object; a model, stream flag or bound that is not of its kind (some servers convert `"true"`,
/// others refuse it, so what would happen is not known here).
pub fn read_request(dialect: Dialect<'_>, json: Json<'_>) -> Result<Request, ReadError> {
    let root = json.root();
    let is_batch = root.kind() == Kind::Array && matches!(dialect, Dialect::Mcp);
    if root.kind() != Kind::Object && !is_batch {
        return Err(ReadError::WrongShape { path: String::new() });
    }
    let mut survey = Survey::default();
    walk(root, request_rule(dialect), request_place(), &mut survey);
    if let Some(path) = survey.twin {
        return Err(ReadError::AmbiguousJson { path });
    }
    let mut request = match dialect {
        Dialect::OpenAiChat => openai_chat::request(root),
        Dialect::OpenAiResponses => openai_responses::request(root),
        Dialect::OpenAiCompletions => openai_completions::request(root),
        Dialect::OpenAiEmbeddings => openai_embeddings::request(root),
        Dialect::AnthropicMessages => anthropic_messages::request(root),
        Dialect::OllamaChat | Dialect::OllamaGenerate => ollama::request(root),
        Dialect::OllamaEmbed => ollama::embed_request(root),
        Dialect::Gemini => gemini::request(root),
        Dialect::GeminiEmbed => gemini::embed_request(root),
        Dialect::Mcp => mcp::request(root),
        Dialect::Custom(api) => custom_reading::request(api, root),
    }?;
    request.choices = request.choices.max(1);
    let custom = matches!(dialect, Dialect::Custom(_));
    request.text_bytes = if custom {
        request_text_bytes(dialect, json)
    } else {
        survey.text_bytes
    };
    Ok(request)
}

/// Every text of a request by scope, in document order, and what nobody here can read.
pub fn request_texts(dialect: Dialect<'_>, json: Json<'_>) -> Texts {
    match dialect {
        Dialect::Custom(api) => custom_reading::request_texts(api, json),
        known => collect(json, request_rule(known), request_place()),
    }
}

/// Bytes of text that the model will read: the base of an estimate. Allocates nothing, but for custom APIs.
pub fn request_text_bytes(dialect: Dialect<'_>, json: Json<'_>) -> u64 {
    match dialect {
        Dialect::Custom(api) => custom_reading::request_texts(api, json).bytes(json, Scope::is_input),
        known => TextBytes::of(json, request_rule(known), request_place(), Scope::is_input),
    }
}

fn request_place() -> Place {
    Place::new(Scope::Other, Part::Whole)
}

fn request_rule(dialect: Dialect<'_>) -> Rule {
    match dialect {
        Dialect::OpenAiChat => Rule::Shape(&openai_chat::REQUEST),
        Dialect::OpenAiResponses => Rule::Shape(&openai_responses::REQUEST),
        Dialect::OpenAiCompletions => Rule::Shape(&openai_completions::REQUEST),
        Dialect::OpenAiEmbeddings => Rule::Shape(&openai_embeddings::REQUEST),
        Dialect::AnthropicMessages => Rule::Shape(&anthropic_messages::REQUEST),
        Dialect::OllamaChat => Rule::Shape(&ollama::CHAT_REQUEST),
        Dialect::OllamaGenerate => Rule::Shape(&ollama::GENERATE_REQUEST),
        Dialect::OllamaEmbed => Rule::Shape(&ollama::EMBED_REQUEST),
        Dialect::Gemini => Rule::Shape(&gemini::REQUEST),
        Dialect::GeminiEmbed => Rule::Shape(&gemini::EMBED_REQUEST),
        Dialect::Mcp => Rule::Shape(&mcp::REQUEST),
        Dialect::Custom(_) => Rule::Free(Scope::Other),
    }
}

/// `text` as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    let mut raw = Vec::with_capacity(text.len() + 2);
    penstock_wire::write_string(&mut raw, text);
    String::from_utf8(raw).unwrap_or_default()
}

/// Remembers the first ambiguous key, and sums the text on the way.
#[derive(Default)]
struct Survey {
    twin: Option<String>,
    text_bytes: u64,
}

impl Sink for Survey {
    fn text(&mut self, found: Found<'_>) {
        if found.place.scope.is_input() {
            self.text_bytes = self.text_bytes.saturating_add(found.bytes());
        }
    }

    fn unseen(&mut self, _kind: UnseenKind, _value: Value<'_>, _place: &Place) {}

    fn twice(&mut self, key: Value<'_>, shape: &'static Shape) {
        self.twin.get_or_insert_with(|| twin_path(key, shape));
    }

    fn strange(&mut self, object: Value<'_>, shape: &'static Shape) {
        if let Some(key) = twin(object, shape.known) {
            self.twin.get_or_insert_with(|| twin_path(key, shape));
        }
    }
}

/// JSON pointer to a twin, in its known spelling: a client's own is content.
fn twin_path(key: Value<'_>, shape: &'static Shape) -> String {
    let name = key.text().unwrap_or_default();
    let camel = camel(name.clone());
    let known = shape
        .known
        .iter()
        .find(|known| folds(&name, known) || folds(&camel, known));
    let object = key.parent().map(path).unwrap_or_default();
    object + "/" + known.copied().unwrap_or("*")
}

/// Equal without regard to case, as far as folding leads to ASCII.
fn folds(name: &str, known: &str) -> bool {
    let folded = name.chars().map(|char| match char {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        char => char.to_ascii_lowercase(),
    });
    folded.eq(known.chars().map(|char| char.to_ascii_lowercase()))
}

/// JSON pointer to a value. All keys on the way are ones that tables know.
pub(crate) fn path(value: Value<'_>) -> String {
    let mut steps = Vec::new();
    let mut at = value;
    while let Some(parent) = at.parent() {
        steps.push(match at.key() {
            Some(key) => key.text().unwrap_or_default().into_owned(),
            None => position(parent, at.id()).to_string(),
        });
        at = parent;
    }
    steps
        .iter()
        .rev()
        .fold(String::new(), |path, step| path + "/" + step)
}

fn position(array: Value<'_>, item: NodeId) -> usize {
    array.items().take_while(|other| other.id() != item).count()
}

/// A boolean parameter; `null` is as good as none.
///
/// # Errors
/// Anything else: pydantic servers take `"true"` and `1` for true, others refuse them.
pub(crate) fn flag(object: Value<'_>, name: &str) -> Result<Option<bool>, ReadError> {
    match object.get(name) {
        None => Ok(None),
        Some(value) if value.is_null() => Ok(None),
        Some(value) => match value.as_bool() {
            Some(flag) => Ok(Some(flag)),
            None => Err(ReadError::WrongShape { path: path(value) }),
        },
    }
}

/// A count; `null` and negative numbers (llama.cpp and Ollama: no bound) are as good as none.
///
/// # Errors
/// Anything that is not a number; a fraction; more than `u64` holds.
pub(crate) fn count(object: Value<'_>, name: &str) -> Result<Option<u64>, ReadError> {
    match object.get(name) {
        None => Ok(None),
        Some(value) if value.is_null() || value.number_raw().starts_with('-') => Ok(None),
        Some(value) => match value.as_u64() {
            Some(count) => Ok(Some(count)),
            None => Err(ReadError::WrongShape { path: path(value) }),
        },
    }
}

/// The name of a model; `null` is as good as none.
///
/// # Errors
/// Anything that is not a string, and more than [`MAX_NAME_BYTES`].
pub(crate) fn name(object: Value<'_>, name: &str) -> Result<Option<String>, ReadError> {
    match object.get(name) {
        None => Ok(None),
        Some(value) if value.is_null() => Ok(None),
        Some(value) => match short_text(value) {
            Some(text) => Ok(Some(text)),
            None => Err(ReadError::WrongShape { path: path(value) }),
        },
    }
}

/// A string of at most [`MAX_NAME_BYTES`].
pub(crate) fn short_text(value: Value<'_>) -> Option<String> {
    let text = value.text().filter(|_| value.decoded_len() <= MAX_NAME_BYTES)?;
    Some(text.into_owned())
}
