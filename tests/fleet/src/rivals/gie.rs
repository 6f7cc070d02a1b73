//! The endpoint picker of the Gateway API Inference Extension (llm-d-inference-scheduler 520af478).

use penstock_gpu_model::Metrics;

use super::books::InFlight;
use super::choose::{cheapest, range};
use super::prefix_index::PrefixIndex;
use crate::policy::{Answer, Incoming, Policy, Setup};
use crate::rng::Rng;

/// `defaultRefreshInterval`, in seconds.
const SCRAPE: f64 = 0.05;
/// Tokens in a block of its prefix index.
const BLOCK: usize = 16;
/// `maxPrefixBlocks`: what comes later does not count.
const MOST_BLOCKS: usize = 256;

/// How much each score counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weights {
    queue: f64,
    kv: f64,
    prefix: f64,
    active: f64,
}

impl Weights {
    /// The default profile's.
    pub(crate) const DEFAULT: Self = Self {
        queue: 2.0,
        kv: 2.0,
        prefix: 3.0,
        active: 0.0,
    };
    /// With the active-request scorer: the best configuration found on the mixed fleet.
    pub(crate) const ACTIVE: Self = Self {
        active: 2.0,
        ..Self::DEFAULT
    };
}

/// Highest weighted sum of scores over metrics scraped every 50 ms, equal ones by chance. One picker serves all
/// gateways, and asking it takes no time: that is in its favour.
pub(crate) struct Gie {
    weights: Weights,
    scraped: Vec<Metrics>,
    in_flight: InFlight,
    index: Vec<PrefixIndex>,
}

impl Gie {
    pub(crate) fn new(setup: &Setup, weights: Weights) -> Self {
        Self {
            weights,
            scraped: vec![Metrics::default(); setup.gpus.len()],
            in_flight: InFlight::shared(setup),
            index: PrefixIndex::sized_by_kv(setup),
        }
    }
}

impl Policy for Gie {
    fn pick(&mut self, _now: f64, incoming: &Incoming, rng: &mut Rng) -> usize {
        let prompt = (incoming.input_tokens / BLOCK).clamp(1, MOST_BLOCKS) as f64;
        let blocks_in_one = penstock_gpu_model::BLOCK_TOKENS / BLOCK;
        let full = incoming.full_blocks();
        let blocks = &full[..full.len().min(MOST_BLOCKS / blocks_in_one)];
        let (shortest, longest) = range(self.scraped.iter().map(|metrics| metrics.waiting as f64));
        let active = self.in_flight.of(incoming);
        let (_, most_active) = range(active.iter().copied());
        let cost = |backend: usize| {
            let Metrics {
                waiting,
                kv_utilization,
                ..
            } = self.scraped[backend];
            let queue = if longest > shortest {
                (longest - waiting as f64) / (longest - shortest)
            } else {
                1.0
            };
            let matched = (self.index[backend].matched(blocks) * blocks_in_one) as f64;
            let idle = if most_active > 0.0 {
                1.0 - active[backend] / most_active
            } else {
                1.0
            };
            let weights = self.weights;
            -(weights.queue * queue
                + weights.kv * (1.0 - kv_utilization)
                + weights.prefix * (matched / prompt).min(1.0)
                + weights.active * idle)
        };
        let costs: Vec<f64> = (0..self.scraped.len()).map(cost).collect();
        let backend = cheapest(&costs, rng);
        self.index[backend].sent(blocks);
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

    fn period(&self) -> Option<f64> {
        Some(SCRAPE)
    }

    fn tick(&mut self, _now: f64, published: &[Metrics]) {
        self.scraped.clear();
        self.scraped.extend_from_slice(published);
    }
}
