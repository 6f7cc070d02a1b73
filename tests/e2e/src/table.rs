//! All scenarios, and running them.

use crate::cases;
use crate::chunking::Chunking;
use crate::envoy::{Wire, binary, group, judge, storm_scenario};
use crate::native;
use crate::scenario::{Cuts, Protocol, Runs, Scenario};
use std::cell::{Cell, RefCell};
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

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

/// Parts of a protocol's scenarios that run side by side on Envoy. Most of a run is waiting.
const LANES: usize = 2;

/// Runs the chosen part and prints a line for each scenario. On Envoy both protocols run side by side, in [`LANES`] each, with
/// proxies of their own.
pub async fn run(choice: &Choice, out: &mut dyn Write) -> Result<Tally, String> {
    let chosen: Vec<Scenario> = table()
        .into_iter()
        .filter(|one| one.name.contains(&choice.filter))
        .collect();
    let sheet = Sheet {
        choice,
        out: RefCell::new(out),
        tally: Cell::default(),
    };
    if choice.native {
        for (scenario, protocol, took, result) in all_natively(&chosen, &choice.protocols) {
            sheet.line(scenario, "native", protocol, took, result)?;
        }
    }
    if choice.envoy {
        let (http1, http2) = tokio::join!(
            in_lanes(&chosen, Protocol::Http1, &sheet),
            in_lanes(&chosen, Protocol::Http2, &sheet)
        );
        http1.and(http2)?;
        // Only if nothing is left in it.
        let _ = std::fs::remove_dir(run_folder());
    }
    Ok(sheet.tally.get())
}

/// Runs natively, one thread for each protocol.
fn all_natively<'a>(
    chosen: &'a [Scenario],
    wanted: &[Protocol],
) -> Vec<(&'a Scenario, Protocol, Duration, Result<usize, String>)> {
    let one = |protocol: Protocol| {
        let runs = chosen
            .iter()
            .filter(|one| protocols(one.runs, Place::Native, wanted).contains(&protocol));
        let timed = runs.map(|one| {
            let begin = Instant::now();
            let result = natively(one, protocol);
            (one, protocol, begin.elapsed(), result)
        });
        timed.collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let http2 = scope.spawn(|| one(Protocol::Http2));
        let mut all = one(Protocol::Http1);
        match http2.join() {
            Ok(more) => all.extend(more),
            Err(panic) => std::panic::resume_unwind(panic),
        }
        all
    })
}

/// Runs what there is for one protocol.
async fn in_lanes(chosen: &[Scenario], protocol: Protocol, sheet: &Sheet<'_>) -> Result<(), String> {
    let runs =
        |one: &&Scenario| protocols(one.runs, Place::Envoy, &sheet.choice.protocols).contains(&protocol);
    let chosen: Vec<Scenario> = chosen.iter().filter(runs).cloned().collect();
    let lane = |first| chosen.iter().skip(first).step_by(LANES).cloned().collect();
    let (even, odd) = tokio::join!(
        on_envoys(lane(0), protocol, 0, sheet),
        on_envoys(lane(1), protocol, 1, sheet)
    );
    even.and(odd)
}

/// Runs a lane of one protocol. What its Envoys wrote stays only if something failed.
async fn on_envoys(
    chosen: Vec<Scenario>,
    protocol: Protocol,
    lane: usize,
    sheet: &Sheet<'_>,
) -> Result<(), String> {
    if chosen.is_empty() {
        return Ok(());
    }
    let folder = run_folder().join(format!("{}-{lane}", protocol.name()));
    let failed = sheet.tally.get().failed;
    let storm = storm_scenario();
    let stormy = protocol == Protocol::Http1 && lane == 0 && storm.name.contains(&sheet.choice.filter);
    let setups: Vec<Scenario> = chosen.iter().chain(stormy.then_some(&storm)).cloned().collect();
    let mut wire = Wire::new(binary()?, &folder, &setups).await?;
    for scenario in &chosen {
        let begin = Instant::now();
        let result = on_envoy(&mut wire, scenario, protocol).await;
        sheet.line(scenario, "envoy", protocol, begin.elapsed(), result)?;
    }
    if stormy {
        let begin = Instant::now();
        let result = wire.storm().await;
        sheet.line(&storm, "envoy", protocol, begin.elapsed(), result)?;
    }
    if sheet.tally.get().failed == failed {
        let _ = std::fs::remove_dir_all(folder);
    }
    Ok(())
}

/// What is printed and counted.
struct Sheet<'a> {
    choice: &'a Choice,
    out: RefCell<&'a mut dyn Write>,
    tally: Cell<Tally>,
}

impl Sheet<'_> {
    fn line(
        &self,
        scenario: &Scenario,
        place: &str,
        protocol: Protocol,
        took: Duration,
        result: Result<usize, String>,
    ) -> Result<(), String> {
        let mut tally = self.tally.get();
        let (place, name) = (format!("{place} {}", protocol.name()), &scenario.name);
        let text = match result {
            Ok(runs) => {
                tally.passed += 1;
                let took = took.as_secs_f32();
                self.choice
                    .verbose
                    .then(|| format!("ok    {place:10} {name} ({runs} chunkings, {took:.1} s)"))
            }
            Err(why) => {
                tally.failed += 1;
                Some(format!(
                    "FAIL  {place:10} {name}\n        {}",
                    why.replace('\n', "\n        ")
                ))
            }
        };
        self.tally.set(tally);
        let Some(text) = text else { return Ok(()) };
        writeln!(self.out.borrow_mut(), "{text}").map_err(|error| error.to_string())
    }
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

/// Where the files of this process' Envoys are.
pub fn run_folder() -> PathBuf {
    std::env::temp_dir().join(format!("penstock-e2e-{}", std::process::id()))
}
