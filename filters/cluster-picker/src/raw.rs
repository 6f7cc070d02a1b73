//! The configuration as it is written.

use crate::number::Number;
use penstock_filter_api::{Mode, OnFailure, SelectionSource, reads};

/// Sends each request to the backend that is predicted to answer first.
#[derive(Debug)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Config")
)]
pub(crate) struct RawConfig {
    /// `shadow` picks, learns and counts, but sets no header and refuses nothing. `off` does nothing at all.
    pub(crate) mode: Mode,
    /// What happens to an exchange that cannot be read: `open` leaves the choice to the proxy's own policy.
    pub(crate) on_failure: OnFailure,
    /// Which exchanges are picked for. Default: all.
    pub(crate) scope: SelectionSource,
    /// Pickers of the same fleet name share what they know within one proxy.
    pub(crate) fleet: String,
    /// What the proxy is told.
    pub(crate) steer: Steer,
    /// The request header that tells it. Clients' own values are taken off.
    /// Default: `x-gateway-destination-endpoint`, `x-penstock-cluster` or `x-penstock-share`, by `steer`.
    pub(crate) header: Option<String>,
    /// Endpoints named to the proxy, best first, so that a retry goes to another one. 1 to 8.
    pub(crate) candidates: u32,
    /// The backends. At most 1000, each name once.
    pub(crate) backends: Vec<RawBackend>,
    /// Adds backends that the proxy's own policy has chosen, as they answer (`steer: endpoint` only).
    pub(crate) learn: bool,
    /// Groups of backends with shares of the traffic, such as a canary. Default: one group.
    pub(crate) groups: Vec<RawGroup>,
    /// A request header, such as a user's id, whose values stay in one group each. Default: each request anew.
    pub(crate) split_by: Option<String>,
    /// Takes a group out when it is worse than another.
    pub(crate) rollback: Option<RawRollback>,
    /// Keeps the requests of a session on one backend.
    pub(crate) sticky: Option<RawSticky>,
    /// What decides between backends that are about as fast.
    pub(crate) prefer: RawPrefer,
    /// Classes of requests that only some groups take. The first that fits holds.
    pub(crate) classes: Vec<RawClass>,
    /// Refuses requests that would wait too long.
    pub(crate) admission: Option<RawAdmission>,
    /// Reports of load in response headers and trailers.
    pub(crate) reports: RawReports,
    /// Asks backends for their load, by one worker at a time.
    pub(crate) poll: Option<RawPoll>,
    /// Constants of the cost.
    pub(crate) tuning: RawTuning,
}

reads!(struct RawConfig { mode, on_failure, scope, fleet, steer, header, candidates, backends, learn, groups, split_by, rollback, sticky, prefer, classes, admission, reports, poll, tuning });

impl Default for RawConfig {
    fn default() -> Self {
        Self {
            mode: Mode::Enforce,
            on_failure: OnFailure::Open,
            scope: SelectionSource::default(),
            fleet: "default".to_owned(),
            steer: Steer::Endpoint,
            header: None,
            candidates: 2,
            backends: Vec::new(),
            learn: false,
            groups: Vec::new(),
            split_by: None,
            rollback: None,
            sticky: None,
            prefer: RawPrefer::default(),
            classes: Vec::new(),
            admission: None,
            reports: RawReports::default(),
            poll: None,
            tuning: RawTuning::default(),
        }
    }
}

/// What the proxy is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case")
)]
pub(crate) enum Steer {
    /// Addresses of endpoints, for a cluster with the `override_host` policy.
    Endpoint,
    /// The name of a cluster, for a route with `cluster_header`. Each backend is a cluster then.
    Cluster,
    /// A number within the sum of the groups' shares, for a route with `weighted_clusters.header_name`. Its clusters have the
    /// groups' shares as weights, in their order.
    Share,
}

reads!(enum Steer { "endpoint" => Endpoint, "cluster" => Cluster, "share" => Share });

/// One backend.
#[derive(Debug, Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Backend")
)]
pub(crate) struct RawBackend {
    /// Its name in metrics. Default: its address or its cluster, by `steer`; needed where that is `share`.
    pub(crate) name: String,
    /// `ip:port`, as the proxy's cluster has it. Needed where `steer` is `endpoint`.
    pub(crate) address: String,
    /// The proxy's cluster that reaches this backend alone. Needed where `steer` is `cluster`, and to poll.
    pub(crate) cluster: String,
    /// The group it belongs to. Default: the first.
    pub(crate) group: Option<String>,
    /// Models that it serves, exact or with `*`. Default: all.
    pub(crate) models: Vec<String>,
    /// Longest prompt that it takes, in tokens; 0 for any.
    pub(crate) max_input_tokens: u32,
    /// Tokens that its KV cache holds; 0 where unknown. It is learned from reports.
    pub(crate) kv_tokens: u32,
    /// How fast it is believed to be beside the others, until something was learned. Default: 1.
    pub(crate) speed: Option<Number>,
    /// What it costs, in any unit that is the same for all.
    pub(crate) price: Option<Number>,
    /// Where it is.
    pub(crate) zone: String,
}

reads!(struct RawBackend { name, address, cluster, group, models, max_input_tokens, kv_tokens, speed, price, zone });

/// A group of backends.
#[derive(Debug, Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Group")
)]
pub(crate) struct RawGroup {
    /// Its name.
    pub(crate) name: String,
    /// Its share of the traffic, beside those of the others: 95 and 5, or 19 and 1. 0 takes only what `when` sends.
    pub(crate) share: u32,
    /// Requests with this header are all for this group.
    pub(crate) when: Option<RawWhen>,
}

reads!(struct RawGroup { name, share, when } needs name);

/// A header that a request must have.
#[derive(Debug, Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "When")
)]
pub(crate) struct RawWhen {
    /// Its name.
    pub(crate) header: String,
    /// Its value. Default: any.
    pub(crate) value: Option<String>,
}

reads!(struct RawWhen { header, value } needs header);

/// When a group is taken out, until the configuration changes or the proxy restarts.
#[derive(Debug)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Rollback")
)]
pub(crate) struct RawRollback {
    /// The group that may be taken out.
    pub(crate) group: String,
    /// The group that it is compared with, and that takes its share.
    pub(crate) to: String,
    /// Requests of the group in one worker before anything is judged. 1 to 5000; beyond 10000 older ones count half.
    pub(crate) min_requests: u32,
    /// How many percent points more of its requests may fail. 0 to 100.
    pub(crate) more_errors_percent: u32,
    /// How much longer its first token may take, in percent of the other's mean: 150 is half as long again. 100 to 10000.
    pub(crate) max_first_token_percent: u32,
}

reads!(struct RawRollback { group, to, min_requests, more_errors_percent, max_first_token_percent } needs group, to);

impl Default for RawRollback {
    fn default() -> Self {
        Self {
            group: String::new(),
            to: String::new(),
            min_requests: 200,
            more_errors_percent: 2,
            max_first_token_percent: 200,
        }
    }
}

/// Sessions stay where they are.
#[derive(Debug)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Sticky")
)]
pub(crate) struct RawSticky {
    /// The request header that names the session.
    pub(crate) header: String,
    /// How much later than elsewhere its first token may be predicted there, in milliseconds.
    pub(crate) max_wait_ms: u32,
}

reads!(struct RawSticky { header, max_wait_ms } needs header);

impl Default for RawSticky {
    fn default() -> Self {
        Self {
            header: String::new(),
            max_wait_ms: 1000,
        }
    }
}

/// What decides between backends that are about as fast.
#[derive(Debug, Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Prefer")
)]
pub(crate) struct RawPrefer {
    /// Backends whose cost is at most so many percent above the least count as equal: then the zone decides, then the price.
    pub(crate) within_percent: u32,
    /// The zone of this proxy.
    pub(crate) zone: String,
    /// The cheapest of all whose first token is predicted within so many milliseconds; 0 for the fastest.
    pub(crate) cheapest_within_ms: u32,
}

reads!(struct RawPrefer { within_percent, zone, cheapest_within_ms });

/// A class of requests.
#[derive(Debug, Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Class")
)]
pub(crate) struct RawClass {
    /// Fewest tokens of the prompt, estimated.
    pub(crate) min_input_tokens: u32,
    /// Most tokens of the prompt; 0 for any number.
    pub(crate) max_input_tokens: u32,
    /// The groups that take it.
    pub(crate) groups: Vec<String>,
}

reads!(struct RawClass { min_input_tokens, max_input_tokens, groups } needs groups);

/// When a request is refused, because even the best backend would answer too late.
#[derive(Debug)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Admission")
)]
pub(crate) struct RawAdmission {
    /// Longest predicted time to the first token, in milliseconds.
    pub(crate) first_token_ms: u32,
    /// A request header with a bound of its own, in milliseconds. The lower one holds.
    pub(crate) header: String,
    /// The request header that names the priority.
    pub(crate) priority_header: String,
    /// Priorities and the part of the bound that each may use, in percent: 50 is refused at half of it, 0 never. What is not
    /// listed may use all of it.
    pub(crate) priorities: Vec<(String, u32)>,
    /// The status of the refusal: 429 or 503.
    pub(crate) status: u16,
}

reads!(struct RawAdmission { first_token_ms, header, priority_header, priorities, status });

impl Default for RawAdmission {
    fn default() -> Self {
        Self {
            first_token_ms: 30_000,
            header: "x-slo-ttft-ms".to_owned(),
            priority_header: "x-penstock-priority".to_owned(),
            priorities: Vec::new(),
            status: 429,
        }
    }
}

/// Reports of load in response headers and trailers.
#[derive(Debug)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Reports")
)]
pub(crate) struct RawReports {
    /// Asks backends for them (`endpoint-load-metrics-format`).
    pub(crate) ask: bool,
    /// Takes them off the response before clients see it.
    pub(crate) strip: bool,
}

reads!(struct RawReports { ask, strip });

impl Default for RawReports {
    fn default() -> Self {
        Self {
            ask: true,
            strip: true,
        }
    }
}

/// Asks backends for their load.
#[derive(Debug)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Poll")
)]
pub(crate) struct RawPoll {
    /// Path of the metrics: `/metrics`, `/v1/loads` (SGLang), `/api/ps` (Ollama).
    pub(crate) path: String,
    /// Milliseconds between two polls of a backend. 1000 to 3600000.
    pub(crate) interval_ms: u32,
    /// Longest wait for an answer, in milliseconds. 1 to 60000.
    pub(crate) timeout_ms: u32,
}

reads!(struct RawPoll { path, interval_ms, timeout_ms });

impl Default for RawPoll {
    fn default() -> Self {
        Self {
            path: "/metrics".to_owned(),
            interval_ms: 5000,
            timeout_ms: 1000,
        }
    }
}

/// Constants of the cost; the defaults are good for most fleets.
#[derive(Debug, Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Tuning")
)]
pub(crate) struct RawTuning {
    /// Seconds that a second of predicted decoding counts for. Default: 0.1.
    pub(crate) decode_weight: Option<Number>,
    /// Share of the prompt's own time that each request decoding there is charged with. Default: 0.01.
    pub(crate) externality: Option<Number>,
    /// Share of the KV cache above which a backend costs more. Default: 0.85.
    pub(crate) kv_threshold: Option<Number>,
    /// Seconds that a whole KV cache above the threshold costs. Default: 10.
    pub(crate) kv_penalty_s: Option<Number>,
    /// Weight of a reported queue, in prompts of mean length. Default: 0.5.
    pub(crate) waiting_weight: Option<Number>,
    /// Seconds in which a report fades. Default: 3.
    pub(crate) report_fade_s: Option<Number>,
    /// Samples that the fleet's mean speed counts for, beside those of a backend. Default: 4.
    pub(crate) shrink_samples: Option<Number>,
    /// Seconds in which what is known of an unused backend's speed fades. Default: 30.
    pub(crate) speed_fade_s: Option<Number>,
    /// How often a prediction may be exceeded before a silent backend counts as slower. Default: 2.
    pub(crate) overdue_ratio: Option<Number>,
    /// Seconds in which a new or recovered backend comes to its full share. Default: 10.
    pub(crate) slow_start_s: Option<Number>,
    /// Share of the KV cache that is taken to hold prefixes that may be met again. Default: 1.
    pub(crate) prefix_share: Option<Number>,
    /// Share of requests that go to any backend at random, to learn of it. Default: 0.
    pub(crate) explore: Option<Number>,
}

reads!(struct RawTuning { decode_weight, externality, kv_threshold, kv_penalty_s, waiting_weight, report_fade_s, shrink_samples, speed_fade_s, overdue_ratio, slow_start_s, prefix_share, explore });
