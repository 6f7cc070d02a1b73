//! What the accounts of a budget are made of, and the rounds in which the members of a fair one are compared.

use super::window::{Spend, Window};

const NANOS: u64 = 1_000_000_000;

/// What the accounts of a budget are made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) window: Window,
    /// Of a fair budget: how long its rounds are where they do not begin with the clock's.
    pub(crate) round_ns: Option<u64>,
}

/// A window's length, from one fixed moment to the next: sliding windows and buckets have rounds, too.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Round {
    start_ns: u64,
    pub(crate) end_ns: u64,
    now_ns: u64,
    /// What is used ends with the exchange, and not with the round.
    gauge: bool,
}

impl Layout {
    /// The round that an account is in.
    pub(crate) fn round(self, spend: &Spend, now_ns: u64) -> Round {
        let (from_ns, gauge) = match self.window {
            Window::Calendar(calendar) => {
                return Round {
                    start_ns: spend.at.saturating_mul(NANOS),
                    end_ns: calendar.end(spend.at).saturating_mul(NANOS),
                    now_ns,
                    gauge: false,
                };
            }
            Window::Sliding { part_ns } => (spend.at.saturating_mul(part_ns), false),
            Window::Bucket { .. } => (spend.at, false),
            Window::Open => (spend.at, true),
        };
        let length_ns = self.round_ns.unwrap_or_default().max(1);
        let start_ns = from_ns - from_ns % length_ns;
        Round {
            start_ns,
            end_ns: start_ns.saturating_add(length_ns),
            now_ns,
            gauge,
        }
    }
}

impl Round {
    /// One of which no more is known.
    pub(crate) fn ending(end_ns: u64) -> Self {
        Self {
            end_ns,
            ..Self::default()
        }
    }

    /// Whether it comes right after one that ended at `end_ns`.
    pub(crate) fn follows(&self, end_ns: u64) -> bool {
        self.start_ns == end_ns
    }

    /// Seconds that are still to come, rounded up; at least 1.
    pub(crate) fn rest_s(&self) -> u64 {
        let rest_ns = self.end_ns.saturating_sub(self.now_ns);
        rest_ns.div_ceil(NANOS).max(1)
    }

    /// The part of it that is still to come.
    fn rest(&self) -> f64 {
        let rest = self.end_ns.saturating_sub(self.now_ns) as f64;
        let length = (self.end_ns - self.start_ns.min(self.end_ns)).max(1) as f64;
        (rest / length).min(1.0)
    }

    /// What will probably be asked for in the rest of it: as in the last one, or as so far in this, whichever is more.
    pub(crate) fn outlook(&self, used: u64, last: u64) -> f64 {
        /// Nobody is judged by less than this part of a round.
        const LEAST: f64 = 1e-3;
        let rest = self.rest();
        let pace = if self.gauge {
            0.0
        } else {
            used as f64 / (1.0 - rest).max(LEAST)
        };
        rest * pace.max(last as f64)
    }
}
