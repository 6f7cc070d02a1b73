//! How long answers of a model are: what 19 of 20 stay under.

use crate::names::Slot;

/// Until enough answers were seen, in tokens.
pub(crate) const UNKNOWN: u64 = 1024;

/// That many answers are enough.
const ENOUGH: u32 = 20;

/// After that many, the old ones count half.
const MEMORY: u32 = 1024;

/// Two to an octave, up to 2^24 tokens.
const STEPS: usize = 49;

/// What was learned in this VM, by the number of the model's label.
#[derive(Debug, Default)]
pub(crate) struct Lengths(Vec<Steps>);

/// Answers by their length, on a scale of halved octaves.
#[derive(Clone, Debug)]
struct Steps {
    counts: [u16; STEPS],
    all: u32,
}

impl Lengths {
    /// Tokens that 19 of 20 answers of a model stay under.
    pub(crate) fn likely(&self, model: Slot) -> u64 {
        let steps = self.0.get(usize::from(model.number()));
        steps
            .filter(|steps| steps.all >= ENOUGH)
            .map_or(UNKNOWN, Steps::likely)
    }

    /// Learns from an answer of a model.
    pub(crate) fn learn(&mut self, model: Slot, tokens: u64) {
        let index = usize::from(model.number());
        if self.0.len() <= index {
            let none = Steps {
                counts: [0; STEPS],
                all: 0,
            };
            self.0.resize(index + 1, none);
        }
        if let Some(steps) = self.0.get_mut(index) {
            steps.learn(tokens);
        }
    }
}

impl Steps {
    fn learn(&mut self, tokens: u64) {
        let step = step(tokens);
        if let Some(count) = self.counts.get_mut(step) {
            *count = count.saturating_add(1);
            self.all += 1;
        }
        if self.all >= MEMORY {
            self.all = 0;
            for count in &mut self.counts {
                *count /= 2;
                self.all += u32::from(*count);
            }
        }
    }

    fn likely(&self) -> u64 {
        let mut above = self.all / 20;
        for (step, count) in self.counts.iter().enumerate().rev() {
            match above.checked_sub(u32::from(*count)) {
                Some(rest) => above = rest,
                None => return most(step),
            }
        }
        most(0)
    }
}

/// The step that a length falls into.
fn step(tokens: u64) -> usize {
    let tokens = tokens.clamp(1, 1 << 24);
    let octave = tokens.ilog2() as usize;
    let upper = tokens >= most(octave * 2).saturating_add(1);
    octave * 2 + usize::from(upper)
}

/// The most of a step: 1.5 times its octave, or just under twice.
fn most(step: usize) -> u64 {
    let octave = 1u64 << (step / 2);
    if step.is_multiple_of(2) {
        octave + octave / 2
    } else {
        octave * 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{Admission, Names};

    #[test]
    fn a_length_is_within_its_step() {
        for tokens in (1..5000).chain([1 << 20, (1 << 24) - 1, 1 << 24, u64::MAX]) {
            let step = step(tokens);
            assert!(step < STEPS, "{tokens}");
            assert!(most(step) >= tokens.min(1 << 24), "{tokens} in {step}");
            assert!(step == 0 || most(step - 1) <= tokens, "{tokens} in {step}");
        }
    }

    #[test]
    fn nineteen_of_twenty_stay_under_what_is_likely() {
        let model = Names::new("other", 1).slot(Some("m"), Admission::Welcome);
        let mut lengths = Lengths::default();
        assert_eq!(lengths.likely(model), UNKNOWN);
        for round in 0..5000u64 {
            lengths.learn(
                model,
                if round.is_multiple_of(50) {
                    8000
                } else {
                    100 + round % 50
                },
            );
        }
        assert!(
            (149..=256).contains(&lengths.likely(model)),
            "{}",
            lengths.likely(model)
        );
        for _ in 0..5000 {
            lengths.learn(model, 3000);
        }
        assert!(
            (3000..=4096).contains(&lengths.likely(model)),
            "{}",
            lengths.likely(model)
        );
    }
}
