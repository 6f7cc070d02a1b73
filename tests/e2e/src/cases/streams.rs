//! Streams that nobody changes: every form of framing, and no frame waits for a later byte.

use crate::bodies::*;
use crate::check::*;
use crate::message::Request;
use crate::scenario::{Module, Scenario, Setup, case};
use crate::script::Script;

fn idle() -> Setup {
    probe(r#"{"replace": [{"from": "zzz", "to": "x"}]}"#)
}

fn meter() -> Setup {
    Setup::with(Module::TokenMeter, r#"{"token_meter": {}}"#)
}

fn both(name: &str, answer: Script) -> Vec<Scenario> {
    let asks = chat_json(
        r#"{"model":"m-1","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]}"#,
    );
    let one = |(who, setup): (&str, Setup)| {
        let checks = [
            client_gets(200),
            client_body_untouched(),
            upstream_body_untouched(),
        ];
        case(format!("stream: {name} ({who})"))
            .given(setup)
            .request(asks.clone())
            .upstream(answer.clone())
            .then_all(checks)
    };
    [("idle", idle()), ("meter", meter())].map(one).to_vec()
}

/// All of this file.
pub fn cases() -> Vec<Scenario> {
    let mut all = both("plain", sse_of(&["Hel", "lo ", "there"]));
    all.extend(both(
        "with usage",
        sse().data(
            frames(&["Hello"])
                .concat()
                .replace(DONE, &format!("{}{DONE}", usage())),
        ),
    ));
    all.extend(both(
        "CRLF",
        sse().data(frames(&["Hel", "lo"]).concat().replace('\n', "\r\n")),
    ));
    all.extend(both(
        "CR",
        sse().data(frames(&["Hel", "lo"]).concat().replace('\n', "\r")),
    ));
    all.extend(both(
        "a byte order mark",
        sse().data(format!("\u{feff}{}", frames(&["Hello"]).concat())),
    ));
    all.extend(both(
        "comments and fields",
        sse().data(COMMENTED.replace("FRAME", delta("Hello").trim_end())),
    ));
    all.extend(both(
        "data in many lines",
        sse().data(split_lines(&delta("Hello")) + &finish() + DONE),
    ));
    all.extend(both(
        "no blank line at the end",
        sse().data(frames(&["Hello"]).concat().trim_end().to_owned()),
    ));
    all.extend(both(
        "no [DONE]",
        sse().data(frames(&["Hello"]).concat().replace(DONE, "")),
    ));
    all.extend(both(
        "an error event in the middle",
        sse().data(
            delta("Hel") + "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\"}}\n\n",
        ),
    ));
    all.extend(both("trailers", sse_of(&["Hel", "lo"]).trailer("x-end", "yes")));
    all.extend(both("nothing in it", sse()));
    all.push(gated("each frame at once", |script, frame, text| {
        script.data(frame).until(text)
    }));
    all.push(gated("keep-alives at once", |script, frame, text| {
        script
            .data(frame)
            .until(text)
            .data(": ping\n\n")
            .until("ping\n\n")
    }));
    all.push(gated("keep-alives of CRLF at once", |script, frame, text| {
        script
            .data(frame)
            .until(text)
            .data(": ping\r\n\r\n")
            .until("ping\r\n\r\n")
    }));
    all.extend(other_apis());
    all
}

const COMMENTED: &str = ": hello\n\nevent: message\nid: 7\nretry: 100\nFRAME\n\n:\n\ndata\n\nunknown: x\n\n";

fn split_lines(frame: &str) -> String {
    frame
        .replacen(",\"created\"", ",\ndata: \"created\"", 1)
        .replacen("\"choices\"", "\ndata:\"choices\"", 1)
}

/// The upstream writes a frame only when the client has the one before.
fn gated(name: &str, add: impl Fn(Script, String, &str) -> Script) -> Scenario {
    let texts = ["alpha", "bravo", "charlie"];
    let script = texts.iter().fold(sse(), |script, text| {
        add(
            script,
            delta(text),
            &format!("{text}\"}},\"finish_reason\":null}}]}}\n\n"),
        )
    });
    let script = script.data(finish()).until("stop").data(DONE);
    let checks = [client_gets(200), client_body_untouched()];
    case(format!("stream: {name}"))
        .given(idle())
        .request(chat_stream("hi"))
        .upstream(script)
        .then_all(checks)
}

fn other_apis() -> Vec<Scenario> {
    let anthropic = Request::new("POST", "/v1/messages")
        .header("content-type", "application/json")
        .body(r#"{"model":"claude-x","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#);
    let ollama = Request::new("POST", "/api/chat")
        .header("content-type", "application/json")
        .body(r#"{"model":"l","messages":[{"role":"user","content":"hi"}]}"#);
    let gemini = Request::new("POST", "/v1beta/models/gem-1:streamGenerateContent")
        .header("content-type", "application/json")
        .body(r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#);
    let ndjson = Script::new(200)
        .header("content-type", "application/x-ndjson")
        .framed(crate::message::Framing::Chunked);
    let array = Script::new(200)
        .header("content-type", "application/json")
        .framed(crate::message::Framing::Chunked);
    let pass = |name: &str, request: Request, script: Script| {
        let checks = [
            client_gets(200),
            client_body_untouched(),
            upstream_body_untouched(),
        ];
        case(format!("stream: {name}"))
            .given(idle())
            .request(request)
            .upstream(script)
            .then_all(checks)
    };
    vec![
        pass(
            "anthropic, event by event",
            anthropic,
            ANTHROPIC
                .iter()
                .fold(sse(), |script, (event, marker)| script.data(*event).until(marker)),
        ),
        pass(
            "ollama, line by line",
            ollama,
            OLLAMA
                .iter()
                .fold(ndjson, |script, line| script.data(*line).until(line.trim_end())),
        ),
        pass(
            "gemini, item by item",
            gemini,
            GEMINI
                .iter()
                .fold(array, |script, (item, marker)| script.data(*item).until(marker)),
        ),
    ]
}

const ANTHROPIC: &[(&str, &str)] = &[
    (
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-x\",\"content\":[],\"usage\":{\"input_tokens\":7,\"output_tokens\":1}}}\n\n",
        "message_start",
    ),
    ("event: ping\ndata: {\"type\": \"ping\"}\n\n", "\"ping\""),
    (
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        "content_block_start\",",
    ),
    (
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}\n\n",
        "Hello",
    ),
    (
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
        "content_block_stop\",",
    ),
    (
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":3}}\n\n",
        "end_turn",
    ),
    (
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        "\"message_stop\"}",
    ),
];

const OLLAMA: &[&str] = &[
    "{\"model\":\"l\",\"message\":{\"role\":\"assistant\",\"content\":\"Hel\"},\"done\":false}\n",
    "{\"model\":\"l\",\"message\":{\"role\":\"assistant\",\"content\":\"lo\"},\"done\":false}\n",
    "{\"model\":\"l\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":7,\"eval_count\":3}\n",
];

const GEMINI: &[(&str, &str)] = &[
    (
        "[{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"Hel\"}]},\"index\":0}]}",
        "Hel",
    ),
    (
        ",\r\n{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"lo\"}]},\"index\":0,\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":7,\"candidatesTokenCount\":3}}",
        "STOP",
    ),
    ("]\n", "]"),
];
