//! Tenants that are refused for some time.

use crate::story::{ATTACK, CHAT, given, says};

const CONFIG: &str =
    r#"{"tenant": {"header": "x-tenant"}, "block": {"after": 3, "window_s": 60, "for_s": 30}}"#;
const HARMLESS: &str = "What is the capital of France?";

#[test]
fn repeated_attacks_refuse_their_tenant_alone_and_for_a_time() {
    let ana: &[(&str, &str)] = &[("x-tenant", "ana")];
    let mut story = given(CONFIG);
    for _ in 0..3 {
        story = story.asks_with(CHAT, ana, &says(ATTACK));
        assert_eq!(story.refusal().1, "prompt_guard");
        story = story.again();
    }
    story = story.asks_with(CHAT, ana, &says(HARMLESS));
    assert_eq!(story.refusal(), ("429".to_owned(), "tenant_blocked".to_owned()));
    assert_eq!(
        story.envoy.client(story.stream).field("retry-after"),
        Some(&b"30"[..])
    );
    story = story
        .again()
        .asks_with(CHAT, &[("x-tenant", "bob")], &says(HARMLESS));
    assert!(story.has_left());
    story.envoy.pass(31_000);
    story = story.again().asks_with(CHAT, ana, &says(HARMLESS));
    assert!(story.has_left());
    assert_eq!(story.count("penstock_guard_blocks_total", &[]), 1);
    assert_eq!(story.count("penstock_guard_blocked_requests_total", &[]), 1);
}

#[test]
fn attacks_far_apart_are_forgotten() {
    let ana: &[(&str, &str)] = &[("x-tenant", "ana")];
    let mut story = given(CONFIG);
    for _ in 0..6 {
        story = story.asks_with(CHAT, ana, &says(ATTACK));
        assert_eq!(story.refusal().1, "prompt_guard");
        story.envoy.pass(61_000);
        story = story.again();
    }
}

#[test]
fn who_has_no_name_is_not_counted() {
    let mut story = given(CONFIG);
    for _ in 0..6 {
        story = story.asks(CHAT, &says(ATTACK));
        assert_eq!(story.refusal().1, "prompt_guard");
        story = story.again();
    }
}
