//! The command line.

use std::sync::Arc;

use clap::Parser;
use penstock_gpu_model::Gpu;

use crate::backend::Backend;
use crate::controls::Controls;
use crate::faults::Scheduled;
use crate::fleet;
use crate::gpu::Station;
use crate::reports::Reports;

const AFTER: &str = "\
Each --listen is one backend of the fleet: ADDRESS[,KEY=VALUE...] with name, speed and slots, and any control
(see the README) as this backend's default:
  llm-sim --listen 127.0.0.1:9001,name=fast,speed=2 --listen 127.0.0.1:9002,name=slow,speed=0.5,slots=4,ttft=50

A backend with gpu=NAME (or --gpu) takes as long as that GPU would, speed times faster; --fleet opens one for each
GPU of a fleet, on consecutive ports:
  llm-sim --listen 127.0.0.1:9001 --fleet het --speed 4 --reports triton --fault 'H100-1: slow=4,25; at=10'
GPUs: H100, A100, A40, RTX4090, RTXPRO6000. Fleets: het, long, homo, big, or a list such as 2xH100+A100.
Faults (also PUT /sim/faults, seconds on the wall's clock): slow=FACTOR[,SECONDS], and blackhole, hang and draining
with SECONDS, on or off; restart=SECONDS.

When all are open, one line says where: {\"listening\":[\"127.0.0.1:9001\",\"127.0.0.1:9002\"]}
GET /sim/truth tells what was really sent; the x-sim request header steers a single answer.
Exit codes: 0 ended by SIGTERM or SIGINT, 2 cannot start.";

/// A simulated LLM fleet: OpenAI, Anthropic, Ollama, Gemini and custom APIs with known truth.
#[derive(Parser)]
#[command(name = "llm-sim", version, after_help = AFTER)]
pub struct Cli {
    /// Where to listen; port 0 takes any free one. May be given again for further backends.
    #[arg(long, value_name = "ADDRESS[,KEY=VALUE...]", default_value = "127.0.0.1:8000")]
    listen: Vec<String>,
    /// Decides every answer, together with the request.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Name of a backend whose --listen has none.
    #[arg(long, default_value = "sim")]
    name: String,
    /// Speed of a backend whose --listen has none; 2 is twice as fast, also the clock of a GPU.
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// Requests served at once by each backend; the others wait.
    #[arg(long, default_value_t = 1024)]
    slots: usize,
    /// The GPU of a backend whose --listen has none; without, times are those of the controls.
    #[arg(long, value_name = "NAME")]
    gpu: Option<String>,
    /// One backend for each GPU of the fleet, on consecutive ports from the only --listen on.
    #[arg(long, visible_alias = "gpus", value_name = "FLEET", conflicts_with = "gpu")]
    fleet: Option<String>,
    /// Whose load reports and metrics pages the backends have.
    #[arg(long, value_enum)]
    reports: Option<Reports>,
    /// Streams on a GPU send so many tokens at a time after the first, as vLLM's option of this name.
    #[arg(long, value_name = "TOKENS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    stream_interval: u64,
    /// What befalls a backend, by name or place from 0 on. May be given again.
    #[arg(long, value_name = "BACKEND: KEY=VALUE;...;at=SECONDS")]
    fault: Vec<String>,
    /// Default controls of all backends, as in the x-sim header.
    #[arg(long, value_name = "KEY=VALUE;...", default_value = "")]
    default: String,
    /// A model to list; any name is served. May be given again.
    #[arg(long, value_name = "MODEL", default_values_t = ["sim-model".to_owned()])]
    model: Vec<String>,
    /// Worker threads.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
}

/// One --listen, read.
pub struct Listen {
    pub address: String,
    name: String,
    speed: f64,
    slots: usize,
    gpu: Option<Arc<Gpu>>,
    defaults: Controls,
}

impl Cli {
    pub fn threads(&self) -> usize {
        usize::from(self.threads)
    }

    pub fn listeners(&self) -> Result<Vec<Listen>, String> {
        let defaults = Controls::default()
            .overlaid(&self.default)
            .map_err(|error| format!("--default: {error}"))?;
        let listens = self.listen.iter().map(|text| self.listener(text, &defaults));
        let listens: Vec<Listen> = listens.collect::<Result<_, _>>()?;
        match (&self.fleet, listens.as_slice()) {
            (None, _) => Ok(listens),
            (Some(fleet), [first]) => {
                let gpus = fleet::parse(fleet)?;
                let names = fleet::names(&gpus);
                let one = |((place, gpu), name)| first.neighbour(place, gpu, name);
                (0..).zip(gpus).zip(names).map(one).collect()
            }
            (Some(_), _) => Err("--fleet takes one --listen, for its first port".to_owned()),
        }
    }

    pub fn faults(&self) -> Result<Vec<Scheduled>, String> {
        self.fault.iter().map(|text| Scheduled::read(text)).collect()
    }

    fn listener(&self, text: &str, defaults: &Controls) -> Result<Listen, String> {
        let mut parts = text.split(',');
        let address = parts.next().unwrap_or_default().to_owned();
        let (name, speed, slots) = (self.name.clone(), self.speed, self.slots);
        let mut listen = Listen {
            address,
            name,
            speed,
            slots,
            gpu: self.gpu.as_deref().map(fleet::gpu).transpose()?,
            defaults: defaults.clone(),
        };
        for part in parts {
            let pair = part
                .split_once('=')
                .ok_or_else(|| format!("--listen {text}: `{part}` is not KEY=VALUE"))?;
            listen
                .set(pair.0, pair.1)
                .map_err(|error| format!("--listen {text}: {error}"))?;
        }
        let speed_ok = listen.speed.is_finite() && listen.speed > 0.0;
        if !speed_ok || listen.slots == 0 {
            return Err(format!("--listen {text}: speed and slots must be above zero"));
        }
        Ok(listen)
    }

    pub fn backend(&self, listen: &Listen) -> Backend {
        let models = self.model.clone();
        let mut backend = Backend::new(
            &listen.name,
            listen.speed,
            self.seed,
            listen.slots,
            models,
            listen.defaults.clone(),
        );
        backend.reports = self.reports;
        backend.stream_interval = self.stream_interval;
        backend.gpu = listen.gpu.as_ref().map(|gpu| {
            let faults = Arc::clone(&backend.faults);
            Arc::new(Station::new(Arc::clone(gpu), listen.speed, faults))
        });
        backend
    }
}

impl Listen {
    /// The backend so many ports further on; port 0 stays any port.
    fn neighbour(&self, place: u16, gpu: Arc<Gpu>, name: String) -> Result<Self, String> {
        let wrong = || format!("--fleet: {} has no port so many places on", self.address);
        let (host, port) = self.address.rsplit_once(':').ok_or_else(wrong)?;
        let port = match port.parse().map_err(|_| wrong())? {
            0 => 0,
            port => u16::checked_add(port, place).ok_or_else(wrong)?,
        };
        Ok(Self {
            address: format!("{host}:{port}"),
            name,
            speed: self.speed,
            slots: self.slots,
            gpu: Some(gpu),
            defaults: self.defaults.clone(),
        })
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "name" => self.name = value.to_owned(),
            "speed" => {
                self.speed = value
                    .parse()
                    .map_err(|_| format!("speed={value} is not a number"))?
            }
            "slots" => {
                self.slots = value
                    .parse()
                    .map_err(|_| format!("slots={value} is not a number"))?
            }
            "gpu" => self.gpu = Some(fleet::gpu(value)?),
            _ => self.defaults.set(key, value).map_err(|error| error.to_string())?,
        }
        Ok(())
    }
}
