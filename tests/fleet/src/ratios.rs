//! How many times better our own picker is than others, held against its goals.

use std::collections::HashMap;

use crate::jobs::Played;
use crate::outcome::Outcome;
use crate::rivals::OURS;
use crate::table::aligned;

const GOALS: &str = include_str!("../goals.csv");
/// Most requests that may fail with a black hole, as a share.
const MOST_FAILED: f64 = 0.002;
/// Most seconds to the first token, 99th percentile, with a slow server.
const MOST_SLOW: f64 = 0.3;
/// How much worse several gateways may be than one.
const GATEWAYS: [(&str, f64); 2] = [("gateways_4", 1.25), ("gateways_16", 1.6)];

/// What a ratio is to be.
#[derive(Clone, Copy, Debug)]
enum Goal {
    /// So many times better than the other.
    AtLeast(f64),
    /// At most so many times worse than the other.
    Within(f64),
    /// Shown alone.
    Open,
}

/// What is compared.
#[derive(Clone, Copy, Debug)]
enum Figure<'a> {
    /// The 99th percentile of the time to first token, under that condition at that rate.
    Tail(&'a str, f64),
    /// The highest rate on the mixed fleet at which objectives are met.
    Capacity,
}

/// Everything that was played, and how far each policy got.
#[derive(Debug, Default)]
pub struct Results {
    outcomes: Vec<(&'static str, f64, &'static str, Outcome)>,
    capacities: HashMap<&'static str, f64>,
}

impl Results {
    /// Takes the outcomes of a condition.
    pub fn played(&mut self, condition: &'static str, played: &[Played]) {
        let outcomes = played.iter().map(|played| {
            let Played { cell, outcome } = played;
            (condition, cell.scenario.rate, cell.policy.name, *outcome)
        });
        self.outcomes.extend(outcomes);
    }

    /// Takes the highest rates of the policies.
    pub fn capacities(&mut self, capacities: &[(&'static str, Option<f64>)]) {
        let known = capacities.iter().copied();
        self.capacities
            .extend(known.filter_map(|(policy, rate)| Some((policy, rate?))));
    }

    /// A row for each rival, then what our own alone is to reach. What was not played is a dash.
    pub fn text(&self) -> Result<String, String> {
        let mut tally = Tally::default();
        let mut lines = GOALS.lines().filter(|line| !line.starts_with('#'));
        let header = fields(lines.next().unwrap_or_default());
        let figures: Option<Vec<Figure<'_>>> = header.iter().skip(1).map(|name| figure(name)).collect();
        let figures = figures.ok_or("goals.csv: a column that is no figure")?;
        let mut rows = vec![header.iter().map(|name| (*name).to_owned()).collect()];
        for line in lines {
            let fields = fields(line);
            let (rival, goals) = fields.split_first().ok_or("goals.csv: an empty line")?;
            let mut row = vec![(*rival).to_owned()];
            for (figure, text) in figures.iter().zip(goals) {
                let goal = goal(text).ok_or_else(|| format!("goals.csv: {text:?} is no goal"))?;
                row.push(self.against(rival, *figure, goal, &mut tally));
            }
            rows.push(row);
        }
        let alone = self.alone(&mut tally);
        Ok(format!(
            "ratios: how many times lower our 99th percentile of the time to first token is (capacity: higher), and the \
             goal\n{}\nour own alone\n{}\n{} of {} goals are met\n",
            aligned(&rows),
            aligned(&alone),
            tally.met,
            tally.goals
        ))
    }

    fn against(&self, rival: &str, figure: Figure<'_>, goal: Goal, tally: &mut Tally) -> String {
        let pair = match figure {
            Figure::Tail(condition, rate) => self
                .tail(condition, rate, rival)
                .zip(self.tail(condition, rate, OURS)),
            Figure::Capacity => self.capacity(OURS).zip(self.capacity(rival)),
        };
        let Some(better) = pair.map(|(more, less)| more / less) else {
            return "-".to_owned();
        };
        match goal {
            Goal::Open => format!("{better:.2}"),
            Goal::AtLeast(least) => format!("{better:.2} >={least} {}", tally.judge(better >= least)),
            Goal::Within(most) => {
                let worse = 1.0 / better;
                format!("1/{worse:.2} <={most} {}", tally.judge(worse <= most))
            }
        }
    }

    fn alone(&self, tally: &mut Tally) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        let mut row = |name: &str, value: Option<f64>, most: f64| {
            let Some(value) = value else { return };
            let verdict = tally.judge(value <= most);
            let texts = [name, &format!("{value:.4}"), &format!("<={most}"), verdict];
            rows.push(texts.map(str::to_owned).to_vec());
        };
        let failed = self.outcome("black_hole", 45.0, OURS);
        row(
            "black_hole 45, share failed",
            failed.map(|outcome| outcome.failed),
            MOST_FAILED,
        );
        row("slow 45, seconds", self.tail("slow", 45.0, OURS), MOST_SLOW);
        for (condition, most) in GATEWAYS {
            let pair = self
                .tail(condition, 50.0, OURS)
                .zip(self.tail("mixed", 50.0, OURS));
            row(
                &format!("{condition} 50, over one"),
                pair.map(|(many, one)| many / one),
                most,
            );
        }
        rows
    }

    fn tail(&self, condition: &str, rate: f64, policy: &str) -> Option<f64> {
        self.outcome(condition, rate, policy)
            .map(|outcome| outcome.ttft.p99)
    }

    fn capacity(&self, policy: &str) -> Option<f64> {
        self.capacities.get(policy).copied()
    }

    fn outcome(&self, condition: &str, rate: f64, policy: &str) -> Option<&Outcome> {
        let mut outcomes = self.outcomes.iter();
        let of = outcomes.find(|(of, at, by, _)| (*of, *at, *by) == (condition, rate, policy));
        of.map(|(.., outcome)| outcome)
    }
}

fn fields(line: &str) -> Vec<&str> {
    line.split(',').collect()
}

fn figure(name: &str) -> Option<Figure<'_>> {
    match name.split_once(' ') {
        Some((condition, rate)) => Some(Figure::Tail(condition, rate.parse().ok()?)),
        None => (name == "capacity").then_some(Figure::Capacity),
    }
}

fn goal(text: &str) -> Option<Goal> {
    let number = |digits: &str| digits.parse().ok();
    match text.split_at_checked(2) {
        Some((">=", least)) => number(least).map(Goal::AtLeast),
        Some(("<=", most)) => number(most).map(Goal::Within),
        _ => (text == "-").then_some(Goal::Open),
    }
}

/// How many goals there were, and how many were met.
#[derive(Debug, Default)]
struct Tally {
    met: usize,
    goals: usize,
}

impl Tally {
    fn judge(&mut self, met: bool) -> &'static str {
        self.goals += 1;
        self.met += usize::from(met);
        if met { "pass" } else { "MISS" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Spread, condition, rivals};

    fn outcome(p99: f64) -> Outcome {
        let ttft = Spread {
            p99,
            ..Spread::default()
        };
        Outcome {
            ttft,
            failed: 0.001,
            ..Outcome::default()
        }
    }

    #[test]
    fn goals_name_what_there_is() {
        let mut lines = GOALS.lines().filter(|line| !line.starts_with('#')).map(fields);
        let header = lines.next().unwrap();
        for name in &header[1..] {
            if let Figure::Tail(name, rate) = figure(name).unwrap() {
                let condition = condition::named(name).unwrap();
                assert!(condition.rates.contains(&rate), "{name} {rate}");
            }
        }
        for line in lines {
            assert!(rivals::named(line[0]).is_some(), "{}", line[0]);
            assert_eq!(line.len(), header.len(), "{}", line[0]);
        }
    }

    #[test]
    fn each_goal_is_judged() {
        let results = Results {
            outcomes: vec![
                ("mixed", 50.0, OURS, outcome(0.2)),
                ("mixed", 50.0, "p2c", outcome(5.0)),
                ("mixed", 50.0, "gie", outcome(0.5)),
                ("mixed", 50.0, "oracle", outcome(0.1)),
                ("black_hole", 45.0, OURS, outcome(0.3)),
                ("gateways_4", 50.0, OURS, outcome(0.24)),
            ],
            capacities: [(OURS, 60.0), ("p2c", 40.0)].into(),
        };
        let text = results.text().unwrap();
        for told in [
            "25.00 >=20 pass",
            "2.50 >=3.5 MISS",
            "1/2.00 <=1.35 MISS",
            "1.50 >=1.45 pass",
            "black_hole 45, share failed",
            "1.2000   <=1.25  pass",
            "4 of 6 goals are met",
        ] {
            assert!(text.contains(told), "{told}\n{text}");
        }
    }
}
