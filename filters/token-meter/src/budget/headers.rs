//! How budgets stand, in the headers that each API's clients know.
//!
//! OpenAI: <https://platform.openai.com/docs/guides/rate-limits>, with times such as `6m0s`. Anthropic:
//! <https://docs.anthropic.com/en/api/rate-limits>, with times as RFC 3339 has them.

use super::calendar::month;
use super::raw::Unit;
use super::standing::Told;
use penstock_filter_api::Cx;
use penstock_llm_api::Api;

/// What a client is told about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Requests,
    Tokens,
    Input,
    Output,
}

impl Class {
    /// Of a budget; `None` for what no header of this API knows.
    fn of(unit: Unit, anthropic: bool) -> Option<Self> {
        match unit {
            Unit::Requests => Some(Self::Requests),
            Unit::Tokens => Some(Self::Tokens),
            Unit::InputTokens if anthropic => Some(Self::Input),
            Unit::OutputTokens if anthropic => Some(Self::Output),
            Unit::InputTokens | Unit::OutputTokens => Some(Self::Tokens),
            Unit::Money | Unit::Streams => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
            Self::Input => "input-tokens",
            Self::Output => "output-tokens",
        }
    }
}

/// Sets the headers: of several budgets of a class, those of the one with the smallest part left.
pub(crate) fn tell(told: &[Told], api: Option<Api>, cx: &mut Cx<'_>) {
    let anthropic = api == Some(Api::AnthropicMessages);
    for class in [Class::Requests, Class::Tokens, Class::Input, Class::Output] {
        let of_class = told
            .iter()
            .filter(|told| Class::of(told.unit, anthropic) == Some(class));
        let part = |told: &Told| told.left as f64 / told.limit.max(1) as f64;
        let Some(tightest) = of_class.min_by(|one, other| part(one).total_cmp(&part(other))) else {
            continue;
        };
        let now_s = cx.now_ns() / 1_000_000_000;
        let fields = [
            ("limit", tightest.limit.to_string()),
            ("remaining", tightest.left.to_string()),
            ("reset", reset(tightest.reset_s, now_s, anthropic)),
        ];
        for (what, value) in fields {
            let name = if anthropic {
                ["anthropic-ratelimit-", class.name(), "-", what].concat()
            } else {
                ["x-ratelimit-", what, "-", class.name()].concat()
            };
            cx.set_response_header(&name, &value);
        }
    }
}

fn reset(seconds: u64, now_s: u64, anthropic: bool) -> String {
    if anthropic {
        rfc3339(now_s.saturating_add(seconds))
    } else {
        duration(seconds)
    }
}

/// Such as `1s`, `6m0s`, `2h0m0s`.
fn duration(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

/// Such as `2026-01-31T23:59:59Z`.
fn rfc3339(at_s: u64) -> String {
    let (day, second) = (at_s / 86_400, at_s % 86_400);
    let month = month(day);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        month.year,
        month.number,
        day - month.first + 1,
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_each_api_has_them() {
        assert_eq!(
            [1, 59, 360, 7_200, 90_061].map(duration),
            ["1s", "59s", "6m0s", "2h0m0s", "25h1m1s"]
        );
        // Each is `date -u -d @SECONDS +%FT%TZ`.
        assert_eq!(rfc3339(1_709_251_199), "2024-02-29T23:59:59Z");
        assert_eq!(rfc3339(1_798_761_599), "2026-12-31T23:59:59Z");
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
    }
}
