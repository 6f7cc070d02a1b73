//! Who is let in.

use crate::story::{A, B, Proxy, chat, fleet, given};

fn full(more: &str) -> Proxy {
    let admission = format!(r#", "admission": {{"first_token_ms": 1000{more}}}"#);
    let mut proxy = given(&fleet(&[A, B], &admission));
    while proxy.ask(&chat(40_000)).denied.is_none() {}
    proxy
}

#[test]
fn a_request_that_would_wait_too_long_is_refused_with_a_time_to_come_back() {
    for status in [429, 503] {
        let mut proxy = full(&format!(r#", "status": {status}"#));
        let sent = proxy.ask(&chat(40_000));
        let denial = sent.denied.unwrap();
        assert_eq!((denial.status, denial.code), (status, "overloaded"));
        assert!((1..=60).contains(&denial.retry_after_s.unwrap()));
        assert_eq!(sent.target, "");
        assert_eq!(
            proxy
                .host
                .metric("penstock_picker_shed_total", ("fleet", "default")),
            2
        );
        assert_eq!(proxy.host.sum("penstock_picker_unpicked_total"), 0);
    }
}

#[test]
fn who_bears_less_is_refused_earlier_and_who_matters_never() {
    let priorities = r#", "priorities": {"batch": 20, "vip": 0}"#;
    let admission = format!(r#", "admission": {{"first_token_ms": 1000{priorities}}}"#);
    let mut proxy = given(&fleet(&[A], &admission));
    let refused = |proxy: &mut Proxy, name: &str, value: &str| {
        proxy.ask(&chat(400).header(name, value)).denied.is_some()
    };
    proxy.ask(&chat(20_000));
    assert!(refused(&mut proxy, "x-penstock-priority", "batch"));
    assert!(refused(&mut proxy, "x-slo-ttft-ms", "100"));
    assert!(!refused(&mut proxy, "x-slo-ttft-ms", "900000"));
    assert!(!refused(&mut proxy, "x-penstock-priority", "other"));
    while proxy.ask(&chat(40_000)).denied.is_none() {}
    let lenient = chat(40_000).header("x-slo-ttft-ms", "900000");
    assert!(
        proxy.ask(&lenient).denied.is_some(),
        "only the lower bound counts"
    );
    assert!(!refused(&mut proxy, "x-penstock-priority", "vip"));
}

#[test]
fn what_was_refused_leaves_nothing_in_the_books() {
    let mut proxy = given(&fleet(&[A], r#", "admission": {"first_token_ms": 1000}"#));
    let sent = proxy.ask(&chat(40_000));
    for _ in 0..100 {
        assert!(proxy.ask(&chat(40_000)).denied.is_some());
    }
    proxy.served(sent, 600, 10);
    assert!(proxy.ask(&chat(400)).denied.is_none());
}

#[test]
fn a_time_of_slow_answers_does_not_shut_the_door_for_ever() {
    let mut proxy = given(&fleet(&[A, B], r#", "admission": {"first_token_ms": 1000}"#));
    let answer = |proxy: &mut Proxy, first_ms: u64| {
        let sent = proxy.ask(&chat(400));
        let refused = sent.denied.is_some();
        if !refused {
            proxy.served(sent, first_ms, 20);
        }
        proxy.pass(500);
        usize::from(refused)
    };
    // Models load, and it takes them 20 s to say a word.
    for _ in 0..100 {
        answer(&mut proxy, 20_000);
    }
    let refused: usize = (0..600).map(|_| answer(&mut proxy, 50)).sum();
    assert!(refused < 200, "{refused} of 600 over five idle minutes");
}

#[test]
fn where_all_rest_the_client_is_told_when() {
    let mut proxy = given(&fleet(&[A, B], r#", "admission": {}"#));
    for _ in 0..2 {
        let sent = proxy.ask(&chat(100));
        proxy.answers(sent, 429, &[("retry-after", "20")]);
    }
    let denial = proxy.ask(&chat(100)).denied.unwrap();
    assert_eq!((denial.status, denial.code), (429, "overloaded"));
    assert!(denial.retry_after_s.unwrap() <= 60);
    proxy.pass(20_000);
    assert!(proxy.ask(&chat(100)).denied.is_none());
    let mut open = given(&fleet(&[A], ""));
    let sent = open.ask(&chat(100));
    open.answers(sent, 503, &[("retry-after", "20")]);
    let sent = open.ask(&chat(100));
    assert_eq!(
        (sent.to(), sent.denied.is_none()),
        ("", true),
        "the proxy's own policy decides"
    );
}

#[test]
fn a_request_that_hangs_on_every_backend_refuses_nobody() {
    let mut proxy = given(&fleet(&[A, B], r#", "admission": {"first_token_ms": 1000}"#));
    proxy.spread(&chat(400), 200);
    let hang: Vec<_> = (0..2).map(|_| proxy.ask(&chat(400))).collect();
    assert_ne!(hang[0].to(), hang[1].to());
    for _ in 0..60 {
        proxy.pass(10_000);
        let sent = proxy.ask(&chat(400));
        assert!(sent.denied.is_none());
        proxy.served(sent, 50, 5);
    }
}
