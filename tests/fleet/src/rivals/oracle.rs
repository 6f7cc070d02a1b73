//! What could be had by knowing everything: the servers' queues, their speeds, and how long answers will be. It is
//! greedy on a cost that is itself a guess, so it is a mark to measure against, not a bound.

use penstock_gpu_model::{Batch, Chunk, Engine, Request};

use super::choose::cheapest;
use crate::rng::Rng;
use crate::simulate::Server;

/// Seconds that a refusing server costs.
const REFUSAL: f64 = 1e9;
/// Share of the prefill's time that each decoding request is charged.
const EXTERNALITY: f64 = 0.02;
/// Seconds for a KV cache overdrawn by its whole size.
const OVERDRAFT: f64 = 20.0;

/// Sees into the servers.
#[derive(Clone, Copy, Debug)]
pub struct Oracle;

impl Oracle {
    pub(crate) fn pick(&self, request: &Request, servers: &[Server], rng: &mut Rng) -> usize {
        let cost = |server: &Server| {
            if server.refuses {
                REFUSAL
            } else {
                cost(&server.engine, request)
            }
        };
        cheapest(&servers.iter().map(cost).collect::<Vec<f64>>(), rng)
    }
}

/// The seconds this request would take there, and those it would take from others.
fn cost(engine: &Engine, request: &Request) -> f64 {
    let load = engine.load();
    let gpu = engine.gpu();
    let slowness = engine.slowness();
    let cached = engine.cached_tokens(request);
    let own = request.input - cached.min(request.input - 1);
    let queue = load.unread_tokens as f64;
    let rate = gpu.prompt_tokens_per_second() / slowness;
    let attention = gpu.prompt_attention(Chunk {
        tokens: own,
        before: cached,
    }) * slowness;

    let sequences = load.running + load.waiting + 1;
    let context = load.context_tokens + load.unread_tokens + request.input;
    let step = Batch {
        tokens: sequences,
        decoding: sequences,
        context,
        chunks: Vec::new(),
        sampled: sequences,
    };
    let tpot = gpu.step_us(&step, engine.host_us()) * 1e-6 * slowness;

    let ttft = (queue + own as f64) / rate + attention + tpot * (1.0 + (queue / rate) / 0.2).min(3.0);
    let free = gpu.kv_tokens as f64 - (context as f64 + 0.5 * load.remaining_tokens as f64);
    let overdraft = (-free / gpu.kv_tokens as f64).max(0.0) * OVERDRAFT;
    let externality = (own as f64 / rate + attention) * load.running as f64 * EXTERNALITY;
    ttft + tpot * request.output as f64 + overdraft + externality
}
