//! By chance.

use crate::policy::{Incoming, Policy, Setup};
use crate::rng::Rng;

pub(crate) struct Random {
    backends: usize,
}

impl Random {
    pub(crate) fn new(setup: &Setup) -> Self {
        Self {
            backends: setup.gpus.len(),
        }
    }
}

impl Policy for Random {
    fn pick(&mut self, _now: f64, _incoming: &Incoming, rng: &mut Rng) -> usize {
        rng.below(self.backends)
    }
}
