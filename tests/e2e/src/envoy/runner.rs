//! One scenario after the other, on the Envoy of its setup.

use crate::check::Check;
use crate::chunking::Chunking;
use crate::client1::{Visit, plain};
use crate::envoy::bootstrap::Ports;
use crate::envoy::process::Envoy;
use crate::ground::{Ground, PATIENCE};
use crate::observed::{ClientSaw, Observed, UpstreamSaw};
use crate::scenario::{Cuts, Module, Protocol, Scenario, Setup, Traps};
use crate::upstream::{ALIVE_PATH, Role, serve};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The servers behind the proxy, and the Envoy of the current module.
pub struct Wire {
    binary: PathBuf,
    folder: PathBuf,
    ground: Ground,
    ports: Ports,
    setups: Vec<(Group, Setup)>,
    current: Option<(Group, Envoy)>,
}

/// Scenarios that can share a VM: one module, and none of them kills it.
type Group = (Option<Module>, Traps);

/// The group of a scenario.
pub fn group(scenario: &Scenario) -> Group {
    (scenario.setup.module, scenario.traps)
}

fn setups(scenarios: &[Scenario]) -> Vec<(Group, Setup)> {
    let mut all: Vec<(Group, Setup)> = Vec::new();
    for scenario in scenarios {
        let one = (group(scenario), scenario.setup.clone());
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

const ACTIVE: &str = "http.e2e.downstream_rq_active";
/// Bytes of log lines that Envoy has not written to their file.
const UNWRITTEN: &str = "filesystem.write_total_buffered";
const FILTER_PREFIX: &str = "wasmcustom.";

impl Wire {
    /// Starts the servers for scenarios in these setups. Files of the runs go to `folder`.
    pub async fn new(binary: PathBuf, folder: &Path, scenarios: &[Scenario]) -> Result<Self, String> {
        let ground = Ground::default();
        let port = async |role| {
            serve(role, ground.clone())
                .await
                .map_err(|error| error.to_string())
        };
        let ports = Ports {
            main: port(Role::Main).await?,
            other: port(Role::Other).await?,
            judge: port(Role::Judge).await?,
        };
        Ok(Self {
            binary,
            folder: folder.to_owned(),
            ground,
            ports,
            setups: setups(scenarios),
            current: None,
        })
    }

    /// Runs a scenario with one chunking and says what is wrong.
    pub async fn run(
        &mut self,
        scenario: &Scenario,
        protocol: Protocol,
        chunking: Chunking,
    ) -> Result<(), String> {
        self.prepare(scenario).await?;
        let result = self.attempt(scenario, protocol, chunking).await;
        let served = self.serves_on(scenario).await;
        match (result, served) {
            (result, Ok(())) => result,
            (result, Err(why)) => {
                let log = self
                    .current
                    .take()
                    .map(|(_, envoy)| envoy.log_tail())
                    .unwrap_or_default();
                let first = result.err().unwrap_or_default();
                Err(format!("{first}\nEnvoy does not serve on: {why}\n{log}"))
            }
        }
    }

    /// Has the Envoy of the scenario's group running.
    async fn prepare(&mut self, scenario: &Scenario) -> Result<(), String> {
        let group = group(scenario);
        let same = self
            .current
            .as_mut()
            .is_some_and(|(current, envoy)| *current == group && envoy.runs());
        if !same {
            self.current = None;
            let envoy =
                Envoy::start(&self.binary, &self.siblings(group), self.ports, 1, &self.folder).await?;
            self.current = Some((group, envoy));
        }
        Ok(())
    }

    /// Port of a scenario's listener, with its Envoy running.
    pub(super) async fn port_of(&mut self, scenario: &Scenario) -> Result<u16, String> {
        self.prepare(scenario).await?;
        self.port(scenario)
    }

    pub(super) fn ground(&self) -> &Ground {
        &self.ground
    }

    fn siblings(&self, group: Group) -> Vec<Setup> {
        self.setups
            .iter()
            .filter(|(own, _)| *own == group)
            .map(|(_, setup)| setup.clone())
            .collect()
    }

    fn port(&self, scenario: &Scenario) -> Result<u16, String> {
        let siblings = self.siblings(group(scenario));
        let index = siblings
            .iter()
            .position(|one| *one == scenario.setup)
            .ok_or("a setup without a listener")?;
        Ok(self.envoy()?.port(index))
    }

    async fn attempt(
        &self,
        scenario: &Scenario,
        protocol: Protocol,
        chunking: Chunking,
    ) -> Result<(), String> {
        let seen = self.observe(scenario, protocol, chunking).await?;
        judge(scenario, &seen)
    }

    /// Runs a scenario once and says what everyone saw, without judging it.
    pub async fn watch(
        &mut self,
        scenario: &Scenario,
        protocol: Protocol,
    ) -> Result<(Observed, Vec<String>), String> {
        self.prepare(scenario).await?;
        let lines = self.envoy()?.log().len();
        let seen = self.observe(scenario, protocol, Chunking::Whole).await?;
        let log = self.envoy()?.log().split_off(lines);
        Ok((seen, log))
    }

    async fn observe(
        &self,
        scenario: &Scenario,
        protocol: Protocol,
        chunking: Chunking,
    ) -> Result<Observed, String> {
        for request in &scenario.earlier {
            let before = Scenario {
                request: request.clone(),
                ..scenario.clone()
            };
            self.ground.begin(&before, Chunking::Whole);
            self.visit(&before, protocol, Chunking::Whole).await?;
            self.quiet().await?;
        }
        let before = self.stats().await?;
        let wants_log = scenario.checks.iter().any(Check::wants_access_log);
        let lines = if wants_log {
            self.exchanges_logged().await?
        } else {
            0
        };
        self.ground.begin(scenario, chunking);
        let client = self.visit(scenario, protocol, chunking).await?;
        if !self.ground.until(|run| run.live == 0).await {
            self.ground.change(|run| run.live = 0);
            return Err("upstream: its request never ended".to_owned());
        }
        if wants_log {
            self.exchange_logged(lines).await?;
        }
        let after = self.quiet().await?;
        traps(scenario, &before, &after)?;
        let mut seen = self.observed(scenario, client, &before, &after);
        if wants_log {
            seen.filter_state = self.filter_state(lines)?;
        }
        Ok(seen)
    }

    async fn visit(
        &self,
        scenario: &Scenario,
        protocol: Protocol,
        chunking: Chunking,
    ) -> Result<ClientSaw, String> {
        let visit = Visit {
            request: &scenario.request,
            chunking: if scenario.cuts == Cuts::Both {
                chunking
            } else {
                Chunking::Whole
            },
            leaves: &scenario.leaves,
            pipelined: scenario.pipelined,
            ground: &self.ground,
        };
        let port = self.port(scenario)?;
        let visited = async {
            match protocol {
                Protocol::Http1 => visit.pay(port).await,
                Protocol::Http2 => visit.pay2(port).await,
            }
        };
        let waited = tokio::time::timeout(PATIENCE, visited).await;
        waited.unwrap_or_else(|_| {
            let run = self.ground.run();
            let (got, requests) = (crate::message::show(&run.client_body), run.upstream_saw.len());
            Err(format!(
                "client: no end of the response in time; got {got}, {requests} request(s) upstream"
            ))
        })
    }

    fn observed(&self, scenario: &Scenario, client: ClientSaw, before: &Stats, after: &Stats) -> Observed {
        let moved = after.iter().filter_map(|(name, value)| {
            let by = value - before.get(name).copied().unwrap_or(0);
            let name = name.strip_prefix(FILTER_PREFIX)?;
            (by != 0).then(|| (name.to_owned(), by))
        });
        let run = self.ground.run();
        Observed {
            client,
            upstream: run.upstream_saw.clone(),
            judge: run.judge_saw.clone(),
            metrics: moved.collect(),
            filter_state: BTreeMap::new(),
            scripted_body: scenario.upstream.body(),
            sent_body: scenario.request.body.clone().unwrap_or_default(),
        }
    }

    /// Lines of the access log that scenarios before this one have written.
    async fn exchanges_logged(&self) -> Result<usize, String> {
        self.written().await?;
        Ok(logged(self.envoy()?).len())
    }

    /// Comes back when every line is in its file.
    async fn written(&self) -> Result<(), String> {
        self.settled(UNWRITTEN, "Envoy does not write its access log")
            .await
            .map(drop)
    }

    /// Comes back when there are more lines than so many. Where a client left, Envoy may not have met it yet.
    async fn exchange_logged(&self, lines: usize) -> Result<(), String> {
        let begin = Instant::now();
        while logged(self.envoy()?).len() <= lines {
            if begin.elapsed() > PATIENCE {
                return Err("Envoy has not logged the exchange".to_owned());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.written().await
    }

    /// Filter state from the first line that the access log got in this run.
    fn filter_state(&self, lines: usize) -> Result<BTreeMap<String, String>, String> {
        let line = logged(self.envoy()?).into_iter().nth(lines).unwrap_or_default();
        let fields: BTreeMap<String, serde_json::Value> = serde_json::from_str(&line).unwrap_or_default();
        Ok(fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
            .collect())
    }

    /// The statistics once no request is in flight: then every filter has counted.
    pub(super) async fn quiet(&self) -> Result<Stats, String> {
        self.settled(ACTIVE, "Envoy still holds a request that everybody has left")
            .await
    }

    /// The statistics once this gauge is zero.
    async fn settled(&self, gauge: &str, complaint: &str) -> Result<Stats, String> {
        let begin = Instant::now();
        loop {
            let stats = self.stats().await?;
            if stats.get(gauge).copied().unwrap_or(0) == 0 {
                return Ok(stats);
            }
            if begin.elapsed() > PATIENCE {
                return Err(complaint.to_owned());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn stats(&self) -> Result<Stats, String> {
        self.envoy()?.stats().await
    }

    /// A plain request must be answered; right after a trap it may take as long as the reload.
    async fn serves_on(&self, scenario: &Scenario) -> Result<(), String> {
        let port = self.port(scenario)?;
        let begin = Instant::now();
        loop {
            let answer = plain(port).await;
            match answer {
                Ok(200) => return Ok(()),
                Ok(_) if begin.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                Ok(status) => return Err(format!("a plain request gets {status}")),
                Err(why) => return Err(format!("a plain request: {why}")),
            }
        }
    }

    fn envoy(&self) -> Result<&Envoy, String> {
        self.current
            .as_ref()
            .map(|(_, envoy)| envoy)
            .ok_or_else(|| "no Envoy runs".to_owned())
    }
}

/// Access log lines of scenarios. Those of plain requests come whenever Envoy flushes them.
fn logged(envoy: &Envoy) -> Vec<String> {
    let mut lines = envoy.access_log();
    lines.retain(|line| !line.contains(&format!("\"{ALIVE_PATH}\"")));
    lines
}

type Stats = BTreeMap<String, i64>;

/// What every scenario must meet, and then its own checks.
pub fn judge(scenario: &Scenario, seen: &Observed) -> Result<(), String> {
    let faults = seen
        .upstream
        .iter()
        .chain(&seen.judge)
        .flat_map(|saw: &UpstreamSaw| &saw.faults);
    let faults: Vec<String> = faults.map(|fault| format!("upstream: {fault}")).collect();
    let failed = scenario.checks.iter().filter_map(|check| check.look(seen).err());
    let all: Vec<String> = faults.into_iter().chain(failed).collect();
    if all.is_empty() {
        Ok(())
    } else {
        Err(all.join("\n"))
    }
}

/// A module that died, or was loaded anew, shows in these counters.
fn traps(scenario: &Scenario, before: &Stats, after: &Stats) -> Result<(), String> {
    let reloads = |stats: &Stats| {
        stats
            .iter()
            .filter(|(name, _)| name.contains("vm_reload"))
            .map(|(_, value)| value)
            .sum::<i64>()
    };
    let moved = reloads(after) != reloads(before);
    match (scenario.traps, moved) {
        (Traps::Never, true) => Err("the module trapped".to_owned()),
        (Traps::Never, false) | (Traps::Once, _) => Ok(()),
    }
}
