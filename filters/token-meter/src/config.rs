//! The configuration, compiled: a [`Config`] in hand can be used.

use crate::budget::{Gates, Grounds, RawBudget, RawGates, Rules, budgets};
use crate::names::{Admission, Names};
use crate::prices::{Cost, PriceTable, check_currency};
use crate::ratio::Ratio;
use crate::raw::{FilterState, RawConfig, RawEstimate, RawModels, Unreadable, UsageHeaders, other};
use crate::scope::Scope;
use crate::tenant::RawTenant;
use penstock_filter_api::{ConfigError, Glob, Mode, OnFailure, Tenant, globs};

/// Largest `cap` of a label.
const MAX_CAP: u16 = 10_000;

/// Largest `max_series`.
const MAX_SERIES: u32 = 100_000;

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
    pub(crate) rules: Rules,
    currency: String,
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

/// What is to say of a configuration that is taken, each with its path.
pub(crate) fn warnings(json: &str) -> Vec<ConfigError> {
    let raw = penstock_filter_api::read::<RawConfig>(json);
    let (Ok(raw), Ok(config)) = (raw, Config::parse(json)) else {
        return Vec::new();
    };
    let mut warnings = Vec::new();
    for budget in &config.rules.budgets {
        let index = raw.budgets.iter().position(|raw| raw.name == budget.name);
        let at = format!("budgets[{}]", index.unwrap_or_default());
        warnings.extend(budget.warnings().into_iter().map(|warning| warning.under(&at)));
    }
    warnings
}

impl Config {
    pub(crate) fn parse(json: &str) -> Result<Self, ConfigError> {
        Self::new(penstock_filter_api::read(json)?)
    }

    fn new(raw: RawConfig) -> Result<Self, ConfigError> {
        check_currency(&raw.currency)?;
        let hashes_tenants = raw.tenant.as_ref().is_some_and(RawTenant::hashes);
        let tenant = raw.tenant.as_ref().map(tenant).transpose();
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
        let scope = Scope::new(&raw.scope, hashes_tenants).map_err(|error| error.under("scope"))?;
        let prices = PriceTable::new(&raw.prices, &raw.currency)?;
        let grounds = Grounds {
            has_tenant: tenant.is_some(),
            hashes_tenants,
            has_prices: !prices.is_empty(),
        };
        let rules = rules(raw.budgets, &raw.gates, &grounds)?;
        Ok(Self {
            mode: raw.mode,
            on_failure: on_failure(raw.on_failure, &rules),
            ask_usage: raw.ask_usage,
            tenant,
            tenants,
            models: Models::new(raw.models).map_err(|error| error.under("models"))?,
            labels,
            prices,
            usage_headers: raw.usage_headers,
            filter_state: raw.filter_state,
            scope,
            ratio: ratio(raw.estimate).map_err(|error| error.under("estimate"))?,
            max_series: max_series(raw.max_series)?,
            rules,
            currency: raw.currency,
        })
    }

    /// What an exchange costs in 10^-6 of `currency`, rounded up; `None` where nothing has a price.
    pub(crate) fn cost_micro(&self, cost: Option<Cost>) -> Option<u64> {
        let own = cost.filter(|cost| self.is_own_currency(*cost));
        (!self.prices.is_empty()).then(|| own.map_or(0, |cost| cost.money.micros_up()))
    }

    /// Whether a cost is in the currency of budgets of money.
    pub(crate) fn is_own_currency(&self, cost: Cost) -> bool {
        self.prices.currency(cost.currency) == self.currency
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

fn tenant(raw: &RawTenant) -> Result<Tenant, ConfigError> {
    check_cap("cap", raw.cap)?;
    Tenant::new(&raw.source())
}

fn rules(raw: Vec<RawBudget>, gates: &RawGates, grounds: &Grounds) -> Result<Rules, ConfigError> {
    Ok(Rules {
        budgets: budgets(raw, grounds)?,
        gates: Gates::new(gates, grounds)?,
    })
}

/// Who is to be held to a budget must not pass by being unreadable.
fn on_failure(raw: Unreadable, rules: &Rules) -> OnFailure {
    match raw {
        Unreadable::Closed => OnFailure::Closed,
        Unreadable::Auto if rules.enforce() => OnFailure::Closed,
        Unreadable::Auto | Unreadable::Open => OnFailure::Open,
    }
}
