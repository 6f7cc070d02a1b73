//! Every way to cut a body into chunks gives the same events, the same error and the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use penstock_wire::{FrameError, Framer, Framing};

fuzz_target!(|input: (u8, u8, &[u8], &[u8])| {
    let (framing, max, cuts, body) = input;
    let framing = [Framing::Sse, Framing::Ndjson, Framing::JsonArray][usize::from(framing % 3)];
    let max = if max == 0 { usize::MAX } else { usize::from(max) };
    let whole = run(framing, max, [body]);
    assert_eq!(whole.bytes, body);
    assert_eq!(run(framing, max, body.chunks(1)), whole);
    assert_eq!(run(framing, max, cut(body, cuts)), whole);
});

#[derive(Debug, PartialEq)]
struct Run {
    events: Vec<(Option<String>, Vec<u8>)>,
    bytes: Vec<u8>,
    result: Result<(), FrameError>,
}

fn run<'b>(framing: Framing, max: usize, chunks: impl IntoIterator<Item = &'b [u8]>) -> Run {
    let mut framer = Framer::new(framing, max);
    let mut run = Run { events: Vec::new(), bytes: Vec::new(), result: Ok(()) };
    let mut refused = Vec::new();
    for chunk in chunks {
        if run.result.is_err() {
            refused.extend_from_slice(chunk);
            continue;
        }
        run.result = framer.push(chunk, &mut |frame| {
            run.bytes.extend_from_slice(frame.raw());
            run.events.extend(frame.data().map(|data| (frame.event().map(str::to_owned), data.into_owned())));
        });
    }
    if run.result.is_ok() {
        run.result = framer.finish(&mut |frame| {
            run.bytes.extend_from_slice(frame.raw());
            run.events.extend(frame.data().map(|data| (frame.event().map(str::to_owned), data.into_owned())));
        });
    }
    run.bytes.extend(framer.take_pending());
    run.bytes.extend(refused);
    run
}

/// Chunks as long as `lengths` say, over and over.
fn cut<'b>(mut body: &'b [u8], lengths: &[u8]) -> Vec<&'b [u8]> {
    let mut chunks = Vec::new();
    for length in lengths.iter().cycle().take(body.len()) {
        let (chunk, rest) = body.split_at(usize::from(length % 16).min(body.len()));
        chunks.push(chunk);
        body = rest;
    }
    chunks.push(body);
    chunks
}
