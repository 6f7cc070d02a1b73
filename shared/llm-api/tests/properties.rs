//! What must hold for any document, in every dialect.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use penstock_llm_api::{
    Api, CustomApi, CustomRequest, CustomResponse, CustomSpec, CustomUsage, Dialect, FrameReading, Head,
    Pointer, Scope, StreamReader, Usage, Want, ask_usage, cap_output, detect, read_request, read_response,
    request_text_bytes, request_texts, response_texts, set_model, strip_usage, text_of,
};
use penstock_wire::{JsonEdits, Limits, Tape};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Words that the tables know, so that arbitrary documents meet them.
const WORDS: &[&str] = &[
    "model",
    "messages",
    "role",
    "user",
    "assistant",
    "system",
    "content",
    "text",
    "type",
    "stream",
    "choices",
    "delta",
    "index",
    "message",
    "finish_reason",
    "stop",
    "usage",
    "prompt_tokens",
    "completion_tokens",
    "prompt_tokens_details",
    "cached_tokens",
    "tool_calls",
    "function",
    "arguments",
    "name",
    "input",
    "output",
    "response",
    "response.completed",
    "response.output_text.delta",
    "response.output_item.done",
    "item",
    "item_id",
    "output_index",
    "content_index",
    "summary_index",
    "status",
    "completed",
    "input_tokens",
    "output_tokens",
    "cache_creation",
    "ephemeral_1h_input_tokens",
    "message_start",
    "content_block_delta",
    "content_block_start",
    "content_block",
    "thinking",
    "tool_result",
    "source",
    "error",
    "candidates",
    "parts",
    "usageMetadata",
    "promptTokenCount",
    "generationConfig",
    "generation_config",
    "contents",
    "finishReason",
    "STOP",
    "done",
    "prompt_eval_count",
    "eval_count",
    "options",
    "num_predict",
    "tools",
    "parameters",
    "properties",
    "logprobs",
    "stream_options",
    "include_usage",
    "n",
    "max_tokens",
    "instructions",
    "prompt",
    "jsonrpc",
    "id",
    "method",
    "tools/call",
    "params",
    "result",
    "inputSchema",
    "contents",
    "functionCall",
    "args",
    "tool_use",
    "function_call",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => proptest::sample::select(WORDS).prop_map(str::to_owned),
        1 => "[a-zA-Z_\u{17f}é😀]{0,8}",
    ]
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0u64..5).prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    let nested = leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((word(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    proptest::collection::vec((word(), nested), 0..8)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

fn custom() -> CustomApi {
    let at = |pointer: &str| Pointer::parse(pointer);
    let response = CustomResponse {
        model: at("/model"),
        finish: at("/finish_reason"),
        error: at("/error"),
        texts: vec![
            (Scope::Output, at("/choices/*/text").expect("a pointer")),
            (Scope::User, at("").expect("one")),
        ],
        usage: CustomUsage {
            input_tokens: at("/usage/*"),
            output_tokens: at("/usage/0"),
            ..CustomUsage::default()
        },
    };
    CustomApi::new(CustomSpec {
        path: "/**".to_owned(),
        request: CustomRequest {
            model: at("/model"),
            stream: at("/stream"),
            max_output_tokens: at("/options/num_predict"),
            texts: vec![(Scope::User, at("/messages/*/content").expect("a pointer"))],
            ..CustomRequest::default()
        },
        response,
        ..CustomSpec::default()
    })
}

fn dialects(custom: &CustomApi) -> impl Iterator<Item = Dialect<'_>> {
    Api::ALL
        .into_iter()
        .filter_map(|api| Dialect::new(api, Some(custom)))
}

fn parsed(bytes: &[u8]) -> Option<Tape> {
    let mut tape = Tape::new();
    tape.parse(bytes, &Limits::default()).ok()?;
    Some(tape)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn any_document_is_read_without_a_panic_and_every_node_stands(frames in proptest::collection::vec(document(), 1..4)) {
        let custom = custom();
        for dialect in dialects(&custom) {
            let mut reader = StreamReader::new(dialect, Want::Pieces);
            let mut meter = StreamReader::new(dialect, Want::Usage);
            let mut reading = FrameReading::default();
            let mut metered = FrameReading::default();
            for frame in &frames {
                let bytes = frame.to_string().into_bytes();
                let Some(tape) = parsed(&bytes) else { continue };
                let json = tape.view(&bytes);
                let _ = read_request(dialect, json);
                let texts = request_texts(dialect, json);
                let bytes_of = |texts: &[penstock_llm_api::Text]| -> usize {
                    texts.iter().map(|text| text_of(json, text.node).len()).sum()
                };
                prop_assert!(texts.texts.iter().all(|text| !text_of(json, text.node).is_empty()));
                let input: Vec<_> = texts.texts.iter().filter(|text| text.scope.is_input()).copied().collect();
                prop_assert_eq!(request_text_bytes(dialect, json), bytes_of(&input) as u64);
                let answer = read_response(dialect, json);
                prop_assert!(answer.usage.total_tokens().unwrap_or(0) <= u64::MAX / 2);
                let _ = response_texts(dialect, json);
                reader.read(Some("message"), &bytes, Some(json), &mut reading);
                meter.read(Some("message"), &bytes, Some(json), &mut metered);
                prop_assert_eq!((reading.output, reading.output_bytes, reading.end), (metered.output, metered.output_bytes, metered.end));
                prop_assert!(metered.pieces.is_empty());
                prop_assert!(reading.pieces.iter().all(|piece| !text_of(json, piece.node).is_empty()));
                let mut edits = JsonEdits::new();
                strip_usage(dialect, json, &reading, &mut edits);
                prop_assert!(edits.apply(json).is_ok());
            }
            prop_assert_eq!(reader.usage(), meter.usage());
        }
    }

    #[test]
    fn edits_of_readable_requests_apply_and_say_what_was_meant(request in document(), max in 1u64..1000) {
        let custom = custom();
        let bytes = request.to_string().into_bytes();
        let Some(tape) = parsed(&bytes) else { return Ok(()) };
        let json = tape.view(&bytes);
        for dialect in dialects(&custom) {
            if read_request(dialect, json).is_err() {
                continue;
            }
            let mut edits = JsonEdits::new();
            ask_usage(dialect, json, &mut edits);
            let capped = cap_output(dialect, json, max, &mut edits);
            set_model(dialect, json, "other", &mut edits);
            let edited = edits.apply(json).expect("edits of a readable request");
            let tape = parsed(&edited).expect("JSON");
            let again = read_request(dialect, tape.view(&edited)).expect("a readable request");
            if capped != penstock_llm_api::Edited::NotApplicable {
                prop_assert!(again.max_output_tokens.is_some_and(|bound| bound <= max));
            }
        }
    }

    #[test]
    fn any_path_is_decided(method in "GET|POST|PUT|OPTIONS|[A-Z]{0,3}", path in "(/[a-z0-9:%.]{0,12}){0,6}|\\PC{0,40}") {
        detect(&Head { method: &method, path: &path, ..Head::default() }, &[custom()]);
    }

    #[test]
    fn the_order_of_members_does_not_matter(seed in any::<u64>()) {
        for (api, answer) in answers() {
            let dialect = Dialect::new(api, None).expect("a dialect");
            let shuffled = shuffle(&answer, seed);
            let read = |value: &str| {
                let tape = parsed(value.as_bytes()).expect("JSON");
                let answer = read_response(dialect, tape.view(value.as_bytes()));
                (answer.usage, answer.finish, answer.model, answer.output_bytes)
            };
            prop_assert_eq!(read(&shuffled), read(&answer.to_string()));
        }
    }

    #[test]
    fn hostile_counters_are_ignored_and_named(raw in "-[1-9][0-9]{0,29}|[0-9]{14,40}|1e999|-1e999|0\\.5|\"12\"|true|\\[\\]|\\{\\}") {
        let body = format!(r#"{{"usage":{{"prompt_tokens":{raw},"completion_tokens":7}}}}"#);
        let Some(tape) = parsed(body.as_bytes()) else { return Ok(()) };
        let answer = read_response(Dialect::OpenAiChat, tape.view(body.as_bytes()));
        prop_assert_eq!(answer.usage, Usage { output_tokens: Some(7), ..Usage::default() });
        prop_assert!(answer.warnings.odd_usage);
    }
}

fn answers() -> Vec<(Api, Value)> {
    vec![
        (
            Api::OpenAiChat,
            json!({"id": "x", "model": "m", "choices": [{"index": 0, "finish_reason": "length",
                "message": {"role": "assistant", "content": "abc", "reasoning": "de"}}],
                "usage": {"prompt_tokens": 3, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 2}}}),
        ),
        (
            Api::OpenAiResponses,
            json!({"id": "x", "status": "completed", "model": "m", "output": [{"type": "message", "role": "assistant",
                "content": [{"type": "output_text", "text": "abc"}]}, {"type": "function_call", "arguments": "{}"}],
                "usage": {"input_tokens": 3, "output_tokens": 4, "output_tokens_details": {"reasoning_tokens": 1}}}),
        ),
        (
            Api::AnthropicMessages,
            json!({"id": "x", "model": "m", "content": [{"type": "text", "text": "abc"}, {"type": "tool_use",
                "input": {"a": "b"}}], "stop_reason": "tool_use", "usage": {"input_tokens": 3, "output_tokens": 4,
                "cache_read_input_tokens": 5, "cache_creation": {"ephemeral_1h_input_tokens": 6}}}),
        ),
        (
            Api::OllamaChat,
            json!({"model": "m", "message": {"role": "assistant", "content": "abc"}, "done": true,
                "done_reason": "stop", "prompt_eval_count": 3, "eval_count": 4}),
        ),
        (
            Api::Gemini,
            json!({"modelVersion": "m", "candidates": [{"content": {"parts": [{"text": "abc", "thought": true}]},
                "finishReason": "STOP", "index": 0}], "usageMetadata": {"promptTokenCount": 3,
                "candidatesTokenCount": 4, "thoughtsTokenCount": 5}}),
        ),
    ]
}

/// The document with the members of each object in an order that `seed` chooses.
fn shuffle(value: &Value, seed: u64) -> String {
    match value {
        Value::Object(members) => object(members, seed),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| shuffle(item, seed)).collect();
            format!("[{}]", items.join(","))
        }
        leaf => leaf.to_string(),
    }
}

fn object(members: &Map<String, Value>, seed: u64) -> String {
    let mut members: Vec<_> = members.iter().collect();
    let mut state = seed | 1;
    for at in (1..members.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        members.swap(at, (state >> 33) as usize % (at + 1));
    }
    let members: Vec<_> = members
        .iter()
        .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), shuffle(value, seed)))
        .collect();
    format!("{{{}}}", members.join(","))
}
