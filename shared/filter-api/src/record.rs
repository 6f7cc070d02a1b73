//! What the engine knows of one exchange.

use penstock_llm_api::{Api, Finish, Operation, Usage};

/// One exchange as the engine read it, from head to end.
#[derive(Clone, Debug)]
pub struct Record {
    /// What kind of operation it is.
    pub operation: Operation,
    /// The dialect, where the operation has one.
    pub api: Option<Api>,
    /// Envoy's route name.
    pub route: String,
    /// The model that the request names.
    pub request_model: Option<String>,
    /// The model that the response names.
    pub response_model: Option<String>,
    /// Whether the response is a stream.
    pub stream: bool,
    /// Usage as the upstream reported it.
    pub usage: Usage,
    /// Bytes of text in the request, decoded; 0 when its body was not read.
    pub input_text_bytes: u64,
    /// Bytes of text that the upstream generated, reasoning and tool arguments included.
    pub output_text_bytes: u64,
    /// Why the model stopped.
    pub finish: Option<Finish>,
    /// The service tier that the response names.
    pub service_tier: Option<String>,
    /// HTTP status of the response, 0 before one came.
    pub status: u16,
    /// Who wrote the response.
    pub origin: Origin,
    /// How it ended; meaningful in `on_end`.
    pub outcome: Outcome,
    /// When things happened.
    pub times: Times,
}

/// Moments in nanoseconds since the Unix epoch; 0 when it has not happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// The request head arrived.
    pub start: u64,
    /// The first data event that carries output arrived: not headers, not a keep-alive.
    pub first_output: u64,
    /// The last data event that carries output arrived.
    pub last_output: u64,
    /// The exchange ended.
    pub end: u64,
}

/// Who wrote the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// No response yet.
    Nobody,
    /// The upstream.
    Upstream,
    /// A filter's memory.
    Answer(&'static str),
    /// A filter's refusal.
    Denied(&'static str),
    /// Envoy itself or another filter: no upstream answered.
    Envoy,
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// All of the response came.
    Complete,
    /// Refused before any of the response.
    Denied,
    /// A running response was ended by a filter.
    Cut,
    /// The client went away.
    Cancelled,
    /// An error status, an error event, or a reset by the upstream.
    UpstreamError,
    /// The response ended cleanly but before its semantic end.
    Truncated,
}

impl Outcome {
    /// Label value.
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Denied => "denied",
            Self::Cut => "cut",
            Self::Cancelled => "cancelled",
            Self::UpstreamError => "upstream_error",
            Self::Truncated => "truncated",
        }
    }
}

/// Why the engine or a filter could not do its work; each is counted by this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// The body is not JSON.
    InvalidJson,
    /// The body is JSON that two parsers may read differently.
    AmbiguousJson,
    /// The body is JSON of a shape that the API does not have.
    UnknownShape,
    /// Nesting or node count over the bound.
    TooComplex,
    /// The request is larger than `max_request_bytes`.
    RequestTooLarge,
    /// The response is larger than `max_response_bytes`.
    ResponseTooLarge,
    /// One frame of a stream is larger than `max_frame_bytes`.
    FrameTooLarge,
    /// A compressed body that nobody here can read.
    UnsupportedEncoding,
    /// A compressed body that is broken.
    InvalidEncoding,
    /// A compressed body that grows over the ratio or the bound.
    DecompressionBomb,
    /// The path is one that only some servers take for a model's.
    AmbiguousPath,
    /// A request with a body asks to become another protocol.
    Upgrade,
    /// The body is signed, so an edit would break it.
    SignedBody,
    /// All streams of this VM together hold more than `max_held_bytes`.
    HeldBytes,
    /// More was found in one exchange than a filter may keep.
    TooManyFinds,
    /// Text was held longer than `max_hold_ms`.
    HoldTimeout,
    /// A callout could not be made.
    Callout,
    /// The response of a joined exchange is in a form that nobody here reads.
    UnknownResponse,
    /// The host refused a call.
    Host,
    /// The engine reached a state that must not exist.
    Bug,
}

impl Failure {
    /// Label value and machine-readable code of the denial.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidJson => "invalid_json",
            Self::AmbiguousJson => "ambiguous_json",
            Self::UnknownShape => "unknown_shape",
            Self::TooComplex => "too_complex",
            Self::RequestTooLarge => "request_too_large",
            Self::ResponseTooLarge => "response_too_large",
            Self::FrameTooLarge => "frame_too_large",
            Self::UnsupportedEncoding => "unsupported_encoding",
            Self::InvalidEncoding => "invalid_encoding",
            Self::DecompressionBomb => "decompression_bomb",
            Self::AmbiguousPath => "ambiguous_path",
            Self::Upgrade => "upgrade",
            Self::SignedBody => "signed_body",
            Self::HeldBytes => "held_bytes",
            Self::TooManyFinds => "too_many_finds",
            Self::HoldTimeout => "hold_timeout",
            Self::Callout => "callout",
            Self::UnknownResponse => "unknown_response",
            Self::Host => "host",
            Self::Bug => "bug",
        }
    }

    /// The status of the denial that `on_failure: closed` gives.
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidJson | Self::AmbiguousJson | Self::UnknownShape | Self::TooComplex => 400,
            Self::InvalidEncoding | Self::SignedBody | Self::Upgrade | Self::AmbiguousPath => 400,
            Self::RequestTooLarge | Self::DecompressionBomb | Self::TooManyFinds => 413,
            Self::UnsupportedEncoding => 415,
            Self::ResponseTooLarge | Self::FrameTooLarge | Self::UnknownResponse => 502,
            Self::HeldBytes | Self::HoldTimeout | Self::Callout => 503,
            Self::Host | Self::Bug => 500,
        }
    }
}
