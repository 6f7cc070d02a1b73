//! One stream: calls into the guest, and what the proxy does after each.

use crate::calls::{Calls, Last, Moment};
use crate::envoy::Guest;
use crate::way::{Pairs, Way};
use crate::world::{Codec, World};
use penstock_exchange::{Flow, Input, Side};
use penstock_filter_api::Reply;
use std::collections::BTreeMap;

/// A stream in the proxy.
pub(crate) struct Stream {
    pub(crate) request: Way,
    pub(crate) response: Way,
    pub(crate) filter_state: BTreeMap<String, Vec<u8>>,
    /// Envoy's word for why the response is as it is.
    pub(crate) details: Option<&'static str>,
    /// What the guest asked for in the callback that runs; done right after it.
    pub(crate) acts: Vec<Act>,
    /// Callouts that are under way: when, token, what comes.
    pub(crate) calls: Vec<(u64, u32, Reply)>,
    /// When the guest wants a tick.
    pub(crate) wakes: Vec<u64>,
    pub(crate) phase: Phase,
    /// The guest had the route chosen anew.
    pub(crate) rerouted: bool,
}

/// How far a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    /// A reply that is not the upstream's goes to the client; what the upstream still says is dropped.
    Replied,
    Over,
}

/// What a guest asks for and gets once its callback has returned.
pub(crate) enum Act {
    Reply {
        status: u16,
        headers: Pairs,
        body: Vec<u8>,
    },
    Resume(Side),
    Close,
}

/// One stream with its guest and its world.
pub(crate) struct Turn<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) stream: &'a mut Stream,
    pub(crate) guest: &'a mut dyn Guest,
}

impl Stream {
    pub(crate) fn new() -> Self {
        Self {
            request: Way::default(),
            response: Way::default(),
            filter_state: BTreeMap::new(),
            details: None,
            acts: Vec::new(),
            calls: Vec::new(),
            wakes: Vec::new(),
            phase: Phase::Open,
            rerouted: false,
        }
    }

    pub(crate) fn way(&mut self, side: Side) -> &mut Way {
        match side {
            Side::Request => &mut self.request,
            Side::Response => &mut self.response,
        }
    }
}

impl Turn<'_> {
    pub(crate) fn head(&mut self, side: Side, head: Pairs, end: bool) {
        let way = self.stream.way(side);
        way.head = Some(head);
        way.end_seen = end;
        way.bodiless = end;
        way.begun = true;
        let input = match side {
            Side::Request => Input::RequestHeaders { end },
            Side::Response => Input::ResponseHeaders { end },
        };
        if let Some((flow, _)) = self.call(input, Moment::Head(side), Vec::new()) {
            self.stream.way(side).after_head(flow);
            self.settle();
        }
    }

    pub(crate) fn body(&mut self, side: Side, bytes: &[u8], end: bool) {
        let way = self.stream.way(side);
        way.end_seen |= end;
        let mut shown = if way.buffering {
            std::mem::take(&mut way.kept)
        } else {
            Vec::new()
        };
        shown.extend_from_slice(bytes);
        let was_buffering = way.buffering;
        if was_buffering && self.over_limit(shown.len()) {
            return self.too_large(side);
        }
        let size = shown.len();
        let input = match side {
            Side::Request => Input::RequestBody { size, end },
            Side::Response => Input::ResponseBody { size, end },
        };
        let last = if end { Last::Yes } else { Last::No };
        let Some((flow, mut left)) = self.call(input, Moment::Body(side, last), shown) else {
            return;
        };
        if self.loses(side, flow, !left.is_empty()) && bytes.is_empty() {
            left.clear();
        }
        self.stream.way(side).after_body(flow, left);
        let kept = self.stream.way(side).kept.len();
        if flow == Flow::Pause && self.over_limit(kept) {
            return self.too_large(side);
        }
        self.settle();
    }

    pub(crate) fn trailers(&mut self, side: Side, trailers: Pairs) {
        let way = self.stream.way(side);
        way.end_seen = true;
        way.trailers_seen = true;
        way.trailers = Some(trailers);
        let input = match side {
            Side::Request => Input::RequestTrailers,
            Side::Response => Input::ResponseTrailers,
        };
        if let Some((flow, _)) = self.call(input, Moment::Trailers(side), Vec::new()) {
            let written = !self.stream.way(side).kept.is_empty();
            if self.stream.way(side).loose && self.loses(side, flow, written) {
                self.stream.way(side).kept.clear();
            }
            self.stream.way(side).after_trailers(flow);
            self.settle();
        }
    }

    /// Whether the first callback after a resume by another one lets bytes go by Continue. Envoy 1.36 loses all of
    /// them, 1.40 those of an end without bytes of its own.
    fn loses(&mut self, side: Side, flow: Flow, bytes: bool) -> bool {
        let loose = std::mem::take(&mut self.stream.way(side).loose);
        let lost = loose && bytes && flow == Flow::Continue;
        if lost {
            let what = "bytes leave by Continue in the first callback after a resume: Envoy 1.36 loses them; resume there and pause";
            self.world.misuse.push(format!("{side:?}: {what}"));
        }
        lost
    }

    /// A reply of a callout, or a tick.
    pub(crate) fn aside(&mut self, input: Input) {
        if self.call(input, Moment::Aside, Vec::new()).is_some() {
            self.settle();
        }
    }

    /// A reply that is not the upstream's. It passes the guest's response callbacks if none was shown yet.
    pub(crate) fn reply(&mut self, status: u16, fields: Pairs, body: &[u8]) {
        self.stream.phase = Phase::Replied;
        self.stream.request.reset();
        let mut head = vec![(":status".to_owned(), status.to_string().into_bytes())];
        head.push(("content-length".to_owned(), body.len().to_string().into_bytes()));
        head.extend(fields);
        let way = &mut self.stream.response;
        if way.out.head.is_some() {
            self.world
                .misuse
                .push("a local reply after the response head has left".to_owned());
            return self.over("local_reply_after_head");
        }
        if way.begun {
            *way = Way {
                begun: true,
                head: Some(head),
                kept: body.to_vec(),
                end_seen: true,
                ..Way::default()
            };
            way.release();
            return self.settle();
        }
        self.head(Side::Response, head, body.is_empty());
        if !body.is_empty() && self.stream.phase != Phase::Over {
            self.body(Side::Response, body, true);
        }
    }

    /// The stream is gone, whoever ended it.
    pub(crate) fn over(&mut self, details: &'static str) {
        if self.stream.phase == Phase::Over {
            return;
        }
        self.stream.phase = Phase::Over;
        self.stream.details.get_or_insert(details);
        self.stream.request.reset();
        self.stream.response.reset();
        self.stream.calls.clear();
        self.stream.wakes.clear();
        let mut calls = Calls {
            world: self.world,
            stream: self.stream,
            moment: Moment::Over,
            shown: Vec::new(),
        };
        let _ = self.guest.on(Input::End, &mut calls);
        self.stream.acts.clear();
        self.stream.wakes.clear();
    }

    /// Calls the guest and does what it asked for. `None` when its answer matters no more.
    fn call(&mut self, input: Input, moment: Moment, shown: Vec<u8>) -> Option<(Flow, Vec<u8>)> {
        let mut calls = Calls {
            world: self.world,
            stream: self.stream,
            moment,
            shown,
        };
        let flow = self.guest.on(input, &mut calls);
        let mut left = calls.shown;
        let own = match moment {
            Moment::Head(own) | Moment::Body(own, _) | Moment::Trailers(own) => Some(own),
            Moment::Aside | Moment::Over => None,
        };
        let mut valid = true;
        for act in std::mem::take(&mut self.stream.acts) {
            match act {
                Act::Resume(side) if own == Some(side) => {
                    let way = self.stream.way(side);
                    way.kept.append(&mut left);
                    way.release();
                    way.loose = false;
                }
                Act::Resume(side) => self.stream.way(side).resume(),
                Act::Close => {
                    self.over("wasm_close_stream");
                    valid = false;
                }
                Act::Reply {
                    status,
                    headers,
                    body,
                } => {
                    if self.stream.phase == Phase::Open {
                        self.reply(status, headers, &body);
                    }
                    valid = false;
                }
            }
        }
        valid.then_some((flow, left))
    }

    /// Ends the stream once the response has left as a whole.
    fn settle(&mut self) {
        for side in [Side::Request, Side::Response] {
            if let Some((declared, left)) = self.stream.way(side).false_length() {
                self.world
                    .misuse
                    .push(format!("{side:?} declares {declared} bytes and has {left}"));
            }
        }
        if self.stream.response.out.ended == crate::way::Ended::Complete {
            self.over("via_upstream");
        }
    }

    /// HTTP/2 bounds a stream by its window, which is far larger.
    fn over_limit(&self, kept: usize) -> bool {
        self.world.options.codec == Codec::Http1 && kept > self.world.options.buffer_limit_bytes
    }

    fn too_large(&mut self, side: Side) {
        match side {
            Side::Request => {
                self.stream.details = Some("request_payload_too_large");
                self.reply(413, Pairs::new(), b"Payload Too Large");
            }
            Side::Response if self.stream.response.out.head.is_none() => {
                self.stream.details = Some("response_payload_too_large");
                self.reply(500, Pairs::new(), b"Internal Server Error");
            }
            Side::Response => self.over("response_payload_too_large"),
        }
    }
}
