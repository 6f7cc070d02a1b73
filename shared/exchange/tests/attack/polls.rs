//! Callouts that plugins make outside of exchanges.

use crate::filters::callout;
use penstock_exchange::Engine;
use penstock_fake_envoy::{FakeEnvoy, Judged, Options};
use penstock_filter_api::{
    CallId, Callout, ConfigError, Cx, Head, MetricId, MetricKind, Mode, Module, OnFailure, Open, Plugin,
    Policy, PortError, Ports, Reply, RootCx, RootPorts, Stage,
};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

thread_local! {
    /// What the plugins did: their name, and what came.
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Ten calls at its first tick, and one more with each of the first replies.
struct Poller {
    name: &'static str,
    more: Cell<u32>,
    timeout_ms: u32,
}

fn load(name: &'static str, timeout_ms: u32) -> Result<Box<dyn Plugin>, ConfigError> {
    let more = Cell::new(12);
    Ok(Box::new(Poller {
        name,
        more,
        timeout_ms,
    }))
}

const MODULES: [Module; 2] = [
    Module {
        name: "a",
        load: |_| load("a", 100),
    },
    Module {
        name: "b",
        load: |_| load("b", 100),
    },
];

fn note(line: String) {
    SEEN.with_borrow_mut(|seen| seen.push(line));
}

fn seen() -> Vec<String> {
    SEEN.take()
}

impl Poller {
    fn call(&self, cx: &mut RootCx<'_>) {
        if self.more.get() == 0 {
            return;
        }
        self.more.set(self.more.get() - 1);
        let body = self.name.as_bytes().to_vec();
        let polled = Callout {
            body,
            timeout_ms: self.timeout_ms,
            ..callout()
        };
        if cx.call(polled).is_err() {
            note(format!("{} refused", self.name));
        }
    }
}

impl Plugin for Poller {
    fn policy(&self) -> Policy {
        Policy {
            name: self.name,
            stage: Stage::Route,
            mode: Mode::Enforce,
            on_failure: OnFailure::Open,
        }
    }

    fn open(&self, _: &Head, _: &mut Cx<'_>) -> Open {
        Open::Skip
    }

    fn on_tick(&self, cx: &mut RootCx<'_>) {
        (0..10).for_each(|_| self.call(cx));
    }

    fn on_reply(&self, _: CallId, reply: &Reply, cx: &mut RootCx<'_>) {
        let body = String::from_utf8_lossy(&reply.body).into_owned();
        note(format!("{} {} {body}", self.name, reply.status));
        self.call(cx);
    }
}

/// The same, without a timeout.
const PATIENT: [Module; 1] = [Module {
    name: "a",
    load: |_| load("a", 0),
}];

fn engine() -> Rc<Engine> {
    Rc::new(
        Engine::load(br#"{"a": {}, "b": {}}"#, &MODULES)
            .map_err(|_| ())
            .unwrap(),
    )
}

#[test]
fn each_plugin_gets_the_replies_to_its_own_calls_and_all_share_the_bound() {
    let echo = |callout: &Callout| Judged {
        after_ms: 5,
        reply: Reply {
            status: 200,
            body: callout.body.clone(),
        },
    };
    let mut envoy = FakeEnvoy::new(Options {
        judge: Box::new(echo),
        ..Options::default()
    });
    envoy.serve_root(engine());
    envoy.pass(999);
    assert_eq!(seen(), [""; 0]);
    envoy.pass(1);
    // Ten of the first, six of the second: sixteen are open.
    assert_eq!(seen(), ["b refused"; 4]);
    envoy.pass(100);
    let replies = seen();
    let of = |line: &str| replies.iter().filter(|seen| *seen == line).count();
    assert_eq!((of("a 200 a"), of("b 200 b")), (12, 8), "{replies:?}");
    assert_eq!(replies.len(), 20, "{replies:?}");
    assert_eq!(envoy.misuse(), [""; 0]);
}

#[test]
fn a_reply_that_nobody_waits_for_is_let_alone() {
    let engine = engine();
    let reply = Reply::never();
    let mut host = Numbers::default();
    engine.on_reply(1, CallId(1), &reply, &mut host);
    assert_eq!(seen(), [""; 0]);
    engine.on_tick(1, &mut host);
    assert_eq!(seen(), ["b refused"; 4]);
    engine.on_reply(1, CallId(1), &reply, &mut host);
    engine.on_reply(1, CallId(1), &reply, &mut host);
    engine.on_reply(1, CallId(99), &reply, &mut host);
    assert_eq!(seen(), ["a 0 "]);
}

#[test]
fn no_call_may_last_for_ever() {
    let engine = Engine::load(br#"{"a": {}}"#, &PATIENT).map_err(|_| ()).unwrap();
    let mut host = Numbers::default();
    engine.on_tick(1, &mut host);
    assert_eq!(host.timeouts, [1; 10]);
}

#[test]
fn a_call_that_cannot_be_sent_takes_no_room() {
    let engine = engine();
    let mut host = Numbers {
        deaf: true,
        ..Numbers::default()
    };
    engine.on_tick(1, &mut host);
    assert_eq!(seen().len(), 20);
    host.deaf = false;
    engine.on_tick(1, &mut host);
    assert_eq!((seen().len(), host.timeouts.len()), (0, 4));
}

/// A host that numbers calls.
#[derive(Default)]
struct Numbers {
    deaf: bool,
    timeouts: Vec<u32>,
}

impl RootPorts for Numbers {
    fn call(&mut self, callout: &Callout) -> Result<CallId, PortError> {
        if self.deaf {
            return Err(PortError::NotFound);
        }
        self.timeouts.push(callout.timeout_ms);
        Ok(CallId(u32::try_from(self.timeouts.len()).unwrap()))
    }
}

impl Ports for Numbers {
    fn metric(&mut self, _: MetricKind, _: &str) -> Result<MetricId, PortError> {
        Err(PortError::Refused)
    }

    fn add(&mut self, _: MetricId, _: u64) {}

    fn record(&mut self, _: MetricId, _: u64) {}

    fn shared(&mut self, _: &str) -> Result<Option<(Vec<u8>, u32)>, PortError> {
        Ok(None)
    }

    fn share(&mut self, _: &str, _: &[u8], _: Option<u32>) -> Result<(), PortError> {
        Ok(())
    }

    fn property(&mut self, _: &[&str]) -> Option<Vec<u8>> {
        None
    }

    fn filter_state(&mut self, _: &str, _: &[u8]) {}

    fn log(&mut self, _: &str) {}
}
