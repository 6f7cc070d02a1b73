//! Learning from labelled texts, and measuring what was learnt.

use crate::example::{Example, is_permitted};
use crate::fit::{Plan, Sample, Weights, fit};
use crate::measure::{over, threshold};
use penstock_prompt_guard::learned::{Concept, Concepts, Grams, Head, Script, Side};
use penstock_text_scan::view::views;
use std::collections::HashSet;

/// Binary logarithm of the number of buckets, by head.
const BITS: [u8; 2] = [14, 14];
/// N-grams that are kept: two thirds of the places, so that few buckets overflow.
const MOST: usize = 44_000;
/// Tokens a block, by head: a user's message is mostly one window; a command in a document is short.
const BLOCK: [u16; 2] = [128, 16];
/// How many of the harmless texts that were not learnt from may be flagged, by head.
const FALSE_RATE: [f64; 2] = [0.001, 0.004];

/// An example as it is learnt from.
pub struct Prepared<'e> {
    /// Where it is from.
    pub example: &'e Example,
    sample: Sample,
    script: Script,
}

impl<'e> Prepared<'e> {
    /// Reads the example's canonical view, as the guard would.
    pub fn new(example: &'e Example, concepts: &Concepts) -> Self {
        let side = example.side as usize;
        let views = views(&example.text);
        let text = views
            .views
            .first()
            .map_or(example.text.as_str(), |view| view.text());
        let grams = Grams::new(text, u32::from(BLOCK[side]), concepts);
        let sample = Sample {
            blocks: grams.blocks,
            attack: example.attack,
            weight: example.weight,
            group: example.group,
        };
        Self {
            example,
            sample,
            script: grams.letters.script(),
        }
    }
}

/// Learns one head from the examples of its side.
pub fn learn(examples: &[&Prepared<'_>], side: Side) -> Weights {
    let samples: Vec<&Sample> = examples
        .iter()
        .filter(|one| one.example.side == side)
        .map(|one| &one.sample)
        .collect();
    let plan = Plan {
        groups: knob("GROUPS", 2.0) as u32,
        most: knob("MOST", MOST as f32) as usize,
        passes: knob("PASSES", 8.0) as usize,
        rate: knob("RATE", 0.3),
        decay: knob("DECAY", 0.01),
        seed: 7,
    };
    fit(&samples, plan)
}

/// The entries of concepts that occur in texts. The others would cost room and were never learnt with.
pub fn said<'e>(
    entries: &[(u32, Concept)],
    examples: impl Iterator<Item = &'e Example>,
) -> Vec<(u32, Concept)> {
    let mut seen = HashSet::new();
    for example in examples {
        let views = views(&example.text);
        let text = views
            .views
            .first()
            .map_or(example.text.as_str(), |view| view.text());
        let grams = Grams::new(text, u32::MAX, &Concepts::default());
        seen.extend(grams.blocks.into_iter().flat_map(|(grams, _)| grams));
    }
    let kept: Vec<(u32, Concept)> = entries
        .iter()
        .copied()
        .filter(|(gram, _)| seen.contains(gram))
        .collect();
    eprintln!(
        "{} of {} entries of concepts are said anywhere",
        kept.len(),
        entries.len()
    );
    kept
}

/// For trying things out: a number from the environment.
pub fn knob(name: &str, default: f32) -> f32 {
    std::env::var(name)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}

/// Log odds of an example.
pub fn odds(weights: &Weights, one: &Prepared<'_>) -> f32 {
    weights.score(&one.sample)
}

/// Whether a harmless text tells how often the guard is wrong: it was not learnt from, and is an everyday one.
fn is_measure(example: &Example) -> bool {
    let hard = ["goodwiins_notinject", "bipia_clean"]
        .iter()
        .any(|prefix| example.source.starts_with(prefix));
    !example.attack && !hard && !is_permitted(&example.source)
}

/// The log odds over which no more than the allowed part of the measuring texts is, by script.
pub fn thresholds(weights: &Weights, measure: &[&Prepared<'_>], side: Side) -> [f32; 4] {
    let here = || {
        measure
            .iter()
            .filter(|one| one.example.side == side && is_measure(one.example))
    };
    let all: Vec<f32> = here().map(|one| odds(weights, one)).collect();
    let general = threshold(&all, FALSE_RATE[side as usize]);
    Script::ALL.map(|script| {
        let scores: Vec<f32> = here()
            .filter(|one| one.script == script)
            .map(|one| odds(weights, one))
            .collect();
        let enough = scores.len() as f64 * FALSE_RATE[side as usize] >= 0.5;
        let own = threshold(&scores, FALSE_RATE[side as usize]);
        if enough { own } else { general.max(own) }
    })
}

/// The head as it ships: weights in bytes.
pub fn head(weights: &Weights, thresholds: [f32; 4], slope: f32, side: Side) -> Head {
    let all = weights.all();
    let largest = all
        .iter()
        .fold(0.0f32, |largest, (_, weight)| largest.max(weight.abs()));
    let unit = (largest / 127.0).max(f32::MIN_POSITIVE);
    let mut head = Head {
        bits: BITS[side as usize],
        block: BLOCK[side as usize],
        bias: weights.bias,
        unit,
        slope,
        thresholds,
        buckets: Vec::new(),
    };
    let bytes = all
        .into_iter()
        .map(|(gram, weight)| (gram, (weight / unit).round() as i8))
        .filter(|(_, weight)| *weight != 0);
    let left_out = head.fill(bytes.collect());
    eprintln!("{}: {left_out} n-grams without a place", side.name());
    head
}

/// How fast scores fall below the threshold, so that those of both heads mean the same: one harmless text in a hundred has .4 or
/// more.
pub fn slope(weights: &Weights, measure: &[&Prepared<'_>], side: Side) -> f32 {
    let here = measure
        .iter()
        .filter(|one| one.example.side == side && is_measure(one.example));
    let scores: Vec<f32> = here.map(|one| odds(weights, one)).collect();
    let gap = threshold(&scores, FALSE_RATE[side as usize]) - threshold(&scores, 0.01);
    0.405 / gap.max(0.2)
}

/// The part of some scores that is flagged by script.
pub fn flagged(scored: &[(f32, &Prepared<'_>)], thresholds: [f32; 4]) -> f64 {
    let flags: Vec<f32> = scored
        .iter()
        .map(|(odds, one)| {
            odds - thresholds[Script::ALL
                .iter()
                .position(|script| *script == one.script)
                .unwrap_or(0)]
        })
        .collect();
    over(&flags, 0.0)
}

/// For trying things out.
pub fn knob_power() -> f32 {
    static POWER: std::sync::OnceLock<f32> = std::sync::OnceLock::new();
    *POWER.get_or_init(|| knob("POWER", 0.5))
}
