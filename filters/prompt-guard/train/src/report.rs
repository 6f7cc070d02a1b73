//! Figures on texts that were not learnt from, as tables in Markdown.

use crate::example::{Example, is_permitted};
use crate::measure::{auc, over, recall_at};
use crate::study::{Prepared, flagged, learn, odds, thresholds};
use crate::texts::Texts;
use penstock_guard_model::{Scratch, Side, Table};
use penstock_text_scan::view::views;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Folds of the cross-validation.
const FOLDS: u64 = 5;
/// A score from which on a text is flagged; a little less, since halves are rounded.
const FLAGGED: f32 = 0.4999;

/// What the table says of a text: the most of all its views.
fn score(table: &Table, example: &Example, scratch: &mut Scratch) -> f32 {
    let views = views(&example.text);
    let scores = views
        .views
        .iter()
        .map(|view| table.score(view.text(), example.side, scratch).score);
    scores.fold(0.0, f32::max)
}

/// The dev set at the shipped thresholds.
pub fn dev(table: &Table, texts: &Texts) -> String {
    let mut scratch = Scratch::default();
    let scored: Vec<(f32, &Example)> = texts
        .dev
        .iter()
        .map(|one| (score(table, one, &mut scratch), one))
        .collect();
    let mut out = String::from(
        "| dev set | attacks / harmless | AUC | recall at 1 % false | at 1 % of everyday | flagged: attacks | everyday |\n|---|---|---|---|---|---|---|\n",
    );
    let mut row = |name: &str, wanted: &dyn Fn(&Example) -> bool| {
        let of = |kind: &dyn Fn(&Example) -> bool| {
            let here = scored.iter().filter(|(_, one)| wanted(one) && kind(one));
            here.map(|(score, _)| *score).collect::<Vec<f32>>()
        };
        let (attacks, harmless) = (of(&|one| one.attack), of(&|one| !one.attack));
        let everyday = of(&|one| !one.attack && one.is_everyday());
        if attacks.is_empty() {
            return;
        }
        let _ = writeln!(
            out,
            "| {name} | {} / {} | {:.4} | {:.3} | {:.3} | {:.3} | {:.4} |",
            attacks.len(),
            harmless.len(),
            auc(&attacks, &harmless),
            recall_at(&attacks, &harmless, 0.01),
            recall_at(&attacks, &everyday, 0.01),
            over(&attacks, FLAGGED),
            over(&everyday, FLAGGED),
        );
    };
    row("all", &|_| true);
    for side in Side::ALL {
        row(side.name(), &|one| one.side == side);
    }
    let mut languages: Vec<&str> = texts.dev.iter().map(|one| one.language.as_str()).collect();
    languages.sort_unstable();
    languages.dedup();
    for language in languages {
        row(language, &|one| one.language == language);
    }
    out + &by_source(&scored)
}

fn by_source(scored: &[(f32, &Example)]) -> String {
    let mut out = String::from("\n| source | label | texts | flagged |\n|---|---|---|---|\n");
    let mut by: BTreeMap<(bool, &str), Vec<f32>> = BTreeMap::new();
    for (score, one) in scored {
        by.entry((!one.attack, &one.source)).or_default().push(*score);
    }
    for ((harmless, source), scores) in by {
        let label = if harmless { "harmless" } else { "attack" };
        let _ = writeln!(
            out,
            "| {source} | {label} | {} | {:.3} |",
            scores.len(),
            over(&scores, FLAGGED)
        );
    }
    out
}

/// Recall on each source of attacks, learnt without it, at thresholds chosen as for the table that ships.
pub fn sources(texts: &Texts) -> String {
    let learnt: Vec<Prepared<'_>> = texts
        .learnt()
        .map(|one| Prepared::around(one, &texts.concepts))
        .collect();
    let measured: Vec<Prepared<'_>> = texts
        .measured()
        .map(|one| Prepared::new(one, &texts.concepts))
        .collect();
    let measured: Vec<&Prepared<'_>> = measured.iter().collect();
    let mut names: Vec<&str> = measured
        .iter()
        .filter(|one| one.example.attack)
        .map(|one| family(&one.example.source))
        .collect();
    names.sort_unstable();
    names.dedup();
    let mut out = String::from("| learnt without | attacks | recall |\n|---|---|---|\n");
    let (mut sum, mut count) = (0.0, 0u32);
    for name in names {
        let is_held = |one: &Prepared<'_>| one.example.attack && family(&one.example.source) == name;
        let (mut hits, mut all) = (0.0, 0);
        for side in Side::ALL {
            let held: Vec<&Prepared<'_>> = measured
                .iter()
                .copied()
                .filter(|one| one.example.side == side && is_held(one))
                .collect();
            if held.is_empty() {
                continue;
            }
            let rest: Vec<&Prepared<'_>> = learnt.iter().filter(|one| !is_held(one)).collect();
            let weights = learn(&rest, side);
            let limits = thresholds(&weights, &measured, side);
            let scored: Vec<(f32, &Prepared<'_>)> =
                held.iter().map(|one| (odds(&weights, one), *one)).collect();
            hits += flagged(&scored, limits) * held.len() as f64;
            all += held.len();
        }
        let recall = hits / all as f64;
        let _ = writeln!(out, "| {name} | {all} | {recall:.3} |");
        (sum, count) = (sum + recall, count + 1);
    }
    let _ = writeln!(
        out,
        "| mean over sources | | {:.3} |",
        sum / f64::from(count.max(1))
    );
    out
}

/// A source and its translations are one.
fn family(source: &str) -> &str {
    source.trim_end_matches("_mt").trim_end_matches("_train")
}

/// Five-fold cross-validation: texts of one group, in the corpus those of one template, are on one side only.
pub fn folds(texts: &Texts) -> String {
    let prepare = |one| Prepared::new(one, &texts.concepts);
    let own: Vec<Prepared<'_>> = texts.own.iter().map(prepare).collect();
    let others: Vec<Prepared<'_>> = texts.measured().map(prepare).collect();
    let learnt: Vec<Prepared<'_>> = texts
        .learnt()
        .chain(&texts.dev)
        .filter(|one| one.source == "own" || is_permitted(&one.source))
        .map(|one| Prepared::around(one, &texts.concepts))
        .collect();
    let mut scored: Vec<(f32, &Prepared<'_>)> = Vec::new();
    for fold in 0..FOLDS {
        let is_held = |one: &&Prepared<'_>| one.example.group % FOLDS == fold;
        let rest: Vec<&Prepared<'_>> = learnt.iter().filter(|one| !is_held(one)).collect();
        for side in Side::ALL {
            let weights = learn(&rest, side);
            let is_test = |one: &&Prepared<'_>| is_held(one) && one.example.side == side;
            let test = own.iter().chain(&others).filter(is_test);
            scored.extend(test.map(|one| (odds(&weights, one), one)));
        }
    }
    let mut languages: Vec<&str> = scored
        .iter()
        .map(|(_, one)| one.example.language.as_str())
        .collect();
    languages.sort_unstable();
    languages.dedup();
    let mut out = String::from(
        "| language | texts | corpus: attacks / harmless | recall at .1 % false | at 1 % | AUC | of others: attacks / harmless | recall at .1 % false | AUC |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for (language, side) in languages
        .into_iter()
        .flat_map(|language| Side::ALL.map(|side| (language, side)))
    {
        let of = |attack: bool, own: bool| {
            let here = scored.iter().map(|(odds, one)| (odds, one.example));
            let here =
                here.filter(|(_, one)| one.language == language && one.side == side && one.attack == attack);
            here.filter(|(_, one)| (one.source == "own") == own)
                .map(|(odds, _)| *odds)
                .collect::<Vec<f32>>()
        };
        let (attacks, harmless) = (of(true, true), of(false, true));
        let (theirs, their_harmless) = (of(true, false), of(false, false));
        if attacks.is_empty() && theirs.is_empty() {
            continue;
        }
        let _ = writeln!(
            out,
            "| {language} | {} | {} / {} | {:.3} | {:.3} | {:.4} | {} / {} | {:.3} | {:.4} |",
            side.name(),
            attacks.len(),
            harmless.len(),
            recall_at(&attacks, &harmless, 0.001),
            recall_at(&attacks, &harmless, 0.01),
            auc(&attacks, &harmless),
            theirs.len(),
            their_harmless.len(),
            recall_at(&theirs, &their_harmless, 0.001),
            auc(&theirs, &their_harmless),
        );
    }
    out
}
