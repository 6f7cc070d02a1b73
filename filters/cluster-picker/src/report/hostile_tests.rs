//! Reports cut anywhere and made of random bytes: whatever comes, values are finite and in bounds. And the time it takes.

use super::tests::{BIN, TRITON, TRITON_JSON, VLLM, VLLM_JSON, headers, metrics, parse};
use super::*;
use proptest::prelude::*;

#[test]
fn a_binary_report_cut_anywhere_counts_whole_or_not_at_all() {
    let whole = parse("endpoint-load-metrics-bin", BIN).load.unwrap();
    for end in 0..BIN.len() {
        let parsed = parse("endpoint-load-metrics-bin", BIN.get(..end).unwrap());
        assert!(parsed.load.is_some() ^ (parsed.ignored == 1), "{end}: {parsed:?}");
        // Between two fields, a cut report is a shorter report.
        let shorter = parsed.load.unwrap_or_default();
        assert!(shorter.kv.is_none_or(|kv| Some(kv) == whole.kv), "{end}");
        assert!(
            shorter.requests_per_s.is_none_or(|rps| rps == 7.0 || rps == 12.5),
            "{end}"
        );
    }
}

#[test]
fn text_and_json_cut_anywhere_stay_in_bounds() {
    for value in [VLLM, VLLM_JSON, TRITON, TRITON_JSON] {
        for end in 0..value.len() {
            check(metrics(value.get(..end).unwrap()));
        }
    }
}

fn check(parsed: Parsed) {
    let Some(load) = parsed.load else { return };
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
}

fn names() -> impl Strategy<Value = &'static str> {
    prop::sample::select(REPORT_HEADERS)
}

proptest! {
    #[test]
    fn any_bytes_in_any_header(fields in prop::collection::vec((names(), prop::collection::vec(any::<u8>(), 0..80)), 0..6)) {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_slice())).collect();
        check(Load::from_headers(&headers(&fields)));
        retry_after(&headers(&fields), 0.0);
    }

    #[test]
    fn almost_reports(form in "(TEXT|JSON|BIN|text:|)", pairs in prop::collection::vec(
        ("(named_metrics.|utilization.|vllm:|)(kv_cache_usage_perc|rps|eps|cpu_utilization|max_token_capacity)",
         "[=: ]{0,2}", "(-?[0-9.e]{0,30}|NaN|inf|-0|1e308|[0-9]{1,400})"), 0..8)) {
        let pairs: Vec<_> = pairs.iter().map(|(key, sign, value)| format!("{key}{sign}{value}")).collect();
        check(metrics(&format!("{form} {}", pairs.join(","))));
    }

    #[test]
    fn any_protobuf(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        use base64::Engine;
        check(parse("endpoint-load-metrics-bin", &base64::engine::general_purpose::STANDARD.encode(bytes)));
    }

    #[test]
    fn any_date(text in "[A-Z][a-z]{2},? [0-9]{1,4}[ -](Jan|Feb|Dec)[ -][0-9]{1,4} [0-9:]{0,9}( GMT)?", now in any::<f64>()) {
        let wait = retry_after(&headers(&[("retry-after", text.as_bytes())]), now);
        prop_assert!(wait.is_none_or(|wait| (0.0..=3600.0).contains(&wait)));
    }
}

fn nanos_of_one(headers: &Headers) -> u128 {
    let start = std::time::Instant::now();
    for _ in 0..2000 {
        std::hint::black_box(Load::from_headers(std::hint::black_box(headers)));
    }
    start.elapsed().as_nanos() / 2000
}

/// Nanoseconds of a parse with 20 headers around the report; in wasm (V8) a quarter more.
#[test]
#[ignore = "a measurement: cargo test --profile release -- --ignored --nocapture"]
fn speed() {
    let others: Vec<_> = (0..20)
        .map(|at| (format!("x-header-number-{at}"), b"some value of it".to_vec()))
        .collect();
    for (name, value) in [
        ("date", "Sat, 21 Nov 2026 18:55:53 GMT"),
        ("endpoint-load-metrics", VLLM),
        ("endpoint-load-metrics", TRITON),
        ("endpoint-load-metrics", VLLM_JSON),
        ("endpoint-load-metrics-bin", BIN),
    ] {
        let mut fields = others.clone();
        fields.push((name.to_owned(), value.as_bytes().to_vec()));
        let headers = Headers::new(fields);
        let best = (0..50).map(|_| nanos_of_one(&headers)).min().unwrap();
        println!("{name} {value:.20}: {best} ns");
    }
}
