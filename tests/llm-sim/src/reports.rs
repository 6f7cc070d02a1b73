//! Which load reports a backend's answers carry, as real servers have them.
//!
//! | kind | on | when | asked for by |
//! |---|---|---|---|
//! | `vllm` | `/v1/chat/completions` and `/v1/completions`, unary alone | end | `endpoint-load-metrics-format`, any case |
//! | `triton` | all | first token | the same, `text` or `json` exactly |
//! | `orca` | all: what Envoy's own policy needs, which no server gives | first token | nothing |
//! | `x-gpu` | all, as `x-gpu-*` headers | first token | nothing |
//! | `sglang`, `none` | nothing; SGLang's headers leave with the first token | | |

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::backend::Load;
use crate::controls::Orca;
use crate::orca;

/// Whose load reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Reports {
    Vllm,
    Triton,
    Sglang,
    Orca,
    XGpu,
    None,
}

impl Reports {
    /// Whether the headers of a stream leave with its first token, or else at once.
    pub fn waits_for_first_token(self) -> bool {
        match self {
            Self::Triton | Self::Sglang | Self::Orca | Self::XGpu => true,
            Self::Vllm | Self::None => false,
        }
    }

    /// The headers of an answer of this API, to a request with these headers.
    pub fn headers(
        self,
        load: &Load,
        request: &HeaderMap,
        api: &str,
        stream: bool,
    ) -> Vec<(HeaderName, HeaderValue)> {
        match self {
            Self::Vllm => {
                let covered = !stream && matches!(api, "openai_chat" | "openai_completions");
                let form = orca::asked(request).filter(|_| covered);
                form.and_then(|form| orca::header(form, load))
                    .into_iter()
                    .collect()
            }
            Self::Triton => triton(load, request).into_iter().collect(),
            Self::Orca => full(load).into_iter().collect(),
            Self::XGpu => x_gpu(load),
            Self::Sglang | Self::None => Vec::new(),
        }
    }
}

/// <https://github.com/triton-inference-server/server/blob/main/src/orca_http.cc>
fn triton(load: &Load, request: &HeaderMap) -> Option<(HeaderName, HeaderValue)> {
    match request.get(orca::ASKED)?.as_bytes() {
        b"text" => orca::header(Orca::Triton, load),
        b"json" => {
            let value = format!(
                r#"JSON {{"named_metrics":{{"kv_cache_utilization":{:?},"max_token_capacity":{}}}}}"#,
                load.kv, load.capacity
            );
            Some((orca::REPORT, HeaderValue::from_str(&value).ok()?))
        }
        _ => None,
    }
}

fn full(load: &Load) -> Option<(HeaderName, HeaderValue)> {
    let value = format!(
        "TEXT application_utilization={:?}, rps_fractional={:?}, eps=0.0, named_metrics.kv_cache_usage_perc={:?}, \
         named_metrics.num_requests_waiting={:?}",
        load.busy, load.requests_per_second, load.kv, load.waiting as f64
    );
    Some((orca::REPORT, HeaderValue::from_str(&value).ok()?))
}

fn x_gpu(load: &Load) -> Vec<(HeaderName, HeaderValue)> {
    let number = |value: f64| HeaderValue::from_str(&format!("{value:.4}")).ok();
    [
        ("x-gpu-util", number(load.busy)),
        ("x-gpu-kv-util", number(load.kv)),
        ("x-gpu-queue", Some(load.waiting.into())),
        ("x-gpu-running", Some(load.running.into())),
        ("x-gpu-max-tokens", Some(load.capacity.into())),
        ("x-gpu-tokens-per-second", number(load.tokens_per_second)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((HeaderName::from_static(name), value?)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOAD: Load = Load {
        waiting: 2,
        running: 7,
        kv: 0.3125,
        busy: 0.5,
        requests_per_second: 3.5,
        tokens_per_second: 700.0,
        queued_tokens: 900,
        capacity: 81_920,
    };

    /// The values of an answer's report, when the request asks for this format.
    fn report(reports: Reports, format: &str, api: &str, stream: bool) -> Vec<String> {
        let mut request = HeaderMap::new();
        request.insert(orca::ASKED, HeaderValue::from_str(format).unwrap());
        let headers = reports.headers(&LOAD, &request, api, stream);
        headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect()
    }

    #[test]
    fn vllm_reports_on_unary_completions_that_ask() {
        let json = r#"endpoint-load-metrics: JSON {"named_metrics": {"num_requests_waiting": 2.0, "kv_cache_usage_perc": 0.3125}}"#;
        assert_eq!(report(Reports::Vllm, "Json", "openai_chat", false), [json]);
        assert!(report(Reports::Vllm, "json", "openai_chat", true).is_empty());
        assert!(report(Reports::Vllm, "json", "openai_responses", false).is_empty());
        assert!(report(Reports::Vllm, "bin", "openai_chat", false).is_empty());
    }

    #[test]
    fn triton_reports_on_streams_too_and_is_strict() {
        let text = "endpoint-load-metrics: TEXT named_metrics.kv_cache_utilization=0.312500, named_metrics.max_token_capacity=81920";
        let json = r#"endpoint-load-metrics: JSON {"named_metrics":{"kv_cache_utilization":0.3125,"max_token_capacity":81920}}"#;
        assert_eq!(report(Reports::Triton, "text", "openai_chat", true), [text]);
        assert_eq!(report(Reports::Triton, "json", "ollama", false), [json]);
        assert!(report(Reports::Triton, "TEXT", "openai_chat", true).is_empty());
    }

    #[test]
    fn headers_of_our_own_need_no_asking() {
        let gpu = report(Reports::XGpu, "", "openai_chat", true);
        assert_eq!(
            gpu[..3],
            ["x-gpu-util: 0.5000", "x-gpu-kv-util: 0.3125", "x-gpu-queue: 2"]
        );
        let full = report(Reports::Orca, "", "openai_chat", true);
        assert!(full[0].contains("application_utilization=0.5, rps_fractional=3.5"));
        assert!(report(Reports::None, "text", "openai_chat", false).is_empty());
    }
}
