//! What was understood of a capture.

use penstock_llm_api::{Api, Finish, Operation, Scope, Usage};

/// One capture, read.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) api: Option<Api>,
    pub(crate) operation: Operation,
    pub(crate) model: Option<String>,
    pub(crate) stream: bool,
    /// Of an answer one entry a channel, in the order in which they began; of a request one entry for each
    /// run of texts of one message and scope.
    pub(crate) texts: Vec<TextBytes>,
    pub(crate) usage: Usage,
    /// Some part of the usage was not reported and follows from bytes of text.
    pub(crate) estimated: bool,
    pub(crate) finish: Option<Finish>,
    pub(crate) warnings: Vec<String>,
    /// The server reports that it failed.
    pub(crate) failed: bool,
}

/// How much text of a scope there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextBytes {
    pub(crate) scope: Scope,
    pub(crate) bytes: u64,
}

impl Reading {
    /// Nothing but what was odd.
    pub(crate) fn new(warnings: Vec<String>) -> Self {
        Self {
            api: None,
            operation: Operation::Unknown,
            model: None,
            stream: false,
            texts: Vec::new(),
            usage: Usage::default(),
            estimated: false,
            finish: None,
            warnings,
            failed: false,
        }
    }

    pub(crate) fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }

    /// Whether anything is known of it: the API, the operation, or that a server refused it.
    pub(crate) fn is_understood(&self) -> bool {
        self.api.is_some() || self.operation != Operation::Unknown || self.failed
    }
}
