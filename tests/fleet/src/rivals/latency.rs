//! Latency seen times requests in flight. Latency is the time to the first token of a streamed answer, else to its end.

use penstock_gpu_model::Metrics;

use super::books::InFlight;
use super::choose::{cheaper_of_two, cheapest};
use crate::policy::{Answer, Incoming, Policy, Setup};
use crate::rng::Rng;

/// A refusal is as fast as this, in seconds.
const REFUSAL: f64 = 0.004;

/// What one gateway has seen of one backend.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// Smoothed latency, in seconds.
    latency: Option<f64>,
    at: f64,
}

/// Requests in flight, when each began, and the latency seen.
struct Watch {
    in_flight: InFlight,
    began: Vec<f64>,
    seen: Vec<Vec<Seen>>,
    smooth: fn(Seen, f64, f64) -> f64,
}

impl Watch {
    /// `smooth` makes the new latency of what was seen, the time now and the latest latency.
    fn new(setup: &Setup, smooth: fn(Seen, f64, f64) -> f64) -> Self {
        Self {
            in_flight: InFlight::per_proxy(setup),
            began: Vec::new(),
            seen: vec![vec![Seen::default(); setup.gpus.len()]; setup.proxies],
            smooth,
        }
    }

    fn dispatched(&mut self, now: f64, incoming: &Incoming, backend: usize) {
        self.in_flight.begin(incoming, backend);
        self.began.resize(self.began.len().max(incoming.id + 1), 0.0);
        self.began[incoming.id] = now;
    }

    fn answered(&mut self, now: f64, incoming: &Incoming, backend: usize) {
        self.sample(now, incoming, backend, now - self.began[incoming.id]);
    }

    fn sample(&mut self, now: f64, incoming: &Incoming, backend: usize, latency: f64) {
        let seen = &mut self.seen[incoming.proxy][backend];
        *seen = Seen {
            latency: Some((self.smooth)(*seen, now, latency)),
            at: now,
        };
    }

    fn done(&mut self, now: f64, incoming: &Incoming, backend: usize) {
        self.in_flight.end(incoming, backend);
        if !incoming.stream {
            self.answered(now, incoming, backend);
        }
    }

    fn failed(&mut self, now: f64, incoming: &Incoming, backend: usize) {
        self.in_flight.end(incoming, backend);
        self.sample(now, incoming, backend, REFUSAL);
    }

    /// Smoothed latency and requests in flight.
    fn of(&self, incoming: &Incoming, backend: usize) -> (Option<f64>, f64) {
        (
            self.seen[incoming.proxy][backend].latency,
            self.in_flight.of(incoming)[backend],
        )
    }
}

/// Envoy's peak EWMA: a higher latency counts at once, a lower one with a decay of 10 s; a backend with requests in
/// flight and no latency yet is avoided.
pub(crate) struct PeakEwma(Watch);

impl PeakEwma {
    pub(crate) fn new(setup: &Setup) -> Self {
        const DECAY: f64 = 10.0;
        Self(Watch::new(setup, |seen, now, latency| match seen.latency {
            Some(before) if latency <= before => {
                let fresh = 1.0 - (-(now - seen.at) / DECAY).exp();
                before * (1.0 - fresh) + fresh * latency
            }
            _ => latency,
        }))
    }

    fn cost(&self, incoming: &Incoming, backend: usize) -> f64 {
        const PENALTY: f64 = 1e6;
        const UNSEEN: f64 = 0.01;
        match self.0.of(incoming, backend) {
            (Some(latency), in_flight) => latency * (in_flight + 1.0),
            (None, in_flight) if in_flight > 0.0 => PENALTY + in_flight,
            (None, _) => UNSEEN,
        }
    }
}

impl Policy for PeakEwma {
    fn pick(&mut self, _now: f64, incoming: &Incoming, rng: &mut Rng) -> usize {
        let backends = self.0.in_flight.of(incoming).len();
        cheaper_of_two(backends, |backend| self.cost(incoming, backend), rng)
    }

    fn dispatched(&mut self, now: f64, incoming: &Incoming, backend: usize) {
        self.0.dispatched(now, incoming, backend);
    }

    fn first_token(&mut self, now: f64, incoming: &Incoming, backend: usize, _: Option<&Metrics>) {
        self.0.answered(now, incoming, backend);
    }

    fn done(&mut self, now: f64, incoming: &Incoming, backend: usize, _: Answer, _: Option<&Metrics>) {
        self.0.done(now, incoming, backend);
    }

    fn failed(&mut self, now: f64, incoming: &Incoming, backend: usize) {
        self.0.failed(now, incoming, backend);
    }
}

/// NGINX Plus's `least_time`, as far as its manual tells: lowest average latency and fewest active connections. It is
/// given the first token, which `least_time header` does not see when vLLM streams.
pub(crate) struct LeastTime(Watch);

impl LeastTime {
    pub(crate) fn new(setup: &Setup) -> Self {
        Self(Watch::new(setup, |seen, _now, latency| match seen.latency {
            Some(before) => before * 0.9 + 0.1 * latency,
            None => latency,
        }))
    }
}

impl Policy for LeastTime {
    fn pick(&mut self, _now: f64, incoming: &Incoming, rng: &mut Rng) -> usize {
        const UNSEEN: f64 = 0.001;
        let cost = |backend| {
            let (latency, in_flight) = self.0.of(incoming, backend);
            latency.unwrap_or(UNSEEN) * (in_flight + 1.0)
        };
        let costs: Vec<f64> = (0..self.0.in_flight.of(incoming).len()).map(cost).collect();
        cheapest(&costs, rng)
    }

    fn dispatched(&mut self, now: f64, incoming: &Incoming, backend: usize) {
        self.0.dispatched(now, incoming, backend);
    }

    fn first_token(&mut self, now: f64, incoming: &Incoming, backend: usize, _: Option<&Metrics>) {
        self.0.answered(now, incoming, backend);
    }

    fn done(&mut self, now: f64, incoming: &Incoming, backend: usize, _: Answer, _: Option<&Metrics>) {
        self.0.done(now, incoming, backend);
    }

    fn failed(&mut self, now: f64, incoming: &Incoming, backend: usize) {
        self.0.failed(now, incoming, backend);
    }
}
