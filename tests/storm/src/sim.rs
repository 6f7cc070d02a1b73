//! The simulated model server, and what it knows.

use penstock_e2e::envoy::{admin, root};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long an exchange may take to end once its client has.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running llm-sim. It dies with this value.
pub struct Sim {
    _process: Child,
    pub port: u16,
}

/// One exchange, as the server knows it.
#[derive(Clone, Copy, Debug)]
pub struct Truth {
    pub input: u64,
    /// All that the answer was to have.
    pub output: u64,
    /// What left of it.
    pub sent: u64,
    pub complete: bool,
}

impl Sim {
    pub async fn start(seed: u64) -> Result<Self, String> {
        let binary = std::env::var_os("LLM_SIM").map(PathBuf::from);
        let binary = binary.unwrap_or_else(|| {
            let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
            target
                .unwrap_or_else(|| root().join("target"))
                .join("debug/llm-sim")
        });
        let mut process = Command::new(&binary)
            .args([
                "--listen",
                "127.0.0.1:0",
                "--slots",
                "100000",
                "--seed",
                &seed.to_string(),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{}: {error}; cargo build -p llm-sim", binary.display()))?;
        let out = process.stdout.take().ok_or("llm-sim without output")?;
        let mut line = String::new();
        let read = BufReader::new(out).read_line(&mut line).await;
        read.map_err(|error| error.to_string())?;
        let said: Value =
            serde_json::from_str(&line).map_err(|error| format!("llm-sim: {error}: {line:?}"))?;
        let address = said["listening"][0].as_str().unwrap_or_default();
        let port = address.rsplit(':').next().and_then(|port| port.parse().ok());
        Ok(Self {
            _process: process,
            port: port.ok_or_else(|| format!("llm-sim listens on {address:?}"))?,
        })
    }

    /// Every exchange by its request's id, once none is running.
    pub async fn truth(&self) -> Result<BTreeMap<String, Truth>, String> {
        let begin = Instant::now();
        loop {
            let page = admin::get(self.port, "/sim/truth?limit=100000").await?;
            let page: Value = serde_json::from_str(&page).map_err(|error| error.to_string())?;
            let requests = page["requests"].as_array().ok_or("no requests in the truth")?;
            let running = requests.iter().filter(|one| one["outcome"] == "running").count();
            if running == 0 {
                return Ok(requests.iter().map(truth).collect());
            }
            if begin.elapsed() > PATIENCE {
                return Err(format!("{running} exchanges still run in the server"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn truth(request: &Value) -> (String, Truth) {
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    let truth = Truth {
        input: number(&request["usage"]["input_tokens"]),
        output: number(&request["usage"]["output_tokens"]),
        sent: number(&request["sent_output_tokens"]),
        complete: request["outcome"] == "complete",
    };
    (request["id"].as_str().unwrap_or_default().to_owned(), truth)
}
