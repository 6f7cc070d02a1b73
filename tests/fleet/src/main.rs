//! The `penstock-fleet` command.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("penstock-fleet: {message}");
            ExitCode::from(2)
        }
    }
}
