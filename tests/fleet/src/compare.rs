//! Held against our first simulator.

use std::path::Path;

use crate::condition::{self, Condition};
use crate::jobs::{Cell, Played, play};
use crate::rivals;
use crate::table::aligned;

/// How far a figure may lie from the reference, over it.
const TOLERANCE: f64 = 0.15;
/// Runs of each; as many as the reference had.
const SEEDS: u64 = 5;

/// A line of reference.csv: seconds to the first token.
#[derive(Clone, Copy, Debug)]
struct Reference {
    condition: &'static Condition,
    rate: f64,
    policy: &'static rivals::Known,
    p50: f64,
    p99: f64,
}

/// The comparison.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// A row for each policy and rate: the reference's figures, ours, and ours over the reference's.
    pub text: String,
    /// Rows in which a figure is more than 15 % off.
    pub off: usize,
}

/// Plays every line of reference.csv again, with the traces in that folder.
pub fn compare(traces: &Path) -> Result<Comparison, String> {
    let references = references()?;
    let mut rows = vec![header()];
    let mut off = 0;
    for condition in condition::KNOWN {
        let of_condition: Vec<Reference> = references
            .iter()
            .filter(|line| line.condition.name == condition.name)
            .copied()
            .collect();
        if of_condition.is_empty() {
            continue;
        }
        let cells: Result<Vec<Cell>, String> = of_condition.iter().map(cell).collect();
        let played = play(&condition.trace(Some(traces))?, cells?)?;
        for (reference, played) in of_condition.iter().zip(&played) {
            let row = row(reference, played);
            off += usize::from(row.last().is_some_and(|verdict| verdict == "OFF"));
            rows.push(row);
        }
    }
    let text = format!(
        "{}{} rows, {off} more than {:.0} % off\n",
        aligned(&rows),
        rows.len() - 1,
        TOLERANCE * 100.0
    );
    Ok(Comparison { text, off })
}

fn cell(reference: &Reference) -> Result<Cell, String> {
    let scenario = reference.condition.scenario(reference.rate)?;
    Ok(Cell {
        policy: reference.policy,
        scenario,
        seeds: SEEDS,
    })
}

fn header() -> Vec<String> {
    [
        "condition",
        "rate",
        "policy",
        "p50 ref",
        "ours",
        "ratio",
        "p99 ref",
        "ours",
        "ratio",
        "",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn row(reference: &Reference, played: &Played) -> Vec<String> {
    let ttft = played.outcome.ttft;
    let ratios = [ttft.p50 / reference.p50, ttft.p99 / reference.p99];
    let near = ratios
        .iter()
        .all(|ratio| (1.0 - TOLERANCE..=1.0 + TOLERANCE).contains(ratio));
    vec![
        reference.condition.name.to_owned(),
        reference.rate.to_string(),
        reference.policy.name.to_owned(),
        format!("{:.4}", reference.p50),
        format!("{:.4}", ttft.p50),
        format!("{:.3}", ratios[0]),
        format!("{:.4}", reference.p99),
        format!("{:.4}", ttft.p99),
        format!("{:.3}", ratios[1]),
        if near { "" } else { "OFF" }.to_owned(),
    ]
}

fn references() -> Result<Vec<Reference>, String> {
    let lines = include_str!("../reference.csv")
        .lines()
        .filter(|line| !line.starts_with('#'));
    lines
        .skip(1)
        .map(|line| reference(line).map_err(|error| format!("reference.csv, {line}: {error}")))
        .collect()
}

fn reference(line: &str) -> Result<Reference, String> {
    let fields: Vec<&str> = line.split(',').collect();
    let [condition, rate, policy, p50, p99] = <[&str; 5]>::try_from(fields).map_err(|_| "five fields")?;
    let number = |text: &str| text.parse::<f64>().map_err(|error| error.to_string());
    Ok(Reference {
        condition: condition::named(condition)?,
        rate: number(rate)?,
        policy: rivals::named(policy).ok_or("no such policy")?,
        p50: number(p50)?,
        p99: number(p99)?,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_reference_names_what_there_is() {
        assert_eq!(super::references().unwrap().len(), 12 * 19);
    }
}
