//! Tokens, as a server reports them.

use crate::lookup::Lookup;
use penstock_wire::Value;

/// Tokens of one exchange. `None` is "not reported", which is not zero.
///
/// The fields mean the same for every API, whatever its own sums look like:
/// `input_tokens` and `output_tokens` are totals, the others are parts of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// All tokens that the model read: cached, cache-writing and tool-use prompt tokens included.
    pub input_tokens: Option<u64>,
    /// All tokens that the model wrote: reasoning and audio included.
    pub output_tokens: Option<u64>,
    /// Input tokens read from a prompt cache.
    pub cached_tokens: Option<u64>,
    /// Input tokens written to a prompt cache, for whatever time to live.
    pub cache_creation_tokens: Option<u64>,
    /// Those of `cache_creation_tokens` written with a time to live of one hour (Anthropic).
    pub cache_creation_1h_tokens: Option<u64>,
    /// Output tokens that are reasoning.
    pub reasoning_tokens: Option<u64>,
    /// Input tokens that are audio.
    pub input_audio_tokens: Option<u64>,
    /// Output tokens that are audio.
    pub output_audio_tokens: Option<u64>,
}

impl Usage {
    /// Whether nothing was reported.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Input and output together; `None` when neither was reported or the sum leaves `u64`.
    pub fn total_tokens(&self) -> Option<u64> {
        match (self.input_tokens, self.output_tokens) {
            (None, None) => None,
            (input, output) => input.unwrap_or(0).checked_add(output.unwrap_or(0)),
        }
    }
}

/// The largest token count that is believed. A larger one is a broken or hostile server,
/// and sums of believed counts stay far inside `u64`.
pub const MAX_TOKENS: u64 = 1 << 40;

/// What a counter counts, in the server's own sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counter {
    Input,
    Output,
    Total,
    Cached,
    CacheCreation,
    CacheCreation5m,
    CacheCreation1h,
    Reasoning,
    ToolInput,
    InputAudio,
    OutputAudio,
}

/// Number of counters.
const COUNTERS: usize = 11;

/// One row of a dialect's table: the counter, the member of `usage` that holds it, and the member within
/// that one, or `""`. Of several rows for one counter the first that is there holds.
pub(crate) type CounterRow = (Counter, &'static str, &'static str);

/// Raw counters of one server, before they are brought to one meaning: [`Counts::usage`] does the sums, once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    counters: [Option<u64>; COUNTERS],
    /// A counter was there but is not a token count.
    pub(crate) odd: bool,
}

/// What a server's own totals leave out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Cache reads and cache writes are not in the input (Anthropic).
    pub(crate) input_excludes_cache: bool,
    /// Reasoning is not in the output (Gemini).
    pub(crate) output_excludes_reasoning: bool,
}

impl Counts {
    /// The counters that a table finds in `usage`.
    pub(crate) fn of(usage: Value<'_>, table: &[CounterRow]) -> Self {
        let mut counts = Self::default();
        for (counter, member, within) in table {
            let value = usage.get(member);
            let value = if within.is_empty() {
                value
            } else {
                value.and_then(|value| value.get(within))
            };
            if counts.get(*counter).is_none() {
                counts.read(*counter, value);
            }
        }
        counts
    }

    /// Reads one counter. `null` and absence report nothing; what is no count is remembered as odd.
    pub(crate) fn read(&mut self, counter: Counter, value: Option<Value<'_>>) {
        let Some(value) = value.filter(|value| !value.is_null()) else {
            return;
        };
        let count = value.as_u64().filter(|count| *count <= MAX_TOKENS);
        self.odd |= count.is_none();
        if let (Some(count), Some(slot)) = (count, self.counters.get_mut(counter as usize)) {
            *slot = Some(count);
        }
    }

    pub(crate) fn get(&self, counter: Counter) -> Option<u64> {
        self.counters.get(counter as usize).copied().flatten()
    }

    /// Takes every counter that `newer` reports: usage of streams is cumulative, so the last
    /// report of each counter holds, and a repeat is never added.
    pub(crate) fn merge(&mut self, newer: &Self) {
        for (old, new) in self.counters.iter_mut().zip(newer.counters) {
            *old = new.or(*old);
        }
        self.odd |= newer.odd;
    }

    /// The counters in the one meaning of [`Usage`].
    pub(crate) fn usage(&self, sums: Sums) -> Usage {
        let of = |counter| self.get(counter);
        let split = plus(of(Counter::CacheCreation5m), of(Counter::CacheCreation1h));
        let cache_creation = of(Counter::CacheCreation).or(split);
        // Only Gemini counts tool-use prompts, and it counts them apart.
        let mut input = plus(of(Counter::Input), of(Counter::ToolInput));
        if sums.input_excludes_cache {
            input = plus(plus(input, of(Counter::Cached)), cache_creation);
        }
        let apart = sums.output_excludes_reasoning || self.total_adds_reasoning();
        let output = of(Counter::Output);
        Usage {
            input_tokens: input,
            output_tokens: if apart {
                plus(output, of(Counter::Reasoning))
            } else {
                output
            },
            cached_tokens: of(Counter::Cached),
            cache_creation_tokens: cache_creation,
            cache_creation_1h_tokens: of(Counter::CacheCreation1h),
            reasoning_tokens: of(Counter::Reasoning),
            input_audio_tokens: of(Counter::InputAudio),
            output_audio_tokens: of(Counter::OutputAudio),
        }
    }

    /// Some servers of OpenAI's format (xAI) report reasoning beside `completion_tokens` and not
    /// within; the server's own total tells which it was.
    fn total_adds_reasoning(&self) -> bool {
        let reasoning = self.get(Counter::Reasoning).unwrap_or(0);
        let (Some(input), Some(output)) = (self.get(Counter::Input), self.get(Counter::Output)) else {
            return false;
        };
        reasoning > 0
            && self.get(Counter::Total)
                == input
                    .checked_add(output)
                    .and_then(|sum| sum.checked_add(reasoning))
    }
}

/// A sum of counters where at least one is reported.
fn plus(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (None, None) => None,
        (a, b) => Some(a.unwrap_or(0).saturating_add(b.unwrap_or(0))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(counters: &[(Counter, u64)]) -> Counts {
        let mut counts = Counts::default();
        for (counter, count) in counters {
            counts.counters[*counter as usize] = Some(*count);
        }
        counts
    }

    const EXCLUDES_CACHE: Sums = Sums {
        input_excludes_cache: true,
        output_excludes_reasoning: false,
    };
    const EXCLUDES_REASONING: Sums = Sums {
        input_excludes_cache: false,
        output_excludes_reasoning: true,
    };

    #[test]
    fn every_counter_has_its_slot() {
        assert_eq!(Counter::OutputAudio as usize + 1, COUNTERS);
    }

    #[test]
    fn a_later_report_replaces_and_never_adds() {
        let mut seen = counts(&[(Counter::Input, 41), (Counter::Output, 0), (Counter::Cached, 7)]);
        seen.merge(&counts(&[(Counter::Input, 154), (Counter::Output, 33)]));
        seen.merge(&counts(&[(Counter::Output, 33)]));
        assert_eq!(
            seen,
            counts(&[(Counter::Input, 154), (Counter::Output, 33), (Counter::Cached, 7)])
        );
    }

    #[test]
    fn sums_follow_the_provider() {
        let anthropic = counts(&[
            (Counter::Input, 10),
            (Counter::Output, 5),
            (Counter::Cached, 100),
            (Counter::CacheCreation5m, 20),
            (Counter::CacheCreation1h, 30),
            (Counter::Reasoning, 3),
        ]);
        let usage = anthropic.usage(EXCLUDES_CACHE);
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(160), Some(5)));
        assert_eq!(usage.cache_creation_tokens, Some(50));
        let usage = anthropic.usage(Sums::default());
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(10), Some(5)));
        let gemini = counts(&[
            (Counter::Input, 10),
            (Counter::Output, 5),
            (Counter::Cached, 4),
            (Counter::Reasoning, 3),
            (Counter::ToolInput, 8),
            (Counter::Total, 26),
        ]);
        let usage = gemini.usage(EXCLUDES_REASONING);
        assert_eq!((usage.input_tokens, usage.output_tokens), (Some(18), Some(8)));
    }

    #[test]
    fn reasoning_beside_the_output_is_told_by_the_total() {
        let beside = [
            (Counter::Input, 10),
            (Counter::Output, 5),
            (Counter::Reasoning, 7),
            (Counter::Total, 22),
        ];
        assert_eq!(counts(&beside).usage(Sums::default()).output_tokens, Some(12));
        let within = [
            (Counter::Input, 10),
            (Counter::Output, 12),
            (Counter::Reasoning, 7),
            (Counter::Total, 22),
        ];
        assert_eq!(counts(&within).usage(Sums::default()).output_tokens, Some(12));
    }
}
