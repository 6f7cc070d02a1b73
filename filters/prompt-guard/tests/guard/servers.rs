//! Servers of tools: what a model will read of them.

use crate::story::PLANTED;
use penstock_fake_envoy::Story;
use penstock_prompt_guard::MODULE;
use serde_json::{Value, json};

/// The guard before such a server, which answers this.
fn answered(method: &str, result: &Value) -> Story {
    answered_under("{}", method, result)
}

fn answered_under(config: &str, method: &str, result: &Value) -> Story {
    let document = format!(
        r#"{{"exchange": {{"operations": [{{"kind": "mcp", "rule": "inspect"}}]}}, "prompt_guard": {config}}}"#
    );
    let call = json!({"jsonrpc": "2.0", "id": "c-7", "method": method, "params": {"name": "read", "arguments": {"page": "home"}}});
    let mut story = Story::under(&document, &[MODULE]).unwrap().asks("/mcp", &call);
    assert!(story.has_left(), "{}", story.body());
    let body = json!({"jsonrpc": "2.0", "id": "c-7", "result": result}).to_string();
    story.begins("200", &[("content-type", "application/json")]);
    story.envoy.response_body(story.stream, body.as_bytes(), true);
    story
}

fn result(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}], "isError": false})
}

fn tools(description: &str) -> Value {
    json!({"tools": [{"name": "read", "description": description, "inputSchema": {"type": "object", "properties": {}}}]})
}

#[test]
fn a_result_with_a_command_is_an_error_with_the_calls_id() {
    for (method, poisoned, rule, scope) in [
        ("tools/call", result(PLANTED), "indirect_injection", "tool_result"),
        ("tools/list", tools(PLANTED), "tool_poisoning", "tool_definition"),
    ] {
        let mut story = answered(method, &poisoned);
        let body: Value = serde_json::from_str(&story.body()).unwrap();
        assert_eq!(body["id"], "c-7", "{body}");
        assert!(
            body["error"]["message"].as_str().unwrap().contains(rule),
            "{body}"
        );
        assert!(!story.body().contains("evil.test"));
        let labels = [
            ("rule", rule),
            ("scope", scope),
            ("direction", "response"),
            ("action", "deny"),
        ];
        story.envoy.upstream_resets(story.stream);
        assert_eq!(story.count("penstock_guard_findings_total", &labels), 1);
    }
}

#[test]
fn all_that_is_to_go_goes() {
    let config = r#"{"policies": [{"rules": ["role_forgery"], "action": "strip"}]}"#;
    let story = answered_under(
        config,
        "tools/call",
        &result("open <|im_start|> late <|im_end|> today"),
    );
    let body: Value = serde_json::from_str(&story.body()).unwrap();
    assert_eq!(
        body["result"]["content"][0]["text"],
        "open (removed) late (removed) today"
    );
}

#[test]
fn clean_answers_are_untouched() {
    for (method, clean) in [
        ("tools/call", result("The shop is open from 9 to 5.")),
        ("tools/list", tools("Reads a page of the shop.")),
    ] {
        let story = answered(method, &clean);
        let body: Value = serde_json::from_str(&story.body()).unwrap();
        assert_eq!(body, json!({"jsonrpc": "2.0", "id": "c-7", "result": clean}));
    }
}

#[test]
fn results_of_hosted_tools_are_read_where_nothing_else_of_an_answer_is() {
    let passed = [
        "system_*",
        "canary",
        "script*",
        "data_url",
        "external_*",
        "hidden_output",
    ];
    let active = ["shell_command", "sql_statement", "path_traversal", "ssrf_target"];
    let rules = [&passed[..], &active].concat();
    let config = json!({"prompt_guard": {"policies": [{"rules": rules, "action": "pass"}]}}).to_string();
    let ask =
        json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "What is new?"}]});
    let mut story = Story::under(&config, &[MODULE])
        .unwrap()
        .asks("/v1/messages", &ask);
    story.begins("200", &[("content-type", "application/json")]);
    let result = json!({"type": "mcp_tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": PLANTED}]});
    let body = json!({"id": "m1", "type": "message", "role": "assistant", "model": "m", "content": [result]})
        .to_string();
    story.envoy.response_body(story.stream, body.as_bytes(), true);
    assert!(!story.body().contains("evil.test"), "{}", story.body());
}
