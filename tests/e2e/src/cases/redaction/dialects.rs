//! There and back in every dialect, whole and streamed: lengths exact, no frame added, nothing else moved.

use super::{MARK, found, masked, plain, redactor_in, restored};
use crate::check::*;
use crate::message::{Framing, Request};
use crate::scenario::{Scenario, Setup, case};
use crate::script::Script;

/// One exchange of an API. `§` is the value on the client's side and its placeholder on the upstream's.
struct Spoken {
    api: &'static str,
    path: &'static str,
    request: &'static str,
    answer: &'static str,
    /// How often the answer has the value.
    returns: i64,
}

/// The same for a stream: the frame of one delta, and the frames around them. There `§` is the delta's text, and what
/// follows the deltas may repeat all of it.
struct Streamed {
    api: &'static str,
    path: &'static str,
    request: &'static str,
    content_type: &'static str,
    before: &'static str,
    delta: &'static str,
    after: &'static str,
}

/// What the upstream says, delta by delta, and what the client reads.
const SAID: [&str; 4] = ["Dear [EM", "AIL_", "1]!", " Bye."];
const READ: [&str; 4] = ["Dear ana.roe@example.org", "", "!", " Bye."];

/// All of this file.
pub fn cases() -> Vec<Scenario> {
    let whole = WHOLE.iter().map(there_and_back);
    let streamed = STREAMED.iter().map(stream_there_and_back);
    whole.chain(streamed).collect()
}

/// A model of one's own, described by pointers.
fn setup() -> Setup {
    let custom = r#"{"custom":[{"path":"/our/infer","framing":"ndjson",
        "request":{"model":"/engine","texts":[{"scope":"user","pointer":"/words"}]},
        "response":{"texts":[{"scope":"output","pointer":"/said"}]}}]}"#;
    redactor_in(custom, "{}")
}

fn post(path: &str, body: String) -> Request {
    Request::new("POST", path)
        .header("content-type", "application/json")
        .body(body)
}

fn there_and_back(spoken: &Spoken) -> Scenario {
    let answer = Script::new(200).header("content-type", "application/json");
    let scenario = case(format!("redact: {} there and back", spoken.api))
        .given(setup())
        .request(post(spoken.path, plain(spoken.request)))
        .upstream(answer.data(masked(spoken.answer)));
    scenario.then_all([
        client_gets(200),
        upstream_body(masked(spoken.request)),
        length_is_exact(),
        client_body(plain(spoken.answer)),
        restored(spoken.returns),
    ])
}

fn stream_there_and_back(spoken: &Streamed) -> Scenario {
    let frames = |texts: [&str; 4]| {
        let deltas = texts.map(|text| spoken.delta.replace(MARK, text)).concat();
        let after = spoken.after.replace(MARK, &texts.concat());
        [spoken.before, &deltas, &after].concat()
    };
    let answer = Script::new(200)
        .header("content-type", spoken.content_type)
        .framed(Framing::Chunked)
        .data(frames(SAID));
    case(format!("redact: {} there and back, streamed", spoken.api))
        .given(setup())
        .request(post(spoken.path, plain(spoken.request)))
        .upstream(answer)
        .then_all([
            client_gets(200),
            upstream_body(masked(spoken.request)),
            client_body(frames(READ)),
            found("user", "request", "mask", 1),
            restored(1),
        ])
}

/// The upstream is told the length of what it gets.
fn length_is_exact() -> Check {
    Check::new(|seen| {
        let saw = seen.upstream.first().ok_or("upstream: saw nothing")?;
        let told = crate::message::first(&saw.headers, "content-length").map(crate::message::show);
        let want = format!("\"{}\"", saw.body.len());
        if told.as_ref() == Some(&want) {
            return Ok(());
        }
        Err(format!("upstream: told the length {told:?}, got {want}"))
    })
}

const WHOLE: &[Spoken] = &[
    Spoken {
        api: "OpenAI chat",
        path: "/v1/chat/completions",
        request: r#"{"model":"m","messages":[{"role":"system","content":"Serve §."},{"role":"user","content":[{"type":"text","text":"I am § (§)"}]},{"role":"assistant","content":null,"tool_calls":[{"id":"t","type":"function","function":{"name":"mail","arguments":"{\"to\":\"§\",\"cc\":[\"§\"]}"}}]},{"role":"tool","tool_call_id":"t","content":"{\"sent\":\"§\"}"}]}"#,
        answer: r#"{"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Dear § **§**","tool_calls":[{"id":"t","type":"function","function":{"name":"mail","arguments":"{\"to\": \"§\"}"}}]},"finish_reason":"tool_calls"},{"index":1,"message":{"role":"assistant","content":"§"},"finish_reason":"stop"}]}"#,
        returns: 4,
    },
    Spoken {
        api: "OpenAI responses",
        path: "/v1/responses",
        request: r#"{"model":"m","instructions":"Serve §.","input":[{"role":"user","content":[{"type":"input_text","text":"I am §"}]},{"type":"function_call","call_id":"t","name":"mail","arguments":"{\"to\":\"§\"}"},{"type":"function_call_output","call_id":"t","output":"to §"}]}"#,
        answer: r#"{"id":"r","object":"response","status":"completed","model":"m","output":[{"type":"message","id":"i","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Dear §","annotations":[]}]},{"type":"function_call","id":"f","call_id":"u","name":"mail","arguments":"{\"to\":\"§\"}","status":"completed"}]}"#,
        returns: 2,
    },
    Spoken {
        api: "OpenAI completions",
        path: "/v1/completions",
        request: r#"{"model":"m","prompt":["I am §","§"]}"#,
        answer: r#"{"id":"c","object":"text_completion","model":"m","choices":[{"index":0,"text":"Dear §","finish_reason":"stop"}]}"#,
        returns: 1,
    },
    Spoken {
        api: "OpenAI embeddings",
        path: "/v1/embeddings",
        request: r#"{"model":"m","input":["I am §","§"]}"#,
        answer: r#"{"object":"list","model":"m","data":[{"object":"embedding","index":0,"embedding":[0.5,-1e-3]}],"usage":{"prompt_tokens":7,"total_tokens":7}}"#,
        returns: 0,
    },
    Spoken {
        api: "Anthropic",
        path: "/v1/messages",
        request: r#"{"model":"m","max_tokens":99,"system":[{"type":"text","text":"Serve §."}],"messages":[{"role":"user","content":"I am §"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"mail","input":{"to":"§","§":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"to §"}]}]}]}"#,
        answer: r#"{"id":"a","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"Dear §"},{"type":"tool_use","id":"u","name":"mail","input":{"to":["§"]}}],"stop_reason":"tool_use","usage":{"input_tokens":7,"output_tokens":3}}"#,
        returns: 2,
    },
    Spoken {
        api: "Gemini",
        path: "/v1beta/models/g:generateContent",
        request: r#"{"systemInstruction":{"parts":[{"text":"Serve §."}]},"contents":[{"role":"user","parts":[{"text":"I am §"}]},{"role":"model","parts":[{"functionCall":{"name":"mail","args":{"to":"§"}}}]},{"role":"user","parts":[{"functionResponse":{"name":"mail","response":{"sent":"§"}}}]}]}"#,
        answer: r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Dear §"},{"functionCall":{"name":"mail","args":{"to":"§"}}}]},"finishReason":"STOP","index":0}],"modelVersion":"g"}"#,
        returns: 2,
    },
    Spoken {
        api: "Gemini embeddings",
        path: "/v1beta/models/g:embedContent",
        request: r#"{"content":{"parts":[{"text":"I am §"}]}}"#,
        answer: r#"{"embedding":{"values":[0.5,-1e-3]}}"#,
        returns: 0,
    },
    Spoken {
        api: "Ollama chat",
        path: "/api/chat",
        request: r#"{"model":"m","stream":false,"messages":[{"role":"user","content":"I am §"},{"role":"assistant","content":"","tool_calls":[{"function":{"name":"mail","arguments":{"to":"§"}}}]},{"role":"tool","tool_name":"mail","content":"to §"}]}"#,
        answer: r#"{"model":"m","message":{"role":"assistant","content":"Dear §","tool_calls":[{"function":{"name":"mail","arguments":{"to":"§"}}}]},"done":true,"done_reason":"stop"}"#,
        returns: 2,
    },
    Spoken {
        api: "Ollama generate",
        path: "/api/generate",
        request: r#"{"model":"m","stream":false,"system":"Serve §.","prompt":"I am §"}"#,
        answer: r#"{"model":"m","response":"Dear §","done":true,"done_reason":"stop"}"#,
        returns: 1,
    },
    Spoken {
        api: "Ollama embeddings",
        path: "/api/embed",
        request: r#"{"model":"m","input":["I am §","§"]}"#,
        answer: r#"{"model":"m","embeddings":[[0.5,-1e-3]]}"#,
        returns: 0,
    },
    Spoken {
        api: "a model of one's own",
        path: "/our/infer",
        request: r#"{"engine":"m","words":"I am §","besides":["§"]}"#,
        answer: r#"{"said":"Dear §","besides":{"also":"§"}}"#,
        returns: 2,
    },
];

const STREAMED: &[Streamed] = &[
    Streamed {
        api: "OpenAI chat",
        path: "/v1/chat/completions",
        request: r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"I am §"}]}"#,
        content_type: "text/event-stream",
        before: "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
        delta: "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"§\"}}]}\n\n",
        after: "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
    },
    Streamed {
        api: "OpenAI chat with arguments of a tool",
        path: "/v1/chat/completions",
        request: r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"I am §"}]}"#,
        content_type: "text/event-stream",
        before: "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"t\",\"function\":{\"name\":\"mail\",\"arguments\":\"{\\\"to\\\":\\\"\"}}]}}]}\n\n",
        delta: "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"§\"}}]}}]}\n\n",
        after: "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\\\"}\"}}]}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n",
    },
    Streamed {
        api: "OpenAI completions",
        path: "/v1/completions",
        request: r#"{"model":"m","stream":true,"prompt":"I am §"}"#,
        content_type: "text/event-stream",
        before: "",
        delta: "data: {\"choices\":[{\"index\":0,\"text\":\"§\"}]}\n\n",
        after: "data: {\"choices\":[{\"index\":0,\"text\":\"\",\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
    },
    Streamed {
        api: "OpenAI responses, its repeats too",
        path: "/v1/responses",
        request: r#"{"model":"m","stream":true,"input":"I am §"}"#,
        content_type: "text/event-stream",
        before: "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"status\":\"in_progress\",\"output\":[]}}\n\n\
                 event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"type\":\"message\",\"id\":\"i\",\"role\":\"assistant\",\"content\":[]}}\n\n",
        delta: "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"item_id\":\"i\",\"output_index\":0,\"content_index\":0,\"delta\":\"§\"}\n\n",
        after: "event: response.output_text.done\ndata: {\"type\":\"response.output_text.done\",\"item_id\":\"i\",\"output_index\":0,\"content_index\":0,\"text\":\"§\"}\n\n\
                event: response.output_item.done\ndata: {\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{\"type\":\"message\",\"id\":\"i\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"§\"}]}}\n\n\
                event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"status\":\"completed\",\"output\":[{\"type\":\"message\",\"id\":\"i\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"§\"}]}]}}\n\n",
    },
    Streamed {
        api: "Anthropic",
        path: "/v1/messages",
        request: r#"{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"I am §"}]}"#,
        content_type: "text/event-stream",
        before: "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"a\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":7,\"output_tokens\":1}}}\n\n\
                 event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        delta: "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"§\"}}\n\n",
        after: "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
                event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":3}}\n\n\
                event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    },
    Streamed {
        api: "Anthropic with input of a tool",
        path: "/v1/messages",
        request: r#"{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"I am §"}]}"#,
        content_type: "text/event-stream",
        before: "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"mail\",\"input\":{}}}\n\n\
                 event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"to\\\": \\\"\"}}\n\n",
        delta: "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"§\"}}\n\n",
        after: "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"\\\"}\"}}\n\n\
                event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
                event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    },
    Streamed {
        api: "Gemini",
        path: "/v1beta/models/g:streamGenerateContent?alt=sse",
        request: r#"{"contents":[{"role":"user","parts":[{"text":"I am §"}]}]}"#,
        content_type: "text/event-stream",
        before: "",
        delta: "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"§\"}],\"role\": \"model\"},\"index\": 0}]}\r\n\r\n",
        after: "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"\"}],\"role\": \"model\"},\"finishReason\": \"STOP\",\"index\": 0}]}\r\n\r\n",
    },
    Streamed {
        api: "Gemini as an array",
        path: "/v1beta/models/g:streamGenerateContent",
        request: r#"{"contents":[{"role":"user","parts":[{"text":"I am §"}]}]}"#,
        content_type: "application/json",
        before: "[{\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"\"}],\"role\": \"model\"},\"index\": 0}]}",
        delta: ",\r\n{\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"§\"}],\"role\": \"model\"},\"index\": 0}]}",
        after: ",\r\n{\"candidates\": [{\"finishReason\": \"STOP\",\"index\": 0}]}\r\n]",
    },
    Streamed {
        api: "Ollama chat",
        path: "/api/chat",
        request: r#"{"model":"m","messages":[{"role":"user","content":"I am §"}]}"#,
        content_type: "application/x-ndjson",
        before: "",
        delta: "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"§\"},\"done\":false}\n",
        after: "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\"}\n",
    },
    Streamed {
        api: "Ollama generate",
        path: "/api/generate",
        request: r#"{"model":"m","prompt":"I am §"}"#,
        content_type: "application/x-ndjson",
        before: "",
        delta: "{\"model\":\"m\",\"response\":\"§\",\"done\":false}\n",
        after: "{\"model\":\"m\",\"response\":\"\",\"done\":true,\"done_reason\":\"stop\"}\n",
    },
    Streamed {
        api: "a model of one's own",
        path: "/our/infer",
        request: r#"{"engine":"m","words":"I am §"}"#,
        content_type: "application/x-ndjson",
        before: "",
        delta: "{\"said\":\"§\"}\n",
        after: "{\"said\":\"\",\"end\":true}\n",
    },
];
