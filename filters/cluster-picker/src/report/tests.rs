//! Reports as servers send them, and as nobody should send them.

use super::*;

pub(super) const VLLM: &str =
    "TEXT named_metrics.num_requests_waiting=1.0, named_metrics.kv_cache_usage_perc=0.0014655593551539114";
pub(super) const VLLM_JSON: &str =
    r#"JSON {"named_metrics": {"kv_cache_usage_perc": 0.4, "num_requests_waiting": 2.0}}"#;
pub(super) const TRITON: &str =
    "TEXT named_metrics.kv_cache_utilization=0.312500, named_metrics.max_token_capacity=81920";
pub(super) const TRITON_JSON: &str =
    r#"JSON {"named_metrics":{"kv_cache_utilization":0.3125,"max_token_capacity":81920}}"#;
/// cpu .25, mem .5, rps 7, request_cost {"a": 1}, utilization {"gpu_utilization": .75}, rps_fractional 12.5, eps .5,
/// named_metrics {"kv_cache_usage_perc": .4, "num_requests_waiting": 3}; a varint, a string and a fixed32 unknown.
pub(super) const BIN: &str = "CQAAAAAAANA/EQAAAAAAAOA/GAciDAoBYREAAAAAAADwPyoaCg9ncHVfdXRpbGl6YXRpb24RAAAAAAAA6D8xAAAAAAAAKUA5AAAAAAAA4D9CHgoTa3ZfY2FjaGVfdXNhZ2VfcGVyYxGamZmZmZnZP0IfChRudW1fcmVxdWVzdHNfd2FpdGluZxEAAAAAAAAIQFABWgF6ZQAAAAA=";

pub(super) fn headers(fields: &[(&str, &[u8])]) -> Headers {
    let field = |(name, value): &(&str, &[u8])| ((*name).to_owned(), value.to_vec());
    Headers::new(fields.iter().map(field).collect())
}

pub(super) fn parse(name: &str, value: &str) -> Parsed {
    Load::from_headers(&headers(&[(name, value.as_bytes())]))
}

pub(super) fn metrics(value: &str) -> Parsed {
    parse("endpoint-load-metrics", value)
}

fn load(values: &[(Field, f64)]) -> Option<Load> {
    let mut gathered = Gathered::default();
    for (field, value) in values {
        gathered.take(*field, Some(*value), Merge::Max);
    }
    gathered.parsed().load
}

#[test]
fn reports_of_real_servers() {
    let vllm = load(&[(Field::Waiting, 1.0), (Field::Kv, 0.001_465_559_355_153_911_4)]);
    let vllm_json = load(&[(Field::Waiting, 2.0), (Field::Kv, 0.4)]);
    let triton = load(&[(Field::Kv, 0.3125), (Field::MaxTokens, 81_920.0)]);
    for (value, wanted) in [
        (VLLM, vllm),
        (VLLM_JSON, vllm_json),
        (TRITON, triton),
        (TRITON_JSON, triton),
    ] {
        let wanted = Parsed {
            load: wanted,
            ignored: 0,
        };
        assert_eq!(metrics(value), wanted, "{value}");
    }
}

#[test]
fn plain_orca_in_every_form() {
    let wanted = load(&[
        (Field::Busy, 0.75),
        (Field::RequestsPerS, 12.5),
        (Field::ErrorsPerS, 0.5),
        (Field::Kv, 0.4),
        (Field::Waiting, 3.0),
    ]);
    let text = "cpu_utilization=0.25,mem_utilization=0.5,utilization.gpu_utilization=0.75,rps_fractional=12.5,eps=0.5,\
                named_metrics.kv_cache_usage_perc=0.4,named_metrics.num_requests_waiting=3";
    let json = r#"{"cpuUtilization":0.25,"mem_utilization":0.5,"utilization":{"gpu_utilization":0.75},"rpsFractional":12.5,
                   "eps":"0.5","named_metrics":{"kv_cache_usage_perc":0.4,"num_requests_waiting":3},"x":[1],"y":null}"#;
    let wanted = Parsed {
        load: wanted,
        ignored: 0,
    };
    for (name, value) in [
        ("endpoint-load-metrics", format!("TEXT {text}")),
        (
            "endpoint-load-metrics",
            format!("text {}", text.replace('=', ": ")),
        ),
        (
            "endpoint-load-metrics",
            format!("  Text:\t{}  ", text.replace(',', " ,  ,")),
        ),
        ("endpoint-load-metrics", text.to_owned()),
        ("endpoint-load-metrics", format!("JSON {json}")),
        ("endpoint-load-metrics", json.to_owned()),
        ("endpoint-load-metrics-json", json.to_owned()),
        ("endpoint-load-metrics", format!("BIN {BIN}")),
        (
            "endpoint-load-metrics",
            format!("bin {}", BIN.trim_end_matches('=')),
        ),
        ("endpoint-load-metrics-bin", BIN.to_owned()),
        ("endpoint-load-metrics-bin", format!("{BIN}, {BIN}")),
    ] {
        assert_eq!(parse(name, &value), wanted, "{name}: {value}");
    }
}

#[test]
fn utilisation_is_the_best_that_is_said() {
    for (value, busy) in [
        ("cpu_utilization=0.3", 0.3),
        ("cpu_utilization=0.3,application_utilization=0.2", 0.2),
        ("cpu_utilization=0.3,application_utilization=0", 0.3),
        ("application_utilization=1.7", 1.0),
        ("application_utilization=40%", 0.4),
    ] {
        assert_eq!(metrics(value).load.unwrap().busy, Some(busy), "{value}");
    }
}

#[test]
fn of_duplicates_the_largest_counts() {
    let value = "TEXT named_metrics.kv_cache_usage_perc=0.4, named_metrics.kv_cache_usage_perc=0.9, \
                 named_metrics.kv_cache_usage_perc=0.1";
    assert_eq!(metrics(value).load, load(&[(Field::Kv, 0.9)]));
    let both = headers(&[
        (
            "endpoint-load-metrics",
            b"TEXT named_metrics.kv_cache_usage_perc=0.4",
        ),
        (
            "endpoint-load-metrics",
            b"JSON {\"named_metrics\":{\"kv_cache_usage_perc\":0.6}}",
        ),
        ("x-gpu-kv-util", b"0.5"),
    ]);
    assert_eq!(Load::from_headers(&both).load, load(&[(Field::Kv, 0.6)]));
}

#[test]
fn headers_of_one_value() {
    let all = headers(&[
        ("content-type", b"application/json"),
        ("x-gpu-util", b"0.9"),
        ("x-gpu-mem-util", b"0.95"),
        ("x-gpu-kv-util", b"62%"),
        ("x-gpu-queue", b"3"),
        ("x-gpu-running", b"17"),
        ("x-gpu-max-tokens", b"404000"),
        ("x-gpu-tokens-per-second", b"1850.5"),
        ("x-gpu-draining", b"True"),
        ("x-gpu-name", b"H200"),
    ]);
    let parsed = Load::from_headers(&all);
    let wanted = Load {
        kv: Some(0.62),
        waiting: Some(3.0),
        running: Some(17.0),
        busy: Some(0.9),
        tokens_per_s: Some(1850.5),
        max_tokens: Some(404_000.0),
        draining: Some(true),
        ..Load::default()
    };
    assert_eq!((parsed.load, parsed.ignored), (Some(wanted), 0));
    let stays = Load {
        draining: Some(false),
        ..Load::default()
    };
    assert_eq!(parse("x-gpu-draining", "0").load, Some(stays));
    assert_eq!(
        parse("x-gpu-draining", "perhaps"),
        Parsed {
            load: None,
            ignored: 1
        }
    );
}

#[test]
fn values_that_cannot_be_true_are_counted() {
    for bad in ["NaN", "inf", "-Infinity", "-0.1", "1e308", "", "x", "0x1", "62"] {
        let value =
            format!("TEXT named_metrics.kv_cache_usage_perc={bad}, named_metrics.num_requests_waiting=2");
        let wanted = Parsed {
            load: load(&[(Field::Waiting, 2.0)]),
            ignored: 1,
        };
        assert_eq!(metrics(&value), wanted, "{bad}");
    }
    let json = r#"JSON {"named_metrics":{"kv_cache_usage_perc":"NaN","num_requests_waiting":-1,"eps":true,"rps":1e999}}"#;
    assert_eq!(
        metrics(json),
        Parsed {
            load: None,
            ignored: 4
        }
    );
    assert_eq!(
        parse("x-gpu-max-tokens", "0"),
        Parsed {
            load: None,
            ignored: 1
        }
    );
}

#[test]
fn reports_that_are_none_are_counted() {
    for value in [
        "",
        "TEXT",
        "TEXT ",
        "GRPC abc",
        "JSON [1]",
        "JSON {",
        "BIN !",
        "BIN ",
        "{\"a\":{\"b\":{\"c\":{}}}}}",
    ] {
        assert_eq!(
            metrics(value),
            Parsed {
                load: None,
                ignored: 1
            },
            "{value}"
        );
    }
    let long = format!(
        "TEXT named_metrics.kv_cache_usage_perc=0.4{}",
        " ".repeat(MAX_REPORT_BYTES)
    );
    assert_eq!(
        metrics(&long),
        Parsed {
            load: None,
            ignored: 1
        }
    );
    assert_eq!(metrics("TEXT colour=blue, size=3"), Parsed::default());
    assert_eq!(Load::from_headers(&Headers::default()), Parsed::default());
}
