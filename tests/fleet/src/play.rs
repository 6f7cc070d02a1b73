//! `penstock-fleet run`.

use std::path::Path;

use clap::{Args, ValueEnum};
use penstock_fleet::jobs::{Cell, play};
use penstock_fleet::{
    Arrivals, BlackHole, Reports, Restart, Scenario, Slo, Slowdown, Trace, fleet, generate, table,
};

use crate::cli::policies;

/// One scenario.
#[derive(Args)]
pub(crate) struct Run {
    /// What arrives.
    #[arg(long, value_name = "FILE|gen:NAME", default_value = "gen:conversation")]
    trace: String,
    /// What serves.
    #[arg(long, default_value = "het")]
    fleet: String,
    /// Requests a second; several by commas.
    #[arg(long, value_delimiter = ',', default_value = "40")]
    rates: Vec<f64>,
    /// How long requests arrive.
    #[arg(long, value_name = "SECONDS", default_value_t = 300.0)]
    duration: f64,
    /// Runs of each, with seeds from --first-seed on.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    #[arg(long, value_name = "SEED", default_value_t = 1, value_parser = clap::value_parser!(u64).range(0..=u64::from(u32::MAX)))]
    first_seed: u64,
    /// Who picks, by commas; `all` for all. See `penstock-fleet list`.
    #[arg(long, value_delimiter = ',', default_value = "all")]
    policies: Vec<String>,
    /// Gaps as in the trace from a random place, from its start, or exponential.
    #[arg(long, value_enum, default_value_t = Gaps::Trace)]
    arrivals: Gaps,
    /// Gateways that share nothing.
    #[arg(long, value_name = "N", default_value_t = 1)]
    proxies: usize,
    /// Workers of each gateway.
    #[arg(long, value_name = "N", default_value_t = 4)]
    workers: usize,
    /// Share of requests whose answer is streamed.
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    stream: f64,
    /// Relative error of a gateway's estimate of prompt tokens.
    #[arg(long, default_value_t = 0.15)]
    noise: f64,
    /// Prompts are cut to so many tokens.
    #[arg(long, value_name = "TOKENS", default_value_t = usize::MAX, hide_default_value = true)]
    max_input: usize,
    /// No headers that tell the servers' state.
    #[arg(long)]
    no_reports: bool,
    /// Added to each step by the host, in microseconds.
    #[arg(long, value_name = "US", default_value_t = 2_000.0)]
    host_us: f64,
    /// A server that is FACTOR times slower for a while.
    #[arg(long, value_name = "SERVER,FROM,UNTIL,FACTOR")]
    slow: Option<String>,
    /// A server that refuses at once for a while.
    #[arg(long, value_name = "SERVER,FROM,UNTIL")]
    fail: Option<String>,
    /// A server that loses its requests and is back after a while.
    #[arg(long, value_name = "SERVER,FROM,UNTIL")]
    restart: Option<String>,
    /// Objective for the time to the first token.
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    slo_ttft: f64,
    /// Objective for the time per token after it.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.06)]
    slo_tpot: f64,
    /// Commas and full precision instead of aligned columns.
    #[arg(long)]
    csv: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Gaps {
    Trace,
    FromStart,
    Poisson,
}

impl Run {
    pub(crate) fn run(&self) -> Result<String, String> {
        let trace = trace(&self.trace)?;
        let base = self.scenario()?;
        let mut cells = Vec::new();
        for policy in policies(&self.policies)? {
            for &rate in &self.rates {
                let scenario = Scenario { rate, ..base.clone() };
                scenario.check()?;
                cells.push(Cell {
                    policy,
                    scenario,
                    seeds: self.seeds,
                });
            }
        }
        let played = play(&trace, cells)?;
        Ok(if self.csv {
            table::csv(&played)
        } else {
            table::text(&played)
        })
    }

    fn scenario(&self) -> Result<Scenario, String> {
        let slowdown = self
            .slow
            .as_deref()
            .map(|text| fault(text, "--slow"))
            .transpose()?;
        let black_hole = self
            .fail
            .as_deref()
            .map(|text| fault(text, "--fail"))
            .transpose()?;
        let restart = self
            .restart
            .as_deref()
            .map(|text| fault(text, "--restart"))
            .transpose()?;
        Ok(Scenario {
            fleet: fleet::parse(&self.fleet)?,
            rate: self.rates.first().copied().unwrap_or_default(),
            duration: self.duration,
            seed: self.first_seed,
            arrivals: match self.arrivals {
                Gaps::Trace => Arrivals::Trace,
                Gaps::FromStart => Arrivals::TraceFromStart,
                Gaps::Poisson => Arrivals::Poisson,
            },
            proxies: self.proxies,
            workers: self.workers,
            streamed: self.stream,
            noise: self.noise,
            max_input: self.max_input,
            reports: if self.no_reports {
                Reports::Nothing
            } else {
                Reports::Headers
            },
            host_us: self.host_us,
            slowdown: slowdown.map(|(backend, [from, until, factor])| Slowdown {
                backend,
                from,
                until,
                factor,
            }),
            black_hole: black_hole.map(|(backend, [from, until])| BlackHole { backend, from, until }),
            restart: restart.map(|(backend, [from, until])| Restart { backend, from, until }),
            slo: Slo {
                ttft: self.slo_ttft,
                tpot: self.slo_tpot,
            },
        })
    }
}

/// A file, or a generated one.
fn trace(name: &str) -> Result<Trace, String> {
    let Some(generated) = name.strip_prefix("gen:") else {
        return Trace::read(Path::new(name));
    };
    generate::trace(generated).ok_or_else(|| {
        let known = generate::KNOWN.map(|(name, about)| format!("\n  gen:{name}  {about}"));
        format!("no generated trace {generated:?}; there are{}", known.concat())
    })
}

/// `SERVER,NUMBER,...`
fn fault<const N: usize>(text: &str, option: &str) -> Result<(usize, [f64; N]), String> {
    let wrong = || format!("{option} {text:?}: a server's number and {N} numbers, by commas");
    let (backend, numbers) = text.split_once(',').ok_or_else(wrong)?;
    let numbers: Option<Vec<f64>> = numbers.split(',').map(|number| number.parse().ok()).collect();
    let numbers = numbers
        .and_then(|numbers| numbers.try_into().ok())
        .ok_or_else(wrong)?;
    Ok((backend.parse().map_err(|_| wrong())?, numbers))
}
