//! What a server tells of itself.

use std::collections::VecDeque;

/// Rates are over so many seconds.
const WINDOW: f64 = 10.0;
/// Rates of a server that has just started are over at least so many seconds.
const SHORTEST_WINDOW: f64 = 0.5;

/// What a server tells of itself, as of its last step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Metrics {
    /// When, in seconds.
    pub at: f64,
    /// Requests not yet admitted (vLLM: `num_requests_waiting`).
    pub waiting: usize,
    /// Requests admitted (vLLM: `num_requests_running`).
    pub running: usize,
    /// Share of the KV cache held by running requests, 0 to 1 (vLLM: `kv_cache_usage_perc`).
    pub kv_utilization: f64,
    /// Tokens of the requests not yet admitted.
    pub queued_tokens: usize,
    /// Requests finished a second, over 10 s (ORCA: `rps_fractional`).
    pub requests_per_second: f64,
    /// Share of the time spent computing, over 10 s, 0 to 1 (ORCA: `application_utilization`).
    pub busy: f64,
    /// Tokens generated a second, over 10 s (SGLang: `gen_throughput`).
    pub tokens_per_second: f64,
}

/// The last ten seconds.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    steps: VecDeque<Step>,
    finished: VecDeque<f64>,
    busy: f64,
    tokens: usize,
}

#[derive(Debug)]
struct Step {
    ended: f64,
    duration: f64,
    tokens: usize,
}

impl Recent {
    /// Adds a step that ended now, with the tokens it gave and the requests it ended.
    pub(crate) fn step(&mut self, now: f64, duration: f64, tokens: usize, finished: usize) {
        self.steps.push_back(Step {
            ended: now,
            duration,
            tokens,
        });
        self.finished.extend(std::iter::repeat_n(now, finished));
        self.forget(now);
    }

    /// Drops what is too old. The sums are made anew: a running one would gather rounding errors.
    pub(crate) fn forget(&mut self, now: f64) {
        let start = now - WINDOW;
        let old = self.steps.partition_point(|step| step.ended < start);
        self.steps.drain(..old);
        let old = self.finished.partition_point(|ended| *ended < start);
        self.finished.drain(..old);
        self.busy = self.steps.iter().map(|step| step.duration).sum();
        self.tokens = self.steps.iter().map(|step| step.tokens).sum();
    }

    /// The rates, beside nothing else.
    pub(crate) fn rates(&self, now: f64) -> Metrics {
        let window = now.clamp(SHORTEST_WINDOW, WINDOW);
        Metrics {
            at: now,
            requests_per_second: self.finished.len() as f64 / window,
            busy: (self.busy / window).min(1.0),
            tokens_per_second: self.tokens as f64 / window,
            ..Metrics::default()
        }
    }
}
