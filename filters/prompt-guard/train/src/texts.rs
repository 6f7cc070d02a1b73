//! Every text at hand: drawn from the corpus, and labelled by others.

use crate::corpus::{Amount, Corpus};
use crate::example::{self, Example, is_permitted};
use crate::study;
use penstock_guard_model::{Concepts, Side};
use std::path::Path;

/// Texts drawn from each template, and from each document clean and attacked.
const AMOUNT: Amount = Amount {
    each: 8,
    documents: 8,
};
/// Where drawing begins.
pub const SEED: u64 = 1;
/// What a harmless template of the corpus counts beside one of attacks: there are twice as many of them.
const HARMLESS: f32 = 0.5;
/// What a clean document counts as a text of a user: people paste them without a word.
const PASTED: f32 = 0.7;
/// What the definition of a tool counts as a text of a user: people seldom paste one.
const DEFINED: (&str, f32) = ("tool", 0.3);
/// What a question of a user counts as a text from elsewhere: pages are full of them.
const ASKED: f32 = 0.1;
/// What an attack of a user counts as a command in a text from elsewhere: what turns a model round reads alike in both.
const TURNED: f32 = 0.05;
/// What a text counts that tries many ways in one source: few there are alike.
const VARIED: (&str, f32) = ("cyberseceval_pi", 3.0);

/// Every text.
pub struct Texts {
    /// Drawn from the corpus.
    pub own: Vec<Example>,
    /// Texts of one side that count on the other.
    pub crossed: Vec<Example>,
    /// Labelled texts of others, to learn from (where permitted) and to measure with.
    pub train: Vec<Example>,
    /// Labelled texts of others, to measure with.
    pub dev: Vec<Example>,
    /// Words by what they mean.
    pub concepts: Concepts,
    /// Names and bytes of all files that were learnt from.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Texts {
    /// Reads the corpus, and the labelled texts where there are some.
    pub fn load(corpus: &str, data: Option<&str>) -> Result<Self, String> {
        let corpus = Corpus::read(Path::new(corpus)).map_err(|faults| faults.join("\n"))?;
        let mut texts = Self {
            own: corpus.draw(AMOUNT, SEED),
            crossed: Vec::new(),
            train: Vec::new(),
            dev: Vec::new(),
            concepts: Concepts::default(),
            files: corpus.files,
        };
        texts
            .own
            .iter_mut()
            .filter(|one| !one.attack)
            .for_each(|one| one.weight *= HARMLESS);
        if let Some(data) = data {
            let path = |name: &str| Path::new(data).join("guard").join(name);
            texts.train = example::read(&path("train.jsonl"))?;
            texts.dev = example::read(&path("dev.jsonl"))?;
            let (varied, weight) = VARIED;
            texts
                .train
                .iter_mut()
                .filter(|one| one.source.starts_with(varied))
                .for_each(|one| one.weight = weight);
            let bytes = std::fs::read(path("train.jsonl")).map_err(|error| error.to_string())?;
            texts.files.push(("data/guard/train.jsonl".to_owned(), bytes));
        }
        texts.concepts = Concepts::new(&study::said(&corpus.concepts, texts.learnt()));
        texts.crossed = texts.cross();
        Ok(texts)
    }

    /// Texts of each side that count on the other.
    fn cross(&self) -> Vec<Example> {
        let crossed = |one: &Example| match (one.side, one.source == "own") {
            (Side::Indirect, true) if !one.attack && one.family == DEFINED.0 => {
                Some((Side::Direct, DEFINED.1))
            }
            (Side::Indirect, _) if !one.attack => Some((Side::Direct, PASTED)),
            (Side::Direct, true) if one.attack => Some((Side::Indirect, TURNED)),
            (Side::Direct, true) => Some((Side::Indirect, ASKED)),
            _ => None,
        };
        let crossed = self.learnt().filter_map(|one| {
            let (side, share) = crossed(one)?;
            Some(Example {
                side,
                weight: one.weight * share,
                ..one.clone()
            })
        });
        crossed.collect()
    }

    /// What weights may learn from.
    pub fn learnt(&self) -> impl Iterator<Item = &Example> {
        let others = self.train.iter().filter(|example| is_permitted(&example.source));
        self.own.iter().chain(&self.crossed).chain(others)
    }

    /// What may be measured with.
    pub fn measured(&self) -> impl Iterator<Item = &Example> {
        self.train.iter().chain(&self.dev)
    }
}
