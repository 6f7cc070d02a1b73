//! What is compared: one Envoy configuration each.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A set of HTTP filters in front of the router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contender {
    /// The router alone.
    Bare,
    /// A wasm filter that does nothing.
    Empty,
    /// A wasm filter that only reads headers and both bodies.
    Reading,
    /// Envoy's own `ai_protocol_manager`, which puts the token usage into dynamic metadata.
    Native,
    /// The token meter as a module of its own, with its defaults.
    Meter,
    /// The redactor as a module of its own, with its defaults.
    Redactor,
    /// All Penstock filters in one module, the meter alone configured.
    Suite,
    /// The guard as a module of its own, with its defaults.
    Guard,
    /// Filters in a build that logs how long each callback took. They are measured on their own.
    Timed(Timed),
}

/// What is measured callback by callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timed {
    /// The redactor.
    Redactor,
    /// The guard.
    Guard,
    /// Both in one suite.
    Both,
}

impl Timed {
    pub const ALL: [Self; 3] = [Self::Redactor, Self::Guard, Self::Both];

    pub fn name(self) -> &'static str {
        match self {
            Self::Redactor => "redactor",
            Self::Guard => "guard",
            Self::Both => "both",
        }
    }
}

impl Contender {
    pub const ALL: [Self; 8] = [
        Self::Bare,
        Self::Empty,
        Self::Reading,
        Self::Native,
        Self::Meter,
        Self::Redactor,
        Self::Guard,
        Self::Suite,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Empty => "empty",
            Self::Reading => "reading",
            Self::Native => "native",
            Self::Meter => "meter",
            Self::Redactor => "redactor",
            Self::Guard => "guard",
            Self::Suite => "suite",
            Self::Timed(timed) => timed.name(),
        }
    }

    /// The wasm module, where it is built.
    pub fn module(self, modules: &Modules) -> Option<PathBuf> {
        match self {
            Self::Bare | Self::Native => None,
            Self::Empty => Some(modules.plain.join("penstock-empty-filter.wasm")),
            Self::Reading => Some(modules.plain.join("penstock-reading-filter.wasm")),
            Self::Meter => Some(modules.penstock.join("penstock-token-meter.wasm")),
            Self::Redactor => Some(modules.penstock.join("penstock-pii-redactor.wasm")),
            Self::Suite => Some(modules.penstock.join("penstock-suite.wasm")),
            Self::Guard => Some(modules.penstock.join("penstock-prompt-guard.wasm")),
            Self::Timed(Timed::Redactor) => Some(modules.timed.join("penstock-pii-redactor.wasm")),
            Self::Timed(Timed::Guard) => Some(modules.timed.join("penstock-prompt-guard.wasm")),
            Self::Timed(Timed::Both) => Some(modules.timed.join("penstock-suite.wasm")),
        }
    }

    /// The Envoy bootstrap: a listener and an admin page on free ports, one upstream.
    pub fn bootstrap(self, modules: &Modules, upstream: u16) -> Value {
        let mut filters = Vec::new();
        if self == Self::Native {
            filters.push(native());
        }
        if let Some(module) = self.module(modules) {
            let config = match self {
                Self::Bare | Self::Native | Self::Empty | Self::Reading => "",
                Self::Meter | Self::Suite => r#"{"token_meter": {}}"#,
                Self::Redactor | Self::Timed(Timed::Redactor) => {
                    r#"{"exchange": {"proxy_buffer_bytes": 16777216}, "pii_redactor": {}}"#
                }
                Self::Guard | Self::Timed(Timed::Guard) => {
                    r#"{"exchange": {"proxy_buffer_bytes": 16777216}, "prompt_guard": {}}"#
                }
                Self::Timed(Timed::Both) => {
                    r#"{"exchange": {"proxy_buffer_bytes": 16777216}, "pii_redactor": {}, "prompt_guard": {}}"#
                }
            };
            filters.push(wasm_filter(&module, config));
        }
        filters.push(router());
        json!({
            "admin": {"address": local(0)},
            "static_resources": {"listeners": [listener(&filters)], "clusters": [cluster(upstream)]},
        })
    }
}

/// Folders with modules.
pub struct Modules {
    pub penstock: PathBuf,
    /// Those that log how long each callback took.
    pub timed: PathBuf,
    /// Those of `tests/empty-filter`.
    pub plain: PathBuf,
}

pub fn router() -> Value {
    json!({
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
    })
}

fn native() -> Value {
    json!({
        "name": "envoy.filters.http.ai_protocol_manager",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.ai_protocol_manager.v3.AiProtocolManager",
            "response_handling": {"token_usage": {
                "include_unconfigured_routes": true,
                "default_llm_protocol": "OPENAI_CHAT_COMPLETIONS",
                "metadata_namespace": "ai.tok",
            }},
        },
    })
}

pub fn wasm_filter(module: &Path, config: &str) -> Value {
    json!({
        "name": "envoy.filters.http.wasm",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": "penstock",
                "root_id": "penstock",
                "failure_policy": "FAIL_CLOSED",
                "allow_on_headers_stop_iteration": true,
                "configuration": {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": config},
                "vm_config": {
                    "vm_id": "penstock",
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": {"local": {"filename": module}},
                },
            },
        },
    })
}

fn listener(filters: &[Value]) -> Value {
    json!({
        "name": "bench",
        "address": local(0),
        "per_connection_buffer_limit_bytes": 16 << 20,
        "filter_chains": [{"filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                "stat_prefix": "bench",
                "codec_type": "HTTP1",
                "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
                    {"name": "llm", "match": {"prefix": "/"}, "route": {"cluster": "model", "timeout": "0s"}},
                ]}]},
                "http_filters": filters,
            },
        }]}],
    })
}

fn cluster(port: u16) -> Value {
    json!({
        "name": "model",
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": "model", "endpoints": [{"lb_endpoints": [{"endpoint": {"address": local(port)}}]}]},
    })
}

pub fn local(port: u16) -> Value {
    json!({"socket_address": {"address": "127.0.0.1", "port_value": port}})
}
