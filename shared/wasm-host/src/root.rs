//! One plugin in one VM: its engine, its timer, and who waits for which callout.

use crate::abi::{self, Buffer, Map};
use crate::host::WasmHost;
use crate::ticks::Ticks;
use crate::vm;
use penstock_exchange::{Engine, Input};
use penstock_filter_api::{CallId, Reply};
use std::cell::RefCell;
use std::rc::Rc;

/// Largest reply to a callout that is read, in bytes.
const MAX_REPLY_BYTES: usize = 1 << 20;

/// A root context.
pub(crate) struct Root {
    context: u32,
    engine: RefCell<Option<Rc<Engine>>>,
    pub(crate) ticks: Ticks,
    /// Tokens of open callouts, each with the context that sent it: a stream, or this root.
    calls: RefCell<Vec<(u32, u32)>>,
}

impl Root {
    pub(crate) fn new(context: u32) -> Self {
        Self {
            context,
            engine: RefCell::default(),
            ticks: Ticks::new(),
            calls: RefCell::default(),
        }
    }

    pub(crate) fn engine(&self) -> Option<Rc<Engine>> {
        self.engine.borrow().clone()
    }

    /// Loads the configuration; false if it is refused.
    pub(crate) fn configure(&self) -> bool {
        let json = abi::buffer(Buffer::PluginConfiguration, usize::MAX).unwrap_or_default();
        match Engine::load(&json, vm::modules()) {
            Ok(engine) => {
                self.engine.replace(Some(Rc::new(engine)));
                self.ticks.start();
                true
            }
            Err(error) => {
                abi::log_error(&format!("penstock: configuration refused: {error}"));
                false
            }
        }
    }

    pub(crate) fn tick(self: &Rc<Self>) {
        let now_ns = abi::now_ns();
        for context in self.ticks.take_due(now_ns) {
            if let Some(stream) = vm::stream(context)
                && abi::enter(context).is_ok()
            {
                let _ = stream.try_on(Input::Tick);
            }
        }
        let _ = abi::enter(self.context);
        if let Some(engine) = self.engine() {
            engine.on_tick(now_ns, &mut WasmHost::new(self.context, self.clone()));
        }
        self.ticks.settle(abi::now_ns());
    }

    /// Notes who sent a callout.
    pub(crate) fn sent(&self, call: u32, context: u32) {
        self.calls.borrow_mut().push((call, context));
    }

    /// Hands the reply to who waits for it, if that is still there.
    pub(crate) fn reply(self: &Rc<Self>, call: u32, fields: usize, body: usize) {
        let sender = {
            let mut calls = self.calls.borrow_mut();
            let place = calls.iter().position(|(open, _)| *open == call);
            place.map(|place| calls.swap_remove(place).1)
        };
        if sender == Some(self.context) {
            let reply = read_reply(fields, body);
            if let Some(engine) = self.engine() {
                let mut host = WasmHost::new(self.context, self.clone());
                engine.on_reply(abi::now_ns(), CallId(call), &reply, &mut host);
            }
        } else if let Some(stream) = sender.and_then(vm::stream)
            && abi::enter(stream.context).is_ok()
        {
            let reply = read_reply(fields, body);
            let _ = stream.on(Input::Reply { call, reply });
        }
    }

    /// Forgets a stream that is gone. The host cancels its callouts.
    pub(crate) fn forget(&self, stream: u32) {
        self.ticks.forget(stream);
        let mut calls = self.calls.borrow_mut();
        if !calls.is_empty() {
            calls.retain(|(_, sender)| *sender != stream);
        }
    }
}

/// Status 0 stands for no reply at all.
fn read_reply(fields: usize, body: usize) -> Reply {
    let status = match fields {
        0 => None,
        _ => abi::field(Map::CallReplyHeaders, ":status").ok(),
    };
    let status = status.and_then(|status| std::str::from_utf8(&status).ok()?.parse().ok());
    let body = abi::buffer(Buffer::CallReply, body.min(MAX_REPLY_BYTES)).unwrap_or_default();
    Reply {
        status: status.unwrap_or(0),
        body,
    }
}
