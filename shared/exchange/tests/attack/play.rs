//! Random answers, cut at random places, with random endings.

use crate::bodies::*;
use crate::stage::{Stage, head};
use penstock_fake_envoy::StreamId;
use proptest::prelude::*;

/// A well-formed stream and how it comes.
#[derive(Clone, Debug)]
pub(crate) struct Play {
    pub(crate) body: String,
    cuts: Vec<usize>,
    pauses: Vec<u64>,
    end: End,
}

/// How a proxy hears of the end.
#[derive(Clone, Copy, Debug)]
enum End {
    WithData,
    Alone,
    Trailers,
}

/// What happens before the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Nothing.
    None,
    /// The upstream says that this was all.
    Early,
    ClientLeaves,
    UpstreamResets,
    TimesOut,
}

impl Arbitrary for Ending {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        prop_oneof![
            Just(Self::None),
            Just(Self::Early),
            Just(Self::ClientLeaves),
            Just(Self::UpstreamResets),
            Just(Self::TimesOut)
        ]
        .boxed()
    }
}

/// Text in which the words stand that filters look for, whole and in pieces.
pub(crate) fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "secret", "sec", "ret", "two", "tw", "o", "s", "é", "🦀", "\"", "\\", "\n", "a b", "",
    ]);
    prop::collection::vec(word, 0..6).prop_map(|words| words.concat())
}

#[derive(Clone, Debug)]
enum Event {
    Text(u32, String),
    Arguments(u32, String),
    Comment,
    Blank,
}

/// A stream with all that servers do.
pub(crate) fn answer() -> impl Strategy<Value = Play> {
    let event = prop_oneof![
        8 => (0..3u32, words()).prop_map(|(choice, text)| Event::Text(choice, text)),
        3 => (0..2u32, words()).prop_map(|(call, text)| Event::Arguments(call, text)),
        1 => Just(Event::Comment),
        1 => Just(Event::Blank),
    ];
    let end = prop_oneof![Just(End::WithData), Just(End::Alone), Just(End::Trailers)];
    let cuts = prop_oneof![
        Just(vec![1]),
        Just(vec![usize::MAX]),
        prop::collection::vec(1usize..200, 1..8)
    ];
    let pauses = prop::collection::vec(0u64..6, 1..6);
    (
        prop::collection::vec(event, 1..20),
        any::<bool>(),
        cuts,
        pauses,
        end,
    )
        .prop_map(|(events, crlf, cuts, pauses, end)| Play {
            body: body(&events, crlf),
            cuts,
            pauses,
            end,
        })
}

fn body(events: &[Event], crlf: bool) -> String {
    // The first text makes choice 0 the first channel.
    let mut choices = vec![0];
    let texts: String = events
        .iter()
        .map(|event| match event {
            Event::Text(choice, text) => {
                choices.push(*choice);
                delta(*choice, text)
            }
            Event::Arguments(call, json) => {
                choices.push(0);
                arguments(0, *call, json)
            }
            Event::Comment => ": still there\n\n".to_owned(),
            Event::Blank => "\n".to_owned(),
        })
        .collect();
    let mut body = delta(0, "o") + &texts;
    choices.sort_unstable();
    choices.dedup();
    body.extend(choices.into_iter().map(finish));
    body.push_str(&usage());
    body.push_str(DONE);
    if crlf { body.replace('\n', "\r\n") } else { body }
}

/// Pieces of these sizes, over and over.
pub(crate) fn cut<'a>(mut bytes: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    for size in sizes.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (part, rest) = bytes.split_at((*size).min(bytes.len()));
        parts.push(part);
        bytes = rest;
    }
    parts
}

impl Play {
    /// Everything comes.
    pub(crate) fn all(&self, stage: &mut Stage, stream: StreamId) {
        self.watched(stage, stream, |_| {});
    }

    /// Everything comes, and after each event somebody looks.
    pub(crate) fn watched(&self, stage: &mut Stage, stream: StreamId, mut look: impl FnMut(&Stage)) {
        stage.streams(stream);
        look(stage);
        self.bytes(stage, stream, self.body.as_bytes(), &mut look);
        stage.envoy.pass(1_000);
        look(stage);
    }

    /// Everything comes, compressed.
    pub(crate) fn zipped(&self, stage: &mut Stage, stream: StreamId) {
        let fields = [
            (":status", "200"),
            ("content-type", "text/event-stream"),
            ("content-encoding", "gzip"),
        ];
        stage.envoy.response_head(stream, head(&fields), false);
        self.bytes(stage, stream, &gzip(self.body.as_bytes()), &mut |_| {});
        stage.envoy.pass(1_000);
    }

    /// The request comes first, in pieces.
    pub(crate) fn with_request(
        &self,
        stage: &mut Stage,
        stream: StreamId,
        cuts: &[usize],
        mut look: impl FnMut(&Stage),
    ) {
        let fields = [
            (":method", "POST"),
            (":path", "/v1/chat/completions"),
            ("content-type", "application/json"),
            ("accept-encoding", "br"),
        ];
        stage.envoy.request_head(stream, head(&fields), false);
        look(stage);
        for part in cut(ASK, cuts) {
            stage.envoy.request_body(stream, part, false);
            look(stage);
        }
        stage.envoy.request_body(stream, b"", true);
        look(stage);
        self.watched(stage, stream, look);
    }

    /// So many bytes come, and then this happens.
    pub(crate) fn upto(&self, stage: &mut Stage, stream: StreamId, at: usize, ending: Ending) {
        if ending == Ending::None {
            return self.all(stage, stream);
        }
        stage.streams(stream);
        let bytes = &self.body.as_bytes()[..at.min(self.body.len())];
        for (part, pause) in cut(bytes, &self.cuts).iter().zip(self.pauses.iter().cycle()) {
            stage.envoy.response_body(stream, part, false);
            stage.envoy.pass(*pause);
        }
        match ending {
            Ending::None => {}
            Ending::Early => stage.envoy.response_body(stream, b"", true),
            Ending::ClientLeaves => stage.envoy.client_leaves(stream),
            Ending::UpstreamResets => stage.envoy.upstream_resets(stream),
            Ending::TimesOut => stage.envoy.upstream_times_out(stream),
        }
    }

    fn bytes(&self, stage: &mut Stage, stream: StreamId, bytes: &[u8], look: &mut impl FnMut(&Stage)) {
        let parts = cut(bytes, &self.cuts);
        let last = parts.len() - 1;
        for (index, (part, pause)) in parts.iter().zip(self.pauses.iter().cycle()).enumerate() {
            let ends = index == last && matches!(self.end, End::WithData);
            stage.envoy.response_body(stream, part, ends);
            look(stage);
            stage.envoy.pass(*pause);
            look(stage);
        }
        match self.end {
            End::WithData => {}
            End::Alone => stage.envoy.response_body(stream, b"", true),
            End::Trailers => stage.envoy.response_trailers(stream, head(&[("x-t", "y")])),
        }
        look(stage);
    }
}
