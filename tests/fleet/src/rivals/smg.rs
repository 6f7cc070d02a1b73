//! SGLang's model gateway, `least_load` (lightseekorg/smg 73da68c).

use penstock_gpu_model::Metrics;

use super::books::InFlight;
use super::choose::cheapest;
use crate::policy::{Answer, Incoming, Policy, Setup};
use crate::rng::Rng;

/// Seconds between polls of `/v1/loads`.
const POLL: f64 = 10.0;
/// Tokens a second of a server that reports none.
const UNKNOWN_THROUGHPUT: f64 = 2000.0;
/// How much the pressure on the KV cache counts, in seconds.
const KV_PRESSURE: f64 = 0.15;

/// Least time to work off the queue: tokens waiting at the last poll and sent since, over the throughput, and a term
/// that grows as the KV cache fills. Before the first poll, fewest requests.
pub(crate) struct LeastLoad {
    in_flight: InFlight,
    polled: Option<Vec<Metrics>>,
    sent: Vec<f64>,
}

impl LeastLoad {
    pub(crate) fn new(setup: &Setup) -> Self {
        Self {
            in_flight: InFlight::shared(setup),
            polled: None,
            sent: vec![0.0; setup.gpus.len()],
        }
    }
}

impl Policy for LeastLoad {
    fn pick(&mut self, _now: f64, incoming: &Incoming, rng: &mut Rng) -> usize {
        let cost = |(load, sent): (&Metrics, &f64)| {
            let known = load.tokens_per_second > 0.0;
            let throughput = if known {
                load.tokens_per_second
            } else {
                UNKNOWN_THROUGHPUT
            };
            let kv = load.kv_utilization.clamp(0.0, 0.999);
            (load.queued_tokens as f64 + sent) / throughput + KV_PRESSURE * kv / (1.0 - kv)
        };
        let backend = match &self.polled {
            Some(loads) => cheapest(&loads.iter().zip(&self.sent).map(cost).collect::<Vec<f64>>(), rng),
            None => cheapest(self.in_flight.of(incoming), rng),
        };
        self.sent[backend] += incoming.input_tokens as f64;
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
        Some(POLL)
    }

    fn tick(&mut self, _now: f64, published: &[Metrics]) {
        self.polled = Some(published.to_vec());
        self.sent.fill(0.0);
    }
}
