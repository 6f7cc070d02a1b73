//! One table of fixtures and what must be read of them. The fixtures are written after the providers' documents.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod reading;

use penstock_llm_api::{
    Api, CustomApi, CustomRequest, CustomResponse, CustomSpec, CustomUsage, Dialect, Pointer, Scope, Usage,
};
use reading::{Expected, request_lines, request_lines_of, stream, stream_of, whole, whole_of};

/// `input/output/cached/cache-creation/1h/reasoning/audio in/audio out`, `-` for what is not reported.
fn usage(line: &str) -> Usage {
    let mut counts = line.split('/').map(|count| count.trim().parse::<u64>().ok());
    let mut next = || counts.next().flatten();
    Usage {
        input_tokens: next(),
        output_tokens: next(),
        cached_tokens: next(),
        cache_creation_tokens: next(),
        cache_creation_1h_tokens: next(),
        reasoning_tokens: next(),
        input_audio_tokens: next(),
        output_audio_tokens: next(),
    }
}

#[test]
fn openai_chat() {
    let api = Api::OpenAiChat;
    whole(
        api,
        "openai_chat/unary.json",
        &Expected {
            model: "gpt-4.1-2025-04-14",
            usage: usage("1219/110/1024/64/-/64/12/7"),
            finish: "stop",
            tier: "default",
            texts: &["output 0 whole: Café opens at nine. 😀"],
            ..Expected::default()
        },
    );
    stream(
        api,
        "openai_chat/stream.sse",
        &Expected {
            model: "gpt-4.1",
            usage: usage("19/10/0/-/-/0/0/0"),
            finish: "stop",
            tier: "flex",
            texts: &["output: Hello."],
            complete: true,
            usage_only_frames: 1,
            first_output: 1,
            ..Expected::default()
        },
    );
    stream(
        api,
        "openai_chat/stream-tools.sse",
        &Expected {
            model: "gpt-4.1",
            usage: usage("80/40"),
            finish: "tool_calls",
            texts: &[
                "tool_name: weather.",
                "tool_call json: {\"city\":\"Paris\"}.",
                "tool_name: weather.",
                "tool_call json: {\"city\":\"Rome\"}.",
            ],
            complete: true,
            usage_only_frames: 1,
            first_output: 0,
            ..Expected::default()
        },
    );
    stream(
        api,
        "openai_chat/stream-choices-vllm.sse",
        &Expected {
            model: "llama",
            usage: usage("7/4"),
            finish: "length",
            texts: &["output: two!.", "reasoning: hm.", "output: one."],
            complete: true,
            usage_only_frames: 1,
            first_output: 2,
            ..Expected::default()
        },
    );
    stream(
        api,
        "openai_chat/stream-litellm.sse",
        &Expected {
            model: "scripted",
            usage: usage("19/25"),
            finish: "stop",
            texts: &["output: Hi."],
            complete: true,
            usage_only_frames: 1,
            ..Expected::default()
        },
    );
    stream(
        api,
        "openai_chat/stream-error.sse",
        &Expected {
            model: "llama",
            error: "InternalServerError 500",
            texts: &["output: Hel.", "other: EngineCore encountered an issue."],
            ..Expected::default()
        },
    );
    stream(
        api,
        "openai_chat/stream-truncated.sse",
        &Expected {
            model: "scripted-long",
            texts: &["output: tick"],
            ..Expected::default()
        },
    );
    request_lines(
        api,
        "openai_chat/request.json",
        &[
            "model gpt-4.1, stream, usage_asked false, max 300, choices 2",
            "system 0: Be brief.",
            "metadata 1: ann",
            "user 1: What is this?",
            "tool_name 2: look",
            "tool_call 2 json: {\"at\":\"card 4111111111111111\"}",
            "tool_result 3: a cat",
            "user 4: Go on",
            "tool_name 0: look",
            "tool_definition 0: Looks at things.",
            "tool_definition 0: at",
            "tool_definition 0: what",
            "tool_definition 0: at",
            "tool_definition 0: Reply",
            "metadata 0: team",
            "metadata 0: blue",
            "other 0: hidden",
            "other 0: text",
            "other 0: 41111111",
            "unseen image",
            "unseen audio",
            "unseen file",
        ],
    );
}

#[test]
fn anthropic_messages() {
    let api = Api::AnthropicMessages;
    request_lines(
        api,
        "anthropic_messages/request.json",
        &[
            "model claude-sonnet-4-5, stream, max 1024, tier auto",
            "system 0: You are terse.",
            "metadata 0: user_id",
            "metadata 0: user-77",
            "other 0: \n\nHuman:",
            "tool_name 0: look",
            "tool_definition 0: Looks.",
            "tool_definition 0: at",
            "user 0: What is here?",
            "assistant 1 signed: Let me look.",
            "assistant 1: I look.",
            "tool_name 1: look",
            "tool_call 1: at",
            "tool_call 1: desk",
            "tool_call 1: n",
            "tool_call 1: 4111111111111111",
            "tool_result 2: A cat.",
            "tool_result 2: no dog",
            "document 2: Plan",
            "document 2: draft",
            "document 2: Buy milk.",
            "document 2: Part one.",
            "document 2: https://example.com/doc",
            "document 2: Doc",
            "document 2: Found text.",
            "user 2: Go on",
            "unseen encrypted",
            "unseen image",
            "unseen image",
            "unseen file",
        ],
    );
    whole(
        api,
        "anthropic_messages/unary.json",
        &Expected {
            model: "claude-sonnet-4-5-20250929",
            usage: usage("1209/393/1000/188/88/300"),
            finish: "tool_calls",
            tier: "standard",
            texts: &[
                "reasoning 0 whole signed: Six times seven.",
                "output 0 whole: 42.",
                "document 0 whole: seven",
                "document 0 whole: T",
                "tool_name 0 whole: look",
                "tool_call 0 whole: at",
                "tool_call 0 whole: desk",
            ],
            ..Expected::default()
        },
    );
    stream(
        api,
        "anthropic_messages/stream.sse",
        &Expected {
            model: "claude-opus-4-1",
            usage: usage("1075/15/1000/50/30"),
            finish: "stop",
            tier: "priority",
            texts: &["output: Hello café!."],
            complete: true,
            first_output: 3,
            ..Expected::default()
        },
    );
    stream(
        api,
        "anthropic_messages/stream-thinking-tools.sse",
        &Expected {
            model: "claude-opus-4-1",
            usage: usage("472/89"),
            finish: "tool_calls",
            texts: &[
                "reasoning signed: Look there..",
                "tool_name: weather.",
                "tool_call json: {\"city\": \"S\\u0061n Jos\\u00e9\"}.",
            ],
            complete: true,
            first_output: 2,
            ..Expected::default()
        },
    );
    stream(
        api,
        "anthropic_messages/stream-guessed-start.sse",
        &Expected {
            model: "scripted-tool",
            usage: usage("154/33"),
            finish: "tool_calls",
            texts: &["tool_name: get_weather.", "tool_call json: {\"city\":\"Paris\"}."],
            complete: true,
            first_output: 1,
            ..Expected::default()
        },
    );
    stream(
        api,
        "anthropic_messages/stream-error.sse",
        &Expected {
            model: "claude-opus-4-1",
            usage: usage("7/1"),
            error: "overloaded_error",
            texts: &["output: Hel", "other: Overloaded"],
            first_output: 2,
            ..Expected::default()
        },
    );
    whole(
        api,
        "anthropic_messages/error.json",
        &Expected {
            error: "rate_limit_error",
            texts: &["other 0 whole: Slow down."],
            ..Expected::default()
        },
    );
}

#[test]
fn openai_responses() {
    let api = Api::OpenAiResponses;
    request_lines(
        api,
        "openai_responses/request.json",
        &[
            "model gpt-5, stream, max 512, tier flex",
            "system 0: Be kind.",
            "user 0: name",
            "user 0: Ann",
            "system 0: Mind the gap.",
            "user 1: Read this",
            "assistant 2: Sure.",
            "assistant 3: I thought.",
            "tool_name 4: look",
            "tool_call 4 json: {\"at\":\"desk\"}",
            "tool_result 5: a cat",
            "tool_name 6: sql",
            "tool_call 6: select 1",
            "tool_name 0: look",
            "tool_definition 0: Looks.",
            "tool_definition 0: at",
            "tool_definition 0: A reply.",
            "metadata 0: team",
            "metadata 0: blue",
            "metadata 0: u-1",
            "unseen reference",
            "unseen reference",
            "unseen image",
            "unseen file",
            "unseen encrypted",
            "unseen reference",
            "unseen remote",
        ],
    );
    request_lines(
        api,
        "openai_responses/request-string.json",
        &["model gpt-5", "user 0: Tell me"],
    );
    let seen = Expected {
        model: "gpt-5-2025-08-07",
        usage: usage("328/52/256/32/-/40"),
        finish: "tool_calls",
        tier: "default",
        ..Expected::default()
    };
    whole(
        api,
        "openai_responses/unary.json",
        &Expected {
            texts: &[
                "system 0 echo: Be kind.",
                "reasoning 0 whole: I think.",
                "output 1 whole: Hello.",
                "tool_name 2 whole: look",
                "tool_call 2 whole json: {\"at\":\"desk\"}",
            ],
            ..seen
        },
    );
    whole(
        api,
        "openai_responses/unary-incomplete.json",
        &Expected {
            usage: usage("328/5/256/32/-/40"),
            finish: "length",
            texts: &["system 0 echo: Be kind.", "output 0 whole: Hello."],
            ..seen
        },
    );
    let streamed = Expected {
        texts: &[
            "system echo: Be kind.",
            "system echo: Be kind.",
            "reasoning: I think..",
            "output: Hello..",
            "tool_name: look.",
            "tool_call json: {\"at\":\"desk\"}.",
            "system echo: Be kind.",
        ],
        complete: true,
        first_output: 4,
        ..seen
    };
    stream(api, "openai_responses/stream.sse", &streamed);
    stream(api, "openai_responses/stream-unnamed.sse", &streamed);
    stream(
        api,
        "openai_responses/stream-unnumbered.sse",
        &Expected {
            usage: usage("4/25/3"),
            texts: &[
                "system echo: Be kind.",
                "system echo: Be kind.",
                "reasoning: I think..",
                "output: Hello..",
                "tool_name: look.",
                "tool_call json: {\"at\":\"desk\"}.",
            ],
            complete: true,
            first_output: 3,
            ..seen
        },
    );
    stream(
        api,
        "openai_responses/stream-failed.sse",
        &Expected {
            usage: Usage::default(),
            finish: "error",
            error: "server_error",
            texts: &[
                "system echo: Be kind.",
                "other: The model broke..",
                "system echo: Be kind.",
            ],
            ..seen
        },
    );
    stream(
        api,
        "openai_responses/stream-error.sse",
        &Expected {
            usage: Usage::default(),
            finish: "",
            error: "rate_limit_exceeded",
            texts: &["system echo: Be kind.", "other: Slow down."],
            ..seen
        },
    );
    stream(
        api,
        "openai_responses/stream-done-only.sse",
        &Expected {
            finish: "stop",
            texts: &[
                "system echo: Be kind.",
                "tool_call: cats.",
                "output: All at once..",
                "system echo: Be kind.",
            ],
            complete: true,
            first_output: 1,
            ..seen
        },
    );
}

#[test]
fn openai_completions_and_embeddings() {
    let api = Api::OpenAiCompletions;
    request_lines(
        api,
        "openai_completions/request.json",
        &[
            "model gpt-3.5-turbo-instruct, stream, usage_asked true, max 16, choices 4",
            "user 0: Once",
            "user 0: Twice",
            "user 0:  end",
            "metadata 0: u",
        ],
    );
    request_lines(
        api,
        "openai_completions/request-tokens.json",
        &["model m, choices 2", "unseen tokens"],
    );
    whole(
        api,
        "openai_completions/unary.json",
        &Expected {
            model: "gpt-3.5-turbo-instruct",
            usage: usage("5/7"),
            finish: "length",
            texts: &["output 0 whole: \n\nThis", "output 1 whole:  that"],
            ..Expected::default()
        },
    );
    stream(
        api,
        "openai_completions/stream.sse",
        &Expected {
            model: "m",
            usage: usage("3/2"),
            finish: "stop",
            texts: &["output: Once."],
            complete: true,
            usage_only_frames: 1,
            ..Expected::default()
        },
    );
    let api = Api::OpenAiEmbeddings;
    request_lines(
        api,
        "openai_embeddings/request.json",
        &[
            "model text-embedding-3-small",
            "user 0: One",
            "user 0: Two",
            "metadata 0: u",
        ],
    );
    whole(
        api,
        "openai_embeddings/unary.json",
        &Expected {
            model: "text-embedding-3-small",
            usage: usage("8/-"),
            ..Expected::default()
        },
    );
}

#[test]
fn ollama() {
    request_lines(
        Api::OllamaChat,
        "ollama/chat-request.json",
        &[
            "model llama3.2, stream, max 42",
            "system 0: Short.",
            "user 1: Look",
            "assistant 2: hm",
            "tool_name 2: look",
            "tool_call 2: at",
            "tool_call 2: desk",
            "tool_result 3: a cat",
            "tool_name 0: look",
            "tool_definition 0: Looks.",
            "tool_definition 0: at",
            "tool_definition 0: where",
            "tool_definition 0: age",
            "other 0: END",
            "unseen image",
        ],
    );
    request_lines(
        Api::OllamaGenerate,
        "ollama/generate-request.json",
        &[
            "model llama3.2",
            "user 0: Why?",
            "system 0: Short.",
            "system 0: {{ .Prompt }}",
            "unseen tokens",
        ],
    );
    request_lines(
        Api::OllamaEmbed,
        "ollama/embed-request.json",
        &["model all-minilm", "user 0: One", "user 0: Two"],
    );
    let seen = Expected {
        model: "llama3.2",
        finish: "stop",
        ..Expected::default()
    };
    whole(
        Api::OllamaChat,
        "ollama/chat-unary.json",
        &Expected {
            usage: usage("26/298"),
            finish: "length",
            texts: &["output 0 whole: Hello.", "reasoning 0 whole: hm"],
            ..seen
        },
    );
    whole(
        Api::OllamaGenerate,
        "ollama/generate-unary.json",
        &Expected {
            usage: usage("26/290"),
            texts: &["output 0 whole: Because."],
            ..seen
        },
    );
    whole(
        Api::OllamaEmbed,
        "ollama/embed-unary.json",
        &Expected {
            model: "all-minilm",
            usage: usage("8/-"),
            ..Expected::default()
        },
    );
    stream(
        Api::OllamaChat,
        "ollama/chat-stream.ndjson",
        &Expected {
            usage: usage("26/282"),
            texts: &["reasoning: Hmm..", "output: Hello."],
            complete: true,
            ..seen
        },
    );
    stream(
        Api::OllamaChat,
        "ollama/chat-stream-tools.ndjson",
        &Expected {
            usage: usage("26/282"),
            finish: "tool_calls",
            texts: &[
                "tool_name: weather.",
                "tool_call: city.",
                "tool_call: Tokyo.",
                "tool_call: days.",
            ],
            complete: true,
            ..seen
        },
    );
    stream(
        Api::OllamaChat,
        "ollama/chat-stream-error.ndjson",
        &Expected {
            finish: "",
            error: " ",
            texts: &[
                "output: tick",
                "other: an error was encountered while running the model: unexpected EOF",
            ],
            ..seen
        },
    );
    stream(
        Api::OllamaGenerate,
        "ollama/generate-stream.ndjson",
        &Expected {
            usage: usage("26/259"),
            texts: &["output: Because."],
            complete: true,
            ..seen
        },
    );
}

#[test]
fn gemini() {
    let api = Api::Gemini;
    request_lines(
        api,
        "gemini/request.json",
        &[
            "model -, max 800, choices 2",
            "system 0: Be brief.",
            "user 0: See",
            "assistant 1 signed: I think.",
            "tool_name 1: look",
            "tool_call 1: at",
            "tool_call 1: desk",
            "tool_result 2: result",
            "tool_result 2: a cat",
            "user 3: Go on",
            "tool_name 0: look",
            "tool_definition 0: Looks.",
            "tool_definition 0: at",
            "other 0: END",
            "unseen image",
            "unseen video",
            "unseen file",
            "unseen remote",
            "unseen reference",
        ],
    );
    whole(
        api,
        "gemini/unary.json",
        &Expected {
            model: "gemini-2.5-flash",
            usage: usage("107/50/60/-/-/30/10/-"),
            finish: "tool_calls",
            texts: &[
                "reasoning 0 whole: I think.",
                "output 0 whole: Hello.",
                "tool_name 0 whole: look",
                "tool_call 0 whole: at",
                "tool_call 0 whole: desk",
            ],
            ..Expected::default()
        },
    );
    whole(
        api,
        "gemini/unary-blocked.json",
        &Expected {
            model: "gemini-2.5-flash",
            usage: usage("4/-"),
            finish: "content_filter",
            ..Expected::default()
        },
    );
    whole(
        api,
        "gemini/error.json",
        &Expected {
            error: "RESOURCE_EXHAUSTED 429",
            texts: &[
                "other 0 whole: Quota.",
                "other 0 whole: @type",
                "other 0 whole: type.googleapis.com/google.rpc.RetryInfo",
                "other 0 whole: retryDelay",
                "other 0 whole: 22s",
            ],
            ..Expected::default()
        },
    );
    let streamed = Expected {
        model: "gemini-2.5-flash",
        usage: usage("10/9/-/-/-/4"),
        finish: "stop",
        texts: &["reasoning: Hm..", "output: Hello.."],
        complete: true,
        ..Expected::default()
    };
    stream(api, "gemini/stream.sse", &streamed);
    stream(api, "gemini/stream.json", &streamed);
    stream(
        api,
        "gemini/stream-error.json",
        &Expected {
            model: "gemini-2.5-flash",
            usage: usage("10/6/-/-/-/4"),
            error: "UNAVAILABLE 503",
            texts: &["output: Hel", "other: Overloaded."],
            ..Expected::default()
        },
    );
    request_lines(
        Api::GeminiEmbed,
        "gemini/embed-request.json",
        &["model -", "user 0: One", "document 0: T"],
    );
    whole(
        Api::GeminiEmbed,
        "gemini/embed-unary.json",
        &Expected {
            usage: usage("6/-"),
            ..Expected::default()
        },
    );
}

#[test]
fn custom() {
    let api = CustomApi::new(CustomSpec {
        path: "/**/answer".to_owned(),
        request: CustomRequest {
            model: Pointer::parse("/engine"),
            stream: Pointer::parse("/go/live"),
            max_output_tokens: Pointer::parse("/go/limit"),
            texts: vec![
                (Scope::System, pointer("/turns/0/say")),
                (Scope::User, pointer("/turns/1/say")),
            ],
            ..CustomRequest::default()
        },
        response: CustomResponse {
            model: Pointer::parse("/engine"),
            finish: Pointer::parse("/why"),
            texts: vec![(Scope::Output, pointer("/answers/*/say"))],
            usage: custom_usage(),
            ..CustomResponse::default()
        },
        frame: Some(CustomResponse {
            model: Pointer::parse("/engine"),
            finish: Pointer::parse("/why"),
            texts: vec![(Scope::Output, pointer("/piece"))],
            usage: custom_usage(),
            ..CustomResponse::default()
        }),
        ..CustomSpec::default()
    });
    let dialect = Dialect::Custom(&api);
    request_lines_of(
        dialect,
        "custom/request.json",
        &[
            "model m-7, stream, max 50",
            "other 0: system",
            "system 0: Short.",
            "other 0: user",
            "user 0: Hi",
            "other 0: hidden",
        ],
    );
    whole_of(
        dialect,
        "custom/unary.json",
        &Expected {
            model: "m-7",
            usage: usage("12/3/2"),
            finish: "length",
            texts: &["output 0 whole: One", "output 1 whole: Two"],
            ..Expected::default()
        },
    );
    stream_of(
        dialect,
        "custom/stream.ndjson",
        &Expected {
            model: "m-7",
            usage: usage("12/2"),
            finish: "stop",
            texts: &["output: Hello."],
            complete: true,
            ..Expected::default()
        },
    );
}

fn pointer(pointer: &str) -> Pointer {
    Pointer::parse(pointer).expect("a pointer")
}

fn custom_usage() -> CustomUsage {
    CustomUsage {
        input_tokens: Pointer::parse("/bill/in"),
        output_tokens: Pointer::parse("/bill/out"),
        cached_tokens: Pointer::parse("/bill/hit"),
        ..CustomUsage::default()
    }
}

#[test]
fn mcp() {
    let api = Api::Mcp;
    request_lines(
        api,
        "mcp/call-request.json",
        &[
            "model -",
            "tool_name 0: get_weather",
            "tool_call 0: city",
            "tool_call 0: Paris",
            "tool_call 0: card",
            "tool_call 0: 4111111111111111",
            "tool_call 0: deep",
            "tool_call 0: note",
            "tool_call 0: ok",
            "metadata 0: progressToken",
            "metadata 0: p-1",
        ],
    );
    request_lines(
        api,
        "mcp/batch-request.json",
        &[
            "model -",
            "tool_call 0: review",
            "tool_call 0: code",
            "tool_call 0: x = 1",
            "metadata 1: requestId",
            "metadata 1: reason",
            "metadata 1: late",
            "tool_name 2: mail",
            "tool_call 2: to",
            "tool_call 2: ann",
            "tool_call 3: The capital is Paris.",
            "tool_call 4: login",
            "tool_call 4: octocat",
            "tool_call 5: file:///notes.txt",
            "other 5: unnamed",
        ],
    );
    let rows: [(&str, &str, &[&str]); 3] = [
        (
            "mcp/call-unary.json",
            "",
            &[
                "tool_result 0 whole: Rain in Paris.",
                "tool_result 0 whole: file:///a.md",
                "tool_result 0 whole: a.md",
                "tool_result 0 whole: Notes",
                "tool_result 0 whole: file:///b.md",
                "tool_result 0 whole: Bring a coat.",
                "tool_result 0 whole: file:///c.pdf",
                "tool_result 0 whole: temperature",
                "tool_result 0 whole: sky",
                "tool_result 0 whole: grey",
                "metadata 0 whole: trace",
                "metadata 0 whole: t-1",
                "unseen image",
                "unseen audio",
                "unseen file",
            ],
        ),
        (
            "mcp/lists-unary.json",
            "",
            &[
                "metadata 0 whole: tools",
                "metadata 0 whole: listChanged",
                "tool_definition 0 whole: name",
                "tool_definition 0 whole: weather",
                "tool_definition 0 whole: version",
                "tool_definition 0 whole: 1.0.0",
                "tool_definition 0 whole: Ask for a city.",
                "tool_name 1 whole: get_weather",
                "tool_definition 1 whole: Weather",
                "tool_definition 1 whole: Tells the weather.",
                "tool_definition 1 whole: city",
                "tool_definition 1 whole: Where",
                "tool_definition 1 whole: W",
                "tool_name 1 whole: mail",
                "tool_definition 1 whole: Sends mail.",
                "document 2 whole: A review.",
                "tool_result 2 whole: Review this.",
                "document 3 whole: file:///notes.txt",
                "document 3 whole: Buy milk.",
                "document 3 whole: file:///p.png",
                "document 4 whole: review",
                "document 4 whole: Reviews code",
                "document 5 whole: file:///a",
                "document 5 whole: a",
                "document 5 whole: An a",
                "other 6 whole: unnamed",
                "unseen image",
            ],
        ),
        (
            "mcp/error.json",
            "-32602",
            &[
                "tool_result 0 whole: Unknown tool: nope",
                "tool_result 0 whole: hint",
                "tool_result 0 whole: list them",
            ],
        ),
    ];
    for (name, error, texts) in rows {
        whole(
            api,
            name,
            &Expected {
                error,
                texts,
                ..Expected::default()
            },
        );
    }
    stream(
        api,
        "mcp/stream.sse",
        &Expected {
            texts: &[
                "metadata: progressToken.",
                "metadata: p-1.",
                "metadata: progress.",
                "metadata: message.",
                "metadata: half way.",
                "tool_result: Sum up..",
                "tool_result: Be brief..",
                "tool_result: Rain..",
                "tool_result: Wind..",
            ],
            complete: true,
            ..Expected::default()
        },
    );
    stream(
        api,
        "mcp/stream-batch.sse",
        &Expected {
            error: "-32603",
            texts: &["tool_result: One..", "tool_result: It broke.."],
            ..Expected::default()
        },
    );
}
