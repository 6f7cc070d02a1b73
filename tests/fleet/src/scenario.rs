//! What is played.

use std::sync::Arc;

use penstock_gpu_model::Gpu;

use crate::arrivals::Arrivals;

/// Most requests of one run; their times are kept.
const MOST_REQUESTS: f64 = 20e6;

/// What is played: a fleet, its load, its gateways and its faults. Times are seconds from the start.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The servers.
    pub fleet: Vec<Arc<Gpu>>,
    /// Requests a second.
    pub rate: f64,
    /// How long requests arrive; answers may take 900 s more.
    pub duration: f64,
    /// Decides what the trace does not.
    pub seed: u64,
    /// How gaps between requests are made.
    pub arrivals: Arrivals,
    /// Gateways that share nothing with each other.
    pub proxies: usize,
    /// Workers of each gateway.
    pub workers: usize,
    /// Share of requests whose answer is streamed, 0 to 1.
    pub streamed: f64,
    /// Relative deviation of a gateway's estimate of a prompt's tokens from the truth.
    pub noise: f64,
    /// Longer prompts are cut to so many tokens.
    pub max_input: usize,
    /// What a gateway learns from response headers.
    pub reports: Reports,
    /// What the host adds to each step, in microseconds.
    pub host_us: f64,
    /// A server that is slow for a while.
    pub slowdown: Option<Slowdown>,
    /// A server that fails fast for a while.
    pub black_hole: Option<BlackHole>,
    /// A server that is started anew.
    pub restart: Option<Restart>,
    /// What counts as good.
    pub slo: Slo,
}

/// What a gateway learns from response headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reports {
    /// Each answer's headers tell the server's state: at the first token of a streamed answer (as Triton sends them),
    /// else at its end (as vLLM and Triton do).
    Headers,
    /// Nothing (as most servers).
    Nothing,
}

/// A server whose steps take longer for a while.
#[derive(Clone, Copy, Debug)]
pub struct Slowdown {
    /// Which, from 0.
    pub backend: usize,
    /// When it begins.
    pub from: f64,
    /// When it ends.
    pub until: f64,
    /// How many times longer.
    pub factor: f64,
}

/// A server that answers 503 after 4 ms for a while; what it had accepted, it finishes.
#[derive(Clone, Copy, Debug)]
pub struct BlackHole {
    /// Which, from 0.
    pub backend: usize,
    /// When it begins.
    pub from: f64,
    /// When it ends.
    pub until: f64,
}

/// A server that loses its requests and its cache, and refuses until it is there again.
#[derive(Clone, Copy, Debug)]
pub struct Restart {
    /// Which, from 0.
    pub backend: usize,
    /// When it ends.
    pub from: f64,
    /// When it serves again.
    pub until: f64,
}

/// Service level objective of one request, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Slo {
    /// Time to first token.
    pub ttft: f64,
    /// Time per output token after the first.
    pub tpot: f64,
}

impl Scenario {
    /// Forty streamed requests a second for five minutes, through one gateway of four workers.
    pub fn new(fleet: Vec<Arc<Gpu>>) -> Self {
        Self {
            fleet,
            rate: 40.0,
            duration: 300.0,
            seed: 1,
            arrivals: Arrivals::Trace,
            proxies: 1,
            workers: 4,
            streamed: 1.0,
            noise: 0.15,
            max_input: usize::MAX,
            reports: Reports::Headers,
            host_us: 2_000.0,
            slowdown: None,
            black_hole: None,
            restart: None,
            slo: Slo {
                ttft: 1.0,
                tpot: 0.06,
            },
        }
    }

    /// Requests that arrive.
    pub fn requests(&self) -> usize {
        (self.rate * self.duration) as usize
    }

    /// Says what of it cannot be played.
    pub fn check(&self) -> Result<(), String> {
        let backends = self.fleet.len();
        let positive = |name: &str, value: f64| {
            if value > 0.0 && value.is_finite() {
                Ok(())
            } else {
                Err(format!("{name} {value}: a positive number"))
            }
        };
        positive("rate", self.rate)?;
        positive("duration", self.duration)?;
        let requests = self.rate * self.duration;
        if !(1.0..=MOST_REQUESTS).contains(&requests) {
            return Err(format!(
                "rate x duration is {requests} requests; 1 to {MOST_REQUESTS}"
            ));
        }
        if backends == 0 || self.proxies == 0 || self.workers == 0 {
            return Err("at least one server, one gateway and one worker".to_owned());
        }
        if !(0.0..=1.0).contains(&self.streamed) || !(0.0..=10.0).contains(&self.noise) {
            return Err(format!(
                "streamed {}: 0 to 1; noise {}: 0 to 10",
                self.streamed, self.noise
            ));
        }
        if let Some(slow) = self.slowdown {
            positive("factor of the slowdown", slow.factor)?;
        }
        let faulty = [
            self.slowdown.map(|slow| slow.backend),
            self.black_hole.map(|hole| hole.backend),
            self.restart.map(|restart| restart.backend),
        ];
        match faulty.into_iter().flatten().find(|&backend| backend >= backends) {
            Some(backend) => Err(format!(
                "a fault at server {backend}; there are 0 to {}",
                backends - 1
            )),
            None => Ok(()),
        }
    }
}
