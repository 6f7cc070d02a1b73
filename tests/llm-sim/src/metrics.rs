//! `/metrics` under vLLM's names.
//! <https://docs.vllm.ai/en/latest/usage/metrics.html>

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::backend::{Backend, Load};
use crate::pages;
use crate::truth::{Outcome, Record};

/// vLLM's buckets, in seconds.
const TTFT: [f64; 17] = [
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0,
];
const TPOT: [f64; 14] = [
    0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0,
];
const E2E: [f64; 13] = [
    0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0,
];

#[derive(Default)]
pub struct Metrics(Mutex<BTreeMap<String, Series>>);

struct Series {
    prompt_tokens: u64,
    generation_tokens: u64,
    cached_tokens: u64,
    success: BTreeMap<&'static str, u64>,
    ttft: Histogram,
    tpot: Histogram,
    e2e: Histogram,
}

impl Default for Series {
    fn default() -> Self {
        Self {
            prompt_tokens: 0,
            generation_tokens: 0,
            cached_tokens: 0,
            success: BTreeMap::new(),
            ttft: Histogram::new(&TTFT),
            tpot: Histogram::new(&TPOT),
            e2e: Histogram::new(&E2E),
        }
    }
}

struct Histogram {
    bounds: &'static [f64],
    counts: Vec<u64>,
    sum: f64,
}

impl Histogram {
    fn new(bounds: &'static [f64]) -> Self {
        Self {
            bounds,
            counts: vec![0; bounds.len() + 1],
            sum: 0.0,
        }
    }

    fn observe(&mut self, value: Duration) {
        let seconds = value.as_secs_f64();
        let bucket = self.bounds.partition_point(|bound| *bound < seconds);
        self.counts[bucket] += 1;
        self.sum += seconds;
    }

    fn write(&self, out: &mut String, name: &str, labels: &str) {
        let mut total = 0;
        let bounds = self
            .bounds
            .iter()
            .map(|bound| format!("{bound:?}"))
            .chain(["+Inf".to_owned()]);
        for (count, bound) in self.counts.iter().zip(bounds) {
            total += count;
            let _ = writeln!(out, "{name}_bucket{{le=\"{bound}\",{labels}}} {total}.0");
        }
        let _ = writeln!(
            out,
            "{name}_count{{{labels}}} {total}.0\n{name}_sum{{{labels}}} {:?}",
            self.sum
        );
    }
}

impl Metrics {
    fn series(&self) -> MutexGuard<'_, BTreeMap<String, Series>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn first_token(&self, model: &str, after: Duration) {
        self.series()
            .entry(model.to_owned())
            .or_default()
            .ttft
            .observe(after);
    }

    pub fn generated(&self, model: &str, tokens: u64) {
        self.series()
            .entry(model.to_owned())
            .or_default()
            .generation_tokens += tokens;
    }

    pub fn finished(&self, model: &str, record: &Record, whole: Duration, since_first: Option<Duration>) {
        let mut all = self.series();
        let series = all.entry(model.to_owned()).or_default();
        series.prompt_tokens += record.usage.input;
        series.cached_tokens += record.usage.cached;
        series.e2e.observe(whole);
        let after_first = record.sent_output_tokens.saturating_sub(1) as u32;
        if let (Some(time), 1..) = (since_first, after_first) {
            series.tpot.observe(time / after_first);
        }
        let reason = match record.outcome {
            Outcome::Complete | Outcome::Running => "stop",
            Outcome::Cancelled | Outcome::Reset => "abort",
            Outcome::Error | Outcome::Truncated => "error",
        };
        *series.success.entry(reason).or_default() += 1;
    }
}

/// The page of one backend, one set of series a model that it has served or was started with.
pub fn page(backend: &Backend) -> String {
    let mut all = backend.metrics.series();
    for model in &backend.models {
        all.entry(model.clone()).or_default();
    }
    let mut out = String::new();
    gauges(&mut out, &backend.load(), &all);
    counters(&mut out, &all);
    histograms(&mut out, &all);
    if let Some(gpu) = &backend.gpu {
        pages::vllm(&mut out, gpu, all.keys().next().map_or("", String::as_str));
    }
    out
}

pub fn labels(model: &str) -> String {
    let model = model
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("engine=\"0\",model_name=\"{model}\"")
}

pub fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn gauges(out: &mut String, load: &Load, all: &BTreeMap<String, Series>) {
    // A real server has one model. Here the first carries the backend's load, so that a sum over models is right.
    let gauges = [
        (
            "vllm:num_requests_running",
            "Requests in service.",
            load.running as f64,
        ),
        (
            "vllm:num_requests_waiting",
            "Requests waiting for a slot.",
            load.waiting as f64,
        ),
        (
            "vllm:kv_cache_usage_perc",
            "KV cache in use; 1 is all of it.",
            load.kv,
        ),
    ];
    for (name, help, value) in gauges {
        head(out, name, "gauge", help);
        for (position, model) in all.keys().enumerate() {
            let value = if position == 0 { value } else { 0.0 };
            let _ = writeln!(out, "{name}{{{}}} {value:?}", labels(model));
        }
    }
}

fn counters(out: &mut String, all: &BTreeMap<String, Series>) {
    type Read = fn(&Series) -> u64;
    let counters: [(&str, &str, Read); 3] = [
        ("vllm:prompt_tokens_total", "Prompt tokens processed.", |s| {
            s.prompt_tokens
        }),
        (
            "vllm:prompt_tokens_cached_total",
            "Prompt tokens read from the cache.",
            |s| s.cached_tokens,
        ),
        ("vllm:generation_tokens_total", "Tokens generated.", |s| {
            s.generation_tokens
        }),
    ];
    for (name, help, read) in counters {
        head(out, name, "counter", help);
        for (model, series) in all {
            let _ = writeln!(out, "{name}{{{}}} {}.0", labels(model), read(series));
        }
    }
    head(
        out,
        "vllm:request_success_total",
        "counter",
        "Requests finished, by reason.",
    );
    for (model, series) in all {
        for (reason, count) in &series.success {
            let _ = writeln!(
                out,
                "vllm:request_success_total{{{},finished_reason=\"{reason}\"}} {count}.0",
                labels(model)
            );
        }
    }
}

fn histograms(out: &mut String, all: &BTreeMap<String, Series>) {
    type Read = fn(&Series) -> &Histogram;
    let histograms: [(&str, &str, Read); 3] = [
        ("vllm:time_to_first_token_seconds", "Time to first token.", |s| {
            &s.ttft
        }),
        (
            "vllm:request_time_per_output_token_seconds",
            "Time per output token after the first.",
            |s| &s.tpot,
        ),
        (
            "vllm:e2e_request_latency_seconds",
            "Time from arrival to end.",
            |s| &s.e2e,
        ),
    ];
    for (name, help, read) in histograms {
        head(out, name, "histogram", help);
        all.iter()
            .for_each(|(model, series)| read(series).write(out, name, &labels(model)));
    }
}
