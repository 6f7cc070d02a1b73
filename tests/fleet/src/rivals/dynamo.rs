//! NVIDIA Dynamo's KV router (dynamo-kv-router 1.6.1): temperature 0, no decay.

use penstock_gpu_model::Metrics;

use super::books::Ledger;
use super::choose::cheapest;
use super::prefix_index::PrefixIndex;
use crate::policy::{Answer, Incoming, Policy, Setup};
use crate::rng::Rng;

/// Tokens in a block.
const BLOCK: f64 = 16.0;

/// Fewest blocks: of prompts to be read, with what is cached taken off, and of contexts being decoded.
pub(crate) struct KvRouter {
    ledger: Ledger,
    index: Vec<PrefixIndex>,
}

impl KvRouter {
    pub(crate) fn new(setup: &Setup) -> Self {
        Self {
            ledger: Ledger::new(setup),
            index: PrefixIndex::sized_by_kv(setup),
        }
    }
}

impl Policy for KvRouter {
    fn pick(&mut self, _now: f64, incoming: &Incoming, rng: &mut Rng) -> usize {
        let blocks = incoming.full_blocks();
        let costs: Vec<f64> = (self.ledger.accounts().iter().zip(&self.index))
            .map(|(account, index)| {
                let prompt = incoming.input_tokens as f64;
                let prefill = (account.unread + prompt - index.matched_tokens(blocks)).max(0.0) / BLOCK;
                prefill + account.context / BLOCK
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
