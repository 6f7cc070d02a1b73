//! A simulated LLM fleet: the wire formats of the model APIs, made by a seed and steered by each request.
//!
//! ```text
//! llm-sim --listen 127.0.0.1:0 --seed 7
//! {"listening":["127.0.0.1:43211"]}
//! curl -H 'x-sim: out=5; chunk=1' http://127.0.0.1:43211/v1/chat/completions -d '{...}'
//! ```
//!
//! Knows nothing of: the code under test. Formats and truth are written apart from it, else one bug would pass both.

mod backend;
mod cli;
mod connection;
mod controls;
mod deliver;
mod dialect;
mod exchange;
mod faults;
mod fleet;
mod frames;
mod gpu;
mod json;
mod metrics;
mod orca;
mod other;
mod pace;
mod pages;
mod plan;
mod reports;
mod rng;
mod routes;
mod script;
mod server;
mod task;
mod truth;
mod values;
mod words;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{Cli, Listen};
use crate::json::Format;
use crate::server::Site;
use crate::truth::Truth;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cli.threads())
        .enable_all()
        .build();
    let ended = runtime
        .map_err(|error| format!("no runtime: {error}"))
        .and_then(|runtime| runtime.block_on(run(cli)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("llm-sim: {message}");
            ExitCode::from(2)
        }
    }
}

async fn run(cli: Cli) -> Result<(), String> {
    let truth = Arc::new(Truth::default());
    let ids = Arc::new(AtomicU64::new(1));
    let mut addresses = Vec::new();
    let mut scheduled = cli.faults()?;
    for (place, listen) in cli.listeners()?.iter().enumerate() {
        let (listener, address) = bind(listen).await?;
        let backend = Arc::new(cli.backend(listen));
        if let Some(gpu) = &backend.gpu {
            tokio::spawn(Arc::clone(gpu).run());
        }
        let place = place.to_string();
        let mine = scheduled.extract_if(.., |fault| {
            fault.backend == *backend.name || fault.backend == place
        });
        mine.for_each(|fault| drop(tokio::spawn(fault.befall(Arc::clone(&backend)))));
        tokio::spawn(server::serve(
            listener,
            Site {
                backend,
                truth: Arc::clone(&truth),
                ids: Arc::clone(&ids),
            },
        ));
        addresses.push(address);
    }
    if let Some(fault) = scheduled.first() {
        return Err(format!("--fault: there is no backend {}", fault.backend));
    }
    println!("{}", obj! {"listening": addresses}.write(Format::COMPACT));
    stopped().await
}

async fn bind(listen: &Listen) -> Result<(TcpListener, String), String> {
    let listener = TcpListener::bind(&listen.address)
        .await
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                format!(
                    "{} is in use; choose another port, or 0 for any free one",
                    listen.address
                )
            }
            _ => format!("cannot listen on {}: {error}", listen.address),
        })?;
    let address = listener
        .local_addr()
        .map_err(|error| format!("{}: {error}", listen.address))?;
    Ok((listener, address.to_string()))
}

async fn stopped() -> Result<(), String> {
    let mut terminate =
        signal(SignalKind::terminate()).map_err(|error| format!("no signal handler: {error}"))?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(|error| error.to_string()),
    }
}
