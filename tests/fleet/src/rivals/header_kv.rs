//! The lowest KV utilization in the last header of each backend: what reading headers alone comes to. It herds.

use penstock_gpu_model::Metrics;

use super::choose::cheapest;
use crate::policy::{Answer, Incoming, Policy, Setup};
use crate::rng::Rng;

/// For each gateway and backend, the last report.
pub(crate) struct LeastKv(Vec<Vec<f64>>);

impl LeastKv {
    pub(crate) fn new(setup: &Setup) -> Self {
        Self(vec![vec![0.0; setup.gpus.len()]; setup.proxies])
    }

    fn report(&mut self, incoming: &Incoming, backend: usize, report: Option<&Metrics>) {
        if let Some(report) = report {
            self.0[incoming.proxy][backend] = report.kv_utilization;
        }
    }
}

impl Policy for LeastKv {
    fn pick(&mut self, _now: f64, incoming: &Incoming, rng: &mut Rng) -> usize {
        cheapest(&self.0[incoming.proxy], rng)
    }

    fn first_token(&mut self, _now: f64, incoming: &Incoming, backend: usize, report: Option<&Metrics>) {
        self.report(incoming, backend, report);
    }

    fn done(&mut self, _now: f64, incoming: &Incoming, backend: usize, _: Answer, report: Option<&Metrics>) {
        self.report(incoming, backend, report);
    }
}
