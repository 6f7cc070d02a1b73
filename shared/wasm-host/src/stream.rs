//! One HTTP stream: its exchange, in the middle of the host's callbacks.

use crate::abi;
use crate::host::WasmHost;
use crate::root::Root;
use penstock_exchange::{Engine, Exchange, Flow, Host, Input};
use std::cell::RefCell;
use std::rc::Rc;

/// A stream context.
pub(crate) struct Stream {
    pub(crate) context: u32,
    exchange: RefCell<Exchange>,
    root: Rc<Root>,
}

impl Stream {
    pub(crate) fn new(context: u32, engine: Rc<Engine>, root: Rc<Root>) -> Self {
        Self {
            context,
            exchange: RefCell::new(Exchange::new(engine)),
            root,
        }
    }

    /// Takes a callback; `None` if another is being taken.
    pub(crate) fn try_on(&self, input: Input) -> Option<Flow> {
        let mut exchange = self.exchange.try_borrow_mut().ok()?;
        Some(exchange.on(input, &mut WasmHost::new(self.context, self.root.clone())))
    }

    /// Takes a callback. One within another, which Envoy never makes, resets the stream.
    pub(crate) fn on(&self, input: Input) -> Flow {
        self.try_on(input).unwrap_or_else(|| {
            abi::log_error("penstock: callback while another runs on the same stream");
            let _ = WasmHost::new(self.context, self.root.clone()).close();
            Flow::Pause
        })
    }

    /// The host has deleted it.
    pub(crate) fn forget(&self) {
        self.root.forget(self.context);
    }
}
