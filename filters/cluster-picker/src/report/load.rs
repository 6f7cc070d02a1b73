//! The load of a backend, and how it is gathered from values that may be wrong.

use super::Parsed;

/// Most requests waiting or running, and most requests or errors a second, that are believed.
const MAX_COUNT: f64 = 1e6;
/// Most tokens a second that are believed.
const MAX_TOKENS_PER_S: f64 = 1e8;
/// Largest KV cache that is believed, in tokens.
const MAX_KV_TOKENS: f64 = 1e10;
/// How far above 1 a share of the KV cache may be and still be rounding.
const MAX_KV: f64 = 1.01;
/// How far above 1 a utilisation may be: ORCA's may pass a soft limit. More is a percentage, or nonsense.
const MAX_BUSY: f64 = 10.0;

/// The load of one backend by its own word. Every value is finite and within the bounds named; `None` is "not said".
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Share of the KV cache in use, 0 to 1; of several engines, the fullest.
    pub kv: Option<f64>,
    /// Requests that wait for a place in the batch, 0 to 10^6.
    pub waiting: Option<f64>,
    /// Requests in the batch, 0 to 10^6.
    pub running: Option<f64>,
    /// Utilisation, 0 to 1, where 1 is also anything above it: the application's, else the GPU's, else the CPU's.
    pub busy: Option<f64>,
    /// Requests a second, 0 to 10^6.
    pub requests_per_s: Option<f64>,
    /// Errors a second, 0 to 10^6.
    pub errors_per_s: Option<f64>,
    /// Tokens generated a second by the whole backend, 0 to 10^8.
    pub tokens_per_s: Option<f64>,
    /// Size of the KV cache in tokens, 1 to 10^10.
    pub max_tokens: Option<f64>,
    /// It finishes what it has and wants no more.
    pub draining: Option<bool>,
}

/// What a value is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Kv,
    Waiting,
    Running,
    Busy,
    /// Utilisation where nothing better is said.
    Cpu,
    /// Known, and without meaning for a server that claims its memory at start.
    Memory,
    RequestsPerS,
    ErrorsPerS,
    TokensPerS,
    MaxTokens,
}

impl Field {
    /// The value, if it can be true.
    fn check(self, value: f64) -> Option<f64> {
        let (least, most, cap) = match self {
            Self::Kv => (0.0, MAX_KV, 1.0),
            Self::Busy | Self::Cpu | Self::Memory => (0.0, MAX_BUSY, 1.0),
            Self::Waiting | Self::Running | Self::RequestsPerS | Self::ErrorsPerS => {
                (0.0, MAX_COUNT, MAX_COUNT)
            }
            Self::TokensPerS => (0.0, MAX_TOKENS_PER_S, MAX_TOKENS_PER_S),
            Self::MaxTokens => (1.0, MAX_KV_TOKENS, MAX_KV_TOKENS),
        };
        // An empty range for NaN. The sum turns -0 into 0.
        (least..=most).contains(&value).then(|| value.min(cap) + 0.0)
    }

    /// Two engines' values as one: shares by the fullest, counts by their sum, never above the bound.
    fn sum(self, one: f64, other: f64) -> f64 {
        match self {
            Self::Kv | Self::Busy | Self::Cpu | Self::Memory => one.max(other),
            Self::Waiting | Self::Running | Self::RequestsPerS | Self::ErrorsPerS => {
                (one + other).min(MAX_COUNT)
            }
            Self::TokensPerS => (one + other).min(MAX_TOKENS_PER_S),
            Self::MaxTokens => (one + other).min(MAX_KV_TOKENS),
        }
    }
}

/// What to do with a value that was said before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Merge {
    /// It is the same value again: the largest counts.
    Max,
    /// It is another engine's: counts add up, of shares the largest counts.
    Sum,
}

/// Whether a backend drains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Draining {
    Yes,
    No,
    Unclear,
}

impl Draining {
    pub(super) fn parse(value: &[u8]) -> Self {
        let is = |word: &str| value.trim_ascii().eq_ignore_ascii_case(word.as_bytes());
        if ["1", "true", "yes", "on"].into_iter().any(is) {
            Self::Yes
        } else if ["0", "false", "no", "off"].into_iter().any(is) {
            Self::No
        } else {
            Self::Unclear
        }
    }
}

/// A load in the making.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gathered {
    load: Load,
    cpu: Option<f64>,
    is_said: bool,
    /// See [`Parsed::ignored`].
    pub(crate) ignored: u32,
}

impl Gathered {
    /// Takes a value; one that is none, or cannot be true, is counted.
    pub(crate) fn take(&mut self, field: Field, value: Option<f64>, merge: Merge) {
        let Some(value) = value.and_then(|value| field.check(value)) else {
            self.ignored += 1;
            return;
        };
        let Some(slot) = self.slot(field) else { return };
        *slot = Some(match (*slot, merge) {
            (None, _) => value,
            (Some(said), Merge::Max) => said.max(value),
            (Some(said), Merge::Sum) => field.sum(said, value),
        });
        self.is_said = true;
    }

    /// What was taken for a field so far.
    pub(crate) fn said(&mut self, field: Field) -> Option<f64> {
        self.slot(field).and_then(|slot| *slot)
    }

    pub(super) fn drain(&mut self, draining: Draining) {
        match draining {
            Draining::Unclear => self.ignored += 1,
            Draining::Yes | Draining::No => {
                let said = self.load.draining == Some(true) || draining == Draining::Yes;
                self.load.draining = Some(said);
                self.is_said = true;
            }
        }
    }

    /// The end of gathering. As in Envoy, the CPU counts where the application says nothing or 0.
    pub(crate) fn parsed(mut self) -> Parsed {
        let busy = self.load.busy.filter(|busy| *busy > 0.0);
        self.load.busy = busy.or(self.cpu).or(self.load.busy);
        Parsed {
            load: self.is_said.then_some(self.load),
            ignored: self.ignored,
        }
    }

    fn slot(&mut self, field: Field) -> Option<&mut Option<f64>> {
        let load = &mut self.load;
        Some(match field {
            Field::Kv => &mut load.kv,
            Field::Waiting => &mut load.waiting,
            Field::Running => &mut load.running,
            Field::Busy => &mut load.busy,
            Field::Cpu => &mut self.cpu,
            Field::Memory => return None,
            Field::RequestsPerS => &mut load.requests_per_s,
            Field::ErrorsPerS => &mut load.errors_per_s,
            Field::TokensPerS => &mut load.tokens_per_s,
            Field::MaxTokens => &mut load.max_tokens,
        })
    }
}
