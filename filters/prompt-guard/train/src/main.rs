//! Draws texts from the guard's corpus, trains its table of weights, and says how good it is.

mod corpus;
mod example;
mod fit;
mod grammar;
mod measure;
mod report;
mod study;

use corpus::{Amount, Corpus};
use example::{Example, is_permitted};
use penstock_prompt_guard::learned::{Concepts, Side, Table};
use std::path::Path;
use std::process::ExitCode;
use study::{Prepared, knob};

/// Texts drawn from each template, and from each document clean and attacked, for the table that ships.
const AMOUNT: Amount = Amount {
    each: 8,
    harmless: 8,
    documents: 8,
};
/// Where drawing begins.
const SEED: u64 = 1;

const HELP: &str = "usage: guard-train check CORPUS
       guard-train sample CORPUS COUNT
       guard-train train CORPUS OUT [DATA]     writes table.bin, manifest.json and MODEL_CARD.md
       guard-train try CORPUS [DATA]           the same without files, on the dev set
       guard-train sources CORPUS DATA         recall on each attack source, trained without it
       guard-train folds CORPUS DATA           five-fold cross-validation, by language";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["check", corpus] => check(corpus),
        ["sample", corpus, each] => sample(corpus, each),
        ["train", corpus, out] => train(corpus, None, Some(out)),
        ["train", corpus, out, data] => train(corpus, Some(data), Some(out)),
        ["try", corpus] => train(corpus, None, None),
        ["try", corpus, data] => train(corpus, Some(data), None),
        ["sources", corpus, data] => {
            Texts::load(corpus, Some(data)).and_then(|texts| report::sources(&texts))
        }
        ["folds", corpus, data] => Texts::load(corpus, Some(data)).and_then(|texts| report::folds(&texts)),
        ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            Ok(())
        }
        _ => Err(HELP.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("guard-train: {what}");
            ExitCode::FAILURE
        }
    }
}

fn load(folder: &str) -> Result<Corpus, String> {
    Corpus::read(Path::new(folder)).map_err(|faults| faults.join("\n"))
}

fn check(folder: &str) -> Result<(), String> {
    let corpus = load(folder)?;
    for ((language, kind, family), count) in corpus.counts() {
        println!("{language} {kind:9} {family:24} {count:6}");
    }
    Ok(())
}

fn sample(folder: &str, each: &str) -> Result<(), String> {
    let each = each.parse().map_err(|_| "COUNT is no number".to_owned())?;
    for example in load(folder)?.draw(
        Amount {
            each,
            harmless: each,
            documents: each,
        },
        SEED,
    ) {
        let text = serde_json::Value::from(example.text);
        println!(
            "{} {} {} {text}",
            example.language,
            if example.attack { "attack" } else { "harmless" },
            example.family
        );
    }
    Ok(())
}

/// Every text at hand.
pub struct Texts {
    /// Drawn from the corpus.
    pub own: Vec<Example>,
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
    fn load(corpus: &str, data: Option<&str>) -> Result<Self, String> {
        let corpus = load(corpus)?;
        let amount = Amount {
            each: knob("EACH", AMOUNT.each as f32) as usize,
            harmless: knob("EACHH", AMOUNT.harmless as f32) as usize,
            documents: knob("DOCS", AMOUNT.documents as f32) as usize,
        };
        let mut texts = Self {
            own: corpus.draw(amount, SEED),
            train: Vec::new(),
            dev: Vec::new(),
            concepts: Concepts::default(),
            files: corpus.files,
        };
        let share = knob("OWN", 1.0);
        for own in &mut texts.own {
            own.weight *= share;
            if ["tasks", "pasted", "assistant"].contains(&own.family.as_str()) {
                own.weight *= knob("TASKS", 1.0);
            }
            if [
                "splitting",
                "encoding",
                "overload",
                "tools",
                "exfiltration",
                "switching",
            ]
            .contains(&own.family.as_str())
                && own.attack
            {
                own.weight *= knob("SOFT", 1.0);
            }
        }
        if let Some(data) = data {
            let path = |name: &str| Path::new(data).join("guard").join(name);
            texts.train = example::read(&path("train.jsonl"))?;
            texts.dev = example::read(&path("dev.jsonl"))?;
            let bytes = std::fs::read(path("train.jsonl")).map_err(|error| error.to_string())?;
            texts.files.push(("data/train.jsonl".to_owned(), bytes));
        }
        texts.concepts = Concepts::new(&study::said(&corpus.concepts, texts.learnt()));
        let clean: Vec<&Example> = texts
            .learnt()
            .filter(|one| one.side == Side::Indirect && !one.attack)
            .collect();
        let mut long = corpus::embed(&texts.own, &clean, SEED);
        for one in &mut long {
            one.weight = if one.attack {
                knob("LONGA", 0.0)
            } else {
                knob("LONGH", 0.0)
            };
        }
        // A document that somebody pastes without a word is no attack either.
        let mut bare: Vec<Example> = clean
            .iter()
            .map(|one| Example {
                side: Side::Direct,
                weight: one.weight * knob("BARE", 1.0),
                source: "own".to_owned(),
                ..(*one).clone()
            })
            .collect();
        // And what people ask is no command where a document says it.
        let mut asked: Vec<Example> = texts
            .own
            .iter()
            .filter(|one| one.side == Side::Direct && !one.attack)
            .map(|one| Example {
                side: Side::Indirect,
                weight: one.weight * knob("ASKED", 0.3),
                ..one.clone()
            })
            .collect();
        asked.retain(|one| one.weight > 0.0);
        texts.own.append(&mut asked);
        texts.own.append(&mut long);
        texts.own.append(&mut bare);
        Ok(texts)
    }

    /// What weights may learn from.
    pub fn learnt(&self) -> impl Iterator<Item = &Example> {
        self.own
            .iter()
            .chain(self.train.iter().filter(|example| is_permitted(&example.source)))
    }
}

fn train(corpus: &str, data: Option<&str>, out: Option<&str>) -> Result<(), String> {
    let texts = Texts::load(corpus, data)?;
    let learnt: Vec<Prepared<'_>> = texts
        .learnt()
        .map(|one| Prepared::new(one, &texts.concepts))
        .collect();
    let measured: Vec<Prepared<'_>> = texts
        .train
        .iter()
        .chain(&texts.dev)
        .map(|one| Prepared::new(one, &texts.concepts))
        .collect();
    let (learnt_refs, measured_refs): (Vec<_>, Vec<_>) = (learnt.iter().collect(), measured.iter().collect());
    let heads = Side::ALL.map(|side| {
        if knob("ONLY", 2.0) as usize == 1 - side as usize {
            let w = study::learn(&[], side);
            return study::head(&w, [0.0; 4], 1.0, side);
        }
        let weights = study::learn(&learnt_refs, side);
        let thresholds = study::thresholds(&weights, &measured_refs, side);
        let slope = study::slope(&weights, &measured_refs, side);
        study::head(&weights, thresholds, slope, side)
    });
    let [direct, indirect] = heads;
    let table = Table::new(direct, indirect, texts.concepts.clone());
    report::dev(&table, &texts);
    if let Some(out) = out {
        std::fs::write(Path::new(out).join("table.bin"), table.write()).map_err(|error| error.to_string())?;
    }
    Ok(())
}
