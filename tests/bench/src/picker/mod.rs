//! How policies that pick a server compare: a simulated fleet of GPUs behind a real Envoy, one policy after another.
//!
//! The fleet is `llm-sim`, whose clocks run faster than the wall's; all times here are those of the fleet's clock. Load
//! is open loop: a request is sent at its time in the trace, whatever became of those before it, and its wait is
//! counted from that time.

mod client;
mod fleet;
mod policy;
mod score;
mod trace;

use crate::envoy::{Envoy, Ground};
use fleet::Fleet;
use policy::Policy;
use score::Score;
use serde_json::{Map, json};
use std::str::FromStr;
use trace::Trace;

/// What is run. README.md has the environment variables.
pub struct Setting {
    /// GPUs, as `llm-sim --fleet` takes them.
    pub fleet: String,
    /// Whose reports, as `llm-sim --reports` takes them.
    pub reports: String,
    /// How much faster the fleet's clock runs.
    pub speed: f64,
    /// Requests a second, one run for each.
    pub rates: Vec<f64>,
    /// Seconds of a run's arrivals.
    pub seconds: f64,
    pub seed: u64,
    /// A fault of one backend, as `llm-sim --fault` has it: `BACKEND: key=value`, from a third of the run on.
    pub fault: Option<String>,
}

impl Setting {
    fn read(quick: bool) -> Result<Self, String> {
        let rates = text("RATES", if quick { "40" } else { "40,50" });
        let rates = rates.split(',').map(|rate| number("RATES", rate));
        Ok(Self {
            fleet: text("FLEET", "het"),
            reports: text("REPORTS", "orca"),
            speed: number("SPEED", &text("SPEED", "4"))?,
            rates: rates.collect::<Result<_, _>>()?,
            seconds: number("DURATION", &text("DURATION", if quick { "60" } else { "240" }))?,
            seed: number("SEED", &text("SEED", "1"))?,
            fault: std::env::var("FAULT").ok().filter(|fault| !fault.is_empty()),
        })
    }
}

fn text(name: &str, default: &str) -> String {
    std::env::var(name)
        .ok()
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| default.to_owned())
}

fn number<T: FromStr>(name: &str, text: &str) -> Result<T, String> {
    text.trim()
        .parse()
        .map_err(|_| format!("{name}: {text:?} is not a number"))
}

/// Runs every policy at every rate and prints a table; the figures of `target/bench-picker.json`.
pub async fn measure(ground: &Ground, quick: bool) -> Result<(), String> {
    let setting = Setting::read(quick)?;
    let fleet = Fleet::start(&setting, ground).await?;
    println!(
        "{} GPUs ({}), reports {}, {} s of arrivals, clock x{}; SLO: first token within {} s, {} ms a token\n",
        fleet.backends.len(),
        setting.fleet,
        setting.reports,
        setting.seconds,
        setting.speed,
        score::SLO_FIRST_S,
        score::SLO_TOKEN_S * 1e3,
    );
    let mut figures = Map::new();
    for &rate in &setting.rates {
        let trace = Trace::generate(rate, setting.seconds, setting.seed);
        println!("{}", score::head(rate, &trace));
        for policy in Policy::ALL {
            if let Some(missing) = policy.missing(ground) {
                println!(
                    "{:<22} left out: {} is not built",
                    policy.name(),
                    missing.display()
                );
                continue;
            }
            let score = one(policy, &trace, &fleet, &setting, ground).await?;
            println!("{}", score.row(policy.name()));
            score.keep(&mut figures, &format!("{}_{rate}", policy.key()));
        }
        println!();
    }
    fleet::save(&json!({"figures": figures, "setting": {
        "fleet": setting.fleet, "reports": setting.reports, "speed": setting.speed, "seconds": setting.seconds,
        "seed": setting.seed, "fault": setting.fault,
    }}))
}

async fn one(
    policy: Policy,
    trace: &Trace,
    fleet: &Fleet,
    setting: &Setting,
    ground: &Ground,
) -> Result<Score, String> {
    fleet.renew().await?;
    let config = policy.bootstrap(&fleet.backends, setting.speed, ground);
    let envoy = Envoy::launch(policy.key(), &config, ground).await?;
    let before = (envoy.cpu_ns()?, fleet.cpu_ns()?);
    let (seen, faulted) = tokio::join!(
        client::play(trace, envoy.port, setting.speed),
        fleet.befall(setting)
    );
    faulted?;
    let seen = seen?;
    let busy = |from: u64, to: u64| (to - from) as f64 / 1e9 / seen.wall_s;
    Ok(Score::of(
        trace,
        &seen,
        busy(before.0, envoy.cpu_ns()?),
        busy(before.1, fleet.cpu_ns()?),
    ))
}
