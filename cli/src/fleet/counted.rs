//! What a picker has counted, out of Envoy's statistics.

use serde_json::Value;
use std::collections::BTreeMap;

/// Before each name, behind whatever Envoy puts there.
const PREFIX: &str = "penstock_picker_";

/// Statistics by backend, by group, and of the fleet.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) backends: BTreeMap<String, Backend>,
    pub(super) groups: BTreeMap<String, Group>,
    pub(super) fleet: Fleet,
}

/// Counters and levels of a backend.
#[derive(Clone, Debug, Default)]
pub(super) struct Backend {
    pub(super) picks: u64,
    pub(super) failures: u64,
    pub(super) ejections: u64,
    pub(super) moves: u64,
    pub(super) open: u64,
    /// Thousandths of the fleet's mean time.
    pub(super) pace: Option<u64>,
    pub(super) is_out: bool,
    pub(super) ignored: u64,
    pub(super) polls: u64,
    pub(super) poll_failures: u64,
    pub(super) predicted: Quantiles,
    pub(super) seen: Quantiles,
}

/// Counters of a group.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) answered: u64,
    pub(super) failed: u64,
    pub(super) rollbacks: u64,
    pub(super) input_tokens: u64,
    pub(super) output_tokens: u64,
    pub(super) seen: Quantiles,
}

/// Counters of all requests.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fleet {
    pub(super) unpicked: u64,
    pub(super) shed: u64,
}

/// Milliseconds, since the proxy began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Quantiles {
    pub(super) p50: Option<f64>,
    pub(super) p99: Option<f64>,
}

impl Counted {
    /// Reads `/stats?format=json`; none where that is something else.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let document: Value = serde_json::from_slice(body).ok()?;
        let mut counted = Self::default();
        for stat in document.get("stats")?.as_array()? {
            if let Some(histograms) = stat.get("histograms") {
                counted.take_histograms(histograms);
            } else if let (Some(name), Some(value)) = (stat.get("name"), stat.get("value")) {
                counted.take(name.as_str()?, value.as_u64().unwrap_or_default());
            }
        }
        Some(counted)
    }

    /// Nothing was counted at all.
    pub(super) fn is_empty(&self) -> bool {
        self.backends.is_empty() && self.groups.is_empty() && self.fleet.unpicked + self.fleet.shed == 0
    }

    fn take(&mut self, name: &str, value: u64) {
        let Some((metric, label, of)) = parts(name) else {
            return;
        };
        match label {
            "backend" => self.backend(of).take(metric, value),
            "group" => self.group(of).take(metric, value),
            _ => self.fleet.take(metric, value),
        }
    }

    fn take_histograms(&mut self, histograms: &Value) {
        let quantiles: Vec<f64> = numbers(histograms.get("supported_quantiles"));
        let computed = histograms.get("computed_quantiles").and_then(Value::as_array);
        for histogram in computed.into_iter().flatten() {
            let name = histogram.get("name").and_then(Value::as_str).unwrap_or_default();
            let Some((metric, label, of)) = parts(name) else {
                continue;
            };
            let values = histogram.get("values").and_then(Value::as_array);
            let values: Vec<Option<f64>> = values.into_iter().flatten().map(cumulative).collect();
            let at = |quantile: f64| {
                let place = quantiles.iter().position(|known| *known == quantile)?;
                *values.get(place)?
            };
            let read = Quantiles {
                p50: at(50.0),
                p99: at(99.0),
            };
            match (label, metric) {
                ("backend", "predicted_first_token_ms") => self.backend(of).predicted = read,
                ("backend", "first_token_ms") => self.backend(of).seen = read,
                ("group", "group_first_token_ms") => self.group(of).seen = read,
                _ => {}
            }
        }
    }

    fn backend(&mut self, name: &str) -> &mut Backend {
        self.backends.entry(name.to_owned()).or_default()
    }

    fn group(&mut self, name: &str) -> &mut Group {
        self.groups.entry(name.to_owned()).or_default()
    }
}

impl Backend {
    fn take(&mut self, metric: &str, value: u64) {
        match metric {
            "picks_total" => self.picks = value,
            "failures_total" => self.failures = value,
            "ejections_total" => self.ejections = value,
            "moves_total" => self.moves = value,
            "open_requests" => self.open = value,
            "pace_permille" => self.pace = Some(value),
            "out" => self.is_out = value > 0,
            "reports_ignored_total" => self.ignored = value,
            "polls_total" => self.polls = value,
            "poll_failures_total" => self.poll_failures = value,
            _ => {}
        }
    }
}

impl Group {
    fn take(&mut self, metric: &str, value: u64) {
        match metric {
            "group_answered_total" => self.answered = value,
            "group_failed_total" => self.failed = value,
            "group_input_tokens_total" => self.input_tokens = value,
            "group_output_tokens_total" => self.output_tokens = value,
            "rollbacks_total" => self.rollbacks = value,
            _ => {}
        }
    }
}

impl Fleet {
    /// Fleets of several configurations count together.
    fn take(&mut self, metric: &str, value: u64) {
        match metric {
            "unpicked_total" => self.unpicked += value,
            "shed_total" => self.shed += value,
            _ => {}
        }
    }
}

/// `wasmcustom.penstock_picker_METRIC.LABEL=.=VALUE;.;` in its parts.
fn parts(name: &str) -> Option<(&str, &str, &str)> {
    let (_, rest) = name.split_once(PREFIX)?;
    let (metric, rest) = rest.split_once('.')?;
    let (label, of) = rest.split_once("=.=")?;
    Some((metric, label, of.strip_suffix(";.;")?))
}

fn numbers(list: Option<&Value>) -> Vec<f64> {
    let list = list.and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_f64).collect()
}

/// Since the proxy began; not since its last flush.
fn cumulative(value: &Value) -> Option<f64> {
    value.get("cumulative").and_then(Value::as_f64)
}
