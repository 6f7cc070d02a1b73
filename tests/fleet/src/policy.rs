//! What a policy is told, and what it answers.

use std::sync::Arc;

use penstock_gpu_model::{BLOCK_TOKENS, Gpu, Metrics};

use crate::arrivals::Arrival;
use crate::rivals::Oracle;
use crate::rng::Rng;
use crate::simulate::Server;

/// Picks a server for each request, knowing what a gateway sees. One value stands for all gateways and workers of a
/// scenario; what they share is up to it. Backends are numbers from 0; times are seconds.
pub trait Policy {
    /// The server for this request. All random numbers of a policy come from here.
    fn pick(&mut self, now: f64, incoming: &Incoming, rng: &mut Rng) -> usize;

    /// The request has gone to that server.
    fn dispatched(&mut self, _now: f64, _incoming: &Incoming, _backend: usize) {}

    /// The first token of a streamed answer is there, and the headers with it.
    fn first_token(&mut self, _now: f64, _incoming: &Incoming, _backend: usize, _report: Option<&Metrics>) {}

    /// The answer is whole. Headers come with it when it was not streamed.
    fn done(
        &mut self,
        _now: f64,
        _incoming: &Incoming,
        _backend: usize,
        _answer: Answer,
        _report: Option<&Metrics>,
    ) {
    }

    /// The server refused.
    fn failed(&mut self, _now: f64, _incoming: &Incoming, _backend: usize) {}

    /// Seconds between ticks, if it wants any.
    fn period(&self) -> Option<f64> {
        None
    }

    /// A tick, with what each server publishes at its metrics endpoint.
    fn tick(&mut self, _now: f64, _published: &[Metrics]) {}
}

/// A request at a gateway.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Counts up from 0.
    pub id: usize,
    /// The gateway it came to.
    pub proxy: usize,
    /// The worker of that gateway.
    pub worker: usize,
    /// Tokens of the prompt as its bytes suggest.
    pub estimated_tokens: f64,
    /// Tokens of the prompt. A filter does not know them; a router with the model's tokenizer does.
    pub input_tokens: usize,
    /// Names of the prompt's prefixes by 512 tokens; the last block may not be full.
    pub blocks: Arc<[u64]>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
}

impl Incoming {
    /// Names of the blocks that the prompt fills.
    pub fn full_blocks(&self) -> &[u64] {
        &self.blocks[..(self.input_tokens / BLOCK_TOKENS).min(self.blocks.len())]
    }
}

/// What the end of an answer tells.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// Tokens of the answer (`usage.completion_tokens`).
    pub output_tokens: usize,
    /// Tokens of the prompt that the server had cached (`usage.prompt_tokens_details.cached_tokens`).
    pub cached_tokens: usize,
}

/// What a policy knows before the first request.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// The servers. Only what someone who configures a gateway knows of them may be used.
    pub gpus: &'a [Arc<Gpu>],
    /// Gateways that share nothing with each other.
    pub proxies: usize,
    /// Workers of each gateway.
    pub workers: usize,
    /// The scenario's.
    pub seed: u64,
}

impl Setup<'_> {
    /// Workers of all gateways.
    pub fn lanes(&self) -> usize {
        self.proxies * self.workers
    }

    /// The number of a request's worker among all.
    pub fn lane(&self, incoming: &Incoming) -> usize {
        incoming.proxy * self.workers + incoming.worker
    }
}

/// Who picks.
#[allow(missing_debug_implementations, reason = "policies need not be printable")]
pub enum Picker {
    /// A policy that sees what a gateway sees.
    Gateway(Box<dyn Policy>),
    /// One that sees into the servers.
    Oracle(Oracle),
}

impl Picker {
    pub(crate) fn pick(&mut self, now: f64, arrival: &Arrival, servers: &[Server], rng: &mut Rng) -> usize {
        match self {
            Self::Gateway(policy) => policy.pick(now, &arrival.incoming, rng).min(servers.len() - 1),
            Self::Oracle(oracle) => oracle.pick(&arrival.request, servers, rng),
        }
    }

    /// The policy, where there is one to be told things.
    pub(crate) fn told(&mut self) -> Option<&mut dyn Policy> {
        match self {
            Self::Gateway(policy) => Some(policy.as_mut()),
            Self::Oracle(_) => None,
        }
    }
}
