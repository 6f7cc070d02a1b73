//! The `penstock` command: what the filters know, for people and scripts.
//!
//! * `penstock check FILE...` loads filter configurations with the filters' own parsers, also where they stand inside
//!   Envoy's or Istio's files.
//! * `penstock schema [NAME]` prints JSON Schemas.
//! * `penstock read FILE` says what the engine understands of a captured HTTP message.
//! * `penstock scan FILTER [FILE]` says what a filter finds in texts.
//! * `penstock redact [FILE]` shows a text or a request as it would leave.
//! * `penstock explain [FILE]` says why the guard flags a text, or does not.
//! * `penstock simulate TRACE` plays a trace against a fleet of GPUs, by who picks the server.
//! * `penstock fleet` shows the backends of a running proxy.
//! * `penstock budgets` shows who has used what of which budget of a running proxy.
//! * `penstock istio VALUES` renders Istio's manifests.
//! * `penstock disguise KIND [FILE]` spells texts so that a filter may not know them, to measure whether it does.
//!
//! ```
//! use penstock_cli::{Console, OK, Paint, run};
//!
//! let (mut out, mut err) = (Vec::new(), Vec::new());
//! let mut console = Console { out: &mut out, err: &mut err, out_paint: Paint::PLAIN, err_paint: Paint::PLAIN };
//! assert_eq!(run(["schema"], &mut console), OK);
//! assert!(String::from_utf8(out)?.lines().any(|line| line.starts_with("token_meter")));
//! # Ok::<(), std::string::FromUtf8Error>(())
//! ```
//!
//! Knows nothing of: how to steer a proxy; `fleet` and `budgets` ask one, no more.

mod admin;
mod args;
mod budgets;
mod check;
mod config;
mod disguise;
mod explain;
mod fleet;
mod guard;
mod help;
mod input;
mod istio;
mod lines;
mod read;
mod redact;
mod scan;
mod schema;
mod simulate;
mod term;

pub use term::{Console, Paint};

use args::Command;
use std::ffi::OsString;

/// Everything is as it should be.
pub const OK: u8 = 0;
/// A configuration is refused, nothing of a capture is understood, or a line of texts is none.
pub const REFUSED: u8 = 1;
/// The command line is wrong, or a file cannot be read.
pub const USAGE: u8 = 2;

/// Runs one command line, without the program's name, and gives the exit code.
pub fn run<A>(args: A, console: &mut Console<'_>) -> u8
where
    A: IntoIterator,
    A::Item: Into<OsString>,
{
    match args::parse(args.into_iter().map(Into::into)) {
        Ok(Command::Help(topic)) => console.say(help::text(topic)),
        Ok(Command::Version) => console.say(&format!("penstock {}\n", env!("CARGO_PKG_VERSION"))),
        Ok(Command::Check { files, strictness }) => check::run(&files, strictness, console),
        Ok(Command::Schema(None)) => console.say(&schema::list()),
        Ok(Command::Schema(Some(name))) => schema::run(&name, console),
        Ok(Command::Read(read)) => read::run(&read, console),
        Ok(Command::Scan(scan)) => scan::run(&scan, console),
        Ok(Command::Redact(redact)) => redact::run(&redact, console),
        Ok(Command::Explain(explain)) => explain::run(&explain, console),
        Ok(Command::Simulate(simulate)) => simulate::run(&simulate, console),
        Ok(Command::Fleet(fleet)) => fleet::run(&fleet, console),
        Ok(Command::Budgets(budgets)) => budgets::run(&budgets, console),
        Ok(Command::Istio(istio)) => istio::run(&istio, console),
        Ok(Command::Disguise(disguise)) => disguise::run(&disguise, console),
        Err(error) => console.fail(&error.to_string()),
    }
}
