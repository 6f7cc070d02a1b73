//! From events to steps: where the stream breaks, when each event is due, how its bytes are encoded and cut.
//!
//! All of it is worked out before the first byte leaves, so a delivery repeats with its seed.

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::controls::{Chunk, Controls, Ping, Reset};
use crate::dialect::{Event, Kind};
use crate::rng::Rng;
use crate::truth::Outcome;

/// Largest piece of `chunk=rand`, in bytes.
const MAX_RANDOM_PIECE: u64 = 64;

/// One thing the body does.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Wait until so long after the start.
    Until(Duration),
    /// Wait so long after the step before.
    Gap(Duration),
    Send {
        bytes: Bytes,
        output: Option<u64>,
    },
    /// Cut the connection or stream.
    Reset,
    Trailers,
}

/// All that a body does, and what that is called in the truth.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub steps: Vec<Step>,
    pub outcome: Outcome,
}

/// The pace of one answer on one backend.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    pub ttft: Duration,
    pub tpot: Duration,
}

impl Pace {
    pub fn new(controls: &Controls, speed: f64) -> Self {
        Self {
            ttft: controls.ttft.div_f64(speed),
            tpot: controls.tpot.div_f64(speed),
        }
    }

    pub fn whole(&self, tokens: u64) -> Duration {
        self.ttft + self.tpot * tokens.min(u64::from(u32::MAX)) as u32
    }
}

/// Bytes that are due at a time, with the output they complete.
struct Timed {
    due: Duration,
    bytes: Vec<u8>,
    output: Option<u64>,
}

/// Plans a streamed body.
pub fn stream(
    events: Vec<Event>,
    broken: impl FnOnce(usize) -> Vec<Event>,
    ping: Option<&[u8]>,
    controls: &Controls,
    pace: Pace,
    rng: &mut Rng,
) -> Plan {
    let (events, outcome) = broken_off(events, broken, controls);
    let mut timed = on_time(events, pace);
    if let (Some(ping), Some(when)) = (ping, controls.ping) {
        timed = with_pings(timed, ping, when, pace.ttft);
    }
    dress(&mut timed, controls);
    finish(timed, outcome, controls, rng)
}

/// Plans a unary body, whole at its time.
pub fn unary(body: Vec<u8>, tokens: u64, due: Duration, controls: &Controls, rng: &mut Rng) -> Plan {
    let limit = match (controls.truncate, controls.reset) {
        (Some(k), _) | (None, Some(Reset::After(k))) => (k as usize).min(body.len()),
        (None, Some(Reset::Start)) => 0,
        (None, Some(Reset::Headers | Reset::End) | None) => body.len(),
    };
    let outcome = match (controls.reset, controls.truncate) {
        (Some(_), _) => Outcome::Reset,
        (None, Some(_)) => Outcome::Truncated,
        (None, None) => Outcome::Complete,
    };
    let output = (limit == body.len()).then_some(tokens);
    let timed = vec![Timed {
        due,
        bytes: body[..limit].to_vec(),
        output,
    }];
    finish(timed, outcome, controls, rng)
}

/// Cuts the list where `error_at`, `truncate`, `reset` or `no_done` say.
fn broken_off(
    events: Vec<Event>,
    broken: impl FnOnce(usize) -> Vec<Event>,
    controls: &Controls,
) -> (Vec<Event>, Outcome) {
    if let Some(k) = controls.error_at {
        let mut kept = first_deltas(events, k);
        let sent = kept.len();
        kept.extend(broken(sent));
        return (kept, Outcome::Error);
    }
    if let Some(k) = controls.truncate {
        return (first_deltas(events, k), Outcome::Truncated);
    }
    match controls.reset {
        Some(Reset::Headers | Reset::Start) => (Vec::new(), Outcome::Reset),
        Some(Reset::After(k)) => (first_deltas(events, k), Outcome::Reset),
        Some(Reset::End) => (events, Outcome::Reset),
        None if controls.no_done => (
            events
                .into_iter()
                .filter(|event| event.kind != Kind::Terminal)
                .collect(),
            Outcome::Complete,
        ),
        None => (events, Outcome::Complete),
    }
}

/// Everything up to and with the k-th delta, and nothing that closes the stream.
fn first_deltas(events: Vec<Event>, k: u64) -> Vec<Event> {
    let mut left = k;
    let wanted = |event: &Event| match event.kind {
        Kind::Opening => true,
        Kind::Delta { .. } if left > 0 => {
            left -= 1;
            true
        }
        Kind::Between => left > 0,
        Kind::Delta { .. } | Kind::Closing | Kind::Terminal => false,
    };
    events.into_iter().take_while(wanted).collect()
}

/// Openings go at once, the first delta at the time to first token, each later one a token's time after.
fn on_time(events: Vec<Event>, pace: Pace) -> Vec<Timed> {
    let mut due = Duration::ZERO;
    let mut tokens = 0;
    let mut timed = Vec::with_capacity(events.len());
    for event in events {
        let output = match event.kind {
            Kind::Delta { tokens: more } => {
                due = pace.ttft + pace.tpot * tokens;
                tokens += more as u32;
                Some(more)
            }
            Kind::Opening | Kind::Between | Kind::Closing | Kind::Terminal => None,
        };
        timed.push(Timed {
            due,
            bytes: event.bytes,
            output,
        });
    }
    timed
}

fn with_pings(timed: Vec<Timed>, ping: &[u8], when: Ping, ttft: Duration) -> Vec<Timed> {
    let keep_alive = |due| Timed {
        due,
        bytes: ping.to_vec(),
        output: None,
    };
    let mut all = Vec::with_capacity(timed.len() + 8);
    match when {
        Ping::Count(count) => {
            // Spread over the wait for the first token, then one after every fifth delta.
            let first = (0..count).map(|n| keep_alive(ttft * n / count.max(1)));
            let mut first = Some(first);
            let mut deltas = 0;
            for event in timed {
                if event.output.is_some() {
                    all.extend(first.take().into_iter().flatten());
                    deltas += 1;
                }
                let due = event.due;
                let fifth = event.output.is_some() && deltas % 5 == 0;
                all.push(event);
                all.extend(fifth.then(|| keep_alive(due)));
            }
        }
        Ping::Every(every) => {
            let mut next = every;
            for event in timed {
                while next < event.due {
                    all.push(keep_alive(next));
                    next += every;
                }
                all.push(event);
            }
        }
    }
    all
}

/// CRLF line ends and a byte order mark.
fn dress(timed: &mut [Timed], controls: &Controls) {
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

fn finish(mut timed: Vec<Timed>, outcome: Outcome, controls: &Controls, rng: &mut Rng) -> Plan {
    if controls.gzip == crate::controls::Gzip::Always {
        timed = compressed(timed, outcome);
    }
    let mut steps = cut(timed, controls, rng);
    if outcome == Outcome::Reset {
        steps.push(Step::Reset);
    } else if controls.trailers {
        steps.push(Step::Trailers);
    }
    Plan { steps, outcome }
}

/// Each event is flushed, so that a reader can decode it before the next comes. A cut stream lacks gzip's own end.
fn compressed(timed: Vec<Timed>, outcome: Outcome) -> Vec<Timed> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let mut out: Vec<Timed> = Vec::with_capacity(timed.len() + 1);
    let last = timed.len().saturating_sub(1);
    for (position, event) in timed.into_iter().enumerate() {
        // Writing into a Vec cannot fail.
        let _ = encoder.write_all(&event.bytes);
        let _ = if position == last && outcome != Outcome::Reset {
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

/// The frames of the body.
fn cut(timed: Vec<Timed>, controls: &Controls, rng: &mut Rng) -> Vec<Step> {
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
    let due = timed.last().map_or(Duration::ZERO, |last| last.due);
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
