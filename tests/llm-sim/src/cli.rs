//! The command line.

use clap::Parser;

use crate::backend::Backend;
use crate::controls::Controls;

const AFTER: &str = "\
Each --listen is one backend of the fleet: ADDRESS[,KEY=VALUE...] with name, speed and slots, and any control
(see the README) as this backend's default:
  llm-sim --listen 127.0.0.1:9001,name=fast,speed=2 --listen 127.0.0.1:9002,name=slow,speed=0.5,slots=4,ttft=50

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
    /// Speed of a backend whose --listen has none; 2 is twice as fast.
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// Requests served at once by each backend; the others wait.
    #[arg(long, default_value_t = 1024)]
    slots: usize,
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
        self.listen
            .iter()
            .map(|text| self.listener(text, &defaults))
            .collect()
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
        Backend::new(
            &listen.name,
            listen.speed,
            self.seed,
            listen.slots,
            models,
            listen.defaults.clone(),
        )
    }
}

impl Listen {
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
            _ => self.defaults.set(key, value).map_err(|error| error.to_string())?,
        }
        Ok(())
    }
}
