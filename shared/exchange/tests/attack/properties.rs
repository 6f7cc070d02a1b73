//! Whatever the split, the holds, the edits, the callouts and the ending.

use crate::bodies::*;
use crate::filters::*;
use crate::play::{Ending, answer};
use crate::stage::{Stage, head};
use penstock_exchange::{Flow, Host, Input};
use penstock_fake_envoy::{Ended, FakeEnvoy, Guest, Options};
use penstock_filter_api::{Failure, Outcome, OutputFlow, Piece, PromptFlow};
use proptest::prelude::*;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// A filter that edits nothing and answers by chance: clears, holds, asks a service.
fn dithers(seed: u64) -> Spec {
    agrees().output(move || {
        let mut dice = Dice::new(seed);
        Box::new(move |piece, _, reply| dither(&mut dice, piece, reply.is_some()))
    })
}

fn dither(dice: &mut Dice, piece: &Piece<'_>, answered: bool) -> OutputFlow {
    let start = piece.start - piece.held.len() as u64;
    let bytes = (piece.held.len() + piece.text.len()) as u64;
    match dice.roll(6) {
        0 | 1 => OutputFlow::Clear,
        2 if !answered => OutputFlow::Wait(callout()),
        _ => OutputFlow::HoldFrom(start + dice.roll(bytes + 1)),
    }
}

/// A filter that also cuts and fails by chance.
fn rages(seed: u64, open: bool) -> Spec {
    let spec = agrees().output(move || {
        let mut dice = Dice::new(seed);
        Box::new(move |piece, _, reply| match dice.roll(20) {
            0 => OutputFlow::Cut(denial()),
            1 => OutputFlow::Fail(Failure::Callout),
            _ => dither(&mut dice, piece, reply.is_some()),
        })
    });
    if open { spec.open() } else { spec }
}

fn without_comments(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body).replace('\r', "");
    text.lines()
        .filter(|line| !line.starts_with(':') && !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

const SLOW: &str = r#"{"max_hold_ms": 10000000}"#;

proptest! {
    #![proptest_config(config())]

    #[test]
    fn without_edits_not_a_byte_changes(
        play in answer(), latencies in prop::collection::vec(0u64..20, 1..5), seeds in prop::collection::vec(any::<u64>(), 0..4),
    ) {
        let filters = seeds.len();
        let mut stage = Stage::asking(latencies, SLOW, seeds.into_iter().map(dithers).collect());
        let stream = stage.ask(ASK);
        play.all(&mut stage, stream);
        prop_assert!(stage.is_whole(stream));
        prop_assert_eq!(without_comments(&stage.client(stream).body), without_comments(play.body.as_bytes()));
        if !play.body.contains("\n:") {
            prop_assert_eq!(stage.text(stream), play.body);
        }
        prop_assert_eq!(stage.ended(filters), vec![Outcome::Complete; filters]);
    }

    #[test]
    fn edits_give_the_same_text_whatever_the_split(
        play in answer(), latencies in prop::collection::vec(0u64..20, 1..5), seed: u64, zipped: bool,
    ) {
        let filters = vec![replaces("two", "3"), dithers(seed), replaces("secret", "two")];
        let mut stage = Stage::asking(latencies, SLOW, filters);
        let stream = stage.ask(ASK);
        if zipped { play.zipped(&mut stage, stream) } else { play.all(&mut stage, stream) }
        prop_assert!(stage.is_whole(stream));
        let client = stage.client(stream).body.clone();
        let edited = |text: String| text.replace("secret", "two").replace("two", "3");
        for choice in 0..3 {
            prop_assert_eq!(text_of(&client, choice), edited(text_of(play.body.as_bytes(), choice)));
        }
        for call in 0..2 {
            prop_assert_eq!(arguments_of(&client, call), edited(arguments_of(play.body.as_bytes(), call)));
        }
        prop_assert_eq!(
            without_comments(&client).matches("data: ").count(),
            without_comments(play.body.as_bytes()).matches("data: ").count()
        );
        prop_assert_eq!(stage.ended(3), vec![Outcome::Complete; 3]);
    }

    #[test]
    fn nothing_leaves_before_it_is_decided(
        play in answer(), latencies in prop::collection::vec(0u64..20, 1..5), seed: u64,
    ) {
        let cleared = Rc::new(Cell::new(0));
        let most = cleared.clone();
        let filter = agrees().output(move || {
            let (mut dice, most) = (Dice::new(seed), most.clone());
            Box::new(move |piece, _, reply| {
                let end = piece.start + piece.text.len() as u64;
                let flow = dither(&mut dice, piece, reply.is_some());
                if piece.channel.0 == 0 {
                    most.set(most.get().max(match flow {
                        OutputFlow::HoldFrom(at) if !piece.last => at,
                        OutputFlow::Wait(_) => 0,
                        _ => end,
                    }));
                }
                flow
            })
        });
        let mut stage = Stage::asking(latencies, SLOW, vec![filter]);
        let stream = stage.ask(ASK);
        play.watched(&mut stage, stream, |stage| {
            let out = text_of(&stage.client(stream).body, 0).len() as u64;
            assert!(out <= cleared.get(), "{out} bytes left, {} are decided", cleared.get());
        });
        stage.ended(1);
    }

    #[test]
    fn every_end_is_the_only_one(
        play in answer(), ending in any::<Ending>(), at in 0usize..2_000, latencies in prop::collection::vec(0u64..200, 1..5),
        seeds in prop::collection::vec((any::<u64>(), any::<bool>(), any::<bool>()), 0..4),
    ) {
        let filters = seeds.len();
        let closed = seeds.iter().any(|(_, open, shadow)| !open && !shadow);
        let specs = seeds.into_iter().map(|(seed, open, shadow)| {
            let spec = rages(seed, open);
            if shadow { spec.shadow() } else { spec }
        });
        let mut stage = Stage::asking(latencies, r#"{"max_hold_ms": 300}"#, specs.collect());
        let stream = stage.ask(ASK);
        play.upto(&mut stage, stream, at, ending);
        stage.envoy.pass(20_000);
        let client = stage.client(stream).clone();
        prop_assert_ne!(client.ended, Ended::Open);
        for outcome in stage.ended(filters) {
            match outcome {
                // Once every choice has finished, the rest may be missing.
                Outcome::Complete if ending == Ending::Early => {}
                Outcome::Complete => prop_assert_eq!(
                    without_comments(&client.body), without_comments(play.body.as_bytes())
                ),
                Outcome::Truncated => prop_assert_eq!(ending, Ending::Early),
                Outcome::Cancelled => prop_assert_eq!(ending, Ending::ClientLeaves),
                Outcome::UpstreamError => prop_assert!(matches!(ending, Ending::UpstreamResets | Ending::TimesOut)),
                Outcome::Cut => {
                    let named = ["not_here", "callout", "hold_timeout", "invalid_json"].iter().any(|code| stage.text(stream).contains(code));
                    prop_assert!(named || client.ended == Ended::Reset);
                    prop_assert!(closed || named || client.ended == Ended::Reset);
                }
                Outcome::Denied => prop_assert!(false, "denied behind its head"),
            }
        }
    }

    #[test]
    fn a_whole_answer_is_judged_whole(
        text in crate::play::words(), cuts in prop::collection::vec(1usize..60, 1..8), zipped: bool, wait: bool, trailers: bool,
    ) {
        let waits = judges(move |_, _, reply| match reply {
            None if wait => OutputFlow::Wait(callout()),
            None | Some(_) => OutputFlow::Clear,
        });
        let mut stage = Stage::new("{}", vec![waits, replaces("secret", "two")]);
        let stream = stage.ask(ASK);
        let plain = completion(&text);
        let sent = if zipped { gzip(plain.as_bytes()) } else { plain.clone().into_bytes() };
        let length = sent.len().to_string();
        let mut fields = vec![(":status", "200"), ("content-type", "application/json"), ("content-length", &length)];
        if zipped {
            fields.push(("content-encoding", "gzip"));
        }
        stage.envoy.response_head(stream, head(&fields), false);
        for part in crate::play::cut(&sent, &cuts) {
            prop_assert_eq!(&stage.client(stream).head, &None);
            stage.envoy.response_body(stream, part, false);
        }
        if trailers {
            stage.envoy.response_trailers(stream, head(&[("x", "y")]));
        } else {
            stage.envoy.response_body(stream, b"", true);
        }
        stage.envoy.pass(100);
        let expected = if text.contains("secret") { completion(&text.replace("secret", "two")).into_bytes() } else { sent };
        prop_assert_eq!(&stage.client(stream).body, &expected);
        prop_assert_eq!(stage.ended(2), vec![Outcome::Complete; 2]);
    }

    #[test]
    fn a_request_waits_for_its_verdict_and_keeps_its_length(
        text in crate::play::words(), cuts in prop::collection::vec(1usize..60, 1..8), zipped: bool, verdict in 0u8..4, trailers: bool,
    ) {
        let judge = prompted(move |prompt, reply, _| match (verdict, reply) {
            (0, _) => PromptFlow::Next,
            (1, None) => PromptFlow::Wait(callout()),
            (2, _) => PromptFlow::Deny(denial()),
            _ => {
                prompt.set_model("another-model");
                PromptFlow::Next
            }
        });
        let mut stage = Stage::asking(vec![10], "{}", vec![agrees(), judge]);
        let stream = stage.open();
        let plain = format!(r#"{{"model":"m","messages":[{{"role":"user","content":{}}}]}}"#, quoted(&text));
        let sent = if zipped { gzip(plain.as_bytes()) } else { plain.clone().into_bytes() };
        let length = sent.len().to_string();
        let mut fields = vec![(":method", "POST"), (":path", "/v1/chat/completions"), ("content-type", "application/json")];
        if zipped {
            fields.push(("content-encoding", "gzip"));
        }
        if !trailers {
            fields.push(("content-length", &length));
        }
        stage.envoy.request_head(stream, head(&fields), false);
        for part in crate::play::cut(&sent, &cuts) {
            stage.envoy.request_body(stream, part, false);
            prop_assert_eq!(&stage.envoy.upstream(stream).head, &None);
        }
        if trailers {
            stage.envoy.request_trailers(stream, head(&[("x", "y")]));
        } else {
            stage.envoy.request_body(stream, b"", true);
        }
        stage.envoy.pass(100);
        let upstream = stage.envoy.upstream(stream).clone();
        match verdict {
            0 => prop_assert_eq!(upstream.body, sent),
            2 => {
                prop_assert_eq!(upstream.head, None);
                prop_assert_eq!(stage.client(stream).field(":status"), Some(&b"403"[..]));
            }
            _ => {
                prop_assert_eq!(String::from_utf8_lossy(&upstream.body), plain.replacen("\"m\"", "\"another-model\"", 1));
                prop_assert_eq!(upstream.field("content-encoding"), None);
            }
        }
        stage.envoy.client_leaves(stream);
        let outcome = if verdict == 2 { Outcome::Denied } else { Outcome::Cancelled };
        prop_assert_eq!(stage.ended(2), vec![outcome; 2]);
    }

    #[test]
    fn shadow_is_as_if_nobody_were_there(
        play in answer(), cuts in prop::collection::vec(1usize..40, 1..4), seeds in prop::collection::vec(any::<u64>(), 1..4),
    ) {
        let seen = |envoy: &FakeEnvoy, stream| (envoy.upstream(stream).clone(), envoy.client(stream).clone());
        let events: Rc<RefCell<Vec<_>>> = Rc::default();
        let mut bare = Stage::new("{}", Vec::new());
        let stream = bare.envoy.open(Box::new(Bare));
        let log = events.clone();
        play.with_request(&mut bare, stream, &cuts, |stage| log.borrow_mut().push(seen(&stage.envoy, stream)));

        let filters = seeds.len();
        let specs = seeds.into_iter().map(|seed| shadow_of_everything(seed).shadow());
        let mut stage = Stage::new("{}", specs.collect());
        let stream = stage.open();
        let at = Cell::new(0);
        play.with_request(&mut stage, stream, &cuts, |stage| {
            assert_eq!(seen(&stage.envoy, stream), events.borrow()[at.get()], "event {}", at.get());
            at.set(at.get() + 1);
        });
        stage.ended(filters);
    }
}

/// A few cases here, as many as `PROPTEST_CASES` says where there is time. A failure prints its input; no file keeps it.
fn config() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        cases: asked.and_then(|cases| cases.parse().ok()).unwrap_or(48),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// No module at all.
struct Bare;

impl Guest for Bare {
    fn on(&mut self, _: Input, _: &mut dyn Host) -> Flow {
        Flow::Continue
    }
}

/// A filter that does everything it could be forbidden.
fn shadow_of_everything(seed: u64) -> Spec {
    let spec = prompted(move |prompt, _, cx| {
        prompt.ask_usage();
        prompt.set_model("other");
        cx.set_request_header("x-a", "b");
        cx.set_response_header("x-a", "b");
        cx.add_response_trailer("x-a", "b");
        cx.decide_response();
        match seed % 4 {
            0 => PromptFlow::Deny(denial()),
            1 => PromptFlow::Wait(callout()),
            2 => PromptFlow::Fail(Failure::Callout),
            _ => PromptFlow::Next,
        }
    });
    spec.output(move || {
        let mut dice = Dice::new(seed);
        Box::new(move |piece, edits, _| {
            edits.replace(piece.start..piece.start + piece.text.len() as u64, "x");
            match dice.roll(30) {
                0 => OutputFlow::Cut(denial()),
                1 => OutputFlow::Fail(Failure::Callout),
                2 => OutputFlow::Wait(callout()),
                _ => OutputFlow::HoldFrom(piece.start + piece.text.len() as u64),
            }
        })
    })
}

#[test]
fn options_are_those_of_envoy() {
    // The tests above are worth something only while the stand-in watches.
    let mut envoy = FakeEnvoy::new(Options::default());
    let stream = envoy.open(Box::new(Bare));
    envoy.request_head(
        stream,
        head(&[(":method", "GET"), ("content-length", "3")]),
        false,
    );
    envoy.request_body(stream, b"four", true);
    assert!(!envoy.misuse().is_empty());
}

/// Chance that a seed repeats.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }
}
