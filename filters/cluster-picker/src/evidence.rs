//! What samples say about one backend: fading sums, so that several observers add up.

/// The weight of old samples after a new one.
const KEEP: f64 = 0.99;

/// The least that old samples fade to at a new one, however long ago they were.
const KEEP_AT_LEAST: f64 = 0.5;

/// Largest logarithm of a ratio that one sample may claim: 12 times slower or faster.
const MAX_LOG: f64 = 2.5;

/// How much slower a backend is than the fleet's mean, as a sum of logarithms of ratios.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Pace {
    pub(crate) sum: f64,
    pub(crate) weight: f64,
    /// Seconds since the epoch of the last sample.
    pub(crate) at: f64,
}

impl Pace {
    /// Takes in that `seen` seconds passed where `expected` were. `observers` learn of the same backend.
    pub(crate) fn add(&mut self, seen: f64, expected: f64, now: f64, fade_s: f64, observers: f64) {
        let log = (seen / expected).ln();
        if !log.is_finite() {
            return;
        }
        let faded = (-(now - self.at).max(0.0) / fade_s).exp().max(KEEP_AT_LEAST);
        let keep = KEEP.powf(observers) * faded;
        self.sum = self.sum * keep + log.clamp(-MAX_LOG, MAX_LOG);
        self.weight = self.weight * keep + 1.0;
        self.at = now;
    }

    /// Adds what another observer saw.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.weight += other.weight;
        self.at = self.at.max(other.at);
    }

    /// The factor on the fleet's time: above 1 for a slow backend. Of one that nothing is known of it is the `norm` of those
    /// that are known. What is known fades to it once no sample has come for a while, so that a backend that was slow once is
    /// tried again.
    pub(crate) fn factor(&self, shrink: f64, norm: Norm, now: f64, fade_s: f64) -> f64 {
        let idle = (now - self.at - fade_s).max(0.0);
        let fade = (-idle / fade_s).exp();
        ((self.sum * fade + shrink * norm.0) / (self.weight * fade + shrink)).exp()
    }
}

/// The mean logarithm of the factors of all backends. The fleet's time and the factors may drift apart together; only their
/// product is seen. So a newcomer is held against this, and the fleet's time learns what is left when it is taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Norm(f64);

impl Norm {
    pub(crate) fn of(paces: impl Iterator<Item = Pace>, shrink: f64) -> Self {
        let (sum, weight) = paces.fold((0.0, shrink.max(0.1)), |(sum, weight), pace| {
            (sum + pace.sum, weight + pace.weight.max(0.0))
        });
        Self((sum / weight).clamp(-MAX_LOG, MAX_LOG))
    }

    /// What is believed of one that is so many times faster.
    pub(crate) fn faster(self, times: f64) -> Self {
        Self(self.0 - times.ln())
    }

    /// The factor that it stands for.
    pub(crate) fn factor(self) -> f64 {
        self.0.exp()
    }
}

/// How many tokens a backend's KV cache really holds, learned from what we sent there and what it reports.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Capacity {
    /// Tokens, times weight.
    pub(crate) sum: f64,
    pub(crate) weight: f64,
}

/// Weight beyond which old samples fade: with a full cache a sample counts five times as much as all old ones.
const MAX_CAPACITY_WEIGHT: f64 = 0.2;

/// Reported use of the KV cache below which nothing can be learned.
const LEAST_KV: f64 = 0.03;

impl Capacity {
    /// Takes in that `context` tokens of ours were there when the backend said that `kv` (0 to 1) of its cache is used.
    pub(crate) fn add(&mut self, context: f64, kv: f64) {
        if !(kv > LEAST_KV && context > 0.0 && context.is_finite()) {
            return;
        }
        if self.weight > MAX_CAPACITY_WEIGHT {
            self.sum *= MAX_CAPACITY_WEIGHT / self.weight;
            self.weight = MAX_CAPACITY_WEIGHT;
        }
        let weight = kv * kv;
        self.sum += weight * context / kv;
        self.weight += weight;
    }

    /// Adds what another observer saw.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.weight += other.weight;
    }

    /// Tokens; `None` before any sample.
    pub(crate) fn tokens(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }
}

/// A mean of the latest values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Mean {
    pub(crate) sum: f64,
    pub(crate) weight: f64,
}

impl Mean {
    /// `value` counts as one that was seen.
    pub(crate) fn new(value: f64) -> Self {
        Self {
            sum: value,
            weight: 1.0,
        }
    }

    /// Takes in a value after which older ones weigh `keep`.
    pub(crate) fn add(&mut self, value: f64, keep: f64) {
        if value.is_finite() {
            self.sum = self.sum * keep + value;
            self.weight = self.weight * keep + 1.0;
        }
    }

    /// Adds what another observer saw.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.weight += other.weight;
    }

    pub(crate) fn value(&self) -> f64 {
        self.sum / self.weight.max(1e-9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_backend_is_known_after_a_few_samples_and_tried_again_later() {
        let mut pace = Pace::default();
        for second in 0..50 {
            pace.add(0.4, 0.1, f64::from(second), 30.0, 1.0);
        }
        let factor = pace.factor(4.0, Norm::default(), 50.0, 30.0);
        assert!((3.0..4.0).contains(&factor), "{factor}");
        assert!(pace.factor(4.0, Norm::default(), 500.0, 30.0) < 1.01);
        // A clock that jumps back changes nothing.
        assert_eq!(pace.factor(4.0, Norm::default(), -1e9, 30.0), factor);
    }

    #[test]
    fn one_absurd_sample_is_bounded() {
        let mut pace = Pace::default();
        pace.add(1e300, 1e-300, 0.0, 30.0, 1.0);
        pace.add(f64::NAN, 1.0, 0.0, 30.0, 1.0);
        pace.add(1.0, 0.0, 0.0, 30.0, 1.0);
        assert!(pace.factor(4.0, Norm::default(), 0.0, 30.0) < 2.0);
    }

    #[test]
    fn capacity_follows_full_caches_more_than_empty_ones() {
        let mut capacity = Capacity::default();
        assert_eq!(capacity.tokens(), None);
        capacity.add(1000.0, 0.01);
        assert_eq!(capacity.tokens(), None);
        capacity.add(10_000.0, 0.1);
        capacity.add(40_000.0, 0.8);
        let tokens = capacity.tokens().unwrap_or_default();
        assert!((49_000.0..52_000.0).contains(&tokens), "{tokens}");
    }
}
