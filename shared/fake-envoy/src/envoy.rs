//! The proxy: streams, events from both ends, virtual time.

use crate::root::Root;
use crate::stream::{Phase, Stream, Turn};
use crate::way::{Ended, Pairs, Received};
use crate::world::{Options, World};
use penstock_exchange::{Engine, Exchange, Flow, Host, Input, Side};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What runs inside the proxy, one for each stream.
pub trait Guest {
    /// Takes a callback.
    fn on(&mut self, input: Input, host: &mut dyn Host) -> Flow;
}

impl Guest for Exchange {
    fn on(&mut self, input: Input, host: &mut dyn Host) -> Flow {
        Exchange::on(self, input, host)
    }
}

/// What Envoy tells a client whose upstream went away before its head.
const BROKEN_BEFORE_HEAD: &[u8] =
    b"upstream connect error or disconnect/reset before headers. reset reason: connection termination";
/// The same when the head had come and was held.
const BROKEN_HEAD_HELD: &[u8] =
    b"upstream connect error or disconnect/reset before headers. reset reason: protocol error";

/// A stream of a [`FakeEnvoy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamId(usize);

/// A proxy without sockets.
pub struct FakeEnvoy {
    world: World,
    streams: Vec<(Stream, Box<dyn Guest>)>,
    root: Option<Root>,
    nothing: Received,
}

impl FakeEnvoy {
    /// A proxy with no stream.
    pub fn new(options: Options) -> Self {
        Self {
            world: World::new(options),
            streams: Vec::new(),
            root: None,
            nothing: Received::default(),
        }
    }

    /// Has the plugins of an engine tick once a second, and brings them the replies to their own callouts.
    pub fn serve_root(&mut self, engine: Rc<Engine>) {
        self.root = Some(Root::new(engine, self.world.now_ns));
    }

    /// A client opens a stream.
    pub fn open(&mut self, guest: Box<dyn Guest>) -> StreamId {
        self.streams.push((Stream::new(), guest));
        StreamId(self.streams.len() - 1)
    }

    /// The client sends the request head.
    pub fn request_head(&mut self, stream: StreamId, head: Pairs, end: bool) {
        self.client_acts(stream, |turn| turn.head(Side::Request, head, end));
    }

    /// The client sends body bytes.
    pub fn request_body(&mut self, stream: StreamId, bytes: &[u8], end: bool) {
        self.pieces(bytes, end, |envoy, piece, end| {
            envoy.client_acts(stream, |turn| turn.body(Side::Request, piece, end));
        });
    }

    /// The client ends the request with trailers.
    pub fn request_trailers(&mut self, stream: StreamId, trailers: Pairs) {
        self.client_acts(stream, |turn| turn.trailers(Side::Request, trailers));
    }

    /// The client goes away.
    pub fn client_leaves(&mut self, stream: StreamId) {
        self.turn(stream, |turn| {
            turn.stream.details = Some("downstream_remote_disconnect");
            turn.over("downstream_remote_disconnect");
        });
    }

    /// The upstream sends the response head.
    pub fn response_head(&mut self, stream: StreamId, head: Pairs, end: bool) {
        self.upstream_acts(stream, |turn| {
            turn.stream.details = Some("via_upstream");
            turn.head(Side::Response, head, end);
        });
    }

    /// The upstream sends body bytes.
    pub fn response_body(&mut self, stream: StreamId, bytes: &[u8], end: bool) {
        self.pieces(bytes, end, |envoy, piece, end| {
            envoy.upstream_acts(stream, |turn| turn.body(Side::Response, piece, end));
        });
    }

    /// The upstream ends the response with trailers.
    pub fn response_trailers(&mut self, stream: StreamId, trailers: Pairs) {
        self.upstream_acts(stream, |turn| turn.trailers(Side::Response, trailers));
    }

    /// The upstream resets: an error of the proxy as long as no response head has left, else a broken response.
    pub fn upstream_resets(&mut self, stream: StreamId) {
        self.upstream_acts(stream, |turn| {
            let response = &turn.stream.response;
            let (begun, left) = (response.begun, response.out.head.is_some());
            if left {
                turn.stream.details = None;
                return turn.over("upstream_reset_after_response_started{connection_termination}");
            }
            turn.stream.details = Some("upstream_reset_before_response_started{connection_termination}");
            let (status, text) = if begun {
                (502, BROKEN_HEAD_HELD)
            } else {
                (503, BROKEN_BEFORE_HEAD)
            };
            turn.reply(status, Pairs::new(), text);
        });
    }

    /// The route's time is over: a 504 by the proxy if no response has begun, else a broken response.
    pub fn upstream_times_out(&mut self, stream: StreamId) {
        self.upstream_acts(stream, |turn| {
            if turn.stream.response.begun {
                turn.stream.details = None;
                return turn.over("response_timeout");
            }
            turn.stream.details = Some("response_timeout");
            turn.reply(504, Pairs::new(), b"upstream request timeout");
        });
    }

    /// A stream that never opened: the codec refused it, and the module hears only of its end.
    pub fn never_opens(&mut self, stream: StreamId) {
        self.turn(stream, |turn| turn.over("http1.codec_error"));
    }

    /// Lets time pass: replies of callouts and ticks come in their order.
    pub fn pass(&mut self, ms: u64) {
        let until_ns = self.world.now_ns.saturating_add(ms.saturating_mul(1_000_000));
        loop {
            let stream = self.next_due().filter(|(at_ns, _)| *at_ns <= until_ns);
            let root = self.root.as_mut().filter(|root| {
                root.due_ns() <= until_ns && stream.is_none_or(|(at_ns, _)| root.due_ns() < at_ns)
            });
            if let Some(root) = root {
                let at_ns = root.due_ns();
                self.world.now_ns = self.world.now_ns.max(at_ns);
                root.turn(at_ns, &mut self.world);
            } else if let Some((at_ns, stream)) = stream {
                self.world.now_ns = self.world.now_ns.max(at_ns);
                self.turn(stream, |turn| deliver(turn, at_ns));
            } else {
                break;
            }
        }
        self.world.now_ns = until_ns;
    }

    /// Whether a callout or a tick of the stream is still to come.
    pub fn waits(&self, stream: StreamId) -> bool {
        self.streams
            .get(stream.0)
            .is_some_and(|(stream, _)| !stream.calls.is_empty() || !stream.wakes.is_empty())
    }

    /// What the upstream has received.
    pub fn upstream(&self, stream: StreamId) -> &Received {
        self.streams
            .get(stream.0)
            .map_or(&self.nothing, |(stream, _)| &stream.request.out)
    }

    /// What the client has received.
    pub fn client(&self, stream: StreamId) -> &Received {
        self.streams
            .get(stream.0)
            .map_or(&self.nothing, |(stream, _)| &stream.response.out)
    }

    /// Whether nobody takes what the upstream still sends.
    pub fn is_over(&self, stream: StreamId) -> bool {
        self.streams
            .get(stream.0)
            .is_none_or(|(stream, _)| stream.phase != Phase::Open)
    }

    /// Filter state of a stream.
    pub fn filter_state(&self, stream: StreamId) -> BTreeMap<String, String> {
        let state = self.streams.get(stream.0).map(|(stream, _)| &stream.filter_state);
        let text = |value: &Vec<u8>| String::from_utf8_lossy(value).into_owned();
        state
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), text(value)))
            .collect()
    }

    /// Whether the guest has had the route of a stream chosen anew.
    pub fn is_rerouted(&self, stream: StreamId) -> bool {
        self.streams
            .get(stream.0)
            .is_some_and(|(stream, _)| stream.rerouted)
    }

    /// Counters and gauges by name; histograms as often as they were recorded.
    pub fn metrics(&self) -> BTreeMap<String, u64> {
        self.world.metrics()
    }

    /// Everything that the guests did and must never do.
    pub fn misuse(&self) -> &[String] {
        &self.world.misuse
    }

    /// Lines that the guests logged.
    pub fn log(&self) -> &[String] {
        &self.world.log
    }

    /// A connection is read a buffer at a time.
    fn pieces(&mut self, bytes: &[u8], end: bool, mut take: impl FnMut(&mut Self, &[u8], bool)) {
        let pieces = bytes.chunks(self.world.options.buffer_limit_bytes.max(1));
        let count = pieces.len();
        if count == 0 {
            take(self, bytes, end);
        }
        for (index, piece) in pieces.enumerate() {
            take(self, piece, end && index + 1 == count);
        }
    }

    fn client_acts(&mut self, stream: StreamId, event: impl FnOnce(&mut Turn<'_>)) {
        let takes = |stream: &Stream| stream.phase == Phase::Open && stream.request.out.ended == Ended::Open;
        if self
            .streams
            .get(stream.0)
            .is_some_and(|(stream, _)| takes(stream))
        {
            self.turn(stream, event);
        }
    }

    fn upstream_acts(&mut self, stream: StreamId, event: impl FnOnce(&mut Turn<'_>)) {
        if self
            .streams
            .get(stream.0)
            .is_some_and(|(stream, _)| stream.phase == Phase::Open)
        {
            self.turn(stream, event);
        }
    }

    fn turn(&mut self, stream: StreamId, event: impl FnOnce(&mut Turn<'_>)) {
        if let Some((stream, guest)) = self.streams.get_mut(stream.0) {
            event(&mut Turn {
                world: &mut self.world,
                stream,
                guest: guest.as_mut(),
            });
        }
    }

    fn next_due(&self) -> Option<(u64, StreamId)> {
        let due = self
            .streams
            .iter()
            .enumerate()
            .filter_map(|(index, (stream, _))| {
                let calls = stream.calls.iter().map(|(at_ns, ..)| *at_ns);
                calls
                    .chain(stream.wakes.iter().copied())
                    .min()
                    .map(|at_ns| (at_ns, StreamId(index)))
            });
        due.min_by_key(|(at_ns, _)| *at_ns)
    }
}

fn deliver(turn: &mut Turn<'_>, at_ns: u64) {
    if let Some(at) = turn.stream.calls.iter().position(|(due_ns, ..)| *due_ns == at_ns) {
        let (_, call, reply) = turn.stream.calls.remove(at);
        return turn.aside(Input::Reply { call, reply });
    }
    turn.stream.wakes.retain(|due_ns| *due_ns != at_ns);
    turn.aside(Input::Tick);
}
