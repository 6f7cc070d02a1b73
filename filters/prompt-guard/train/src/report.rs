//! Figures on texts that were not learnt from.

use crate::Texts;
use crate::example::Example;
use crate::measure::{auc, over, recall_at};
use crate::study::{Prepared, flagged, knob, learn, odds, thresholds};
use penstock_prompt_guard::learned::{Scratch, Side, Table};
use penstock_text_scan::view::views;
use std::collections::BTreeMap;

/// What the table says of a text: the most of all its views.
fn score(table: &Table, example: &Example, scratch: &mut Scratch) -> f32 {
    let scores = views(&example.text)
        .views
        .iter()
        .map(|view| table.score(view.text(), example.side, scratch))
        .collect::<Vec<_>>();
    scores.iter().map(|scored| scored.score).fold(0.0, f32::max)
}

/// The dev set, as the guard would judge it.
pub fn dev(table: &Table, texts: &Texts) {
    let mut scratch = Scratch::default();
    let scored: Vec<(f32, &Example)> = texts
        .dev
        .iter()
        .map(|example| (score(table, example, &mut scratch), example))
        .collect();
    if scored.is_empty() {
        return;
    }
    for side in Side::ALL {
        let of = |attack: bool, hard: bool| {
            let here = scored.iter().filter(move |(_, e)| {
                e.side == side
                    && e.attack == attack
                    && (hard
                        || !e.source.starts_with("goodwiins_notinject")
                            && !e.source.starts_with("bipia_clean"))
            });
            here.map(|(s, _)| *s).collect::<Vec<f32>>()
        };
        let (attacks, harmless, everyday) = (of(true, true), of(false, true), of(false, false));
        println!(
            "{} thresholds {:?} slope {:.3}; auc {:.4} r@1% {:.3} everyday r@1% {:.3} r@.2% {:.3} tpr {:.3} fpr {:.4}",
            side.name(),
            table.head(side).thresholds,
            table.head(side).slope,
            auc(&attacks, &harmless),
            recall_at(&attacks, &harmless, 0.01),
            recall_at(&attacks, &everyday, 0.01),
            recall_at(&attacks, &everyday, 0.002),
            over(&attacks, 0.4999),
            over(&everyday, 0.4999),
        );
    }
    let of = |attack: bool| {
        scored
            .iter()
            .filter(move |(_, e)| e.attack == attack)
            .map(|(s, _)| *s)
            .collect::<Vec<f32>>()
    };
    let (attacks, harmless) = (of(true), of(false));
    let everyday: Vec<f32> = scored
        .iter()
        .filter(|(_, e)| {
            !e.attack && !e.source.starts_with("goodwiins_notinject") && !e.source.starts_with("bipia_clean")
        })
        .map(|(s, _)| *s)
        .collect();
    println!(
        "dev: auc {:.4} r@1% {:.3} r@1%everyday {:.3} | shipped: tpr {:.3} fpr {:.4} everyday {:.4}",
        auc(&attacks, &harmless),
        recall_at(&attacks, &harmless, 0.01),
        recall_at(&attacks, &everyday, 0.01),
        over(&attacks, 0.4999),
        over(&harmless, 0.4999),
        over(&everyday, 0.4999),
    );
    let mut by: BTreeMap<(bool, &str), Vec<f32>> = BTreeMap::new();
    for (score, example) in &scored {
        by.entry((example.attack, &example.source))
            .or_default()
            .push(*score);
    }
    for ((attack, source), scores) in by {
        println!(
            "   {} {source:28} {:4} {:.3}",
            if attack { "attack  " } else { "harmless" },
            scores.len(),
            over(&scores, 0.4999)
        );
    }
    if knob("SHOW", 0.0) > 0.0 {
        show(&scored);
    }
}

fn show(scored: &[(f32, &Example)]) {
    let mut ranked = scored.to_vec();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let line = |(score, e): &(f32, &Example)| {
        println!(
            "{score:5.3} {} {} {:?}",
            e.source,
            e.language,
            e.text.chars().take(160).collect::<String>()
        )
    };
    println!("--- harmless, highest");
    ranked.iter().filter(|(_, e)| !e.attack).take(40).for_each(line);
    println!("--- attacks, lowest");
    ranked
        .iter()
        .rev()
        .filter(|(_, e)| e.attack)
        .take(70)
        .for_each(line);
}

/// Recall on each source of attacks, learnt without it.
pub fn sources(texts: &Texts) -> Result<(), String> {
    let all: Vec<Prepared<'_>> = texts
        .learnt()
        .chain(texts.dev.iter())
        .map(|one| Prepared::new(one, &texts.concepts))
        .collect();
    let measured: Vec<Prepared<'_>> = texts
        .train
        .iter()
        .chain(&texts.dev)
        .map(|one| Prepared::new(one, &texts.concepts))
        .collect();
    let learnt = texts.learnt().count();
    let mut names: Vec<&str> = measured
        .iter()
        .filter(|one| one.example.attack)
        .map(|one| family(&one.example.source))
        .collect();
    names.sort_unstable();
    names.dedup();
    let measured: Vec<&Prepared<'_>> = measured.iter().collect();
    let (mut sum, mut count) = (0.0, 0);
    for name in names {
        let mut hits = (0.0, 0);
        for side in Side::ALL {
            let held: Vec<&Prepared<'_>> = measured
                .iter()
                .copied()
                .filter(|one| {
                    one.example.side == side && one.example.attack && family(&one.example.source) == name
                })
                .collect();
            if held.is_empty() {
                continue;
            }
            let rest: Vec<&Prepared<'_>> = all
                .iter()
                .take(learnt)
                .filter(|one| family(&one.example.source) != name || !one.example.attack)
                .collect();
            let weights = learn(&rest, side);
            let limits = thresholds(&weights, &measured, side);
            let scored: Vec<(f32, &Prepared<'_>)> =
                held.iter().map(|one| (odds(&weights, one), *one)).collect();
            hits.0 += flagged(&scored, limits) * held.len() as f64;
            hits.1 += held.len();
        }
        println!(
            "without {name:28} {:5} attacks, recall {:.3}",
            hits.1,
            hits.0 / hits.1 as f64
        );
        sum += hits.0 / hits.1 as f64;
        count += 1;
    }
    println!("mean {:.3}", sum / f64::from(count));
    Ok(())
}

/// A source and its translations are one.
fn family(source: &str) -> &str {
    source.trim_end_matches("_mt").trim_end_matches("_train")
}

/// Five-fold cross-validation over all groups; by language, heads together.
pub fn folds(texts: &Texts) -> Result<(), String> {
    const FOLDS: u64 = 5;
    let own: Vec<Prepared<'_>> = texts
        .own
        .iter()
        .map(|one| Prepared::new(one, &texts.concepts))
        .collect();
    let others: Vec<Prepared<'_>> = texts
        .train
        .iter()
        .chain(&texts.dev)
        .map(|one| Prepared::new(one, &texts.concepts))
        .collect();
    let mut scored: Vec<(f32, &Prepared<'_>)> = Vec::new();
    for fold in 0..FOLDS {
        let held = |one: &&Prepared<'_>| one.example.group % FOLDS == fold;
        let learnt: Vec<&Prepared<'_>> = own
            .iter()
            .chain(&others)
            .filter(|one| {
                !held(one)
                    && (one.example.source == "own" || crate::example::is_permitted(&one.example.source))
            })
            .collect();
        let measure: Vec<&Prepared<'_>> = others.iter().collect();
        for side in Side::ALL {
            let weights = learn(&learnt, side);
            let limits = thresholds(&weights, &measure, side);
            let general = limits[0];
            let test = own
                .iter()
                .chain(&others)
                .filter(|one| held(one) && one.example.side == side);
            scored.extend(test.map(|one| (odds(&weights, one) - general, one)));
        }
    }
    let mut languages: Vec<&str> = scored
        .iter()
        .map(|(_, one)| one.example.language.as_str())
        .collect();
    languages.sort_unstable();
    languages.dedup();
    println!("language side      own attacks/harmless  r@0.1%  auc | others attacks/harmless  r@0.1%  auc");
    for language in languages {
        for side in Side::ALL {
            let of = |attack: bool, own: bool| {
                let here = scored.iter().filter(|(_, one)| {
                    one.example.language == language
                        && one.example.side == side
                        && one.example.attack == attack
                        && (one.example.source == "own") == own
                });
                here.map(|(odds, _)| *odds).collect::<Vec<f32>>()
            };
            let cell = |own: bool| {
                let (attacks, harmless) = (of(true, own), of(false, own));
                format!(
                    "{:6}/{:6} {:.3} {:.4}",
                    attacks.len(),
                    harmless.len(),
                    recall_at(&attacks, &harmless, 0.001),
                    auc(&attacks, &harmless)
                )
            };
            println!("{language:8} {:9} {} | {}", side.name(), cell(true), cell(false));
        }
    }
    Ok(())
}
