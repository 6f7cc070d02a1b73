//! A scenario: a request, what the upstream does with it, and what everyone must have seen.
//!
//! ```
//! use penstock_e2e::{check::client_gets, message::Request, scenario::{Setup, case}, script::Script};
//! let one = case("a request passes")
//!     .given(Setup::bare())
//!     .request(Request::new("GET", "/v1/models"))
//!     .upstream(Script::new(200).data("{}"))
//!     .then(client_gets(200));
//! assert_eq!(one.name, "a request passes");
//! ```

use crate::check::Check;
use crate::message::Request;
use crate::script::Script;

/// One row of the table. It speaks wire only.
#[derive(Clone)]
pub struct Scenario {
    /// Unique, and a sentence.
    pub name: String,
    /// The proxy that it runs in.
    pub setup: Setup,
    /// What clients have sent before, one after the other, each to its end.
    pub earlier: Vec<Request>,
    /// What the client sends.
    pub request: Request,
    /// When the client goes away.
    pub leaves: Leaves,
    /// Further requests sent at once on the same connection; HTTP/1.1 only.
    pub pipelined: usize,
    /// What the upstream does.
    pub upstream: Script,
    /// What the callout service does.
    pub judge: Script,
    /// What must hold afterwards.
    pub checks: Vec<Check>,
    /// Where it runs.
    pub runs: Runs,
    /// Which bodies are cut.
    pub cuts: Cuts,
    /// Whether a trap of the module is what this scenario wants.
    pub traps: Traps,
}

/// A proxy configuration. Scenarios of one setup share one Envoy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The wasm module, none for a bare proxy.
    pub module: Option<Module>,
    /// Its configuration document.
    pub config: String,
    /// `per_connection_buffer_limit_bytes` of the listener.
    pub buffer_limit_bytes: u32,
    /// Whether Envoy writes a line for each request.
    pub access_log: bool,
}

/// The wasm modules that a setup can load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Module {
    /// The filter for tests.
    Probe,
    /// The token meter.
    TokenMeter,
    /// The redactor.
    Redactor,
    /// The guard.
    Guard,
    /// The cluster picker.
    Picker,
    /// All filters in one module.
    Suite,
    /// The module that logs what the host does with it.
    Trace,
}

/// When the client goes away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaves {
    /// Once it has the response.
    Never,
    /// After this many bytes of the request body.
    MidRequest(usize),
    /// When the request has reached the upstream.
    OnceSent,
    /// When these bytes of the response body came.
    OnceSeen(Vec<u8>),
}

/// Where a scenario runs. A place that is left out needs a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// Natively and on a real Envoy, HTTP/1.1 and HTTP/2.
    Everywhere,
    /// Everywhere over HTTP/1.1.
    Http1(&'static str),
    /// Everywhere over HTTP/2.
    Http2(&'static str),
    /// On a real Envoy, both protocols.
    Envoy(&'static str),
    /// On a real Envoy over HTTP/1.1.
    EnvoyHttp1(&'static str),
    /// On a real Envoy over HTTP/2.
    EnvoyHttp2(&'static str),
    /// Natively, both codecs.
    Native(&'static str),
}

/// Which bodies a run cuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cuts {
    /// Request and response.
    Both,
    /// None: the scenario's own writes matter.
    None,
}

/// What a scenario expects of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Traps {
    /// It lives on.
    Never,
    /// It dies, and a new one serves.
    Once,
}

/// Protocol between client and proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 without TLS, by prior knowledge.
    Http2,
}

impl Protocol {
    /// For messages to people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http1 => "h1",
            Self::Http2 => "h2",
        }
    }
}

impl Module {
    /// File name of the module.
    pub fn file(self) -> &'static str {
        match self {
            Self::Probe => "penstock-probe-filter.wasm",
            Self::TokenMeter => "penstock-token-meter.wasm",
            Self::Redactor => "penstock-pii-redactor.wasm",
            Self::Guard => "penstock-prompt-guard.wasm",
            Self::Picker => "penstock-cluster-picker.wasm",
            Self::Suite => "penstock-suite.wasm",
            Self::Trace => "penstock-trace-filter.wasm",
        }
    }
}

/// Envoy's default for `per_connection_buffer_limit_bytes`.
pub const DEFAULT_BUFFER_BYTES: u32 = 1024 * 1024;

impl Setup {
    /// A proxy without any module.
    pub fn bare() -> Self {
        Self {
            module: None,
            config: String::new(),
            buffer_limit_bytes: DEFAULT_BUFFER_BYTES,
            access_log: true,
        }
    }

    /// A proxy with a module and its configuration document.
    pub fn with(module: Module, config: impl Into<String>) -> Self {
        Self {
            module: Some(module),
            config: config.into(),
            buffer_limit_bytes: DEFAULT_BUFFER_BYTES,
            access_log: true,
        }
    }

    /// With another buffer limit of the listener.
    pub fn buffer_limit(mut self, bytes: u32) -> Self {
        self.buffer_limit_bytes = bytes;
        self
    }

    /// Without an access log: for more requests than anybody will read about.
    pub fn unlogged(mut self) -> Self {
        self.access_log = false;
        self
    }
}

/// Begins a scenario.
pub fn case(name: impl Into<String>) -> Scenario {
    Scenario {
        name: name.into(),
        setup: Setup::bare(),
        earlier: Vec::new(),
        request: Request::new("GET", "/"),
        leaves: Leaves::Never,
        pipelined: 0,
        upstream: Script::new(200),
        judge: Script::new(200),
        checks: Vec::new(),
        runs: Runs::Everywhere,
        cuts: Cuts::Both,
        traps: Traps::Never,
    }
}

impl Scenario {
    /// The proxy that it runs in.
    pub fn given(mut self, setup: Setup) -> Self {
        self.setup = setup;
        self
    }

    /// What clients have sent before, to the same upstream. Checks see the last request alone.
    pub fn after(mut self, earlier: impl IntoIterator<Item = Request>) -> Self {
        self.earlier.extend(earlier);
        self
    }

    /// What the client sends.
    pub fn request(mut self, request: Request) -> Self {
        self.request = request;
        self
    }

    /// When the client goes away.
    pub fn client_leaves(mut self, leaves: Leaves) -> Self {
        self.leaves = leaves;
        self
    }

    /// Sends plain requests behind the first one, without waiting.
    pub fn pipelined(mut self, count: usize) -> Self {
        self.pipelined = count;
        self
    }

    /// What the upstream does.
    pub fn upstream(mut self, script: Script) -> Self {
        self.upstream = script;
        self
    }

    /// What the callout service does.
    pub fn judge(mut self, script: Script) -> Self {
        self.judge = script;
        self
    }

    /// Adds an expectation.
    pub fn then(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Adds expectations.
    pub fn then_all(mut self, checks: impl IntoIterator<Item = Check>) -> Self {
        self.checks.extend(checks);
        self
    }

    /// Where it runs, if not everywhere.
    pub fn runs(mut self, runs: Runs) -> Self {
        self.runs = runs;
        self
    }

    /// Leaves the bodies as they are written.
    pub fn uncut(mut self) -> Self {
        self.cuts = Cuts::None;
        self
    }

    /// The module dies in this one.
    pub fn trapping(mut self) -> Self {
        self.traps = Traps::Once;
        self
    }

    /// The longest body, which decides about the chunkings.
    pub fn longest_body(&self) -> usize {
        let request = self.request.body.as_ref().map_or(0, Vec::len);
        request.max(self.upstream.body().len())
    }
}
