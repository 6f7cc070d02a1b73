//! When the parts of an answer are due.

use std::time::Duration;

use crate::controls::Controls;

/// When something may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// So long after the start.
    After(Duration),
    /// When the backend's engine has generated so many tokens.
    Tokens(u64),
}

/// What sets the pace of one answer on one backend.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// A time to first token and a time per token.
    Clock { ttft: Duration, tpot: Duration },
    /// The engine; what leaves after the first token waits for so many at a time.
    Engine { interval: u64 },
}

impl Pace {
    pub fn new(controls: &Controls, speed: f64) -> Self {
        Self::Clock {
            ttft: controls.ttft.div_f64(speed),
            tpot: controls.tpot.div_f64(speed),
        }
    }

    /// When an answer of so many tokens is whole.
    pub fn whole(self, tokens: u64) -> Due {
        self.delta(tokens, 0)
    }

    /// When what comes before all output may leave.
    pub fn start(self) -> Due {
        match self {
            Self::Clock { .. } => Due::After(Duration::ZERO),
            Self::Engine { .. } => Due::Tokens(0),
        }
    }

    /// A delta with so many tokens, after so many others.
    pub fn delta(self, before: u64, tokens: u64) -> Due {
        match self {
            Self::Clock { ttft, tpot } => Due::After(ttft + tpot * before.min(u64::from(u32::MAX)) as u32),
            Self::Engine { interval } => {
                let last = before + tokens;
                Due::Tokens(if last <= 1 {
                    last
                } else {
                    1 + (last - 1).next_multiple_of(interval)
                })
            }
        }
    }

    /// The wait for the first token, where it is known beforehand.
    pub fn ttft(self) -> Duration {
        match self {
            Self::Clock { ttft, .. } => ttft,
            Self::Engine { .. } => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_sends_the_first_token_alone_and_others_in_groups() {
        let pace = Pace::Engine { interval: 5 };
        let due = [0, 1, 2, 6, 7].map(|before| pace.delta(before, 1));
        assert_eq!(due, [1, 6, 6, 11, 11].map(Due::Tokens));
        assert_eq!(pace.start(), Due::Tokens(0));
    }
}
