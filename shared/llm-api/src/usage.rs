//! Tokens, as a server reports them.

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

/// Raw counters of one server, before they are brought to one meaning. Each dialect's table says
/// which member is which; [`Counts::usage`] does the sums, once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) input: Option<u64>,
    pub(crate) output: Option<u64>,
    pub(crate) total: Option<u64>,
    pub(crate) cached: Option<u64>,
    pub(crate) cache_creation: Option<u64>,
    pub(crate) cache_creation_5m: Option<u64>,
    pub(crate) cache_creation_1h: Option<u64>,
    pub(crate) reasoning: Option<u64>,
    pub(crate) tool_input: Option<u64>,
    pub(crate) input_audio: Option<u64>,
    pub(crate) output_audio: Option<u64>,
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
    /// Reads one counter. `null` and absence report nothing; what is no count is remembered as odd.
    pub(crate) fn read(&mut self, value: Option<Value<'_>>) -> Option<u64> {
        let value = value.filter(|value| !value.is_null())?;
        let count = value.as_u64().filter(|count| *count <= MAX_TOKENS);
        self.odd |= count.is_none();
        count
    }

    /// Takes every counter that `newer` reports: usage of streams is cumulative, so the last
    /// report of each counter holds, and a repeat is never added.
    pub(crate) fn merge(&mut self, newer: &Self) {
        fn later(old: &mut Option<u64>, new: Option<u64>) {
            if new.is_some() {
                *old = new;
            }
        }
        later(&mut self.input, newer.input);
        later(&mut self.output, newer.output);
        later(&mut self.total, newer.total);
        later(&mut self.cached, newer.cached);
        later(&mut self.cache_creation, newer.cache_creation);
        later(&mut self.cache_creation_5m, newer.cache_creation_5m);
        later(&mut self.cache_creation_1h, newer.cache_creation_1h);
        later(&mut self.reasoning, newer.reasoning);
        later(&mut self.tool_input, newer.tool_input);
        later(&mut self.input_audio, newer.input_audio);
        later(&mut self.output_audio, newer.output_audio);
        self.odd |= newer.odd;
    }

    /// The counters in the one meaning of [`Usage`].
    pub(crate) fn usage(&self, sums: Sums) -> Usage {
        let split = plus(self.cache_creation_5m, self.cache_creation_1h);
        let cache_creation = self.cache_creation.or(split);
        // Only Gemini counts tool-use prompts, and it counts them apart.
        let mut input = plus(self.input, self.tool_input);
        if sums.input_excludes_cache {
            input = plus(plus(input, self.cached), cache_creation);
        }
        let output = if sums.output_excludes_reasoning {
            plus(self.output, self.reasoning)
        } else {
            self.output_with_reasoning()
        };
        Usage {
            input_tokens: input,
            output_tokens: output,
            cached_tokens: self.cached,
            cache_creation_tokens: cache_creation,
            cache_creation_1h_tokens: self.cache_creation_1h,
            reasoning_tokens: self.reasoning,
            input_audio_tokens: self.input_audio,
            output_audio_tokens: self.output_audio,
        }
    }

    /// Some servers of OpenAI's format (xAI) report reasoning beside `completion_tokens` and not
    /// within; the server's own total tells which it was.
    fn output_with_reasoning(&self) -> Option<u64> {
        let (Some(input), Some(output), Some(total), Some(reasoning)) =
            (self.input, self.output, self.total, self.reasoning)
        else {
            return self.output;
        };
        let apart = reasoning > 0 && Some(total) == plus(plus(Some(input), Some(output)), Some(reasoning));
        if apart {
            plus(Some(output), Some(reasoning))
        } else {
            Some(output)
        }
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

    #[test]
    fn a_later_report_replaces_and_never_adds() {
        let mut seen = Counts {
            input: Some(41),
            output: Some(0),
            cached: Some(7),
            ..Counts::default()
        };
        seen.merge(&Counts {
            input: Some(154),
            output: Some(33),
            ..Counts::default()
        });
        seen.merge(&Counts {
            output: Some(33),
            ..Counts::default()
        });
        assert_eq!(
            seen,
            Counts {
                input: Some(154),
                output: Some(33),
                cached: Some(7),
                ..Counts::default()
            }
        );
    }

    #[test]
    fn sums_follow_the_provider() {
        let counts = Counts {
            input: Some(10),
            output: Some(5),
            cached: Some(100),
            cache_creation_5m: Some(20),
            cache_creation_1h: Some(30),
            reasoning: Some(3),
            tool_input: Some(8),
            ..Counts::default()
        };
        let anthropic = Counts {
            tool_input: None,
            ..counts
        }
        .usage(Sums {
            input_excludes_cache: true,
            ..Sums::default()
        });
        assert_eq!(
            (anthropic.input_tokens, anthropic.output_tokens),
            (Some(160), Some(5))
        );
        assert_eq!(anthropic.cache_creation_tokens, Some(50));
        let gemini = counts.usage(Sums {
            output_excludes_reasoning: true,
            ..Sums::default()
        });
        assert_eq!((gemini.input_tokens, gemini.output_tokens), (Some(18), Some(8)));
        let openai = Counts {
            tool_input: None,
            ..counts
        }
        .usage(Sums::default());
        assert_eq!((openai.input_tokens, openai.output_tokens), (Some(10), Some(5)));
    }

    #[test]
    fn reasoning_beside_the_output_is_told_by_the_total() {
        let apart = Counts {
            input: Some(10),
            output: Some(5),
            reasoning: Some(7),
            total: Some(22),
            ..Counts::default()
        };
        assert_eq!(apart.usage(Sums::default()).output_tokens, Some(12));
        let within = Counts {
            output: Some(12),
            ..apart
        };
        assert_eq!(within.usage(Sums::default()).output_tokens, Some(12));
    }
}
