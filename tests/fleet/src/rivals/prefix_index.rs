//! What a router believes a server's prefix cache holds.

use std::collections::{BTreeMap, HashMap};

use penstock_gpu_model::BLOCK_TOKENS;

use crate::policy::Setup;

/// Blocks sent to one backend, the latest so many.
#[derive(Clone, Debug)]
pub(crate) struct PrefixIndex {
    sent: HashMap<u64, u64>,
    by_age: BTreeMap<u64, u64>,
    clock: u64,
    capacity: usize,
}

impl PrefixIndex {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            sent: HashMap::new(),
            by_age: BTreeMap::new(),
            clock: 0,
            capacity,
        }
    }

    /// An index for each backend, of the size of its KV cache.
    pub(crate) fn sized_by_kv(setup: &Setup) -> Vec<Self> {
        setup
            .gpus
            .iter()
            .map(|gpu| Self::new(gpu.kv_tokens / BLOCK_TOKENS))
            .collect()
    }

    /// Leading blocks that were sent.
    pub(crate) fn matched(&self, blocks: &[u64]) -> usize {
        blocks
            .iter()
            .take_while(|block| self.sent.contains_key(block))
            .count()
    }

    /// The same in tokens.
    pub(crate) fn matched_tokens(&self, blocks: &[u64]) -> f64 {
        (self.matched(blocks) * BLOCK_TOKENS) as f64
    }

    pub(crate) fn sent(&mut self, blocks: &[u64]) {
        for &block in blocks {
            self.clock += 1;
            if let Some(before) = self.sent.insert(block, self.clock) {
                self.by_age.remove(&before);
            }
            self.by_age.insert(self.clock, block);
            if self.sent.len() > self.capacity
                && let Some((_, oldest)) = self.by_age.pop_first()
            {
                self.sent.remove(&oldest);
            }
        }
    }
}
