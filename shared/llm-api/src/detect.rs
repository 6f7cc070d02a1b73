//! Which operation of which API a request is, decided at its head alone.

use crate::api::{Api, Dialect, Operation};
use crate::custom::CustomApi;
use crate::path::Path;
use crate::request::MAX_NAME_BYTES;
use penstock_wire::Framing;

/// What the decision needs of a request's head.
#[derive(Clone, Copy, Debug, Default)]
pub struct Head<'a> {
    /// `:method`.
    pub method: &'a str,
    /// `:path`, with the query.
    pub path: &'a str,
    /// `content-type`, any bytes.
    pub content_type: Option<&'a [u8]>,
    /// `accept`, any bytes.
    pub accept: Option<&'a [u8]>,
    /// Whether the connection is to become another: `upgrade: websocket`, or extended CONNECT.
    pub upgrade: bool,
    /// Whether `mcp-session-id` or `mcp-protocol-version` is there.
    pub mcp: bool,
}

/// What a request is.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The kind of operation.
    pub operation: Operation,
    /// The API, for [`Operation::Generate`], [`Operation::Embed`] and what is posted of [`Operation::Mcp`].
    pub api: Option<Api>,
    /// The description of a custom API.
    pub custom: Option<CustomApi>,
    /// The model, where the path names it (Gemini, Vertex, Azure deployments).
    pub model: Option<String>,
    /// Whether the answer streams, where the path says it (Gemini).
    pub stream: Option<bool>,
    /// The framing of a streamed answer, as far as the head tells; see [`framing`](Self::framing).
    pub framing: Option<Framing>,
    /// The path is not read because servers may read it differently, and the most forgiving of them would take
    /// the request for a POST that generates or embeds: it could carry a prompt past every filter.
    pub ambiguous_path: bool,
    /// The same where the most forgiving would take it for a POST of the Model Context Protocol.
    pub ambiguous_mcp: bool,
}

impl Target {
    /// An operation that no dialect reads.
    pub fn new(operation: Operation) -> Self {
        Self {
            operation,
            api: None,
            custom: None,
            model: None,
            stream: None,
            framing: None,
            ambiguous_path: false,
            ambiguous_mcp: false,
        }
    }

    /// An operation of a known API.
    pub fn of(api: Api) -> Self {
        let (operation, framing) = match api {
            Api::OpenAiChat | Api::OpenAiResponses | Api::OpenAiCompletions | Api::AnthropicMessages => {
                (Operation::Generate, Some(Framing::Sse))
            }
            Api::OllamaChat | Api::OllamaGenerate => (Operation::Generate, Some(Framing::Ndjson)),
            Api::Gemini | Api::Custom => (Operation::Generate, None),
            Api::OpenAiEmbeddings | Api::OllamaEmbed | Api::GeminiEmbed => (Operation::Embed, None),
            Api::Mcp => (Operation::Mcp, None),
        };
        Self {
            api: Some(api),
            framing,
            ..Self::new(operation)
        }
    }

    /// The dialect to read it with.
    pub fn dialect(&self) -> Option<Dialect<'_>> {
        Dialect::new(self.api?, self.custom.as_ref())
    }

    /// The framing of a response with this `content-type`; `None` when it is one whole document.
    ///
    /// `text/event-stream`, NDJSON by any of its names, and a JSON array where this request streams one.
    /// A stream whose type names nothing known is framed as the API frames its streams.
    pub fn framing(&self, content_type: Option<&[u8]>, streamed: bool) -> Option<Framing> {
        let media = media_type(content_type.unwrap_or_default());
        match media.as_str() {
            "text/event-stream" => Some(Framing::Sse),
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/jsonlines" => {
                Some(Framing::Ndjson)
            }
            "application/json" if self.framing == Some(Framing::JsonArray) => Some(Framing::JsonArray),
            "application/json" | "text/plain" | "text/html" => None,
            _ if streamed => self.framing,
            _ => None,
        }
    }
}

/// A media type without its parameters, in lower case.
fn media_type(value: &[u8]) -> String {
    let media = value.split(|byte| *byte == b';').next().unwrap_or_default();
    String::from_utf8_lossy(media.trim_ascii()).to_ascii_lowercase()
}

/// Decides what a request is. Custom APIs are asked first, in order.
///
/// A path that servers may read differently (dot segments, empty segments, encoded slashes, a backslash, other
/// letters) is not read whatever it looks like; where it may lead to a model it is marked as
/// [`Target::ambiguous_path`]. A known POST is what it is under any content type and with any upgrade header, since many servers
/// never look at those.
pub fn detect(head: &Head<'_>, custom: &[CustomApi]) -> Target {
    let target = plain(head, custom);
    let is_post = head.method == "POST";
    // A client's own headers make it MCP: that says nothing of where the path leads.
    let is_read = target.api.is_some() && target.operation != Operation::Mcp;
    let ambiguous_path = is_post && !is_read && folds_to_known(head.path, custom);
    let ambiguous_mcp = is_post && target.api.is_none() && folds_to_mcp(head.path);
    Target {
        ambiguous_path,
        ambiguous_mcp,
        ..target
    }
}

/// Whether a server may take the path for one of MCP.
fn folds_to_mcp(path: &str) -> bool {
    let folded = Path::folded(path);
    folded.in_small_letters(&[]).ends_with(&["mcp"])
}

/// Whether a server may take the path for one that a dialect reads.
fn folds_to_known(path: &str, custom: &[CustomApi]) -> bool {
    let path = Path::folded(path);
    let small = path.in_small_letters(VERBS);
    custom.iter().any(|api| api.matches_any_case(path.segments()))
        || [path, small].iter().any(|path| known_post(path).is_some())
}

/// What [`detect`] reads of a path that every server reads the same way.
fn plain(head: &Head<'_>, custom: &[CustomApi]) -> Target {
    let Some(path) = Path::parse(head.path) else {
        return Target::new(Operation::Unknown);
    };
    if head.method == "POST"
        && let Some(api) = custom.iter().find(|api| api.matches(path.segments()))
    {
        return Target {
            custom: Some(api.clone()),
            framing: api.framing(),
            ..Target::of(Api::Custom)
        };
    }
    match head.method {
        "POST" => post(head, &path),
        "GET" | "CONNECT" if head.upgrade => Target::new(Operation::Realtime),
        "OPTIONS" | "HEAD" | "CONNECT" | "TRACE" => Target::new(Operation::NotLlm),
        _ => Target::new(other_method(head, &path)),
    }
}

fn post(head: &Head<'_>, path: &Path) -> Target {
    if let Some(target) = known_post(path) {
        return target;
    }
    if path.ends_with(&["mcp"]) {
        return Target::of(Api::Mcp);
    }
    let media = media_type(head.content_type.unwrap_or_default());
    let accepts_mcp = accepts_mcp(head.accept.unwrap_or_default());
    let operation = if media.starts_with("application/grpc") {
        Operation::Grpc
    } else if head.mcp || (accepts_mcp && is_json(&media)) {
        return Target::of(Api::Mcp);
    } else if accepts_mcp {
        Operation::Mcp
    } else if head.upgrade || path.has("realtime") {
        Operation::Realtime
    } else if media.starts_with("multipart/") {
        Operation::Upload
    } else {
        by_collection(path, head.method).unwrap_or(Operation::Unknown)
    };
    Target::new(operation)
}

/// What a server may read as JSON: a client may leave the type out.
fn is_json(media: &str) -> bool {
    media.is_empty() || media == "application/json" || media.ends_with("+json")
}

/// MCP's clients accept both forms of answer (specification 2025-03-26, transports).
fn accepts_mcp(accept: &[u8]) -> bool {
    let names = |name: &str| {
        let mut places = accept.windows(name.len());
        places.any(|place| place.eq_ignore_ascii_case(name.as_bytes()))
    };
    names("application/json") && names("text/event-stream")
}

fn other_method(head: &Head<'_>, path: &Path) -> Operation {
    if path.ends_with(&["mcp"]) || head.mcp {
        return Operation::Mcp;
    }
    if path.has("realtime") {
        return Operation::Realtime;
    }
    let looks = matches!(head.method, "GET" | "DELETE");
    if looks && (path.holds(&["chat", "completions"]) || known_post(path).is_some()) {
        return Operation::Manage;
    }
    match by_collection(path, head.method) {
        Some(Operation::Upload) if looks => Operation::Manage,
        Some(operation) => operation,
        None if head.method == "GET" => Operation::NotLlm,
        None => Operation::Unknown,
    }
}

/// The collections of the APIs, by what stands after the version.
fn by_collection(path: &Path, method: &str) -> Option<Operation> {
    const COLLECTIONS: &[(&str, Operation)] = &[
        ("models", Operation::Manage),
        ("files", Operation::Upload),
        ("uploads", Operation::Upload),
        ("batches", Operation::Batch),
        ("fine_tuning", Operation::Manage),
        ("organizations", Operation::Manage),
        ("organization", Operation::Manage),
    ];
    /// A POST to these stores texts that a model reads later: nothing here can tell.
    const STORES: &[&str] = &[
        "responses",
        "conversations",
        "vector_stores",
        "skills",
        "cachedContents",
        "tunedModels",
    ];
    if let Some(operation) = by_name(path) {
        return Some(operation);
    }
    let collection = path.after_version()?;
    if STORES.contains(&collection) {
        return (method != "POST").then_some(Operation::Manage);
    }
    COLLECTIONS
        .iter()
        .find(|(name, _)| *name == collection)
        .map(|(_, operation)| *operation)
}

/// Endpoints that are known by their last words.
fn by_name(path: &Path) -> Option<Operation> {
    const OLLAMA: &[&str] = &[
        "tags", "show", "ps", "pull", "push", "create", "copy", "delete", "version", "me", "signout",
    ];
    const MANAGE: &[&[&str]] = &[&["messages", "count_tokens"], &["responses", "input_tokens"]];
    match path.verb() {
        Some((_, "countTokens" | "computeTokens")) | Some(("count-tokens", "rawPredict")) => {
            return Some(Operation::Manage);
        }
        Some((_, "batchGenerateContent" | "asyncBatchEmbedContent")) => return Some(Operation::Batch),
        Some((_, "bidiGenerateContent")) => return Some(Operation::Realtime),
        Some(_) | None => {}
    }
    if path.holds(&["messages", "batches"]) {
        Some(Operation::Batch)
    } else if path.holds(&["api", "blobs"]) {
        Some(Operation::Upload)
    } else if MANAGE.iter().any(|tail| path.ends_with(tail))
        || (path.has("responses") && path.last() == Some("cancel"))
        || path.last_after("api").is_some_and(|last| OLLAMA.contains(&last))
        || path.segments() == ["models"]
    {
        Some(Operation::Manage)
    } else {
        None
    }
}

/// The paths that a dialect reads.
fn known_post(path: &Path) -> Option<Target> {
    if let Some((model, verb)) = path.verb().filter(|(model, _)| *model != "count-tokens") {
        return gemini(path, model, verb);
    }
    let api = if path.ends_with(&["chat", "completions"]) {
        Api::OpenAiChat
    } else if path.ends_with(&["api", "chat"]) {
        Api::OllamaChat
    } else if path.ends_with(&["api", "generate"]) {
        Api::OllamaGenerate
    } else if path.ends_with(&["api", "embed"]) || path.ends_with(&["api", "embeddings"]) {
        Api::OllamaEmbed
    } else if !path.is_versioned_tail() {
        return None;
    } else {
        match path.last()? {
            "responses" => Api::OpenAiResponses,
            // Alone these are llama.cpp's own, in another format.
            "completions" if !path.is_alone() => Api::OpenAiCompletions,
            "embeddings" if !path.is_alone() => Api::OpenAiEmbeddings,
            "messages" if path.has_version() => Api::AnthropicMessages,
            _ => return None,
        }
    };
    let model = path
        .after("deployments")
        .filter(|_| path.has("openai"))
        .and_then(model_name);
    Some(Target {
        model,
        ..Target::of(api)
    })
}

/// The verbs that [`gemini`] knows.
const VERBS: &[&str] = &[
    "generateContent",
    "streamGenerateContent",
    "embedContent",
    "batchEmbedContents",
    "rawPredict",
    "streamRawPredict",
];

/// `.../models/M:generateContent` of Gemini and Vertex, and Anthropic's models on Vertex.
fn gemini(path: &Path, model: &str, verb: &str) -> Option<Target> {
    let (api, stream) = match verb {
        "generateContent" => (Api::Gemini, Some(false)),
        "streamGenerateContent" => (Api::Gemini, Some(true)),
        "embedContent" | "batchEmbedContents" => (Api::GeminiEmbed, None),
        "rawPredict" if path.after("publishers") == Some("anthropic") => {
            (Api::AnthropicMessages, Some(false))
        }
        "streamRawPredict" if path.after("publishers") == Some("anthropic") => {
            (Api::AnthropicMessages, Some(true))
        }
        _ => return None,
    };
    let target = Target {
        model: model_name(model),
        stream,
        ..Target::of(api)
    };
    Some(match (api, stream) {
        (Api::Gemini, Some(true)) if path.query("alt") == Some("sse") => Target {
            framing: Some(Framing::Sse),
            ..target
        },
        (Api::Gemini, Some(true)) => Target {
            framing: Some(Framing::JsonArray),
            ..target
        },
        _ => target,
    })
}

fn model_name(segment: &str) -> Option<String> {
    (!segment.is_empty() && segment.len() <= MAX_NAME_BYTES).then(|| segment.to_owned())
}
