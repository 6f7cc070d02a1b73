//! An Envoy with a budget, and what is behind it.

use penstock_e2e::bodies::completion;
use penstock_e2e::chunking::Chunking;
use penstock_e2e::envoy::{Envoy, Ports, binary};
use penstock_e2e::ground::Ground;
use penstock_e2e::scenario::{Module, Setup, case};
use penstock_e2e::script::Script;
use penstock_e2e::upstream::{Role, serve};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a busy machine may take to come to rest. Never part of what is tested.
const PATIENCE: Duration = Duration::from_secs(120);

/// Gauges of what Envoy has not done yet.
const ACTIVE: &str = "http.e2e.downstream_rq_active";
const UNWRITTEN: &str = "filesystem.write_total_buffered";

/// A running Envoy with one listener.
pub struct Stage {
    pub envoy: Envoy,
    setup: Setup,
    upstream: u16,
    workers: u32,
    folder: PathBuf,
}

/// What the meter has counted of its budgets, all together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    pub used: i64,
    pub reserved: i64,
    pub returned: i64,
    pub expired: i64,
    pub denied: i64,
    pub cut: i64,
    pub overflow: i64,
    pub state_errors: i64,
}

impl Books {
    /// What is set aside now.
    pub fn held(&self) -> i64 {
        self.reserved - self.returned - self.expired
    }
}

/// The meter with these budgets.
pub fn meter(budgets: &str) -> Setup {
    let meter = format!(r#"{{"tenant": {{"header": "x-tenant"}}, "budgets": [{budgets}]}}"#);
    Setup::with(Module::TokenMeter, format!(r#"{{"token_meter": {meter}}}"#))
}

/// A server that says the same to everyone. What it was asked is in the ground.
pub async fn scripted(script: Script) -> Result<(u16, Ground), String> {
    let ground = Ground::default();
    ground.begin(&case("storm").upstream(script), Chunking::Whole);
    let port = serve(Role::Main, ground.clone()).await;
    Ok((port.map_err(|error| error.to_string())?, ground))
}

/// A short chat answer.
pub fn fine() -> Script {
    Script::new(200)
        .header("content-type", "application/json")
        .data(completion("fine"))
}

impl Stage {
    /// Starts Envoy before a server on this port. Its files go to a folder of this name.
    pub async fn open(name: &str, setup: Setup, upstream: u16, workers: u32) -> Result<Self, String> {
        let folder = std::env::temp_dir().join(format!("penstock-storm-{}-{name}", std::process::id()));
        let envoy = start(&setup, upstream, workers, &folder).await?;
        Ok(Self {
            envoy,
            setup,
            upstream,
            workers,
            folder,
        })
    }

    /// Kills Envoy and starts it anew.
    pub async fn restart(&mut self) -> Result<(), String> {
        self.envoy.kill().await?;
        self.envoy = start(&self.setup, self.upstream, self.workers, &self.folder).await?;
        Ok(())
    }

    /// Port of the listener.
    pub fn port(&self) -> u16 {
        self.envoy.port(0)
    }

    /// Removes its files, which a failed storm leaves behind.
    pub fn close(self) {
        drop(self.envoy);
        let _ = std::fs::remove_dir_all(self.folder);
    }

    /// The books as they stand.
    pub async fn books(&self) -> Result<Books, String> {
        let stats = self.envoy.stats().await?;
        let of = |event: &str| {
            let prefix = format!("wasmcustom.penstock_budget_{event}_total");
            let named = stats.iter().filter(|(name, _)| name.starts_with(&prefix));
            named.map(|(_, value)| value).sum()
        };
        Ok(Books {
            used: of("used"),
            reserved: of("reserved"),
            returned: of("returned"),
            expired: of("expired"),
            denied: of("denied"),
            cut: of("cut"),
            overflow: of("overflow"),
            state_errors: of("state_errors"),
        })
    }

    /// The books once no request is open.
    pub async fn closed_books(&self) -> Result<Books, String> {
        self.until(ACTIVE, |open| open == 0).await?;
        self.books().await
    }

    /// Comes back once so many requests are open.
    pub async fn has_open(&self, requests: u64) -> Result<(), String> {
        self.until(ACTIVE, |open| open == requests as i64).await
    }

    async fn until(&self, gauge: &str, holds: impl Fn(i64) -> bool) -> Result<(), String> {
        let begin = Instant::now();
        loop {
            let stats = self.envoy.stats().await?;
            let value = stats.get(gauge).copied().unwrap_or(0);
            if holds(value) {
                return Ok(());
            }
            if begin.elapsed() > PATIENCE {
                return Err(format!("{gauge} stays at {value}"));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The meter's line of each exchange, by the request's id.
    pub async fn ledger(&self) -> Result<BTreeMap<String, Value>, String> {
        self.until(UNWRITTEN, |bytes| bytes == 0).await?;
        let mut ledger = BTreeMap::new();
        for line in self.envoy.access_log() {
            let line: Value = serde_json::from_str(&line).map_err(|error| format!("access log: {error}"))?;
            let usage = line["penstock.usage"].as_str().unwrap_or("null");
            let usage = serde_json::from_str(usage).map_err(|error| format!("penstock.usage: {error}"))?;
            ledger.insert(line["id"].as_str().unwrap_or_default().to_owned(), usage);
        }
        Ok(ledger)
    }
}

async fn start(setup: &Setup, upstream: u16, workers: u32, folder: &Path) -> Result<Envoy, String> {
    let ports = Ports {
        main: upstream,
        other: upstream,
        judge: upstream,
    };
    Envoy::start(&binary()?, std::slice::from_ref(setup), ports, workers, folder).await
}
