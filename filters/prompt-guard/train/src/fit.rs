//! Logistic regression over n-grams.

use crate::grammar::Rng;
use penstock_guard_model::MIN_TOKENS;
use std::collections::HashMap;

/// The blocks of a text, its label, and how much it counts.
#[derive(Clone)]
pub struct Sample {
    /// N-grams and tokens of each block; at least one block.
    pub blocks: Vec<(Vec<u32>, u32)>,
    /// Whether it is an attack.
    pub attack: bool,
    /// How much it counts.
    pub weight: f32,
    /// Texts of one group count as one where it is asked how common an n-gram is.
    pub group: u64,
}

/// How to fit.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Groups that must have an n-gram for it to be learnt.
    pub groups: u32,
    /// How much more often one label must have it than the other, as a natural logarithm: what both say alike is style.
    pub ratio: f32,
    /// Most n-grams that are kept.
    pub most: usize,
    /// Passes over the samples.
    pub passes: usize,
    /// Step of AdaGrad.
    pub rate: f32,
    /// Largest weight, either way: no word decides alone.
    pub cap: f32,
    /// Order of the samples.
    pub seed: u64,
}

/// What was learnt.
#[derive(Clone)]
pub struct Weights {
    index: HashMap<u32, u32>,
    of: Vec<f32>,
    /// What stands for a text without n-grams.
    pub bias: f32,
}

/// Where AdaGrad's sums of squares begin: the first steps are no longer than ten times the rate.
const FIRST_SQUARE: f32 = 0.01;

/// By what the sum over the n-grams of a window is scaled, as where it is scored: between a sum and a mean.
fn scale(tokens: u32) -> f32 {
    1.0 / (tokens.max(MIN_TOKENS) as f32).sqrt()
}

/// A sample by numbers of n-grams.
struct Indexed {
    blocks: Vec<(Vec<u32>, u32)>,
    attack: bool,
    weight: f32,
}

impl Indexed {
    fn windows(&self) -> usize {
        self.blocks.len().max(2) - 1
    }
}

impl Weights {
    fn known(&self, sample: &Sample) -> Indexed {
        let block = |(grams, tokens): &(Vec<u32>, u32)| {
            (
                grams
                    .iter()
                    .filter_map(|gram| self.index.get(gram).copied())
                    .collect(),
                *tokens,
            )
        };
        Indexed {
            blocks: sample.blocks.iter().map(block).collect(),
            attack: sample.attack,
            weight: sample.weight,
        }
    }

    fn window(&self, sample: &Indexed, at: usize) -> f32 {
        let (mut sum, mut tokens) = (0.0, 0);
        for (grams, count) in sample.blocks.iter().skip(at).take(2) {
            sum += grams.iter().map(|gram| self.of[*gram as usize]).sum::<f32>();
            tokens += count;
        }
        sum * scale(tokens) + self.bias
    }

    /// The log odds of an attack in the window where they are best.
    pub fn score(&self, sample: &Sample) -> f32 {
        self.best(&self.known(sample)).1
    }

    fn best(&self, sample: &Indexed) -> (usize, f32) {
        let windows = (0..sample.windows()).map(|at| (at, self.window(sample, at)));
        windows
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap_or((0, self.bias))
    }

    /// Every n-gram with its weight, in order of their hashes.
    pub fn all(&self) -> Vec<(u32, f32)> {
        let mut all: Vec<(u32, f32)> = self
            .index
            .iter()
            .map(|(gram, at)| (*gram, self.of[*at as usize]))
            .collect();
        all.sort_by_key(|(gram, _)| *gram);
        all
    }

    fn over(grams: Vec<u32>) -> Self {
        let of = vec![0.0; grams.len()];
        let index = grams
            .into_iter()
            .enumerate()
            .map(|(at, gram)| (gram, at as u32))
            .collect();
        Self { index, of, bias: 0.0 }
    }
}

/// N-grams that enough groups have, and one label more often than the other, in order.
fn telling(samples: &[&Sample], plan: Plan) -> Vec<u32> {
    let mut order: Vec<&&Sample> = samples.iter().collect();
    order.sort_by_key(|sample| (sample.group, sample.attack));
    let mut seen: HashMap<u32, (u64, [u32; 2])> = HashMap::new();
    let (mut groups, mut last_mark) = ([0u32; 2], None);
    for sample in order {
        let label = usize::from(sample.attack);
        let mark = sample.group << 1 | label as u64;
        if last_mark.replace(mark) != Some(mark) {
            groups[label] += 1;
        }
        for gram in sample.blocks.iter().flat_map(|(grams, _)| grams) {
            let (last, counts) = seen.entry(*gram).or_insert((!mark, [0, 0]));
            if *last != mark {
                *last = mark;
                counts[label] += 1;
            }
        }
    }
    let [harmless, attacks] = groups.map(|count| count as f32 + 1.0);
    let ratio = |[h, a]: [u32; 2]| ((a as f32 + 0.5) / attacks).ln() - ((h as f32 + 0.5) / harmless).ln();
    let tells =
        |counts: [u32; 2]| counts.iter().sum::<u32>() >= plan.groups && ratio(counts).abs() >= plan.ratio;
    let mut grams: Vec<u32> = seen
        .into_iter()
        .filter(|(_, (_, counts))| tells(*counts))
        .map(|(gram, _)| gram)
        .collect();
    grams.sort_unstable();
    grams
}

/// Fits twice: over all n-grams that tell something, then over those of them that weigh most.
pub fn fit(samples: &[&Sample], plan: Plan) -> Weights {
    let first = descend(samples, Weights::over(telling(samples, plan)), plan);
    let mut ranked = first.all();
    if ranked.len() <= plan.most {
        return first;
    }
    ranked.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
    let mut kept: Vec<u32> = ranked.iter().take(plan.most).map(|(gram, _)| *gram).collect();
    kept.sort_unstable();
    descend(samples, Weights::over(kept), plan)
}

/// AdaGrad on the logistic loss. An attack is known by its best window; a harmless text is harmless in each, so its worst window
/// is learnt from, and one more.
fn descend(samples: &[&Sample], mut weights: Weights, plan: Plan) -> Weights {
    let samples: Vec<Indexed> = samples.iter().map(|sample| weights.known(sample)).collect();
    let (mut squares, mut bias_square) = (vec![FIRST_SQUARE; weights.of.len()], FIRST_SQUARE);
    let mut order: Vec<usize> = (0..samples.len()).collect();
    let mut rng = Rng(plan.seed);
    for pass in 0..plan.passes {
        for at in (1..order.len()).rev() {
            order.swap(at, rng.below(at + 1));
        }
        let rate = plan.rate / (1.0 + pass as f32 * 0.3);
        for index in &order {
            let sample = &samples[*index];
            let best = weights.best(sample).0;
            let other = rng.below(sample.windows());
            let learnt = if sample.attack || other == best {
                vec![best]
            } else {
                vec![best, other]
            };
            for at in learnt {
                let chance = 1.0 / (1.0 + (-weights.window(sample, at)).exp());
                let error = (chance - f32::from(u8::from(sample.attack))) * sample.weight;
                let blocks = sample.blocks.iter().skip(at).take(2);
                let pull = error * scale(blocks.clone().map(|(_, tokens)| tokens).sum());
                for gram in blocks.flat_map(|(grams, _)| grams) {
                    let (weight, square) = (&mut weights.of[*gram as usize], &mut squares[*gram as usize]);
                    *square += pull * pull;
                    *weight = (*weight - rate * pull / square.sqrt()).clamp(-plan.cap, plan.cap);
                }
                bias_square += error * error;
                weights.bias -= rate * error / bias_square.sqrt();
            }
        }
    }
    weights
}
