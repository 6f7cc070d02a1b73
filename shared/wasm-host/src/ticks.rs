//! Who is to be woken, and when. Envoy has one timer a plugin and VM; it runs fast only while somebody waits.

use crate::abi;
use std::cell::{Cell, RefCell};

/// How often the plugin ticks when nobody waits, in milliseconds.
const IDLE_MS: u32 = 1_000;
/// The fastest tick, in milliseconds.
const MIN_MS: u32 = 2;

/// Wake-up calls of the streams of one plugin in one VM.
pub(crate) struct Ticks {
    due: RefCell<Vec<(u32, u64)>>,
    period_ms: Cell<u32>,
}

impl Ticks {
    pub(crate) fn new() -> Self {
        Self {
            due: RefCell::default(),
            period_ms: Cell::new(0),
        }
    }

    /// Starts the timer.
    pub(crate) fn start(&self) {
        self.run_every(IDLE_MS);
    }

    /// Wakes this stream once, after so many milliseconds. The earlier of two calls holds.
    pub(crate) fn wake(&self, context: u32, now_ns: u64, after_ms: u32) {
        let at = now_ns.saturating_add(u64::from(after_ms).saturating_mul(1_000_000));
        if let Ok(mut due) = self.due.try_borrow_mut() {
            match due.iter_mut().find(|(waits, _)| *waits == context) {
                Some((_, known)) => *known = at.min(*known),
                None => due.push((context, at)),
            }
        }
        if after_ms < self.period_ms.get() {
            self.run_every(after_ms.max(MIN_MS));
        }
    }

    /// The streams whose time has come, taken out.
    pub(crate) fn take_due(&self, now_ns: u64) -> Vec<u32> {
        let Ok(mut due) = self.due.try_borrow_mut() else {
            return Vec::new();
        };
        let mut ready = Vec::new();
        due.retain(|(context, at)| {
            let is_due = *at <= now_ns;
            if is_due {
                ready.push(*context);
            }
            !is_due
        });
        ready
    }

    /// Sets the timer for who still waits. Called at the end of a tick.
    pub(crate) fn settle(&self, now_ns: u64) {
        let next = self
            .due
            .try_borrow()
            .ok()
            .and_then(|due| due.iter().map(|(_, at)| *at).min());
        let wait_ms = next.map_or(u64::from(IDLE_MS), |at| at.saturating_sub(now_ns) / 1_000_000);
        self.run_every(u32::try_from(wait_ms).unwrap_or(IDLE_MS).clamp(MIN_MS, IDLE_MS));
    }

    /// Forgets a stream that is gone.
    pub(crate) fn forget(&self, context: u32) {
        if let Ok(mut due) = self.due.try_borrow_mut() {
            due.retain(|(waits, _)| *waits != context);
        }
    }

    fn run_every(&self, period_ms: u32) {
        if self.period_ms.replace(period_ms) != period_ms {
            abi::tick_every(period_ms);
        }
    }
}
