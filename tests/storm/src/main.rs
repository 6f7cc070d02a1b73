//! Storms against the meter's budgets, on a real Envoy with several workers: what must hold under any load is
//! counted on both sides of the proxy and compared with what the meter has booked.

mod burst;
mod client;
mod flood;
mod restart;
mod rng;
mod sim;
mod stage;
mod streams;
mod trap;

use std::process::ExitCode;
use std::time::Instant;

const NAMES: [&str; 5] = ["burst", "streams", "flood", "restart", "trap"];

const HELP: &str = "\
Storms against budgets, on a real Envoy. Ends with `N passed, N failed`.

  --quick        sizes of the test suite: about a minute on two cores
  --seed N       draws the same storm again (default 1)
  --only NAME    one of: burst, streams, flood, restart, trap
  -h, --help     this text

  burst     10,000 requests open at once, a budget of one
  streams   200 clients whose streams lie, are left, and are broken, against a budget of tokens
  flood     a million requests, each of a tenant of its own, beside one whose budget is spent
  restart   kill -9 of Envoy in mid-load
  trap      a worker's VM dies with reservations open

ENVOY names the binary, else tools/envoy.sh fetches ENVOY_VERSION (1.40.0). PENSTOCK_WASM names the folder of the modules, else
target/wasm32-wasip1/release. Needs `make build`, and llm-sim and the probe filter as `make storm` builds them.";

/// What is to be done.
pub struct Plan {
    quick: bool,
    seed: u64,
    only: Option<String>,
}

impl Plan {
    /// A size: of the whole command, or of the test suite.
    pub fn size(&self, full: u64, quick: u64) -> u64 {
        if self.quick { quick } else { full }
    }
}

/// What a storm shows: figures with their names, in order.
pub type Figures = Vec<(String, String)>;

/// Adds a figure.
pub fn figure(figures: &mut Figures, name: &str, value: impl ToString) {
    figures.push((name.to_owned(), value.to_string()));
}

/// What must hold, or the storm has failed.
pub fn must(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

fn main() -> ExitCode {
    let plan = match plan(std::env::args().skip(1)) {
        Ok(Some(plan)) => plan,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(why) => {
            eprintln!("error: {why}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(all(&plan)),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn all(plan: &Plan) -> ExitCode {
    let (mut passed, mut failed) = (0, 0);
    println!("seed {}", plan.seed);
    for name in NAMES {
        if plan.only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        eprintln!("{name} ...");
        let begin = Instant::now();
        let mut figures = Figures::new();
        let result = match name {
            "burst" => burst::run(plan, &mut figures).await,
            "streams" => streams::run(plan, &mut figures).await,
            "flood" => flood::run(plan, &mut figures).await,
            "restart" => restart::run(&mut figures).await,
            _ => trap::run(&mut figures).await,
        };
        println!("\n{name} ({:.0} s)", begin.elapsed().as_secs_f32());
        for (what, value) in figures {
            println!("  {what:<58} {value:>16}");
        }
        match result {
            Ok(()) => passed += 1,
            Err(why) => {
                failed += 1;
                println!("  FAILED: {why}");
            }
        }
    }
    println!("\n{passed} passed, {failed} failed");
    if failed == 0 && passed > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// `None` when only help is asked for.
fn plan(mut arguments: impl Iterator<Item = String>) -> Result<Option<Plan>, String> {
    let mut plan = Plan {
        quick: false,
        seed: 1,
        only: None,
    };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => plan.quick = true,
            "--seed" => {
                let seed = arguments.next().and_then(|text| text.parse().ok());
                plan.seed = seed.ok_or("--seed wants a number")?;
            }
            "--only" => {
                let only = arguments.next().filter(|name| NAMES.contains(&name.as_str()));
                plan.only = Some(only.ok_or_else(|| format!("--only wants one of {}", NAMES.join(", ")))?);
            }
            "-h" | "--help" => return Ok(None),
            other => return Err(format!("unknown argument `{other}`")),
        }
    }
    Ok(Some(plan))
}
