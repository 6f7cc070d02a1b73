//! The configuration: raw as it is written, and compiled.

use crate::glob::Glob;
use crate::money::Decimal;
use crate::names::{Admission, Names};
use crate::prices::{PriceTable, RawPrice, check_currency};
use crate::ratio::Ratio;
use crate::scope::{RawScope, Scope, globs};
use crate::tenant::{RawTenant, Tenant};
use penstock_filter_api::{ConfigError, Mode, OnFailure};
use serde::Deserialize;

/// Largest `cap` of a label.
const MAX_CAP: u16 = 10_000;

/// Largest `max_series`.
const MAX_SERIES: u32 = 100_000;

/// Meters tokens, cost and latency of every model API.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct RawConfig {
    /// `shadow` counts all the same, but changes no request and no response: nothing is asked for and
    /// no header is set. `off` reads nothing.
    mode: RawMode,
    /// What happens to an exchange that cannot be read: `open` lets it pass unmetered and counts it.
    on_failure: RawOnFailure,
    /// Asks OpenAI-style servers for the usage of streams whose client did not
    /// (`stream_options.include_usage`). The client does not see the difference.
    ask_usage: bool,
    /// Who is charged. Default: no tenant label.
    tenant: Option<RawTenant>,
    /// The `model` label.
    models: RawModels,
    /// Which labels metrics have.
    labels: RawLabels,
    /// Prices for a million tokens. Several entries of one model: the closest name holds, then an entry
    /// with `api`, then the latest `from`.
    prices: Vec<RawPrice>,
    /// Currency of prices that name none.
    currency: String,
    /// Whether the client is told what was counted.
    usage_headers: UsageHeaders,
    /// What is left in filter state for access logs and other filters.
    filter_state: FilterState,
    /// Which exchanges are metered. Default: all.
    scope: RawScope,
    /// How usage is estimated where none is reported.
    estimate: RawEstimate,
    /// Most combinations of route, API, model and tenant in each Envoy worker; what exceeds them is
    /// counted as `other`. 1 to 100000.
    max_series: u32,
}

impl Default for RawConfig {
    fn default() -> Self {
        Self {
            mode: RawMode::Enforce,
            on_failure: RawOnFailure::Open,
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
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
enum RawMode {
    Enforce,
    Shadow,
    Off,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
enum RawOnFailure {
    Closed,
    Open,
}

/// The `model` label: the name in the request, else that in the response.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct RawModels {
    /// Models with a label of their own, exact or with `*`. Empty: every model that an upstream has
    /// answered for, up to `cap`.
    allow: Vec<String>,
    /// Most models with a label of their own, in each Envoy worker. 1 to 10000.
    cap: u16,
    /// The label value that the others share.
    other: String,
}

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
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct RawLabels {
    /// Envoy's route name.
    route: bool,
    /// The API, such as `openai_chat`.
    api: bool,
    /// The model.
    model: bool,
    /// The tenant, where `tenant` is configured. Never on histograms.
    tenant: bool,
}

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) enum UsageHeaders {
    /// No.
    Off,
    /// In response headers, of responses that are no streams. Their head then waits for their body.
    Headers,
    /// In response trailers, where the upstream's response has trailers at all.
    Trailers,
}

/// What is left in filter state, as `wasm.penstock.*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) enum FilterState {
    /// Nothing.
    None,
    /// `penstock.tokens`: input and output tokens, for the global rate limit.
    Tokens,
    /// That, and `penstock.usage`: everything as one line of JSON.
    Usage,
    /// That, and each figure on its own.
    All,
}

/// How usage is estimated.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct RawEstimate {
    /// Bytes of text per token, until exchanges of the model have taught better. 1 to 15.
    bytes_per_token: Decimal,
}

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

/// A configuration that can be used.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) mode: Mode,
    pub(crate) on_failure: OnFailure,
    pub(crate) ask_usage: bool,
    pub(crate) tenant: Option<Tenant>,
    pub(crate) tenants: (String, u16),
    pub(crate) models: Models,
    pub(crate) labels: Labels,
    pub(crate) prices: PriceTable,
    pub(crate) usage_headers: UsageHeaders,
    pub(crate) filter_state: FilterState,
    pub(crate) scope: Scope,
    pub(crate) ratio: Ratio,
    pub(crate) max_series: usize,
}

/// The `model` label.
#[derive(Debug)]
pub(crate) struct Models {
    allow: Vec<Glob>,
    cap: u16,
    other: String,
}

/// Which labels there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Labels {
    pub(crate) route: bool,
    pub(crate) api: bool,
    pub(crate) model: bool,
    pub(crate) tenant: bool,
}

impl Config {
    pub(crate) fn parse(json: &str) -> Result<Self, ConfigError> {
        Self::new(penstock_filter_api::parse(json)?)
    }

    fn new(raw: RawConfig) -> Result<Self, ConfigError> {
        check_currency(&raw.currency)?;
        let tenant = raw.tenant.as_ref().map(Tenant::new).transpose();
        let tenant = tenant.map_err(|error| error.under("tenant"))?;
        let tenants = raw
            .tenant
            .map_or_else(|| (other(), 1), |tenant| (tenant.other, tenant.cap));
        let labels = Labels {
            route: raw.labels.route,
            api: raw.labels.api,
            model: raw.labels.model,
            tenant: raw.labels.tenant && tenant.is_some(),
        };
        let scope = Scope::new(&raw.scope).map_err(|error| error.under("scope"))?;
        Ok(Self {
            mode: raw.mode.into(),
            on_failure: raw.on_failure.into(),
            ask_usage: raw.ask_usage,
            tenant,
            tenants,
            models: Models::new(raw.models).map_err(|error| error.under("models"))?,
            labels,
            prices: PriceTable::new(&raw.prices, &raw.currency)?,
            usage_headers: raw.usage_headers,
            filter_state: raw.filter_state,
            scope,
            ratio: ratio(raw.estimate).map_err(|error| error.under("estimate"))?,
            max_series: max_series(raw.max_series)?,
        })
    }
}

impl Models {
    fn new(raw: RawModels) -> Result<Self, ConfigError> {
        check_cap("cap", raw.cap)?;
        let allow = globs("allow", &raw.allow)?;
        if allow.iter().filter(|glob| glob.is_exact()).count() > usize::from(raw.cap) {
            return Err(ConfigError::new(
                "cap",
                "smaller than the number of models in allow",
            ));
        }
        Ok(Self {
            allow,
            cap: raw.cap,
            other: raw.other,
        })
    }

    /// The table of label values. Models that are allowed by their exact name always have a place.
    pub(crate) fn names(&self) -> Names {
        let mut names = Names::new(&self.other, self.cap);
        for glob in self.allow.iter().filter(|glob| glob.is_exact()) {
            names.slot(Some(glob.as_str()), Admission::Welcome);
        }
        names
    }

    /// Whether a model may have a label of its own.
    pub(crate) fn allows(&self, model: &str) -> bool {
        self.allow.is_empty() || self.allow.iter().any(|glob| glob.is_match(model))
    }
}

fn ratio(raw: RawEstimate) -> Result<Ratio, ConfigError> {
    let known = (1_000_000..=15_000_000).contains(&raw.bytes_per_token.millionths());
    let error = || ConfigError::new("bytes_per_token", "not between 1 and 15");
    known.then(|| Ratio::new(raw.bytes_per_token)).ok_or_else(error)
}

fn max_series(raw: u32) -> Result<usize, ConfigError> {
    let known = (1..=MAX_SERIES).contains(&raw);
    known
        .then_some(raw as usize)
        .ok_or_else(|| ConfigError::new("max_series", "not between 1 and 100000"))
}

/// Bounds the number of values of a label.
pub(crate) fn check_cap(field: &str, cap: u16) -> Result<(), ConfigError> {
    let known = (1..=MAX_CAP).contains(&cap);
    known
        .then_some(())
        .ok_or_else(|| ConfigError::new(field, "not between 1 and 10000"))
}

impl From<RawMode> for Mode {
    fn from(raw: RawMode) -> Self {
        match raw {
            RawMode::Enforce => Self::Enforce,
            RawMode::Shadow => Self::Shadow,
            RawMode::Off => Self::Off,
        }
    }
}

impl From<RawOnFailure> for OnFailure {
    fn from(raw: RawOnFailure) -> Self {
        match raw {
            RawOnFailure::Closed => Self::Closed,
            RawOnFailure::Open => Self::Open,
        }
    }
}
