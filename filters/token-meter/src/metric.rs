//! The metrics of the meter: their names, kinds and own labels.

use crate::prices::Currency;
use crate::tally::Reason;
use penstock_filter_api::{MetricKind, Origin, Outcome};

/// A metric with its own labels, within a series of route, API, model and tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    /// Tokens.
    Tokens(TokenType),
    /// Exchanges, by how they ended and who answered.
    Requests(Outcome, Answerer),
    /// Cost in 10^-9 of the currency.
    CostNano(Currency),
    /// Exchanges whose tokens have no price.
    Unpriced,
    /// Exchanges with estimated usage.
    Estimated(Reason),
    /// Tokens by which an estimate would have missed what was reported, above or below.
    EstimateError(TokenType),
    /// Exchanges for which a model worked, nobody knows how much.
    Missing(Reason),
    /// From the request's head to the end, in milliseconds.
    Duration(Outcome),
    /// From the request's head to the first output, in milliseconds.
    FirstToken,
    /// Between two output tokens, in microseconds.
    TimePerToken,
}

/// What tokens are counted as. `input` and `output` are totals; the others are parts of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenType {
    Input,
    Output,
    Cached,
    CacheCreation,
    Reasoning,
    InputAudio,
    OutputAudio,
}

/// Who wrote the response, without the filter's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answerer {
    Nobody,
    Upstream,
    Cache,
    Filter,
    Envoy,
}

/// At most two labels.
pub(crate) type OwnLabels<'a> = [Option<(&'static str, &'a str)>; 2];

impl Metric {
    pub(crate) fn kind(self) -> MetricKind {
        match self {
            Self::Duration(_) | Self::FirstToken | Self::TimePerToken => MetricKind::Histogram,
            Self::Tokens(_)
            | Self::Requests(..)
            | Self::CostNano(_)
            | Self::Unpriced
            | Self::Estimated(_)
            | Self::EstimateError(_)
            | Self::Missing(_) => MetricKind::Counter,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tokens(_) => "penstock_tokens_total",
            Self::Requests(..) => "penstock_requests_total",
            Self::CostNano(_) => "penstock_cost_nano_total",
            Self::Unpriced => "penstock_cost_missing_total",
            Self::Estimated(_) => "penstock_usage_estimated_total",
            Self::EstimateError(_) => "penstock_estimate_error_tokens_total",
            Self::Missing(_) => "penstock_usage_missing_total",
            Self::Duration(_) => "penstock_request_duration_ms",
            Self::FirstToken => "penstock_time_to_first_token_ms",
            Self::TimePerToken => "penstock_time_per_output_token_us",
        }
    }

    /// The labels beside those of the series. `currency` is the name of a cost's currency.
    pub(crate) fn labels(self, currency: &str) -> OwnLabels<'_> {
        match self {
            Self::Tokens(kind) | Self::EstimateError(kind) => [Some(("type", kind.name())), None],
            Self::Requests(outcome, origin) => {
                [Some(("outcome", outcome.name())), Some(("origin", origin.name()))]
            }
            Self::CostNano(_) => [Some(("currency", currency)), None],
            Self::Estimated(reason) | Self::Missing(reason) => [Some(("reason", reason.name())), None],
            Self::Duration(outcome) => [Some(("outcome", outcome.name())), None],
            Self::Unpriced | Self::FirstToken | Self::TimePerToken => [None, None],
        }
    }
}

impl TokenType {
    fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::Cached => "cached",
            Self::CacheCreation => "cache_creation",
            Self::Reasoning => "reasoning",
            Self::InputAudio => "input_audio",
            Self::OutputAudio => "output_audio",
        }
    }
}

impl From<Origin> for Answerer {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Nobody => Self::Nobody,
            Origin::Upstream => Self::Upstream,
            Origin::Answer(_) => Self::Cache,
            Origin::Denied(_) => Self::Filter,
            Origin::Envoy => Self::Envoy,
        }
    }
}

impl Answerer {
    /// Label value.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Upstream => "upstream",
            Self::Cache => "cache",
            Self::Filter => "filter",
            Self::Envoy => "envoy",
        }
    }
}
