//! The measuring: many short rounds, in each of which every contender does the same.

use crate::contender::Contender;
use crate::envoy::Envoy;
use crate::figures::{self, Measure};
use crate::load::{self, Streams};
use std::collections::BTreeMap;
use std::time::Duration;

/// Connections that keep a proxy busy.
const BUSY_CONNECTIONS: usize = 16;

/// How long each part of a round takes, for each contender.
#[derive(Clone, Copy)]
pub struct Spans {
    /// Unary requests on many connections: the proxy is the bottleneck.
    pub busy: Duration,
    /// Unary requests on one connection: nothing queues.
    pub quiet: Duration,
    /// Streams for their first events, one after the other.
    pub first_events: usize,
    /// Many streams at once.
    pub streams: Duration,
}

/// What one round found.
pub type Round = BTreeMap<(Contender, Measure), f64>;

/// The contenders, running.
pub type Envoys = BTreeMap<Contender, Envoy>;

/// Runs one round. `turn` moves the order, so that no contender always follows the same other.
pub async fn round(envoys: &Envoys, spans: Spans, turn: usize) -> Result<Round, String> {
    let mut order: Vec<_> = envoys.iter().collect();
    let len = order.len();
    order.rotate_left(turn % len.max(1));
    if turn % 2 == 1 {
        order.reverse();
    }
    let mut round = Round::new();
    for part in [Part::Busy, Part::Quiet, Part::Streams] {
        for (contender, envoy) in &order {
            let found = part.run(envoy, spans).await;
            let found = found.map_err(|why| format!("{}: {why}", contender.name()))?;
            round.extend(
                found
                    .into_iter()
                    .map(|(measure, value)| ((**contender, measure), value)),
            );
        }
    }
    Ok(round)
}

#[derive(Clone, Copy)]
enum Part {
    Busy,
    Quiet,
    Streams,
}

impl Part {
    async fn run(self, envoy: &Envoy, spans: Spans) -> Result<Vec<(Measure, f64)>, String> {
        match self {
            Self::Busy => busy(envoy, spans.busy).await,
            Self::Quiet => quiet(envoy, spans).await,
            Self::Streams => streams(envoy, spans.streams).await,
        }
    }
}

async fn busy(envoy: &Envoy, span: Duration) -> Result<Vec<(Measure, f64)>, String> {
    let before = envoy.cpu_ns()?;
    let load = load::unary(envoy.port, BUSY_CONNECTIONS, span, u64::MAX).await?;
    let cpu_ns = envoy.cpu_ns()? - before;
    let requests = load.requests.max(1) as f64;
    Ok(vec![
        (Measure::UnaryThroughput, requests / load.seconds),
        (Measure::UnaryCpu, cpu_ns as f64 / requests / 1e3),
    ])
}

async fn quiet(envoy: &Envoy, spans: Spans) -> Result<Vec<(Measure, f64)>, String> {
    let load = load::unary(envoy.port, 1, spans.quiet, u64::MAX).await?;
    let first = load::first_events(envoy.port, spans.first_events).await?;
    Ok(vec![
        (
            Measure::UnaryP50,
            figures::quantile(&load.latencies_ns, 0.5) / 1e3,
        ),
        (
            Measure::UnaryP99,
            figures::quantile(&load.latencies_ns, 0.99) / 1e3,
        ),
        (Measure::FirstEvent, figures::quantile(&first, 0.5) / 1e3),
    ])
}

async fn streams(envoy: &Envoy, span: Duration) -> Result<Vec<(Measure, f64)>, String> {
    let mut streams = Streams::open(envoy.port).await?;
    let before = envoy.cpu_ns()?;
    let delays = streams.read_for(span).await?;
    let cpu_ns = envoy.cpu_ns()? - before;
    let events = delays.len().max(1) as f64;
    Ok(vec![
        (Measure::EventCpu, cpu_ns as f64 / events / 1e3),
        (Measure::EventDelay, figures::quantile(&delays, 0.5) / 1e3),
    ])
}

/// Resident memory after `first` requests and after `last`, in kB.
pub async fn memory(envoy: &Envoy, first: u64, last: u64) -> Result<(u64, u64), String> {
    let long = Duration::from_secs(600);
    load::unary(envoy.port, BUSY_CONNECTIONS, long, first).await?;
    let early = envoy.rss_kb()?;
    load::unary(envoy.port, BUSY_CONNECTIONS, long, last - first).await?;
    Ok((early, envoy.rss_kb()?))
}
