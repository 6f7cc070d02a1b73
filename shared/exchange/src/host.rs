//! What the engine needs of the proxy, and what the proxy tells the engine.

use penstock_filter_api::{Callout, Headers, PortError, Ports, Reply};

/// One direction of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Client to upstream.
    Request,
    /// Upstream to client.
    Response,
}

/// A set of header fields of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fields {
    /// Request headers.
    RequestHeaders,
    /// Response headers.
    ResponseHeaders,
    /// Response trailers. In the last body callback the host makes them if there are none.
    ResponseTrailers,
}

/// A callback of the proxy. Each belongs to one exchange.
#[derive(Clone, Debug)]
pub enum Input {
    /// The request head; `end` when no body follows.
    RequestHeaders {
        /// No body and no trailers follow.
        end: bool,
    },
    /// Request body. After `Continue` the host shows only new bytes, after `Pause` all since.
    RequestBody {
        /// Bytes that [`Host::body`] would give.
        size: usize,
        /// The last of the request.
        end: bool,
    },
    /// Request trailers: the end of the request.
    RequestTrailers,
    /// The response head; `end` when no body follows.
    ResponseHeaders {
        /// No body and no trailers follow.
        end: bool,
    },
    /// Response body, as for the request.
    ResponseBody {
        /// Bytes that [`Host::body`] would give.
        size: usize,
        /// The last of the response.
        end: bool,
    },
    /// Response trailers: the end of the response.
    ResponseTrailers,
    /// The reply to a call made with [`Host::call`].
    Reply {
        /// The token of the call.
        call: u32,
        /// What came of it.
        reply: Reply,
    },
    /// Time passes. Comes soon after [`Host::wake`], on the stream that asked.
    Tick,
    /// The exchange is over, however it ended. Comes first and alone for a stream that never opened.
    End,
}

/// What the proxy shall do with what it showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Flow {
    /// Release all of this side that the proxy holds, held headers included.
    Continue,
    /// Keep it and call again.
    Pause,
}

/// The calls into the proxy for one exchange. None panics.
pub trait Host: Ports {
    /// Nanoseconds since the Unix epoch.
    fn now_ns(&mut self) -> u64;
    /// All headers of a side, in one call. Refused outside the callbacks of that side's head and body.
    fn headers(&mut self, side: Side) -> Result<Headers, PortError>;
    /// All trailers of the response. Refused before their callback.
    fn trailers(&mut self) -> Result<Headers, PortError>;
    /// Sets a field, replacing all of its name.
    fn set_field(&mut self, fields: Fields, name: &str, value: &str) -> Result<(), PortError>;
    /// Removes every field of this name.
    fn remove_field(&mut self, fields: Fields, name: &str) -> Result<(), PortError>;
    /// Chooses the route anew, for the headers as they are. Only before the request head has left.
    fn reroute(&mut self) -> Result<(), PortError>;
    /// All bytes of the body that the proxy shows in this callback, `size` of them.
    fn body(&mut self, side: Side, size: usize) -> Result<Vec<u8>, PortError>;
    /// Replaces all of those `size` bytes.
    fn replace_body(&mut self, side: Side, size: usize, with: &[u8]) -> Result<(), PortError>;
    /// Answers the client in place of the upstream. Only before the response head has left.
    fn reply(&mut self, status: u16, headers: &[(&str, &str)], body: &[u8]) -> Result<(), PortError>;
    /// Resets the exchange on both sides.
    fn close(&mut self) -> Result<(), PortError>;
    /// Continues a paused side from a callback that is not of that side.
    fn resume(&mut self, side: Side) -> Result<(), PortError>;
    /// Sends a callout; its reply comes as [`Input::Reply`] with this token.
    fn call(&mut self, callout: &Callout) -> Result<u32, PortError>;
    /// Asks for [`Input::Tick`] on this exchange after about this many milliseconds, once.
    fn wake(&mut self, after_ms: u32);
}
