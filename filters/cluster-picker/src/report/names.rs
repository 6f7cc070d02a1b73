//! The names that servers give to the same few values.

use super::Field;

/// What servers and gateways put before a name, in headers (ORCA) and in metrics.
const PREFIXES: [&[u8]; 9] = [
    b"named_metrics.",
    b"namedMetrics.",
    b"utilization.",
    b"vllm",
    b"sglang",
    b"trtllm",
    b"llamacpp",
    b"tgi",
    b"nv",
];

/// The field that a name stands for, if it is one of ours. Case counts, as in ORCA and Prometheus.
pub(crate) fn field(name: &[u8]) -> Option<Field> {
    Some(match bare(name) {
        // vLLM (the first; the second before 0.10), Triton and TensorRT-LLM, SGLang, llama.cpp before mid-2025.
        // Shares of 1, whatever "perc" suggests: vLLM's own help text says "1 means 100 percent usage".
        b"kv_cache_usage_perc"
        | b"gpu_cache_usage_perc"
        | b"kv_cache_utilization"
        | b"token_usage"
        | b"kv_cache_usage_ratio" => Field::Kv,
        // vLLM and TensorRT-LLM, SGLang's metrics and /v1/loads, llama.cpp, TGI.
        b"num_requests_waiting"
        | b"num_queue_reqs"
        | b"num_waiting_reqs"
        | b"requests_deferred"
        | b"queue_size" => Field::Waiting,
        b"num_requests_running" | b"num_running_reqs" | b"requests_processing" | b"batch_current_size" => {
            Field::Running
        }
        // ORCA, Triton (0 to 1), SGLang's /v1/loads.
        b"application_utilization" | b"applicationUtilization" | b"gpu_utilization" | b"utilization" => {
            Field::Busy
        }
        b"cpu_utilization" | b"cpuUtilization" => Field::Cpu,
        b"mem_utilization" | b"memUtilization" => Field::Memory,
        b"rps_fractional" | b"rpsFractional" | b"rps" => Field::RequestsPerS,
        b"eps" => Field::ErrorsPerS,
        // SGLang.
        b"gen_throughput" => Field::TokensPerS,
        // Triton, SGLang.
        b"max_token_capacity" | b"max_total_num_tokens" => Field::MaxTokens,
        _ => return None,
    })
}

/// A name without the server's: `vllm:x`, `vllm_x` and `x` are one, and so are ORCA's maps.
pub(crate) fn bare(name: &[u8]) -> &[u8] {
    PREFIXES
        .iter()
        .fold(name, |name, prefix| strip(name, prefix).unwrap_or(name))
}

fn strip<'a>(name: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    // Most names end here; to compare whole prefixes is three times as slow.
    if name.first() != prefix.first() {
        return None;
    }
    match name.strip_prefix(prefix)? {
        [] => None,
        rest if prefix.ends_with(b".") => Some(rest),
        [b':' | b'_', rest @ ..] => Some(rest),
        _ => None,
    }
}
