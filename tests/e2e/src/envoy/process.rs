//! Finding, starting and ending an Envoy.

use crate::envoy::admin;
use crate::envoy::bootstrap::{Ports, bootstrap, listener_name};
use crate::ground::PATIENCE;
use crate::scenario::{Module, Setup};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// A running Envoy. It dies with this value.
pub struct Envoy {
    process: Child,
    folder: PathBuf,
    admin: u16,
    /// Ports of the listeners, in the order of the setups.
    listeners: Vec<u16>,
}

/// The Envoy to test with: `ENVOY`, or the one that `tools/envoy.sh` keeps in `.tools/`.
pub fn binary() -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os("ENVOY") {
        return Ok(PathBuf::from(path));
    }
    let root = root();
    let version = std::env::var("ENVOY_VERSION").unwrap_or_else(|_| "1.40.0".to_owned());
    let output = std::process::Command::new(root.join("tools/envoy.sh"))
        .arg(&version)
        .stderr(Stdio::inherit())
        .output();
    let output = output.map_err(|error| format!("tools/envoy.sh: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "tools/envoy.sh {version} failed; ENVOY names another binary"
        ));
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// The file of a module: in `PENSTOCK_WASM`, or where `make build` leaves it.
pub fn module_path(module: Module) -> Result<PathBuf, String> {
    let folder = std::env::var_os("PENSTOCK_WASM").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| root().join("target/wasm32-wasip1/release"));
    let path = folder.join(module.file());
    if path.is_file() {
        Ok(path)
    } else {
        Err(format!("{} is not built: make build", path.display()))
    }
}

/// Root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Envoy {
    /// Starts `binary` with a listener for each of `setups`, all of one module, and so many workers. Waits until it serves.
    pub async fn start(
        binary: &Path,
        setups: &[Setup],
        ports: Ports,
        workers: u32,
        folder: &Path,
    ) -> Result<Self, String> {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let module = setups
            .first()
            .and_then(|setup| setup.module)
            .map(module_path)
            .transpose()?;
        let config = bootstrap(setups, module.as_deref(), ports, &folder.join("access.log"));
        let config_path = folder.join("envoy.json");
        fs::write(&config_path, format!("{config:#}")).map_err(|error| error.to_string())?;
        let address_path = folder.join("admin.txt");
        // An address of an earlier process would be believed.
        let _ = fs::remove_file(&address_path);
        let log = fs::File::create(folder.join("envoy.log")).map_err(|error| error.to_string())?;
        let process = Command::new(binary)
            .arg("--config-path")
            .arg(&config_path)
            .arg("--admin-address-path")
            .arg(&address_path)
            .arg("--use-dynamic-base-id")
            .args(["--concurrency", &workers.to_string()])
            .args(["--file-flush-interval-msec", "10"])
            .args(["-l", "warning", "--component-log-level", "wasm:info"])
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{}: {error}", binary.display()))?;
        let mut envoy = Self {
            process,
            folder: folder.to_owned(),
            admin: 0,
            listeners: Vec::new(),
        };
        envoy
            .ready(&address_path, setups.len())
            .await
            .map_err(|why| format!("{why}\n{}", envoy.log_tail()))?;
        Ok(envoy)
    }

    async fn ready(&mut self, address_path: &Path, listeners: usize) -> Result<(), String> {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE.saturating_mul(3) {
            if let Ok(Some(status)) = self.process.try_wait() {
                return Err(format!("Envoy ended at its start: {status}"));
            }
            if let Some(port) = fs::read_to_string(address_path)
                .ok()
                .and_then(|address| port_of(&address))
            {
                self.admin = port;
                if admin::get(port, "/ready")
                    .await
                    .is_ok_and(|answer| answer.contains("LIVE"))
                {
                    let page = admin::get(port, "/listeners").await?;
                    self.listeners = (0..listeners)
                        .filter_map(|index| listener_port(&page, index))
                        .collect();
                    let all = self.listeners.len() == listeners;
                    return if all {
                        Ok(())
                    } else {
                        Err("a listener of Envoy is missing".to_owned())
                    };
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err("Envoy is not ready in time".to_owned())
    }

    /// Port of the setup with this index.
    pub fn port(&self, index: usize) -> u16 {
        self.listeners.get(index).copied().unwrap_or(0)
    }

    /// Whether the process still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Ends it at once, as a machine that fails would.
    pub async fn kill(&mut self) -> Result<(), String> {
        self.process.kill().await.map_err(|error| error.to_string())
    }

    /// Resident memory, in kB.
    pub fn resident_kb(&self) -> Result<u64, String> {
        let id = self.process.id().ok_or("Envoy has ended")?;
        let status = fs::read_to_string(format!("/proc/{id}/status")).map_err(|error| error.to_string())?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kb = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        kb.ok_or_else(|| "this kernel shows no VmRSS".to_owned())
    }

    /// All lines of the log so far.
    pub fn log(&self) -> Vec<String> {
        let log = fs::read_to_string(self.folder.join("envoy.log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// The last lines of the log.
    pub fn log_tail(&self) -> String {
        let lines = self.log();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }

    /// Lines of the access log so far.
    pub fn access_log(&self) -> Vec<String> {
        let log = fs::read_to_string(self.folder.join("access.log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// The counters, gauges and histogram counts that it keeps.
    pub async fn stats(&self) -> Result<BTreeMap<String, i64>, String> {
        admin::stats(self.admin).await
    }
}

/// From lines like `setup-0::127.0.0.1:34567`.
fn listener_port(page: &str, index: usize) -> Option<u16> {
    let name = format!("{}::", listener_name(index));
    page.lines()
        .find(|line| line.starts_with(&name))
        .and_then(port_of)
}

fn port_of(text: &str) -> Option<u16> {
    text.trim().rsplit(':').next()?.trim().parse().ok()
}
