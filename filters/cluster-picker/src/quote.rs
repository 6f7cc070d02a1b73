//! The predicted-time cost: what a request would take at a backend, and what it would cost the others there.
//!
//! In seconds, with `Q`, `Z`, `D` and `C` from the books (un-started prompt tokens, their attention, decoding requests, tokens
//! of context), `u` the request's tokens that are not cached there, `h` those that are, and `m`, `n` the backend's paces:
//!
//! ```text
//! first = m * (A + B * (Q + u) + Cq * (Z + u * (h + u / 2)))
//! token = n * (a + b * (D + 1) + c * (C + input))
//! cost  = first + decode_weight * output * token + externality * D * u * m * B
//!       + kv_penalty_s * max(0, k - kv_threshold) + waiting_weight * waiting * fade * mean_input * m * B
//! ```
//!
//! `A, B, Cq` and `a, b, c` are fitted over the whole fleet, `m` and `n` per backend, and `k` is the share of the KV cache that
//! would be used.

use crate::backend::Backend;
use crate::books::Weight;
use crate::evidence::{Norm, Pace};
use crate::fleet::{Fleet, Shape};
use crate::tuning::Tuning;

/// Fewest tokens of a prompt that are computed even if all of it is cached.
const LEAST_TOKENS: f64 = 16.0;

/// Seconds after which a report says nothing any more of the KV cache of a backend that has nothing of ours.
const OLD_REPORT_S: f64 = 30.0;

/// Most times slower that a silent backend is taken to be: one request that hangs must not keep all others away.
const MAX_OVERDUE: f64 = 12.0;

/// A request, as far as it decides where to go.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Tokens of the prompt, estimated.
    pub input_tokens: f64,
    /// Most tokens of output, where the request bounds them.
    pub max_output_tokens: Option<f64>,
    /// Hashes of the prompt's first blocks, each with all before it.
    pub blocks: &'a [u32],
    /// Tokens in one block.
    pub block_tokens: f64,
    /// Whether the first token can be seen.
    pub streams: crate::Streams,
}

/// What is predicted for a request at one backend.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quote {
    /// Seconds to the first token.
    pub first_token_s: f64,
    /// Seconds per output token after it.
    pub per_token_s: f64,
    /// What is compared.
    pub cost: f64,
}

/// What is the same for every backend.
pub(crate) struct Terms<'a> {
    pub(crate) tuning: &'a Tuning,
    pub(crate) shape: Shape,
    pub(crate) norms: [Norm; 2],
    pub(crate) mean_input: f64,
    pub(crate) output: f64,
    pub(crate) now: f64,
}

impl<'a> Terms<'a> {
    pub(crate) fn new(tuning: &'a Tuning, fleet: &Fleet, norms: [Norm; 2], ask: &Ask<'_>, now: f64) -> Self {
        let mean = fleet.output.value();
        Self {
            tuning,
            shape: fleet.shape(),
            norms,
            mean_input: fleet.input.value(),
            output: ask.max_output_tokens.map_or(mean, |most| most.min(mean)),
            now,
        }
    }

    /// The request's weight at a backend that has `hit` tokens of its beginning.
    pub(crate) fn weight(&self, ask: &Ask<'_>, hit: f64) -> Weight {
        let input = ask.input_tokens.max(1.0);
        let hit = hit.min(input);
        let queued = (input - hit).max(LEAST_TOKENS);
        Weight {
            queued,
            work: queued * (hit + queued * 0.5),
            context: input + self.output * 0.5,
        }
    }

    /// The quote of a backend for a request of that weight.
    pub(crate) fn quote(&self, backend: &Backend, weight: &Weight) -> Quote {
        let tuning = self.tuning;
        let learned = backend.all_learned();
        let speed = backend.spec.speed.unwrap_or(1.0);
        let pace = |pace: &Pace, norm: Norm| {
            pace.factor(
                tuning.shrink_samples,
                norm.faster(speed),
                self.now,
                tuning.speed_fade_s,
            )
        };
        let [first_norm, token_norm] = self.norms;
        let overdue = (backend.books.overdue(self.now) / tuning.overdue_ratio).clamp(1.0, MAX_OVERDUE);
        let (first_pace, token_pace) = (
            pace(&learned.first, first_norm) * overdue,
            pace(&learned.token, token_norm),
        );
        let counts = backend.counts();
        let input = weight.context - self.output * 0.5;
        let first = first_pace
            * self
                .shape
                .first
                .at(counts.queued + weight.queued, counts.work + weight.work);
        let token = token_pace * self.shape.token.at(counts.decoding + 1.0, counts.context + input);
        let per_prompt_token = first_pace * self.shape.first.first;
        let mut cost = first
            + tuning.decode_weight * self.output * token
            + tuning.externality * counts.decoding * weight.queued * per_prompt_token;
        // A report from the future is from before the clock jumped back.
        let age = (self.now - backend.load_at).abs();
        // Of one that has nothing of ours and has not reported for long, nobody knows any more: others may have filled it then.
        let capacity = if counts.requests == 0.0 && age > OLD_REPORT_S {
            backend.spec.kv_tokens
        } else {
            backend.capacity(&learned)
        };
        if let Some(capacity) = capacity {
            let used = ((counts.context + weight.context) / capacity).min(3.0);
            cost += tuning.kv_penalty_s * (used - tuning.kv_threshold).max(0.0);
        }
        if let Some(waiting) = backend.load.waiting {
            let fade = (-age / tuning.report_fade_s).exp();
            cost += tuning.waiting_weight * waiting * fade * self.mean_input * per_prompt_token;
        }
        Quote {
            first_token_s: first,
            per_token_s: token,
            cost,
        }
    }
}
