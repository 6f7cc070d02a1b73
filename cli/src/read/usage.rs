//! Usage as the token meter bills it: as reported, else estimated from bytes of text.

use penstock_llm_api::{Api, Operation, Usage};

/// Tokens beyond this are not believed, as in the meter.
const MAX_TOKENS: u64 = 1 << 25;
/// The meter keeps its ratio as so many tokens to their bytes.
const PRIOR_TOKENS: u64 = 256;

/// Bytes of text per token, as `token_meter.estimate.bytes_per_token` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BytesPerToken {
    millionths: u64,
}

impl Default for BytesPerToken {
    fn default() -> Self {
        Self {
            millionths: 4_000_000,
        }
    }
}

impl BytesPerToken {
    /// A decimal from 1 to 15 with at most 6 places.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (whole, places) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 2 || places.len() > 6 || !digits(whole) || !digits(places) {
            return None;
        }
        let millionths = format!("{whole}{places:0<6}").parse().ok()?;
        (1_000_000..=15_000_000)
            .contains(&millionths)
            .then_some(Self { millionths })
    }

    /// Tokens that so much text would be, rounded up.
    fn tokens(self, bytes: u64) -> u64 {
        let prior = PRIOR_TOKENS * self.millionths / 1_000_000;
        bytes
            .saturating_mul(PRIOR_TOKENS)
            .div_ceil(prior.max(1))
            .min(MAX_TOKENS)
    }
}

/// What an exchange reported, and what there is to estimate from.
pub(super) struct Reported<'u> {
    pub(super) api: Api,
    pub(super) operation: Operation,
    pub(super) usage: &'u Usage,
    /// Bytes of text in the request, where it is at hand.
    pub(super) input_bytes: u64,
    pub(super) output_bytes: u64,
    /// The answer came to its semantic end.
    pub(super) complete: bool,
    pub(super) stream: bool,
    pub(super) finished: bool,
}

impl Reported<'_> {
    /// The usage, and whether some of it is an estimate.
    pub(super) fn billed(&self, ratio: BytesPerToken) -> (Usage, bool) {
        let (input, guessed_input) = self.input(ratio);
        let (output, guessed_output) = self.output(ratio);
        let usage = Usage {
            input_tokens: input,
            output_tokens: output,
            ..*self.usage
        };
        (usage, guessed_input || guessed_output)
    }

    /// Whether a total is beyond belief.
    pub(super) fn is_implausible(&self) -> bool {
        let totals = [self.usage.input_tokens, self.usage.output_tokens];
        totals.into_iter().flatten().any(|tokens| tokens > MAX_TOKENS)
    }

    fn input(&self, ratio: BytesPerToken) -> (Option<u64>, bool) {
        match self.usage.input_tokens.filter(believed) {
            Some(tokens) => (Some(tokens), false),
            None => estimate(ratio.tokens(self.input_bytes)),
        }
    }

    fn output(&self, ratio: BytesPerToken) -> (Option<u64>, bool) {
        let reported = self.usage.output_tokens;
        let guess = ratio.tokens(self.output_bytes);
        match reported {
            _ if self.operation == Operation::Embed => (Some(reported.filter(believed).unwrap_or(0)), false),
            Some(tokens) if !believed(&tokens) || (self.is_first_count() && tokens < guess) => {
                estimate(guess)
            }
            Some(tokens) => (Some(tokens), false),
            None if guess == 0 && self.complete && !self.usage.is_empty() => (Some(0), false),
            None => estimate(guess),
        }
    }

    /// Anthropic's first event counts the first output tokens; the count of all comes with the stop reason.
    fn is_first_count(&self) -> bool {
        self.api == Api::AnthropicMessages && self.stream && !self.finished
    }
}

fn estimate(tokens: u64) -> (Option<u64>, bool) {
    ((tokens > 0).then_some(tokens), tokens > 0)
}

fn believed(tokens: &u64) -> bool {
    *tokens <= MAX_TOKENS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios() {
        let tokens = |text: &str, bytes| BytesPerToken::parse(text).map(|ratio| ratio.tokens(bytes));
        assert_eq!(
            (tokens("4", 0), tokens("4", 1), tokens("4.0", 9)),
            (Some(0), Some(1), Some(3))
        );
        assert_eq!(tokens("3.5", 35), Some(10));
        for odd in ["", "0.5", "16", "4.1234567", "-4", "4,5", "1e1"] {
            assert_eq!(BytesPerToken::parse(odd), None, "{odd}");
        }
    }
}
