//! Parameters of requests: what is refused, and edits that mean something.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use penstock_llm_api::{
    Api, Asked, Dialect, Edited, ReadError, Request, ask_usage, cap_output, read_request, request_text_bytes,
    set_model,
};
use penstock_wire::{Json, JsonEdits, Limits, Tape};

fn dialect(api: Api) -> Dialect<'static> {
    Dialect::new(api, None).expect("a dialect without description")
}

fn with<T>(body: &str, read: impl FnOnce(Json<'_>) -> T) -> T {
    let mut tape = Tape::new();
    tape.parse(body.as_bytes(), &Limits::default()).expect("JSON");
    read(tape.view(body.as_bytes()))
}

fn read(api: Api, body: &str) -> Result<Request, ReadError> {
    with(body, |json| read_request(dialect(api), json))
}

fn ambiguous(path: &str) -> Result<Request, ReadError> {
    Err(ReadError::AmbiguousJson {
        path: path.to_owned(),
    })
}

fn wrong(path: &str) -> Result<Request, ReadError> {
    Err(ReadError::WrongShape {
        path: path.to_owned(),
    })
}

#[test]
fn twins_of_known_keys_are_ambiguous() {
    let chat = Api::OpenAiChat;
    assert_eq!(
        read(chat, r#"{"messages":[],"messages":[]}"#),
        ambiguous("/messages")
    );
    assert_eq!(
        read(chat, r#"{"messages":[],"MESSAGES":[]}"#),
        ambiguous("/messages")
    );
    assert_eq!(read(chat, r#"{"Messages":[]}"#), ambiguous("/messages"));
    assert_eq!(
        read(chat, r#"{"me\u0073sages":[],"messages":[]}"#),
        ambiguous("/messages")
    );
    assert_eq!(read(chat, "{\"me\u{17f}sages\":[]}"), ambiguous("/messages"));
    assert_eq!(
        read(
            chat,
            "{\"to\u{212a}ens\":1,\"stream\":true,\"\u{17f}tream\":false}"
        ),
        ambiguous("/stream")
    );
    let nested =
        r#"{"messages":[{"role":"user","content":"a"},{"role":"user","content":[{"text":"b","Text":"c"}]}]}"#;
    assert_eq!(read(chat, nested), ambiguous("/messages/1/content/0/text"));
    let call =
        r#"{"messages":[{"role":"assistant","tool_calls":[{"function":{"arguments":"","Arguments":""}}]}]}"#;
    assert_eq!(
        read(chat, call),
        ambiguous("/messages/0/tool_calls/0/function/arguments")
    );
    assert_eq!(
        read(
            Api::OllamaChat,
            r#"{"options":{"num_predict":1,"NUM_PREDICT":9}}"#
        ),
        ambiguous("/options/num_predict")
    );
    assert_eq!(
        read(Api::AnthropicMessages, r#"{"system":"a","System":"b"}"#),
        ambiguous("/system")
    );
    let gemini = r#"{"generationConfig":{},"generation_config":{}}"#;
    assert_eq!(read(Api::Gemini, gemini), ambiguous("/generationConfig"));
    let gemini = r#"{"contents":[{"parts":[{"inline_data":{},"inlineData":{}}]}]}"#;
    assert_eq!(
        read(Api::Gemini, gemini),
        ambiguous("/contents/0/parts/0/inlineData")
    );
}

#[test]
fn keys_of_tool_arguments_are_the_tools_own() {
    let body =
        r#"{"messages":[{"role":"user","content":[{"type":"tool_use","input":{"a":1,"A":2,"a":3}}]}]}"#;
    assert!(read(Api::AnthropicMessages, body).is_ok());
}

#[test]
fn values_that_servers_convert_differently_are_refused() {
    let chat = Api::OpenAiChat;
    assert_eq!(read(chat, "[]"), wrong(""));
    assert_eq!(read(chat, r#"{"stream":"true"}"#), wrong("/stream"));
    assert_eq!(read(chat, r#"{"stream":1}"#), wrong("/stream"));
    assert_eq!(read(chat, r#"{"model":["a"]}"#), wrong("/model"));
    assert_eq!(read(chat, r#"{"max_tokens":"9"}"#), wrong("/max_tokens"));
    assert_eq!(read(chat, r#"{"max_tokens":1e999}"#), wrong("/max_tokens"));
    assert_eq!(read(chat, r#"{"n":1.5}"#), wrong("/n"));
    assert_eq!(
        read(
            chat,
            r#"{"stream":true,"stream_options":{"include_usage":"yes"}}"#
        ),
        wrong("/stream_options/include_usage")
    );
    assert_eq!(
        read(Api::OllamaChat, r#"{"options":{"num_predict":true}}"#),
        wrong("/options/num_predict")
    );
    let long = format!(r#"{{"model":"{}"}}"#, "m".repeat(257));
    assert_eq!(read(chat, &long), wrong("/model"));
}

#[test]
fn harmless_shapes_are_read() {
    let request = read(
        Api::OpenAiChat,
        r#"{"model":null,"stream":null,"max_tokens":-1,"n":0,"messages":"x"}"#,
    );
    assert_eq!(
        request,
        Ok(Request {
            choices: 1,
            text_bytes: 1,
            ..Request::default()
        })
    );
    let request = read(Api::OpenAiChat, r#"{"max_tokens":1.2e1}"#).expect("an integral number");
    assert_eq!(request.max_output_tokens, Some(12));
    // Nobody here knows which of two bounds a server reads: the larger is safe.
    for body in [
        r#"{"max_tokens":1,"max_completion_tokens":9}"#,
        r#"{"max_tokens":9,"max_completion_tokens":1}"#,
    ] {
        let request = read(Api::OpenAiChat, body);
        assert_eq!(
            request.map(|request| request.max_output_tokens),
            Ok(Some(9)),
            "{body}"
        );
    }
    for (body, choices) in [
        (r#"{"prompt":"x","best_of":20}"#, 20),
        (r#"{"prompt":["x","y"],"n":2,"best_of":3}"#, 6),
        (r#"{"prompt":"x","n":4,"best_of":null}"#, 4),
    ] {
        let request = read(Api::OpenAiCompletions, body);
        assert_eq!(request.map(|request| request.choices), Ok(choices), "{body}");
    }
    assert!(
        read(Api::OllamaChat, r#"{"model":"m"}"#)
            .expect("a request")
            .stream,
        "Ollama streams by default"
    );
}

fn edited(body: &str, edit: impl FnOnce(Json<'_>, &mut JsonEdits)) -> String {
    with(body, |json| {
        let mut edits = JsonEdits::new();
        edit(json, &mut edits);
        String::from_utf8(edits.apply(json).expect("edits that fit")).expect("UTF-8")
    })
}

#[test]
fn usage_is_asked_for_on_streams() {
    for (body, asked, expected) in [
        (
            r#"{"stream":true}"#,
            Asked::Added,
            r#"{"stream":true,"stream_options":{"include_usage":true}}"#,
        ),
        (
            r#"{"stream":true,"stream_options":null}"#,
            Asked::Added,
            r#"{"stream":true,"stream_options":{"include_usage":true}}"#,
        ),
        (
            r#"{"stream":true,"stream_options":{}}"#,
            Asked::Added,
            r#"{"stream":true,"stream_options":{"include_usage":true}}"#,
        ),
        (
            r#"{"stream":true,"stream_options":{"include_usage":false}}"#,
            Asked::Added,
            r#"{"stream":true,"stream_options":{"include_usage":true}}"#,
        ),
        (
            r#"{"stream":true,"stream_options":{"include_usage":null,"x":1}}"#,
            Asked::Added,
            r#"{"stream":true,"stream_options":{"include_usage":true,"x":1}}"#,
        ),
        (
            r#"{"stream":true,"stream_options":{"include_usage":true}}"#,
            Asked::Already,
            r#"{"stream":true,"stream_options":{"include_usage":true}}"#,
        ),
        (
            r#"{"stream":true,"stream_options":7}"#,
            Asked::NotApplicable,
            r#"{"stream":true,"stream_options":7}"#,
        ),
        (r#"{"stream":false}"#, Asked::NotApplicable, r#"{"stream":false}"#),
        ("{}", Asked::NotApplicable, "{}"),
    ] {
        for api in [Api::OpenAiChat, Api::OpenAiCompletions] {
            let body = edited(body, |json, edits| {
                assert_eq!(ask_usage(dialect(api), json, edits), asked, "{body}")
            });
            assert_eq!(compact(&body), expected);
        }
    }
    with(r#"{"stream":true}"#, |json| {
        for api in [
            Api::OpenAiResponses,
            Api::AnthropicMessages,
            Api::OllamaChat,
            Api::Gemini,
        ] {
            let mut edits = JsonEdits::new();
            assert_eq!(ask_usage(dialect(api), json, &mut edits), Asked::NotApplicable);
            assert!(edits.is_empty());
        }
    });
}

fn compact(body: &str) -> String {
    body.replace(", ", ",").replace(": ", ":")
}

#[test]
fn output_is_capped() {
    for (api, body, outcome, expected) in [
        (
            Api::OpenAiChat,
            "{}",
            Edited::Changed,
            r#"{"max_completion_tokens":50}"#,
        ),
        (
            Api::OpenAiChat,
            r#"{"max_tokens":40}"#,
            Edited::Kept,
            r#"{"max_tokens":40}"#,
        ),
        (
            Api::OpenAiChat,
            r#"{"max_tokens":90}"#,
            Edited::Changed,
            r#"{"max_tokens":50}"#,
        ),
        (
            Api::OpenAiChat,
            r#"{"max_tokens":90,"max_completion_tokens":10}"#,
            Edited::Changed,
            r#"{"max_tokens":50,"max_completion_tokens":10}"#,
        ),
        (
            Api::OpenAiChat,
            r#"{"max_tokens":null}"#,
            Edited::Changed,
            r#"{"max_tokens":50}"#,
        ),
        (
            Api::OpenAiChat,
            r#"{"max_tokens":-1}"#,
            Edited::Changed,
            r#"{"max_tokens":50}"#,
        ),
        (
            Api::OpenAiResponses,
            "{}",
            Edited::Changed,
            r#"{"max_output_tokens":50}"#,
        ),
        (
            Api::AnthropicMessages,
            r#"{"max_tokens":1000}"#,
            Edited::Changed,
            r#"{"max_tokens":50}"#,
        ),
        (
            Api::OllamaChat,
            "{}",
            Edited::Changed,
            r#"{"options":{"num_predict":50}}"#,
        ),
        (
            Api::OllamaChat,
            r#"{"options":{"seed":1}}"#,
            Edited::Changed,
            r#"{"options":{"seed":1,"num_predict":50}}"#,
        ),
        (
            Api::OllamaGenerate,
            r#"{"options":null}"#,
            Edited::Changed,
            r#"{"options":{"num_predict":50}}"#,
        ),
        (
            Api::Gemini,
            r#"{"generation_config":{"max_output_tokens":900}}"#,
            Edited::Changed,
            r#"{"generation_config":{"max_output_tokens":50}}"#,
        ),
        (
            Api::Gemini,
            "{}",
            Edited::Changed,
            r#"{"generationConfig":{"maxOutputTokens":50}}"#,
        ),
        (Api::OpenAiEmbeddings, "{}", Edited::NotApplicable, "{}"),
    ] {
        let body = edited(body, |json, edits| {
            assert_eq!(cap_output(dialect(api), json, 50, edits), outcome, "{body}")
        });
        assert_eq!(compact(&body), expected);
    }
}

#[test]
fn another_model_is_named() {
    for (api, body, outcome, expected) in [
        (
            Api::OpenAiChat,
            r#"{"model":"a"}"#,
            Edited::Changed,
            r#"{"model":"b\"c"}"#,
        ),
        (
            Api::AnthropicMessages,
            "{}",
            Edited::Changed,
            r#"{"model":"b\"c"}"#,
        ),
        (
            Api::OllamaEmbed,
            r#"{"model":"b\"c"}"#,
            Edited::Kept,
            r#"{"model":"b\"c"}"#,
        ),
        (Api::Gemini, "{}", Edited::NotApplicable, "{}"),
    ] {
        let body = edited(body, |json, edits| {
            assert_eq!(set_model(dialect(api), json, "b\"c", edits), outcome)
        });
        assert_eq!(compact(&body), expected);
    }
}

#[test]
fn text_bytes_are_decoded_and_without_labels() {
    let body =
        r#"{"model":"m","user":"someone","messages":[{"role":"user","content":"\u00e9\ud83d\ude00x"}]}"#;
    assert_eq!(
        with(body, |json| request_text_bytes(dialect(Api::OpenAiChat), json)),
        7
    );
}
