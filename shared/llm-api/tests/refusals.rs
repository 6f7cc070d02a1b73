//! Saying no: every API's error object, and its error event in a running stream.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use penstock_llm_api::{
    Api, CustomApi, CustomSpec, Dialect, FrameReading, Refusal, ReplyTo, Sent, StreamReader, Stripped, Want,
    error_body, error_event, error_status, read_response, strip_usage,
};
use penstock_wire::{Framer, Framing, JsonEdits, Limits, Tape};
use serde_json::{Value, json};

const REFUSAL: Refusal<'static> = Refusal {
    status: 429,
    code: "budget_exceeded",
    message: "Say \"please\".\n",
    retry_after_s: Some(7),
    reply_to: &ReplyTo::Nobody,
};

fn body(api: Api, refusal: &Refusal<'_>) -> Value {
    let dialect = Dialect::new(api, None).expect("a dialect without description");
    serde_json::from_slice(&error_body(dialect, refusal)).expect("JSON")
}

#[test]
fn bodies_are_the_apis_error_objects() {
    let openai = json!({"error": {"message": "Say \"please\".\n", "type": "rate_limit_error", "param": null,
        "code": "budget_exceeded"}});
    for api in [
        Api::OpenAiChat,
        Api::OpenAiResponses,
        Api::OpenAiCompletions,
        Api::OpenAiEmbeddings,
    ] {
        assert_eq!(body(api, &REFUSAL), openai);
    }
    assert_eq!(
        body(Api::AnthropicMessages, &REFUSAL),
        json!({"type": "error", "error": {"type": "rate_limit_error", "message": "Say \"please\".\n",
            "code": "budget_exceeded"}})
    );
    for api in [Api::OllamaChat, Api::OllamaGenerate, Api::OllamaEmbed] {
        assert_eq!(
            body(api, &REFUSAL),
            json!({"error": "Say \"please\".\n", "code": "budget_exceeded"})
        );
    }
    for api in [Api::Gemini, Api::GeminiEmbed] {
        assert_eq!(
            body(api, &REFUSAL),
            json!({"error": {"code": 429, "message": "Say \"please\".\n", "status": "RESOURCE_EXHAUSTED",
                "details": [
                    {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "budget_exceeded",
                        "domain": "penstock"},
                    {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}]}})
        );
    }
}

#[test]
fn an_mcp_refusal_answers_its_request_by_id() {
    let named = |reply_to: &ReplyTo| {
        let refusal = Refusal { reply_to, ..REFUSAL };
        let body = error_body(Dialect::Mcp, &refusal);
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        (error_status(Dialect::Mcp, &refusal), body)
    };
    let error = |id: Value| {
        json!({"jsonrpc": "2.0", "id": id, "error": {"code": 429, "message": "Say \"please\".\n",
            "data": {"code": "budget_exceeded", "retry_after_s": 7}}})
    };
    assert_eq!(named(&ReplyTo::Nobody), (429, error(Value::Null)));
    assert_eq!(named(&ReplyTo::One("7".to_owned())), (200, error(json!(7))));
    let batch = ReplyTo::Batch(vec!["\"a\"".to_owned(), "2".to_owned()]);
    assert_eq!(named(&batch), (200, json!([error(json!("a")), error(json!(2))])));
    assert_eq!(error_status(Dialect::OpenAiChat, &REFUSAL), 429);

    let refusal = Refusal {
        reply_to: &batch,
        ..REFUSAL
    };
    let events = error_event(Dialect::Mcp, Framing::Sse, Sent::Frames, &refusal);
    let frames = frames(Framing::Sse, &events);
    let ids: Vec<Value> = frames
        .iter()
        .map(|(_, data)| serde_json::from_slice::<Value>(data).expect("JSON")["id"].clone())
        .collect();
    assert_eq!(ids, [json!("a"), json!(2)]);
}

#[test]
fn statuses_have_their_kinds() {
    for (status, openai, anthropic, gemini) in [
        (
            400,
            "invalid_request_error",
            "invalid_request_error",
            "INVALID_ARGUMENT",
        ),
        (
            401,
            "authentication_error",
            "authentication_error",
            "UNAUTHENTICATED",
        ),
        (403, "permission_error", "permission_error", "PERMISSION_DENIED"),
        (404, "not_found_error", "not_found_error", "NOT_FOUND"),
        (
            413,
            "invalid_request_error",
            "request_too_large",
            "INVALID_ARGUMENT",
        ),
        (429, "rate_limit_error", "rate_limit_error", "RESOURCE_EXHAUSTED"),
        (500, "server_error", "api_error", "INTERNAL"),
        (503, "server_error", "overloaded_error", "UNAVAILABLE"),
        (504, "server_error", "timeout_error", "DEADLINE_EXCEEDED"),
    ] {
        let refusal = Refusal {
            status,
            retry_after_s: None,
            ..REFUSAL
        };
        assert_eq!(body(Api::OpenAiChat, &refusal)["error"]["type"], openai);
        assert_eq!(body(Api::AnthropicMessages, &refusal)["error"]["type"], anthropic);
        let error = &body(Api::Gemini, &refusal)["error"];
        assert_eq!(
            (&error["status"], &error["code"]),
            (&json!(gemini), &json!(status))
        );
        assert_eq!(error["details"].as_array().map(Vec::len), Some(1));
    }
}

/// The payloads of `bytes`, and the events' names.
fn frames(framing: Framing, bytes: &[u8]) -> Vec<(Option<String>, Vec<u8>)> {
    let mut frames = Vec::new();
    let mut framer = Framer::new(framing, 1 << 16);
    let mut sink = |frame: penstock_wire::Frame<'_>| {
        if let Some(data) = frame.data() {
            frames.push((frame.event().map(str::to_owned), data.into_owned()));
        }
    };
    framer.push(bytes, &mut sink).expect("frames");
    framer.finish(&mut sink).expect("frames");
    frames
}

#[test]
fn events_are_read_as_errors_by_their_own_dialect() {
    let custom = CustomApi::new(CustomSpec::default());
    for api in Api::ALL {
        let dialect = Dialect::new(api, Some(&custom)).expect("a dialect");
        for (framing, sent) in [
            (Framing::Sse, Sent::Frames),
            (Framing::Ndjson, Sent::Frames),
            (Framing::JsonArray, Sent::Nothing),
            (Framing::JsonArray, Sent::Frames),
        ] {
            let before: &[u8] = match (framing, sent) {
                (Framing::JsonArray, Sent::Frames) => b"[{}\r\n",
                _ => b"",
            };
            let event = error_event(dialect, framing, sent, &REFUSAL);
            let bytes = [before, &event].concat();
            let (name, data) = frames(framing, &bytes).pop().expect("a frame");
            let mut tape = Tape::new();
            tape.parse(&data, &Limits::default()).expect("JSON");
            let mut reader = StreamReader::new(dialect, Want::Pieces);
            let mut reading = FrameReading::default();
            reader.read(name.as_deref(), &data, Some(tape.view(&data)), &mut reading);
            assert!(
                reading.error && reader.error().is_some() && !reader.complete(),
                "{api:?} {framing:?}"
            );
            assert!(!reading.output, "{api:?} {framing:?}: an error is no output");
            let named =
                matches!(api, Api::AnthropicMessages | Api::OpenAiResponses) && framing == Framing::Sse;
            assert_eq!(name.as_deref(), named.then_some("error"), "{api:?}");
        }
        let body = error_body(dialect, &REFUSAL);
        let mut tape = Tape::new();
        tape.parse(&body, &Limits::default()).expect("JSON");
        assert!(
            read_response(dialect, tape.view(&body)).error.is_some(),
            "{api:?}"
        );
    }
}

#[test]
fn a_cut_json_array_is_json() {
    let dialect = Dialect::Gemini;
    let event = error_event(dialect, Framing::JsonArray, Sent::Frames, &REFUSAL);
    let whole: Value = serde_json::from_slice(&[b"[{}", event.as_slice()].concat()).expect("JSON");
    assert_eq!(whole[1]["error"]["code"], 429);
    let event = error_event(dialect, Framing::JsonArray, Sent::Nothing, &REFUSAL);
    let whole: Value = serde_json::from_slice(&event).expect("JSON");
    assert_eq!(whole[0]["error"]["code"], 429);
}

#[test]
fn added_usage_is_taken_out_again() {
    for (chunk, expected) in [
        (
            r#"{"choices":[{"index":0,"delta":{"content":"a"}}],"usage":null}"#,
            Some(r#"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#),
        ),
        (r#"{"usage":null,"choices":[]}"#, Some(r#"{"choices":[]}"#)),
        (
            r#"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#,
            Some(r#"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#),
        ),
        (
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}"#,
            Some(r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#),
        ),
        (
            r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#,
            None,
        ),
        (
            r#"{"choices":[{"index":0,"delta":{}}],"usage":{"prompt_tokens":1}}"#,
            None,
        ),
    ] {
        let mut tape = Tape::new();
        tape.parse(chunk.as_bytes(), &Limits::default()).expect("JSON");
        let json = tape.view(chunk.as_bytes());
        let mut reading = FrameReading::default();
        StreamReader::new(Dialect::OpenAiChat, Want::Usage).read(
            None,
            chunk.as_bytes(),
            Some(json),
            &mut reading,
        );
        let mut edits = JsonEdits::new();
        let left = match strip_usage(Dialect::OpenAiChat, json, &reading, &mut edits) {
            Stripped::Drop => None,
            Stripped::Unchanged | Stripped::Edited => Some(edits.apply(json).expect("edits that fit")),
        };
        assert_eq!(left.as_deref(), expected.map(str::as_bytes), "{chunk}");
    }
}
