//! The answers a filter can give.

use crate::Failure;

/// What follows once a filter has read the prompt.
#[derive(Debug)]
pub enum PromptFlow {
    /// On to the next filter, with the edits made so far.
    Next,
    /// Ask a service first; `on_prompt` is called again with its reply. Where there is no such service that is at once, with
    /// [`Reply::never`]; to ask another one then is a failure.
    Wait(Callout),
    /// Not done yet: `on_prompt` is called again, once others on this worker had their turn. Edits made so far are lost.
    /// Only where [`Prompt::may_wait`](crate::Prompt::may_wait) says so.
    Later,
    /// Refuse the exchange.
    Deny(Denial),
    /// Answer it without going upstream.
    Answer(Stored),
    /// The filter cannot do its work, for instance because a callout failed: `on_failure` decides.
    Fail(Failure),
}

/// What follows once a filter has seen the response head.
#[derive(Debug)]
pub enum HeadFlow {
    /// On.
    Next,
    /// Replace the response by a refusal. Only possible while the head has not left.
    Deny(Denial),
}

/// What follows once a filter has seen a piece of the output.
#[derive(Debug)]
pub enum OutputFlow {
    /// All text of this channel seen so far is decided.
    Clear,
    /// Text of this channel from this offset on (bytes of decoded text) is undecided.
    /// At the channel's semantic end the engine takes it as decided.
    HoldFrom(u64),
    /// The same for text that only waits for its own rest: while nothing else is kept from the client by it, no time is too
    /// long, for a model may pause anywhere.
    AwaitFrom(u64),
    /// As `AwaitFrom`, for text that may leave as it is should others wait too long for it: a chance is missed then, no more.
    LingerFrom(u64),
    /// Ask a service first; `on_output` is called again with its reply and the same piece. Where there is no such service
    /// that is at once, with [`Reply::never`]; to ask another one then is a failure.
    Wait(Callout),
    /// End the response here, in the client's dialect.
    Cut(Denial),
    /// The filter cannot do its work, for instance because a callout failed: `on_failure` decides.
    Fail(Failure),
}

/// A refusal. The engine renders it as the error object of the API that the client speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// HTTP status, 400 to 599.
    pub status: u16,
    /// Machine-readable reason, such as `prompt_injection`.
    pub code: &'static str,
    /// One sentence for a person. Never content of the exchange.
    pub message: String,
    /// Seconds after which a retry makes sense (`retry-after`).
    pub retry_after_s: Option<u64>,
}

impl Denial {
    /// A refusal without a retry hint.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            retry_after_s: None,
        }
    }
}

/// A response from a filter's own memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// `content-type` of the body.
    pub content_type: String,
    /// The whole body, as the client's API writes it.
    pub body: Vec<u8>,
}

/// A question to another service of the proxy's clusters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callout {
    /// Envoy cluster name.
    pub cluster: String,
    /// Request headers; must hold `:method`, `:path`, `:authority`.
    pub headers: Vec<(String, String)>,
    /// Request body.
    pub body: Vec<u8>,
    /// How long the filter waits, in milliseconds.
    pub timeout_ms: u32,
}

/// A callout that is open outside of exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallId(pub u32);

/// What came of a [`Callout`]. A reply is no proof of success: look at the status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status; 504 on timeout, 503 when refused, 0 when the call was reset or never made.
    pub status: u16,
    /// Response body, bounded by the engine.
    pub body: Vec<u8>,
}

impl Reply {
    /// Of a call that could not be made.
    pub fn never() -> Self {
        Self {
            status: 0,
            body: Vec::new(),
        }
    }

    /// Whether the service answered with a 2xx.
    pub fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
