//! `penstock redact`, and `penstock scan` under a configuration.

use crate::run::{penstock, penstock_on};
use serde_json::{Value, json};
use std::path::PathBuf;

fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("penstock-{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_text_is_shown_as_it_would_leave() {
    let ran = penstock_on(&["redact"], "Ich bin ana@corp.test, \"Ana\"\\\n".as_bytes());
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "Ich bin [EMAIL_1], \"Ana\"\\\n")
    );
    assert!(
        ran.err.contains("EMAIL_ADDRESS") && ran.err.contains("mask"),
        "{}",
        ran.err
    );
    assert!(!ran.err.contains("ana@"), "{}", ran.err);
}

#[test]
fn a_request_keeps_all_but_its_finds() {
    let body = json!({"model": "claude", "max_tokens": 5, "system": "You are help@corp.test",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "I am ana@corp.test"}]}]});
    let whole =
        format!("POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\r\n{body}");
    for capture in [whole.as_bytes(), body.to_string().as_bytes()] {
        let ran = penstock_on(&["redact", "--api", "anthropic_messages"], capture);
        let out: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(out["system"], "You are [EMAIL_2]");
        assert_eq!(out["messages"][0]["content"][0]["text"], "I am [EMAIL_1]");
        assert_eq!(out["max_tokens"], 5);
    }
}

#[test]
fn a_configuration_decides_also_inside_a_file_of_envoy() {
    let config = file(
        "redact.json",
        r#"{"pii_redactor": {"policies": [{"entities": ["EMAIL_ADDRESS"], "action": "block"}]}}"#,
    );
    let ran = penstock_on(&["redact", "-c", config.to_str().unwrap()], b"I am ana@corp.test");
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(
        ran.err.contains("refused: EMAIL_ADDRESS is blocked"),
        "{}",
        ran.err
    );

    let config = file("scan.json", r#"{"pii_redactor": {"disable": ["EMAIL_ADDRESS"]}}"#);
    let line = b"{\"id\": 1, \"text\": \"ana@corp.test\"}";
    let ran = penstock_on(&["scan", "redactor", "--config", config.to_str().unwrap()], line);
    assert_eq!(ran.out, "{\"id\":1,\"spans\":[]}\n");

    let config = file("meter.json", r#"{"token_meter": {}}"#);
    let ran = penstock(&["redact", "--config", config.to_str().unwrap()]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("no `pii_redactor` in it"), "{}", ran.err);
}
