//! Budgets as they are written.

use super::fair::RawFair;
use super::quantity::Quantity;
use crate::scope::RawScope;
use penstock_filter_api::{Mode, OnFailure, reads};

/// What an account of a budget may use in a window.
#[derive(Debug)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields),
    schemars(rename = "Budget")
)]
pub(crate) struct RawBudget {
    /// Its name in refusals and metrics: at most 48 of `a-z`, `0-9`, `_`, `-`.
    pub(crate) name: String,
    /// What tells its accounts apart. Empty: all exchanges share one.
    #[cfg_attr(feature = "schema", schemars(default))]
    pub(crate) key: Vec<Field>,
    /// What is counted.
    pub(crate) unit: Unit,
    /// How much of it an account may use in a window; money in the currency. With a bucket: its `burst`.
    #[cfg_attr(feature = "schema", schemars(default))]
    pub(crate) limit: Option<Quantity>,
    /// When it begins anew. Needed, but for `streams`, which counts those that are open.
    #[cfg_attr(feature = "schema", schemars(default))]
    pub(crate) window: Option<RawWindow>,
    /// Which exchanges it is for. Default: all that are metered.
    #[cfg_attr(feature = "schema", schemars(default))]
    pub(crate) scope: RawScope,
    /// `shadow` counts what it would refuse and cut. `off` counts nothing.
    #[cfg_attr(feature = "schema", schemars(default))]
    pub(crate) mode: Mode,
    /// What happens where shared data fails: `closed` refuses with 429, `open` lets pass.
    #[cfg_attr(feature = "schema", schemars(default = "closed"))]
    pub(crate) on_state_error: OnFailure,
    /// Lowers the bound on generated tokens to what is left, instead of refusing.
    #[cfg_attr(feature = "schema", schemars(default))]
    pub(crate) soft: bool,
    /// How much output is set aside for an exchange.
    #[cfg_attr(feature = "schema", schemars(default))]
    pub(crate) reserve: Reserve,
    /// Room for about so many accounts; those that find none share one. 8 to 65536.
    #[cfg_attr(feature = "schema", schemars(default = "max_keys"))]
    pub(crate) max_keys: u32,
    /// Shares each account between tenants, where several want it. Of budgets whose key does not hold the tenant.
    #[cfg_attr(feature = "schema", schemars(default))]
    pub(crate) fair: Option<RawFair>,
}

reads!(struct RawBudget { name, key, unit, limit, window, scope, mode, on_state_error, soft, reserve, max_keys, fair } needs name, unit);

fn closed() -> OnFailure {
    OnFailure::Closed
}

fn max_keys() -> u32 {
    4096
}

impl Default for RawBudget {
    fn default() -> Self {
        Self {
            name: String::new(),
            key: Vec::new(),
            unit: Unit::Tokens,
            limit: None,
            window: None,
            scope: RawScope::default(),
            mode: Mode::Enforce,
            on_state_error: closed(),
            soft: false,
            reserve: Reserve::Likely,
            max_keys: max_keys(),
            fair: None,
        }
    }
}

/// What tells accounts apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case", rename = "BudgetKey")
)]
pub(crate) enum Field {
    /// The meter's `tenant`.
    #[default]
    Tenant,
    /// Envoy's route name.
    Route,
    /// The model that the request names.
    Model,
    /// The API, such as `openai_chat`.
    Api,
    /// The API key that the request presents, as a hash: `authorization` (`Bearer`), `x-api-key`, `api-key` or
    /// `x-goog-api-key`.
    ApiKey,
}

reads!(enum Field { "tenant" => Tenant, "route" => Route, "model" => Model, "api" => Api, "api_key" => ApiKey });

/// What a budget counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case")
)]
pub(crate) enum Unit {
    /// Tokens of prompts, cached ones included.
    InputTokens,
    /// Tokens that models generate, reasoning included.
    OutputTokens,
    /// Both.
    Tokens,
    /// What the price table says they cost.
    Money,
    /// Exchanges that an upstream was to answer.
    Requests,
    /// Exchanges that are open at a time.
    Streams,
}

reads!(enum Unit {
    "input_tokens" => InputTokens, "output_tokens" => OutputTokens, "tokens" => Tokens,
    "money" => Money, "requests" => Requests, "streams" => Streams,
});

impl Unit {
    /// Label value.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::InputTokens => "input_tokens",
            Self::OutputTokens => "output_tokens",
            Self::Tokens => "tokens",
            Self::Money => "money",
            Self::Requests => "requests",
            Self::Streams => "streams",
        }
    }

    /// Whether it grows while an answer is generated.
    pub(crate) fn has_output(self) -> bool {
        match self {
            Self::OutputTokens | Self::Tokens | Self::Money => true,
            Self::InputTokens | Self::Requests | Self::Streams => false,
        }
    }
}

/// How much output is set aside for an exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case")
)]
pub(crate) enum Reserve {
    /// What 19 of 20 answers of the model stay under, or the request's own bound if that is less.
    #[default]
    Likely,
    /// The request's own bound, where it has one: then also an answer that is no stream stays within the budget.
    Most,
}

reads!(enum Reserve { "likely" => Likely, "most" => Most });

/// When a budget begins anew: `per`, or `bucket`.
#[derive(Debug, Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Window")
)]
pub(crate) struct RawWindow {
    /// Its length.
    pub(crate) per: Option<Per>,
    /// `calendar` begins with the clock's second, minute, hour, day or month. `sliding` holds in every stretch of
    /// that length; it moves on by eighths, and its month has 30 days.
    pub(crate) kind: Kind,
    /// Where its days and months begin, as an offset from UTC such as `+02:00`. Of calendar windows.
    pub(crate) timezone: Option<String>,
    /// A bucket that fills steadily.
    pub(crate) bucket: Option<RawBucket>,
}

reads!(struct RawWindow { per, kind, timezone, bucket });

/// Length of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case")
)]
pub(crate) enum Per {
    /// One second.
    Second,
    /// One minute.
    #[default]
    Minute,
    /// One hour.
    Hour,
    /// One day. Volatile: a restart of Envoy begins it anew.
    Day,
    /// One month. Volatile, too.
    Month,
}

reads!(enum Per { "second" => Second, "minute" => Minute, "hour" => Hour, "day" => Day, "month" => Month });

/// How a window moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case")
)]
pub(crate) enum Kind {
    /// With the clock.
    #[default]
    Calendar,
    /// Steadily.
    Sliding,
}

reads!(enum Kind { "calendar" => Calendar, "sliding" => Sliding });

/// A bucket that fills steadily, up to `burst`.
#[derive(Debug, Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields),
    schemars(rename = "Bucket")
)]
pub(crate) struct RawBucket {
    /// How much of the unit comes back in a second.
    pub(crate) rate_per_s: Quantity,
    /// Most that it holds.
    pub(crate) burst: Quantity,
}

reads!(struct RawBucket { rate_per_s, burst } needs rate_per_s, burst);
