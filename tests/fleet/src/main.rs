//! The `penstock-fleet` command.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

mod cli;
mod play;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(code) => code,
        Err(message) => {
            eprintln!("penstock-fleet: {message}");
            ExitCode::from(2)
        }
    }
}
