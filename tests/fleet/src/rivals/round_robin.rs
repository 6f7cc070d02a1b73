//! Round robin.

use crate::policy::{Incoming, Policy, Setup};
use crate::rng::Rng;

/// Each worker goes round on its own, from a random start.
pub(crate) struct RoundRobin {
    last: Vec<usize>,
    workers: usize,
    backends: usize,
}

impl RoundRobin {
    pub(crate) fn new(setup: &Setup) -> Self {
        let backends = setup.gpus.len();
        let mut rng = Rng::new(setup.seed + 99);
        Self {
            last: (0..setup.lanes()).map(|_| rng.below(backends)).collect(),
            workers: setup.workers,
            backends,
        }
    }
}

impl Policy for RoundRobin {
    fn pick(&mut self, _now: f64, incoming: &Incoming, _rng: &mut Rng) -> usize {
        let last = &mut self.last[incoming.proxy * self.workers + incoming.worker];
        *last = (*last + 1) % self.backends;
        *last
    }
}
