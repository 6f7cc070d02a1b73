//! Bytes of text per token, learned per model from exchanges whose usage was reported.

use crate::decimal::Decimal;
use crate::names::Slot;
use crate::tally::{Charge, Tally};
use penstock_filter_api::{Outcome, Record};

/// The weight of the configured ratio, in tokens of experience.
const PRIOR_TOKENS: u64 = 256;

/// Beyond that many tokens of experience, old experience counts half.
const MEMORY_TOKENS: u64 = 1 << 20;

/// Texts shorter than this, in bytes, teach nothing: most of their tokens are the chat template's.
const MIN_SAMPLE_BYTES: u64 = 64;

/// Ratios outside of this range, in bytes a token, are no property of the text: the tokens are images,
/// audio or hidden reasoning.
const SAMPLE_RANGE: std::ops::RangeInclusive<u64> = 1..=15;

/// What was learned in this VM, by the number of the model's label. Bounded as the labels are.
#[derive(Debug)]
pub(crate) struct Ratios {
    fresh: Ratio,
    models: Vec<Ratio>,
}

impl Ratios {
    /// Nothing learned: `fresh` holds for every model.
    pub(crate) fn new(fresh: Ratio) -> Self {
        Self {
            fresh,
            models: Vec::new(),
        }
    }

    /// What is known of a model.
    pub(crate) fn of(&self, model: Slot) -> Ratio {
        self.models
            .get(usize::from(model.number()))
            .copied()
            .unwrap_or(self.fresh)
    }

    /// Learns from an exchange, if it was reported in full.
    pub(crate) fn learn(&mut self, model: Slot, record: &Record, charge: &Charge) {
        let Charge::Exact(tally) = charge else { return };
        if record.outcome != Outcome::Complete {
            return;
        }
        let index = usize::from(model.number());
        if self.models.len() <= index {
            self.models.resize(index + 1, self.fresh);
        }
        if let Some(ratio) = self.models.get_mut(index) {
            ratio.input.learn(record.input_text_bytes, tally.input);
            ratio.output.learn(record.output_text_bytes, spoken(tally));
        }
    }
}

/// What is known of one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ratio {
    pub(crate) input: Sums,
    pub(crate) output: Sums,
}

impl Ratio {
    /// Nothing but the configured ratio.
    pub(crate) fn new(bytes_per_token: Decimal) -> Self {
        let bytes = PRIOR_TOKENS * bytes_per_token.millionths() / 1_000_000;
        let sums = Sums {
            bytes: bytes.max(1),
            tokens: PRIOR_TOKENS,
        };
        Self {
            input: sums,
            output: sums,
        }
    }
}

/// Output tokens that have text. Reasoning has none where the provider keeps it, and then the sample
/// falls out of [`SAMPLE_RANGE`] on its own.
pub(crate) fn spoken(tally: &Tally) -> u64 {
    tally.output - tally.audio_output
}

/// Decaying sums, so that long exchanges weigh more than short ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sums {
    bytes: u64,
    tokens: u64,
}

impl Sums {
    /// Tokens that so much text would be, rounded up.
    pub(crate) fn tokens(&self, bytes: u64) -> u64 {
        bytes.saturating_mul(self.tokens).div_ceil(self.bytes.max(1))
    }

    fn learn(&mut self, bytes: u64, tokens: u64) {
        if bytes < MIN_SAMPLE_BYTES || tokens == 0 || !SAMPLE_RANGE.contains(&(bytes / tokens)) {
            return;
        }
        self.bytes += bytes;
        self.tokens += tokens;
        while self.tokens > MEMORY_TOKENS {
            self.bytes = self.bytes.div_ceil(2);
            self.tokens /= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fresh() -> Sums {
        Ratio::new(Decimal::parse("4.0").unwrap()).input
    }

    #[test]
    fn the_configured_ratio_holds_until_something_is_learned() {
        let sums = fresh();
        assert_eq!(
            (sums.tokens(0), sums.tokens(1), sums.tokens(400), sums.tokens(401)),
            (0, 1, 100, 101)
        );
    }

    #[test]
    fn experience_replaces_the_configured_ratio() {
        let mut sums = fresh();
        for _ in 0..2000 {
            sums.learn(3000, 1000);
        }
        assert_eq!(sums.tokens(3000), 1000);
        for _ in 0..20_000 {
            sums.learn(5000, 1000);
        }
        assert!((990..=1010).contains(&sums.tokens(5000)), "{}", sums.tokens(5000));
    }

    #[test]
    fn samples_that_are_no_text_teach_nothing() {
        let mut sums = fresh();
        for (bytes, tokens) in [(63, 16), (100, 0), (100, 101), (1600, 100), (0, 1000)] {
            sums.learn(bytes, tokens);
        }
        assert_eq!(sums, fresh());
    }

    proptest! {
        /// Whatever is learned, an estimate stays within the range of samples and in bounds.
        #[test]
        fn estimates_stay_sane(samples in prop::collection::vec((0u64..1 << 33, 0u64..1 << 25), 0..300)) {
            let mut sums = fresh();
            for (bytes, tokens) in samples {
                sums.learn(bytes, tokens);
                prop_assert!(sums.tokens <= MEMORY_TOKENS);
            }
            let tokens = sums.tokens(1 << 20);
            prop_assert!((1 << 16..=1 << 20).contains(&tokens), "{tokens}");
        }
    }
}
