//! All scenarios, and running them.

use crate::cases;
use crate::chunking::Chunking;
use crate::envoy::{Wire, binary, group, judge};
use crate::native;
use crate::scenario::{Cuts, Protocol, Runs, Scenario};
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

/// Which part of the table runs, and where.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Run natively.
    pub native: bool,
    /// Run on a real Envoy.
    pub envoy: bool,
    /// Only these protocols; all when empty.
    pub protocols: Vec<Protocol>,
    /// Only scenarios whose name has this in it.
    pub filter: String,
    /// Record traces to this folder instead.
    pub record: Option<PathBuf>,
    /// Print passed scenarios too.
    pub verbose: bool,
}

/// How a run of the table ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Scenarios that held in every chunking, counted once a place and protocol.
    pub passed: usize,
    /// Scenarios that did not.
    pub failed: usize,
}

/// The whole table, sorted so that scenarios of one proxy stand together.
pub fn table() -> Vec<Scenario> {
    let mut all = cases::all();
    all.sort_by_key(group);
    all
}

/// Runs the chosen part and prints a line for each scenario.
pub async fn run(choice: &Choice, out: &mut dyn Write) -> Result<Tally, String> {
    let mut tally = Tally::default();
    let chosen: Vec<Scenario> = table()
        .into_iter()
        .filter(|one| one.name.contains(&choice.filter))
        .collect();
    if choice.native {
        for scenario in &chosen {
            for protocol in protocols(scenario.runs, Place::Native, &choice.protocols) {
                let begin = Instant::now();
                let result = natively(scenario, protocol);
                line(
                    &mut tally,
                    choice,
                    out,
                    scenario,
                    &format!("native {}", protocol.name()),
                    begin,
                    result,
                )?;
            }
        }
    }
    if choice.envoy {
        let folder = run_folder();
        let mut wire = Wire::new(binary()?, &folder, &chosen).await?;
        for scenario in &chosen {
            for protocol in protocols(scenario.runs, Place::Envoy, &choice.protocols) {
                let begin = Instant::now();
                let result = on_envoy(&mut wire, scenario, protocol).await;
                line(
                    &mut tally,
                    choice,
                    out,
                    scenario,
                    &format!("envoy {}", protocol.name()),
                    begin,
                    result,
                )?;
            }
        }
    }
    Ok(tally)
}

fn natively(scenario: &Scenario, protocol: Protocol) -> Result<usize, String> {
    let chunkings = match scenario.cuts {
        Cuts::Both => Chunking::native(scenario.longest_body()),
        Cuts::None => vec![Chunking::Whole],
    };
    for chunking in &chunkings {
        let seen = native::run(scenario, protocol, *chunking).map_err(|why| format!("{chunking}: {why}"))?;
        judge(scenario, &seen).map_err(|why| format!("{chunking}: {why}"))?;
    }
    Ok(chunkings.len())
}

async fn on_envoy(wire: &mut Wire, scenario: &Scenario, protocol: Protocol) -> Result<usize, String> {
    let chunkings = match scenario.cuts {
        Cuts::Both => Chunking::wire(scenario.longest_body()),
        Cuts::None => vec![Chunking::Whole],
    };
    for chunking in &chunkings {
        wire.run(scenario, protocol, *chunking)
            .await
            .map_err(|why| format!("{chunking}: {why}"))?;
    }
    Ok(chunkings.len())
}

/// Where a scenario can run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Native,
    Envoy,
}

fn protocols(runs: Runs, place: Place, wanted: &[Protocol]) -> Vec<Protocol> {
    let native = place == Place::Native;
    let all = match runs {
        Runs::Everywhere => vec![Protocol::Http1, Protocol::Http2],
        Runs::Http1(_) => vec![Protocol::Http1],
        Runs::Http2(_) => vec![Protocol::Http2],
        Runs::Envoy(_) if !native => vec![Protocol::Http1, Protocol::Http2],
        Runs::EnvoyHttp1(_) if !native => vec![Protocol::Http1],
        Runs::EnvoyHttp2(_) if !native => vec![Protocol::Http2],
        Runs::Native(_) if native => vec![Protocol::Http1, Protocol::Http2],
        Runs::Envoy(_) | Runs::EnvoyHttp1(_) | Runs::EnvoyHttp2(_) | Runs::Native(_) => Vec::new(),
    };
    all.into_iter()
        .filter(|protocol| wanted.is_empty() || wanted.contains(protocol))
        .collect()
}

fn line(
    tally: &mut Tally,
    choice: &Choice,
    out: &mut dyn Write,
    scenario: &Scenario,
    place: &str,
    begin: Instant,
    result: Result<usize, String>,
) -> Result<(), String> {
    let text = match result {
        Ok(runs) => {
            tally.passed += 1;
            choice.verbose.then(|| {
                format!(
                    "ok    {place:10} {} ({runs} chunkings, {:.1} s)",
                    scenario.name,
                    begin.elapsed().as_secs_f32()
                )
            })
        }
        Err(why) => {
            tally.failed += 1;
            Some(format!(
                "FAIL  {place:10} {}\n        {}",
                scenario.name,
                why.replace('\n', "\n        ")
            ))
        }
    };
    text.map_or(Ok(()), |text| {
        writeln!(out, "{text}").map_err(|error| error.to_string())
    })
}

/// Where the files of this process' Envoys are.
pub fn run_folder() -> PathBuf {
    std::env::temp_dir().join(format!("penstock-e2e-{}", std::process::id()))
}
