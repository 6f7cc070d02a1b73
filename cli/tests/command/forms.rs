//! `penstock read` on the forms in which answers come, and on what is wrong with them.

use crate::run::{penstock_on, reading, texts, warnings};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::io::Write;

const CHAT: &str = r#"{"id":"c1","object":"chat.completion","model":"m-1","choices":[{"index":0,"message":{"role":"assistant","content":"Hello you"},"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":8}}}"#;

fn response(headers: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\n{headers}\r\n").as_bytes(), body].concat()
}

fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in body.chunks(size) {
        out.extend(format!("{:X}\r\n", chunk.len()).bytes());
        out.extend_from_slice(chunk);
        out.extend(b"\r\n");
    }
    out.extend(b"0\r\n\r\n");
    out
}

fn quiet(capture: &[u8]) -> Value {
    let (code, reading) = reading(capture, &[]);
    assert_eq!((code, warnings(&reading).as_str()), (0, ""));
    reading
}

#[test]
fn the_json_has_this_form() {
    let ran = penstock_on(&["read", "-", "--json"], CHAT.as_bytes());
    let wanted = concat!(
        r#"{"api":"openai_chat","operation":"generate","model":"m-1","stream":false,"#,
        r#""texts":[{"scope":"output","bytes":9}],"#,
        r#""usage":{"input_tokens":12,"output_tokens":3,"cached_tokens":8,"cache_creation_tokens":null,"#,
        r#""reasoning_tokens":null,"estimated":false},"finish":"stop","warnings":[]}"#,
        "\n"
    );
    assert_eq!((ran.code, ran.out.as_str()), (0, wanted));
}

#[test]
fn people_get_a_few_lines() {
    let ran = penstock_on(&["read", "-"], CHAT.as_bytes());
    let wanted = "api        openai_chat (generate, whole)\nmodel      m-1\noutput     9 bytes\nusage      12 in (8 cached), 3 out\nfinish     stop\n";
    assert_eq!((ran.code, ran.out.as_str()), (0, wanted));
}

#[test]
fn what_a_server_says_cannot_write_to_the_terminal() {
    let ran = penstock_on(&["read", "-"], CHAT.replace("m-1", "m\\u001b[2J\\n").as_bytes());
    assert!(ran.out.contains("m\u{fffd}[2J\u{fffd}\n"), "{}", ran.out);
}

#[test]
fn every_framing_of_one_body_is_one_reading() {
    let plain = quiet(CHAT.as_bytes());
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(CHAT.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
    zlib.write_all(CHAT.as_bytes()).unwrap();
    let zlib = zlib.finish().unwrap();
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::best());
    raw.write_all(CHAT.as_bytes()).unwrap();
    let raw = raw.finish().unwrap();
    let length = format!("content-length: {}\r\n", CHAT.len());
    let interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    for capture in [
        response(&length, CHAT.as_bytes()),
        response("Transfer-Encoding: chunked\r\n", &chunked(CHAT.as_bytes(), 1)),
        response(
            "transfer-encoding: gzip, chunked\r\ncontent-encoding: gzip\r\n",
            &chunked(&gzip, 5),
        ),
        response("content-encoding: x-gzip\r\n", &gzip),
        response("content-encoding: deflate\r\n", &zlib),
        response("content-encoding: deflate\r\n", &raw),
        response("", &gzip),
        [interim.as_slice(), &response(&length, CHAT.as_bytes())].concat(),
        format!("HTTP/2 200 \ncontent-type: application/json\n\n{CHAT}\n").into_bytes(),
        gzip.clone(),
        format!("\u{feff}{CHAT}").into_bytes(),
    ] {
        assert_eq!(
            quiet(&capture),
            plain,
            "{}",
            String::from_utf8_lossy(&capture[..capture.len().min(80)])
        );
    }
}

#[test]
fn what_does_not_fit_is_read_and_said() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
    gzip.write_all(CHAT.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    for (capture, warning) in [
        (
            response("content-length: 7\r\n", CHAT.as_bytes()),
            "content-length says 7 bytes",
        ),
        (
            response("content-length: x\r\n", CHAT.as_bytes()),
            "content-length is not one number",
        ),
        (
            response("content-length: 5\r\ncontent-length: 6\r\n", CHAT.as_bytes()),
            "content-length is not one number",
        ),
        (
            response("transfer-encoding: chunked\r\n", CHAT.as_bytes()),
            "the body is not: taken as it is",
        ),
        (
            response(
                "transfer-encoding: chunked\r\ncontent-length: 3\r\n",
                &chunked(CHAT.as_bytes(), 99),
            ),
            "the latter holds",
        ),
        (
            response(
                "transfer-encoding: chunked\r\n",
                chunked(CHAT.as_bytes(), 99).strip_suffix(b"0\r\n\r\n").unwrap(),
            ),
            "before its last chunk",
        ),
        (
            response("content-encoding: gzip\r\n", CHAT.as_bytes()),
            "says gzip, but",
        ),
        (
            response("content-encoding: deflate\r\n", CHAT.as_bytes()),
            "says deflate, but",
        ),
        (
            response("content-encoding: gzip\r\n", &gzip[..gzip.len() - 4]),
            "ends too early",
        ),
        (
            response("content-type: text/event-stream\r\n", CHAT.as_bytes()),
            "the body is one JSON document",
        ),
        (
            response("broken\r\n", CHAT.as_bytes()),
            "a header line that is none",
        ),
        (
            format!("HTTP/1.1 200 OK\r\ncontent-ty\n<<cut>>\n{CHAT}").into_bytes(),
            "the head breaks off",
        ),
    ] {
        let (code, reading) = reading(&capture, &[]);
        assert!(warnings(&reading).contains(warning), "{warning}: {reading}");
        assert_eq!(
            (code, &reading["usage"]["input_tokens"]),
            (0, &json!(12)),
            "{warning}"
        );
    }
}

#[test]
fn codings_that_nobody_here_reads_are_named() {
    let (code, reading) = reading(&response("content-encoding: br\r\n", b"\x0b\x02"), &[]);
    assert_eq!((code, &reading["api"]), (1, &Value::Null));
    assert!(warnings(&reading).contains("content-encoding br: decompress the body first"));
}

const STREAM: &[&str] = &[
    r#"{"object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
    r#"{"object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":{"reasoning":"Hm."},"finish_reason":null}]}"#,
    r#"{"object":"chat.completion.chunk","model":"m-1","choices":[{"index":1,"delta":{"content":"No"},"finish_reason":null}]}"#,
    r#"{"object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":{"content":"Caf\u00e9 \ud83d\ude00"},"finish_reason":"stop"}]}"#,
    r#"{"object":"chat.completion.chunk","model":"m-1","choices":[{"index":1,"delta":{},"finish_reason":"length"}]}"#,
];
const USAGE: &str = r#"{"object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":{}}],"usage":{"prompt_tokens":9,"completion_tokens":7,"completion_tokens_details":{"reasoning_tokens":2}}}"#;

fn sse(events: &[&str], line_end: &str) -> Vec<u8> {
    let events = events
        .iter()
        .map(|event| format!("data: {event}{line_end}{line_end}"));
    events.collect::<String>().into_bytes()
}

#[test]
fn streams_in_every_way_to_write_them() {
    let events = [STREAM, &[USAGE, "[DONE]"]].concat();
    for line_end in ["\n", "\r\n", "\r"] {
        let reading = quiet(&[b": ping\n\n", sse(&events, line_end).as_slice()].concat());
        assert_eq!(
            texts(&reading),
            [("reasoning", 3), ("output", 2), ("output", 10)],
            "{line_end:?}"
        );
        assert_eq!(
            (&reading["stream"], &reading["finish"]),
            (&json!(true), &json!("stop"))
        );
        assert_eq!(
            reading["usage"],
            json!({"input_tokens": 9, "output_tokens": 7, "cached_tokens": null, "cache_creation_tokens": null, "reasoning_tokens": 2, "estimated": false})
        );
    }
    // transformers and others send no [DONE].
    quiet(&sse(&events[..events.len() - 1], "\n"));
}

#[test]
fn a_stream_without_usage_is_estimated_as_the_meter_does_it() {
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n\r\n{}",
        json!({"model": "m-0", "stream": true, "messages": [{"role": "user", "content": "x".repeat(41)}]})
    );
    let path = crate::run::folder("estimates").join("request.http");
    std::fs::write(&path, request).unwrap();
    let path = path.to_str().unwrap();
    let stream = sse(STREAM, "\n");
    let counted = |more: &[&str]| {
        let (_, reading) = reading(&stream, more);
        (
            reading["usage"]["input_tokens"].clone(),
            reading["usage"]["output_tokens"].clone(),
            reading["usage"]["estimated"].clone(),
        )
    };
    assert_eq!(counted(&[]), (Value::Null, json!(4), json!(true)));
    assert_eq!(counted(&["--request", path]), (json!(11), json!(4), json!(true)));
    assert_eq!(
        counted(&["--request", path, "--bytes-per-token", "2.5"]),
        (json!(17), json!(6), json!(true))
    );
    let config = crate::run::folder("estimates").join("config.yaml");
    std::fs::write(&config, "token_meter: {estimate: {bytes_per_token: 5}}\n").unwrap();
    assert_eq!(
        counted(&["-r", path, "-c", config.to_str().unwrap()]),
        (json!(9), json!(3), json!(true))
    );
}

#[test]
fn failures_in_mid_stream() {
    let error = r#"{"error":{"message":"boom","type":"InternalServerError","code":500}}"#;
    for end in [&[error][..], &[error, "[DONE]"]] {
        let (code, reading) = reading(&sse(&[&STREAM[..2], end].concat(), "\n"), &[]);
        assert_eq!(
            (
                code,
                &reading["usage"]["output_tokens"],
                &reading["usage"]["estimated"]
            ),
            (0, &json!(1), &json!(true))
        );
        assert!(
            warnings(&reading).contains("the server reports an error, type InternalServerError, code 500")
        );
    }
    let (_, cut) = reading(&sse(&STREAM[..2], "\n"), &[]);
    assert!(warnings(&cut).contains("truncated"));
    let torn = [
        sse(&STREAM[..2], "\n"),
        b"data: {\"choices\":[{\"ind\n<<cut>>\nex\":0}]}\n\n".to_vec(),
        sse(&STREAM[3..], "\n"),
    ]
    .concat();
    let (_, torn) = reading(&torn, &[]);
    assert!(warnings(&torn).contains("1 of the stream's events"));
    assert_eq!(texts(&torn), [("reasoning", 3), ("output", 10)]);
}

/// Servers with long heads: the piece that is missing begins in the head and ends in some chunk.
#[test]
fn a_piece_is_missing_from_the_head_on() {
    let events = [STREAM, &[USAGE, "[DONE]"]].concat();
    let body = chunked(&sse(&events, "\n"), 150);
    let ndjson = r#"{"model":"o-1","message":{"role":"assistant","content":"abcd"},"done":false}"#;
    let ndjson = chunked([ndjson; 5].join("\n").as_bytes(), ndjson.len() + 1);
    for (rest, api, output) in [
        (&body[190..], "openai_chat", json!(7)),
        (&ndjson[60..], "ollama_chat", json!(4)),
    ] {
        for head in [
            "HTTP/1.1 200 OK\r\nserver: x\r\nx-lite",
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nx: y",
        ] {
            let (code, reading) = reading(&[head.as_bytes(), b"\n<<cut>>\n", rest].concat(), &[]);
            assert!(warnings(&reading).contains("the head breaks off"), "{reading}");
            if head.contains("event-stream") && api == "ollama_chat" {
                continue;
            }
            assert_eq!(
                (code, &reading["api"], &reading["usage"]["output_tokens"]),
                (0, &json!(api), &output),
                "{head}: {reading}"
            );
        }
    }
}

#[test]
fn other_framings() {
    let gemini = [
        r#"{"candidates":[{"content":{"parts":[{"text":"Hel"}],"role":"model"}}],"modelVersion":"g-1","usageMetadata":{"promptTokenCount":4,"totalTokenCount":4}}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"lo"}],"role":"model"},"finishReason":"STOP"}],"modelVersion":"g-1","usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":2,"thoughtsTokenCount":3,"totalTokenCount":9}}"#,
    ];
    let ollama = [
        r#"{"model":"o-1","message":{"role":"assistant","content":"Hel"},"done":false}"#,
        r#"{"model":"o-1","message":{"role":"assistant","content":"lo"},"done":false}"#,
        r#"{"model":"o-1","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":4,"eval_count":5}"#,
    ];
    for (capture, api) in [
        (
            format!("[{}\r\n,\r\n{}]", gemini[0], gemini[1]).into_bytes(),
            "gemini",
        ),
        (sse(&gemini, "\r\n"), "gemini"),
        ((ollama.join("\n") + "\n").into_bytes(), "ollama_chat"),
        (
            response(
                "content-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n",
                &chunked((ollama.join("\n") + "\n").as_bytes(), 11),
            ),
            "ollama_chat",
        ),
    ] {
        let reading = quiet(&capture);
        assert_eq!(
            (&reading["api"], &reading["stream"], &reading["finish"]),
            (&json!(api), &json!(true), &json!("stop"))
        );
        assert_eq!(
            (
                &reading["usage"]["input_tokens"],
                &reading["usage"]["output_tokens"]
            ),
            (&json!(4), &json!(5)),
            "{api}"
        );
        assert_eq!(texts(&reading), [("output", 5)]);
    }
}

#[test]
fn errors_are_understood_and_use_nothing() {
    for (status, body, warning) in [
        (
            404,
            r#"{"error":{"message":"no","type":"NotFoundError","param":"model","code":404}}"#,
            "type NotFoundError, code 404",
        ),
        (
            400,
            r#"{"object":"error","message":"no","type":"BadRequestError","code":400}"#,
            "type BadRequestError, code 400",
        ),
        (
            422,
            r#"{"detail":[{"loc":["body"],"msg":"no"}]}"#,
            "the server reports an error",
        ),
        (
            404,
            r#"{"error":"model not found"}"#,
            "the server reports an error",
        ),
        (
            529,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"no"}}"#,
            "type overloaded_error",
        ),
        (
            429,
            r#"[{"error":{"code":429,"message":"no","status":"RESOURCE_EXHAUSTED"}}]"#,
            "type RESOURCE_EXHAUSTED, code 429",
        ),
        (500, "Internal Server Error", "status 500"),
        (503, "", "status 503"),
    ] {
        let capture = format!("HTTP/1.1 {status} No\r\ncontent-type: application/json\r\n\r\n{body}");
        let (code, reading) = reading(capture.as_bytes(), &[]);
        assert!(warnings(&reading).contains(warning), "{body}: {reading}");
        assert_eq!(
            (
                code,
                &reading["usage"]["output_tokens"],
                &reading["usage"]["estimated"]
            ),
            (0, &Value::Null, &json!(false)),
            "{body}"
        );
    }
}

#[test]
fn unknown_forms_are_a_1_and_a_clear_word() {
    for body in [
        "",
        "OK",
        "{\"status\":\"ok\"}",
        "[1,2]",
        "<html></html>",
        "# HELP x\nx 1\n",
        "{\"server_load\":12}",
        "\u{0}\u{1}",
    ] {
        let (code, reading) = reading(&response("", body.as_bytes()), &[]);
        assert_eq!((code, &reading["operation"]), (1, &json!("unknown")), "{body:?}");
        assert!(
            warnings(&reading).contains("no answer of an API that Penstock reads"),
            "{body:?}"
        );
    }
}

#[test]
fn the_users_word_holds() {
    let (code, read) = reading(CHAT.as_bytes(), &["--api", "anthropic_messages"]);
    assert_eq!((code, &read["api"]), (0, &json!("anthropic_messages")));
    assert!(warnings(&read).contains("looks like openai_chat, and is read as anthropic_messages"));
    assert_eq!(reading(CHAT.as_bytes(), &["--api=openai_chat"]).0, 0);
}

#[test]
fn custom_apis_come_from_a_configuration() {
    let config = crate::run::folder("custom").join("config.yaml");
    let request = crate::run::folder("custom").join("request.http");
    std::fs::write(
        &config,
        "exchange:\n  custom:\n  - path: /infer\n    response: {texts: [{scope: output, pointer: /out}], usage: {input_tokens: /n/in, output_tokens: /n/out}}\ntoken_meter: {}\n",
    )
    .unwrap();
    std::fs::write(&request, "POST /infer HTTP/1.1\r\n\r\n{}").unwrap();
    let answer = br#"{"out": "hello", "n": {"in": 3, "out": 2}}"#;
    let config = config.to_str().unwrap();
    for more in [
        &["-c", config, "-r", request.to_str().unwrap()][..],
        &["-c", config, "--api", "custom"],
    ] {
        let (code, reading) = reading(answer, more);
        assert_eq!(
            (code, &reading["api"], texts(&reading)),
            (0, &json!("custom"), vec![("output", 5)]),
            "{reading}"
        );
        assert_eq!(
            (
                &reading["usage"]["input_tokens"],
                &reading["usage"]["output_tokens"]
            ),
            (&json!(3), &json!(2))
        );
    }
    assert_eq!(reading(answer, &[]).0, 1);
}

#[test]
fn requests_in_every_form() {
    let body = json!({"model": "m", "stream": true, "messages": [
        {"role": "system", "content": "Be terse."},
        {"role": "user", "content": [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]},
        {"role": "assistant", "content": "A cat."}, {"role": "user", "content": "Sure?"}]});
    let raw = body.to_string();
    let head = format!(
        "POST http://api/v1/chat/completions?x=1 HTTP/1.1\r\nhost: api\r\ncontent-length: {}\r\n\r\n",
        raw.len()
    );
    let kept = json!({"method": "POST", "path": "/v1/chat/completions", "body": body}).to_string();
    let kept_text = json!({"method": "POST", "path": "/v1/chat/completions", "body": raw}).to_string();
    for capture in [raw.clone(), head + &raw, kept, kept_text] {
        let (code, reading) = reading(capture.as_bytes(), &[]);
        assert_eq!(
            (code, &reading["api"], &reading["stream"]),
            (0, &json!("openai_chat"), &json!(true))
        );
        assert_eq!(
            texts(&reading),
            [("system", 9), ("user", 11), ("assistant", 6), ("user", 5)]
        );
        assert_eq!(
            (&reading["usage"]["input_tokens"], &reading["usage"]["estimated"]),
            (&json!(8), &json!(true))
        );
        assert_eq!(
            warnings(&reading),
            "content that is no text, and is not read: image"
        );
    }
}

#[test]
fn requests_that_filters_refuse_say_so() {
    let (code, twins) = reading(br#"{"messages": [], "Messages": [], "model": "m"}"#, &[]);
    assert!(
        code == 0 && warnings(&twins).contains("ambiguous key at \"/messages\""),
        "{twins}"
    );
    let (_, path) = reading(b"POST /llm HTTP/1.1\r\n\r\n{\"messages\": []}", &[]);
    assert!(
        warnings(&path).contains("no API is known at /llm: taken for openai_chat by the body"),
        "{path}"
    );
    let (code, models) = reading(b"GET /v1/models HTTP/1.1\r\n\r\n", &[]);
    assert_eq!((code, &models["operation"]), (0, &json!("manage")));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the bytes are, the command ends with a code of its own and a whole reading.
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), head in 0usize..5) {
        let heads: [&[u8]; 5] = [
            b"", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n\x1f\x8b\x08\0",
            b"POST /v1/messages HTTP/1.1\r\n", b"data: ",
        ];
        let (code, _) = reading(&[heads[head], &bytes].concat(), &[]);
        prop_assert!(code == 0 || code == 1);
    }

    /// A capture may end anywhere, and may lack a piece anywhere.
    #[test]
    fn no_cut_makes_it_panic(from in 0usize..3000, lost in 0usize..3000, chunk in 1usize..300) {
        let events = [STREAM, &[USAGE, "[DONE]"]].concat();
        let mut capture = response("transfer-encoding: chunked\r\ncontent-type: text/event-stream\r\n", &chunked(&sse(&events, "\n"), chunk));
        let from = from.min(capture.len());
        let to = from.saturating_add(lost).min(capture.len());
        capture.drain(from..to);
        let (code, reading) = reading(&capture, &[]);
        prop_assert!(code == 0 || code == 1);
        prop_assert!(lost == 0 || from == to || code == 1 || !warnings(&reading).is_empty() || reading["usage"]["output_tokens"] == 7, "{}", reading);
    }
}
