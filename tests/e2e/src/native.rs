//! Runs scenarios natively: the real engine and filters inside the stand-in for Envoy.

use crate::chunking::Chunking;
use crate::envoy::{ROUTE, ROUTED_BY, with_addresses};
use crate::events::{Event, events};
use crate::message::{Fields, Framing, Request, find, first, show};
use crate::observed::{ClientSaw, Ending, Observed, UpstreamSaw};
use crate::scenario::{Cuts, DEFAULT_BUFFER_BYTES, Leaves, Module, Protocol, Scenario, Setup};
use crate::script::{Script, Starts, Step};
use penstock_exchange::{Engine, Exchange, Flow, Host, Input};
use penstock_fake_envoy::{Codec, Ended, FakeEnvoy, Guest, Judged, Options, Received, StreamId};
use penstock_filter_api::{Callout, Reply};
use std::cell::RefCell;
use std::rc::Rc;

/// How long the proxy may sit on something, in virtual milliseconds.
const PATIENCE_MS: u64 = 60_000;

/// Where the upstreams are believed to be.
const UPSTREAM_PORTS: [u16; 2] = [8000, 8001];

/// Runs a scenario with one chunking and says what everyone saw.
pub fn run(scenario: &Scenario, protocol: Protocol, chunking: Chunking) -> Result<Observed, String> {
    let mut proxy = Proxy::new(scenario, protocol);
    let engine = engine(&scenario.setup)?.map(Rc::new);
    if let Some(engine) = &engine {
        proxy.envoy.serve_root(engine.clone());
    }
    let guest = || match &engine {
        Some(engine) => Box::new(Exchange::new(engine.clone())) as Box<dyn Guest>,
        None => Box::new(Bare),
    };
    for request in &scenario.earlier {
        let before = Scenario {
            request: request.clone(),
            ..scenario.clone()
        };
        proxy.play(&before, Chunking::Whole, guest());
    }
    let counted = proxy.envoy.metrics();
    proxy.asked.take();
    let mut seen = proxy.play(scenario, chunking, guest());
    for (name, before) in counted {
        let moved = seen.metrics.entry(name).or_default();
        *moved -= i64::try_from(before).unwrap_or(i64::MAX);
    }
    match proxy.envoy.misuse() {
        [] => Ok(seen),
        misuse => Err(format!("misuse of the proxy: {}", misuse.join("; "))),
    }
}

/// The same with any guest, and what it did that no guest may.
pub fn run_guest(
    scenario: &Scenario,
    protocol: Protocol,
    chunking: Chunking,
    guest: Box<dyn Guest>,
) -> (Observed, Vec<String>) {
    let mut proxy = Proxy::new(scenario, protocol);
    let seen = proxy.play(scenario, chunking, guest);
    (seen, proxy.envoy.misuse().to_vec())
}

/// A proxy with the servers behind it.
struct Proxy {
    envoy: FakeEnvoy,
    asked: Rc<RefCell<Vec<UpstreamSaw>>>,
}

impl Proxy {
    fn new(scenario: &Scenario, protocol: Protocol) -> Self {
        let asked: Rc<RefCell<Vec<UpstreamSaw>>> = Rc::default();
        Self {
            envoy: FakeEnvoy::new(options(scenario, protocol, asked.clone())),
            asked,
        }
    }

    /// One exchange, from its beginning to its end.
    fn play(&mut self, scenario: &Scenario, chunking: Chunking, guest: Box<dyn Guest>) -> Observed {
        let chunking = if scenario.cuts == Cuts::Both {
            chunking
        } else {
            Chunking::Whole
        };
        let stream = self.envoy.open(guest);
        let mut play = Play {
            scenario,
            chunking,
            envoy: &mut self.envoy,
            stream,
            left: false,
            unheard: false,
            faults: Vec::new(),
        };
        play.all();
        play.observed(self.asked.take())
    }
}

fn options(scenario: &Scenario, protocol: Protocol, asked: Rc<RefCell<Vec<UpstreamSaw>>>) -> Options {
    let script = scenario.judge.clone();
    Options {
        codec: if protocol == Protocol::Http1 {
            Codec::Http1
        } else {
            Codec::Http2
        },
        buffer_limit_bytes: usize::try_from(scenario.setup.buffer_limit_bytes)
            .unwrap_or(DEFAULT_BUFFER_BYTES as usize),
        clusters: ["main", "other", "judge", "nobody"].map(str::to_owned).to_vec(),
        route: ROUTE.to_owned(),
        upstream: format!("127.0.0.1:{}", UPSTREAM_PORTS[0]),
        judge: Box::new(move |callout| {
            if callout.cluster == "nobody" {
                return Judged {
                    after_ms: 1,
                    reply: Reply {
                        status: 503,
                        body: Vec::new(),
                    },
                };
            }
            asked.borrow_mut().push(asked_for(callout));
            judged(&script)
        }),
    }
}

fn asked_for(callout: &Callout) -> UpstreamSaw {
    UpstreamSaw {
        cluster: "judge",
        body: callout.body.clone(),
        end: Ending::Complete,
        ..UpstreamSaw::default()
    }
}

/// What a script amounts to for a caller that waits for the whole reply.
fn judged(script: &Script) -> Judged {
    let mut judged = Judged {
        after_ms: 1,
        reply: Reply {
            status: 0,
            body: script.body(),
        },
    };
    for step in &script.steps {
        match step {
            Step::Head(status, _) => judged.reply.status = *status,
            Step::Wait(ms) => judged.after_ms += ms,
            Step::Hang => judged.after_ms = PATIENCE_MS,
            Step::Reset | Step::Close => {
                judged.reply = Reply {
                    status: 0,
                    body: Vec::new(),
                }
            }
            Step::Informational(_) | Step::Data(_) | Step::Until(_) | Step::Unseen(_) | Step::Trailers(_) => {
            }
        }
    }
    judged
}

/// A proxy without a module.
struct Bare;

impl Guest for Bare {
    fn on(&mut self, _: Input, _: &mut dyn Host) -> Flow {
        Flow::Continue
    }
}

/// What runs in the proxy, if anything does.
fn engine(setup: &Setup) -> Result<Option<Engine>, String> {
    let probe = [penstock_probe_filter::MODULE];
    let meter = [penstock_token_meter::MODULE];
    let redactor = [penstock_pii_redactor::MODULE];
    let picker = [penstock_cluster_picker::MODULE];
    let guard = [penstock_prompt_guard::MODULE];
    let modules = match setup.module {
        None => return Ok(None),
        Some(Module::Probe) => probe.as_slice(),
        Some(Module::TokenMeter) => meter.as_slice(),
        Some(Module::Redactor) => redactor.as_slice(),
        Some(Module::Guard) => guard.as_slice(),
        Some(Module::Picker) => picker.as_slice(),
        Some(Module::Suite) => penstock_suite::MODULES,
        Some(Module::Trace) => return Err("the trace filter is a wasm module only".to_owned()),
    };
    let config = with_addresses(&setup.config, UPSTREAM_PORTS);
    let engine = Engine::load(config.as_bytes(), modules);
    engine
        .map(Some)
        .map_err(|error| format!("configuration: {error}"))
}

/// One run: both ends play their parts, the proxy between them.
struct Play<'a> {
    scenario: &'a Scenario,
    chunking: Chunking,
    envoy: &'a mut FakeEnvoy,
    stream: StreamId,
    /// The client went away by itself.
    left: bool,
    /// The upstream had more to say when the proxy went away.
    unheard: bool,
    faults: Vec<String>,
}

/// Whether the upstream's script has more to say.
enum Played {
    Whole,
    Stopped,
}

impl Play<'_> {
    fn all(&mut self) {
        let request = &self.scenario.request;
        self.envoy
            .request_head(self.stream, request_head(request), request.body.is_none());
        let early = self.scenario.upstream.starts == Starts::AtHead;
        if early {
            self.wait_for(|play| play.upstream().head.is_some());
            self.answer();
        }
        self.send_body();
        if !early {
            self.wait_for(|play| play.upstream().ended == Ended::Complete);
            self.answer();
        }
        self.wait_for(|play| play.client().ended != Ended::Open);
    }

    fn send_body(&mut self) {
        let Some(body) = &self.scenario.request.body else {
            return;
        };
        let upto = match self.scenario.leaves {
            Leaves::MidRequest(bytes) => bytes.min(body.len()),
            Leaves::Never | Leaves::OnceSent | Leaves::OnceSeen(_) => body.len(),
        };
        let parts = self.chunking.cut(&body[..upto]);
        let whole = upto == body.len() && self.scenario.request.trailers.is_empty();
        let ends = whole && !matches!(self.scenario.leaves, Leaves::MidRequest(_));
        let last = parts.len().saturating_sub(1);
        for (index, part) in parts.iter().enumerate() {
            self.envoy.request_body(
                self.stream,
                part,
                ends && index == last && self.end_comes_with_data(),
            );
            self.breathe();
        }
        match self.scenario.leaves {
            Leaves::MidRequest(_) => return self.leave(),
            Leaves::Never | Leaves::OnceSent | Leaves::OnceSeen(_) => {}
        }
        if !self.scenario.request.trailers.is_empty() {
            self.envoy
                .request_trailers(self.stream, self.scenario.request.trailers.clone());
        } else if parts.is_empty() || !self.end_comes_with_data() {
            self.envoy.request_body(self.stream, b"", true);
        }
        if self.scenario.leaves == Leaves::OnceSent {
            self.leave();
        }
    }

    /// The upstream plays its script, as far as somebody listens.
    fn answer(&mut self) {
        if self.upstream().head.is_none() {
            return;
        }
        let script = &self.scenario.upstream;
        let events = events(
            script,
            &self.scenario.request.method,
            self.end_comes_with_data(),
            self.chunking,
        );
        for event in events {
            if self.envoy.is_over(self.stream) {
                self.unheard = true;
                return;
            }
            match self.play(event) {
                Played::Whole => self.breathe(),
                Played::Stopped => return,
            }
            self.leave_if_seen();
        }
    }

    fn play(&mut self, event: Event) -> Played {
        match event {
            Event::Head(head, end) => self.envoy.response_head(self.stream, head, end),
            Event::Data(bytes, end) => self.envoy.response_body(self.stream, &bytes, end),
            Event::Trailers(fields) => self.envoy.response_trailers(self.stream, fields),
            Event::Until(marker) => self.gate(&marker),
            Event::Unseen(marker) => {
                if find(&self.client().body, &marker).is_some() {
                    self.faults
                        .push(format!("the client has {} already", show(&marker)));
                }
            }
            Event::Wait(ms) => self.envoy.pass(ms),
            Event::Reset => {
                self.envoy.upstream_resets(self.stream);
                return Played::Stopped;
            }
            Event::Hang => {
                self.unheard = true;
                return Played::Stopped;
            }
        }
        Played::Whole
    }

    fn gate(&mut self, marker: &[u8]) {
        self.wait_for(|play| find(&play.client().body, marker).is_some());
        if find(&self.client().body, marker).is_none() && !self.envoy.is_over(self.stream) {
            let got = show(&self.client().body);
            self.faults.push(format!(
                "the client never had {} while the upstream waited; it has {got}",
                show(marker)
            ));
        }
    }

    /// Lets time pass until it holds, the stream is over, or nothing is to come.
    fn wait_for(&mut self, holds: impl Fn(&Self) -> bool) {
        let mut waited = 0;
        while !holds(self)
            && !self.envoy.is_over(self.stream)
            && self.envoy.waits(self.stream)
            && waited < PATIENCE_MS
        {
            self.envoy.pass(1);
            waited += 1;
            self.leave_if_seen();
        }
    }

    /// Half of the chunkings let replies and ticks come between the pieces, the others bring all pieces first.
    fn breathe(&mut self) {
        match self.chunking {
            Chunking::Seeded(seed) if seed % 2 == 0 => self.envoy.pass(2),
            Chunking::Whole => self.envoy.pass(2),
            Chunking::Bytes | Chunking::At(_) | Chunking::Seeded(_) => {}
        }
    }

    /// A real proxy tells the end with the last bytes or by an empty call of its own.
    fn end_comes_with_data(&self) -> bool {
        match self.chunking {
            Chunking::Whole | Chunking::Bytes => true,
            Chunking::At(offset) => offset % 2 == 0,
            Chunking::Seeded(seed) => seed % 4 < 2,
        }
    }

    fn leave_if_seen(&mut self) {
        if let Leaves::OnceSeen(marker) = &self.scenario.leaves
            && find(&self.client().body, marker).is_some()
        {
            self.leave();
        }
    }

    fn leave(&mut self) {
        self.left = true;
        self.envoy.client_leaves(self.stream);
    }

    fn upstream(&self) -> &Received {
        self.envoy.upstream(self.stream)
    }

    fn client(&self) -> &Received {
        self.envoy.client(self.stream)
    }

    fn observed(&self, judge: Vec<UpstreamSaw>) -> Observed {
        let metrics = self.envoy.metrics();
        Observed {
            client: client_saw(self.client(), self.left),
            upstream: self.upstream_saw().into_iter().collect(),
            judge,
            metrics: metrics
                .into_iter()
                .map(|(name, value)| (name, i64::try_from(value).unwrap_or(i64::MAX)))
                .collect(),
            filter_state: self.envoy.filter_state(self.stream),
            scripted_body: self.scenario.upstream.body(),
            sent_body: self.scenario.request.body.clone().unwrap_or_default(),
        }
    }

    /// Where Envoy's routes lead: see `routes` of its bootstrap. A changed header counts at once there, filter state not.
    fn cluster(&self, fields: &Fields) -> &'static str {
        let word = |name: &str| {
            let value = first(fields, name).and_then(|value| std::str::from_utf8(value).ok());
            value.unwrap_or_default()
        };
        let state = self.envoy.filter_state(self.stream);
        let by_state = state.get(ROUTED_BY).is_some_and(|value| value == "other");
        let path = word(":path");
        let to_other = if path.starts_with("/by-header/") {
            word("x-pool") == "other"
        } else if path.starts_with("/pool/") {
            word("x-gateway-destination-endpoint").starts_with(&with_addresses("@other", UPSTREAM_PORTS))
        } else if path.starts_with("/shares/") {
            word("x-penstock-share")
                .parse()
                .is_ok_and(|number: u32| number >= 95)
        } else {
            word("x-cluster") == "other" || (by_state && self.envoy.is_rerouted(self.stream))
        };
        if to_other { "other" } else { "main" }
    }

    fn upstream_saw(&self) -> Option<UpstreamSaw> {
        let received = self.upstream();
        let fields = received.head.clone()?;
        let word = |name| {
            first(&fields, name)
                .map(|value| String::from_utf8_lossy(value).into_owned())
                .unwrap_or_default()
        };
        Some(UpstreamSaw {
            cluster: self.cluster(&fields),
            method: word(":method"),
            path: word(":path"),
            headers: fields,
            body: received.body.clone(),
            trailers: received.trailers.clone(),
            end: ending(received.ended),
            cancelled: self.envoy.is_over(self.stream) && (self.unheard || received.ended == Ended::Reset),
            faults: self.faults.clone(),
        })
    }
}

fn client_saw(received: &Received, left: bool) -> ClientSaw {
    let head = received.head.clone().unwrap_or_default();
    let status = first(&head, ":status").and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
    ClientSaw {
        informational: Vec::new(),
        status: status.unwrap_or(0),
        headers: head
            .into_iter()
            .filter(|(name, _)| !name.starts_with(':'))
            .collect(),
        body: received.body.clone(),
        trailers: received.trailers.clone(),
        end: if left {
            Ending::Left
        } else {
            ending(received.ended)
        },
        more: Vec::new(),
    }
}

fn ending(ended: Ended) -> Ending {
    match ended {
        Ended::Open => Ending::Open,
        Ended::Complete => Ending::Complete,
        Ended::Reset => Ending::Broken,
    }
}

fn request_head(request: &Request) -> Fields {
    let pseudo = [
        (":authority", "penstock.test"),
        (":path", &request.path),
        (":method", &request.method),
        (":scheme", "http"),
    ];
    let mut head: Fields = pseudo
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect();
    head.extend(
        request
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.clone())),
    );
    if let Some(length) = request.declared_length() {
        head.push(("content-length".to_owned(), length.to_string().into_bytes()));
    } else if request.framing == Framing::Chunked {
        head.push(("transfer-encoding".to_owned(), b"chunked".to_vec()));
    }
    head
}
