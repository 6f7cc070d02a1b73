//! When a budget begins anew, and how much was spent until then.

use super::calendar::Calendar;

/// Parts in which a sliding window moves on.
pub(crate) const PARTS: usize = 8;

/// Most numbers of a record of what was spent.
pub(crate) const MOST_NUMBERS: usize = PARTS + 2;

const NANOS: u64 = 1_000_000_000;

/// Least time by which the clock must have turned back for a record of the future to be disbelieved. Callbacks that ran side
/// by side may write in another order than they began.
const SKEW_S: u64 = 60;

/// When a budget begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Window {
    /// Never: only what is open counts.
    Open,
    /// With the clock.
    Calendar(Calendar),
    /// By [`PARTS`] of this length.
    Sliding {
        /// Nanoseconds.
        part_ns: u64,
    },
    /// Steadily.
    Bucket {
        /// Amount that comes back in 10^6 seconds.
        rate: u64,
    },
}

impl Window {
    /// How many numbers a record of what was spent has.
    pub(crate) fn numbers(self) -> usize {
        match self {
            Self::Open => 1,
            Self::Calendar(_) => 2,
            Self::Bucket { .. } => 3,
            Self::Sliding { .. } => MOST_NUMBERS,
        }
    }
}

/// What an account has spent, as of some moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spend {
    /// Calendar: begin of the window, in seconds. Sliding: number of the part. Bucket and open: nanoseconds.
    pub(crate) at: u64,
    /// Calendar and bucket: one sum. Sliding: of each part, the latest first.
    pub(crate) sums: [u64; PARTS + 1],
    /// Bucket: all that ever came back, or was taken back.
    gone: u64,
}

/// When something was spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) at: u64,
    /// Bucket: once so much is gone, this is among it. Taken back is taken for the oldest, so that nothing comes back twice.
    until: u64,
}

impl Spend {
    /// Its numbers, as they are recorded.
    pub(crate) fn numbers(&mut self, window: Window) -> impl Iterator<Item = &mut u64> {
        let Self { at, sums, gone } = self;
        let (parts, gone) = match window {
            Window::Open => (0, None),
            Window::Calendar(_) => (1, None),
            Window::Bucket { .. } => (1, Some(gone)),
            Window::Sliding { .. } => (PARTS + 1, None),
        };
        std::iter::once(at).chain(sums.iter_mut().take(parts)).chain(gone)
    }

    /// Forgets what no longer counts. A clock that turns back gives nothing back.
    pub(crate) fn age(&mut self, window: Window, now_ns: u64) {
        match window {
            Window::Open if self.at > now_ns && self.at - now_ns <= SKEW_S * NANOS => {}
            Window::Open => self.at = now_ns,
            Window::Calendar(calendar) => {
                let now_s = now_ns / NANOS;
                let start = calendar.start(now_s);
                if start > self.at {
                    *self = Self {
                        at: start,
                        ..Self::default()
                    };
                } else if self.at > now_s.saturating_add(calendar.longest_s().max(SKEW_S)) {
                    self.at = start;
                }
            }
            Window::Sliding { part_ns } => self.slide(part_ns, now_ns),
            Window::Bucket { rate } => self.drain(rate, now_ns),
        }
    }

    fn slide(&mut self, part_ns: u64, now_ns: u64) {
        let part = now_ns / part_ns.max(1);
        match part.checked_sub(self.at) {
            Some(0) => {}
            Some(by) => {
                let by = usize::try_from(by).unwrap_or(usize::MAX).min(PARTS + 1);
                self.sums.rotate_right(by);
                self.sums.iter_mut().take(by).for_each(|sum| *sum = 0);
                self.at = part;
            }
            None => {
                let ahead_ns = (self.at - part).saturating_mul(part_ns);
                if ahead_ns > (part_ns.saturating_mul(PARTS as u64)).max(SKEW_S * NANOS) {
                    self.at = part;
                }
            }
        }
    }

    fn drain(&mut self, rate: u64, now_ns: u64) {
        const SCALE: u128 = 1_000_000 * NANOS as u128;
        let [spent, ..] = &mut self.sums;
        if *spent > 0 && self.at > now_ns.saturating_add(SKEW_S * NANOS) {
            self.at = now_ns;
            return;
        }
        let elapsed = u128::from(now_ns.saturating_sub(self.at));
        let back = elapsed * u128::from(rate) / SCALE;
        if back >= u128::from(*spent) {
            self.gone = self.gone.wrapping_add(*spent);
            (*spent, self.at) = (0, now_ns);
            return;
        }
        *spent -= back as u64;
        self.gone = self.gone.wrapping_add(back as u64);
        // Only the time that these took, rounded up: nothing comes back early.
        let took = (back * SCALE).div_ceil(u128::from(rate.max(1)));
        self.at = self.at.saturating_add(u64::try_from(took).unwrap_or(u64::MAX));
    }

    /// What counts now.
    pub(crate) fn total(&self) -> u64 {
        self.sums.iter().fold(0, |all, sum| all.saturating_add(*sum))
    }

    /// Spends now. The stamp is for [`Spend::refund`].
    pub(crate) fn add(&mut self, amount: u64) -> Stamp {
        let [latest, ..] = &mut self.sums;
        *latest = latest.saturating_add(amount);
        Stamp {
            at: self.at,
            until: self.gone.wrapping_add(*latest),
        }
    }

    /// Takes back what was spent at `stamp`, if it still counts.
    pub(crate) fn refund(&mut self, window: Window, stamp: Stamp, amount: u64) {
        let place = match window {
            Window::Open => return,
            Window::Calendar(_) if self.at == stamp.at => 0,
            Window::Bucket { .. } if self.gone < stamp.until => {
                self.gone = self.gone.wrapping_add(amount);
                0
            }
            Window::Calendar(_) | Window::Bucket { .. } => return,
            Window::Sliding { .. } => usize::try_from(self.at.saturating_sub(stamp.at)).unwrap_or(usize::MAX),
        };
        if let Some(sum) = self.sums.get_mut(place) {
            *sum = sum.saturating_sub(amount);
        }
    }

    /// Seconds until the sum is at most `most`, rounded up; at least 1.
    pub(crate) fn wait_s(&self, window: Window, most: u64, now_ns: u64) -> u64 {
        if self.total() <= most {
            return 1;
        }
        let until_ns = match window {
            Window::Open => 0,
            Window::Calendar(calendar) => calendar.end(self.at).saturating_mul(NANOS),
            Window::Sliding { part_ns } => {
                let mut left = self.total();
                let mut gone = 0;
                for sum in self.sums.iter().rev() {
                    gone += 1;
                    left = left.saturating_sub(*sum);
                    if left <= most {
                        break;
                    }
                }
                // The oldest part goes when the next one begins.
                (self.at.saturating_add(gone)).saturating_mul(part_ns)
            }
            Window::Bucket { rate } => {
                let back = u128::from(self.total() - most) * 1_000_000 * u128::from(NANOS);
                let ns = back.div_ceil(u128::from(rate.max(1)));
                self.at.saturating_add(u64::try_from(ns).unwrap_or(u64::MAX))
            }
        };
        until_ns.saturating_sub(now_ns).div_ceil(NANOS).max(1)
    }
}
