//! What servers other than the plain simulator show of their load, under their own names.

use std::fmt::Write;

use crate::backend::Backend;
use crate::gpu::Station;
use crate::json::Json;
use crate::metrics::{head, labels};
use crate::reports::Reports;
use crate::{arr, metrics, obj};

/// Tokens in a block of vLLM's KV cache.
const VLLM_BLOCK: u64 = 16;
/// Tokens in a block of TensorRT-LLM's KV cache.
const TRITON_BLOCK: u64 = 64;

/// `/metrics`; none where the server has none.
pub fn metrics(backend: &Backend) -> Option<String> {
    match backend.reports {
        None | Some(Reports::Vllm | Reports::Orca | Reports::XGpu) => Some(metrics::page(backend)),
        Some(Reports::Triton) => Some(triton(backend)),
        Some(Reports::Sglang) => Some(sglang(backend)),
        Some(Reports::None) => None,
    }
}

/// What vLLM tells of its engine beside gauges, counters and histograms.
/// <https://docs.vllm.ai/en/latest/usage/metrics.html>
pub fn vllm(out: &mut String, gpu: &Station, model: &str) {
    let totals = gpu.totals();
    let counters = [
        (
            "vllm:num_preemptions_total",
            "Requests preempted.",
            totals.preemptions,
        ),
        (
            "vllm:prefix_cache_queries_total",
            "Prompt tokens looked up in the prefix cache.",
            totals.prompt_tokens,
        ),
        (
            "vllm:prefix_cache_hits_total",
            "Prompt tokens found in the prefix cache.",
            totals.cached_tokens,
        ),
    ];
    for (name, help, value) in counters {
        head(out, name, "counter", help);
        let _ = writeln!(out, "{name}{{{}}} {value}.0", labels(model));
    }
    head(out, "vllm:cache_config_info", "gauge", "Size of the KV cache.");
    let blocks = gpu.gpu.kv_tokens as u64 / VLLM_BLOCK;
    let _ = writeln!(
        out,
        "vllm:cache_config_info{{block_size=\"{VLLM_BLOCK}\",engine=\"0\",num_gpu_blocks=\"{blocks}\"}} 1.0"
    );
}

/// Triton with the TensorRT-LLM backend.
/// <https://github.com/triton-inference-server/tensorrtllm_backend#triton-metrics>
fn triton(backend: &Backend) -> String {
    let load = backend.load();
    let (name, help) = ("nv_trt_llm_request_metrics", "TRT LLM request metrics");
    let mut out = String::new();
    head(&mut out, name, "gauge", help);
    for (kind, value) in [
        ("waiting", load.waiting),
        ("scheduled", load.running),
        ("active", load.waiting + load.running),
    ] {
        let _ = writeln!(
            out,
            "{name}{{model=\"tensorrt_llm\",request_type=\"{kind}\",version=\"1\"}} {value}"
        );
    }
    let (name, help) = (
        "nv_trt_llm_kv_cache_block_metrics",
        "TRT LLM KV cache block metrics",
    );
    head(&mut out, name, "gauge", help);
    let most = load.capacity / TRITON_BLOCK;
    let used = (load.kv * most as f64).round() as u64;
    for (kind, value) in [
        ("max", most),
        ("free", most - used.min(most)),
        ("used", used),
        ("tokens_per", TRITON_BLOCK),
    ] {
        let _ = writeln!(
            out,
            "{name}{{kv_cache_block_type=\"{kind}\",model=\"tensorrt_llm\",version=\"1\"}} {value}"
        );
    }
    let _ = writeln!(
        out,
        "{name}{{kv_cache_block_type=\"fraction\",model=\"tensorrt_llm\",version=\"1\"}} {:?}",
        load.kv
    );
    out
}

/// <https://docs.sglang.ai/references/production_metrics.html>
fn sglang(backend: &Backend) -> String {
    let load = backend.load();
    let model = backend.models.first().map_or("", String::as_str);
    let mut out = String::new();
    for (name, help, value) in [
        (
            "sglang:num_running_reqs",
            "Running requests.",
            load.running as f64,
        ),
        (
            "sglang:num_queue_reqs",
            "Requests in the queue.",
            load.waiting as f64,
        ),
        ("sglang:token_usage", "Share of the KV cache in use.", load.kv),
        (
            "sglang:gen_throughput",
            "Tokens generated a second.",
            load.tokens_per_second,
        ),
        (
            "sglang:max_total_num_tokens",
            "Tokens that fit into the KV cache.",
            load.capacity as f64,
        ),
    ] {
        head(&mut out, name, "gauge", help);
        let _ = writeln!(
            out,
            "{name}{{engine_type=\"unified\",model_name=\"{model}\",pp_rank=\"0\",tp_rank=\"0\"}} {value:?}"
        );
    }
    out
}

/// SGLang's `GET /v1/loads`.
pub fn loads(backend: &Backend) -> Json {
    let load = backend.load();
    let one = obj! {
        "dp_rank": 0, "num_running_reqs": load.running, "num_waiting_reqs": load.waiting,
        "num_waiting_uncached_tokens": load.queued_tokens,
        "num_used_tokens": (load.kv * load.capacity as f64).round() as u64,
        "max_total_num_tokens": load.capacity, "token_usage": load.kv,
        "gen_throughput": load.tokens_per_second, "utilization": load.busy,
    };
    obj! {"version": "0.5.23", "dp_rank_count": 1, "loads": arr![one]}
}
