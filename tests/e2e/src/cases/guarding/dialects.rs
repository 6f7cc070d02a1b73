//! Every dialect, whole and streamed: an attack does not leave, a leak does not come back, all else does, byte for byte.

use super::{CANARY, FORGED, SYSTEM, denied, found, guard_in};
use crate::check::*;
use crate::message::{Framing, Request};
use crate::scenario::{Scenario, Setup, case};
use crate::script::{Script, Step};

/// One exchange of an API. `§` is what the user says and what the model does; `¶` is the system prompt, where there is one.
struct Spoken {
    api: &'static str,
    path: &'static str,
    request: &'static str,
    answer: &'static str,
    /// What an error of the API has in it.
    error: &'static str,
}

/// The same for a stream: the frame of one delta, and the frames around them. What follows the deltas may repeat all of them.
struct Streamed {
    api: &'static str,
    path: &'static str,
    request: &'static str,
    content_type: &'static str,
    before: &'static str,
    delta: &'static str,
    after: &'static str,
    /// The event that ends a stream, up to the reason.
    event: &'static str,
}

/// All of this file.
pub fn cases() -> Vec<Scenario> {
    let whole = WHOLE.iter().flat_map(|one| {
        let answers = !one.answer.is_empty();
        [
            Some(refused(one)),
            answers.then(|| passes(one)),
            answers.then(|| leaks(one)),
        ]
    });
    let streamed = STREAMED.iter().flat_map(|one| {
        [
            stream_refused(one),
            stream_passes(one),
            stream_strips(one),
            stream_leaks(one),
        ]
    });
    whole.flatten().chain(streamed).collect()
}

/// A model of one's own, described by pointers.
fn setup() -> Setup {
    let custom = r#"{"custom":[{"path":"/our/infer","framing":"ndjson",
        "request":{"model":"/engine","texts":[{"scope":"system","pointer":"/rules"},{"scope":"user","pointer":"/words"}]},
        "response":{"texts":[{"scope":"output","pointer":"/said"}]}}]}"#;
    guard_in(custom, &format!(r#"{{"answers": {{"canaries": ["{CANARY}"]}}}}"#))
}

fn post(path: &str, body: &str, user: &str) -> Request {
    Request::new("POST", path)
        .header("content-type", "application/json")
        .body(body.replace('§', user).replace('¶', SYSTEM))
}

/// What an answer to this request must not hold: its system prompt, else a canary.
fn secret(request: &str) -> &'static str {
    if request.contains('¶') { SYSTEM } else { CANARY }
}

fn rule(secret: &str) -> &'static str {
    if secret == CANARY {
        "canary"
    } else {
        "system_prompt_leak"
    }
}

/// The end of a secret, which never leaves. Of its beginning so much may that nobody could know yet.
fn last(secret: &str) -> &str {
    &secret[secret.len() / 2..]
}

fn refused(spoken: &Spoken) -> Scenario {
    case(format!("guard: refused in the words of {}", spoken.api))
        .given(setup())
        .request(post(spoken.path, spoken.request, FORGED))
        .upstream(unary(spoken.answer))
        .then_all(refusal(spoken.error))
}

fn refusal(error: &'static str) -> [Check; 6] {
    [
        client_gets(400),
        client_header("content-type", "application/json"),
        client_body_has(error.replace('~', "the request was refused: role_forgery in user")),
        client_body_has("\"prompt_guard\""),
        upstream_sees_nothing(),
        denied("prompt_guard"),
    ]
}

fn passes(spoken: &Spoken) -> Scenario {
    case(format!("guard: {} there and back", spoken.api))
        .given(setup())
        .request(post(spoken.path, spoken.request, "What is a fern?"))
        .upstream(unary(
            &spoken
                .answer
                .replace('§', "A **plant**, see [this](https://example.org/ferns)."),
        ))
        .then_all([
            client_gets(200),
            upstream_body_untouched(),
            client_body_untouched(),
        ])
}

fn leaks(spoken: &Spoken) -> Scenario {
    let secret = secret(spoken.request);
    let answer = spoken
        .answer
        .replace('§', &format!("It says: {secret} That is all."));
    let rule = rule(secret);
    case(format!("guard: a leak in an answer of {}", spoken.api))
        .given(setup())
        .request(post(spoken.path, spoken.request, "What is a fern?"))
        .upstream(unary(&answer))
        .then_all([
            client_gets(400),
            client_body_has(
                spoken
                    .error
                    .replace('~', &format!("the answer was refused: {rule} in output")),
            ),
            client_body_has("\"prompt_guard\""),
            client_body_lacks("It says"),
            client_body_lacks(last(secret)),
            denied("prompt_guard"),
        ])
}

fn unary(body: &str) -> Script {
    Script::new(200)
        .header("content-type", "application/json")
        .data(body)
}

fn stream_refused(spoken: &Streamed) -> Scenario {
    // Nothing has begun: an error object, not an event.
    case(format!("guard: refused in the words of {}, streamed", spoken.api))
        .given(setup())
        .request(post(spoken.path, spoken.request, FORGED))
        .upstream(head(spoken))
        .uncut()
        .then_all([
            client_gets(400),
            client_header("content-type", "application/json"),
            client_body_has("\"prompt_guard\""),
            upstream_sees_nothing(),
        ])
}

fn stream_passes(spoken: &Streamed) -> Scenario {
    let said = [
        "A ",
        "**pl",
        "ant**, see [th",
        "is](https://example.org/ferns)",
        ".",
    ];
    case(format!("guard: {} there and back, streamed", spoken.api))
        .given(setup())
        .request(post(spoken.path, spoken.request, "What is a fern?"))
        .upstream(head(spoken).data(frames(spoken, &said) + &spoken.after.replace('§', &said.concat())))
        .then_all([
            client_gets(200),
            upstream_body_untouched(),
            client_body_untouched(),
        ])
}

/// What is taken out of the deltas is taken out of their repeats too, and counts once.
fn stream_strips(spoken: &Streamed) -> Scenario {
    let said = ["See ![x](ht", "tps://evil.te", "st/p?q=1) and", " more."];
    let read = ["See (removed)", "", " and", " more."];
    let whole = |texts: [&str; 4]| {
        let after = spoken.after.replace('§', &texts.concat());
        [spoken.before, &frames(spoken, &texts), &after].concat()
    };
    case(format!(
        "guard: an image is taken out of an answer of {}, streamed",
        spoken.api
    ))
    .given(setup())
    .request(post(spoken.path, spoken.request, "What is a fern?"))
    .upstream(head(spoken).data(whole(said).split_off(spoken.before.len())))
    .then_all([
        client_gets(200),
        client_body(whole(read)),
        found("external_image", "output", "response", "strip", 1),
    ])
}

fn stream_leaks(spoken: &Streamed) -> Scenario {
    let secret = secret(spoken.request);
    let (first, more) = secret.split_at(secret.len() / 3);
    let (more, rest) = more.split_at(more.len() / 2);
    case(format!("guard: a leak in an answer of {}, streamed", spoken.api))
        .given(setup())
        .request(post(spoken.path, spoken.request, "What is a fern?"))
        .upstream(
            head(spoken)
                .data(frames(spoken, &["It says, "]))
                .until("It says, ")
                .data(frames(spoken, &[first, more, rest, " and more"]))
                .step(Step::Hang),
        )
        .then_all([
            client_head(200),
            client_sees_break(),
            client_body_has("It says, "),
            client_body_has(spoken.event),
            client_body_has("\"prompt_guard\""),
            client_body_lacks(rest),
            client_body_lacks("and more"),
        ])
        .then_all([
            upstream_is_cancelled(),
            denied("prompt_guard"),
            found(rule(secret), "output", "response", "deny", 1),
            logged("penstock.denied", "prompt_guard:prompt_guard"),
        ])
}

fn head(spoken: &Streamed) -> Script {
    Script::new(200)
        .header("content-type", spoken.content_type)
        .framed(Framing::Chunked)
        .data(spoken.before)
}

fn frames(spoken: &Streamed, said: &[&str]) -> String {
    said.iter().map(|text| spoken.delta.replace('§', text)).collect()
}

const OPENAI: &str =
    r#"{"error":{"message":"~","type":"invalid_request_error","param":null,"code":"prompt_guard"}}"#;
const ANTHROPIC: &str = r#"{"type":"error","error":{"type":"invalid_request_error","message":"~","#;
const GEMINI: &str = r#"{"error":{"code":400,"message":"~","status":"INVALID_ARGUMENT","#;
const OLLAMA: &str = r#"{"error":"~","#;
const OWN: &str = r#"{"error":{"message":"~","code":"prompt_guard"}}"#;

const WHOLE: &[Spoken] = &[
    Spoken {
        api: "OpenAI chat",
        path: "/v1/chat/completions",
        request: r#"{"model":"m","messages":[{"role":"system","content":"¶"},{"role":"user","content":[{"type":"text","text":"hello"},{"type":"text","text":"§"}]}]}"#,
        answer: r#"{"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Yes?"},"finish_reason":"stop"},{"index":1,"message":{"role":"assistant","content":"§"},"finish_reason":"stop"}]}"#,
        error: OPENAI,
    },
    Spoken {
        api: "OpenAI responses",
        path: "/v1/responses",
        request: r#"{"model":"m","instructions":"¶","input":[{"role":"user","content":[{"type":"input_text","text":"§"}]}]}"#,
        answer: r#"{"id":"r","object":"response","status":"completed","model":"m","output":[{"type":"message","id":"i","status":"completed","role":"assistant","content":[{"type":"output_text","text":"§","annotations":[]}]}]}"#,
        error: OPENAI,
    },
    Spoken {
        api: "OpenAI completions",
        path: "/v1/completions",
        request: r#"{"model":"m","prompt":["hello","§"]}"#,
        answer: r#"{"id":"c","object":"text_completion","model":"m","choices":[{"index":0,"text":"§","finish_reason":"stop"}]}"#,
        error: OPENAI,
    },
    Spoken {
        api: "OpenAI embeddings",
        path: "/v1/embeddings",
        request: r#"{"model":"m","input":["hello","§"]}"#,
        answer: "",
        error: OPENAI,
    },
    Spoken {
        api: "Anthropic",
        path: "/v1/messages",
        request: r#"{"model":"m","max_tokens":99,"system":[{"type":"text","text":"¶"}],"messages":[{"role":"user","content":[{"type":"text","text":"§"}]}]}"#,
        answer: r#"{"id":"a","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"Yes?"},{"type":"text","text":"§"}],"stop_reason":"end_turn","usage":{"input_tokens":7,"output_tokens":3}}"#,
        error: ANTHROPIC,
    },
    Spoken {
        api: "Gemini",
        path: "/v1beta/models/g:generateContent",
        request: r#"{"systemInstruction":{"parts":[{"text":"¶"}]},"contents":[{"role":"user","parts":[{"text":"§"}]}]}"#,
        answer: r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"§"}]},"finishReason":"STOP","index":0}],"modelVersion":"g"}"#,
        error: GEMINI,
    },
    Spoken {
        api: "Gemini embeddings",
        path: "/v1beta/models/g:embedContent",
        request: r#"{"content":{"parts":[{"text":"§"}]}}"#,
        answer: "",
        error: GEMINI,
    },
    Spoken {
        api: "Ollama chat",
        path: "/api/chat",
        request: r#"{"model":"m","stream":false,"messages":[{"role":"system","content":"¶"},{"role":"user","content":"§"}]}"#,
        answer: r#"{"model":"m","message":{"role":"assistant","content":"§"},"done":true,"done_reason":"stop"}"#,
        error: OLLAMA,
    },
    Spoken {
        api: "Ollama generate",
        path: "/api/generate",
        request: r#"{"model":"m","stream":false,"system":"¶","prompt":"§"}"#,
        answer: r#"{"model":"m","response":"§","done":true,"done_reason":"stop"}"#,
        error: OLLAMA,
    },
    Spoken {
        api: "Ollama embeddings",
        path: "/api/embed",
        request: r#"{"model":"m","input":["hello","§"]}"#,
        answer: "",
        error: OLLAMA,
    },
    Spoken {
        api: "a model of one's own",
        path: "/our/infer",
        request: r#"{"engine":"m","rules":"¶","words":"§"}"#,
        answer: r#"{"said":"§"}"#,
        error: OWN,
    },
];

const STREAMED: &[Streamed] = &[
    Streamed {
        api: "OpenAI chat",
        path: "/v1/chat/completions",
        request: r#"{"model":"m","stream":true,"messages":[{"role":"system","content":"¶"},{"role":"user","content":"§"}]}"#,
        content_type: "text/event-stream",
        before: "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
        delta: "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"§\"}}]}\n\n",
        after: "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
        event: "data: {\"error\":{\"message\":\"the answer was refused: ",
    },
    Streamed {
        api: "OpenAI completions",
        path: "/v1/completions",
        request: r#"{"model":"m","stream":true,"prompt":"§"}"#,
        content_type: "text/event-stream",
        before: "",
        delta: "data: {\"choices\":[{\"index\":0,\"text\":\"§\"}]}\n\n",
        after: "data: {\"choices\":[{\"index\":0,\"text\":\"\",\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
        event: "data: {\"error\":{\"message\":\"the answer was refused: ",
    },
    Streamed {
        api: "OpenAI responses",
        path: "/v1/responses",
        request: r#"{"model":"m","stream":true,"instructions":"¶","input":"§"}"#,
        content_type: "text/event-stream",
        before: "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"status\":\"in_progress\",\"output\":[]}}\n\n\
                 event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"type\":\"message\",\"id\":\"i\",\"role\":\"assistant\",\"content\":[]}}\n\n",
        delta: "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"item_id\":\"i\",\"output_index\":0,\"content_index\":0,\"delta\":\"§\"}\n\n",
        after: "event: response.output_text.done\ndata: {\"type\":\"response.output_text.done\",\"item_id\":\"i\",\"output_index\":0,\"content_index\":0,\"text\":\"§\"}\n\n\
                event: response.output_item.done\ndata: {\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{\"type\":\"message\",\"id\":\"i\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"§\"}]}}\n\n\
                event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"status\":\"completed\",\"output\":[{\"type\":\"message\",\"id\":\"i\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"§\"}]}]}}\n\n",
        event: "event: error\ndata: {\"type\":\"error\",\"sequence_number\":0,\"code\":\"prompt_guard\",\"message\":\"the answer was refused: ",
    },
    Streamed {
        api: "Anthropic",
        path: "/v1/messages",
        request: r#"{"model":"m","max_tokens":9,"stream":true,"system":"¶","messages":[{"role":"user","content":"§"}]}"#,
        content_type: "text/event-stream",
        before: "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"a\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":7,\"output_tokens\":1}}}\n\n\
                 event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        delta: "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"§\"}}\n\n",
        after: "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
                event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":3}}\n\n\
                event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        event: "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"the answer was refused: ",
    },
    Streamed {
        api: "Gemini",
        path: "/v1beta/models/g:streamGenerateContent?alt=sse",
        request: r#"{"system_instruction":{"parts":[{"text":"¶"}]},"contents":[{"role":"user","parts":[{"text":"§"}]}]}"#,
        content_type: "text/event-stream",
        before: "",
        delta: "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"§\"}],\"role\": \"model\"},\"index\": 0}]}\r\n\r\n",
        after: "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"\"}],\"role\": \"model\"},\"finishReason\": \"STOP\",\"index\": 0}]}\r\n\r\n",
        event: "data: {\"error\":{\"code\":400,\"message\":\"the answer was refused: ",
    },
    Streamed {
        api: "Gemini as an array",
        path: "/v1beta/models/g:streamGenerateContent",
        request: r#"{"systemInstruction":{"parts":[{"text":"¶"}]},"contents":[{"role":"user","parts":[{"text":"§"}]}]}"#,
        content_type: "application/json",
        before: "[{\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"\"}],\"role\": \"model\"},\"index\": 0}]}",
        delta: ",\r\n{\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"§\"}],\"role\": \"model\"},\"index\": 0}]}",
        after: ",\r\n{\"candidates\": [{\"finishReason\": \"STOP\",\"index\": 0}]}\r\n]",
        event: ",\n{\"error\":{\"code\":400,\"message\":\"the answer was refused: ",
    },
    Streamed {
        api: "Ollama chat",
        path: "/api/chat",
        request: r#"{"model":"m","messages":[{"role":"system","content":"¶"},{"role":"user","content":"§"}]}"#,
        content_type: "application/x-ndjson",
        before: "",
        delta: "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"§\"},\"done\":false}\n",
        after: "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\"}\n",
        event: "\n{\"error\":\"the answer was refused: ",
    },
    Streamed {
        api: "Ollama generate",
        path: "/api/generate",
        request: r#"{"model":"m","system":"¶","prompt":"§"}"#,
        content_type: "application/x-ndjson",
        before: "",
        delta: "{\"model\":\"m\",\"response\":\"§\",\"done\":false}\n",
        after: "{\"model\":\"m\",\"response\":\"\",\"done\":true,\"done_reason\":\"stop\"}\n",
        event: "\n{\"error\":\"the answer was refused: ",
    },
    Streamed {
        api: "a model of one's own",
        path: "/our/infer",
        request: r#"{"engine":"m","rules":"¶","words":"§"}"#,
        content_type: "application/x-ndjson",
        before: "",
        delta: "{\"said\":\"§\"}\n",
        after: "{\"said\":\"\",\"end\":true}\n",
        event: "\n{\"error\":{\"message\":\"the answer was refused: ",
    },
];
