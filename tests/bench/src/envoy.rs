//! An Envoy process: started on one core, watched through `/proc`.

use crate::contender::{Contender, Modules};
use crate::cores::Cores;
use crate::http::Connection;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// How long an Envoy may take to serve.
const PATIENCE: Duration = Duration::from_secs(60);

/// What every start needs.
pub struct Ground {
    pub binary: PathBuf,
    pub modules: Modules,
    pub cores: Cores,
    /// Where configurations and logs go.
    pub folder: PathBuf,
    pub upstream: u16,
}

/// A running Envoy. It dies with this value.
pub struct Envoy {
    _process: Child,
    pid: u32,
    /// Port of the listener.
    pub port: u16,
    /// What it writes.
    pub log: PathBuf,
}

impl Envoy {
    pub async fn start(contender: Contender, ground: &Ground) -> Result<Self, String> {
        let config = contender.bootstrap(&ground.modules, ground.upstream);
        Self::launch(contender.name(), &config, ground).await
    }

    /// With any bootstrap that has one listener; the name is for files and messages.
    pub async fn launch(name: &str, config: &Value, ground: &Ground) -> Result<Self, String> {
        let address = ground.folder.join(format!("{name}.admin"));
        // An address of an earlier process would be believed.
        let _ = fs::remove_file(&address);
        let log_path = ground.folder.join(format!("{name}.log"));
        let log = fs::File::create(&log_path).map_err(|error| format!("{}: {error}", log_path.display()))?;
        let mut process = command(name, config, ground)?
            .arg("--admin-address-path")
            .arg(&address)
            .args(["--use-dynamic-base-id", "--concurrency", "1", "-l", "warning"])
            .stderr(log)
            .spawn()
            .map_err(|error| format!("taskset: {error}"))?;
        let pid = process.id().ok_or("Envoy ended at once")?;
        let port = ready(&mut process, &address).await;
        let port = port.map_err(|why| format!("{name}: {why}; see {}", log_path.display()))?;
        Ok(Self {
            _process: process,
            pid,
            port,
            log: log_path,
        })
    }

    /// CPU time of all threads so far, in nanoseconds.
    pub fn cpu_ns(&self) -> Result<u64, String> {
        cpu_ns(self.pid)
    }

    /// Resident memory, in kB.
    pub fn rss_kb(&self) -> Result<u64, String> {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.pid)).map_err(|error| error.to_string())?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .ok_or("no VmRSS")?;
        line.trim()
            .trim_end_matches(" kB")
            .parse()
            .map_err(|_| "no number in VmRSS".to_owned())
    }
}

/// CPU time of all threads of a process so far, in nanoseconds.
pub fn cpu_ns(pid: u32) -> Result<u64, String> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).map_err(|error| error.to_string())?;
    let mut sum = 0;
    for task in tasks.flatten() {
        let stat = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        let time = stat.split(' ').next().and_then(|time| time.parse::<u64>().ok());
        sum += time.unwrap_or(0);
    }
    if sum == 0 {
        Err("this kernel has no /proc/PID/schedstat".to_owned())
    } else {
        Ok(sum)
    }
}

/// How long `envoy --mode validate` takes: it reads the configuration, compiles the module and configures it.
pub async fn validate(contender: Contender, ground: &Ground) -> Result<Duration, String> {
    let begin = Instant::now();
    let config = contender.bootstrap(&ground.modules, ground.upstream);
    let output = command(contender.name(), &config, ground)?
        .args(["--mode", "validate", "-l", "error"])
        .stderr(Stdio::piped())
        .output()
        .await
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(begin.elapsed())
    } else {
        Err(format!(
            "{} is refused: {}",
            contender.name(),
            String::from_utf8_lossy(&output.stderr)
        ))
    }
}

fn command(name: &str, config: &Value, ground: &Ground) -> Result<Command, String> {
    let path = ground.folder.join(format!("{name}.json"));
    fs::write(&path, format!("{config:#}")).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut command = Command::new("taskset");
    command
        .args(["-c", &ground.cores.proxy])
        .arg(&ground.binary)
        .arg("--config-path")
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    Ok(command)
}

async fn ready(process: &mut Child, address: &Path) -> Result<u16, String> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if let Ok(Some(status)) = process.try_wait() {
            return Err(format!("ended at its start, {status}"));
        }
        if let Some(admin) = fs::read_to_string(address).ok().and_then(|text| port_of(&text))
            && get(admin, "/ready")
                .await
                .is_ok_and(|answer| answer.contains("LIVE"))
        {
            return port_of(&get(admin, "/listeners").await?).ok_or("has no listener".to_owned());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err("is not ready in time".to_owned())
}

async fn get(port: u16, path: &str) -> Result<String, String> {
    let stream = TcpStream::connect(("127.0.0.1", port))
        .await
        .map_err(|error| error.to_string())?;
    let mut connection = Connection::new(stream)?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: admin\r\n\r\n");
    connection
        .stream
        .write_all(request.as_bytes())
        .await
        .map_err(|error| error.to_string())?;
    let mut head = connection.head().await?.ok_or("the admin page closed")?;
    Ok(String::from_utf8_lossy(&connection.body(&mut head).await?).into_owned())
}

fn port_of(text: &str) -> Option<u16> {
    text.trim().rsplit(':').next()?.trim().parse().ok()
}
