//! How fast the tape and the framer are beside `serde_json::Value`, on chat-like bodies.
//!
//! `cargo run --release -p penstock-wire --example parse_speed`
#![allow(clippy::print_stdout, reason = "a program for people")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use penstock_wire::{Framer, Framing, JsonError, Limits, Tape};

const PROSE: &str =
    "The gate opens when the lake is full, and the water finds the wheel. She wrote: \\\"hold it\\\"\\n";

fn chat(bytes: usize, prose: &str) -> Vec<u8> {
    let turn = |role| format!(r#"{{"role": "{role}", "content": "{}"}}"#, prose.repeat(5));
    let mut turns = vec![turn("system")];
    while turns.iter().map(String::len).sum::<usize>() < bytes {
        turns.push(turn(if turns.len() % 2 == 1 { "user" } else { "assistant" }));
    }
    let turns = turns.join(", ");
    format!(r#"{{"model": "m-1", "temperature": 0.7, "stream": true, "messages": [{turns}], "n": 1}}"#)
        .into_bytes()
}

fn event() -> Vec<u8> {
    let text = r#"{"id":"chatcmpl-8f2","object":"chat.completion.chunk","created":1718345013,"model":"m-1","choices":[{"index":0,"delta":{"content":" water"},"logprobs":null,"finish_reason":null}]}"#;
    text.as_bytes().to_vec()
}

/// Bytes a microsecond (MB/s) of the fastest of many rounds.
fn speed(bytes: usize, mut work: impl FnMut()) -> f64 {
    let rounds = (4 << 20) / bytes.max(1) + 1;
    let round = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..rounds).for_each(|_| work());
        start.elapsed()
    };
    let best = (0..15).map(|_| round(&mut work)).min().unwrap_or(Duration::MAX);
    (bytes * rounds) as f64 / best.as_secs_f64() / 1e6
}

fn compare(name: &str, body: &[u8]) -> Result<(), JsonError> {
    let mut tape = Tape::new();
    tape.parse(body, &Limits::default())?;
    let nodes = tape.view(body).len_nodes();
    let ours = speed(body.len(), || {
        let _ = black_box(tape.parse(black_box(body), &Limits::default()));
    });
    let theirs = speed(body.len(), || {
        drop(black_box(serde_json::from_slice::<serde_json::Value>(black_box(
            body,
        ))))
    });
    println!(
        "{name:14} {:>7} B {nodes:>6} nodes  tape {ours:>6.0} MB/s  Value {theirs:>6.0} MB/s  x{:.1}",
        body.len(),
        ours / theirs
    );
    Ok(())
}

fn main() -> Result<(), JsonError> {
    compare("chat 2 KB", &chat(2 << 10, PROSE))?;
    compare("chat 64 KB", &chat(64 << 10, PROSE))?;
    compare(
        "chat 64 KB zh",
        &chat(64 << 10, "水は門を通って車輪を見つける。湖が満ちると門が開く。"),
    )?;
    compare("event", &event())?;
    compare(
        "numbers 64 KB",
        format!("[{}0.5]", "0.0123, -4.5e-3, 17, ".repeat(3_000)).as_bytes(),
    )?;
    let stream = [&b"data: "[..], &event(), b"\n\n"].concat().repeat(300);
    for size in [4096, 64] {
        let framed = speed(stream.len(), || {
            let mut framer = Framer::new(Framing::Sse, 1 << 20);
            for chunk in stream.chunks(size) {
                let _ = framer.push(black_box(chunk), &mut |frame| drop(black_box(frame.data())));
            }
        });
        println!("SSE in chunks of {size:>4} B: {framed:>6.0} MB/s");
    }
    Ok(())
}
