//! Bodies as servers send them, cut anywhere, and as random bytes.

use super::*;
use proptest::prelude::*;

/// vLLM 0.33 with two engines, of which the second is fuller, and LoRA.
const VLLM: &str = r#"# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 12.0
vllm:num_requests_running{engine="1",model_name="meta-llama/Llama-3.1-8B-Instruct"} 3.0
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 0.0
vllm:num_requests_waiting{engine="1",model_name="meta-llama/Llama-3.1-8B-Instruct"} 2.0
# TYPE vllm:num_requests_waiting_by_reason gauge
vllm:num_requests_waiting_by_reason{engine="1",model_name="meta-llama/Llama-3.1-8B-Instruct",reason="capacity"} 2.0
# HELP vllm:kv_cache_usage_perc KV-cache usage. 1 means 100 percent usage.
vllm:kv_cache_usage_perc{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 0.25
vllm:kv_cache_usage_perc{engine="1",model_name="meta-llama/Llama-3.1-8B-Instruct"} 0.75
vllm:cache_config_info{block_size="16",cache_dtype="auto",engine="0",num_cpu_blocks="None",num_gpu_blocks="8192"} 1.0
vllm:cache_config_info{block_size="16",cache_dtype="auto",engine="1",num_cpu_blocks="None",num_gpu_blocks="8192"} 1.0
vllm:lora_requests_info{max_lora="4",running_lora_adapters="sql,chat",waiting_lora_adapters=""} 1.7898284988e+09
vllm:lora_requests_info{max_lora="4",running_lora_adapters="sql, code",waiting_lora_adapters="old"} 1.7898284999e+09
vllm:lora_requests_info{max_lora="4",running_lora_adapters="",waiting_lora_adapters="old"} 1.7898284000e+09
vllm:prompt_tokens_total{engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"} 1.234e+06
vllm:time_to_first_token_seconds_bucket{engine="0",le="+Inf",model_name="meta-llama/Llama-3.1-8B-Instruct"} 9.0
"#;

/// SGLang 0.5 with two tensor-parallel ranks that both report, and priorities.
const SGLANG: &str = r#"sglang:num_running_reqs{engine_type="unified",model_name="glm",pp_rank="0",priority="",tp_rank="0"} 14.0
sglang:num_running_reqs{engine_type="unified",model_name="glm",pp_rank="0",priority="-1",tp_rank="0"} 9.0
sglang:num_running_reqs{engine_type="unified",model_name="glm",pp_rank="0",priority="",tp_rank="1"} 14.0
sglang:num_queue_reqs{engine_type="unified",model_name="glm",tp_rank="0"} 3.0
sglang:token_usage{engine_type="unified",model_name="glm",tp_rank="0"} 0.28 1790347303000
sglang:gen_throughput{engine_type="unified",model_name="glm",tp_rank="0"} 1830.5
sglang:max_total_num_tokens{engine_type="unified",model_name="glm",tp_rank="0"} 161721.0
sglang:cache_config_info{num_pages="161721",page_size="1"} 1.0
sglang:cache_hit_rate{engine_type="unified",model_name="glm",tp_rank="0"} 0.007507552643049313
"#;

/// Triton 23.11 with the TensorRT-LLM backend.
const TRITON: &str = r#"nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="waiting",version="1"} 3
nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="context",version="1"} 1
nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="scheduled",version="1"} 4
nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="max",version="1"} 512
nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="active",version="1"} 7
nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="tokens_per",model="tensorrt_llm",version="1"} 64
nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="used",model="tensorrt_llm",version="1"} 1600
nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="max",model="tensorrt_llm",version="1"} 6400
nv_inference_pending_request_count{model="ensemble",version="1"} 9
nv_gpu_utilization{gpu_uuid="GPU-1"} 0.78
nv_gpu_utilization{gpu_uuid="GPU-2"} 0.91
"#;

const TRTLLM: &str = r#"trtllm_num_requests_running{engine_type="trtllm",model_name="llama"} 5
trtllm_num_requests_waiting{engine_type="trtllm",model_name="llama"} 1
trtllm_kv_cache_utilization{engine_type="trtllm",model_name="llama"} 0.62
trtllm_kv_cache_tokens_per_block{engine_type="trtllm",model_name="llama"} 32
trtllm_kv_cache_max_blocks{engine_type="trtllm",model_name="llama"} 1000
"#;

const LLAMA_CPP: &str = "# HELP llamacpp:predicted_tokens_seconds Average generation throughput in tokens/s\n\
    llamacpp:predicted_tokens_seconds 484.644\n\
    # TYPE llamacpp:requests_processing gauge\nllamacpp:requests_processing 2\n\
    llamacpp:requests_deferred 1\nllamacpp:n_busy_slots_per_decode 1.00173\n";

const TGI: &str =
    "# TYPE tgi_queue_size gauge\ntgi_queue_size 3\n\ntgi_batch_current_size 5\ntgi_request_count 150\n\n";

const LOADS: &str = r#"{"timestamp": "2026-10-07T10:00:00+00:00", "version": "0.5.23", "dp_rank_count": 2, "loads": [
    {"dp_rank": 0, "num_running_reqs": 12, "num_waiting_reqs": 3, "num_waiting_uncached_tokens": 5120,
     "num_used_tokens": 48000, "max_total_num_tokens": 131072, "token_usage": 0.37, "gen_throughput": 1850.5,
     "cache_hit_rate": 0.62, "utilization": 0.41, "decode_moments": [1.0, 2.0], "worker": "a"},
    {"dp_rank": 1, "num_running_reqs": 9, "num_waiting_reqs": 0, "max_total_num_tokens": 131072,
     "token_usage": 0.23, "gen_throughput": 149.5, "utilization": 0.5}]}"#;

const OLLAMA: &str = r#"{"models":[{"name":"scripted:latest","model":"scripted:latest","size":22419456,
    "details":{"format":"gguf","families":["llama"]},"expires_at":"2026-11-21T19:25:53.360573873Z","size_vram":0,
    "context_length":4096},{"name":"qwen3:8b","model":"qwen3:8b"}]}"#;

fn expected(load: Load, resident: &[&str]) -> Scraped {
    Scraped {
        load: Some(load),
        resident: resident.iter().map(|name| (*name).to_owned()).collect(),
        ignored: 0,
    }
}

#[test]
fn bodies_of_real_servers() {
    let vllm = Load {
        kv: Some(0.75),
        waiting: Some(2.0),
        running: Some(15.0),
        max_tokens: Some(262_144.0),
        ..Load::default()
    };
    let sglang = Load {
        kv: Some(0.28),
        waiting: Some(3.0),
        running: Some(14.0),
        tokens_per_s: Some(1830.5),
        max_tokens: Some(161_721.0),
        ..Load::default()
    };
    let triton = Load {
        kv: Some(0.25),
        waiting: Some(3.0),
        running: Some(4.0),
        busy: Some(0.91),
        max_tokens: Some(409_600.0),
        ..Load::default()
    };
    let trtllm = Load {
        kv: Some(0.62),
        waiting: Some(1.0),
        running: Some(5.0),
        max_tokens: Some(32_000.0),
        ..Load::default()
    };
    let counts = |running, waiting| Load {
        running: Some(running),
        waiting: Some(waiting),
        ..Load::default()
    };
    let loads = Load {
        kv: Some(0.37),
        waiting: Some(3.0),
        running: Some(21.0),
        busy: Some(0.5),
        tokens_per_s: Some(2000.0),
        max_tokens: Some(262_144.0),
        ..Load::default()
    };
    for (body, wanted) in [
        (
            VLLM,
            expected(vllm, &["meta-llama/Llama-3.1-8B-Instruct", "sql", "code"]),
        ),
        (SGLANG, expected(sglang, &["glm"])),
        (TRITON, expected(triton, &[])),
        (TRTLLM, expected(trtllm, &["llama"])),
        (LLAMA_CPP, expected(counts(2.0, 1.0), &[])),
        (TGI, expected(counts(5.0, 3.0), &[])),
        (LOADS, expected(loads, &[])),
    ] {
        assert_eq!(Scraped::read(body.as_bytes()), wanted, "{body}");
        assert_eq!(
            Scraped::read(body.replace('\n', "\r\n").as_bytes()),
            wanted,
            "{body}"
        );
    }
    let ollama = Scraped::read(OLLAMA.as_bytes());
    assert_eq!((ollama.load, ollama.ignored), (None, 0));
    assert_eq!(ollama.resident, ["scripted:latest", "scripted", "qwen3:8b"]);
}

#[test]
fn ranks_of_a_data_parallel_engine_add_up() {
    let body = r#"sglang:num_queue_reqs{dp_rank="0",tp_rank="0"} 3.0
sglang:num_queue_reqs{dp_rank="1",tp_rank="1"} 4.0
sglang_token_usage{dp_rank="1",tp_rank="1"} 0.4
"#;
    let load = Scraped::read(body.as_bytes()).load.unwrap();
    assert_eq!((load.waiting, load.kv), (Some(7.0), Some(0.4)));
}

#[test]
fn without_better_figures_triton_has_pending_requests() {
    let body = "nv_inference_pending_request_count{model=\"a\"} 4\nnv_inference_pending_request_count{model=\"b\"} 1\n";
    assert_eq!(Scraped::read(body.as_bytes()).load.unwrap().waiting, Some(5.0));
}

#[test]
fn values_that_cannot_be_true_are_counted() {
    for bad in ["NaN", "+Inf", "-1", "1e308", "x", "62"] {
        let body = format!("vllm:kv_cache_usage_perc{{engine=\"0\"}} {bad}\nvllm:num_requests_waiting 2\n");
        let scraped = Scraped::read(body.as_bytes());
        let load = scraped.load.unwrap();
        assert_eq!(
            (load.kv, load.waiting, scraped.ignored),
            (None, Some(2.0), 1),
            "{bad}"
        );
    }
    let body = r#"{"loads": [{"token_usage": -0.5, "num_running_reqs": 1e308, "num_waiting_reqs": 2}]}"#;
    let scraped = Scraped::read(body.as_bytes());
    assert_eq!((scraped.load.unwrap().waiting, scraped.ignored), (Some(2.0), 2));
    let unknown = "vllm:cache_config_info{block_size=\"16\",num_gpu_blocks=\"None\"} 1.0\n";
    assert_eq!(Scraped::read(unknown.as_bytes()), Scraped::default());
    let empty = "nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type=\"used\"} 0\n\
                 nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type=\"max\"} 0\n";
    assert_eq!(Scraped::read(empty.as_bytes()).load, None);
}

#[test]
fn bodies_over_the_bounds_are_read_up_to_them() {
    let line = "tgi_queue_size{shard=\"a\"} 1\n";
    let many = Scraped::read(line.repeat(MAX_LINES + 1).as_bytes());
    assert_eq!((many.load.unwrap().waiting, many.ignored), (Some(20_000.0), 1));
    let long = format!("{line}# {}\n{line}", "x".repeat(MAX_BODY_BYTES));
    let long = Scraped::read(long.as_bytes());
    assert_eq!((long.load.unwrap().waiting, long.ignored), (Some(1.0), 1));
    let huge = format!("{{\"loads\": [{}]}}", " ".repeat(MAX_BODY_BYTES));
    assert_eq!(Scraped::read(huge.as_bytes()).ignored, 1);
    let names: Vec<_> = (0..1000).map(|at| format!("{{\"name\":\"m{at}\"}}")).collect();
    let names = format!(
        "{{\"models\":[{},{{\"name\":\"{}\"}}]}}",
        names.join(","),
        "n".repeat(257)
    );
    assert_eq!(Scraped::read(names.as_bytes()).resident.len(), MAX_NAMES);
    let giants = "vllm:num_requests_waiting 900000\n".repeat(10);
    assert_eq!(Scraped::read(giants.as_bytes()).load.unwrap().waiting, Some(1e6));
}

#[test]
fn a_body_cut_anywhere_never_shows_more_than_the_whole() {
    for body in [VLLM, SGLANG, TRITON, TRTLLM, LLAMA_CPP, TGI, LOADS, OLLAMA] {
        let whole = Scraped::read(body.as_bytes()).load.unwrap_or_default();
        for end in 1..body.trim_end().len() {
            let scraped = Scraped::read(&body.as_bytes()[..end]);
            let is_whole = body.starts_with('{') || body.as_bytes()[end - 1] != b'\n';
            assert_eq!(scraped.ignored, u32::from(is_whole), "{end}: {body}");
            let load = check(&scraped);
            assert!(
                load.running <= whole.running && load.tokens_per_s <= whole.tokens_per_s,
                "{end}"
            );
        }
    }
}

fn check(scraped: &Scraped) -> Load {
    let load = scraped.load.unwrap_or_default();
    let is_in =
        |value: Option<f64>, least: f64, most: f64| value.is_none_or(|value| (least..=most).contains(&value));
    assert!(is_in(load.kv, 0.0, 1.0) && is_in(load.busy, 0.0, 1.0), "{load:?}");
    for count in [load.waiting, load.running, load.requests_per_s, load.errors_per_s] {
        assert!(is_in(count, 0.0, 1e6), "{load:?}");
    }
    assert!(
        is_in(load.tokens_per_s, 0.0, 1e8) && is_in(load.max_tokens, 1.0, 1e10),
        "{load:?}"
    );
    assert!(
        scraped.resident.len() <= MAX_NAMES
            && scraped.resident.iter().all(|name| name.len() <= MAX_NAME_BYTES)
    );
    load
}

proptest! {
    #[test]
    fn any_bytes(body in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&Scraped::read(&body));
    }

    #[test]
    fn almost_metrics(lines in prop::collection::vec(
        ("(vllm:|sglang_|nv_|trt_llm_|)(num_queue_reqs|kv_cache_usage_perc|cache_config_info|kv_cache_max_blocks|gpu_utilization)",
         "([{](block_size|num_gpu_blocks|tp_rank|priority)=\"[0-9e\\\\\"]{0,9}\"?[},]?)?",
         " ?(-?[0-9.e]{0,20}|NaN|1e308)[ \r]?"), 0..9)) {
        let lines: Vec<_> = lines.iter().map(|(name, labels, value)| format!("{name}{labels}{value}\n")).collect();
        check(&Scraped::read(lines.concat().as_bytes()));
    }

    #[test]
    fn one_byte_wrong(which in 0..8_usize, at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut body = [VLLM, SGLANG, TRITON, TRTLLM, LLAMA_CPP, TGI, LOADS, OLLAMA][which].as_bytes().to_vec();
        let at = at.index(body.len());
        body[at] = byte;
        check(&Scraped::read(&body));
    }
}

/// Microseconds for a body of vLLM's usual size, most of it histograms.
#[test]
#[ignore = "a measurement: cargo test --profile release -- --ignored --nocapture"]
fn speed() {
    let histogram =
        "vllm:time_to_first_token_seconds_bucket{engine=\"0\",le=\"0.25\",model_name=\"m-1\"} 9.0\n";
    let body = format!("{VLLM}{}", histogram.repeat(600));
    let start = std::time::Instant::now();
    for _ in 0..1000 {
        std::hint::black_box(Scraped::read(std::hint::black_box(body.as_bytes())));
    }
    println!("{} bytes: {} us", body.len(), start.elapsed().as_micros() / 1000);
}
