//! The simulated fleet: one `llm-sim` with a backend for each GPU.

use super::Setting;
use super::policy::Backend;
use crate::envoy::{self, Ground};
use crate::http::Connection;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Streams send so many tokens at a time: an event for each would keep two cores busy with nothing else.
const STREAM_INTERVAL: &str = "8";
/// How a backend becomes as if it had just been started.
const RESTART: &str = "restart=0.1";

/// The running fleet. It dies with this value.
pub struct Fleet {
    _process: Child,
    pid: u32,
    pub backends: Vec<Backend>,
}

impl Fleet {
    pub async fn start(setting: &Setting, ground: &Ground) -> Result<Self, String> {
        let program = program()?;
        let mut process = Command::new("taskset")
            .args(["-c", &ground.cores.load])
            .arg(&program)
            .args(["--listen", "127.0.0.1:0", "--fleet", &setting.fleet])
            .args([
                "--reports",
                &setting.reports,
                "--speed",
                &setting.speed.to_string(),
            ])
            .args(["--stream-interval", STREAM_INTERVAL, "--threads", "1"])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let stdout = process.stdout.take().ok_or("llm-sim has no output")?;
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line).await;
        read.map_err(|error| error.to_string())?;
        let ready: Value = serde_json::from_str(&line).map_err(|_| "llm-sim did not start".to_owned())?;
        let addresses = ready.get("listening").and_then(Value::as_array);
        let port = |address: &Value| address.as_str()?.rsplit(':').next()?.parse().ok();
        let backend = |(place, address): (usize, &Value)| {
            Some(Backend {
                name: format!("gpu-{place}"),
                port: port(address)?,
            })
        };
        let backends = addresses
            .into_iter()
            .flatten()
            .enumerate()
            .filter_map(backend)
            .collect();
        Ok(Self {
            pid: process.id().ok_or("llm-sim ended at once")?,
            _process: process,
            backends,
        })
    }

    /// All backends are as if just started: idle, with empty caches and no faults.
    pub async fn renew(&self) -> Result<(), String> {
        for backend in &self.backends {
            request(backend.port, "DELETE", "/sim/faults", "").await?;
            request(backend.port, "PUT", "/sim/faults", RESTART).await?;
        }
        request_until_served(self.backends.iter().map(|backend| backend.port)).await?;
        let first = self.backends.first().ok_or("a fleet of none")?;
        request(first.port, "DELETE", "/sim/truth", "").await
    }

    /// The setting's fault, from a third of the run on.
    pub async fn befall(&self, setting: &Setting) -> Result<(), String> {
        let Some(fault) = &setting.fault else {
            return Ok(());
        };
        let wrong = || format!("FAULT: {fault:?} is not PLACE: key=value");
        let (place, fault) = fault.split_once(':').ok_or_else(wrong)?;
        let place: usize = place.trim().parse().map_err(|_| wrong())?;
        let backend = self.backends.get(place).ok_or_else(wrong)?;
        tokio::time::sleep(Duration::from_secs_f64(setting.seconds / setting.speed / 3.0)).await;
        request(backend.port, "PUT", "/sim/faults", fault.trim()).await
    }

    pub fn cpu_ns(&self) -> Result<u64, String> {
        envoy::cpu_ns(self.pid)
    }
}

/// `LLM_SIM`, or the one that is built beside this program.
fn program() -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os("LLM_SIM") {
        return Ok(path.into());
    }
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let path = own.with_file_name("llm-sim");
    if path.is_file() {
        Ok(path)
    } else {
        Err(format!(
            "{} is not built: use `make bench PICKER=1`",
            path.display()
        ))
    }
}

async fn request(port: u16, method: &str, path: &str, body: &str) -> Result<(), String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await;
    let mut connection = Connection::new(stream.map_err(|error| format!("port {port}: {error}"))?)?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: sim\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let sent = connection.stream.write_all((head + body).as_bytes()).await;
    sent.map_err(|error| error.to_string())?;
    let mut head = connection
        .head()
        .await?
        .ok_or("llm-sim closed instead of answering")?;
    let answer = connection.body(&mut head).await?;
    if head.status == 200 {
        Ok(())
    } else {
        Err(format!(
            "{path}: {} {}",
            head.status,
            String::from_utf8_lossy(&answer)
        ))
    }
}

/// Waits until all answer again.
async fn request_until_served(ports: impl Iterator<Item = u16>) -> Result<(), String> {
    tokio::time::sleep(Duration::from_millis(300)).await;
    for port in ports {
        let mut answer = request(port, "GET", "/health", "").await;
        for _ in 0..50 {
            if answer.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            answer = request(port, "GET", "/health", "").await;
        }
        answer?;
    }
    Ok(())
}

pub fn save(result: &Value) -> Result<(), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench-picker.json");
    let text = format!("{result:#}\n");
    std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    println!("all figures: target/bench-picker.json, keys: tests/bench/README.md");
    Ok(())
}
