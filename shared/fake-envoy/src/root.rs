//! What belongs to no stream: the plugins' own ticks and callouts.

use crate::calls::{Calls, Moment};
use crate::stream::Stream;
use crate::world::World;
use penstock_exchange::{Engine, Host};
use penstock_filter_api::{CallId, Callout, PortError, RootPorts};
use std::rc::Rc;

/// How often the plugins tick, in nanoseconds.
const TICK_NS: u64 = 1_000_000_000;

/// The root context of an engine.
pub(crate) struct Root {
    engine: Rc<Engine>,
    /// Its callouts are kept where those of a stream are.
    stream: Stream,
    tick_ns: u64,
}

impl Root {
    pub(crate) fn new(engine: Rc<Engine>, now_ns: u64) -> Self {
        Self {
            engine,
            stream: Stream::new(),
            tick_ns: now_ns.saturating_add(TICK_NS),
        }
    }

    /// When something is to come.
    pub(crate) fn due_ns(&self) -> u64 {
        let calls = self.stream.calls.iter().map(|(at_ns, ..)| *at_ns);
        calls.min().unwrap_or(u64::MAX).min(self.tick_ns)
    }

    /// Brings what is due.
    pub(crate) fn turn(&mut self, at_ns: u64, world: &mut World) {
        let due = self.stream.calls.iter().position(|(due_ns, ..)| *due_ns == at_ns);
        let reply = due.map(|at| self.stream.calls.remove(at));
        let mut calls = Calls {
            world,
            stream: &mut self.stream,
            moment: Moment::Aside,
            shown: Vec::new(),
        };
        match reply {
            Some((_, call, reply)) => self.engine.on_reply(at_ns, CallId(call), &reply, &mut calls),
            None => {
                self.tick_ns = at_ns.saturating_add(TICK_NS);
                self.engine.on_tick(at_ns, &mut calls);
            }
        }
    }
}

impl RootPorts for Calls<'_> {
    fn call(&mut self, callout: &Callout) -> Result<CallId, PortError> {
        Host::call(self, callout).map(CallId)
    }
}
