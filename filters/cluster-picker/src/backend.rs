//! One backend: our books of it, what others wrote of it, what was learned of its speed, and its health.

use crate::books::{Books, Counts};
use crate::evidence::{Capacity, Pace};
use crate::health::Health;
use crate::report::Load;

/// What is known of a backend before any request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackendSpec {
    /// The name that records in shared data go by; unique within the fleet.
    pub name: String,
    /// Tokens that its KV cache holds, where that is known.
    pub kv_tokens: Option<f64>,
    /// Nobody configured it: it may be gone for good.
    pub learned: bool,
    /// How much faster than the fleet's mean it is believed to be until something was learned; 1 where nobody knows.
    pub speed: Option<f64>,
}

/// One backend in one VM.
#[derive(Clone, Debug)]
pub(crate) struct Backend {
    /// Hash of its name.
    pub(crate) id: u64,
    pub(crate) spec: BackendSpec,
    pub(crate) books: Books,
    pub(crate) learned: Learned,
    /// The same of all other VMs, as of their last records.
    pub(crate) others: Page,
    pub(crate) load: Load,
    /// When it was reported.
    pub(crate) load_at: f64,
    pub(crate) health: Health,
    /// The part of the prefixes we believe it has cached that it really has. 0 to 1.
    pub(crate) trust: f64,
    /// Other VMs have it in their records.
    pub(crate) known_to_others: bool,
    /// It has once said how much was cached.
    pub(crate) says_cached: bool,
}

/// What samples taught about a backend.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Learned {
    /// Time to the first token, beside the fleet's.
    pub(crate) first: Pace,
    /// Time per output token, beside the fleet's.
    pub(crate) token: Pace,
    pub(crate) capacity: Capacity,
}

/// What one VM writes about a backend in its record.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Page {
    pub(crate) counts: Counts,
    pub(crate) learned: Learned,
    /// Until when it is out for its failures, and until when it asked for no requests.
    pub(crate) out_until: f64,
    pub(crate) rests_until: f64,
}

impl Learned {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.first.merge(&other.first);
        self.token.merge(&other.token);
        self.capacity.merge(&other.capacity);
    }
}

impl Page {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.counts = self.counts.plus(&other.counts);
        self.learned.merge(&other.learned);
        self.out_until = self.out_until.max(other.out_until);
        self.rests_until = self.rests_until.max(other.rests_until);
    }
}

impl Backend {
    pub(crate) fn new(spec: BackendSpec, id: u64, now: f64) -> Self {
        Self {
            id,
            spec,
            books: Books::default(),
            learned: Learned::default(),
            others: Page::default(),
            load: Load::default(),
            load_at: 0.0,
            health: Health::new(now),
            trust: 1.0,
            known_to_others: false,
            says_cached: false,
        }
    }

    /// Open requests of all VMs.
    pub(crate) fn counts(&self) -> Counts {
        self.books.counts().plus(&self.others.counts)
    }

    /// What all VMs have learned.
    pub(crate) fn all_learned(&self) -> Learned {
        let mut all = self.learned;
        all.merge(&self.others.learned);
        all
    }

    /// Tokens that its KV cache holds, as learned, else as it says, else as configured.
    pub(crate) fn capacity(&self, learned: &Learned) -> Option<f64> {
        let known = learned.capacity.tokens().or(self.load.max_tokens);
        known.or(self.spec.kv_tokens).filter(|tokens| *tokens >= 1.0)
    }

    /// Whether it was learned, and has failed for so long that it is taken to be gone.
    pub(crate) fn is_gone(&self) -> bool {
        self.spec.learned && self.health.is_lost()
    }

    /// The page of our record.
    pub(crate) fn page(&self) -> Page {
        Page {
            counts: *self.books.counts(),
            learned: self.learned,
            out_until: self.health.out_until(),
            rests_until: self.health.rests_until(),
        }
    }
}
