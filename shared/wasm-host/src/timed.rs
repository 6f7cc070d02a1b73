//! How long callbacks take, by the host's clock: for benches.

use crate::abi;
use penstock_exchange::Input;

/// A callback that is running.
pub(crate) struct Timer {
    name: &'static str,
    began_ns: u64,
}

impl Timer {
    pub(crate) fn new(input: &Input) -> Self {
        let name = match input {
            Input::RequestHeaders { .. } => "request_headers",
            Input::RequestBody { end: false, .. } => "request_body_part",
            Input::RequestBody { end: true, .. } => "request_body",
            Input::RequestTrailers => "request_trailers",
            Input::ResponseHeaders { .. } => "response_headers",
            Input::ResponseBody { .. } => "response_body",
            Input::ResponseTrailers => "response_trailers",
            Input::Reply { .. } => "reply",
            Input::Tick => "tick",
            Input::End => "end",
        };
        let began_ns = abi::now_ns();
        Self { name, began_ns }
    }

    /// `timed request_body 12345`, in nanoseconds.
    pub(crate) fn log(self) {
        let took_ns = abi::now_ns().saturating_sub(self.began_ns);
        abi::log_error(&format!("timed {} {took_ns}", self.name));
    }
}
