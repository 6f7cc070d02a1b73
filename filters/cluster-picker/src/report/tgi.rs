//! What Text Generation Inference says of the time a request took.

use super::number;
use penstock_filter_api::Headers;

/// Longest time that is believed, in seconds: a day.
const MAX_TIME_S: f64 = 86_400.0;
/// Most tokens of one request that are believed.
const MAX_TOKENS: f64 = 1e9;

/// Times of one request, from the headers of TGI's answers that are not streamed (huggingface/text-generation-inference,
/// `router/src/server.rs`). Every value is finite and within its bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TgiTimings {
    /// Seconds in the queue, at most a day.
    pub queue: f64,
    /// Seconds of inference, at most a day.
    pub inference: f64,
    /// Mean seconds a token, at most a day.
    pub per_token: f64,
    /// Tokens of the prompt, at most 10^9.
    pub prompt_tokens: f64,
    /// Tokens generated, at most 10^9.
    pub generated_tokens: f64,
}

impl TgiTimings {
    /// The headers of the timings, with times in milliseconds. They are TGI's own API, not ours to take away.
    pub const HEADERS: &'static [&'static str] = &[
        "x-queue-time",
        "x-inference-time",
        "x-time-per-token",
        "x-prompt-tokens",
        "x-generated-tokens",
    ];

    /// Reads the timings, if all of them are there and can be true.
    pub fn from_headers(headers: &Headers) -> Option<Self> {
        let mut values = [None; 5];
        for (name, value) in headers.iter().filter(|(name, _)| name.starts_with("x-")) {
            let at = Self::HEADERS.iter().position(|header| *header == name);
            if let Some(slot) = at.and_then(|at| values.get_mut(at)) {
                *slot = number(value);
            }
        }
        let [queue, inference, per_token, prompt_tokens, generated_tokens] = values;
        Some(Self {
            queue: seconds(queue?)?,
            inference: seconds(inference?)?,
            per_token: seconds(per_token?)?,
            prompt_tokens: tokens(prompt_tokens?)?,
            generated_tokens: tokens(generated_tokens?)?,
        })
    }
}

fn seconds(millis: f64) -> Option<f64> {
    let seconds = millis / 1000.0;
    (0.0..=MAX_TIME_S).contains(&seconds).then_some(seconds)
}

fn tokens(count: f64) -> Option<f64> {
    (0.0..=MAX_TOKENS).contains(&count).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timings(values: [&str; 5]) -> Option<TgiTimings> {
        let field = |(name, value): (&&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
        TgiTimings::from_headers(&Headers::new(
            TgiTimings::HEADERS.iter().zip(values).map(field).collect(),
        ))
    }

    #[test]
    fn milliseconds_become_seconds() {
        let wanted = TgiTimings {
            queue: 0.012,
            inference: 1.5,
            per_token: 0.015,
            prompt_tokens: 84.0,
            generated_tokens: 100.0,
        };
        assert_eq!(timings(["12", "1500", "15", "84", "100"]), Some(wanted));
    }

    #[test]
    fn all_or_nothing() {
        for bad in ["", "NaN", "-1", "1e308", "x"] {
            for at in 0..5 {
                let mut values = ["1"; 5];
                values[at] = bad;
                assert_eq!(timings(values), None, "{bad:?} at {at}");
            }
        }
        assert_eq!(TgiTimings::from_headers(&Headers::default()), None);
    }
}
