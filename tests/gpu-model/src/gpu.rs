//! How long one step takes on one kind of GPU.

use std::sync::{Arc, LazyLock};

/// Transformer layers of Llama-3.1-8B.
const LAYERS: f64 = 32.0;
/// Width of its hidden state.
const HIDDEN: f64 = 4096.0;
/// The dense table ends here; no engine batches more.
const MOST_TOKENS: usize = 8192;
/// The head's table is carried on to here.
const MOST_SAMPLED: usize = 1024;

static KNOWN: LazyLock<Vec<Arc<Gpu>>> = LazyLock::new(|| {
    let lines = include_str!("profiles.txt").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(Gpu::parse)
        .map(Arc::new)
        .collect()
});

/// One kind of GPU that serves a model of the Llama-3.1-8B class: step times and limits.
#[derive(Clone, Debug)]
pub struct Gpu {
    /// As in profiles.txt, such as `H100`.
    pub name: String,
    /// Tokens that fit into its KV cache.
    pub kv_tokens: usize,
    /// Most tokens computed in one step (vLLM: `max_num_batched_tokens`).
    pub max_batch_tokens: usize,
    /// Most sequences running at once (vLLM: `max_num_seqs`).
    pub max_sequences: usize,
    dense: Curve,
    head: Curve,
    decode: Decode,
    prefill: Prefill,
}

/// Attention of the decoding sequences in one layer, in microseconds.
#[derive(Clone, Debug)]
struct Decode {
    base: f64,
    per_sequence: f64,
    per_context_token: f64,
}

/// Attention of one chunk of a prompt in one layer, in microseconds.
#[derive(Clone, Debug)]
struct Prefill {
    base: f64,
    per_mflop: f64,
}

/// What one step computes.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// All tokens: one for each decoding sequence, and those of the chunks.
    pub tokens: usize,
    /// Sequences that decode one token each.
    pub decoding: usize,
    /// Their context, summed, in tokens.
    pub context: usize,
    /// Parts of prompts.
    pub chunks: Vec<Chunk>,
    /// Sequences that get a token out of this step.
    pub sampled: usize,
}

/// A part of a prompt.
#[derive(Clone, Copy, Debug)]
pub struct Chunk {
    /// Tokens computed.
    pub tokens: usize,
    /// Tokens of the same prompt that were there before.
    pub before: usize,
}

impl Gpu {
    /// The GPU of that name; see [`Gpu::known`].
    pub fn named(name: &str) -> Option<Arc<Self>> {
        Self::known().iter().find(|gpu| gpu.name == name).cloned()
    }

    /// All kinds that profiles.txt holds.
    pub fn known() -> &'static [Arc<Self>] {
        &KNOWN
    }

    /// How long a step takes, in microseconds, with so much added by the host.
    pub fn step_us(&self, batch: &Batch, host_us: f64) -> f64 {
        let mut time = self.dense.at(batch.tokens.min(MOST_TOKENS));
        if batch.decoding > 0 {
            let decode = &self.decode;
            time += LAYERS
                * (decode.base
                    + decode.per_sequence * batch.decoding as f64
                    + decode.per_context_token * batch.context as f64);
        }
        for chunk in &batch.chunks {
            time += self.chunk_attention_us(*chunk);
        }
        time + self.head.at(batch.sampled.min(MOST_SAMPLED)) + host_us
    }

    /// Attention of one chunk over all layers, in microseconds: two products, each of two operations for every token
    /// of the chunk, every earlier token and every channel.
    fn chunk_attention_us(&self, chunk: Chunk) -> f64 {
        let tokens = chunk.tokens as f64;
        let mflop = 4.0 * tokens * (chunk.before as f64 + tokens / 2.0) * HIDDEN / 1e6;
        LAYERS * (self.prefill.base + self.prefill.per_mflop * mflop)
    }

    /// The part of a prompt's attention that grows with its length, in seconds.
    pub fn prompt_attention(&self, chunk: Chunk) -> f64 {
        (self.chunk_attention_us(chunk) - LAYERS * self.prefill.base) * 1e-6
    }

    /// Prompt tokens a second through the dense layers, in batches of 2,048.
    pub fn prompt_tokens_per_second(&self) -> f64 {
        2048.0 / (self.dense.at(2048) * 1e-6)
    }

    /// A line of profiles.txt.
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split('|');
        let name = fields.next()?.to_owned();
        let dense = Curve::parse(fields.next()?, fields.next()?)?;
        let [base, per_sequence, per_context_token, prefill_base, per_mflop] =
            <[f64; 5]>::try_from(numbers(fields.next()?)?).ok()?;
        let head = Curve::parse(fields.next()?, fields.next()?)?;
        let mut limit = || fields.next()?.parse().ok();
        Some(Self {
            name,
            dense,
            head,
            decode: Decode {
                base,
                per_sequence,
                per_context_token,
            },
            prefill: Prefill {
                base: prefill_base,
                per_mflop,
            },
            kv_tokens: limit()?,
            max_batch_tokens: limit()?,
            max_sequences: limit()?,
        })
    }
}

/// Measured points, joined by straight lines; the last line goes on.
#[derive(Clone, Debug)]
struct Curve(Vec<(f64, f64)>);

impl Curve {
    fn parse(xs: &str, ys: &str) -> Option<Self> {
        let (xs, ys) = (numbers(xs)?, numbers(ys)?);
        (xs.len() == ys.len() && xs.len() > 1).then(|| Self(xs.into_iter().zip(ys).collect()))
    }

    fn at(&self, x: usize) -> f64 {
        let x = x as f64;
        let Some(first) = self.0.first().filter(|first| first.0 < x) else {
            return self.0.first().map_or(0.0, |first| first.1);
        };
        let mut segment = (*first, *first);
        for pair in self.0.iter().zip(self.0.iter().skip(1)) {
            segment = (*pair.0, *pair.1);
            if x <= pair.1.0 {
                break;
            }
        }
        let ((x0, y0), (x1, y1)) = segment;
        if x <= x1 {
            y0 + (y1 - y0) * (x - x0) / (x1 - x0)
        } else {
            y1 + (y1 - y0) / (x1 - x0) * (x - x1)
        }
    }
}

fn numbers(list: &str) -> Option<Vec<f64>> {
    list.split(',').map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_read() {
        let names: Vec<&str> = Gpu::known().iter().map(|gpu| gpu.name.as_str()).collect();
        assert_eq!(
            names,
            ["RTX4090", "RTXPRO6000", "A100", "H100", "A40", "PROVAL", "GIEG"]
        );
    }

    #[test]
    fn a_curve_passes_its_points_and_goes_on() {
        let curve = Curve::parse("1,3,5", "10,20,40").unwrap();
        assert_eq!(
            [0, 1, 2, 3, 4, 5, 6].map(|x| curve.at(x)),
            [10.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0]
        );
    }

    #[test]
    fn a_longer_context_and_a_slower_gpu_take_longer() {
        let decode = |name: &str, context| {
            let batch = Batch {
                tokens: 8,
                decoding: 8,
                context,
                chunks: vec![],
                sampled: 8,
            };
            Gpu::named(name).unwrap().step_us(&batch, 2_000.0)
        };
        assert!(decode("A100", 80_000) > decode("A100", 8_000));
        assert!(decode("A100", 8_000) > 1.4 * decode("H100", 8_000));
    }
}
