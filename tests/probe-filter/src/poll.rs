//! What the probe asks outside of exchanges.

use crate::one::callout;
use crate::script::Script;
use penstock_filter_api::{Reply, RootCx};
use std::cell::{Cell, RefCell};

/// The longest body that is told as it is, in bytes.
const SHOWN_BYTES: usize = 16;

/// A poll of a service, one for each exchange.
#[derive(Default)]
pub(crate) struct Poll {
    wanted: Cell<bool>,
    sent: Cell<u32>,
    refused: Cell<u32>,
    seen: RefCell<String>,
}

impl Poll {
    /// An exchange has begun.
    pub(crate) fn begin(&self) {
        self.wanted.set(true);
        self.sent.set(0);
        self.refused.set(0);
        self.seen.take();
    }

    pub(crate) fn tick(&self, script: &Script, cx: &mut RootCx<'_>) {
        let Some(ask) = script.poll.as_ref().filter(|_| self.wanted.take()) else {
            return;
        };
        for _ in 0..script.poll_times {
            match cx.call(callout(ask, "poll")) {
                Ok(_) => self.sent.set(self.sent.get() + 1),
                Err(_) => self.refused.set(self.refused.get() + 1),
            }
        }
    }

    pub(crate) fn reply(&self, reply: &Reply) {
        let body = match reply.body.len() {
            0..=SHOWN_BYTES => String::from_utf8_lossy(&reply.body).into_owned(),
            length => length.to_string(),
        };
        let body = if reply.is_ok() { body } else { "failed".to_owned() };
        self.seen.replace(format!(", {} {body}", reply.status));
    }

    /// `1 sent, 0 refused, 200 warm`.
    pub(crate) fn told(&self) -> String {
        let (sent, refused) = (self.sent.get(), self.refused.get());
        format!("{sent} sent, {refused} refused{}", self.seen.borrow())
    }
}
