//! Runs the scenario table: `penstock-e2e --native --envoy --filter NAME --h1 --h2 -v`.

use penstock_e2e::scenario::Protocol;
use penstock_e2e::table::{Choice, run};
use std::process::ExitCode;

const HELP: &str = "\
Runs the scenario table and ends with `N passed, N failed`.

  --native       natively, on the stand-in for Envoy's filter manager
  --envoy        through a real Envoy: ENVOY names the binary, else tools/envoy.sh fetches ENVOY_VERSION (1.40.0);
                 PENSTOCK_WASM names the folder of the modules, else target/wasm32-wasip1/release
  --h1, --h2     only this protocol
  --filter NAME  only scenarios with NAME in their name
  --record DIR   writes what a real Envoy does with the trace filter to DIR, and nothing else
  -v             a line for each scenario that passed too

Without --native and --envoy it runs natively.";

fn main() -> ExitCode {
    let choice = match choice(std::env::args().skip(1)) {
        Ok(Some(choice)) => choice,
        Ok(None) => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(why) => {
            eprintln!("error: {why}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return broken(&error.to_string()),
    };
    if let Some(folder) = &choice.record {
        return match runtime.block_on(penstock_e2e::trace::record(folder, &choice.filter)) {
            Ok(count) => {
                println!("{count} traces recorded");
                ExitCode::SUCCESS
            }
            Err(why) => broken(&why),
        };
    }
    match runtime.block_on(run(&choice, &mut std::io::stdout())) {
        Ok(tally) => {
            println!("{} passed, {} failed", tally.passed, tally.failed);
            if tally.failed == 0 && tally.passed > 0 {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(why) => broken(&why),
    }
}

fn broken(why: &str) -> ExitCode {
    eprintln!("error: {why}");
    ExitCode::FAILURE
}

/// `None` when only help is asked for.
fn choice(mut arguments: impl Iterator<Item = String>) -> Result<Option<Choice>, String> {
    let mut choice = Choice::default();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--native" => choice.native = true,
            "--envoy" => choice.envoy = true,
            "--h1" => choice.protocols.push(Protocol::Http1),
            "--h2" => choice.protocols.push(Protocol::Http2),
            "--record" => choice.record = Some(arguments.next().ok_or("--record wants a folder")?.into()),
            "--filter" => choice.filter = arguments.next().ok_or("--filter wants a name")?,
            "-v" | "--verbose" => choice.verbose = true,
            "-h" | "--help" => return Ok(None),
            other => return Err(format!("unknown argument `{other}`")),
        }
    }
    if !choice.native && !choice.envoy {
        choice.native = true;
    }
    Ok(Some(choice))
}
