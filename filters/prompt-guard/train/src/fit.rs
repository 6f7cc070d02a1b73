//! Logistic regression over n-grams.

use crate::grammar::Rng;
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
    /// Most n-grams that are kept.
    pub most: usize,
    /// Passes over the samples.
    pub passes: usize,
    /// Step of AdaGrad.
    pub rate: f32,
    /// Pull of each weight towards zero.
    pub decay: f32,
    /// Order of the samples.
    pub seed: u64,
}

/// What was learnt.
#[derive(Clone)]
pub struct Weights {
    index: HashMap<u32, u32>,
    /// How much more often attacks have it than harmless texts: the logarithm of the ratio.
    ratio: Vec<f32>,
    of: Vec<f32>,
    /// What stands for a text without n-grams.
    pub bias: f32,
}

/// By what the sum over the n-grams of a window is scaled: between a sum and a mean.
fn scale(tokens: u32) -> f32 {
    1.0 / (tokens.max(4) as f32).powf(crate::study::knob_power())
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

    fn over(grams: Vec<(u32, f32)>) -> Self {
        let of = vec![0.0; grams.len()];
        let ratio = grams.iter().map(|(_, ratio)| *ratio).collect();
        let index = grams
            .into_iter()
            .enumerate()
            .map(|(at, (gram, _))| (gram, at as u32))
            .collect();
        Self {
            index,
            ratio,
            of,
            bias: 0.0,
        }
    }

    fn ratios(&self) -> HashMap<u32, f32> {
        self.index
            .iter()
            .map(|(gram, at)| (*gram, self.ratio[*at as usize]))
            .collect()
    }
}

/// N-grams that so many groups have, with how much more often attacks have them, in order.
fn common(samples: &[&Sample], groups: u32) -> Vec<(u32, f32)> {
    let mut order: Vec<&&Sample> = samples.iter().filter(|sample| sample.weight > 0.0).collect();
    order.sort_by_key(|sample| (sample.group, sample.attack));
    let mut seen: HashMap<u32, (u64, [u32; 2])> = HashMap::new();
    let mut all = [0u32; 2];
    let mut last_group = None;
    for sample in order {
        let kind = usize::from(sample.attack);
        if last_group != Some((sample.group, kind)) {
            all[kind] += 1;
            last_group = Some((sample.group, kind));
        }
        let mark = sample.group << 1 | kind as u64;
        for gram in sample.blocks.iter().flat_map(|(grams, _)| grams) {
            let (last, counts) = seen.entry(*gram).or_insert((!mark, [0, 0]));
            if *last != mark {
                *last = mark;
                counts[kind] += 1;
            }
        }
    }
    let [harmless, attacks] = all.map(|count| count as f32 + 1.0);
    let smooth = crate::study::knob("SMOOTH", 0.5);
    let ratio =
        |[h, a]: [u32; 2]| ((a as f32 + smooth) / attacks).ln() - ((h as f32 + smooth) / harmless).ln();
    let enough = seen.into_iter().filter(|(_, (_, [h, a]))| h + a >= groups);
    let mut grams: Vec<(u32, f32)> = enough
        .map(|(gram, (_, counts))| (gram, ratio(counts).clamp(-4.0, 4.0)))
        .collect();
    let least = crate::study::knob("MINR", 0.7);
    grams.retain(|(_, ratio)| ratio.abs() >= least);
    grams.sort_unstable_by_key(|(gram, _)| *gram);
    grams
}

/// Fits twice: over all common n-grams, then over those of them that weigh most.
pub fn fit(samples: &[&Sample], plan: Plan) -> Weights {
    let first = descend(samples, Weights::over(common(samples, plan.groups)), plan);
    let mut ranked = first.all();
    if ranked.len() <= plan.most {
        return first;
    }
    ranked.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
    let ratios = first.ratios();
    let mut kept: Vec<(u32, f32)> = ranked
        .iter()
        .take(plan.most)
        .map(|(gram, _)| (*gram, ratios[gram]))
        .collect();
    kept.sort_unstable_by_key(|(gram, _)| *gram);
    descend(samples, Weights::over(kept), plan)
}

/// Stochastic gradient descent on features that are scaled by their ratio (as in "Baselines and Bigrams", Wang and Manning 2012),
/// with a penalty on the square of the weights; the mean over the second half counts. An attack is known by its best window; a
/// harmless text is harmless in each, so its worst window is learnt from, and one more.
fn descend(samples: &[&Sample], mut weights: Weights, plan: Plan) -> Weights {
    if crate::study::knob("NB", 0.0) == 0.0 {
        return adagrad(samples, weights, plan);
    }
    let power = crate::study::knob("NBPOWER", 1.0);
    let factor: Vec<f32> = weights
        .ratio
        .iter()
        .map(|ratio| ratio.abs().powf(power))
        .collect();
    let samples: Vec<Indexed> = samples.iter().map(|sample| weights.known(sample)).collect();
    let total: f32 = samples.iter().map(|sample| sample.weight).sum();
    let penalty = plan.decay / total.max(1.0);
    let mut order: Vec<usize> = (0..samples.len())
        .filter(|at| samples[*at].weight > 0.0)
        .collect();
    let mut rng = Rng(plan.seed);
    // What is stored are the weights over `shrink`: the penalty pulls all of them at each step.
    let (mut shrink, mut stored) = (1.0f32, vec![0.0f32; weights.of.len()]);
    let mut mean = vec![0.0f32; stored.len()];
    let (mut bias, mut mean_bias, mut means) = (0.0f32, 0.0f32, 0u32);
    for pass in 0..plan.passes {
        for at in (1..order.len()).rev() {
            order.swap(at, rng.below(at + 1));
        }
        let rate = plan.rate / (1.0 + pass as f32 * 0.5);
        for index in &order {
            let sample = &samples[*index];
            shrink *= 1.0 - rate * penalty * sample.weight.max(0.05);
            let of = |at: usize| {
                let (mut sum, mut tokens) = (0.0, 0);
                for (grams, count) in sample.blocks.iter().skip(at).take(2) {
                    sum += grams
                        .iter()
                        .map(|gram| stored[*gram as usize] * factor[*gram as usize])
                        .sum::<f32>();
                    tokens += count;
                }
                sum * shrink * scale(tokens) + bias
            };
            let windows: Vec<f32> = (0..sample.windows()).map(of).collect();
            let best = (0..windows.len())
                .max_by(|a, b| windows[*a].total_cmp(&windows[*b]))
                .unwrap_or(0);
            let other = rng.below(windows.len());
            let learnt = if sample.attack || other == best {
                vec![best]
            } else {
                vec![best, other]
            };
            for at in learnt {
                let chance = 1.0 / (1.0 + (-windows[at]).exp());
                let error = (chance - f32::from(u8::from(sample.attack))) * sample.weight;
                let blocks = sample.blocks.iter().skip(at).take(2);
                let pull = rate * error * scale(blocks.clone().map(|(_, tokens)| tokens).sum()) / shrink;
                for gram in blocks.flat_map(|(grams, _)| grams) {
                    stored[*gram as usize] -= pull * factor[*gram as usize];
                }
                bias -= rate * error * 0.1;
            }
            if shrink < 1e-3 {
                stored.iter_mut().for_each(|weight| *weight *= shrink);
                shrink = 1.0;
            }
        }
        if pass * 2 >= plan.passes {
            mean.iter_mut()
                .zip(&stored)
                .for_each(|(mean, weight)| *mean += weight * shrink);
            mean_bias += bias;
            means += 1;
        }
    }
    let means = means.max(1) as f32;
    weights.of = mean
        .iter()
        .zip(&factor)
        .map(|(sum, factor)| sum / means * factor)
        .collect();
    weights.bias = mean_bias / means;
    weights
}

/// AdaGrad. An attack is known by its best window; a harmless text is harmless in each, so its worst window is learnt from,
/// and one more.
fn adagrad(samples: &[&Sample], mut weights: Weights, plan: Plan) -> Weights {
    let samples: Vec<Indexed> = samples.iter().map(|sample| weights.known(sample)).collect();
    let cap = crate::study::knob("CAP", 1.0);
    let mut squares = vec![plan.decay; weights.of.len()];
    let mut bias_square = 1e-3f32;
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
                    *weight = (*weight - rate * pull / square.sqrt()).clamp(-cap, cap);
                }
                bias_square += error * error;
                weights.bias -= rate * error / bias_square.sqrt();
            }
        }
    }
    weights
}
