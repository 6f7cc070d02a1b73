//! What a run has shown: the same form for the native run and for a real proxy.

use crate::message::Fields;
use std::collections::BTreeMap;

/// Everything that a check may look at.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// What the client received.
    pub client: ClientSaw,
    /// The requests that reached an upstream, in order.
    pub upstream: Vec<UpstreamSaw>,
    /// The requests that reached the callout service, in order.
    pub judge: Vec<UpstreamSaw>,
    /// By how much each counter and histogram count of the filters moved. Names without `wasmcustom.`.
    pub metrics: BTreeMap<String, i64>,
    /// Filter state that the access log shows, by name without `wasm.`.
    pub filter_state: BTreeMap<String, String>,
    /// The body that the upstream's script wrote.
    pub scripted_body: Vec<u8>,
    /// The body that the client sent.
    pub sent_body: Vec<u8>,
}

/// The response as the client received it.
#[derive(Clone, Debug, Default)]
pub struct ClientSaw {
    /// Statuses of 1xx heads before the response.
    pub informational: Vec<u16>,
    /// Status, 0 if no head came.
    pub status: u16,
    /// Response header fields.
    pub headers: Fields,
    /// Body bytes, without the framing of the protocol.
    pub body: Vec<u8>,
    /// Trailer fields.
    pub trailers: Fields,
    /// How it ended.
    pub end: Ending,
    /// Statuses of further responses on the connection, to requests that were pipelined.
    pub more: Vec<u16>,
}

/// How a message ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// Its framing says so.
    Complete,
    /// The connection or stream ended before.
    Broken,
    /// The reader went away first.
    Left,
    /// It has not.
    #[default]
    Open,
}

/// A request as an upstream received it.
#[derive(Clone, Debug, Default)]
pub struct UpstreamSaw {
    /// Which upstream: `main` or `other`.
    pub cluster: &'static str,
    /// Method.
    pub method: String,
    /// Path with query.
    pub path: String,
    /// Header fields.
    pub headers: Fields,
    /// Body bytes, without the framing of the protocol.
    pub body: Vec<u8>,
    /// Trailer fields.
    pub trailers: Fields,
    /// How the request ended.
    pub end: Ending,
    /// Whether the proxy went away before the response was complete.
    pub cancelled: bool,
    /// What went wrong on the upstream's side, such as a gate that was never met.
    pub faults: Vec<String>,
}
