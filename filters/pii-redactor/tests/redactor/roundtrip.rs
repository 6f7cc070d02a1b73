//! Whatever a client says: the upstream sees none of the values, and what comes back says them again.

use crate::dialects::{Bit, DIALECTS, Dialect, Said, joined};
use crate::story::given;
use crate::values::{CUSTOM, VALUES, arguments, text};
use proptest::prelude::*;
use serde_json::Value;

/// A few cases here, as many as `PROPTEST_CASES` says where there is time. A failure prints its input; no file keeps it.
pub(crate) fn cases(few: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        cases: asked.and_then(|cases| cases.parse().ok()).unwrap_or(few),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// What a client says, and how it comes back.
#[derive(Clone, Debug)]
struct Play {
    said: Said,
    /// Characters in each piece, by turns.
    pieces: Vec<usize>,
    /// Bytes in each chunk of the body, by turns.
    chunks: Vec<usize>,
    /// Which text or call goes on next, by turns.
    order: Vec<usize>,
    action: &'static str,
}

const ACTIONS: [&str; 4] = [
    r#""action": "mask""#,
    r#""action": "format_preserving""#,
    r#""keyed": true, "key": "0123456789abcdef""#,
    // What the client sent is none of the finds in the answer.
    r#""answers": "mask""#,
];

fn play() -> impl Strategy<Value = Play> {
    let turns = |sizes: std::ops::Range<usize>| prop::collection::vec(sizes, 1..6);
    let calls = prop::collection::vec(arguments().prop_map(|call| call.to_string()), 0..=2);
    let action = prop::sample::select(&ACTIONS[..]);
    (
        prop::collection::vec(text(), 1..=2),
        calls,
        turns(1..9),
        turns(1..60),
        turns(0..4),
        action,
    )
        .prop_map(|(texts, calls, pieces, chunks, order, action)| Play {
            said: Said { texts, calls },
            pieces,
            chunks,
            order,
            action,
        })
}

impl Play {
    /// What there is of it in this API.
    fn fit(&self, dialect: &Dialect) -> Said {
        let Said { mut texts, mut calls } = self.said.clone();
        texts.truncate(dialect.max_texts);
        calls.truncate(dialect.max_calls);
        Said { texts, calls }
    }

    fn config(&self) -> String {
        format!("{{{}, {CUSTOM}}}", self.action)
    }

    /// The pieces of a stream that says this.
    fn bits(&self, said: &Said, cuts_calls: bool) -> Vec<Bit> {
        let mut sizes = self.pieces.iter().cycle();
        let mut cut = |text: &str, whole: bool| {
            let chars: Vec<char> = text.chars().collect();
            let mut rest = chars.as_slice();
            let mut pieces = Vec::new();
            while !rest.is_empty() {
                let size = if whole {
                    rest.len()
                } else {
                    (*sizes.next().unwrap()).min(rest.len())
                };
                pieces.push(rest[..size].iter().collect::<String>());
                rest = &rest[size..];
            }
            pieces
        };
        let texts = said.texts.iter().map(|text| cut(text, false)).collect::<Vec<_>>();
        let calls = said
            .calls
            .iter()
            .map(|call| cut(call, !cuts_calls))
            .collect::<Vec<_>>();
        let texts = texts.into_iter().enumerate().map(|(number, pieces)| {
            pieces
                .into_iter()
                .map(|piece| Bit::Text(number, piece))
                .collect::<Vec<_>>()
        });
        let calls = calls.into_iter().enumerate().map(|(number, pieces)| {
            pieces
                .into_iter()
                .map(|piece| Bit::Call(number, piece))
                .collect::<Vec<_>>()
        });
        let mut queues: Vec<_> = texts.chain(calls).map(Vec::into_iter).collect();
        let mut bits = Vec::new();
        for turn in self.order.iter().cycle() {
            queues.retain(|queue| queue.len() > 0);
            if queues.is_empty() {
                break;
            }
            let at = turn % queues.len();
            bits.extend(queues[at].next());
        }
        bits
    }

    fn chunks<'b>(&self, mut bytes: &'b [u8]) -> Vec<&'b [u8]> {
        let mut chunks = Vec::new();
        for size in self.chunks.iter().cycle() {
            if bytes.is_empty() {
                break;
            }
            let (chunk, rest) = bytes.split_at((*size).min(bytes.len()));
            chunks.push(chunk);
            bytes = rest;
        }
        chunks
    }
}

/// Calls are compared as what they say: a client parses them.
fn meaning(said: &Said) -> (Vec<String>, Vec<Value>) {
    let parsed = said.calls.iter().map(|call| serde_json::from_str(call).unwrap());
    (said.texts.clone(), parsed.collect())
}

/// The upstream's bytes hold no value, however it is written.
fn assert_clean(sent: &Value) {
    fn texts<'v>(value: &'v Value, out: &mut Vec<std::borrow::Cow<'v, str>>) {
        match value {
            Value::String(text) => out.push(text.into()),
            Value::Number(number) => out.push(number.to_string().into()),
            Value::Array(items) => items.iter().for_each(|item| texts(item, out)),
            Value::Object(members) => members.iter().for_each(|(key, value)| {
                out.push(key.into());
                texts(value, out);
            }),
            Value::Null | Value::Bool(_) => {}
        }
    }
    let mut all = Vec::new();
    texts(sent, &mut all);
    let numbers = ["4111111111111111"];
    for text in &all {
        let inner = serde_json::from_str::<Value>(text).ok().filter(Value::is_object);
        if let Some(inner) = inner {
            assert_clean(&inner);
        }
        for value in VALUES.iter().chain(&numbers) {
            assert!(!text.contains(value), "{value} in {text}");
        }
    }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn whole_answers_say_what_the_client_said(play in play()) {
        for dialect in &DIALECTS {
            let said = play.fit(dialect);
            let mut story = given(&play.config());
            story = story.asks(dialect.paths[0], &(dialect.ask)(&said, false));
            let sent = story.sent();
            assert_clean(&sent);
            let heard = (dialect.heard)(&sent);
            let answer = story.answers(&(dialect.whole)(&heard));
            prop_assert_eq!(meaning(&(dialect.of_whole)(&answer)), meaning(&said), "{}", dialect.name);
        }
    }

    #[test]
    fn streams_say_what_the_client_said(play in play()) {
        for dialect in &DIALECTS {
            let said = play.fit(dialect);
            let mut story = given(&play.config());
            story = story.asks(dialect.paths[1], &(dialect.ask)(&said, true));
            let sent = story.sent();
            assert_clean(&sent);
            let bits = play.bits(&(dialect.heard)(&sent), dialect.cuts_calls);
            let payloads = (dialect.payloads)(&bits);
            let body = dialect.framing.frames(&payloads).concat();
            let got = story.streams(dialect.framing.content_type(), play.chunks(body.as_bytes()));
            let got = dialect.framing.payloads(&got);
            prop_assert_eq!(got.len(), payloads.len(), "a frame was added or lost: {}", dialect.name);
            let parsed: Vec<Value> = got.iter().filter_map(|payload| serde_json::from_str(payload).ok()).collect();
            prop_assert_eq!(meaning(&(dialect.of_payloads)(&parsed)), meaning(&said), "{}: {:?}", dialect.name, joined(&bits));
        }
    }
}
