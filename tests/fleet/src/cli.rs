//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use penstock_fleet::compare::compare;
use penstock_fleet::condition::{self, Condition};
use penstock_fleet::matrix::Matrix;
use penstock_fleet::rivals::{self, Known};

use crate::play::Run;

const AFTER: &str = "\
Times are seconds. Figures are means over the seeds; the first tenth of the requests is not counted.
A fleet is het, long, homo, big, or parts such as 2xH100+A100.
A trace is a CSV file (arrival,input,output[,blocks]), a .jsonl file (t, in, out, h, or Mooncake's names), or
gen:conversation, gen:prefix, gen:bursty.
Exit codes: 0 done, 1 the comparison is off, 2 an error.";

/// A fleet of GPUs behind gateways, in virtual time: how policies that pick a server compare.
#[derive(Parser)]
#[command(name = "penstock-fleet", version, after_help = AFTER)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Plays one scenario at some rates against some policies.
    Run(Box<Run>),
    /// Plays all conditions: prints tables, writes figures and plots.
    Matrix(All),
    /// Holds the policies of others against our first simulator; fails where one is more than 15 % off.
    Compare {
        /// Folder with azure2023_conv.csv and mooncake_fast25_conversation_spread3s.jsonl.
        #[arg(long, value_name = "FOLDER")]
        traces: PathBuf,
    },
    /// Lists the policies and the conditions.
    List,
}

#[derive(Args)]
struct All {
    /// Folder with azure2023_conv.csv and mooncake_fast25_conversation_spread3s.jsonl; else generated traces.
    #[arg(long, value_name = "FOLDER")]
    traces: Option<PathBuf>,
    /// Where the files go.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Runs of each.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// Which conditions, by commas; `all` for all.
    #[arg(long, value_delimiter = ',', default_value = "all")]
    conditions: Vec<String>,
    /// Who picks, by commas; `all` for all.
    #[arg(long, value_delimiter = ',', default_value = "all")]
    policies: Vec<String>,
}

impl Cli {
    pub(crate) fn run(self) -> Result<ExitCode, String> {
        match self.command {
            Command::Run(run) => print!("{}", run.run()?),
            Command::Matrix(all) => all.run()?,
            Command::List => print!("{}", list()),
            Command::Compare { traces } => {
                let comparison = compare(&traces)?;
                print!("{}", comparison.text);
                return Ok(ExitCode::from(u8::from(comparison.off > 0)));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl All {
    fn run(&self) -> Result<(), String> {
        let matrix = Matrix {
            traces: self.traces.as_deref(),
            out: &self.out,
            conditions: &conditions(&self.conditions)?,
            policies: &policies(&self.policies)?,
            seeds: self.seeds,
        };
        matrix.play(|table| println!("{table}"))
    }
}

fn list() -> String {
    let policies = rivals::known().iter().map(|policy| (policy.name, policy.about));
    let conditions = condition::KNOWN
        .iter()
        .map(|condition| (condition.name, condition.about));
    let row = |(name, about): (&str, &str)| format!("  {name:12} {about}\n");
    let policies: String = policies.map(row).collect();
    let conditions: String = conditions.map(row).collect();
    format!("policies\n{policies}conditions\n{conditions}")
}

fn conditions(names: &[String]) -> Result<Vec<&'static Condition>, String> {
    if names.iter().any(|name| name == "all") {
        return Ok(condition::KNOWN.iter().collect());
    }
    names.iter().map(|name| condition::named(name)).collect()
}

/// The policies of those names.
pub(crate) fn policies(names: &[String]) -> Result<Vec<&'static Known>, String> {
    if names.iter().any(|name| name == "all") {
        return Ok(rivals::known().iter().collect());
    }
    let find = |name: &String| rivals::named(name).ok_or_else(|| no_policy(name));
    names.iter().map(find).collect()
}

fn no_policy(name: &str) -> String {
    let known: Vec<&str> = rivals::known().iter().map(|policy| policy.name).collect();
    format!("no policy {name:?}; there are {}", known.join(", "))
}
