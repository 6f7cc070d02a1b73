//! What all backends of a fleet share: the shape of their times, and the length of prompts and outputs.

use crate::evidence::Mean;
use crate::plane::{FIRST_TOKEN, PER_TOKEN, Plane, Sums};

/// The weight of old samples of the shape after a new one.
const KEEP_SHAPE: f64 = 0.999;

/// The same for lengths of prompts, and of outputs.
const KEEP_INPUT: f64 = 0.995;
const KEEP_OUTPUT: f64 = 0.99;

/// Most times slower or faster that one sample may claim: as for a backend's pace.
const MAX_RATIO: f64 = 12.0;

/// Tokens of a prompt and an output before any was seen.
const INPUT_TOKENS: f64 = 1000.0;
const OUTPUT_TOKENS: f64 = 200.0;

/// Sums over the samples of one VM, or of several.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fleet {
    pub(crate) first: Sums,
    pub(crate) token: Sums,
    pub(crate) input: Mean,
    pub(crate) output: Mean,
}

impl Default for Fleet {
    fn default() -> Self {
        Self {
            first: Sums::default(),
            token: Sums::default(),
            input: Mean::new(INPUT_TOKENS),
            output: Mean::new(OUTPUT_TOKENS),
        }
    }
}

impl Fleet {
    /// Of other VMs, before any of them wrote.
    pub(crate) const NOBODY: Self = Self {
        first: Sums([0.0; 9]),
        token: Sums([0.0; 9]),
        input: Mean {
            sum: 0.0,
            weight: 0.0,
        },
        output: Mean {
            sum: 0.0,
            weight: 0.0,
        },
    };

    pub(crate) fn merge(&mut self, other: &Self) {
        self.first.merge(&other.first);
        self.token.merge(&other.token);
        self.input.merge(&other.input);
        self.output.merge(&other.output);
    }

    /// A prompt was sent.
    pub(crate) fn sent(&mut self, input: f64, observers: f64) {
        self.input.add(input, KEEP_INPUT.powf(observers));
    }

    /// An answer was so long.
    pub(crate) fn answered(&mut self, output: f64, observers: f64) {
        self.output.add(output, KEEP_OUTPUT.powf(observers));
    }

    /// A first token took `seconds`, its backend's pace taken out, where `expected` was predicted.
    pub(crate) fn first_token(&mut self, load: [f64; 2], seconds: f64, expected: f64, observers: f64) {
        let seconds = believed(seconds, expected);
        let weight = (0.05 + expected).powi(-2);
        self.first
            .add(load[0], load[1], seconds, weight, KEEP_SHAPE.powf(observers));
    }

    /// Each further token took `seconds`.
    pub(crate) fn per_token(&mut self, load: [f64; 2], seconds: f64, expected: f64, observers: f64) {
        let seconds = believed(seconds, expected);
        let weight = expected.max(1e-4).powi(-2);
        self.token
            .add(load[0], load[1], seconds, weight, KEEP_SHAPE.powf(observers));
    }

    /// The shape of both times.
    pub(crate) fn shape(&self) -> Shape {
        Shape {
            first: self.first.solve(&FIRST_TOKEN),
            token: self.token.solve(&PER_TOKEN),
        }
    }
}

/// One sample says no more than that all is so many times slower or faster than was thought: a model that had to be loaded
/// first must not set the measure for hours.
fn believed(seconds: f64, expected: f64) -> f64 {
    seconds.max(expected / MAX_RATIO).min(expected * MAX_RATIO)
}

/// Time to the first token, by queued tokens and their attention; time per token, by decoding requests and context.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shape {
    pub(crate) first: Plane,
    pub(crate) token: Plane,
}
