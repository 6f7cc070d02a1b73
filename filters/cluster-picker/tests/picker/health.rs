//! Backends that fail, rest, drain, come back, move, and are not who was asked.

use crate::story::{A, B, C, D, Proxy, Sent, chat, fleet, given};
use penstock_filter_api::{Origin, Outcome};

pub(crate) fn share(proxy: &mut Proxy, address: &str, count: usize) -> usize {
    let spread = proxy.spread(&chat(400), count);
    spread
        .iter()
        .find(|(name, _)| name == address)
        .map_or(0, |(_, count)| *count)
}

/// Requests until one is sent to this backend; the others are answered.
pub(crate) fn sent_to(proxy: &mut Proxy, address: &str) -> Sent {
    let mut others = Vec::new();
    for _ in 0..100 {
        let sent = proxy.ask(&chat(400));
        if sent.to() == address {
            proxy.serve_all(others, 0, 2);
            return sent;
        }
        others.push(sent);
    }
    panic!("nothing goes to {address}");
}

#[test]
fn a_backend_that_fails_fast_is_out_until_a_probe_is_answered() {
    for status in [429, 500, 502, 503, 529, 408] {
        let mut proxy = given(&fleet(&[A, B, C, D], ""));
        for _ in 0..3 {
            let sent = sent_to(&mut proxy, A);
            proxy.answers(sent, status, &[]);
        }
        assert_eq!(
            proxy
                .host
                .metric("penstock_picker_ejections_total", ("backend", A)),
            1
        );
        assert_eq!(
            proxy
                .host
                .metric("penstock_picker_failures_total", ("backend", A)),
            3
        );
        assert_eq!(share(&mut proxy, A, 20), 0, "{status}");
        proxy.pass(10_000);
        let probe = sent_to(&mut proxy, A);
        let more: Vec<Sent> = (0..20).map(|_| proxy.ask(&chat(400))).collect();
        assert!(more.iter().all(|sent| sent.to() != A), "one probe at a time");
        proxy.served(probe, 50, 2);
        for sent in more {
            proxy.served(sent, 50, 2);
        }
        proxy.pass(20_000);
        assert!(share(&mut proxy, A, 60) > 5);
    }
}

#[test]
fn what_is_the_requests_fault_takes_nobody_out() {
    let mut proxy = given(&fleet(&[A, B], ""));
    for status in [400, 401, 403, 404, 413, 422] {
        for _ in 0..6 {
            let sent = proxy.ask(&chat(400));
            proxy.answers(sent, status, &[]);
        }
    }
    assert_eq!(proxy.host.sum("penstock_picker_failures_total"), 0);
}

#[test]
fn resets_and_timeouts_count_and_what_others_refuse_does_not() {
    for (origin, outcome, status, failures) in [
        (Origin::Envoy, Outcome::UpstreamError, 503, 1),
        (Origin::Envoy, Outcome::UpstreamError, 504, 1),
        (Origin::Envoy, Outcome::UpstreamError, 0, 1),
        (Origin::Upstream, Outcome::Truncated, 200, 1),
        (Origin::Envoy, Outcome::UpstreamError, 429, 0),
        (Origin::Envoy, Outcome::UpstreamError, 403, 0),
        (Origin::Denied("guard"), Outcome::Denied, 403, 0),
        (Origin::Nobody, Outcome::Cancelled, 0, 0),
    ] {
        let mut proxy = given(&fleet(&[A, B], ""));
        let sent = proxy.ask(&chat(400));
        proxy.breaks(sent, origin, outcome, status);
        let counted = proxy.host.sum("penstock_picker_failures_total");
        assert_eq!(counted, failures, "{origin:?} {outcome:?} {status}");
    }
}

#[test]
fn clients_that_lose_patience_with_a_silent_backend_tell_of_it() {
    let mut proxy = given(&fleet(&[A, B], ""));
    for (waited, failures) in [(500, 0), (60_000, 1)] {
        let sent = proxy.ask(&chat(400));
        proxy.pass(waited);
        proxy.breaks(sent, Origin::Nobody, Outcome::Cancelled, 0);
        assert_eq!(proxy.host.sum("penstock_picker_failures_total"), failures);
    }
}

#[test]
fn never_more_than_half_are_out() {
    let mut proxy = given(&fleet(&[A, B, C, D], ""));
    for _ in 0..100 {
        let sent = proxy.ask(&chat(400));
        assert_ne!(sent.to(), "");
        proxy.answers(sent, 503, &[]);
    }
    let out = || proxy.host.sum("penstock_picker_ejections_total");
    assert!(out() >= 2);
    let mut one = given(&fleet(&[A], ""));
    for _ in 0..10 {
        let sent = one.ask(&chat(400));
        assert_eq!(sent.to(), A);
        one.answers(sent, 500, &[]);
    }
}

#[test]
fn a_pause_is_kept() {
    let mut proxy = given(&fleet(&[A, B], ""));
    let sent = sent_to(&mut proxy, A);
    proxy.answers(sent, 503, &[("retry-after", "30")]);
    for _ in 0..29 {
        assert_eq!(share(&mut proxy, A, 2), 0);
        proxy.pass(500);
    }
    proxy.pass(20_000);
    assert!(share(&mut proxy, A, 20) > 0);
}

#[test]
fn a_backend_that_drained_and_came_back_is_used_again() {
    let mut proxy = given(&fleet(&[A, B], ""));
    let mut sent = sent_to(&mut proxy, A);
    proxy.begins(&mut sent, A, 200, &[("x-gpu-draining", "1")]);
    proxy.says(&mut sent);
    proxy.ends(&mut sent);
    assert_eq!(share(&mut proxy, A, 20), 0);
    // It has restarted meanwhile, and nobody asks it, so that it cannot say so.
    proxy.pass(120_000);
    assert!(share(&mut proxy, A, 20) > 0);
}

#[test]
fn a_retry_books_the_request_where_it_went_and_blames_the_first() {
    let mut proxy = given(&fleet(&[A, B, C], ""));
    let sent = sent_to(&mut proxy, A);
    proxy.served_by(sent, B, 50, 20);
    assert_eq!(
        proxy.host.metric("penstock_picker_moves_total", ("backend", A)),
        1
    );
    for _ in 0..2 {
        let sent = sent_to(&mut proxy, A);
        proxy.served_by(sent, B, 50, 20);
    }
    for (metric, count) in [
        ("penstock_picker_failures_total", 3),
        ("penstock_picker_ejections_total", 1),
    ] {
        assert_eq!(proxy.host.metric(metric, ("backend", A)), count, "{metric}");
    }
    assert_eq!(
        share(&mut proxy, A, 20),
        0,
        "three times it was not A that answered"
    );
    proxy.tick(0);
    for address in [A, B, C] {
        assert_eq!(
            proxy
                .host
                .metric("penstock_picker_open_requests", ("backend", address)),
            0
        );
    }
}

#[test]
fn a_long_first_try_is_not_held_against_who_took_over() {
    let mut proxy = given(&fleet(&[A, B, C, D], r#", "candidates": 1"#));
    let ask = chat(400).whole();
    proxy.spread(&ask, 100);
    for _ in 0..3 {
        let sent = proxy.ask(&ask);
        let other = if sent.to() == B { C } else { B };
        // The first took 30 s, the second 50 ms.
        proxy.served_by(sent, other, 30_000, 5);
    }
    proxy.pass(1000);
    proxy.tick(0);
    for address in [B, C] {
        let pace = proxy
            .host
            .metric("penstock_picker_pace_permille", ("backend", address));
        assert!(pace < 1500, "{address}: {pace}");
    }
}

#[test]
fn an_answer_of_somebody_unknown_leaves_no_open_request() {
    for mode in ["enforce", "shadow"] {
        let mut proxy = given(&fleet(&[A, B], &format!(r#", "mode": "{mode}""#)));
        for _ in 0..10 {
            let sent = proxy.ask(&chat(400));
            proxy.served_by(sent, "10.9.9.9:1", 50, 20);
        }
        proxy.tick(0);
        for address in [A, B] {
            let open = proxy
                .host
                .metric("penstock_picker_open_requests", ("backend", address));
            assert_eq!(open, 0, "{mode} {address}");
        }
    }
}

#[test]
fn backends_are_learned_as_the_proxy_chooses_them() {
    let mut proxy = given(r#"{"learn": true}"#);
    let all = [A, B, C, D];
    let mut turns = 0;
    for _ in 0..400 {
        let sent = proxy.ask(&chat(400));
        let to = sent.to().to_owned();
        if to.is_empty() {
            turns += 1;
            proxy.served_by(sent, all[turns % 4], 50, 2);
        } else {
            proxy.served(sent, 50, 2);
        }
    }
    // Past the slow start of those that came last.
    proxy.pass(20_000);
    let mut seen: Vec<String> = (0..8).map(|_| proxy.ask(&chat(4000)).to().to_owned()).collect();
    seen.sort_unstable();
    seen.dedup();
    seen.retain(|name| !name.is_empty());
    assert_eq!(seen, all);
    assert!(turns < 60, "{turns} of 400 were left to the proxy");
}

#[test]
fn learned_backends_that_went_are_not_asked_for_long() {
    let mut proxy = given(r#"{"learn": true}"#);
    let all: Vec<String> = (1..=16).map(|last| format!("10.0.0.{last}:80")).collect();
    let serve = |proxy: &mut Proxy, live: &[String], count: usize| {
        let mut missed = 0;
        for turn in 0..count {
            let sent = proxy.ask(&chat(400));
            // The proxy passes over hosts that it has no more.
            let found = sent
                .target
                .split(',')
                .find(|name| live.iter().any(|one| one == name));
            missed += usize::from(!sent.target.is_empty() && found != Some(sent.to()));
            let by = found.map_or(live[turn % live.len()].clone(), str::to_owned);
            proxy.served_by(sent, &by, 50, 2);
        }
        missed
    };
    serve(&mut proxy, &all, 2000);
    serve(&mut proxy, &all[..4], 2000);
    let missed = serve(&mut proxy, &all[..4], 2000);
    assert!(
        missed < 200,
        "{missed} of 2000 were meant for hosts that are gone"
    );
}

#[test]
fn a_newcomer_is_tried_whatever_the_speed_of_the_fleet() {
    for first_ms in [4, 50, 2000] {
        let mut proxy = given(&fleet(&[A, B, C], ""));
        let serve = |proxy: &mut Proxy, vm: usize, first_ms: u64| {
            let sent: Vec<Sent> = (0..16).map(|_| proxy.ask(&chat(400).at(vm))).collect();
            let newest = sent.iter().filter(|sent| sent.to() == D).count();
            proxy.serve_all(sent, first_ms, 20);
            newest
        };
        // For the first ones connections had to be made.
        serve(&mut proxy, 0, 60);
        for _ in 0..100 {
            serve(&mut proxy, 0, first_ms);
        }
        let vm = proxy.join(&fleet(&[A, B, C, D], r#", "tuning": {"slow_start_s": 1}"#));
        serve(&mut proxy, vm, first_ms);
        proxy.pass(2000);
        let newest: usize = (0..20).map(|_| serve(&mut proxy, vm, first_ms)).sum();
        assert!((5..=200).contains(&newest), "{first_ms} ms: {newest} of 320");
    }
}
