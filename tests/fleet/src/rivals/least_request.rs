//! Fewest requests in flight.

use penstock_gpu_model::Metrics;

use super::books::InFlight;
use super::choose::{cheaper_of_two, cheapest};
use crate::policy::{Answer, Incoming, Policy, Setup};
use crate::rng::Rng;

/// Envoy's least request with its two choices; the count is per gateway, over its workers.
pub(crate) struct TwoChoices(InFlight);

impl TwoChoices {
    pub(crate) fn new(setup: &Setup) -> Self {
        Self(InFlight::per_proxy(setup))
    }
}

impl Policy for TwoChoices {
    fn pick(&mut self, _now: f64, incoming: &Incoming, rng: &mut Rng) -> usize {
        let in_flight = self.0.of(incoming);
        cheaper_of_two(in_flight.len(), |backend| in_flight[backend], rng)
    }

    fn dispatched(&mut self, _now: f64, incoming: &Incoming, backend: usize) {
        self.0.begin(incoming, backend);
    }

    fn done(&mut self, _now: f64, incoming: &Incoming, backend: usize, _: Answer, _: Option<&Metrics>) {
        self.0.end(incoming, backend);
    }

    fn failed(&mut self, _now: f64, incoming: &Incoming, backend: usize) {
        self.0.end(incoming, backend);
    }
}

/// The least of all.
pub(crate) struct FullScan(InFlight);

impl FullScan {
    pub(crate) fn new(setup: &Setup) -> Self {
        Self(InFlight::per_proxy(setup))
    }
}

impl Policy for FullScan {
    fn pick(&mut self, _now: f64, incoming: &Incoming, rng: &mut Rng) -> usize {
        cheapest(self.0.of(incoming), rng)
    }

    fn dispatched(&mut self, _now: f64, incoming: &Incoming, backend: usize) {
        self.0.begin(incoming, backend);
    }

    fn done(&mut self, _now: f64, incoming: &Incoming, backend: usize, _: Answer, _: Option<&Metrics>) {
        self.0.end(incoming, backend);
    }

    fn failed(&mut self, _now: f64, incoming: &Incoming, backend: usize) {
        self.0.end(incoming, backend);
    }
}
