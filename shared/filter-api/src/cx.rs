//! The context of a call: the time, the ports of the host, and the effects a filter asks for.

use crate::{CallId, Callout, MetricId, MetricKind, Mode};

/// Why a port refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortError {
    /// The host does not know the name, or knows no such value now.
    NotFound,
    /// The stored value changed since it was read (compare-and-swap).
    CasMismatch,
    /// The host cannot do this in the current state of the stream.
    Refused,
}

/// What the host offers to a filter at any time.
pub trait Ports {
    /// Defines a metric, or finds the one of this name. Do it once per name and keep the id.
    fn metric(&mut self, kind: MetricKind, name: &str) -> Result<MetricId, PortError>;
    /// Adds to a counter. Zero is allowed and does nothing.
    fn add(&mut self, metric: MetricId, by: u64);
    /// Records a value in a histogram, or sets a gauge.
    fn record(&mut self, metric: MetricId, value: u64);
    /// Reads shared data with its CAS token. `None` when the key has no value.
    fn shared(&mut self, key: &str) -> Result<Option<(Vec<u8>, u32)>, PortError>;
    /// Writes shared data; with a token, only if nobody wrote since.
    fn share(&mut self, key: &str, value: &[u8], cas: Option<u32>) -> Result<(), PortError>;
    /// A property of the host, such as `["xds", "route_name"]`.
    fn property(&mut self, path: &[&str]) -> Option<Vec<u8>>;
    /// Sets filter state `wasm.<key>` for access logs and other filters.
    fn filter_state(&mut self, key: &str, value: &[u8]);
    /// Writes to the proxy's log at info level. Never content.
    fn log(&mut self, message: &str);
}

/// Effects that the client or the upstream could see; the engine applies them in order.
#[derive(Debug, Default)]
pub struct Effects {
    /// Headers set on the request before it leaves, or taken off it.
    pub request_headers: Vec<(String, Option<String>)>,
    /// The route is chosen anew once the request's headers are set.
    pub reroute: bool,
    /// Headers set on the response before it leaves, or taken off it. The engine's own answers have those that are set.
    pub response_headers: Vec<(String, Option<String>)>,
    /// Trailers added to the response, where the protocol carries them, or taken off it.
    pub response_trailers: Vec<(String, Option<String>)>,
    /// The filter now needs to decide on the response, not only to observe it.
    pub decide_response: bool,
    /// Without the filter's say the response would be wrong: a failure there refuses it, whatever `on_failure` says.
    pub bind_response: bool,
}

impl Effects {
    /// Takes over what another call asked of the request and the response.
    pub fn append(&mut self, mut asked: Self) {
        self.request_headers.append(&mut asked.request_headers);
        self.reroute |= asked.reroute;
        self.response_headers.append(&mut asked.response_headers);
        self.response_trailers.append(&mut asked.response_trailers);
    }
}

/// The context of one call into a filter.
pub struct Cx<'a> {
    now_ns: u64,
    mode: Mode,
    ports: &'a mut dyn Ports,
    effects: &'a mut Effects,
}

impl<'a> Cx<'a> {
    /// For the engine and for tests.
    pub fn new(now_ns: u64, mode: Mode, ports: &'a mut dyn Ports, effects: &'a mut Effects) -> Self {
        Self {
            now_ns,
            mode,
            ports,
            effects,
        }
    }

    /// Nanoseconds since the Unix epoch: the only clock.
    pub fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// Whether this filter only pretends.
    pub fn shadow(&self) -> bool {
        self.mode == Mode::Shadow
    }

    /// Metrics, shared data, properties, filter state.
    pub fn ports(&mut self) -> &mut dyn Ports {
        self.ports
    }

    /// Sets a request header. Dropped in shadow mode.
    pub fn set_request_header(&mut self, name: &str, value: &str) {
        if !self.shadow() {
            self.effects
                .request_headers
                .push((name.to_owned(), Some(value.to_owned())));
        }
    }

    /// Takes a header off the request. Dropped in shadow mode.
    pub fn remove_request_header(&mut self, name: &str) {
        if !self.shadow() {
            self.effects.request_headers.push((name.to_owned(), None));
        }
    }

    /// Has the proxy choose the route anew, once, after the headers of the request are set: for routes that match what
    /// this filter has changed (a header, filter state), and clusters that a header names. Dropped in shadow mode, and
    /// too late once the head has left.
    pub fn reroute(&mut self) {
        self.effects.reroute |= !self.shadow();
    }

    /// Sets a header of the response, be it the upstream's, a refusal or an answer from memory. Dropped in shadow mode, and
    /// too late once the head has left.
    pub fn set_response_header(&mut self, name: &str, value: &str) {
        if !self.shadow() {
            self.effects
                .response_headers
                .push((name.to_owned(), Some(value.to_owned())));
        }
    }

    /// Takes a header off the response, as early and as late as one can be set.
    pub fn remove_response_header(&mut self, name: &str) {
        if !self.shadow() {
            self.effects.response_headers.push((name.to_owned(), None));
        }
    }

    /// Adds a response trailer. Dropped in shadow mode.
    pub fn add_response_trailer(&mut self, name: &str, value: &str) {
        if !self.shadow() {
            self.effects
                .response_trailers
                .push((name.to_owned(), Some(value.to_owned())));
        }
    }

    /// Takes a trailer off the response, if the upstream sends it: at any time up to
    /// [`Filter::on_response_trailers`](crate::Filter::on_response_trailers). Dropped in shadow mode.
    pub fn remove_response_trailer(&mut self, name: &str) {
        if !self.shadow() {
            self.effects.response_trailers.push((name.to_owned(), None));
        }
    }

    /// Raises this filter's need of the response to `Decide`. Only before the request leaves.
    pub fn decide_response(&mut self) {
        if !self.shadow() {
            self.effects.decide_response = true;
        }
    }

    /// The same for a filter that has changed the request in a way that only it can undo in the response. What
    /// happens to the response then never bypasses it: a failure refuses or ends the response.
    pub fn bind_response(&mut self) {
        self.decide_response();
        self.effects.bind_response = !self.shadow();
    }
}

/// What the host offers to a plugin outside of exchanges.
pub trait RootPorts: Ports {
    /// Sends a callout.
    fn call(&mut self, callout: &Callout) -> Result<CallId, PortError>;
}

/// Most callouts of one configuration and VM that are open at a time, outside of exchanges.
const MAX_CALLS: usize = 16;

/// The context of a call that belongs to no exchange.
pub struct RootCx<'a> {
    now_ns: u64,
    ports: &'a mut dyn RootPorts,
    open: usize,
    sent: &'a mut Vec<CallId>,
}

impl<'a> RootCx<'a> {
    /// For the engine and for tests. So many calls are `open`; those that the plugin makes are added to `sent`.
    pub fn new(now_ns: u64, ports: &'a mut dyn RootPorts, open: usize, sent: &'a mut Vec<CallId>) -> Self {
        Self {
            now_ns,
            ports,
            open,
            sent,
        }
    }

    /// Nanoseconds since the Unix epoch.
    pub fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// Metrics, shared data, properties.
    pub fn ports(&mut self) -> &mut dyn Ports {
        self.ports
    }

    /// Asks a service; the reply comes to [`Plugin::on_reply`](crate::Plugin::on_reply), with at most 1 MiB of its body
    /// (what is longer is cut). No call waits for ever: a timeout of 0 is 1 ms.
    ///
    /// `Refused` while 16 calls of all plugins of the configuration are open in this VM, and an error where the host
    /// cannot even send the call (no such cluster, nobody in it): no reply comes then.
    pub fn call(&mut self, mut callout: Callout) -> Result<CallId, PortError> {
        if self.open.saturating_add(self.sent.len()) >= MAX_CALLS {
            return Err(PortError::Refused);
        }
        callout.timeout_ms = callout.timeout_ms.max(1);
        let call = self.ports.call(&callout)?;
        self.sent.push(call);
        Ok(call)
    }
}
