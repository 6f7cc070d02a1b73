//! What a filter costs, beside bare Envoy and its native neighbours.
//!
//! Every contender is an Envoy of its own with one worker, all of them on one core; the load and the upstream are
//! this process, on the other cores. Machines drift by half within minutes, so contenders take turns in many short
//! rounds, are compared within a round, and the median over rounds counts. See README.md for the keys.
//!
//! Knows nothing of: Penstock's crates.

mod callbacks;
mod clock;
mod contender;
mod cores;
mod envoy;
mod figures;
mod http;
mod load;
mod picker;
mod report;
mod rounds;
mod upstream;

use contender::{Contender, Modules, Timed};
use cores::Cores;
use envoy::{Envoy, Ground};
use rounds::{Envoys, Round, Spans};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How much is measured.
struct Plan {
    spans: Spans,
    /// Rounds are begun until then.
    until: Duration,
    /// Requests before the first and the second look at memory.
    memory: (u64, u64),
    validations: usize,
    /// Callbacks of each kind that are timed.
    callbacks: usize,
}

impl Plan {
    /// Ends within a minute.
    fn quick() -> Self {
        let spans = Spans {
            busy: Duration::from_millis(150),
            quiet: Duration::from_millis(60),
            first_events: 8,
            streams: Duration::from_millis(250),
        };
        Self {
            spans,
            until: Duration::from_secs(36),
            memory: (500, 4_000),
            validations: 2,
            callbacks: 300,
        }
    }

    fn full() -> Self {
        let spans = Spans {
            busy: Duration::from_millis(250),
            quiet: Duration::from_millis(100),
            first_events: 12,
            streams: Duration::from_millis(400),
        };
        Self {
            spans,
            until: Duration::from_secs(240),
            memory: (10_000, 200_000),
            validations: 5,
            callbacks: 20_000,
        }
    }
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = runtime
        .map_err(|error| error.to_string())
        .and_then(|runtime| runtime.block_on(tokio::task::LocalSet::new().run_until(bench())));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn bench() -> Result<(), String> {
    let begin = Instant::now();
    let quick = std::env::var_os("QUICK").is_some_and(|quick| !quick.is_empty());
    let plan = if quick { Plan::quick() } else { Plan::full() };
    let part = Part::chosen()?;
    let ground = ground(part).await?;
    if part == Part::Picker {
        return picker::measure(&ground, quick).await;
    }
    let mut figures = Map::new();
    for timed in Timed::ALL {
        callbacks::measure(timed, &ground, plan.callbacks, &mut figures).await?;
    }
    if part == Part::Callbacks {
        return Ok(());
    }
    starts(&ground, plan.validations, &mut figures).await?;
    let mut envoys = Envoys::new();
    for contender in Contender::ALL {
        envoys.insert(contender, Envoy::start(contender, &ground).await?);
    }
    let rounds = all_rounds(&envoys, &plan, begin).await?;
    println!("{}{}", report::table(&rounds), report::goals(&rounds));
    for contender in [Contender::Bare, Contender::Meter, Contender::Suite] {
        let Some(envoy) = envoys.get(&contender) else {
            continue;
        };
        let (early, late) = rounds::memory(envoy, plan.memory.0, plan.memory.1).await?;
        println!(
            "{:<8} memory {late} kB, {:+} kB since request {}",
            contender.name(),
            late as i64 - early as i64,
            plan.memory.0
        );
        figures.insert(format!("rss_kb_{}", contender.name()), json!(late));
        figures.insert(
            format!("rss_growth_kb_{}", contender.name()),
            json!(late as i64 - early as i64),
        );
    }
    figures.extend(figures::figures(&rounds));
    let result = json!({
        "ratios": figures::ratios(&rounds),
        "figures": figures,
        "machine": machine(&ground, &plan, rounds.len(), begin),
    });
    save(&result)
}

/// What is measured: `PART`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// All but the picker.
    Filters,
    /// How long filters keep a worker busy at a time.
    Callbacks,
    /// Policies that pick a server.
    Picker,
}

impl Part {
    fn chosen() -> Result<Self, String> {
        match std::env::var("PART").unwrap_or_default().as_str() {
            "" => Ok(Self::Filters),
            "callbacks" => Ok(Self::Callbacks),
            "picker" => Ok(Self::Picker),
            other => Err(format!("PART={other}: there are callbacks and picker")),
        }
    }

    fn needs(self) -> Vec<Contender> {
        let timed = Timed::ALL.map(Contender::Timed);
        match self {
            Self::Filters => Contender::ALL.into_iter().chain(timed).collect(),
            Self::Callbacks => timed.to_vec(),
            // It says itself what it must leave out.
            Self::Picker => Vec::new(),
        }
    }
}

async fn ground(part: Part) -> Result<Ground, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder =
        |name: &str, built: &str| std::env::var_os(name).map_or_else(|| root.join(built), PathBuf::from);
    let modules = Modules {
        penstock: folder("PENSTOCK_WASM", "target/wasm32-wasip1/release"),
        timed: folder("TIMED_WASM", "target/timed/wasm32-wasip1/release"),
        plain: folder("PLAIN_WASM", "target/empty-filter/wasm32-wasip1/release"),
    };
    for path in part
        .needs()
        .iter()
        .filter_map(|contender| contender.module(&modules))
    {
        if !path.is_file() {
            return Err(format!("{} is not built: use `make bench`", path.display()));
        }
    }
    let logs = root.join("target/bench");
    std::fs::create_dir_all(&logs).map_err(|error| format!("{}: {error}", logs.display()))?;
    Ok(Ground {
        binary: binary(&root)?,
        modules,
        cores: Cores::divide()?,
        folder: logs,
        upstream: upstream::start().await?,
    })
}

/// `ENVOY`, or the one that `tools/envoy.sh` keeps.
fn binary(root: &Path) -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os("ENVOY") {
        return Ok(path.into());
    }
    let script = root.join("tools/envoy.sh");
    let output = std::process::Command::new(&script)
        .arg(std::env::var("ENVOY_VERSION").unwrap_or_else(|_| "1.40.0".to_owned()))
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|error| format!("{}: {error}", script.display()))?;
    if !output.status.success() {
        return Err("tools/envoy.sh failed; ENVOY names another binary".to_owned());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().into())
}

/// Size of each module, and how much longer than bare Envoy it takes until it is configured.
async fn starts(ground: &Ground, times: usize, figures: &mut Map<String, Value>) -> Result<(), String> {
    let wasm = Contender::ALL
        .into_iter()
        .filter_map(|one| Some((one, one.module(&ground.modules)?)));
    let mut added = vec![Vec::new(); Contender::ALL.len()];
    for _ in 0..times {
        let bare = envoy::validate(Contender::Bare, ground).await?.as_secs_f64();
        for ((contender, _), added) in wasm.clone().zip(&mut added) {
            added.push((envoy::validate(contender, ground).await?.as_secs_f64() - bare) * 1e3);
        }
    }
    for ((contender, path), added) in wasm.zip(added) {
        let size = std::fs::metadata(&path)
            .map_err(|error| format!("{}: {error}", path.display()))?
            .len();
        // Whatever else the machine does only adds.
        let start = added.iter().copied().fold(f64::INFINITY, f64::min).round();
        println!(
            "{:<8} module {:>4} kB, start {start:>4} ms",
            contender.name(),
            size / 1000
        );
        figures.insert(format!("module_bytes_{}", contender.name()), json!(size));
        figures.insert(format!("start_ms_{}", contender.name()), json!(start));
    }
    Ok(())
}

async fn all_rounds(envoys: &Envoys, plan: &Plan, begin: Instant) -> Result<Vec<Round>, String> {
    // Connection pools, code tiers and buffers settle in a round that does not count.
    rounds::round(envoys, plan.spans, 0).await?;
    let mut rounds = Vec::new();
    while rounds.len() < 3 || begin.elapsed() < plan.until {
        rounds.push(rounds::round(envoys, plan.spans, rounds.len()).await?);
        eprint!("\rround {} ", rounds.len());
    }
    eprintln!();
    Ok(rounds)
}

fn machine(ground: &Ground, plan: &Plan, rounds: usize, begin: Instant) -> Value {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| {
        line.strip_prefix("model name")?
            .split_once(": ")
            .map(|(_, name)| name)
    });
    json!({
        "cpu": model,
        "proxy_core": ground.cores.proxy,
        "load_cores": ground.cores.load,
        "rounds": rounds,
        "seconds": begin.elapsed().as_secs(),
        "request_bytes": load::REQUEST_BYTES,
        "streams": load::STREAMS,
        "event_interval_ms": upstream::EVENT_INTERVAL.as_millis() as u64,
        "rss_requests_first": plan.memory.0,
        "rss_requests_last": plan.memory.1,
    })
}

fn save(result: &Value) -> Result<(), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench.json");
    let text = format!("{result:#}\n");
    std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    println!("all figures: target/bench.json, keys: tests/bench/README.md");
    Ok(())
}
