//! The price table: which price holds for an exchange.

use crate::day::Day;
use crate::decimal::Decimal;
use crate::money::Money;
use crate::rates::{Schedule, Set, priced};
use crate::table::Table;
use crate::tally::Tally;
use penstock_filter_api::{ConfigError, Fit, Glob, Record};
use penstock_llm_api::Api;

/// Most entries of a price table.
const MAX_PRICES: usize = 2000;

/// Most currencies of a price table.
const MAX_CURRENCIES: usize = 16;

priced! {
    /// The prices of a model from some day on.
    "Price" struct RawPrice needs model {
        /// The model's name, exact or with `*`. Compared with the name in the response and in the request.
        model: String,
        /// Only for this API, such as `openai_chat`. Default: any.
        #[cfg_attr(feature = "schema", schemars(default))]
        api: Option<String>,
        /// First day of these prices, `YYYY-MM-DD` in UTC. Default: since ever.
        #[cfg_attr(feature = "schema", schemars(default))]
        from: Option<String>,
        /// Currency of these prices, such as `EUR`. Default: that of the configuration.
        #[cfg_attr(feature = "schema", schemars(default))]
        currency: Option<String>,
        /// Other prices for long prompts, ascending.
        #[cfg_attr(feature = "schema", schemars(default))]
        tiers: Vec<RawTier>,
        /// Other prices for service tiers that the response names, such as `flex`, `priority` or `batch`.
        #[cfg_attr(
            feature = "schema",
            schemars(default, with = "std::collections::BTreeMap<String, RawServiceTier>")
        )]
        service_tiers: Vec<(String, RawServiceTier)>,
    }
}

priced! {
    /// Prices of every token of an exchange whose prompt is long.
    "Tier" struct RawTier needs above_input_tokens {
        /// Applies above that many input tokens, cached ones included.
        above_input_tokens: u64,
    }
}

priced! {
    /// Prices of a service tier. Where silent, the model's own prices, times `multiplier`.
    "ServiceTier" struct RawServiceTier {
        /// Factor on the model's own prices. Default: 1.
        #[cfg_attr(feature = "schema", schemars(default))]
        multiplier: Option<Decimal>,
        /// Instead of the model's own tiers.
        #[cfg_attr(feature = "schema", schemars(default))]
        tiers: Vec<RawTier>,
    }
}

/// A currency of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Currency(u8);

/// What an exchange cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) money: Money,
    pub(crate) currency: Currency,
}

/// Every price of the configuration.
#[derive(Debug, Default)]
pub(crate) struct PriceTable {
    entries: Vec<Entry>,
    /// Entries by exact name, so that a long table costs no time.
    exact: Table<String, Vec<usize>>,
    /// Entries whose name is a pattern.
    patterns: Vec<usize>,
    currencies: Vec<String>,
}

#[derive(Debug)]
struct Entry {
    model: Glob,
    api: Option<Api>,
    from: Day,
    currency: Currency,
    standard: Schedule,
    service_tiers: Vec<(String, Schedule)>,
}

impl PriceTable {
    /// Compiles the entries of the configuration.
    pub(crate) fn new(raw: &[RawPrice], currency: &str) -> Result<Self, ConfigError> {
        if raw.len() > MAX_PRICES {
            return Err(ConfigError::new(
                "prices",
                format!("more than {MAX_PRICES} entries"),
            ));
        }
        let mut table = Self::default();
        for (index, price) in raw.iter().enumerate() {
            table
                .insert(price, currency)
                .map_err(|error| error.under(&format!("prices[{index}]")))?;
        }
        Ok(table)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The name of a currency.
    pub(crate) fn currency(&self, currency: Currency) -> &str {
        self.currencies
            .get(usize::from(currency.0))
            .map_or("", String::as_str)
    }

    /// What an exchange cost; `None` when the table has no price for it.
    pub(crate) fn cost(&self, record: &Record, tally: &Tally) -> Option<Cost> {
        let entry = self.find(record)?;
        let tier = record
            .service_tier
            .as_deref()
            .and_then(|tier| entry.service_tier(tier));
        let money = tier.unwrap_or(&entry.standard).cost(tally)?;
        Some(Cost {
            money,
            currency: entry.currency,
        })
    }

    /// Of the entries in force on the day of the request: the closest name, then one for this very
    /// API, then the latest.
    fn find(&self, record: &Record) -> Option<&Entry> {
        let today = Day::of(record.times.start);
        let names = [record.response_model.as_deref(), record.request_model.as_deref()];
        let names = names.into_iter().flatten();
        let exact = names.clone().filter_map(|name| self.exact.get(name)).flatten();
        exact
            .chain(&self.patterns)
            .filter_map(|index| self.entries.get(*index))
            .filter(|entry| entry.from <= today && (entry.api.is_none() || entry.api == record.api))
            .filter_map(|entry| Some((entry.fit(names.clone())?, entry)))
            .max_by_key(|(fit, entry)| (*fit, entry.api.is_some(), entry.from))
            .map(|(_, entry)| entry)
    }

    fn insert(&mut self, raw: &RawPrice, currency: &str) -> Result<(), ConfigError> {
        let entry = Entry::new(raw, self.intern(raw.currency.as_deref().unwrap_or(currency))?)?;
        if raw.model.is_empty() {
            return Err(ConfigError::new("model", "empty"));
        }
        if self.entries.iter().any(|other| other.is_twin(&entry)) {
            return Err(ConfigError::new(
                "model",
                "another entry has the same model, api and from",
            ));
        }
        let index = self.entries.len();
        if entry.model.is_exact() {
            self.exact.slot(raw.model.clone()).push(index);
        } else {
            self.patterns.push(index);
        }
        self.entries.push(entry);
        Ok(())
    }

    fn intern(&mut self, name: &str) -> Result<Currency, ConfigError> {
        check_currency(name)?;
        let known = self.currencies.iter().position(|known| known == name);
        let position = known.unwrap_or(self.currencies.len());
        if position >= MAX_CURRENCIES {
            return Err(ConfigError::new(
                "currency",
                format!("more than {MAX_CURRENCIES} currencies"),
            ));
        }
        if known.is_none() {
            self.currencies.push(name.to_owned());
        }
        Ok(Currency(position as u8))
    }
}

/// A currency is named by a code such as `USD`.
pub(crate) fn check_currency(name: &str) -> Result<(), ConfigError> {
    let code = (2..=8).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    code.then_some(())
        .ok_or_else(|| ConfigError::new("currency", "not a code such as \"USD\""))
}

impl Entry {
    fn new(raw: &RawPrice, currency: Currency) -> Result<Self, ConfigError> {
        let api = match raw.api.as_deref() {
            None => None,
            Some(name) => Some(Api::from_name(name).ok_or_else(|| ConfigError::new("api", "no such API"))?),
        };
        let from = match raw.from.as_deref() {
            None => Day::default(),
            Some(day) => {
                Day::parse(day).ok_or_else(|| ConfigError::new("from", "not a day such as \"2026-01-31\""))?
            }
        };
        let set = raw.set();
        let tiers = sets(&raw.tiers);
        let standard = Schedule::new(&set, &Set::default(), &tiers)?;
        let mut service_tiers = Vec::with_capacity(raw.service_tiers.len());
        for (name, tier) in &raw.service_tiers {
            let schedule = service_tier(tier, &set, &tiers);
            let schedule = schedule.map_err(|error| error.under(&format!("service_tiers.{name}")))?;
            service_tiers.push((name.clone(), schedule));
        }
        Ok(Self {
            model: Glob::new(&raw.model),
            api,
            from,
            currency,
            standard,
            service_tiers,
        })
    }

    fn is_twin(&self, other: &Self) -> bool {
        self.model == other.model && self.api == other.api && self.from == other.from
    }

    fn fit<'n>(&self, names: impl Iterator<Item = &'n str>) -> Option<Fit> {
        names.filter_map(|name| self.model.fit(name)).max()
    }

    fn service_tier(&self, name: &str) -> Option<&Schedule> {
        self.service_tiers
            .iter()
            .find(|(tier, _)| tier == name)
            .map(|(_, schedule)| schedule)
    }
}

fn sets(tiers: &[RawTier]) -> Vec<(u64, Set)> {
    tiers
        .iter()
        .map(|tier| (tier.above_input_tokens, tier.set()))
        .collect()
}

fn service_tier(raw: &RawServiceTier, base: &Set, tiers: &[(u64, Set)]) -> Result<Schedule, ConfigError> {
    let multiplier = raw.multiplier.unwrap_or(Decimal::from_millionths(1_000_000));
    let under = base.times(multiplier)?;
    if !raw.tiers.is_empty() {
        return Schedule::new(&raw.set(), &under, &sets(&raw.tiers));
    }
    let tiers: Result<Vec<_>, ConfigError> = tiers
        .iter()
        .map(|(above, set)| Ok((*above, set.times(multiplier)?)))
        .collect();
    Schedule::new(&raw.set(), &under, &tiers?)
}
