//! From events to steps: where the stream breaks and when each event is due.
//!
//! All of it is worked out before the first byte leaves, so a delivery repeats with its seed.

use std::time::Duration;

use bytes::Bytes;

use crate::controls::{Controls, Gzip, Ping, Reset};
use crate::dialect::{Event, Kind};
use crate::frames;
use crate::pace::{Due, Pace};
use crate::rng::Rng;
use crate::truth::Outcome;

/// One thing the body does.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Wait until it is due.
    Until(Due),
    /// Plan the rest, now that the first token is there.
    Plan,
    /// Wait so long after the step before.
    Gap(Duration),
    Send {
        bytes: Bytes,
        output: Option<u64>,
    },
    /// Cut the connection or stream.
    Reset,
    /// Nothing more, and no end.
    Stall,
    Trailers,
}

/// All that a body does, and what that is called in the truth.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub steps: Vec<Step>,
    pub outcome: Outcome,
}

/// Bytes that are due at a time, with the output they complete.
pub struct Timed {
    pub due: Due,
    pub bytes: Vec<u8>,
    pub output: Option<u64>,
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
    let events = match controls.garbage {
        Some(k) => with_garbage(events, k),
        None => events,
    };
    let (events, outcome) = broken_off(events, broken, controls);
    let mut timed = on_time(events, pace);
    if let (Some(ping), Some(when)) = (ping, controls.ping) {
        timed = with_pings(timed, ping, when, pace.ttft());
    }
    frames::dress(&mut timed, controls);
    if let Pace::Engine { .. } = pace {
        timed = frames::joined(timed, controls);
    }
    finish(timed, outcome, controls, rng)
}

/// Plans a unary body, whole at its time.
pub fn unary(body: Vec<u8>, tokens: u64, due: Due, controls: &Controls, rng: &mut Rng) -> Plan {
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
    if let Some(k) = controls.stall {
        return (first_deltas(events, k), Outcome::Cancelled);
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

/// Puts an event that is no JSON after the k-th delta, framed as its neighbours are.
fn with_garbage(mut events: Vec<Event>, k: u64) -> Vec<Event> {
    let deltas = events
        .iter()
        .enumerate()
        .filter(|(_, event)| matches!(event.kind, Kind::Delta { .. }));
    if let Some((position, neighbour)) = deltas.take(k.max(1) as usize).last() {
        let text = if neighbour.bytes.starts_with(b"{") {
            "{\"not\": json\n"
        } else {
            "data: {\"not\": json\n\n"
        };
        let at = if k == 0 { position } else { position + 1 };
        events.insert(
            at,
            Event {
                bytes: text.as_bytes().to_vec(),
                kind: Kind::Between,
            },
        );
    }
    events
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
    let mut due = pace.start();
    let mut tokens = 0;
    let mut timed = Vec::with_capacity(events.len());
    for event in events {
        let output = match event.kind {
            Kind::Delta { tokens: more } => {
                due = pace.delta(tokens, more);
                tokens += more;
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
    let keep_alive_due = |due| Timed {
        due,
        bytes: ping.to_vec(),
        output: None,
    };
    let keep_alive = |after| keep_alive_due(Due::After(after));
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
                all.extend(fifth.then(|| keep_alive_due(due)));
            }
        }
        Ping::Every(every) => {
            let mut next = every;
            for event in timed {
                // An engine does not know when its tokens will come: there are none then.
                while let Due::After(due) = event.due
                    && next < due
                {
                    all.push(keep_alive(next));
                    next += every;
                }
                all.push(event);
            }
        }
    }
    all
}

fn finish(mut timed: Vec<Timed>, outcome: Outcome, controls: &Controls, rng: &mut Rng) -> Plan {
    if controls.gzip == Gzip::Always {
        timed = frames::compressed(timed, outcome);
    }
    let mut steps = frames::cut(timed, controls, rng);
    if outcome == Outcome::Reset {
        steps.push(Step::Reset);
    } else if outcome == Outcome::Cancelled {
        steps.push(Step::Stall);
    } else if controls.trailers {
        steps.push(Step::Trailers);
    }
    Plan { steps, outcome }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn event(text: &str, kind: Kind) -> Event {
        Event {
            bytes: text.into(),
            kind,
        }
    }

    fn events() -> Vec<Event> {
        let delta = Kind::Delta { tokens: 1 };
        let deltas = ["data: a\n\n", "data: b\n\n", "data: c\n\n"].map(|text| event(text, delta));
        let mut all = vec![event("data: open\n\n", Kind::Opening)];
        all.extend(deltas);
        all.push(event("data: usage\n\n", Kind::Closing));
        all.push(event("data: [DONE]\n\n", Kind::Terminal));
        all
    }

    fn plan(sim: &str) -> Plan {
        let controls = Controls::default().overlaid(sim).unwrap();
        let broken = |_| vec![event("data: error\n\n", Kind::Closing)];
        let pace = Pace::new(&controls, 1.0);
        stream(
            events(),
            broken,
            Some(b": ping\n\n"),
            &controls,
            pace,
            &mut Rng::from_parts(1, []),
        )
    }

    fn frames(plan: &Plan) -> Vec<Vec<u8>> {
        let frame = |step: &Step| match step {
            Step::Send { bytes, .. } => Some(bytes.to_vec()),
            Step::Until(_) | Step::Plan | Step::Gap(_) | Step::Reset | Step::Stall | Step::Trailers => None,
        };
        plan.steps.iter().filter_map(frame).collect()
    }

    fn bytes(sim: &str) -> Vec<u8> {
        frames(&plan(sim)).concat()
    }

    fn text(sim: &str) -> String {
        String::from_utf8(bytes(sim)).unwrap()
    }

    fn tokens(plan: &Plan) -> u64 {
        let output = |step: &Step| {
            if let Step::Send { output, .. } = step {
                *output
            } else {
                None
            }
        };
        plan.steps.iter().filter_map(output).sum()
    }

    #[test]
    fn any_cut_gives_the_same_bytes_and_tokens() {
        for cut in ["chunk=1", "chunk=7", "chunk=all", "chunk=rand", "chunk=1000"] {
            assert_eq!(bytes(cut), bytes("chunk=event"), "{cut}");
            assert_eq!(tokens(&plan(cut)), 3, "{cut}");
        }
        assert!(frames(&plan("chunk=1")).iter().all(|frame| frame.len() == 1));
        assert_eq!(frames(&plan("chunk=all")).len(), 1);
    }

    #[test]
    fn a_stream_breaks_where_it_is_told() {
        assert_eq!(text("truncate=1"), "data: open\n\ndata: a\n\n");
        assert_eq!(
            text("error_at=2"),
            "data: open\n\ndata: a\n\ndata: b\n\ndata: error\n\n"
        );
        assert_eq!(text("no_done=1"), text("").replace("data: [DONE]\n\n", ""));
        assert_eq!(text("reset=start"), "");
        assert_eq!(text("reset=end"), text(""));
        assert_eq!(plan("reset=2").steps.last(), Some(&Step::Reset));
        assert_eq!(plan("stall=2").steps.last(), Some(&Step::Stall));
        assert_eq!(plan("trailers=1").steps.last(), Some(&Step::Trailers));
        assert!(text("garbage=1").contains("data: a\n\ndata: {\"not\": json\n\ndata: b"));
    }

    #[test]
    fn dress_changes_line_ends_and_start() {
        assert_eq!(text("crlf=1"), text("").replace('\n', "\r\n"));
        assert_eq!(text("bom=1"), format!("\u{feff}{}", text("")));
        assert_eq!(text("ping=2").matches(": ping").count(), 2);
    }

    #[test]
    fn each_gzip_frame_can_be_read_when_it_comes() {
        let frames = frames(&plan("gzip=1"));
        let mut decoder = flate2::read::MultiGzDecoder::new(std::io::Cursor::new(frames.concat()));
        let mut whole = String::new();
        decoder.read_to_string(&mut whole).unwrap();
        assert_eq!(whole, text(""));
        let two = frames[..2].concat();
        let mut partial = vec![0; 64];
        let read = flate2::read::GzDecoder::new(&two[..]).read(&mut partial).unwrap();
        assert!(read > 0);
    }

    #[test]
    fn on_an_engine_tokens_are_due_when_they_are_there() {
        let due = |interval| {
            let plan = stream(
                events(),
                |_| Vec::new(),
                None,
                &Controls::default(),
                Pace::Engine { interval },
                &mut Rng::from_parts(1, []),
            );
            let until = |step: &Step| {
                if let Step::Until(due) = step {
                    Some(*due)
                } else {
                    None
                }
            };
            plan.steps.iter().filter_map(until).collect::<Vec<_>>()
        };
        assert_eq!(due(1), [0, 1, 2, 3].map(Due::Tokens));
        assert_eq!(due(2), [0, 1, 3].map(Due::Tokens), "two tokens leave at once");
    }

    #[test]
    fn deltas_are_paced_and_the_first_waits_longest() {
        let due: Vec<Duration> = plan("ttft=10;tpot=2")
            .steps
            .iter()
            .filter_map(|step| {
                if let Step::Until(Due::After(due)) = step {
                    Some(*due)
                } else {
                    None
                }
            })
            .collect();
        assert_eq!(
            due.iter().map(Duration::as_millis).collect::<Vec<_>>(),
            [0, 10, 12, 14, 14, 14]
        );
    }
}
