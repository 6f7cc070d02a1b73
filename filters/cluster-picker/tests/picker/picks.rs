//! Where requests go.

use crate::story::{A, B, C, D, chat, fleet, given};

const HEADER: &str = "x-gateway-destination-endpoint";

#[test]
fn the_pick_and_the_next_best_go_into_the_header_in_place_of_the_clients() {
    let mut proxy = given(&fleet(&[A, B, C], ""));
    let sent = proxy.ask(&chat(100).header(HEADER, "6.6.6.6:1").header(HEADER, "6.6.6.7:1"));
    let named: Vec<&str> = sent.target.split(',').collect();
    assert_eq!(named.len(), 2);
    assert_ne!(named[0], named[1]);
    assert!([A, B, C].contains(&named[0]) && [A, B, C].contains(&named[1]));
    assert_eq!(
        sent.request[0],
        (HEADER.to_owned(), None),
        "the client's own is off first"
    );
    let mut other = given(&fleet(&[A], r#", "header": "X-To", "candidates": 8"#));
    let sent = other.ask(&chat(100).header("x-to", "6.6.6.6:1"));
    assert_eq!(
        (sent.target.as_str(), &sent.request[0]),
        (A, &("x-to".to_owned(), None))
    );
}

#[test]
fn where_nothing_is_picked_the_clients_header_is_off_all_the_same() {
    let mut proxy = given(r#"{"backends": [{"address": "10.0.0.1:8000", "models": ["x"]}]}"#);
    let sent = proxy.ask(&chat(100).header(HEADER, "6.6.6.6:1"));
    assert_eq!(
        (sent.target.as_str(), &sent.request[0]),
        ("", &(HEADER.to_owned(), None))
    );
    let mut scoped = given(&fleet(&[A], r#", "scope": {"models": ["x"]}"#));
    let sent = scoped.ask(&chat(100).header(HEADER, "6.6.6.6:1"));
    assert_eq!(
        (sent.target.as_str(), &sent.request[0]),
        ("", &(HEADER.to_owned(), None))
    );
}

#[test]
fn shadow_and_off_set_nothing() {
    for mode in ["shadow", "off"] {
        let admission = r#""admission": {"first_token_ms": 1}"#;
        let mut proxy = given(&fleet(&[A, B], &format!(r#", "mode": "{mode}", {admission}"#)));
        let mut sent = proxy.ask(&chat(100_000).header(HEADER, "6.6.6.6:1"));
        assert_eq!(sent.request, [], "{mode}");
        proxy.begins(&mut sent, A, 200, &[("x-gpu-queue", "3")]);
        assert_eq!(sent.response.response_headers, []);
    }
    let mut shadow = given(&fleet(&[A, B], r#", "mode": "shadow""#));
    shadow.ask(&chat(100));
    assert_eq!(shadow.host.sum("penstock_picker_picks_total"), 1);
}

#[test]
fn requests_go_to_who_serves_the_model() {
    let backends = r#"{"backends": [
        {"address": "10.0.0.1:8000", "models": ["llama-*"]},
        {"address": "10.0.0.2:8000", "models": ["llama-70b", "sql-adapter"]},
        {"address": "10.0.0.3:8000", "models": ["qwen"], "max_input_tokens": 1000}], "candidates": 8}"#;
    let mut proxy = given(backends);
    for (ask, allowed) in [
        (chat(100).model("llama-8b"), vec![A]),
        (chat(100).model("llama-70b"), vec![A, B]),
        (chat(100).model("sql-adapter"), vec![B]),
        (chat(100).model("qwen"), vec![C]),
        (chat(100).model("gpt"), vec![]),
        (chat(40_000).model("qwen"), vec![]),
    ] {
        let sent = proxy.ask(&ask);
        let mut named: Vec<&str> = sent.target.split(',').filter(|name| !name.is_empty()).collect();
        named.sort_unstable();
        assert_eq!(named, allowed);
    }
    assert_eq!(proxy.host.sum("penstock_picker_unpicked_total"), 2);
}

#[test]
fn clusters_and_shares_are_named_where_those_steer() {
    let mut clusters =
        given(r#"{"steer": "cluster", "backends": [{"cluster": "h100"}, {"cluster": "a100"}]}"#);
    let spread = clusters.spread(&chat(100), 20);
    assert_eq!(
        spread.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["a100", "h100"]
    );
    let groups =
        r#"{"steer": "share", "groups": [{"name": "stable", "share": 95}, {"name": "canary", "share": 5}]}"#;
    let mut shares = given(groups);
    let mut seen = [0, 0];
    for _ in 0..10_000 {
        let sent = shares.ask(&chat(10));
        // Weighted clusters take the first whose sum of weights is above the number.
        seen[usize::from(sent.target.parse::<u64>().unwrap() >= 95)] += 1;
        shares.served(sent, 1, 1);
    }
    assert!((475..=525).contains(&seen[1]), "{seen:?}");
}

const GROUPS: &str = r#"{"candidates": 1, "split_by": "x-user", "backends": [
    {"address": "10.0.0.1:8000", "group": "stable"}, {"address": "10.0.0.2:8000", "group": "stable"},
    {"address": "10.0.0.3:8000", "group": "canary"}],
    "groups": [{"name": "stable", "share": 9}, {"name": "canary", "share": 1, "when": {"header": "x-canary", "value": "yes"}}]"#;

#[test]
fn groups_have_their_shares_whatever_their_size_and_speed() {
    let mut proxy = given(&format!("{GROUPS}}}"));
    let spread = proxy.spread(&chat(100), 10_000);
    let canary = spread
        .iter()
        .find(|(name, _)| name == C)
        .map_or(0, |(_, count)| *count);
    assert!((950..=1050).contains(&canary), "{spread:?}");
}

#[test]
fn a_header_chooses_the_group_and_a_user_stays() {
    let mut proxy = given(&format!("{GROUPS}}}"));
    assert_eq!(
        proxy.spread(&chat(10).header("x-canary", "yes"), 20),
        [(C.to_owned(), 20)]
    );
    assert!(proxy.spread(&chat(10).header("x-canary", "no"), 100).len() > 1);
    let group = |proxy: &mut crate::story::Proxy, user: usize| {
        let sent = proxy.ask(&chat(10).header("x-user", &user.to_string()));
        let canary = sent.to() == C;
        proxy.served(sent, 5, 1);
        canary
    };
    let first: Vec<bool> = (0..200).map(|user| group(&mut proxy, user)).collect();
    let second: Vec<bool> = (0..200).map(|user| group(&mut proxy, user)).collect();
    assert_eq!(first, second);
    assert!((5..40).contains(&first.iter().filter(|canary| **canary).count()));
}

#[test]
fn classes_keep_long_prompts_among_those_that_take_them() {
    let mut proxy = given(&format!(
        r#"{GROUPS}, "classes": [{{"min_input_tokens": 1000, "groups": ["canary"]}}]}}"#
    ));
    assert_eq!(proxy.spread(&chat(8000), 20), [(C.to_owned(), 20)]);
    assert!(proxy.spread(&chat(100), 20).iter().any(|(name, _)| name == A));
}

#[test]
fn a_session_stays_until_it_would_wait_too_long() {
    let sticky = r#", "sticky": {"header": "x-session", "max_wait_ms": 500}"#;
    let mut proxy = given(&fleet(&[A, B, C, D], sticky));
    let ask = chat(400).header("x-session", "s-1");
    let sent = proxy.ask(&ask);
    let own = sent.to().to_owned();
    proxy.served(sent, 50, 2);
    assert_eq!(proxy.spread(&ask, 50), [(own.clone(), 50)]);
    let spread = proxy.spread(&chat(400).header("x-session", ""), 50);
    assert!(spread.len() > 1, "an empty id is none: {spread:?}");
    // A long queue there, and the session moves.
    let moved = (0..40).any(|_| proxy.ask(&chat(40_000).header("x-session", "s-1")).to() != own);
    assert!(moved);
}

#[test]
fn equals_are_told_apart_by_zone_then_price() {
    let backends = r#"{"backends": [
        {"address": "10.0.0.1:8000", "zone": "far", "price": 1}, {"address": "10.0.0.2:8000", "zone": "near", "price": 3},
        {"address": "10.0.0.3:8000", "zone": "near", "price": 2}]"#;
    let mut near = given(&format!(
        r#"{backends}, "prefer": {{"within_percent": 50, "zone": "near"}}}}"#
    ));
    assert_eq!(near.ask(&chat(100)).to(), C);
    let mut cheap = given(&format!(
        r#"{backends}, "prefer": {{"cheapest_within_ms": 2000}}}}"#
    ));
    assert_eq!(cheap.ask(&chat(100)).to(), A);
    // Filled until its first token would come too late, then the next cheapest.
    let seen: Vec<String> = (0..40)
        .map(|_| cheap.ask(&chat(40_000)).to().to_owned())
        .collect();
    let first = |name: &str| seen.iter().position(|one| one == name).unwrap();
    assert!(first(A) < first(C) && first(C) < first(B), "{seen:?}");
}

#[test]
fn what_nobody_reads_is_picked_for_too() {
    let mut proxy = given(&fleet(&[A, B], ""));
    let mut sent = proxy.ask_unread(&chat(0).header(HEADER, "6.6.6.6:1"));
    assert!([A, B].contains(&sent.to()));
    let to = sent.to().to_owned();
    proxy.begins(
        &mut sent,
        &to,
        200,
        &[("x-gpu-queue", "3"), ("content-type", "text/plain")],
    );
    proxy.ends(&mut sent);
    assert_eq!(sent.response.response_headers, [("x-gpu-queue".to_owned(), None)]);
    let mut scoped = given(&fleet(&[A], r#", "scope": {"routes": ["other"]}"#));
    assert_eq!(scoped.ask_unread(&chat(0)).request, []);
}
