//! The configuration, compiled: a [`Config`] in hand can be used.

use crate::admission::Admission;
use crate::backend::BackendSpec;
use crate::groups::Groups;
use crate::number::Number;
use crate::raw::{RawBackend, RawConfig, RawPoll, RawReports, RawTuning, Steer};
use crate::tuning::Tuning;
use penstock_filter_api::{ConfigError, Glob, Mode, OnFailure, Selection, bounded, globs};
use std::net::SocketAddr;

/// Most backends of a fleet.
pub(crate) const MAX_BACKENDS: usize = 1000;

/// A configuration that can be used.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) mode: Mode,
    pub(crate) on_failure: OnFailure,
    pub(crate) scope: Selection,
    pub(crate) fleet: String,
    pub(crate) steer: Steer,
    pub(crate) header: String,
    pub(crate) candidates: usize,
    pub(crate) backends: Vec<Backend>,
    pub(crate) learn: bool,
    pub(crate) groups: Groups,
    pub(crate) sticky: Option<Sticky>,
    pub(crate) prefer: Prefer,
    pub(crate) admission: Option<Admission>,
    pub(crate) reports: RawReports,
    pub(crate) poll: Option<RawPoll>,
    pub(crate) tuning: Tuning,
}

/// A backend, as far as it was configured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Backend {
    pub(crate) spec: BackendSpec,
    /// What is written into the header.
    pub(crate) target: String,
    pub(crate) cluster: String,
    pub(crate) group: usize,
    pub(crate) models: Vec<Glob>,
    /// `f64::INFINITY` for any.
    pub(crate) max_input_tokens: f64,
    pub(crate) price: f64,
    pub(crate) zone: String,
}

impl Backend {
    /// One that the proxy's own policy has chosen.
    pub(crate) fn learned(address: &str) -> Self {
        Self {
            spec: BackendSpec {
                name: address.to_owned(),
                learned: true,
                ..BackendSpec::default()
            },
            target: address.to_owned(),
            max_input_tokens: f64::INFINITY,
            ..Self::default()
        }
    }
}

/// Sessions stay where they are.
#[derive(Debug)]
pub(crate) struct Sticky {
    pub(crate) header: String,
    pub(crate) max_wait_s: f64,
}

/// What decides between backends that are about as fast.
#[derive(Debug, Default)]
pub(crate) struct Prefer {
    /// Factor on the least cost.
    pub(crate) within: f64,
    pub(crate) zone: String,
    pub(crate) cheapest_within_s: Option<f64>,
}

impl Config {
    pub(crate) fn parse(json: &str) -> Result<Self, ConfigError> {
        Self::new(penstock_filter_api::read(json)?)
    }

    fn new(raw: RawConfig) -> Result<Self, ConfigError> {
        let groups = Groups::new(&raw)?;
        let learn = raw.learn;
        if learn && raw.steer != Steer::Endpoint {
            return Err(ConfigError::new(
                "learn",
                "has no effect unless steer is endpoint",
            ));
        }
        if raw.steer == Steer::Share && raw.groups.is_empty() {
            return Err(ConfigError::new("groups", "needed where steer is share"));
        }
        let backends = backends(&raw, &groups)?;
        if let Some(poll) = &raw.poll {
            check_poll(poll, &backends).map_err(|error| error.under("poll"))?;
        }
        let admission = raw.admission.map(Admission::new).transpose();
        let scope = Selection::new(&raw.scope.routes, &raw.scope.apis, &raw.scope.models);
        Ok(Self {
            mode: raw.mode,
            on_failure: raw.on_failure,
            scope: scope.map_err(|error| error.under("scope"))?,
            fleet: raw.fleet,
            steer: raw.steer,
            header: header("header", raw.header.as_deref().unwrap_or(raw.steer.header()))?,
            candidates: bounded("candidates", raw.candidates, 1..=8)? as usize,
            backends,
            learn,
            groups,
            sticky: raw
                .sticky
                .map(Sticky::new)
                .transpose()
                .map_err(|error| error.under("sticky"))?,
            prefer: Prefer::new(raw.prefer),
            admission: admission.map_err(|error| error.under("admission"))?,
            reports: raw.reports,
            poll: raw.poll,
            tuning: tuning(&raw.tuning).map_err(|error| error.under("tuning"))?,
        })
    }
}

impl Steer {
    fn header(self) -> &'static str {
        match self {
            Self::Endpoint => "x-gateway-destination-endpoint",
            Self::Cluster => "x-penstock-cluster",
            Self::Share => "x-penstock-share",
        }
    }
}

impl Sticky {
    fn new(raw: crate::raw::RawSticky) -> Result<Self, ConfigError> {
        Ok(Self {
            header: header("header", &raw.header)?,
            max_wait_s: f64::from(raw.max_wait_ms) / 1000.0,
        })
    }
}

impl Prefer {
    fn new(raw: crate::raw::RawPrefer) -> Self {
        let within_s = f64::from(raw.cheapest_within_ms) / 1000.0;
        Self {
            within: 1.0 + f64::from(raw.within_percent) / 100.0,
            zone: raw.zone,
            cheapest_within_s: (raw.cheapest_within_ms > 0).then_some(within_s),
        }
    }
}

/// A header's name, as Envoy has it.
pub(crate) fn header(field: &str, name: &str) -> Result<String, ConfigError> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!#$%&'*+^`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(ConfigError::new(field, "not the name of a header"));
    }
    Ok(name.to_ascii_lowercase())
}

fn backends(raw: &RawConfig, groups: &Groups) -> Result<Vec<Backend>, ConfigError> {
    if raw.backends.len() > MAX_BACKENDS {
        return Err(ConfigError::new("backends", "more than 1000"));
    }
    let mut backends: Vec<Backend> = Vec::with_capacity(raw.backends.len());
    for (index, one) in raw.backends.iter().enumerate() {
        let under = |error: ConfigError| error.under(&format!("backends[{index}]"));
        let backend = backend(one, raw.steer, groups).map_err(under)?;
        if backends.iter().any(|known| known.spec.name == backend.spec.name) {
            return Err(under(ConfigError::new("name", "given twice")));
        }
        if backends.iter().any(|known| known.target == backend.target) && raw.steer != Steer::Share {
            return Err(under(ConfigError::new(raw.steer.field(), "given twice")));
        }
        backends.push(backend);
    }
    Ok(backends)
}

fn backend(raw: &RawBackend, steer: Steer, groups: &Groups) -> Result<Backend, ConfigError> {
    let target = match steer {
        Steer::Endpoint => match raw.address.parse::<SocketAddr>() {
            // As the proxy writes it: an IPv6 address has many spellings.
            Ok(address) => address.to_string(),
            Err(_) => return Err(ConfigError::new("address", "not ip:port")),
        },
        Steer::Cluster => raw.cluster.clone(),
        Steer::Share => raw.name.clone(),
    };
    if target.is_empty() {
        return Err(ConfigError::new(steer.field(), "needed"));
    }
    if raw.cluster.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(ConfigError::new("cluster", "not the name of a cluster"));
    }
    let group = match &raw.group {
        None => 0,
        Some(name) => groups
            .index(name)
            .ok_or_else(|| ConfigError::new("group", "no such group"))?,
    };
    let speed = raw.speed.map(|Number(speed)| speed);
    if speed.is_some_and(|speed| !(0.01..=100.0).contains(&speed)) {
        return Err(ConfigError::new("speed", "not between 0.01 and 100"));
    }
    let some = |tokens: u32| (tokens > 0).then_some(f64::from(tokens));
    Ok(Backend {
        spec: BackendSpec {
            name: if raw.name.is_empty() {
                target.clone()
            } else {
                raw.name.clone()
            },
            kv_tokens: some(raw.kv_tokens),
            learned: false,
            speed,
        },
        target,
        cluster: raw.cluster.clone(),
        group,
        models: globs("models", &raw.models)?,
        max_input_tokens: some(raw.max_input_tokens).unwrap_or(f64::INFINITY),
        price: raw.price.map_or(0.0, |Number(price)| price),
        zone: raw.zone.clone(),
    })
}

impl Steer {
    fn field(self) -> &'static str {
        match self {
            Self::Endpoint => "address",
            Self::Cluster => "cluster",
            Self::Share => "name",
        }
    }
}

fn check_poll(poll: &RawPoll, backends: &[Backend]) -> Result<(), ConfigError> {
    if !poll.path.starts_with('/') || poll.path.bytes().any(|byte| byte <= b' ') {
        return Err(ConfigError::new("path", "not a path"));
    }
    bounded("interval_ms", poll.interval_ms, 1000..=3_600_000)?;
    bounded("timeout_ms", poll.timeout_ms, 1..=60_000)?;
    if backends.iter().all(|backend| backend.cluster.is_empty()) {
        return Err(ConfigError::new("", "needs backends with a cluster"));
    }
    Ok(())
}

fn tuning(raw: &RawTuning) -> Result<Tuning, ConfigError> {
    let default = Tuning::default();
    let number = |field: &str, number: Option<Number>, default: f64, most: f64| match number {
        None => Ok(default),
        Some(Number(number)) if number <= most => Ok(number),
        Some(_) => Err(ConfigError::new(field, format!("not between 0 and {most}"))),
    };
    let seconds =
        |field: &str, given: Option<Number>, default: f64| match number(field, given, default, 86_400.0)? {
            seconds if seconds < 0.01 => Err(ConfigError::new(field, "less than 0.01")),
            seconds => Ok(seconds),
        };
    let overdue_ratio = number("overdue_ratio", raw.overdue_ratio, default.overdue_ratio, 1e6)?;
    Ok(Tuning {
        decode_weight: number("decode_weight", raw.decode_weight, default.decode_weight, 100.0)?,
        externality: number("externality", raw.externality, default.externality, 100.0)?,
        kv_threshold: number("kv_threshold", raw.kv_threshold, default.kv_threshold, 1.0)?,
        kv_penalty_s: number("kv_penalty_s", raw.kv_penalty_s, default.kv_penalty_s, 86_400.0)?,
        waiting_weight: number(
            "waiting_weight",
            raw.waiting_weight,
            default.waiting_weight,
            100.0,
        )?,
        report_fade_s: seconds("report_fade_s", raw.report_fade_s, default.report_fade_s)?,
        shrink_samples: number("shrink_samples", raw.shrink_samples, default.shrink_samples, 1e6)?.max(0.1),
        speed_fade_s: seconds("speed_fade_s", raw.speed_fade_s, default.speed_fade_s)?,
        overdue_ratio: overdue_ratio.max(1.0),
        slow_start_s: number("slow_start_s", raw.slow_start_s, default.slow_start_s, 86_400.0)?,
        prefix_share: number("prefix_share", raw.prefix_share, default.prefix_share, 1.0)?,
        explore: number("explore", raw.explore, default.explore, 1.0)?,
    })
}
