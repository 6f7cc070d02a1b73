//! A request that is open at a backend, and how it ends.

use crate::books::{Entry, Streams};
use crate::quote::Quote;

/// A request that was sent to a backend. It must be closed by [`Picker::done`].
#[derive(Clone, Debug)]
pub struct Ticket {
    pub(crate) backend: usize,
    pub(crate) entry: Entry,
    pub(crate) quote: Quote,
    pub(crate) sent: f64,
    pub(crate) first: Option<f64>,
    pub(crate) streams: Streams,
    /// Another backend has taken it over, nobody knows when.
    pub(crate) moved: bool,
    /// Queued tokens and their attention there, its own included; decoding requests; tokens of context.
    pub(crate) queued: f64,
    pub(crate) work: f64,
    pub(crate) decoding: f64,
    pub(crate) context: f64,
    /// Tokens of the prompt that were believed to be cached there.
    pub(crate) hit: f64,
}

/// How an exchange ended, as far as it tells about the backend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ending {
    /// Answered in full, with so many output tokens if anybody knows.
    Answered {
        /// Tokens of output.
        output_tokens: Option<f64>,
    },
    /// The backend failed before any answer: an error status, a reset, a timeout.
    Failed,
    /// It refused the request, which may be at fault itself: 401, 403, 404.
    Refused,
    /// It says nothing about the backend: the client left, or the answer was cut.
    Neither,
}

impl Ticket {
    /// Index of the backend.
    pub fn backend(&self) -> usize {
        self.backend
    }

    /// What was predicted.
    pub fn quote(&self) -> Quote {
        self.quote
    }

    /// When it was sent, in seconds since the epoch.
    pub fn sent(&self) -> f64 {
        self.sent
    }

    /// Whether the first token has come.
    pub fn has_begun(&self) -> bool {
        self.first.is_some()
    }
}
