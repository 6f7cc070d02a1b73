//! Weighted round robin: earliest deadline first, as Envoy and gRFC A58 do it.

use penstock_gpu_model::Gpu;

use crate::policy::{Incoming, Policy, Setup};
use crate::rng::Rng;

const LEAST_WEIGHT: f64 = 1e-6;

/// The schedule of one worker: a backend of twice the weight is due twice as often.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    deadlines: Vec<f64>,
}

impl Schedule {
    /// Begins at random places, so that workers do not march in step.
    pub(crate) fn new(weights: &[f64], rng: &mut Rng) -> Self {
        Self {
            deadlines: weights
                .iter()
                .map(|weight| rng.unit() / weight.max(LEAST_WEIGHT))
                .collect(),
        }
    }

    pub(crate) fn next(&mut self, weights: &[f64]) -> usize {
        let mut due = 0;
        for backend in 1..self.deadlines.len() {
            if self.deadlines[backend] < self.deadlines[due] {
                due = backend;
            }
        }
        self.deadlines[due] += 1.0 / weights[due].max(LEAST_WEIGHT);
        due
    }
}

/// One schedule for each worker.
pub(crate) fn schedules(setup: &Setup, weights: &[f64]) -> Vec<Schedule> {
    let mut rng = Rng::new(setup.seed + 99);
    for _ in 0..setup.lanes() {
        // Round robin's random starts come first in this sequence.
        rng.bits();
    }
    (0..setup.lanes())
        .map(|_| Schedule::new(weights, &mut rng))
        .collect()
}

/// Weights that someone has measured and configured.
pub(crate) struct Static {
    weights: Vec<f64>,
    schedules: Vec<Schedule>,
    workers: usize,
}

impl Static {
    pub(crate) fn new(setup: &Setup) -> Self {
        let weights: Vec<f64> = setup.gpus.iter().map(|gpu| measured(gpu)).collect();
        Self {
            schedules: schedules(setup, &weights),
            weights,
            workers: setup.workers,
        }
    }
}

impl Policy for Static {
    fn pick(&mut self, _now: f64, incoming: &Incoming, _rng: &mut Rng) -> usize {
        self.schedules[incoming.proxy * self.workers + incoming.worker].next(&self.weights)
    }
}

/// About what each serves alone at its objective.
pub(crate) fn measured(gpu: &Gpu) -> f64 {
    match gpu.name.as_str() {
        "H100" => 3.0,
        "RTXPRO6000" => 1.7,
        "A100" => 1.3,
        _ => 0.6,
    }
}
