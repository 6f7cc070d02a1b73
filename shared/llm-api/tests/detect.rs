//! Which operation of which API a request is, by its head.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use penstock_llm_api::{Api, CustomApi, CustomSpec, Head, Operation, Target, detect, detect_body};
use penstock_wire::{Framing, Limits, Tape};

fn post(path: &str) -> Target {
    let head = Head {
        method: "POST",
        path,
        content_type: Some(b"application/json"),
        ..Head::default()
    };
    detect(&head, &[])
}

fn operation(method: &str, path: &str) -> Operation {
    detect(
        &Head {
            method,
            path,
            ..Head::default()
        },
        &[],
    )
    .operation
}

#[test]
fn known_posts() {
    for (path, api) in [
        ("/v1/chat/completions", Api::OpenAiChat),
        ("/v1/chat/completions/", Api::OpenAiChat),
        ("/v1/chat/completions?x=1", Api::OpenAiChat),
        ("/v1/ch%61t/completions", Api::OpenAiChat),
        ("/chat/completions", Api::OpenAiChat),
        ("/openai/v1/chat/completions", Api::OpenAiChat),
        ("/v1beta/openai/chat/completions", Api::OpenAiChat),
        ("/api/v1/chat/completions", Api::OpenAiChat),
        (
            "/openai/deployments/gpt4/chat/completions?api-version=2024-10-21",
            Api::OpenAiChat,
        ),
        ("/v1/responses", Api::OpenAiResponses),
        ("/openai/responses?api-version=preview", Api::OpenAiResponses),
        ("/responses", Api::OpenAiResponses),
        ("/v1/completions", Api::OpenAiCompletions),
        ("/openai/deployments/x/completions", Api::OpenAiCompletions),
        ("/v1/embeddings", Api::OpenAiEmbeddings),
        ("/v1/messages", Api::AnthropicMessages),
        ("/anthropic/v1/messages?beta=true", Api::AnthropicMessages),
        ("/api/chat", Api::OllamaChat),
        ("/ollama/api/generate", Api::OllamaGenerate),
        ("/api/embed", Api::OllamaEmbed),
        ("/api/embeddings", Api::OllamaEmbed),
    ] {
        let target = post(path);
        assert_eq!(target.api, Some(api), "{path}");
        assert_eq!(target.dialect().map(|dialect| dialect.api()), Some(api), "{path}");
    }
}

#[test]
fn models_and_streams_in_paths() {
    let azure = post("/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21");
    assert_eq!(azure.model.as_deref(), Some("my-gpt"));

    let unary = post("/v1beta/models/gemini-2.5-flash:generateContent?key=k");
    assert_eq!((unary.api, unary.stream), (Some(Api::Gemini), Some(false)));
    assert_eq!(unary.model.as_deref(), Some("gemini-2.5-flash"));

    let sse = post("/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
    assert_eq!((sse.stream, sse.framing), (Some(true), Some(Framing::Sse)));
    let array = post("/v1beta/models/gemini-2.5-flash%3AstreamGenerateContent");
    assert_eq!(
        (array.stream, array.framing),
        (Some(true), Some(Framing::JsonArray))
    );
    assert_eq!(
        array.framing(Some(b"application/json; charset=UTF-8"), true),
        Some(Framing::JsonArray)
    );
    assert_eq!(
        unary.framing(Some(b"application/json; charset=UTF-8"), false),
        None
    );

    let vertex = post("/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:generateContent");
    assert_eq!(vertex.model.as_deref(), Some("gemini-2.5-pro"));
    let claude = post("/v1/projects/p/locations/l/publishers/anthropic/models/claude-x:streamRawPredict");
    assert_eq!(
        (claude.api, claude.stream),
        (Some(Api::AnthropicMessages), Some(true))
    );
    assert_eq!(
        post("/v1beta/models/e:batchEmbedContents").api,
        Some(Api::GeminiEmbed)
    );
    assert_eq!(post("/v1beta/models/m:countTokens").operation, Operation::Manage);
    assert_eq!(
        post("/v1beta/models/m:batchGenerateContent").operation,
        Operation::Batch
    );
}

#[test]
fn framing_follows_the_content_type() {
    let chat = post("/v1/chat/completions");
    assert_eq!(
        chat.framing(Some(b"Text/Event-Stream; charset=utf-8"), true),
        Some(Framing::Sse)
    );
    assert_eq!(chat.framing(Some(b"application/json"), true), None);
    assert_eq!(chat.framing(None, true), Some(Framing::Sse));
    assert_eq!(chat.framing(None, false), None);
    assert_eq!(
        post("/api/chat").framing(Some(b"application/x-ndjson"), true),
        Some(Framing::Ndjson)
    );
}

#[test]
fn what_is_posted_to_a_server_of_tools_is_read_as_mcp() {
    let json = Some(&b"application/json; charset=utf-8"[..]);
    let both = Some(&b"application/json, text/event-stream"[..]);
    let post = Head {
        method: "POST",
        path: "/tools",
        ..Head::default()
    };
    for (head, api) in [
        (Head { path: "/mcp", ..post }, Some(Api::Mcp)),
        // Servers are lenient, and a type is easily written.
        (
            Head {
                path: "/a/mcp/",
                content_type: Some(b"application/grpc"),
                ..post
            },
            Some(Api::Mcp),
        ),
        (Head { mcp: true, ..post }, Some(Api::Mcp)),
        (Head { accept: both, ..post }, Some(Api::Mcp)),
        (
            Head {
                accept: both,
                content_type: json,
                ..post
            },
            Some(Api::Mcp),
        ),
        (
            Head {
                accept: both,
                content_type: Some(b"multipart/form-data"),
                ..post
            },
            None,
        ),
        (
            Head {
                method: "GET",
                path: "/mcp",
                accept: both,
                ..post
            },
            None,
        ),
        (
            Head {
                method: "DELETE",
                mcp: true,
                ..post
            },
            None,
        ),
    ] {
        let target = detect(&head, &[]);
        assert_eq!((target.api, target.ambiguous_mcp), (api, false), "{head:?}");
        if api.is_some() {
            assert_eq!(target.operation, Operation::Mcp);
        }
    }
}

#[test]
fn a_path_that_servers_may_take_for_that_of_mcp_is_ambiguous() {
    for path in ["/MCP", "//mcp", "/a/%6dcp", "/a/../mcp", "/x/..;/mcp", "/mcp//"] {
        let head = Head {
            method: "POST",
            path,
            ..Head::default()
        };
        let target = detect(&head, &[]);
        let is_read = target.api == Some(Api::Mcp);
        assert!(target.ambiguous_mcp != is_read, "{path}");
        assert!(!target.ambiguous_path, "{path}");
    }
    let head = Head {
        method: "POST",
        path: "/v1/Chat/Completions",
        mcp: true,
        ..Head::default()
    };
    assert!(detect(&head, &[]).ambiguous_path, "whatever its headers say");
}

#[test]
fn a_known_post_is_what_it_is_whatever_its_headers_say() {
    for content_type in [
        &b"multipart/form-data; boundary=x"[..],
        b"application/grpc",
        b"text/plain",
        b"\xff",
    ] {
        let head = Head {
            method: "POST",
            path: "/v1/chat/completions",
            content_type: Some(content_type),
            accept: Some(b"application/json, text/event-stream"),
            upgrade: true,
            mcp: true,
        };
        assert_eq!(detect(&head, &[]).operation, Operation::Generate);
    }
}

#[test]
fn what_servers_may_read_differently_is_ambiguous() {
    for path in [
        "/v1//chat/completions",
        "//v1/chat/completions",
        "/v1/chat/completions//",
        "/v1/./chat/completions",
        "/v1/chat/completions/.",
        "/v1/x/../chat/completions",
        "/v1/chat/x//../completions",
        "/v1/%2e%2e/v1/chat/completions",
        "/v1/..;/chat/completions",
        "/v1/chat%2fcompletions",
        "/v1/chat%252fcompletions",
        "/v1/chat%25252fcompletions",
        "/v1/ch%2561t/completions",
        "/v1/chat%5ccompletions",
        "/v1\\chat\\completions",
        "/v1/chat/completions;x=1",
        "/v1/chat;x=1/completions",
        "/v1/chat/completions%3bx=1",
        "/v1/chat/completions%00",
        "/v1/chat/completions%00.png",
        "/v1/chat/completions%3fx=1",
        "/v1/chat/completions%20",
        "/v1/chat/completions%ff",
        "/v1/chat/completions\u{fffd}",
        "/v1/chat/comple\u{e9}tions",
        "/v1/chat/completions.",
        "/v1/chat/%63ompletions%23",
        "/v1/chat/completions#x",
        "/%zz/v1/chat/completions",
        "http://host/v1/chat/completions",
        "/V1/Chat/Completions",
        "/v1/Chat/completions",
        "/v1/chat/COMPLETIONS",
        "/V1/messages",
        "/API/chat",
        "//v1/embeddings",
        "//v1beta/models/m:generateContent",
        "/v1beta/models/m:GENERATECONTENT",
        "/v1beta/models/m%253AgenerateContent",
    ] {
        let target = post(path);
        assert_eq!(target.api, None, "{path}");
        assert!(target.ambiguous_path, "{path}");
    }
    let path = format!("/{}v1/chat/completions", "x/../".repeat(2000));
    assert!(post(&path).ambiguous_path, "a path that is too long to be read");
    let path = format!("/v1/chat/completions?{}", "x".repeat(20_000));
    assert_eq!(
        post(&path).api,
        Some(Api::OpenAiChat),
        "a long query hides nothing"
    );
}

#[test]
fn what_leads_to_no_model_is_not_ambiguous() {
    for path in [
        "/",
        "//",
        "/..",
        "/login",
        "//login",
        "/Login/../Logout",
        "/v1/chat/completions/../..",
        "/v1/chat/completions/x%2fy",
        "/v1/chat/completions%",
        "/v1/chat/completions%zz",
        "/V1/Models",
        "//v1/files",
        "/v1/messages/Count_Tokens",
        "/v1beta/models/m:CountTokens",
        "/v1/images/generations",
        "/v1/chat/completions",
        "/caf%C3%A9/menu",
    ] {
        assert!(!post(path).ambiguous_path, "{path}");
    }
    for method in ["GET", "PUT", "OPTIONS"] {
        let head = Head {
            method,
            path: "//v1/chat/completions",
            ..Head::default()
        };
        assert!(!detect(&head, &[]).ambiguous_path, "{method}");
    }
    for content_type in [&b"multipart/form-data"[..], b"application/grpc"] {
        let head = Head {
            method: "POST",
            path: "/v1/Chat/completions",
            content_type: Some(content_type),
            ..Head::default()
        };
        assert!(detect(&head, &[]).ambiguous_path, "whatever its headers say");
    }
}

#[test]
fn custom_paths_are_ambiguous_too() {
    let api = CustomApi::new(CustomSpec {
        path: "/models/*/Answer".to_owned(),
        ..CustomSpec::default()
    });
    for (path, ambiguous) in [
        ("/models/m/Answer", false),
        ("/models/m/answer", true),
        ("/models//m/Answer", true),
        ("/models/x/../m/Answer;v=1", true),
        ("/models/m/other", false),
    ] {
        let head = Head {
            method: "POST",
            path,
            ..Head::default()
        };
        assert_eq!(
            detect(&head, std::slice::from_ref(&api)).ambiguous_path,
            ambiguous,
            "{path}"
        );
    }
}

#[test]
fn other_operations() {
    for (method, path, expected) in [
        ("GET", "/v1/models", Operation::Manage),
        ("GET", "/v1/models/gpt-4.1", Operation::Manage),
        ("GET", "/v1/models/qwen:7b", Operation::Manage),
        ("GET", "/models", Operation::Manage),
        ("GET", "/v1/responses/resp_1", Operation::Manage),
        ("POST", "/v1/responses/resp_1/cancel", Operation::Manage),
        ("GET", "/v1/chat/completions", Operation::Manage),
        ("GET", "/v1/chat/completions/c1/messages", Operation::Manage),
        ("DELETE", "/v1/responses/resp_1", Operation::Manage),
        ("POST", "/v1/responses/compact", Operation::Unknown),
        ("POST", "/v1/conversations/c1/items", Operation::Unknown),
        ("POST", "/v1beta/cachedContents", Operation::Unknown),
        ("GET", "/v1beta/cachedContents", Operation::Manage),
        ("PUT", "/v1/chat/completions", Operation::Unknown),
        ("POST", "/v1/messages/count_tokens", Operation::Manage),
        ("POST", "/v1/messages/batches", Operation::Batch),
        ("GET", "/v1/messages/batches/b1/results", Operation::Batch),
        ("POST", "/v1/batches", Operation::Batch),
        ("POST", "/v1/files", Operation::Upload),
        ("GET", "/v1/files", Operation::Manage),
        ("GET", "/api/tags", Operation::Manage),
        ("DELETE", "/api/delete", Operation::Manage),
        ("POST", "/api/blobs/sha256:aa", Operation::Upload),
        ("GET", "/v1/realtime?model=m", Operation::Realtime),
        ("POST", "/v1/realtime/sessions", Operation::Realtime),
        ("POST", "/mcp", Operation::Mcp),
        ("GET", "/tenant/mcp", Operation::Mcp),
        ("DELETE", "/mcp", Operation::Mcp),
        ("OPTIONS", "/v1/chat/completions", Operation::NotLlm),
        ("OPTIONS", "*", Operation::NotLlm),
        ("HEAD", "/v1/models", Operation::NotLlm),
        ("GET", "/metrics", Operation::NotLlm),
        ("GET", "/", Operation::NotLlm),
        ("POST", "/v1/images/generations", Operation::Unknown),
        ("POST", "/completions", Operation::Unknown),
        ("POST", "/login", Operation::Unknown),
        ("PUT", "/v1/chat", Operation::Unknown),
    ] {
        assert_eq!(operation(method, path), expected, "{method} {path}");
    }
    let of = |head: Head<'_>| detect(&head, &[]).operation;
    let post = Head {
        method: "POST",
        path: "/x",
        ..Head::default()
    };
    assert_eq!(
        of(Head {
            content_type: Some(b"application/grpc+proto"),
            ..post
        }),
        Operation::Grpc
    );
    assert_eq!(
        of(Head {
            content_type: Some(b"multipart/form-data"),
            ..post
        }),
        Operation::Upload
    );
    assert_eq!(
        of(Head {
            accept: Some(b"application/json, text/event-stream"),
            ..post
        }),
        Operation::Mcp
    );
    assert_eq!(of(Head { mcp: true, ..post }), Operation::Mcp);
    assert_eq!(
        of(Head {
            method: "GET",
            upgrade: true,
            ..post
        }),
        Operation::Realtime
    );
    assert_eq!(
        of(Head {
            method: "CONNECT",
            upgrade: true,
            ..post
        }),
        Operation::Realtime
    );
}

#[test]
fn custom_paths_come_first() {
    let api = |path: &str| {
        CustomApi::new(CustomSpec {
            path: path.to_owned(),
            ..CustomSpec::default()
        })
    };
    let apis = [api("/models/*/answer"), api("/**/predict"), api("/lab/**")];
    for (path, expected) in [
        ("/models/m-7/answer", Some(&apis[0])),
        ("/models/m-7/other", None),
        ("/models/a/b/answer", None),
        ("/predict", Some(&apis[1])),
        ("/a/b/predict", Some(&apis[1])),
        ("/lab/chat/completions", Some(&apis[2])),
    ] {
        let target = detect(
            &Head {
                method: "POST",
                path,
                ..Head::default()
            },
            &apis,
        );
        assert_eq!(target.custom.as_ref(), expected, "{path}");
        assert_eq!(target.api == Some(Api::Custom), expected.is_some(), "{path}");
    }
}

#[test]
fn names_come_back() {
    for api in Api::ALL {
        assert_eq!(Api::from_name(api.name()), Some(api));
    }
    for operation in Operation::ALL {
        assert_eq!(Operation::from_name(operation.name()), Some(operation));
    }
}

#[test]
fn bodies_are_told_apart_where_only_one_api_can_be_meant() {
    for (body, expected) in [
        (r#"{"contents":[]}"#, Some(Api::Gemini)),
        (r#"{"content":{"parts":[]}}"#, Some(Api::GeminiEmbed)),
        (
            r#"{"requests":[{"content":{"parts":[]}}]}"#,
            Some(Api::GeminiEmbed),
        ),
        (r#"{"model":"m","messages":[]}"#, Some(Api::OpenAiChat)),
        (
            r#"{"model":"m","max_tokens":1,"messages":[{"role":"system","content":"x"}]}"#,
            Some(Api::OpenAiChat),
        ),
        (
            r#"{"model":"m","max_tokens":1,"seed":1,"messages":[]}"#,
            Some(Api::OpenAiChat),
        ),
        (
            r#"{"model":"m","max_tokens":1,"system":"x","messages":[]}"#,
            Some(Api::AnthropicMessages),
        ),
        (
            r#"{"model":"m","max_tokens":1,"messages":[],"tools":[{"input_schema":{}}]}"#,
            Some(Api::AnthropicMessages),
        ),
        (
            r#"{"model":"m","messages":[],"options":{}}"#,
            Some(Api::OllamaChat),
        ),
        (
            r#"{"model":"m","input":"x","store":false}"#,
            Some(Api::OpenAiResponses),
        ),
        (
            r#"{"model":"m","input":[{"role":"user","content":"x"}]}"#,
            Some(Api::OpenAiResponses),
        ),
        (
            r#"{"model":"m","input":["x"],"encoding_format":"float"}"#,
            Some(Api::OpenAiEmbeddings),
        ),
        (
            r#"{"model":"m","input":["x"],"truncate":true}"#,
            Some(Api::OllamaEmbed),
        ),
        (
            r#"{"model":"m","prompt":"x","max_tokens":1}"#,
            Some(Api::OpenAiCompletions),
        ),
        (
            r#"{"model":"m","prompt":"x","raw":true}"#,
            Some(Api::OllamaGenerate),
        ),
        (
            r#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}]}"#,
            None,
        ),
        (r#"{"model":"m","input":"x"}"#, None),
        (r#"{"model":"m","prompt":"x"}"#, None),
        (r#"{"messages":[],"prompt":"x"}"#, None),
        (r#"{"messages":[],"seed":1,"system":"x"}"#, None),
        (r#"{"hello":1}"#, None),
        ("[]", None),
    ] {
        let mut tape = Tape::new();
        tape.parse(body.as_bytes(), &Limits::default()).expect("JSON");
        assert_eq!(detect_body(tape.view(body.as_bytes())), expected, "{body}");
    }
}
