//! The bootstrap configuration of the Envoy under test.

use crate::scenario::Setup;
use serde_json::{Value, json};
use std::path::Path;

/// Ports of the servers behind the proxy.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// Where requests go.
    pub main: u16,
    /// Where `x-cluster: other` re-routes them.
    pub other: u16,
    /// The callout service.
    pub judge: u16,
}

/// Names that a filter configuration may use.
pub const ROUTE: &str = "llm";
/// Filter state that routes to the other upstream.
pub const ROUTED_BY: &str = "penstock.cluster";
/// Prefix of the statistics of the listener under test.
pub const STAT_PREFIX: &str = "e2e";
/// How soon a dead module is loaded again.
const RELOAD_BACKOFF: &str = "0.020s";

/// Writes the configuration: a listener for each setup, on a free port that Envoy picks itself. They share one
/// VM, as filters in a mesh do, and so the module is compiled once.
pub fn bootstrap(setups: &[Setup], module: Option<&Path>, ports: Ports, access_log: &Path) -> Value {
    let listeners: Vec<Value> = setups
        .iter()
        .enumerate()
        .map(|(index, setup)| listener(index, setup, module, ports, access_log))
        .collect();
    json!({
        "admin": {"address": local(0)},
        // What a run compares before and after. Of each listener there would be hundreds more to look through.
        "stats_config": {"stats_matcher": {"inclusion_list": {"patterns": [
            {"prefix": "wasm"}, {"contains": "vm_reload"}, {"suffix": "downstream_rq_active"}, {"suffix": "write_total_buffered"},
        ]}}},
        "static_resources": {
            "listeners": listeners,
            "clusters": [
                cluster("main", ports.main), cluster("other", ports.other), cluster("judge", ports.judge),
                flaky(ports.main), pool(ports),
                // A port that nobody listens on.
                cluster("nobody", 1),
            ],
        },
    })
}

/// Name of the listener for the setup with this index.
pub fn listener_name(index: usize) -> String {
    format!("setup-{index}")
}

fn listener(index: usize, setup: &Setup, module: Option<&Path>, ports: Ports, access_log: &Path) -> Value {
    let mut filters: Vec<Value> = module
        .map(|path| wasm(index, setup, path, ports))
        .into_iter()
        .collect();
    filters.push(json!({
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}
    }));
    json!({
        "name": listener_name(index),
        "address": local(0),
        "per_connection_buffer_limit_bytes": setup.buffer_limit_bytes,
        "filter_chains": [{"filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                "stat_prefix": STAT_PREFIX,
                "codec_type": "AUTO",
                // By default a broken HTTP/1.1 response keeps its connection for a second more.
                "delayed_close_timeout": "0.020s",
                "http_protocol_options": {"enable_trailers": true},
                "upgrade_configs": [{"upgrade_type": "websocket"}],
                "proxy_100_continue": true,
                "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes()}]},
                "http_filters": filters,
                "access_log": setup.access_log.then(|| log(access_log)).as_slice(),
            },
        }]}],
    })
}

fn routes() -> Value {
    let to_other = json!([{"name": "x-cluster", "string_match": {"exact": "other"}}]);
    json!([
        {"name": ROUTE, "match": {"prefix": "/", "headers": to_other}, "route": {"cluster": "other", "timeout": "0s"}},
        {"name": ROUTE, "match": {"prefix": "/", "filter_state": [
            {"key": format!("wasm.{ROUTED_BY}"), "string_match": {"exact": "other"}}
        ]}, "route": {"cluster": "other", "timeout": "0s"}},
        {"name": ROUTE, "match": {"prefix": "/by-header/"}, "route": {"cluster_header": "x-pool", "timeout": "0s", "prefix_rewrite": "/"}},
        {"name": ROUTE, "match": {"prefix": "/retried/"}, "route": retried("flaky")},
        {"name": ROUTE, "match": {"prefix": "/pool/"}, "route": retried("pool")},
        {"name": ROUTE, "match": {"prefix": "/shares/"}, "route": {"timeout": "0s", "prefix_rewrite": "/", "weighted_clusters": {
            "header_name": "x-penstock-share",
            "clusters": [{"name": "main", "weight": 95}, {"name": "other", "weight": 5}],
        }}},
        {"name": "short", "match": {"prefix": "/short/"}, "route": {"cluster": "main", "timeout": "0.200s", "prefix_rewrite": "/"}},
        {"name": ROUTE, "match": {"prefix": "/"}, "route": {"cluster": "main", "timeout": "0s"}},
    ])
}

/// A request that no host took goes to another one.
fn retried(cluster: &str) -> Value {
    let other = "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate";
    json!({"cluster": cluster, "timeout": "0s", "prefix_rewrite": "/", "retry_policy": {
        "retry_on": "connect-failure",
        "num_retries": 8,
        "retry_back_off": {"base_interval": "0.001s", "max_interval": "0.002s"},
        "host_selection_retry_max_attempts": 20,
        "retry_host_predicate": [{"name": "previous", "typed_config": {"@type": other}}],
    }})
}

fn wasm(index: usize, setup: &Setup, module: &Path, ports: Ports) -> Value {
    json!({
        "name": "envoy.filters.http.wasm",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": "penstock",
                "root_id": listener_name(index),
                "failure_policy": "FAIL_RELOAD",
                "reload_config": {"backoff": {"base_interval": RELOAD_BACKOFF, "max_interval": RELOAD_BACKOFF}},
                "allow_on_headers_stop_iteration": true,
                "configuration": {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": patient(&with_addresses(&setup.config, [ports.main, ports.other]))},
                "vm_config": {
                    "vm_id": "penstock",
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": {"local": {"filename": module}},
                },
            },
        },
    })
}

/// With time for slow machines, where a scenario does not say how long text may be held.
fn patient(config: &str) -> String {
    let Ok(mut document @ Value::Object(_)) = serde_json::from_str::<Value>(config) else {
        return config.to_owned();
    };
    if document["exchange"]["max_hold_ms"].is_null() {
        document["exchange"]["max_hold_ms"] = json!(60_000);
    }
    document.to_string()
}

fn log(path: &Path) -> Value {
    json!({
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": path,
            "log_format": {"json_format": {
                "path": "%REQ(:PATH)%",
                "id": "%REQ(X-REQUEST-ID)%",
                "flags": "%RESPONSE_FLAGS%",
                "details": "%RESPONSE_CODE_DETAILS%",
                "penstock.outcome": "%FILTER_STATE(wasm.penstock.outcome:PLAIN)%",
                "penstock.denied": "%FILTER_STATE(wasm.penstock.denied:PLAIN)%",
                "penstock.usage": "%FILTER_STATE(wasm.penstock.usage:PLAIN)%",
                "penstock.pii": "%FILTER_STATE(wasm.penstock.pii:PLAIN)%",
                "penstock.served": "%FILTER_STATE(wasm.penstock.served:PLAIN)%",
                "penstock.trailers": "%FILTER_STATE(wasm.penstock.trailers:PLAIN)%",
                "penstock.guard": "%FILTER_STATE(wasm.penstock.guard:PLAIN)%",
            }},
        },
    })
}

fn cluster(name: &str, port: u16) -> Value {
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": local(port)}}]}]},
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": {"http_protocol_options": {"enable_trailers": true}},
        }},
    })
}

/// A filter's configuration with the ports of the upstreams for `@main` and `@other`.
pub fn with_addresses(config: &str, ports: [u16; 2]) -> String {
    let at = |port: u16| format!("127.0.0.1:{port}");
    config
        .replace("@main", &at(ports[0]))
        .replace("@other", &at(ports[1]))
}

/// Both upstreams and a host that nobody is at: the one that the header names, else any.
fn pool(ports: Ports) -> Value {
    let mut pool = cluster("pool", ports.main);
    let at = |port: u16| json!({"endpoint": {"address": local(port)}});
    pool["load_assignment"]["endpoints"][0]["lb_endpoints"] = json!([at(1), at(ports.main), at(ports.other)]);
    let policy = |name: &str, kind: &str, more: Value| {
        let mut config =
            json!({"@type": format!("type.googleapis.com/envoy.extensions.load_balancing_policies.{kind}")});
        for (key, value) in more.as_object().into_iter().flatten() {
            config[key] = value.clone();
        }
        let name = format!("envoy.load_balancing_policies.{name}");
        json!({"policies": [{"typed_extension_config": {"name": name, "typed_config": config}}]})
    };
    let any = policy("random", "random.v3.Random", json!({}));
    let named = json!({
        "override_host_sources": [{"header": "x-gateway-destination-endpoint"}],
        "fallback_policy": any,
    });
    pool["load_balancing_policy"] = policy("override_host", "override_host.v3.OverrideHost", named);
    pool
}

/// Three hosts that nobody is at, and one.
fn flaky(port: u16) -> Value {
    let mut flaky = cluster("flaky", port);
    let at = |address: &str, port: u16| json!({"endpoint": {"address": {"socket_address": {"address": address, "port_value": port}}}});
    flaky["load_assignment"]["endpoints"][0]["lb_endpoints"] = json!([
        at("127.0.0.1", 1),
        at("127.0.0.2", 1),
        at("127.0.0.3", 1),
        at("127.0.0.1", port)
    ]);
    flaky
}

fn local(port: u16) -> Value {
    json!({"socket_address": {"address": "127.0.0.1", "port_value": port}})
}
