//! The command lines of what is about fleets: `simulate`, `fleet`.

use super::{ADMIN, ArgError, Command, hint, seconds, unexpected};
use crate::admin::Admin;
use crate::help::Topic;
use lexopt::{Arg, Parser, ValueExt};
use penstock_fleet::rivals::{self, Known};
use penstock_fleet::{Scenario, fleet};
use std::ffi::OsString;
use std::time::Duration;

/// The command line of `penstock simulate`.
#[derive(Debug)]
pub(crate) struct SimulateArgs {
    pub(crate) trace: OsString,
    /// The fleet as it was given.
    pub(crate) fleet: String,
    /// What is the same in every run.
    pub(crate) base: Scenario,
    /// Requests a second; none is the trace's own.
    pub(crate) rates: Vec<f64>,
    /// Seconds; none is the whole trace once.
    pub(crate) duration: Option<f64>,
    pub(crate) seeds: u64,
    pub(crate) policies: Vec<&'static Known>,
    pub(crate) question: Question,
    pub(crate) json: bool,
}

/// What is asked of a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// How it goes at these rates.
    Rates,
    /// Up to which rate it goes well.
    Capacity,
}

/// The command line of `penstock fleet`.
#[derive(Debug)]
pub(crate) struct FleetArgs {
    pub(crate) admin: Admin,
    pub(crate) watch: Option<Duration>,
    pub(crate) json: bool,
}

const SIMULATE_OPTIONS: &[&str] = &[
    "--fleet",
    "--rates",
    "--duration",
    "--seeds",
    "--policies",
    "--slo-ttft",
    "--slo-tpot",
    "--max-input",
    "--capacity",
    "--json",
    "--help",
];
const FLEET_OPTIONS: &[&str] = &["--admin", "--watch", "--json", "--help"];
/// Ours, Envoy's usual ones, and the Gateway API Inference Extension.
const POLICIES: &str = "penstock,rr,p2c,gie";
/// Most runs of each.
const MOST_SEEDS: u64 = 1000;

pub(super) fn simulate(parser: &mut Parser) -> Result<Command, ArgError> {
    let mut args = SimulateArgs {
        trace: OsString::new(),
        fleet: String::new(),
        base: Scenario::new(Vec::new()),
        rates: Vec::new(),
        duration: None,
        seeds: 3,
        policies: policies(POLICIES)?,
        question: Question::Rates,
        json: false,
    };
    let mut trace = None;
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help(Topic::Simulate)),
            Arg::Short('f') | Arg::Long("fleet") => args.fleet = parser.value()?.string()?,
            Arg::Short('r') | Arg::Long("rates") => args.rates = rates(&parser.value()?.string()?)?,
            Arg::Short('d') | Arg::Long("duration") => args.duration = Some(positive(parser, "--duration")?),
            Arg::Short('s') | Arg::Long("seeds") => args.seeds = seeds(&parser.value()?.string()?)?,
            Arg::Short('p') | Arg::Long("policies") => args.policies = policies(&parser.value()?.string()?)?,
            Arg::Long("slo-ttft") => args.base.slo.ttft = positive(parser, "--slo-ttft")?,
            Arg::Long("slo-tpot") => args.base.slo.tpot = positive(parser, "--slo-tpot")?,
            Arg::Long("max-input") => args.base.max_input = positive(parser, "--max-input")? as usize,
            Arg::Long("capacity") => args.question = Question::Capacity,
            Arg::Short('j') | Arg::Long("json") => args.json = true,
            Arg::Value(value) if trace.is_none() => trace = Some(value),
            other => return Err(unexpected(&other, SIMULATE_OPTIONS, "penstock simulate --help")),
        }
    }
    args.trace = trace.ok_or_else(|| missing("a trace"))?;
    if args.fleet.is_empty() {
        return Err(missing("--fleet"));
    }
    args.base.fleet = fleet::parse(&args.fleet).map_err(ArgError)?;
    if args.question == Question::Capacity && !args.rates.is_empty() {
        return Err(ArgError(
            "--capacity looks for the rate itself: leave --rates out".to_owned(),
        ));
    }
    Ok(Command::Simulate(Box::new(args)))
}

fn missing(what: &str) -> ArgError {
    ArgError(format!("{what} is missing: try `penstock simulate --help`"))
}

fn positive(parser: &mut Parser, option: &str) -> Result<f64, ArgError> {
    number(&parser.value()?.string()?, option)
}

fn number(text: &str, option: &str) -> Result<f64, ArgError> {
    let number = text.trim().parse().ok();
    number
        .filter(|number: &f64| number.is_finite() && *number > 0.0)
        .ok_or_else(|| ArgError(format!("{option} {text:?}: not a number above 0")))
}

fn rates(text: &str) -> Result<Vec<f64>, ArgError> {
    text.split(',').map(|rate| number(rate, "--rates")).collect()
}

fn seeds(text: &str) -> Result<u64, ArgError> {
    let seeds = text.parse().ok().filter(|seeds| (1..=MOST_SEEDS).contains(seeds));
    seeds.ok_or_else(|| {
        ArgError(format!(
            "--seeds {text:?}: not a whole number from 1 to {MOST_SEEDS}"
        ))
    })
}

fn policies(text: &str) -> Result<Vec<&'static Known>, ArgError> {
    if text == "all" {
        return Ok(rivals::known().iter().collect());
    }
    text.split(',').map(|name| policy(name.trim())).collect()
}

fn policy(name: &str) -> Result<&'static Known, ArgError> {
    rivals::named(name).ok_or_else(|| {
        let known: Vec<&str> = rivals::known().iter().map(|policy| policy.name).collect();
        ArgError(format!(
            "no policy is called {name:?}{}; there are: {}",
            hint(name, &known),
            known.join(", ")
        ))
    })
}

pub(super) fn fleet(parser: &mut Parser) -> Result<Command, ArgError> {
    let (mut admin, mut watch, mut json) = (ADMIN.to_owned(), None, false);
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help(Topic::Fleet)),
            Arg::Short('a') | Arg::Long("admin") => admin = parser.value()?.string()?,
            Arg::Short('w') | Arg::Long("watch") => watch = Some(seconds(&parser.value()?.string()?)?),
            Arg::Short('j') | Arg::Long("json") => json = true,
            other => return Err(unexpected(&other, FLEET_OPTIONS, "penstock fleet --help")),
        }
    }
    let admin = Admin::parse(&admin).map_err(ArgError)?;
    Ok(Command::Fleet(FleetArgs { admin, watch, json }))
}
