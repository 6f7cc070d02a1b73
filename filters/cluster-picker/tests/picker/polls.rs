//! Polls of the backends: who asks, in which order, and who learns of the answers.

use crate::health::{sent_to, share};
use crate::story::{A, B, given};
use crate::workers::{meet, pair, spread_at};

const POLLED: &str = r#"{"candidates": 1, "poll": {"interval_ms": 2000, "path": "/metrics"}, "backends": [
    {"address": "10.0.0.1:8000", "cluster": "a"}, {"address": "10.0.0.2:8000", "cluster": "b"}, {"address": "10.0.0.3:8000"}]}"#;

#[test]
fn one_vm_polls_for_all() {
    let mut proxy = pair(POLLED);
    for vm in [0, 1] {
        proxy.tick(vm);
    }
    let asked: Vec<String> = proxy
        .host
        .calls
        .iter()
        .map(|(_, call)| call.cluster.clone())
        .collect();
    assert_eq!(asked, ["a", "b"]);
    let calls: Vec<_> = proxy.host.calls.iter().map(|(id, _)| *id).collect();
    let busy = "vllm:num_requests_waiting 90\nvllm:num_requests_running 64\n";
    let who = 0;
    proxy.polled(who, calls[0], 200, busy);
    proxy.polled(who, calls[1], 503, "");
    assert_eq!(
        proxy.host.metric("penstock_picker_polls_total", ("backend", A)),
        1
    );
    assert_eq!(
        proxy
            .host
            .metric("penstock_picker_poll_failures_total", ("backend", B)),
        1
    );
    proxy.tick(1);
    for vm in [0, 1] {
        let seen = spread_at(&mut proxy, vm, 6, 400);
        assert!(
            !seen.contains(&A.to_owned()),
            "VM {vm} knows of the queue: {seen:?}"
        );
    }
    proxy.pass(1000);
    proxy.tick(0);
    assert_eq!(proxy.host.calls.len(), 2, "not before its time");
    proxy.pass(1000);
    proxy.tick(0);
    assert_eq!(proxy.host.calls.len(), 4);
}

#[test]
fn a_poll_that_says_nothing_of_draining_does_not_end_it() {
    let mut proxy = given(POLLED);
    let mut sent = sent_to(&mut proxy, A);
    proxy.begins(&mut sent, A, 200, &[("x-gpu-draining", "1")]);
    proxy.says(&mut sent);
    proxy.ends(&mut sent);
    proxy.tick(0);
    let call = proxy.host.calls.first().map(|(id, _)| *id).unwrap();
    proxy.polled(
        0,
        call,
        200,
        "vllm:num_requests_waiting 0\nvllm:kv_cache_usage_perc NaN\n",
    );
    assert_eq!(share(&mut proxy, A, 20), 0);
    assert_eq!(
        proxy
            .host
            .metric("penstock_picker_reports_ignored_total", ("backend", A)),
        1
    );
}

#[test]
fn the_next_polls_when_the_first_is_gone() {
    let mut proxy = pair(POLLED);
    proxy.tick(0);
    assert_eq!(proxy.host.calls.len(), 2);
    proxy.pass(11_000);
    proxy.tick(1);
    assert_eq!(proxy.host.calls.len(), 4);
}

#[test]
fn a_large_fleet_is_polled_in_turns() {
    let backend = |index: usize| format!(r#"{{"address": "10.0.1.{index}:80", "cluster": "c{index}"}}"#);
    let backends: Vec<String> = (1..=200).map(backend).collect();
    let mut proxy = given(&format!(
        r#"{{"poll": {{"interval_ms": 1000}}, "backends": [{}]}}"#,
        backends.join(",")
    ));
    meet(&mut proxy, 1);
    for _ in 0..20 {
        let before = proxy.host.calls.len();
        proxy.tick(0);
        let new: Vec<_> = proxy.host.calls[before..].iter().map(|(id, _)| *id).collect();
        for call in new {
            proxy.polled(0, call, 200, "vllm:num_requests_waiting 0\n");
        }
        proxy.pass(1000);
    }
    let mut asked: Vec<&str> = proxy
        .host
        .calls
        .iter()
        .map(|(_, call)| call.cluster.as_str())
        .collect();
    asked.sort_unstable();
    asked.dedup();
    assert_eq!(asked.len(), 200);
}

#[test]
fn a_cluster_that_does_not_exist_is_counted_and_stops_nobody() {
    let mut proxy = given(POLLED);
    proxy.host.unknown = vec!["a".to_owned()];
    meet(&mut proxy, 1);
    proxy.tick(0);
    assert_eq!(proxy.host.calls.len(), 1);
    assert_eq!(
        proxy
            .host
            .metric("penstock_picker_poll_failures_total", ("backend", A)),
        1
    );
}

#[test]
fn models_in_memory_are_known_to_all() {
    let mut proxy = pair(&POLLED.replace("/metrics", "/api/ps"));
    proxy.tick(0);
    let calls: Vec<_> = proxy.host.calls.iter().map(|(id, _)| *id).collect();
    let holds =
        |model: &str| format!(r#"{{"models": [{{"name": "{model}:latest", "model": "{model}:latest"}}]}}"#);
    proxy.polled(0, calls[0], 200, &holds("m"));
    proxy.polled(0, calls[1], 200, &holds("other"));
    proxy.tick(1);
    for vm in [0, 1] {
        let seen = spread_at(&mut proxy, vm, 6, 400);
        assert!(!seen.contains(&B.to_owned()), "VM {vm}: {seen:?}");
    }
}
