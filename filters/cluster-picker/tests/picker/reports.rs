//! What backends say of themselves, true or not.

use crate::health::sent_to;
use crate::story::{A, B, Proxy, Sent, chat, fleet, given};

const METRICS: &str = "endpoint-load-metrics";

/// Sends one to A, which answers with these fields.
fn told(proxy: &mut Proxy, fields: &[(&str, &str)]) -> Sent {
    let mut sent = sent_to(proxy, A);
    proxy.pass(50);
    proxy.begins(&mut sent, A, 200, fields);
    proxy.says(&mut sent);
    sent
}

fn count(proxy: &mut Proxy, address: &str) -> usize {
    let sent: Vec<Sent> = (0..20).map(|_| proxy.ask(&chat(400))).collect();
    let count = sent.iter().filter(|sent| sent.to() == address).count();
    for sent in sent {
        proxy.served(sent, 1, 1);
    }
    count
}

#[test]
fn reports_are_asked_for_and_taken_off() {
    let asks = ("endpoint-load-metrics-format".to_owned(), Some("text".to_owned()));
    let mut proxy = given(&fleet(&[A], ""));
    let sent = proxy.ask(&chat(10).header("endpoint-load-metrics-format", "JSON"));
    assert!(sent.request.contains(&asks));
    assert!(proxy.ask_unread(&chat(0)).request.contains(&asks));
    let fields = [
        (METRICS, "TEXT eps=1"),
        ("x-gpu-queue", "1"),
        ("x-gpu-name", "H200"),
        ("x-other", "1"),
    ];
    let mut sent = told(&mut proxy, &fields);
    proxy.trailers(
        &mut sent,
        &[("endpoint-load-metrics-bin", "AAAA"), ("grpc-status", "0")],
    );
    let off = |name: &str| (name.to_owned(), None);
    assert_eq!(sent.response.response_headers, [off(METRICS), off("x-gpu-queue")]);
    assert_eq!(
        sent.response.response_trailers,
        [off("endpoint-load-metrics-bin")]
    );
    let mut proxy = given(&fleet(&[A], r#", "reports": {"ask": false, "strip": false}"#));
    assert!(!proxy.ask(&chat(10)).request.contains(&asks));
    let mut sent = told(&mut proxy, &fields);
    proxy.trailers(&mut sent, &fields);
    assert_eq!(sent.response.response_headers, []);
    assert_eq!(sent.response.response_trailers, []);
}

#[test]
fn a_reported_queue_turns_requests_away_and_fades() {
    for trailers in [false, true] {
        let mut proxy = given(&fleet(&[A, B], ""));
        let queue = [(METRICS, "TEXT named_metrics.num_requests_waiting=50")];
        let mut sent = told(&mut proxy, if trailers { &[] } else { &queue });
        if trailers {
            proxy.trailers(&mut sent, &queue);
        }
        assert!(count(&mut proxy, A) <= 1);
        proxy.pass(60_000);
        assert!(count(&mut proxy, A) >= 5);
    }
}

#[test]
fn hostile_reports_leave_picks_sane() {
    let long = format!("TEXT {}", "named_metrics.num_requests_waiting=1,".repeat(1800));
    let twice = "TEXT named_metrics.kv_cache_usage_perc=0.1, named_metrics.kv_cache_usage_perc=NaN";
    for value in [
        "TEXT named_metrics.num_requests_waiting=NaN, named_metrics.kv_cache_usage_perc=inf",
        "TEXT named_metrics.num_requests_waiting=1e308",
        "TEXT named_metrics.num_requests_waiting=-1e308, cpu_utilization=-5",
        "TEXT named_metrics.max_token_capacity=0",
        r#"JSON {"named_metrics": {"kv_cache_usage_perc": 1e999, "num_requests_waiting": "x"}}"#,
        r#"JSON {"named_metrics": {"a": {"b": [[[[[]]]]]}}"#,
        "BIN !!!!",
        "GRPC x",
        "",
        twice,
        &long,
    ] {
        let mut proxy = given(&fleet(&[A, B], ""));
        let sent = told(&mut proxy, &[(METRICS, value)]);
        assert_eq!(
            sent.response.response_headers,
            [(METRICS.to_owned(), None)],
            "{value:.60}"
        );
        let ignored = proxy
            .host
            .metric("penstock_picker_reports_ignored_total", ("backend", A));
        assert!(ignored > 0, "{value:.60}");
        let seen = count(&mut proxy, A);
        assert!((4..=16).contains(&seen), "{value:.60}: {seen} of 20");
    }
    let mut unknown = given(&fleet(&[A, B], ""));
    told(&mut unknown, &[(METRICS, "TEXT named_metrics.colour=3, x=y")]);
    assert_eq!(unknown.host.sum("penstock_picker_reports_ignored_total"), 0);
}

#[test]
fn a_backend_that_said_once_that_it_is_full_is_tried_again() {
    for value in [
        "TEXT named_metrics.max_token_capacity=1",
        "TEXT named_metrics.kv_cache_usage_perc=1",
        "TEXT named_metrics.num_requests_waiting=1e6",
    ] {
        let mut proxy = given(&fleet(&[A, B], ""));
        let mut sent = told(&mut proxy, &[(METRICS, value)]);
        proxy.ends(&mut sent);
        assert_eq!(count(&mut proxy, A), 0, "{value}");
        proxy.pass(60_000);
        assert!(count(&mut proxy, A) >= 1, "{value}");
    }
}

#[test]
fn a_backend_that_lies_about_its_idleness_attracts_nobody() {
    let mut proxy = given(&fleet(&[A, B], ""));
    let idle = "TEXT named_metrics.kv_cache_usage_perc=0.0, named_metrics.num_requests_waiting=0, \
                named_metrics.max_token_capacity=10000000";
    let mut lied = 0;
    for _ in 0..400 {
        let mut sent = proxy.ask(&chat(2000));
        let (to, lies) = (sent.to().to_owned(), sent.to() == A);
        lied += usize::from(lies);
        let report = if lies {
            [(METRICS, idle)].to_vec()
        } else {
            Vec::new()
        };
        proxy.begins(&mut sent, &to, 200, &report);
        proxy.pass(if lies { 5000 } else { 100 });
        proxy.says(&mut sent);
        proxy.ends(&mut sent);
    }
    assert!(lied < 40, "{lied} of 400 went to the slow one");
}

#[test]
fn beginnings_that_were_sent_before_go_where_they_are_cached() {
    let mut proxy = given(&fleet(&[A, B], ""));
    let ask = chat(60_000).about("one");
    let sent = proxy.ask(&ask);
    let own = sent.to().to_owned();
    proxy.served(sent, 500, 20);
    assert_eq!(proxy.spread(&ask, 30), [(own, 30)]);
}
