//! What happens when.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The request of that number comes to its gateway.
    Arrives(usize),
    /// The server of that number ends its step.
    StepEnds(usize),
    /// The refusal of that request comes back from that server.
    Refused { request: usize, backend: usize },
    /// The server of that number ends and is started anew.
    Restarts(usize),
    /// The policy's tick.
    Tick,
}

/// Events in the order of their time; at the same time, in the order they were planned.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    heap: BinaryHeap<Planned>,
    planned: u64,
}

#[derive(Debug)]
struct Planned {
    at: f64,
    order: u64,
    event: Event,
}

impl Agenda {
    pub(crate) fn plan(&mut self, at: f64, event: Event) {
        self.planned += 1;
        self.heap.push(Planned {
            at,
            order: self.planned,
            event,
        });
    }

    pub(crate) fn next(&mut self) -> Option<(f64, Event)> {
        self.heap.pop().map(|planned| (planned.at, planned.event))
    }
}

impl Ord for Planned {
    /// The heap gives the greatest first, which must be the earliest.
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.total_cmp(&self.at).then(other.order.cmp(&self.order))
    }
}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Planned {}
