//! Learning from labelled texts, and measuring what was learnt.

use crate::example::{Example, is_permitted};
use crate::fit::{Plan, Sample, Weights, fit};
use crate::measure::{over, threshold};
use crate::texts::Texts;
use penstock_guard_model::{Concept, Concepts, Grams, Head, Script, Side, Table};
use penstock_text_scan::view::views;
use std::collections::HashMap;

/// Binary logarithm of the number of buckets, by head.
const BITS: [u8; 2] = [14, 13];
/// Tokens a block, by head: a user's message is mostly one window; a command in a document is short.
const BLOCK: [u16; 2] = [128, 16];
/// How many of the harmless texts that were not learnt from may be flagged, by head.
const FALSE_RATE: [f64; 2] = [0.001, 0.001];
/// How far a threshold lies above the text that it is chosen by, in log odds: that one is not to be flagged when weights are rounded
/// to bytes.
const MARGIN: f32 = 0.03;
/// How each head is fitted. Two thirds to three quarters of the places are used, so that few buckets overflow.
const PLANS: [Plan; 2] = [
    Plan {
        most: 44_000,
        cap: 1.0,
        ratio: 0.15,
        ..PLAN
    },
    Plan {
        most: 24_000,
        cap: 3.0,
        ratio: 0.3,
        ..PLAN
    },
];
const PLAN: Plan = Plan {
    groups: 2,
    ratio: 0.0,
    most: 0,
    passes: 8,
    rate: 0.3,
    cap: 0.0,
    seed: 7,
};
/// So much of a document is learnt from on both sides of a command, in bytes.
const AROUND: usize = 60;
/// Groups of attacks that must have an entry of a concept.
const MIN_SAID: u32 = 5;

/// Learns both heads from all that may be learnt from.
pub fn table(texts: &Texts) -> Table {
    let learnt: Vec<Prepared<'_>> = texts
        .learnt()
        .map(|one| Prepared::around(one, &texts.concepts))
        .collect();
    let measured: Vec<Prepared<'_>> = texts
        .measured()
        .map(|one| Prepared::new(one, &texts.concepts))
        .collect();
    let (learnt, measured): (Vec<_>, Vec<_>) = (learnt.iter().collect(), measured.iter().collect());
    let [direct, indirect] = Side::ALL.map(|side| {
        let weights = learn(&learnt, side);
        head(
            &weights,
            thresholds(&weights, &measured, side),
            slope(&weights, &measured, side),
            side,
        )
    });
    Table::new(direct, indirect, texts.concepts.clone())
}

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
        Self::of(example, &example.text, concepts)
    }

    /// The same, of the attack in it and what stands around it: the rest of a document is no attack.
    pub fn around(example: &'e Example, concepts: &Concepts) -> Self {
        let text = example.text.as_str();
        let whole = example.planted.clone().unwrap_or(0..text.len());
        let start = text.floor_char_boundary(whole.start.saturating_sub(AROUND));
        let end = text.ceil_char_boundary(whole.end + AROUND);
        Self::of(example, &text[start..end], concepts)
    }

    fn of(example: &'e Example, text: &str, concepts: &Concepts) -> Self {
        let side = example.side as usize;
        let views = views(text);
        let text = views.views.first().map_or(text, |view| view.text());
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
    fit(&samples, PLANS[side as usize])
}

/// The entries of concepts that enough groups of attacks have. The others would cost room and were never learnt with.
pub fn said<'e>(
    entries: &[(u32, Concept)],
    examples: impl Iterator<Item = &'e Example>,
) -> Vec<(u32, Concept)> {
    let mut seen: HashMap<u32, (u64, u32)> = HashMap::new();
    let mut attacks: Vec<&Example> = examples.filter(|example| example.attack).collect();
    attacks.sort_by_key(|example| example.group);
    for example in attacks {
        let views = views(&example.text);
        let text = views
            .views
            .first()
            .map_or(example.text.as_str(), |view| view.text());
        let grams = Grams::new(text, u32::MAX, &Concepts::default());
        for gram in grams.blocks.into_iter().flat_map(|(grams, _)| grams) {
            let (last, count) = seen.entry(gram).or_insert((!example.group, 0));
            if *last != example.group {
                (*last, *count) = (example.group, *count + 1);
            }
        }
    }
    let often = |gram: &u32| seen.get(gram).is_some_and(|(_, count)| *count >= MIN_SAID);
    let kept: Vec<(u32, Concept)> = entries.iter().copied().filter(|(gram, _)| often(gram)).collect();
    eprintln!(
        "{} of {} entries of concepts are said by attacks",
        kept.len(),
        entries.len()
    );
    kept
}

/// Log odds of an example.
pub fn odds(weights: &Weights, one: &Prepared<'_>) -> f32 {
    weights.score(&one.sample)
}

/// Whether a harmless text tells how often the guard is wrong: it was not learnt from, and is an everyday one.
fn is_measure(example: &Example) -> bool {
    !example.attack && example.is_everyday() && !is_permitted(&example.source)
}

/// The log odds over which no more than the allowed part of the measuring texts is, by script.
pub fn thresholds(weights: &Weights, measure: &[&Prepared<'_>], side: Side) -> [f32; 4] {
    let here = || {
        measure
            .iter()
            .filter(|one| one.example.side == side && is_measure(one.example))
    };
    let all: Vec<f32> = here().map(|one| odds(weights, one)).collect();
    let general = threshold(&all, FALSE_RATE[side as usize]) + MARGIN;
    Script::ALL.map(|script| {
        let scores: Vec<f32> = here()
            .filter(|one| one.script == script)
            .map(|one| odds(weights, one))
            .collect();
        let enough = scores.len() as f64 * FALSE_RATE[side as usize] >= 0.5;
        let own = threshold(&scores, FALSE_RATE[side as usize]) + MARGIN;
        if enough { own } else { general.max(own) }
    })
}

/// The head as it ships: weights in bytes.
fn head(weights: &Weights, thresholds: [f32; 4], slope: f32, side: Side) -> Head {
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

/// How fast scores fall below the threshold, so that those of both heads mean the same: .1 from one harmless text in 667 to one
/// in a hundred.
fn slope(weights: &Weights, measure: &[&Prepared<'_>], side: Side) -> f32 {
    let here = measure
        .iter()
        .filter(|one| one.example.side == side && is_measure(one.example));
    let scores: Vec<f32> = here.map(|one| odds(weights, one)).collect();
    let gap = threshold(&scores, 0.0015) - threshold(&scores, 0.01);
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

#[cfg(test)]
mod tests {
    use super::{Prepared, learn};
    use crate::corpus::{Amount, Corpus};
    use penstock_guard_model::{Concepts, Side};
    use std::path::Path;

    fn corpus() -> Corpus {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus");
        Corpus::read(&folder).unwrap_or_else(|faults| panic!("{}", faults.join("\n")))
    }

    #[test]
    fn the_corpus_can_be_read_and_is_broad() {
        let counts = corpus().counts();
        let of = |language: &str, kind: &str| -> usize {
            let here = counts.iter().filter(|((l, k, _), _)| l == language && k == kind);
            here.map(|(_, count)| count).sum()
        };
        for language in ["en", "es", "ja", "zh"] {
            assert!(
                of(language, "attack") >= 900 && of(language, "harmless") >= 1000,
                "{language}"
            );
        }
        for language in ["de", "fr", "pt", "it", "ko", "ru", "ar", "hi"] {
            assert!(
                of(language, "attack") >= 200 && of(language, "harmless") >= 200,
                "{language}"
            );
        }
    }

    #[test]
    fn the_same_texts_give_the_same_weights_and_the_weights_tell_them_apart() {
        let amount = Amount {
            each: 1,
            documents: 1,
        };
        let mut texts = corpus().draw(amount, 1);
        assert_eq!(texts.len(), corpus().draw(amount, 1).len());
        texts.retain(|one| one.language == "de" && one.side == Side::Direct);
        let concepts = Concepts::default();
        let prepared: Vec<Prepared<'_>> = texts.iter().map(|one| Prepared::around(one, &concepts)).collect();
        let all: Vec<&Prepared<'_>> = prepared.iter().collect();
        let (first, second) = (learn(&all, Side::Direct), learn(&all, Side::Direct));
        assert_eq!(first.all(), second.all());
        let right = all
            .iter()
            .filter(|one| (super::odds(&first, one) > 0.0) == one.example.attack)
            .count();
        assert!(right * 100 > all.len() * 95, "{right} of {}", all.len());
    }
}
