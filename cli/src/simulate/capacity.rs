//! The highest rate at which nearly all requests meet their objectives.

use super::{Progress, Row, cell, play, scenario};
use crate::Console;
use crate::args::SimulateArgs;
use penstock_fleet::Trace;
use penstock_fleet::jobs::Played;
use penstock_fleet::rivals::Known;

/// Share of requests that must meet their objectives.
pub(super) const GOODPUT: f64 = 0.99;
/// Runs are at least so long, in seconds: in a short one a queue has no time to grow.
const LEAST_SECONDS: f64 = 300.0;
/// The answer is at most this much below a rate that is too high.
const CLOSE: f64 = 1.02;
/// A fleet that is overloaded at so small a part of the trace's rate is overloaded.
const LEAST_SHARE: f64 = 1.0 / 512.0;
/// A fleet that bears so many times the trace's rate is not what bounds it.
const MOST_TIMES: f64 = 4096.0;
/// Requests of a run, at least and at most: fewer say nothing, more take too long.
const REQUESTS: (f64, f64) = (10.0, 5e6);

/// What is known of one policy.
struct Search {
    policy: &'static Known,
    /// The rate to begin with, and between which to look.
    first: f64,
    bounds: (f64, f64),
    /// The highest rate that went well.
    well: Option<Played>,
    /// The lowest that did not.
    ill: Option<f64>,
}

/// Looks for the rates of all policies at once, so that every core has something to do.
pub(super) fn search(
    args: &SimulateArgs,
    trace: &Trace,
    console: &mut Console<'_>,
    progress: &mut Progress,
) -> Result<Vec<Row>, String> {
    let own = round(trace.rate());
    let seconds = args.duration.unwrap_or(LEAST_SECONDS);
    let least = match args.duration {
        Some(seconds) => (own * LEAST_SHARE).max(REQUESTS.0 / seconds),
        // The whole trace is played, however low the rate.
        None => own * LEAST_SHARE,
    };
    let most = (own * MOST_TIMES).min(REQUESTS.1 / seconds).max(least);
    let begin = |policy: &&'static Known| Search {
        policy,
        first: own.clamp(least, most),
        bounds: (least, most),
        well: None,
        ill: None,
    };
    let mut searches: Vec<Search> = args.policies.iter().map(begin).collect();
    loop {
        let open = searches.iter().filter_map(|search| {
            let scenario = scenario(args, trace, search.next()?, LEAST_SECONDS);
            Some(cell(args, search.policy, scenario))
        });
        let open: Vec<_> = open.collect();
        if open.is_empty() {
            break;
        }
        let mut rows = play(trace, open, console, progress)?.into_iter();
        for search in searches.iter_mut().filter(|search| search.next().is_some()) {
            if let Some(played) = rows.next().and_then(|row| row.played) {
                search.learn(played);
            }
        }
    }
    let row = |search: Search| Row {
        policy: search.policy,
        played: search.well,
    };
    Ok(searches.into_iter().map(row).collect())
}

impl Search {
    /// The rate to try next: doubled or halved until the answer lies between two, then their geometric mean.
    fn next(&self) -> Option<f64> {
        let (least, most) = self.bounds;
        let well = self.well.as_ref().map(|played| played.cell.scenario.rate);
        match (well, self.ill) {
            (None, None) => Some(self.first),
            (Some(well), None) => Some(2.0 * well).filter(|rate| *rate <= most),
            (None, Some(ill)) => Some(round(ill / 2.0)).filter(|rate| *rate >= least),
            (Some(well), Some(ill)) => {
                let between = round((well * ill).sqrt());
                (ill > well * CLOSE && between > well && between < ill).then_some(between)
            }
        }
    }

    fn learn(&mut self, played: Played) {
        if played.outcome.goodput >= GOODPUT {
            self.well = Some(played);
        } else {
            self.ill = Some(played.cell.scenario.rate);
        }
    }
}

/// To three digits: more is noise.
fn round(rate: f64) -> f64 {
    format!("{rate:.2e}").parse().unwrap_or(rate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use penstock_fleet::jobs::Cell;
    use penstock_fleet::{Outcome, Scenario, rivals};

    fn found(first: f64, capacity: f64) -> Option<f64> {
        let policy = rivals::named("rr").unwrap();
        let mut search = Search {
            policy,
            first,
            bounds: (first * LEAST_SHARE, first * MOST_TIMES),
            well: None,
            ill: None,
        };
        while let Some(rate) = search.next() {
            let scenario = Scenario {
                rate,
                ..Scenario::new(Vec::new())
            };
            let cell = Cell {
                policy,
                scenario,
                seeds: 1,
            };
            let goodput = f64::from(u8::from(rate <= capacity));
            let outcome = Outcome {
                goodput,
                ..Outcome::default()
            };
            search.learn(Played { cell, outcome });
        }
        search.well.map(|played| played.cell.scenario.rate)
    }

    #[test]
    fn it_ends_close_below() {
        for (first, capacity) in [(5.0, 41.7), (5.0, 5.0), (800.0, 3.3), (0.01, 7.0)] {
            let rate = found(first, capacity).unwrap();
            assert!(
                rate <= capacity && rate * CLOSE * 1.01 >= capacity,
                "{rate} of {capacity}"
            );
        }
        assert_eq!(found(5.0, 0.0), None);
        assert!(found(1.0, f64::INFINITY).is_some());
    }
}
