//! The KV cache: what sequences hold alone, and blocks of prefixes that outlive them.

use std::collections::{BTreeMap, HashMap};

use crate::sequence::BLOCK_TOKENS;

/// The KV cache of one engine, in tokens. Blocks that nobody holds stay until the room is needed, the longest unused
/// first.
#[derive(Debug)]
pub(crate) struct Kv {
    capacity: usize,
    private: usize,
    blocks: HashMap<u64, Block>,
    held_blocks: usize,
    /// Blocks that nobody holds, by the time they were let go.
    unused: BTreeMap<u64, u64>,
    releases: u64,
}

/// One block of the prefix cache.
#[derive(Debug)]
struct Block {
    holders: u32,
    /// Its key in `unused`, when nobody holds it.
    released: u64,
}

impl Kv {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            private: 0,
            blocks: HashMap::new(),
            held_blocks: 0,
            unused: BTreeMap::new(),
            releases: 0,
        }
    }

    /// Tokens that running sequences hold, alone or together.
    pub(crate) fn active(&self) -> usize {
        self.private + self.held_blocks * BLOCK_TOKENS
    }

    /// Active tokens as a share of all there are; vLLM's `kv_cache_usage_perc`.
    pub(crate) fn utilization(&self) -> f64 {
        self.active() as f64 / self.capacity as f64
    }

    /// Whether so many more active tokens keep a hundredth free, for the growth of those that run.
    pub(crate) fn spares_reserve(&self, tokens: usize) -> bool {
        (self.active() + tokens) as f64 <= 0.99 * self.capacity as f64
    }

    /// Drops unused blocks until so many tokens are free.
    pub(crate) fn make_room(&mut self, tokens: usize) -> bool {
        while self.private + self.blocks.len() * BLOCK_TOKENS + tokens > self.capacity {
            let Some((_, block)) = self.unused.pop_first() else {
                return false;
            };
            self.blocks.remove(&block);
        }
        true
    }

    /// Takes tokens for one sequence alone; `make_room` comes first.
    pub(crate) fn take(&mut self, tokens: usize) {
        self.private += tokens;
    }

    /// Gives them back.
    pub(crate) fn give(&mut self, tokens: usize) {
        self.private -= tokens;
    }

    /// How many leading blocks are there.
    pub(crate) fn matched(&self, blocks: &[u64]) -> usize {
        blocks
            .iter()
            .take_while(|block| self.blocks.contains_key(block))
            .count()
    }

    /// Holds a block, which appears if it is not there: what a sequence held alone becomes shared.
    pub(crate) fn hold(&mut self, block: u64) {
        let entry = self.blocks.entry(block).or_insert(Block {
            holders: 0,
            released: 0,
        });
        if entry.holders == 0 {
            self.unused.remove(&entry.released);
            self.held_blocks += 1;
        }
        entry.holders += 1;
    }

    /// Lets blocks go, the last of a prompt first, so that it is also the first to be dropped.
    pub(crate) fn release(&mut self, blocks: &[u64]) {
        for block in blocks.iter().rev() {
            let Some(entry) = self.blocks.get_mut(block) else {
                continue;
            };
            entry.holders -= 1;
            if entry.holders == 0 {
                self.releases += 1;
                entry.released = self.releases;
                self.unused.insert(self.releases, *block);
                self.held_blocks -= 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unused_blocks_go_in_the_order_they_were_let_go() {
        let mut kv = Kv::new(4 * BLOCK_TOKENS);
        for block in [1, 2, 3] {
            kv.hold(block);
        }
        kv.release(&[1, 2]);
        assert!(kv.make_room(2 * BLOCK_TOKENS), "block 2 goes");
        assert_eq!((kv.matched(&[1]), kv.matched(&[2]), kv.matched(&[3])), (1, 0, 1));
        assert!(!kv.make_room(4 * BLOCK_TOKENS), "block 3 is held");
        assert_eq!(kv.active(), BLOCK_TOKENS);
    }

    #[test]
    fn a_block_held_twice_stays_until_both_let_go() {
        let mut kv = Kv::new(BLOCK_TOKENS);
        kv.hold(7);
        kv.hold(7);
        kv.release(&[7]);
        assert!(!kv.make_room(1));
        kv.release(&[7]);
        assert!(kv.make_room(1));
    }
}
