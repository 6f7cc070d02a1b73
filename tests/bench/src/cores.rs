//! Which cores the proxy and the load run on.

use std::process::Command;

/// Lists of cores as `taskset -c` takes them.
#[derive(Clone, Debug)]
pub struct Cores {
    /// One core, for the proxies: only one of them is at work at a time.
    pub proxy: String,
    /// The others, for this process; the same one where there is no other.
    pub load: String,
}

impl Cores {
    /// Gives the first core to the proxies and moves this process to the others.
    pub fn divide() -> Result<Self, String> {
        let allowed = allowed()?;
        let (first, others) = allowed.split_first().ok_or("no cores")?;
        let load = if others.is_empty() {
            vec![*first]
        } else {
            others.to_vec()
        };
        let load = load.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        let cores = Self {
            proxy: first.to_string(),
            load,
        };
        let moved = Command::new("taskset")
            .args(["-a", "-c", "-p", &cores.load, &std::process::id().to_string()])
            .output()
            .map_err(|error| format!("taskset (package util-linux): {error}"))?;
        if moved.status.success() {
            Ok(cores)
        } else {
            Err(format!("taskset: {}", String::from_utf8_lossy(&moved.stderr)))
        }
    }
}

/// From `Cpus_allowed_list: 0-3,8`.
fn allowed() -> Result<Vec<u32>, String> {
    let status = std::fs::read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
    let list = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let mut cores = Vec::new();
    for part in list.ok_or("no Cpus_allowed_list")?.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| text.parse::<u32>().map_err(|_| format!("cores {part:?}"));
        cores.extend(number(first)?..=number(last)?);
    }
    Ok(cores)
}
