//! vllm-router's `kv_aware` (0.1.17), which is LMetric (arXiv 2603.15202).

use penstock_gpu_model::Metrics;

use super::books::Ledger;
use super::choose::cheapest;
use super::prefix_index::PrefixIndex;
use crate::policy::{Answer, Incoming, Policy, Setup};
use crate::rng::Rng;

/// Least product: prompt tokens to be read, times requests in flight.
pub(crate) struct KvAware {
    ledger: Ledger,
    index: Vec<PrefixIndex>,
}

impl KvAware {
    pub(crate) fn new(setup: &Setup) -> Self {
        Self {
            ledger: Ledger::new(setup),
            index: PrefixIndex::sized_by_kv(setup),
        }
    }
}

impl Policy for KvAware {
    fn pick(&mut self, _now: f64, incoming: &Incoming, rng: &mut Rng) -> usize {
        let blocks = incoming.full_blocks();
        let costs: Vec<f64> = (self.ledger.accounts().iter().zip(&self.index))
            .map(|(account, index)| {
                let uncached = (incoming.input_tokens as f64 - index.matched_tokens(blocks)).max(0.0);
                (account.unread + uncached) * (account.requests + 1.0)
            })
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
