//! One table of fixtures and what must be read of them. The fixtures are written after the providers' documents.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod reading;

use penstock_llm_api::{Api, Usage};
use reading::{Expected, request_lines, stream, whole};

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
                "tool_call json: {\"city\":\"Paris\"}.",
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
            "model gpt-4.1, stream, usage_asked false, max 200, choices 2",
            "system 0: Be brief.",
            "metadata 1: ann",
            "user 1: What is this?",
            "tool_call 2 json: {\"at\":\"card 4111111111111111\"}",
            "tool_result 3: a cat",
            "user 4: Go on",
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
