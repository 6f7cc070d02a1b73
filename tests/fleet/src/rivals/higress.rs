//! Higress's `ai-load-balancer` (4e0d691), cluster_metrics, LeastFirstTokenLatency.

use std::collections::VecDeque;

use penstock_gpu_model::Metrics;

use super::choose::cheapest;
use crate::policy::{Answer, Incoming, Policy, Setup};
use crate::rng::Rng;

/// Latencies remembered of each backend.
const REMEMBERED: usize = 100;
/// The least that a failure counts, in seconds, before it is doubled.
const LEAST_PENALTY: f64 = 0.004;

/// Lowest mean of the last hundred latencies. Each worker knows its own alone; a backend without any takes everything
/// until its first answer; a failure counts twice the worst mean.
pub(crate) struct LeastFirstToken {
    latencies: Vec<Vec<VecDeque<f64>>>,
    began: Vec<f64>,
    workers: usize,
}

impl LeastFirstToken {
    pub(crate) fn new(setup: &Setup) -> Self {
        let latencies = vec![vec![VecDeque::new(); setup.gpus.len()]; setup.lanes()];
        Self {
            latencies,
            began: Vec::new(),
            workers: setup.workers,
        }
    }

    fn lane(&self, incoming: &Incoming) -> usize {
        incoming.proxy * self.workers + incoming.worker
    }

    fn means(&self, incoming: &Incoming) -> Vec<f64> {
        let lane = &self.latencies[self.lane(incoming)];
        lane.iter()
            .map(|seen| seen.iter().sum::<f64>() / seen.len().max(1) as f64)
            .collect()
    }

    fn sample(&mut self, incoming: &Incoming, backend: usize, latency: f64) {
        let lane = self.lane(incoming);
        let seen = &mut self.latencies[lane][backend];
        seen.push_back(latency);
        if seen.len() > REMEMBERED {
            seen.pop_front();
        }
    }
}

impl Policy for LeastFirstToken {
    fn pick(&mut self, _now: f64, incoming: &Incoming, rng: &mut Rng) -> usize {
        cheapest(&self.means(incoming), rng)
    }

    fn dispatched(&mut self, now: f64, incoming: &Incoming, _backend: usize) {
        self.began.resize(self.began.len().max(incoming.id + 1), 0.0);
        self.began[incoming.id] = now;
    }

    fn first_token(&mut self, now: f64, incoming: &Incoming, backend: usize, _: Option<&Metrics>) {
        self.sample(incoming, backend, now - self.began[incoming.id]);
    }

    fn done(&mut self, now: f64, incoming: &Incoming, backend: usize, _: Answer, _: Option<&Metrics>) {
        if !incoming.stream {
            self.sample(incoming, backend, now - self.began[incoming.id]);
        }
    }

    fn failed(&mut self, _now: f64, incoming: &Incoming, backend: usize) {
        let worst = self.means(incoming).into_iter().fold(LEAST_PENALTY, f64::max);
        self.sample(incoming, backend, 2.0 * worst);
    }
}
