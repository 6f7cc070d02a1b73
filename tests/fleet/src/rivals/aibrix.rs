//! AIBrix's `prefix-cache` (e3e10f9).

use penstock_gpu_model::Metrics;

use super::books::InFlight;
use super::choose::{cheapest, range};
use super::prefix_index::PrefixIndex;
use crate::policy::{Answer, Incoming, Policy, Setup};
use crate::rng::Rng;

/// Requests between the most and the least loaded from which balance comes first (in the code; its README says 16).
const IMBALANCE: f64 = 8.0;
/// Standard deviations above the mean that a match may be loaded.
const DEVIATIONS: f64 = 1.0;

/// The longest match that is not loaded far above the mean; the least load when there is none, or when the loads lie
/// far apart.
pub(crate) struct PrefixCache {
    in_flight: InFlight,
    index: Vec<PrefixIndex>,
}

impl PrefixCache {
    pub(crate) fn new(setup: &Setup) -> Self {
        Self {
            in_flight: InFlight::shared(setup),
            index: PrefixIndex::sized_by_kv(setup),
        }
    }

    /// Longest first, then least loaded.
    fn match_of(&self, incoming: &Incoming, load: &[f64]) -> Option<usize> {
        let mean = load.iter().sum::<f64>() / load.len() as f64;
        let variance = load.iter().map(|load| (load - mean).powi(2)).sum::<f64>() / load.len() as f64;
        let most = mean + DEVIATIONS * variance.sqrt();
        let matches = self
            .index
            .iter()
            .map(|index| index.matched(&incoming.blocks))
            .enumerate();
        let mut matches: Vec<(usize, usize)> = matches.filter(|(_, blocks)| *blocks > 0).collect();
        matches.sort_by(|one, other| other.1.cmp(&one.1).then(load[one.0].total_cmp(&load[other.0])));
        matches
            .into_iter()
            .map(|(backend, _)| backend)
            .find(|&backend| load[backend] <= most)
    }
}

impl Policy for PrefixCache {
    fn pick(&mut self, _now: f64, incoming: &Incoming, rng: &mut Rng) -> usize {
        let load = self.in_flight.of(incoming);
        let (least, most) = range(load.iter().copied());
        let least_loaded = cheapest(load, rng);
        let matched = if most - least > IMBALANCE {
            None
        } else {
            self.match_of(incoming, load)
        };
        let backend = matched.unwrap_or(least_loaded);
        self.index[backend].sent(&incoming.blocks);
        backend
    }

    fn dispatched(&mut self, _now: f64, incoming: &Incoming, backend: usize) {
        self.in_flight.begin(incoming, backend);
    }

    fn done(&mut self, _now: f64, incoming: &Incoming, backend: usize, _: Answer, _: Option<&Metrics>) {
        self.in_flight.end(incoming, backend);
    }

    fn failed(&mut self, _now: f64, incoming: &Incoming, backend: usize) {
        self.in_flight.end(incoming, backend);
    }
}
