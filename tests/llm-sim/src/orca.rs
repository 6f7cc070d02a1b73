//! Load reports in response headers (ORCA), in the forms of vLLM and Triton and in Envoy's binary form.
//! <https://docs.vllm.ai/en/latest/>, <https://github.com/triton-inference-server/server/blob/main/src/orca_http.cc>,
//! <https://www.envoyproxy.io/docs/envoy/latest/api-v3/data/orca/v3/orca_load_report.proto> (xds.data.orca.v3)

use base64::Engine;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::backend::Load;
use crate::controls::Orca;

/// The request header that asks for a report.
pub const ASKED: &str = "endpoint-load-metrics-format";
pub const REPORT: HeaderName = HeaderName::from_static("endpoint-load-metrics");
const BINARY: HeaderName = HeaderName::from_static("endpoint-load-metrics-bin");

/// What a request's own header asks for; vLLM knows text and JSON, in any case.
pub fn asked(headers: &HeaderMap) -> Option<Orca> {
    let form = headers.get(ASKED)?.to_str().ok()?.to_ascii_lowercase();
    match form.as_str() {
        "text" => Some(Orca::Text),
        "json" => Some(Orca::Json),
        _ => None,
    }
}

/// The header of one form.
pub fn header(form: Orca, load: &Load) -> Option<(HeaderName, HeaderValue)> {
    let (waiting, kv) = (load.waiting as f64, load.kv);
    let (name, value) = match form {
        Orca::Text => (
            REPORT,
            format!(
                "TEXT named_metrics.num_requests_waiting={waiting:?}, named_metrics.kv_cache_usage_perc={kv:?}"
            ),
        ),
        Orca::Json => (
            REPORT,
            format!(
                r#"JSON {{"named_metrics": {{"num_requests_waiting": {waiting:?}, "kv_cache_usage_perc": {kv:?}}}}}"#
            ),
        ),
        Orca::Triton => {
            let text = format!("TEXT named_metrics.kv_cache_utilization={kv:.6}, ");
            (
                REPORT,
                text + &format!("named_metrics.max_token_capacity={}", load.capacity),
            )
        }
        Orca::Bin => (
            BINARY,
            base64::engine::general_purpose::STANDARD.encode(message(waiting, kv)),
        ),
    };
    HeaderValue::from_str(&value).ok().map(|value| (name, value))
}

/// `OrcaLoadReport`: named_metrics (8) as map entries, application_utilization (9).
fn message(waiting: f64, kv: f64) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in [("num_requests_waiting", waiting), ("kv_cache_usage_perc", kv)] {
        let mut entry = vec![0x0a, name.len() as u8];
        entry.extend_from_slice(name.as_bytes());
        entry.push(0x11);
        entry.extend_from_slice(&value.to_le_bytes());
        out.extend([0x42, entry.len() as u8]);
        out.extend(entry);
    }
    out.push(0x49);
    out.extend_from_slice(&kv.to_le_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(form: Orca) -> String {
        let load = Load {
            capacity: 16_384,
            ..Load::default()
        };
        header(form, &load).unwrap().1.to_str().unwrap().to_owned()
    }

    #[test]
    fn forms_are_those_of_the_servers() {
        let text = "TEXT named_metrics.num_requests_waiting=0.0, named_metrics.kv_cache_usage_perc=0.0";
        assert_eq!(value(Orca::Text), text);
        let json = r#"JSON {"named_metrics": {"num_requests_waiting": 0.0, "kv_cache_usage_perc": 0.0}}"#;
        assert_eq!(value(Orca::Json), json);
        let triton =
            "TEXT named_metrics.kv_cache_utilization=0.000000, named_metrics.max_token_capacity=16384";
        assert_eq!(value(Orca::Triton), triton);
    }

    #[test]
    fn the_binary_form_is_protobuf() {
        let bytes = message(2.0, 0.5);
        assert_eq!(&bytes[..4], &[0x42, 31, 0x0a, 20]);
        assert_eq!(
            &bytes[bytes.len() - 9..],
            [&[0x49][..], &0.5_f64.to_le_bytes()].concat()
        );
    }
}
