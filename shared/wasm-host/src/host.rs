//! The ports of the engine on the host functions.

use crate::abi::{self, Buffer, Map, Stream};
use crate::root::Root;
use penstock_exchange::{Fields, Host, Side};
use penstock_filter_api::{CallId, Callout, Headers, MetricId, MetricKind, PortError, Ports, RootPorts};
use std::rc::Rc;

/// The host, seen from one stream or from the root (context of the plugin).
pub(crate) struct WasmHost {
    context: u32,
    root: Rc<Root>,
    /// One time a callback: it takes microseconds, and asking the host is not free.
    now_ns: Option<u64>,
}

impl WasmHost {
    pub(crate) fn new(context: u32, root: Rc<Root>) -> Self {
        Self {
            context,
            root,
            now_ns: None,
        }
    }
}

impl Ports for WasmHost {
    fn metric(&mut self, kind: MetricKind, name: &str) -> Result<MetricId, PortError> {
        let kind = match kind {
            MetricKind::Counter => 0,
            MetricKind::Gauge => 1,
            MetricKind::Histogram => 2,
        };
        abi::define_metric(kind, name).map(MetricId)
    }

    fn add(&mut self, metric: MetricId, by: u64) {
        // The host refuses an increment by zero.
        if by > 0 {
            abi::increment(metric.0, i64::try_from(by).unwrap_or(i64::MAX));
        }
    }

    fn record(&mut self, metric: MetricId, value: u64) {
        abi::record(metric.0, value);
    }

    fn shared(&mut self, key: &str) -> Result<Option<(Vec<u8>, u32)>, PortError> {
        match abi::shared(key) {
            Ok(found) => Ok(Some(found)),
            Err(PortError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn share(&mut self, key: &str, value: &[u8], cas: Option<u32>) -> Result<(), PortError> {
        abi::share(key, value, cas.unwrap_or(0))
    }

    fn property(&mut self, path: &[&str]) -> Option<Vec<u8>> {
        abi::property(path).ok()
    }

    fn filter_state(&mut self, key: &str, value: &[u8]) {
        let _ = abi::set_property(key, value);
    }

    fn log(&mut self, message: &str) {
        abi::log(message);
    }
}

impl Host for WasmHost {
    fn now_ns(&mut self) -> u64 {
        *self.now_ns.get_or_insert_with(abi::now_ns)
    }

    fn headers(&mut self, side: Side) -> Result<Headers, PortError> {
        let map = match side {
            Side::Request => Map::RequestHeaders,
            Side::Response => Map::ResponseHeaders,
        };
        abi::pairs(map).map(Headers::packed)
    }

    fn trailers(&mut self) -> Result<Headers, PortError> {
        abi::pairs(Map::ResponseTrailers).map(Headers::packed)
    }

    fn set_field(&mut self, fields: Fields, name: &str, value: &str) -> Result<(), PortError> {
        abi::set_field(map_of(fields), name, value)
    }

    fn remove_field(&mut self, fields: Fields, name: &str) -> Result<(), PortError> {
        abi::remove_field(map_of(fields), name)
    }

    fn reroute(&mut self) -> Result<(), PortError> {
        abi::foreign("clear_route_cache")
    }

    fn body(&mut self, side: Side, size: usize) -> Result<Vec<u8>, PortError> {
        abi::buffer(buffer_of(side), size)
    }

    fn replace_body(&mut self, side: Side, size: usize, with: &[u8]) -> Result<(), PortError> {
        abi::replace_buffer(buffer_of(side), size, with)
    }

    fn reply(&mut self, status: u16, headers: &[(&str, &str)], body: &[u8]) -> Result<(), PortError> {
        abi::reply(status, headers, body)
    }

    fn close(&mut self) -> Result<(), PortError> {
        abi::close(Stream::Response)
    }

    fn resume(&mut self, side: Side) -> Result<(), PortError> {
        abi::resume(match side {
            Side::Request => Stream::Request,
            Side::Response => Stream::Response,
        })
    }

    fn call(&mut self, callout: &Callout) -> Result<u32, PortError> {
        let fields = callout.headers.iter();
        let fields: Vec<_> = fields
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let call = abi::call(&callout.cluster, &fields, &callout.body, callout.timeout_ms)?;
        self.root.sent(call, self.context);
        Ok(call)
    }

    fn wake(&mut self, after_ms: u32) {
        let now_ns = self.now_ns();
        self.root.ticks.wake(self.context, now_ns, after_ms);
    }
}

impl RootPorts for WasmHost {
    fn call(&mut self, callout: &Callout) -> Result<CallId, PortError> {
        Host::call(self, callout).map(CallId)
    }
}

fn map_of(fields: Fields) -> Map {
    match fields {
        Fields::RequestHeaders => Map::RequestHeaders,
        Fields::ResponseHeaders => Map::ResponseHeaders,
        Fields::ResponseTrailers => Map::ResponseTrailers,
    }
}

fn buffer_of(side: Side) -> Buffer {
    match side {
        Side::Request => Buffer::RequestBody,
        Side::Response => Buffer::ResponseBody,
    }
}
