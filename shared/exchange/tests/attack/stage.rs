//! An engine with scripted filters inside a stand-in for Envoy, and both ends of an exchange.

use crate::filters::Spec;
use penstock_exchange::{Engine, Exchange};
use penstock_fake_envoy::{Ended, FakeEnvoy, Judged, Options, Pairs, Received, StreamId};
use penstock_filter_api::{ConfigError, Module, Outcome, Plugin, Reply};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

thread_local! {
    static SPECS: RefCell<Vec<Spec>> = const { RefCell::new(Vec::new()) };
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const MODULES: [Module; 4] = [
    Module {
        name: "a",
        load: |_| plugin(0),
    },
    Module {
        name: "b",
        load: |_| plugin(1),
    },
    Module {
        name: "c",
        load: |_| plugin(2),
    },
    Module {
        name: "d",
        load: |_| plugin(3),
    },
];

fn plugin(slot: usize) -> Result<Box<dyn Plugin>, ConfigError> {
    SPECS.with(|specs| Ok(specs.borrow()[slot].clone().plugin(NAMES[slot], slot)))
}

/// How every filter saw its exchange end.
pub(crate) type Ends = Rc<RefCell<Vec<(&'static str, Outcome)>>>;

/// One engine, and streams through it.
pub(crate) struct Stage {
    pub(crate) envoy: FakeEnvoy,
    pub(crate) engine: Rc<Engine>,
    pub(crate) ends: Ends,
}

/// Fields of a head.
pub(crate) fn head(fields: &[(&str, &str)]) -> Pairs {
    fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect()
}

impl Stage {
    /// An engine with this configuration of its own and these filters, at most four; `a` is first on the request
    /// and last on the response.
    pub(crate) fn new(exchange: &str, specs: Vec<Spec>) -> Self {
        Self::within(Options::default(), exchange, specs)
    }

    /// The same, with callouts that answer after so many milliseconds each.
    pub(crate) fn asking(latencies: Vec<u64>, exchange: &str, specs: Vec<Spec>) -> Self {
        let mut latencies = latencies.into_iter().cycle();
        let judge = Box::new(move |_: &_| Judged {
            after_ms: latencies.next().unwrap_or(1),
            reply: Reply {
                status: 200,
                body: b"allow".to_vec(),
            },
        });
        Self::within(
            Options {
                judge,
                ..Options::default()
            },
            exchange,
            specs,
        )
    }

    pub(crate) fn within(options: Options, exchange: &str, mut specs: Vec<Spec>) -> Self {
        let ends = Ends::default();
        for spec in &mut specs {
            spec.ends = ends.clone();
        }
        let keys: String = NAMES
            .iter()
            .take(specs.len())
            .map(|name| format!(r#","{name}":{{}}"#))
            .collect();
        SPECS.with(|slots| slots.replace(specs));
        let engine = Engine::load(format!(r#"{{"exchange":{exchange}{keys}}}"#).as_bytes(), &MODULES);
        Self {
            envoy: FakeEnvoy::new(options),
            engine: Rc::new(engine.map_err(|error| error.to_string()).unwrap()),
            ends,
        }
    }

    pub(crate) fn open(&mut self) -> StreamId {
        self.envoy.open(Box::new(Exchange::new(self.engine.clone())))
    }

    /// A chat request with this body has been sent, whole.
    pub(crate) fn ask(&mut self, body: &[u8]) -> StreamId {
        let stream = self.open();
        let length = body.len().to_string();
        let fields = [
            (":method", "POST"),
            (":path", "/v1/chat/completions"),
            (":authority", "llm"),
            ("content-type", "application/json"),
            ("accept-encoding", "gzip, br"),
            ("content-length", &length),
        ];
        self.envoy.request_head(stream, head(&fields), false);
        self.envoy.request_body(stream, body, true);
        self.envoy.pass(50);
        stream
    }

    /// The upstream begins a stream of events.
    pub(crate) fn streams(&mut self, stream: StreamId) {
        let fields = [(":status", "200"), ("content-type", "text/event-stream")];
        self.envoy.response_head(stream, head(&fields), false);
    }

    /// The upstream answers with one document, in these pieces.
    pub(crate) fn answers(&mut self, stream: StreamId, fields: &[(&str, &str)], pieces: &[&[u8]]) {
        let mut all = vec![(":status", "200"), ("content-type", "application/json")];
        all.extend_from_slice(fields);
        self.envoy.response_head(stream, head(&all), false);
        for (index, piece) in pieces.iter().enumerate() {
            self.envoy.response_body(stream, piece, index + 1 == pieces.len());
        }
    }

    pub(crate) fn client(&self, stream: StreamId) -> &Received {
        self.envoy.client(stream)
    }

    /// What the client has of the body, as text.
    pub(crate) fn text(&self, stream: StreamId) -> String {
        String::from_utf8_lossy(&self.client(stream).body).into_owned()
    }

    pub(crate) fn is_whole(&self, stream: StreamId) -> bool {
        self.client(stream).ended == Ended::Complete
    }

    pub(crate) fn count(&self, name: &str) -> u64 {
        let metrics: BTreeMap<String, u64> = self.envoy.metrics();
        metrics.get(name).copied().unwrap_or_default()
    }

    pub(crate) fn failures(&self, filter: &str, kind: &str) -> u64 {
        self.count(&format!(
            "penstock_failures_total.filter=.={filter};.;kind=.={kind};.;"
        ))
    }

    /// Everything has ended: once for every filter, with nothing held and nothing misused.
    pub(crate) fn ended(&self, filters: usize) -> Vec<Outcome> {
        assert_eq!(self.envoy.misuse(), &[] as &[String], "misuse");
        assert_eq!(self.engine.held_bytes(), 0, "bytes still held");
        let ends = self.ends.borrow();
        assert_eq!(ends.len(), filters, "ends: {ends:?}");
        ends.iter().map(|(_, outcome)| *outcome).collect()
    }
}
