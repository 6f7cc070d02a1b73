//! One exchange: where it stands, and which part takes a callback.

use crate::engine::Engine;
use crate::host::{Fields, Flow, Host, Input, Side};
use crate::joined::Joined;
use crate::reading::StreamBody;
use crate::record;
use crate::request::RequestPhase;
use crate::whole::WholeBody;
use penstock_filter_api::{Effects, Head, Need, Origin, Outcome, Record, Reply, Seen};
use penstock_llm_api::{Dialect, ReplyTo};
use std::rc::Rc;

/// One HTTP exchange, from its head to its end.
pub struct Exchange {
    pub(crate) engine: Rc<Engine>,
    pub(crate) record: Record,
    pub(crate) head: Option<Head>,
    pub(crate) joined: Vec<Joined>,
    pub(crate) request: RequestPhase,
    pub(crate) response: ResponsePhase,
    pub(crate) effects: Effects,
    /// The request asks for usage only because a filter wanted it.
    pub(crate) usage_added: bool,
    /// The proxy keeps nothing of the response's body: none came yet, or the last was answered with `Continue`. What is
    /// held in the guest then cannot be written any more by a callback that is not of the body.
    pub(crate) response_flowing: bool,
    /// A reply or a tick has resumed the response, and no callback of its own came since. Envoy still believes that it
    /// buffers: what that callback lets go by `Continue` is lost (all of it up to 1.36, an end without bytes of its own
    /// in 1.40 too), so it resumes once more and pauses.
    pub(crate) response_resumed: bool,
    /// The upstream has sent trailers, and they can be changed.
    trailers_came: bool,
    /// A tick is on its way that looks at what is held.
    pub(crate) looks: bool,
    /// Whom a refusal has to name.
    pub(crate) reply_to: ReplyTo,
    /// Bytes taken from the engine's budget.
    held_bytes: HeldBytes,
    ended: bool,
}

/// Bytes of bodies that an exchange keeps in this VM, or makes the proxy keep.
#[derive(Default)]
struct HeldBytes {
    request: usize,
    response: usize,
}

/// Where the response stands.
pub(crate) enum ResponsePhase {
    /// No response yet.
    Waiting,
    /// No response yet, and nobody will read its body.
    Unread,
    /// Nobody reads it.
    Pass,
    /// It is our own reply.
    Local,
    /// It is read as a whole.
    Whole(Box<WholeBody>),
    /// It is read frame by frame.
    Stream(Box<StreamBody>),
    /// Its error event is out; the next callback resets the exchange.
    Cutting,
    /// Its error event is out; the rest of the upstream's response is read and thrown away.
    Draining(Box<StreamBody>),
    /// All of it came.
    Done,
}

impl Exchange {
    /// An exchange that has not begun.
    pub fn new(engine: Rc<Engine>) -> Self {
        Self {
            engine,
            record: record::empty(),
            head: None,
            joined: Vec::new(),
            request: RequestPhase::Waiting,
            response: ResponsePhase::Waiting,
            effects: Effects::default(),
            usage_added: false,
            response_flowing: true,
            response_resumed: false,
            trailers_came: false,
            looks: false,
            reply_to: ReplyTo::Nobody,
            held_bytes: HeldBytes::default(),
            ended: false,
        }
    }

    /// Takes one callback of the proxy. What it returns is obeyed for the callbacks of heads, bodies and
    /// trailers; for the others the exchange resumes the side itself.
    pub fn on(&mut self, input: Input, host: &mut dyn Host) -> Flow {
        let ends = matches!(
            input,
            Input::ResponseHeaders { end: true }
                | Input::ResponseBody { end: true, .. }
                | Input::ResponseTrailers
        );
        let own = matches!(input, Input::ResponseBody { .. } | Input::ResponseTrailers);
        let flow = self.take(input, host);
        if ends && matches!(self.response, ResponsePhase::Pass) {
            self.response = ResponsePhase::Done;
        }
        // Envoy closes the trace span before it calls for the log: what a whole exchange leaves in filter state has to
        // be there with its last byte.
        if ends && flow == Flow::Continue && matches!(self.response, ResponsePhase::Done) {
            let _ = self.end(host);
        }
        if own && std::mem::take(&mut self.response_resumed) && flow == Flow::Continue {
            self.response_flowing = false;
            let _ = host.resume(Side::Response);
            return Flow::Pause;
        }
        flow
    }

    fn take(&mut self, input: Input, host: &mut dyn Host) -> Flow {
        match input {
            Input::RequestHeaders { end } => self.request_headers(end, host),
            Input::RequestBody { size, end } => self.request_body(size, end, host),
            Input::RequestTrailers => self.request_trailers(host),
            Input::ResponseHeaders { end } => self.response_headers(end, host),
            Input::ResponseBody { size, end } => {
                let flow = self.response_body(size, end, host);
                self.response_flowing = flow == Flow::Continue;
                flow
            }
            Input::ResponseTrailers => self.response_trailers(host),
            Input::Reply { call, reply } => self.reply(call, &reply, host),
            Input::Tick => self.tick(host),
            Input::End => self.end(host),
        }
    }

    /// What the engine knows so far.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The dialect of the exchange, where it has one.
    pub(crate) fn dialect(&self) -> Option<Dialect<'_>> {
        Dialect::new(self.record.api?, self.head.as_ref()?.target.custom.as_ref())
    }

    /// The closest look that any filter takes at the response.
    pub(crate) fn response_need(&self) -> Need {
        self.joined
            .iter()
            .map(Joined::response_need)
            .max()
            .unwrap_or(Need::Nothing)
    }

    /// The filters that decide on the response, in its order.
    pub(crate) fn deciders(&self) -> Vec<usize> {
        self.indices(|joined| joined.response_need() == Need::Decide)
    }

    /// The filters in shadow mode that would decide on the response.
    pub(crate) fn shadows(&self) -> Vec<usize> {
        self.indices(Joined::pretends)
    }

    fn indices(&self, wanted: impl Fn(&Joined) -> bool) -> Vec<usize> {
        let joined = self.joined.iter().enumerate().rev();
        joined
            .filter(|(_, joined)| wanted(joined))
            .map(|(index, _)| index)
            .collect()
    }

    /// Shows something to every filter, in the order of the response.
    pub(crate) fn show(&mut self, seen: fn() -> Seen<'static>, host: &mut dyn Host) {
        let now_ns = host.now_ns();
        for joined in self.joined.iter_mut().rev() {
            let record = &self.record;
            joined.call(now_ns, host, &mut self.effects, |filter, cx| {
                filter.observe(seen(), record, cx)
            });
        }
    }

    /// Sets and removes the headers that filters asked for on this side. Only while the head has not left.
    pub(crate) fn apply_headers(&mut self, side: Side, host: &mut dyn Host) {
        match side {
            Side::Request => {
                for (name, value) in std::mem::take(&mut self.effects.request_headers) {
                    write(Fields::RequestHeaders, &name, value.as_deref(), host);
                }
                if std::mem::take(&mut self.effects.reroute) {
                    let _ = host.reroute();
                }
            }
            Side::Response => {
                for (name, value) in std::mem::take(&mut self.effects.response_headers) {
                    write(Fields::ResponseHeaders, &name, value.as_deref(), host);
                }
            }
        }
    }

    /// Shows the filters the trailers that an upstream ends its answer with, and does at once what they ask for.
    pub(crate) fn show_trailers(&mut self, host: &mut dyn Host) {
        let wanted = self.response_need() != Need::Nothing;
        if self.record.origin != Origin::Upstream || !wanted {
            return;
        }
        let Ok(trailers) = host.trailers() else {
            return;
        };
        self.trailers_came = true;
        let now_ns = host.now_ns();
        let record = &self.record;
        for joined in self.joined.iter_mut().rev() {
            if joined.response_need() != Need::Nothing {
                joined.call(now_ns, host, &mut self.effects, |filter, cx| {
                    filter.on_response_trailers(&trailers, record, cx);
                });
            }
        }
        self.apply_trailers(host);
    }

    /// Adds and takes off the trailers that filters asked for. Only in the last body callback and in that of trailers.
    pub(crate) fn apply_trailers(&mut self, host: &mut dyn Host) {
        for (name, value) in std::mem::take(&mut self.effects.response_trailers) {
            // Where none came, Envoy would make some in order to take one off.
            if value.is_some() || self.trailers_came {
                write(Fields::ResponseTrailers, &name, value.as_deref(), host);
            }
        }
    }

    /// How many bytes may be put into a body that the proxy keeps, of which it has shown so many. Envoy 1.40 overruns
    /// its stack when a module writes more than its buffer is to hold: the whole process dies.
    pub(crate) fn room(&self, shown: usize) -> usize {
        shown.max(self.engine.settings.proxy_buffer_bytes)
    }

    /// Makes the engine's budget of held bytes stand at `bytes` for this side; false when it is spent.
    pub(crate) fn hold_bytes(&mut self, side: Side, bytes: usize) -> bool {
        let held = match side {
            Side::Request => &mut self.held_bytes.request,
            Side::Response => &mut self.held_bytes.response,
        };
        if bytes <= *held {
            self.engine.release(*held - bytes);
        } else if !self.engine.hold(bytes - *held) {
            return false;
        }
        *held = bytes;
        true
    }

    /// Gives back what this side holds.
    pub(crate) fn release_bytes(&mut self, side: Side) {
        self.hold_bytes(side, 0);
    }

    fn reply(&mut self, call: u32, reply: &Reply, host: &mut dyn Host) -> Flow {
        if let Some(flow) = self.prompt_reply(call, reply, host) {
            if flow == Flow::Continue {
                let _ = host.resume(Side::Request);
            }
        } else if self.output_reply(call, reply, host) == Flow::Continue {
            self.resume_response(host);
        }
        Flow::Pause
    }

    fn resume_response(&mut self, host: &mut dyn Host) {
        self.response_flowing = true;
        self.response_resumed = true;
        let _ = host.resume(Side::Response);
    }

    fn tick(&mut self, host: &mut dyn Host) -> Flow {
        self.looks = false;
        if self.prompt_tick(host) == Flow::Continue {
            let _ = host.resume(Side::Request);
        }
        match self.response {
            ResponsePhase::Cutting => {
                self.response = ResponsePhase::Done;
                let _ = host.close();
            }
            ResponsePhase::Stream(_) => {
                if self.stream_tick(host) == Flow::Continue {
                    self.resume_response(host);
                }
            }
            ResponsePhase::Waiting
            | ResponsePhase::Unread
            | ResponsePhase::Pass
            | ResponsePhase::Local
            | ResponsePhase::Whole(_)
            | ResponsePhase::Draining(_)
            | ResponsePhase::Done => {}
        }
        Flow::Pause
    }

    fn end(&mut self, host: &mut dyn Host) -> Flow {
        if std::mem::replace(&mut self.ended, true) {
            return Flow::Continue;
        }
        // Who would refuse has nobody left to refuse.
        if !self.joined.iter().any(|joined| joined.is_closed(Side::Request)) {
            let _ = self.observe_early(host);
        }
        self.release_bytes(Side::Request);
        self.release_bytes(Side::Response);
        if self.joined.is_empty() {
            return Flow::Continue;
        }
        self.record.times.end = host.now_ns();
        self.close_record(host);
        let record = &self.record;
        for joined in self.joined.iter_mut().rev() {
            let now_ns = record.times.end;
            joined.call(now_ns, host, &mut self.effects, |filter, cx| {
                filter.on_end(record, cx)
            });
        }
        Flow::Continue
    }

    /// Decides how the exchange ended, unless that is known already.
    fn close_record(&mut self, host: &mut dyn Host) {
        match std::mem::replace(&mut self.response, ResponsePhase::Done) {
            ResponsePhase::Done | ResponsePhase::Local => return,
            ResponsePhase::Cutting | ResponsePhase::Draining(_) => return,
            ResponsePhase::Stream(stream) => stream.write_to(&mut self.record),
            ResponsePhase::Waiting
            | ResponsePhase::Unread
            | ResponsePhase::Pass
            | ResponsePhase::Whole(_) => {}
        }
        self.record.outcome = interrupted(host);
        if self.record.origin == Origin::Nobody && self.record.outcome == Outcome::UpstreamError {
            self.record.origin = Origin::Envoy;
        }
    }
}

/// Sets a field, or takes it off.
fn write(fields: Fields, name: &str, value: Option<&str>, host: &mut dyn Host) {
    let _ = match value {
        Some(value) => host.set_field(fields, name, value),
        None => host.remove_field(fields, name),
    };
}

/// Envoy's response code details for a response that an upstream wrote.
pub(crate) const VIA_UPSTREAM: &[u8] = b"via_upstream";

/// Who ended an exchange whose response did not come to its end (Envoy's response code details).
fn interrupted(host: &mut dyn Host) -> Outcome {
    let details = host.property(&["response", "code_details"]).unwrap_or_default();
    // The upstream had begun to answer and nothing went wrong there.
    if details == VIA_UPSTREAM {
        return Outcome::Cancelled;
    }
    let has = |word: &[u8]| details.windows(word.len()).any(|window| window == word);
    let upstream = [
        &b"upstream"[..],
        b"timeout",
        b"no_healthy",
        b"cluster_not_found",
        b"route_not_found",
    ];
    if upstream.iter().any(|word| has(word)) {
        Outcome::UpstreamError
    } else {
        Outcome::Cancelled
    }
}
