//! From due bytes to the frames of a body: line ends, compression, and where it is cut.

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::controls::{Chunk, Controls};
use crate::pace::Due;
use crate::plan::{Step, Timed};
use crate::rng::Rng;
use crate::truth::Outcome;

/// Largest piece of `chunk=rand`, in bytes.
const MAX_RANDOM_PIECE: u64 = 64;

/// CRLF line ends and a byte order mark.
pub fn dress(timed: &mut [Timed], controls: &Controls) {
    if controls.crlf {
        for event in timed.iter_mut() {
            event.bytes = crlf(&event.bytes);
        }
    }
    if let Some(first) = timed.first_mut().filter(|_| controls.bom) {
        first.bytes.splice(0..0, *b"\xef\xbb\xbf");
    }
}

fn crlf(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 4);
    let mut before = 0;
    for byte in bytes {
        if *byte == b'\n' && before != b'\r' {
            out.push(b'\r');
        }
        out.push(*byte);
        before = *byte;
    }
    out
}

/// Each event is flushed, so that a reader can decode it before the next comes. A cut stream lacks gzip's own end.
pub fn compressed(timed: Vec<Timed>, outcome: Outcome) -> Vec<Timed> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let mut out: Vec<Timed> = Vec::with_capacity(timed.len() + 1);
    let last = timed.len().saturating_sub(1);
    for (position, event) in timed.into_iter().enumerate() {
        // Writing into a Vec cannot fail.
        let _ = encoder.write_all(&event.bytes);
        let _ = if position == last && outcome.ends_cleanly() {
            encoder.try_finish()
        } else {
            encoder.flush()
        };
        out.push(Timed {
            bytes: std::mem::take(encoder.get_mut()),
            ..event
        });
    }
    out
}

/// What is due at once leaves in one piece, if each event would have one.
pub fn joined(timed: Vec<Timed>, controls: &Controls) -> Vec<Timed> {
    if controls.chunk != Chunk::Event {
        return timed;
    }
    let mut out: Vec<Timed> = Vec::new();
    for event in timed {
        match out.last_mut().filter(|last| last.due == event.due) {
            Some(last) => {
                last.bytes.extend(event.bytes);
                last.output = last.output.into_iter().chain(event.output).reduce(|a, b| a + b);
            }
            None => out.push(event),
        }
    }
    out
}

/// The frames of the body.
pub fn cut(timed: Vec<Timed>, controls: &Controls, rng: &mut Rng) -> Vec<Step> {
    match controls.chunk {
        Chunk::Event => timed
            .into_iter()
            .flat_map(|event| [Step::Until(event.due), send(event.bytes, event.output)])
            .collect(),
        Chunk::All => whole(timed),
        Chunk::Bytes(size) => recut(timed, controls.gap, || size),
        Chunk::Random => recut(timed, controls.gap, || rng.range(1, MAX_RANDOM_PIECE) as usize),
    }
}

fn send(bytes: Vec<u8>, output: Option<u64>) -> Step {
    Step::Send {
        bytes: Bytes::from(bytes),
        output,
    }
}

fn whole(timed: Vec<Timed>) -> Vec<Step> {
    let due = timed.last().map_or(Due::After(Duration::ZERO), |last| last.due);
    let output = timed.iter().filter_map(|event| event.output).reduce(|a, b| a + b);
    vec![
        Step::Until(due),
        send(timed.into_iter().flat_map(|event| event.bytes).collect(), output),
    ]
}

/// Pieces of chosen sizes, over the borders of events; a piece waits for its last byte.
fn recut(timed: Vec<Timed>, gap: Duration, mut size: impl FnMut() -> usize) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut piece = Vec::new();
    let mut output: Option<u64> = None;
    let mut wanted = size();
    for event in timed {
        steps.push(Step::Until(event.due));
        let last = event.bytes.len().saturating_sub(1);
        for (position, byte) in event.bytes.into_iter().enumerate() {
            piece.push(byte);
            if position == last
                && let Some(tokens) = event.output
            {
                output = Some(output.unwrap_or(0) + tokens);
            }
            if piece.len() == wanted {
                steps.push(send(std::mem::take(&mut piece), output.take()));
                steps.extend((gap > Duration::ZERO).then_some(Step::Gap(gap)));
                wanted = size();
            }
        }
    }
    if !piece.is_empty() {
        steps.push(send(piece, output));
    }
    steps
}
