//! The policies, each an Envoy bootstrap with one cluster of all backends.

use crate::contender::{local, router, wasm_filter};
use crate::envoy::Ground;
use serde_json::{Value, json};
use std::path::PathBuf;

/// How Envoy picks an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    RoundRobin,
    /// Of two at random, the one with fewer requests.
    LeastRequest,
    /// Envoy's own weights from load reports (ORCA).
    Orca,
    /// The cluster picker names the endpoint; what it does not name is picked by least request.
    Penstock,
}

/// One endpoint: its name and port.
pub struct Backend {
    pub name: String,
    pub port: u16,
}

impl Policy {
    pub const ALL: [Self; 4] = [Self::RoundRobin, Self::LeastRequest, Self::Orca, Self::Penstock];

    pub fn name(self) -> &'static str {
        match self {
            Self::RoundRobin => "round robin",
            Self::LeastRequest => "least request",
            Self::Orca => "Envoy's ORCA weights",
            Self::Penstock => "Penstock",
        }
    }

    /// Its name in keys and file names.
    pub fn key(self) -> &'static str {
        match self {
            Self::RoundRobin => "round_robin",
            Self::LeastRequest => "least_request",
            Self::Orca => "orca_weights",
            Self::Penstock => "penstock",
        }
    }

    fn module(self, ground: &Ground) -> Option<PathBuf> {
        (self == Self::Penstock).then(|| ground.modules.penstock.join("penstock-cluster-picker.wasm"))
    }

    /// The module that it needs and that is not there.
    pub fn missing(self, ground: &Ground) -> Option<PathBuf> {
        self.module(ground).filter(|path| !path.is_file())
    }

    pub fn bootstrap(self, backends: &[Backend], speed: f64, ground: &Ground) -> Value {
        let module = self.module(ground);
        let filter = module.map(|module| wasm_filter(&module, &picker_config(backends, speed).to_string()));
        let filters: Vec<Value> = filter.into_iter().chain([router()]).collect();
        json!({
            "admin": {"address": local(0)},
            "static_resources": {"listeners": [listener(&filters)], "clusters": [self.cluster(backends, speed)]},
        })
    }

    fn cluster(self, backends: &[Backend], speed: f64) -> Value {
        let endpoint = |backend: &Backend| json!({"endpoint": {"address": local(backend.port)}});
        let endpoints: Vec<Value> = backends.iter().map(endpoint).collect();
        let plenty = 100_000;
        json!({
            "name": "fleet",
            "type": "STATIC",
            "connect_timeout": "1s",
            "load_balancing_policy": {"policies": [{"typed_extension_config": self.balancing(speed)}]},
            // Envoy's limits would refuse what a slow backend queues.
            "circuit_breakers": {"thresholds": [{
                "max_connections": plenty, "max_pending_requests": plenty, "max_requests": plenty, "max_retries": plenty,
            }]},
            "load_assignment": {"cluster_name": "fleet", "endpoints": [{"lb_endpoints": endpoints}]},
        })
    }

    /// Envoy's times are of the wall; those that a policy has are shortened as the fleet's are.
    fn balancing(self, speed: f64) -> Value {
        let scaled = |seconds: f64| format!("{:.3}s", (seconds / speed).max(0.1));
        match self {
            Self::RoundRobin => policy("round_robin", "RoundRobin", &json!({})),
            Self::LeastRequest => policy("least_request", "LeastRequest", &json!({})),
            Self::Orca => policy(
                "client_side_weighted_round_robin",
                "ClientSideWeightedRoundRobin",
                &json!({
                    "blackout_period": scaled(10.0),
                    "weight_expiration_period": scaled(180.0),
                    "weight_update_period": scaled(1.0),
                }),
            ),
            Self::Penstock => policy(
                "override_host",
                "OverrideHost",
                &json!({
                    "override_host_sources": [{"header": "x-gateway-destination-endpoint"}],
                    "fallback_policy": {"policies": [{"typed_extension_config": Self::LeastRequest.balancing(speed)}]},
                }),
            ),
        }
    }
}

/// What the cluster picker is told: the backends, and its own default times in the fleet's clock. All else it must learn.
fn picker_config(backends: &[Backend], speed: f64) -> Value {
    let backend =
        |backend: &Backend| json!({"name": backend.name, "address": format!("127.0.0.1:{}", backend.port)});
    json!({"cluster_picker": {
        "backends": backends.iter().map(backend).collect::<Vec<_>>(),
        "tuning": {
            "kv_penalty_s": 10.0 / speed,
            "report_fade_s": 3.0 / speed,
            "speed_fade_s": 30.0 / speed,
            "slow_start_s": 10.0 / speed,
        },
    }})
}

fn policy(name: &str, message: &str, config: &Value) -> Value {
    let mut typed = json!({
        "@type": format!("type.googleapis.com/envoy.extensions.load_balancing_policies.{name}.v3.{message}"),
    });
    if let (Some(typed), Some(config)) = (typed.as_object_mut(), config.as_object()) {
        typed.extend(config.clone());
    }
    json!({"name": format!("envoy.load_balancing_policies.{name}"), "typed_config": typed})
}

fn listener(filters: &[Value]) -> Value {
    // Servers give reports to whom asks.
    let ask = json!([{"header": {"key": "endpoint-load-metrics-format", "value": "text"}}]);
    json!({
        "name": "bench",
        "address": local(0),
        "filter_chains": [{"filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                "stat_prefix": "bench",
                "codec_type": "HTTP1",
                "route_config": {"request_headers_to_add": ask, "virtual_hosts": [
                    {"name": "all", "domains": ["*"], "routes": [
                        {"name": "llm", "match": {"prefix": "/"}, "route": {"cluster": "fleet", "timeout": "0s"}},
                    ]},
                ]},
                "http_filters": filters,
            },
        }]}],
    })
}
