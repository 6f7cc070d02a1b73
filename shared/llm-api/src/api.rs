//! The APIs by name, and the kinds of operation.

use crate::custom::CustomApi;

/// An LLM API: one wire format of request, response and stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Api {
    /// `POST /v1/chat/completions`.
    OpenAiChat,
    /// `POST /v1/responses`.
    OpenAiResponses,
    /// `POST /v1/completions`, the legacy text completion.
    OpenAiCompletions,
    /// `POST /v1/embeddings`.
    OpenAiEmbeddings,
    /// `POST /v1/messages`.
    AnthropicMessages,
    /// `POST /api/chat`.
    OllamaChat,
    /// `POST /api/generate`.
    OllamaGenerate,
    /// `POST /api/embed`, and the older `/api/embeddings`.
    OllamaEmbed,
    /// `POST /v1beta/models/M:generateContent` and `:streamGenerateContent`.
    Gemini,
    /// `POST /v1beta/models/M:embedContent` and `:batchEmbedContents`.
    GeminiEmbed,
    /// The Model Context Protocol: `POST` of JSON-RPC to a server of tools.
    Mcp,
    /// Any HTTP model that the configuration describes by JSON pointers.
    Custom,
}

impl Api {
    /// Every API.
    pub const ALL: [Self; 12] = [
        Self::OpenAiChat,
        Self::OpenAiResponses,
        Self::OpenAiCompletions,
        Self::OpenAiEmbeddings,
        Self::AnthropicMessages,
        Self::OllamaChat,
        Self::OllamaGenerate,
        Self::OllamaEmbed,
        Self::Gemini,
        Self::GeminiEmbed,
        Self::Mcp,
        Self::Custom,
    ];

    /// The name in configuration, metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenAiChat => "openai_chat",
            Self::OpenAiResponses => "openai_responses",
            Self::OpenAiCompletions => "openai_completions",
            Self::OpenAiEmbeddings => "openai_embeddings",
            Self::AnthropicMessages => "anthropic_messages",
            Self::OllamaChat => "ollama_chat",
            Self::OllamaGenerate => "ollama_generate",
            Self::OllamaEmbed => "ollama_embed",
            Self::Gemini => "gemini",
            Self::GeminiEmbed => "gemini_embed",
            Self::Mcp => "mcp",
            Self::Custom => "custom",
        }
    }

    /// The API of that [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|api| api.name() == name)
    }

    /// The value of `gen_ai.provider.name` for the API's format (OpenTelemetry GenAI semantic
    /// conventions). Whoever serves the format may be another: vLLM speaks `openai`.
    pub fn provider(self) -> &'static str {
        match self {
            Self::OpenAiChat | Self::OpenAiResponses | Self::OpenAiCompletions | Self::OpenAiEmbeddings => {
                "openai"
            }
            Self::AnthropicMessages => "anthropic",
            Self::OllamaChat | Self::OllamaGenerate | Self::OllamaEmbed => "ollama",
            Self::Gemini | Self::GeminiEmbed => "gcp.gen_ai",
            Self::Mcp => "mcp",
            Self::Custom => "custom",
        }
    }

    /// The value of `gen_ai.operation.name` (OpenTelemetry GenAI semantic conventions).
    pub fn operation_name(self) -> &'static str {
        match self {
            Self::OpenAiChat | Self::OpenAiResponses | Self::AnthropicMessages | Self::OllamaChat => "chat",
            Self::OpenAiCompletions | Self::OllamaGenerate => "text_completion",
            Self::OpenAiEmbeddings | Self::OllamaEmbed | Self::GeminiEmbed => "embeddings",
            Self::Gemini => "generate_content",
            Self::Mcp => "execute_tool",
            Self::Custom => "chat",
        }
    }
}

/// An API with what is needed to read it: [`Api::Custom`] brings its description.
#[derive(Clone, Copy, Debug)]
pub enum Dialect<'c> {
    /// [`Api::OpenAiChat`].
    OpenAiChat,
    /// [`Api::OpenAiResponses`].
    OpenAiResponses,
    /// [`Api::OpenAiCompletions`].
    OpenAiCompletions,
    /// [`Api::OpenAiEmbeddings`].
    OpenAiEmbeddings,
    /// [`Api::AnthropicMessages`].
    AnthropicMessages,
    /// [`Api::OllamaChat`].
    OllamaChat,
    /// [`Api::OllamaGenerate`].
    OllamaGenerate,
    /// [`Api::OllamaEmbed`].
    OllamaEmbed,
    /// [`Api::Gemini`].
    Gemini,
    /// [`Api::GeminiEmbed`].
    GeminiEmbed,
    /// [`Api::Mcp`].
    Mcp,
    /// [`Api::Custom`] as described.
    Custom(&'c CustomApi),
}

impl<'c> Dialect<'c> {
    /// The dialect of `api`; `None` for [`Api::Custom`] without a description.
    pub fn new(api: Api, custom: Option<&'c CustomApi>) -> Option<Self> {
        Some(match api {
            Api::OpenAiChat => Self::OpenAiChat,
            Api::OpenAiResponses => Self::OpenAiResponses,
            Api::OpenAiCompletions => Self::OpenAiCompletions,
            Api::OpenAiEmbeddings => Self::OpenAiEmbeddings,
            Api::AnthropicMessages => Self::AnthropicMessages,
            Api::OllamaChat => Self::OllamaChat,
            Api::OllamaGenerate => Self::OllamaGenerate,
            Api::OllamaEmbed => Self::OllamaEmbed,
            Api::Gemini => Self::Gemini,
            Api::GeminiEmbed => Self::GeminiEmbed,
            Api::Mcp => Self::Mcp,
            Api::Custom => return custom.map(Self::Custom),
        })
    }

    /// The API.
    pub fn api(self) -> Api {
        match self {
            Self::OpenAiChat => Api::OpenAiChat,
            Self::OpenAiResponses => Api::OpenAiResponses,
            Self::OpenAiCompletions => Api::OpenAiCompletions,
            Self::OpenAiEmbeddings => Api::OpenAiEmbeddings,
            Self::AnthropicMessages => Api::AnthropicMessages,
            Self::OllamaChat => Api::OllamaChat,
            Self::OllamaGenerate => Api::OllamaGenerate,
            Self::OllamaEmbed => Api::OllamaEmbed,
            Self::Gemini => Api::Gemini,
            Self::GeminiEmbed => Api::GeminiEmbed,
            Self::Mcp => Api::Mcp,
            Self::Custom(_) => Api::Custom,
        }
    }
}

/// What a request asks for, as far as its head tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Text from a model: the body is JSON that a [`Dialect`] reads.
    Generate,
    /// Vectors from a model: the body is JSON that a [`Dialect`] reads.
    Embed,
    /// Lists, looks up, counts, stops: nothing is generated.
    Manage,
    /// Files, multipart forms.
    Upload,
    /// Work for later, whose usage is reported elsewhere.
    Batch,
    /// A WebSocket or another upgrade.
    Realtime,
    /// The Model Context Protocol. What is posted is JSON that [`Dialect::Mcp`] reads; the rest nobody reads.
    Mcp,
    /// gRPC.
    Grpc,
    /// No LLM traffic.
    NotLlm,
    /// A model may stand behind it, but nothing here can tell.
    Unknown,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 10] = [
        Self::Generate,
        Self::Embed,
        Self::Manage,
        Self::Upload,
        Self::Batch,
        Self::Realtime,
        Self::Mcp,
        Self::Grpc,
        Self::NotLlm,
        Self::Unknown,
    ];

    /// Whether a model works for it here and now: texts go in, and tokens are reported.
    pub fn is_inference(self) -> bool {
        match self {
            Self::Generate | Self::Embed => true,
            Self::Manage | Self::Upload | Self::Batch | Self::Realtime | Self::Mcp | Self::Grpc => false,
            Self::NotLlm | Self::Unknown => false,
        }
    }

    /// The name in configuration, metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Generate => "generate",
            Self::Embed => "embed",
            Self::Manage => "manage",
            Self::Upload => "upload",
            Self::Batch => "batch",
            Self::Realtime => "realtime",
            Self::Mcp => "mcp",
            Self::Grpc => "grpc",
            Self::NotLlm => "not_llm",
            Self::Unknown => "unknown",
        }
    }

    /// The operation of that [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.name() == name)
    }
}
