//! The Model Context Protocol: untouched until the configuration has it inspected.

use crate::filters::*;
use crate::stage::{Stage, head};
use penstock_fake_envoy::StreamId;
use penstock_filter_api::{Failure, OutputFlow, PromptFlow};
use penstock_llm_api::{Dialect, Scope, text_of};

const INSPECT: &str = r#"{"operations":[{"kind":"mcp","rule":"inspect"}]}"#;
const CALL: &[u8] =
    br#"{"jsonrpc":"2.0","id":"c-1","method":"tools/call","params":{"name":"mail","arguments":{"to":"ann"}}}"#;
const BATCH: &[u8] = br#"[{"jsonrpc":"2.0","id":1,"method":"tools/list"},
    {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"mail","arguments":{}}}]"#;

fn posts(stage: &mut Stage, path: &str, body: &[u8]) -> StreamId {
    let stream = stage.open();
    let fields = [
        (":method", "POST"),
        (":path", path),
        (":authority", "tools"),
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
    ];
    stage.envoy.request_head(stream, head(&fields), false);
    stage.envoy.request_body(stream, body, true);
    stage.envoy.pass(50);
    stream
}

/// A filter that refuses calls of `mail`, and results with a secret.
fn guards() -> Spec {
    let guard = prompted(|prompt, _, _| {
        assert!(matches!(prompt.dialect(), Dialect::Mcp));
        let texts = prompt.texts().texts;
        let mails = texts
            .iter()
            .any(|text| text.scope == Scope::ToolName && text_of(prompt.json(), text.node) == "mail");
        if mails {
            PromptFlow::Deny(denial())
        } else {
            PromptFlow::Next
        }
    });
    guard.output(|| {
        Box::new(|piece, _, _| {
            if piece.scope == Scope::ToolResult && piece.text.contains("secret") {
                OutputFlow::Cut(denial())
            } else {
                OutputFlow::Clear
            }
        })
    })
}

fn json_of(stage: &Stage, stream: StreamId) -> serde_json::Value {
    serde_json::from_str(&stage.text(stream)).unwrap()
}

#[test]
fn it_passes_unless_it_is_to_be_inspected() {
    let mut stage = Stage::new("{}", vec![guards()]);
    let stream = posts(&mut stage, "/mcp", CALL);
    assert_eq!(stage.envoy.upstream(stream).body, CALL);
    stage.answers(
        stream,
        &[],
        &[br#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"secret"}]}}"#],
    );
    assert!(stage.text(stream).contains("secret"));
    let stream = posts(&mut stage, "/MCP", b"[]");
    assert_eq!(stage.envoy.upstream(stream).body, b"[]");
}

#[test]
fn a_refused_call_is_answered_by_its_id() {
    let mut stage = Stage::new(INSPECT, vec![guards()]);
    let stream = posts(&mut stage, "/mcp", CALL);
    assert!(stage.envoy.upstream(stream).head.is_none());
    assert_eq!(stage.client(stream).field(":status"), Some(&b"200"[..]));
    let json = json_of(&stage, stream);
    assert_eq!(json["id"], "c-1");
    assert_eq!(json["error"]["data"]["code"], denial().code);

    let stream = posts(&mut stage, "/mcp", BATCH);
    let json = json_of(&stage, stream);
    assert_eq!((&json[0]["id"], &json[1]["id"]), (&1.into(), &2.into()));

    // What nobody could read names nobody.
    let stream = posts(&mut stage, "/mcp", b"{\"jsonrpc\"");
    assert_eq!(stage.client(stream).field(":status"), Some(&b"400"[..]));
    assert!(json_of(&stage, stream)["id"].is_null());
    assert_eq!(stage.failures("a", "invalid_json"), 1);
}

#[test]
fn a_refused_result_is_answered_by_the_id_of_its_request() {
    const LIST: &[u8] = br#"{"jsonrpc":"2.0","id":4,"method":"tools/list"}"#;
    let mut stage = Stage::new(INSPECT, vec![guards()]);
    let stream = posts(&mut stage, "/mcp", LIST);
    let secret = br#"{"jsonrpc":"2.0","id":4,"result":{"structuredContent":{"a":"secret"}}}"#;
    stage.answers(stream, &[], &[secret]);
    assert_eq!(json_of(&stage, stream)["id"], 4);
    assert!(!stage.text(stream).contains("\"a\""));

    let stream = posts(&mut stage, "/mcp", LIST);
    stage.streams(stream);
    let progress = "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{}}\n\n";
    stage.envoy.response_body(stream, progress.as_bytes(), false);
    assert_eq!(stage.text(stream), progress);
    let batch = format!("data: [{}]\n\n", String::from_utf8_lossy(secret));
    stage.envoy.response_body(stream, batch.as_bytes(), false);
    stage.envoy.pass(1_000);
    let text = stage.text(stream);
    let last = text.trim_end().rsplit("data: ").next().unwrap();
    let json: serde_json::Value = serde_json::from_str(last).unwrap();
    assert_eq!((&json["id"], json["error"].is_object()), (&4.into(), true));
    assert!(!text.contains("secret"));
}

#[test]
fn what_is_not_posted_stays_untouched() {
    let mut stage = Stage::new(INSPECT, vec![guards()]);
    let stream = stage.open();
    let fields = [
        (":method", "GET"),
        (":path", "/mcp"),
        ("accept", "text/event-stream"),
    ];
    stage.envoy.request_head(stream, head(&fields), true);
    stage.streams(stream);
    stage.envoy.response_body(stream, b"data: secret\n\n", true);
    assert_eq!(stage.text(stream), "data: secret\n\n");
    assert_eq!(stage.ends.borrow().len(), 0);

    let stream = posts(
        &mut stage,
        "/mcp",
        br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    );
    stage
        .envoy
        .response_head(stream, head(&[(":status", "202")]), true);
    assert_eq!(stage.client(stream).field(":status"), Some(&b"202"[..]));
}

#[test]
fn a_path_that_may_lead_there_is_a_failure_where_it_is_inspected() {
    for path in ["//mcp", "/MCP", "/a/..%2fmcp"] {
        let mut stage = Stage::new(INSPECT, vec![agrees()]);
        let stream = stage.open();
        stage
            .envoy
            .request_head(stream, head(&[(":method", "POST"), (":path", path)]), false);
        stage.envoy.request_body(stream, CALL, true);
        assert!(stage.envoy.upstream(stream).head.is_none(), "{path}");
        assert_eq!(
            stage.failures("engine", Failure::AmbiguousPath.name()),
            1,
            "{path}"
        );
    }
    // No header makes a model's path one of tools.
    for exchange in ["{}", INSPECT] {
        let mut stage = Stage::new(exchange, vec![agrees()]);
        let stream = posts(&mut stage, "/v1/Chat/Completions", CALL);
        assert!(stage.envoy.upstream(stream).head.is_none());
    }
}

#[test]
fn a_route_may_say_that_it_is_spoken_there() {
    let exchange =
        r#"{"operations":[{"kind":"mcp","rule":"inspect"}],"routes":[{"path_prefix":"/tools","api":"mcp"}]}"#;
    let mut stage = Stage::new(exchange, vec![guards()]);
    let stream = stage.open();
    let fields = [
        (":method", "POST"),
        (":path", "/tools/7"),
        ("content-type", "text/plain"),
    ];
    stage.envoy.request_head(stream, head(&fields), false);
    stage.envoy.request_body(stream, CALL, true);
    assert_eq!(json_of(&stage, stream)["id"], "c-1");
}
