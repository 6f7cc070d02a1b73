//! SGLang's model gateway, `cache_aware` (lightseekorg/smg 73da68c, defaults of its command line).

use penstock_gpu_model::{BLOCK_TOKENS, Metrics};

use super::books::InFlight;
use super::choose::{cheapest, range};
use super::prefix_index::PrefixIndex;
use crate::policy::{Answer, Incoming, Policy, Setup};
use crate::rng::Rng;

/// `balance_abs_threshold`, in requests.
const ABSOLUTE: f64 = 64.0;
/// `balance_rel_threshold`.
const RELATIVE: f64 = 1.5;
/// `cache_threshold`: the share of a prompt that must match.
const MATCH: f64 = 0.3;
/// `max_tree_size` (2^26 characters), in tokens.
const TREE_TOKENS: usize = 1 << 24;

/// The longest match while the loads are balanced, else the least load. Its tree is a history of what was sent.
pub(crate) struct CacheAware {
    in_flight: InFlight,
    tree: Vec<PrefixIndex>,
}

impl CacheAware {
    pub(crate) fn new(setup: &Setup) -> Self {
        let tree = vec![PrefixIndex::new(TREE_TOKENS / BLOCK_TOKENS); setup.gpus.len()];
        Self {
            in_flight: InFlight::shared(setup),
            tree,
        }
    }

    /// The backend with the longest match, if that is long enough.
    fn match_of(&self, incoming: &Incoming) -> Option<usize> {
        let (mut longest, mut found) = (0.0, None);
        for (backend, tree) in self.tree.iter().enumerate() {
            let matched = tree.matched_tokens(&incoming.blocks);
            if matched > longest {
                (longest, found) = (matched, Some(backend));
            }
        }
        found.filter(|_| longest / incoming.input_tokens as f64 > MATCH)
    }
}

impl Policy for CacheAware {
    fn pick(&mut self, _now: f64, incoming: &Incoming, rng: &mut Rng) -> usize {
        let load = self.in_flight.of(incoming);
        let (least, most) = range(load.iter().copied());
        let least_loaded = cheapest(load, rng);
        let balanced = most - least <= ABSOLUTE || most <= RELATIVE * least;
        let matched = if balanced { self.match_of(incoming) } else { None };
        let backend = matched.unwrap_or(least_loaded);
        self.tree[backend].sent(&incoming.blocks);
        backend
    }

    fn dispatched(&mut self, _now: f64, incoming: &Incoming, backend: usize) {
        self.in_flight.begin(incoming, backend);
    }

    fn done(&mut self, _now: f64, incoming: &Incoming, backend: usize, _: Answer, _: Option<&Metrics>) {
        self.in_flight.end(incoming, backend);
    }

    fn failed(&mut self, _now: f64, incoming: &Incoming, backend: usize) {
        self.in_flight.end(incoming, backend);
    }
}
