//! Draws texts from the guard's corpus, trains its table of weights, and says how good it is.

mod card;
mod corpus;
mod example;
mod fit;
mod grammar;
mod measure;
mod report;
mod study;
mod texts;

use corpus::{Amount, Corpus};
use std::path::Path;
use std::process::ExitCode;
use texts::Texts;

const HELP: &str = "usage: guard-train check CORPUS
       guard-train sample CORPUS COUNT
       guard-train train CORPUS OUT [DATA]     writes table.bin, manifest.json and MODEL_CARD.md into OUT
       guard-train try CORPUS [DATA]           the same without files
       guard-train sources CORPUS DATA         recall on each attack source, trained without it
       guard-train folds CORPUS [DATA]         five-fold cross-validation, by language

CORPUS is filters/prompt-guard/corpus. DATA is a folder with guard/train.jsonl and guard/dev.jsonl, labelled texts of others: what of it may be
learnt from is listed in example.rs; the thresholds are chosen on the rest. Without DATA the corpus alone is learnt from.";

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
            Texts::load(corpus, Some(data)).map(|texts| print!("{}", report::sources(&texts)))
        }
        ["folds", corpus] => Texts::load(corpus, None).map(|texts| print!("{}", report::folds(&texts))),
        ["folds", corpus, data] => {
            Texts::load(corpus, Some(data)).map(|texts| print!("{}", report::folds(&texts)))
        }
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
            documents: each,
        },
        texts::SEED,
    ) {
        let text = serde_json::Value::from(example.text);
        let label = if example.attack { "attack" } else { "harmless" };
        println!("{} {label} {} {text}", example.language, example.family);
    }
    Ok(())
}

fn train(corpus: &str, data: Option<&str>, out: Option<&str>) -> Result<(), String> {
    let texts = Texts::load(corpus, data)?;
    let table = study::table(&texts);
    let figures = report::dev(&table, &texts);
    print!("{figures}");
    let Some(out) = out.map(Path::new) else {
        return Ok(());
    };
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(out.join(name), bytes).map_err(|error| format!("{name}: {error}"))
    };
    write("table.bin", &table.write())?;
    // What stands in a card was learnt from all that is in it: a table of the corpus alone has none.
    if data.is_some() {
        let folds = report::folds(&texts);
        let sources = report::sources(&texts);
        write("manifest.json", card::manifest(&texts, &table).as_bytes())?;
        write(
            "MODEL_CARD.md",
            card::card(&texts, [&figures, &folds, &sources]).as_bytes(),
        )?;
    }
    Ok(())
}
