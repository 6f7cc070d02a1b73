//! The configuration as it is written.

use crate::budget::{RawBudget, RawGates};
use crate::decimal::Decimal;
use crate::prices::RawPrice;
use crate::scope::RawScope;
use crate::tenant::RawTenant;
use penstock_filter_api::{Mode, reads};

/// Meters tokens, cost and latency of every model API.
#[derive(Debug)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Config")
)]
pub(crate) struct RawConfig {
    /// `shadow` counts all the same, but changes no request and no response: nothing is asked for and
    /// no header is set. `off` reads nothing.
    pub(crate) mode: Mode,
    /// What happens to an exchange that cannot be read: `open` lets it pass unmetered and counts it, `closed`
    /// refuses it. `auto` is `closed` where a budget or a gate is enforced, else `open`.
    pub(crate) on_failure: Unreadable,
    /// Asks OpenAI-style servers for the usage of streams whose client did not
    /// (`stream_options.include_usage`). The client does not see the difference.
    pub(crate) ask_usage: bool,
    /// Who is charged. Default: no tenant label.
    pub(crate) tenant: Option<RawTenant>,
    /// The `model` label.
    pub(crate) models: RawModels,
    /// Which labels metrics have.
    pub(crate) labels: RawLabels,
    /// Prices for a million tokens. Several entries of one model: the closest name holds, then an entry
    /// with `api`, then the latest `from`.
    pub(crate) prices: Vec<RawPrice>,
    /// Currency of prices that name none.
    pub(crate) currency: String,
    /// Whether the client is told what was counted.
    pub(crate) usage_headers: UsageHeaders,
    /// What is left in filter state for access logs and other filters.
    pub(crate) filter_state: FilterState,
    /// Which exchanges are metered. Default: all.
    pub(crate) scope: RawScope,
    /// How usage is estimated where none is reported.
    pub(crate) estimate: RawEstimate,
    /// Most combinations of route, API, model and tenant in each Envoy worker; what exceeds them is
    /// counted as `other`. 1 to 100000.
    pub(crate) max_series: u32,
    /// What may be used in a time, by whom.
    pub(crate) budgets: Vec<RawBudget>,
    /// What a single request may ask for.
    pub(crate) gates: RawGates,
}

reads!(struct RawConfig { mode, on_failure, ask_usage, tenant, models, labels, prices, currency, usage_headers, filter_state, scope, estimate, max_series, budgets, gates });

impl Default for RawConfig {
    fn default() -> Self {
        Self {
            mode: Mode::Enforce,
            on_failure: Unreadable::Auto,
            ask_usage: true,
            tenant: None,
            models: RawModels::default(),
            labels: RawLabels::default(),
            prices: Vec::new(),
            currency: "USD".to_owned(),
            usage_headers: UsageHeaders::Off,
            filter_state: FilterState::Usage,
            scope: RawScope::default(),
            estimate: RawEstimate::default(),
            max_series: 2000,
            budgets: Vec::new(),
            gates: RawGates::default(),
        }
    }
}

/// What happens to an exchange that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case", rename = "Unreadable")
)]
pub(crate) enum Unreadable {
    /// As budgets and gates need it.
    Auto,
    /// It is refused.
    Closed,
    /// It passes unmetered.
    Open,
}

reads!(enum Unreadable { "auto" => Auto, "closed" => Closed, "open" => Open });

/// The `model` label: the name in the request, else that in the response.
#[derive(Debug)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Models")
)]
pub(crate) struct RawModels {
    /// Models with a label of their own, exact or with `*`. Empty: every model that an upstream has
    /// answered for, up to `cap`.
    pub(crate) allow: Vec<String>,
    /// Most models with a label of their own, in each Envoy worker. 1 to 10000.
    pub(crate) cap: u16,
    /// The label value that the others share.
    pub(crate) other: String,
}

reads!(struct RawModels { allow, cap, other });

impl Default for RawModels {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            cap: 100,
            other: other(),
        }
    }
}

/// Which labels metrics have.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Labels")
)]
pub(crate) struct RawLabels {
    /// Envoy's route name.
    pub(crate) route: bool,
    /// The API, such as `openai_chat`.
    pub(crate) api: bool,
    /// The model.
    pub(crate) model: bool,
    /// The tenant, where `tenant` is configured. Never on histograms.
    pub(crate) tenant: bool,
}

reads!(struct RawLabels { route, api, model, tenant });

impl Default for RawLabels {
    fn default() -> Self {
        Self {
            route: true,
            api: true,
            model: true,
            tenant: true,
        }
    }
}

/// Whether the client is told what was counted, where the upstream reported it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case")
)]
pub(crate) enum UsageHeaders {
    /// No.
    Off,
    /// In response headers, of responses that are no streams. Their head then waits for their body.
    Headers,
    /// In response trailers, where the upstream's response has trailers at all.
    Trailers,
}

reads!(enum UsageHeaders { "off" => Off, "headers" => Headers, "trailers" => Trailers });

/// What is left in filter state, as `wasm.penstock.*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case")
)]
pub(crate) enum FilterState {
    /// Nothing.
    None,
    /// For the global rate limit: `penstock.tokens`, input and output, and with `prices` `penstock.cost_micro`.
    Tokens,
    /// That, and `penstock.usage`: everything as one line of JSON.
    Usage,
    /// That, and each figure on its own.
    All,
}

reads!(enum FilterState { "none" => None, "tokens" => Tokens, "usage" => Usage, "all" => All });

/// How usage is estimated.
#[derive(Debug)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Estimate")
)]
pub(crate) struct RawEstimate {
    /// Bytes of text per token, until exchanges of the model have taught better. 1 to 15.
    pub(crate) bytes_per_token: Decimal,
}

reads!(struct RawEstimate { bytes_per_token });

impl Default for RawEstimate {
    fn default() -> Self {
        Self {
            bytes_per_token: Decimal::from_millionths(4_000_000),
        }
    }
}

pub(crate) fn other() -> String {
    "other".to_owned()
}
