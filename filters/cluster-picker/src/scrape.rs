//! What a poll of a backend tells of its load, and which models it holds.
//!
//! | server | path | form |
//! |---|---|---|
//! | vLLM, SGLang, TensorRT-LLM, Triton, llama.cpp, TGI | `/metrics` | Prometheus text |
//! | SGLang | `/v1/loads` | JSON, one entry an engine |
//! | Ollama | `/api/ps` | JSON, the models in memory; it tells of no queue |
//!
//! [`Scraped::read`] knows them by their bytes. Only lines with a known name are looked at; values of several engines
//! add up where they count something, and of shares the fullest counts.
//!
//! ```
//! use penstock_cluster_picker::scrape::Scraped;
//!
//! let body = b"# TYPE vllm:num_requests_waiting gauge\n\
//!     vllm:num_requests_waiting{engine=\"0\",model_name=\"m-1\"} 2.0\n\
//!     vllm:num_requests_waiting{engine=\"1\",model_name=\"m-1\"} 3.0\n";
//! let scraped = Scraped::read(body);
//! assert_eq!(scraped.load.and_then(|load| load.waiting), Some(5.0));
//! assert_eq!(scraped.resident, ["m-1"]);
//! ```

mod json;
mod metrics;
mod sample;

#[cfg(test)]
mod tests;

use crate::report::{Gathered, Load};

/// Longest body that is read, in bytes; vLLM's metrics have about 60,000. What follows is left out.
pub const MAX_BODY_BYTES: usize = 1 << 20;
/// Most lines that are read.
pub const MAX_LINES: usize = 20_000;
/// Most names of models and adapters that are kept.
pub const MAX_NAMES: usize = 256;
/// Longest such name, in bytes.
pub const MAX_NAME_BYTES: usize = 256;

/// What one poll tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scraped {
    /// The load, if at least one value of it is there.
    pub load: Option<Load>,
    /// Models served (vLLM, SGLang) or in memory (Ollama), and LoRA adapters that run (vLLM), each once.
    /// At most [`MAX_NAMES`], of at most [`MAX_NAME_BYTES`] each.
    pub resident: Vec<String>,
    /// Values that were not readable or cannot be true, and 1 for a body that is too long, cut off or not readable.
    pub ignored: u32,
}

impl Scraped {
    /// Reads the body of an answer to a poll, whichever server sent it.
    pub fn read(body: &[u8]) -> Self {
        let mut names = Names::default();
        let mut gathered = Gathered::default();
        match body.trim_ascii_start().first() {
            Some(b'{' | b'[') => json::read(body, &mut gathered, &mut names),
            Some(_) | None => metrics::read(body, &mut gathered, &mut names),
        }
        let parsed = gathered.parsed();
        Self {
            load: parsed.load,
            resident: names.0,
            ignored: parsed.ignored,
        }
    }
}

/// Names, each once, in the order they came.
#[derive(Debug, Default)]
struct Names(Vec<String>);

impl Names {
    fn add(&mut self, name: &str) {
        let fits = !name.is_empty() && name.len() <= MAX_NAME_BYTES && self.0.len() < MAX_NAMES;
        if fits && !self.0.iter().any(|known| known == name) {
            self.0.push(name.to_owned());
        }
    }
}
