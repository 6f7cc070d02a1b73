//! Routers that know what is open and cached at each backend, and differ in what they make of it.

use penstock_gpu_model::Metrics;

use super::books::{Account, Ledger};
use super::choose::cheapest;
use super::prefix_index::PrefixIndex;
use crate::policy::{Answer, Incoming, Policy, Setup};
use crate::rng::Rng;

/// The cost of a prompt of so many tokens at a backend that has the last-named number of them cached.
type Cost = fn(account: &Account, prompt: f64, cached: f64) -> f64;

/// Least cost.
pub(crate) struct KvCost {
    ledger: Ledger,
    index: Vec<PrefixIndex>,
    cost: Cost,
}

impl KvCost {
    pub(crate) fn new(setup: &Setup, cost: Cost) -> Self {
        Self {
            ledger: Ledger::new(setup),
            index: PrefixIndex::sized_by_kv(setup),
            cost,
        }
    }
}

impl Policy for KvCost {
    fn pick(&mut self, _now: f64, incoming: &Incoming, rng: &mut Rng) -> usize {
        let (blocks, prompt) = (incoming.full_blocks(), incoming.input_tokens as f64);
        let costs: Vec<f64> = (self.ledger.accounts().iter().zip(&self.index))
            .map(|(account, index)| (self.cost)(account, prompt, index.matched_tokens(blocks)))
            .collect();
        let backend = cheapest(&costs, rng);
        self.index[backend].sent(&incoming.blocks);
        backend
    }

    fn dispatched(&mut self, _now: f64, incoming: &Incoming, backend: usize) {
        self.ledger.begin(incoming, backend);
    }

    fn first_token(&mut self, _now: f64, incoming: &Incoming, backend: usize, _: Option<&Metrics>) {
        self.ledger.first_token(incoming, backend);
    }

    fn done(&mut self, _now: f64, incoming: &Incoming, backend: usize, answer: Answer, _: Option<&Metrics>) {
        self.ledger.done(incoming, backend, answer);
    }

    fn failed(&mut self, _now: f64, incoming: &Incoming, backend: usize) {
        self.ledger.end(incoming, backend);
    }
}
