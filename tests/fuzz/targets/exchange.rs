//! A whole exchange in the stand-in for Envoy: however the bodies are cut, the client, the upstream and the books get
//! the same, and the proxy is never misused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use penstock_exchange::{Engine, Exchange};
use penstock_fake_envoy::{Ended, FakeEnvoy, Options};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Byte that ends the request body in the input.
const SEPARATOR: u8 = 0;
const PATHS: [&str; 6] = [
    "/v1/chat/completions",
    "/v1/responses",
    "/v1/messages",
    "/api/chat",
    "/v1beta/models/m:streamGenerateContent",
    "/v1beta/models/m:streamGenerateContent?alt=sse",
];
const TYPES: [&str; 3] = ["text/event-stream", "application/json", "application/x-ndjson"];
const CONFIGS: [&str; 4] = [
    r#"{"token_meter": {}}"#,
    r#"{"token_meter": {}, "probe": {"request": "decide", "response": "decide", "on_failure": "open",
        "replace_prompt": [{"from": "cat", "to": "a dog"}], "replace": [{"from": "cat", "to": "a dog"}]}}"#,
    r#"{"probe": {"request": "decide", "response": "decide", "on_failure": "closed",
        "replace": [{"from": "cat", "to": ""}], "cut_on": "stop"}}"#,
    r#"{"token_meter": {}, "probe": {"mode": "shadow", "request": "decide", "response": "decide", "cut_on": "cat"}}"#,
];

/// What everyone has at the end.
#[derive(Debug, PartialEq)]
struct Seen {
    upstream: Vec<u8>,
    client: Vec<u8>,
    /// Whether each side has ended. A cut resets unless the response's end came along with it.
    over: [bool; 2],
    metrics: BTreeMap<String, u64>,
}

fn run(choice: [u8; 3], request: &[u8], response: &[u8], mut cut: impl FnMut(usize) -> usize) -> Seen {
    let [config, path, kind] = choice;
    let modules = [penstock_token_meter::MODULE, penstock_probe_filter::MODULE];
    let engine = Engine::load(pick(&CONFIGS, config).as_bytes(), &modules).expect("the configurations are right");
    let mut envoy = FakeEnvoy::new(Options::default());
    let stream = envoy.open(Box::new(Exchange::new(Rc::new(engine))));
    let field = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
    let head = [(":method", "POST"), (":path", pick(&PATHS, path)), ("content-type", "application/json")];
    envoy.request_head(stream, head.map(|(name, value)| field(name, value)).to_vec(), false);
    for (part, last) in parts(request, &mut cut) {
        envoy.request_body(stream, part, last);
    }
    if !envoy.is_over(stream) && envoy.upstream(stream).ended == Ended::Complete {
        let head = [(":status", "200"), ("content-type", pick(&TYPES, kind))];
        envoy.response_head(stream, head.map(|(name, value)| field(name, value)).to_vec(), false);
        for (part, last) in parts(response, &mut cut) {
            if !envoy.is_over(stream) {
                envoy.response_body(stream, part, last);
            }
        }
    }
    envoy.pass(60_000);
    assert!(envoy.misuse().is_empty(), "{:?}", envoy.misuse());
    let (upstream, client) = (envoy.upstream(stream).clone(), envoy.client(stream).clone());
    Seen {
        upstream: upstream.body,
        client: client.body,
        over: [upstream.ended, client.ended].map(|ended| ended != Ended::Open),
        metrics: envoy.metrics(),
    }
}

fn pick<'a>(from: &[&'a str], by: u8) -> &'a str {
    from[usize::from(by) % from.len()]
}

/// `body` in parts, the last one marked; an empty body is one empty part.
fn parts<'a>(body: &'a [u8], cut: &mut impl FnMut(usize) -> usize) -> Vec<(&'a [u8], bool)> {
    let mut parts = Vec::new();
    let mut rest = body;
    loop {
        let (part, tail) = rest.split_at(cut(rest.len()).clamp(1, rest.len().max(1)).min(rest.len()));
        parts.push((part, tail.is_empty()));
        rest = tail;
        if rest.is_empty() {
            return parts;
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((&[config, path, kind, seed], bodies)) = input.split_first_chunk::<4>() else { return };
    let at = bodies.iter().position(|byte| *byte == SEPARATOR).unwrap_or(bodies.len());
    let (request, response) = bodies.split_at(at);
    let response = response.get(1..).unwrap_or_default();
    let choice = [config, path, kind];
    let whole = run(choice, request, response, |left| left);
    let mut state = u32::from(seed) + 1;
    let cut = run(choice, request, response, |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if seed == 0 { 1 } else { (state >> 24) as usize % 24 + 1 }
    });
    assert_eq!(whole, cut);
});
