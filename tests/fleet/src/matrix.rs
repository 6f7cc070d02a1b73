//! Every policy under every condition: tables, figures for programs, plots.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::condition::{self, Condition};
use crate::jobs::{Cell, Played, play};
use crate::plot::{Labels, Series, svg};
use crate::ratios;
use crate::rivals::{Known, OURS};
use crate::table;

/// Step of the rates that capacity is looked for at, requests a second.
const CAPACITY_STEP: f64 = 2.5;
/// The first of them.
const CAPACITY_START: f64 = 20.0;
/// The last of them.
const CAPACITY_END: f64 = 80.0;
/// Share of requests that must meet their objectives.
const CAPACITY_GOODPUT: f64 = 0.99;

/// What is to be played.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// A folder of public traces; without, those made by rule.
    pub traces: Option<&'a Path>,
    /// Where `CONDITION.csv` and `CONDITION.svg` go.
    pub out: &'a Path,
    /// Under which conditions.
    pub conditions: &'a [&'static Condition],
    /// Who picks.
    pub policies: &'a [&'static Known],
    /// Runs of each.
    pub seeds: u64,
}

impl Matrix<'_> {
    /// Plays all, writes the files and tells the tables, each as it is done.
    pub fn play(&self, mut tell: impl FnMut(&str)) -> Result<(), String> {
        fs::create_dir_all(self.out).map_err(|error| format!("{}: {error}", self.out.display()))?;
        let mut results = ratios::Results::default();
        for condition in self.conditions {
            let trace = condition.trace(self.traces)?;
            let cells = self.cells(condition, condition.rates, self.policies)?;
            let played = play(&trace, cells)?;
            let of = condition.trace_name(self.traces);
            tell(&format!(
                "{}: {} ({of})\n{}",
                condition.name,
                condition.about,
                table::text(&played)
            ));
            self.write(&format!("{}.csv", condition.name), &table::csv(&played))?;
            if condition.rates.len() > 1 {
                self.write(&format!("{}.svg", condition.name), &plot(condition, &played))?;
            }
            results.played(condition.name, &played);
        }
        if self.conditions.iter().any(|condition| condition.name == "mixed") {
            let capacities = self.capacity()?;
            tell(&self.tell_capacity(&capacities)?);
            results.capacities(&capacities);
        }
        // The goals are for the public traces.
        if self.traces.is_some() {
            tell(&results.text()?);
        }
        Ok(())
    }

    /// The highest rate on the mixed fleet at which 99 % of the requests meet their objectives.
    fn capacity(&self) -> Result<Vec<(&'static str, Option<f64>)>, String> {
        let condition = condition::named("mixed")?;
        let trace = condition.trace(self.traces)?;
        let mut capacities: Vec<Option<f64>> = vec![None; self.policies.len()];
        let mut tried: Vec<&'static Known> = self.policies.to_vec();
        let steps = ((CAPACITY_END - CAPACITY_START) / CAPACITY_STEP) as u32;
        for rate in (0..=steps).map(|step| CAPACITY_START + CAPACITY_STEP * f64::from(step)) {
            let played = play(&trace, self.cells(condition, &[rate], &tried)?)?;
            for played in played
                .iter()
                .filter(|played| played.outcome.goodput >= CAPACITY_GOODPUT)
            {
                let name = played.cell.policy.name;
                let place = self.policies.iter().position(|policy| policy.name == name);
                capacities[place.unwrap_or_default()] = Some(rate);
            }
            // Chance lets one fail and do well at the next rate; not at the one after.
            let hopeless = rate - 2.0 * CAPACITY_STEP;
            tried.retain(|known| {
                let place = self.policies.iter().position(|policy| policy.name == known.name);
                let capacity = place.and_then(|place| capacities[place]);
                capacity.unwrap_or(CAPACITY_START) > hopeless
            });
        }
        let names = self.policies.iter().map(|policy| policy.name);
        Ok(names.zip(capacities).collect())
    }

    fn tell_capacity(&self, capacities: &[(&'static str, Option<f64>)]) -> Result<String, String> {
        let mut text =
            format!("capacity: highest rate with goodput of {CAPACITY_GOODPUT} on the mixed fleet\n");
        let rows: Vec<Vec<String>> = capacities
            .iter()
            .map(|(policy, capacity)| {
                let capacity = capacity.map_or(format!("<{CAPACITY_START}"), |rate| rate.to_string());
                vec![(*policy).to_owned(), capacity]
            })
            .collect();
        text.push_str(&table::aligned(&rows));
        let mut csv = String::from("policy,capacity\n");
        for row in &rows {
            let _ = writeln!(csv, "{}", row.join(","));
        }
        self.write("capacity.csv", &csv)?;
        Ok(text)
    }

    fn cells(
        &self,
        condition: &Condition,
        rates: &[f64],
        policies: &[&'static Known],
    ) -> Result<Vec<Cell>, String> {
        let mut cells = Vec::new();
        for policy in policies {
            for rate in rates {
                cells.push(Cell {
                    policy,
                    scenario: condition.scenario(*rate)?,
                    seeds: self.seeds,
                });
            }
        }
        Ok(cells)
    }

    fn write(&self, name: &str, content: &str) -> Result<(), String> {
        let path = self.out.join(name);
        fs::write(&path, content).map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// Tails against load, a line for each policy.
fn plot(condition: &Condition, played: &[Played]) -> String {
    let labels = Labels {
        title: format!("{}: {}", condition.name, condition.about),
        x: "requests a second".to_owned(),
        y: "time to first token, 99th percentile, seconds".to_owned(),
    };
    let mut lines: Vec<Series> = Vec::new();
    for played in played {
        let name = played.cell.policy.name;
        let point = (played.cell.scenario.rate, played.outcome.ttft.p99);
        match lines.iter_mut().find(|line| line.name == name) {
            Some(line) => line.points.push(point),
            None => lines.push(Series {
                name: name.to_owned(),
                points: vec![point],
                ours: name == OURS,
            }),
        }
    }
    svg(&labels, &lines)
}
