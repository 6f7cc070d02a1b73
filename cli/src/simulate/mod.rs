//! `penstock simulate`: a trace against a fleet of GPUs that is not there, by who picks the server.

mod capacity;
mod page;
mod progress;

use crate::args::{Question, SimulateArgs};
use crate::{Console, REFUSED, input};
use penstock_fleet::jobs::{Cell, Played, play_telling};
use penstock_fleet::rivals::Known;
use penstock_fleet::{Arrivals, Scenario, Trace, generate};
use progress::Progress;

/// Before the name of a trace that is made by rule.
const GENERATED: &str = "gen:";

/// A row of the answer: at a rate, or none where no rate was low enough.
struct Row {
    policy: &'static Known,
    played: Option<Played>,
}

/// Runs `penstock simulate`.
pub(crate) fn run(args: &SimulateArgs, console: &mut Console<'_>) -> u8 {
    let trace = match trace(args) {
        Ok(trace) => trace,
        Err(Unusable::Unreadable(error)) => return console.fail(&error),
        Err(Unusable::NoTrace(error)) => {
            console.fail(&error);
            return REFUSED;
        }
    };
    let mut progress = Progress::default();
    let rows = match args.question {
        Question::Rates => at_rates(args, &trace, console, &mut progress),
        Question::Capacity => capacity::search(args, &trace, console, &mut progress),
    };
    match rows {
        Ok(rows) if args.json => console.say(&page::document(args, &trace, &rows)),
        Ok(rows) => console.say(&page::table(args, &trace, &rows)),
        Err(error) => console.fail(&error),
    }
}

fn at_rates(
    args: &SimulateArgs,
    trace: &Trace,
    console: &mut Console<'_>,
    progress: &mut Progress,
) -> Result<Vec<Row>, String> {
    let rates = if args.rates.is_empty() {
        vec![trace.rate()]
    } else {
        args.rates.clone()
    };
    let cells = rates.iter().flat_map(|rate| {
        let by = |policy: &&'static Known| cell(args, policy, scenario(args, trace, *rate, 0.0));
        args.policies.iter().map(by)
    });
    play(trace, cells.collect(), console, progress)
}

/// A run at that rate: as long as was asked for, else the whole trace from its start, and no shorter than so long.
fn scenario(args: &SimulateArgs, trace: &Trace, rate: f64, least: f64) -> Scenario {
    let whole = trace.records().len() as f64 + 0.5;
    let arrivals = if args.duration.is_some() {
        Arrivals::Trace
    } else {
        Arrivals::TraceFromStart
    };
    Scenario {
        rate,
        duration: args.duration.unwrap_or((whole / rate).max(least)),
        arrivals,
        ..args.base.clone()
    }
}

fn cell(args: &SimulateArgs, policy: &'static Known, scenario: Scenario) -> Cell {
    Cell {
        policy,
        scenario,
        seeds: args.seeds,
    }
}

fn play(
    trace: &Trace,
    cells: Vec<Cell>,
    console: &mut Console<'_>,
    progress: &mut Progress,
) -> Result<Vec<Row>, String> {
    for cell in &cells {
        cell.scenario.check()?;
    }
    let played = play_telling(trace, cells, |done, of| progress.tell(done, of, console))?;
    let rows = played.into_iter().map(|played| Row {
        policy: played.cell.policy,
        played: Some(played),
    });
    Ok(rows.collect())
}

/// Why there is no trace to play.
enum Unusable {
    Unreadable(String),
    NoTrace(String),
}

fn trace(args: &SimulateArgs) -> Result<Trace, Unusable> {
    let name = input::name(&args.trace);
    if let Some(rule) = name.strip_prefix(GENERATED) {
        return generate::trace(rule).ok_or_else(|| Unusable::Unreadable(no_rule(rule)));
    }
    let unreadable = |error: &dyn std::fmt::Display| Unusable::Unreadable(format!("{name}: {error}"));
    let bytes = input::read(&args.trace).map_err(|error| unreadable(&error))?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable(&"not UTF-8"))?;
    let parsed = if text.trim_start().starts_with('{') {
        Trace::from_jsonl(&text)
    } else {
        Trace::from_csv(text.trim_start_matches('\u{feff}'))
    };
    // `line 3: ...` becomes `FILE:3: ...`, as editors and other commands have it.
    parsed.map_err(|error| {
        Unusable::NoTrace(match error.strip_prefix("line ") {
            Some(at) => format!("{name}:{at}"),
            None => format!("{name}: {error}"),
        })
    })
}

fn no_rule(rule: &str) -> String {
    let known = generate::KNOWN.map(|(name, _)| format!("{GENERATED}{name}"));
    format!(
        "no trace is called {GENERATED}{rule:?}; there are: {}",
        known.join(", ")
    )
}
