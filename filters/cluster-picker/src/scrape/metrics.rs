//! `/metrics` in Prometheus text, of every server at once: their names do not clash.

use super::sample::Sample;
use super::{MAX_BODY_BYTES, MAX_LINES, Names};
use crate::report::{Field, Gathered, Merge, bare, field, number};

/// Reads the lines that are whole: Prometheus ends every line, so a last one without an end is cut off.
pub(super) fn read(body: &[u8], gathered: &mut Gathered, names: &mut Names) {
    let within = body.get(..MAX_BODY_BYTES).unwrap_or(body);
    let ends = within.iter().rposition(|byte| *byte == b'\n');
    let whole = within.get(..ends.unwrap_or_default()).unwrap_or_default();
    let mut lines = whole.split(|byte| *byte == b'\n');
    let mut blocks = Blocks::default();
    let mut adapters = Adapters::default();
    for line in lines.by_ref().take(MAX_LINES) {
        if let Some(sample) = Sample::read(line) {
            take(sample, gathered, names, &mut blocks, &mut adapters);
        }
    }
    let is_cut = ends.map_or(0, |end| end + 1) < body.len() || lines.next().is_some();
    gathered.ignored += u32::from(is_cut);
    blocks.settle(gathered);
    adapters
        .running
        .split(',')
        .for_each(|name| names.add(name.trim()));
}

fn take<'a>(
    sample: Sample<'a>,
    gathered: &mut Gathered,
    names: &mut Names,
    blocks: &mut Blocks,
    adapters: &mut Adapters<'a>,
) {
    if let Some(field) = field(sample.name) {
        if is_twin(sample) {
            return;
        }
        gathered.take(field, sample.value(), Merge::Sum);
        names.add(sample.text("model_name"));
        return;
    }
    match bare(sample.name) {
        b"lora_requests_info" => adapters.take(sample),
        b"cache_config_info" => blocks.config(sample),
        b"trt_llm_request_metrics" => match sample.label("request_type") {
            b"waiting" => gathered.take(Field::Waiting, sample.value(), Merge::Sum),
            b"scheduled" => gathered.take(Field::Running, sample.value(), Merge::Sum),
            _ => {}
        },
        b"trt_llm_kv_cache_block_metrics" => match sample.label("kv_cache_block_type") {
            b"fraction" => gathered.take(Field::Kv, sample.value(), Merge::Sum),
            b"tokens_per" => blocks.tokens_per(sample),
            b"max" => blocks.max(sample),
            b"used" => blocks.used = add(blocks.used, sample.value()),
            _ => {}
        },
        b"kv_cache_tokens_per_block" => blocks.tokens_per(sample),
        b"kv_cache_max_blocks" => blocks.max(sample),
        b"inference_pending_request_count" => blocks.pending = add(blocks.pending, sample.value()),
        _ => {}
    }
}

/// SGLang says some things twice: by priority beside the sum, and from every rank of one tensor- or pipeline-parallel
/// engine. Ranks of a data-parallel one (`dp_rank`) have each their own.
fn is_twin(sample: Sample<'_>) -> bool {
    let is_first = |label: &str| matches!(sample.label(label), b"" | b"0");
    let is_rank = !is_first("tp_rank") || !is_first("pp_rank");
    !sample.label("priority").is_empty() || is_rank && sample.label("dp_rank").is_empty()
}

/// Sizes in blocks, for servers that give no tokens, and other values that count only where nothing better is said.
#[derive(Debug, Default)]
struct Blocks {
    /// Tokens of all engines, from vLLM's and SGLang's configuration.
    configured: Option<f64>,
    tokens_per: Option<f64>,
    max: Option<f64>,
    used: Option<f64>,
    /// Requests in Triton that no instance of a model has taken.
    pending: Option<f64>,
}

impl Blocks {
    /// The size of one engine's cache. vLLM writes "None" where it does not know yet.
    fn config(&mut self, sample: Sample<'_>) {
        let size = |label: &str| number(sample.label(label));
        let vllm = size("block_size").zip(size("num_gpu_blocks"));
        let pages = vllm.or_else(|| size("page_size").zip(size("num_pages")));
        if !is_twin(sample) {
            self.configured = add(self.configured, pages.map(|(tokens, count)| tokens * count));
        }
    }

    fn tokens_per(&mut self, sample: Sample<'_>) {
        self.tokens_per = sample.value().or(self.tokens_per);
    }

    fn max(&mut self, sample: Sample<'_>) {
        self.max = add(self.max, sample.value());
    }

    fn settle(&self, gathered: &mut Gathered) {
        let held = self
            .tokens_per
            .zip(self.max)
            .map(|(tokens, count)| tokens * count);
        let full = self.used.zip(self.max).map(|(used, max)| used / max);
        for (field, value) in [
            (Field::MaxTokens, self.configured.or(held)),
            (Field::Kv, full),
            (Field::Waiting, self.pending),
        ] {
            if value.is_some() && gathered.said(field).is_none() {
                gathered.take(field, value, Merge::Sum);
            }
        }
    }
}

fn add(sum: Option<f64>, value: Option<f64>) -> Option<f64> {
    value.map_or(sum, |value| Some(sum.unwrap_or_default() + value))
}

/// The LoRA adapters that run. vLLM adds a line for every set of them that ever ran, and its number is the time when
/// that was written last: the latest line is true.
#[derive(Debug, Default)]
struct Adapters<'a> {
    at: f64,
    running: &'a str,
}

impl<'a> Adapters<'a> {
    fn take(&mut self, sample: Sample<'a>) {
        let at = sample.value().unwrap_or_default();
        if at >= self.at {
            *self = Self {
                at,
                running: sample.text("running_lora_adapters"),
            };
        }
    }
}
