//! Exact token usage, cost and latency of every model API.
//!
//! The meter reads what the engine recorded of an exchange and, at its end, counts it: tokens by type,
//! cost by a price table, latency, outcome. It leaves the figures in filter state, for access logs and
//! for the global rate limit. Where an upstream reports no usage it estimates, and says so.
//!
//! ```
//! use penstock_token_meter::MODULE;
//!
//! let meter = (MODULE.load)(r#"{"prices": [{"model": "gpt-4.1", "input": 2, "output": "8.00"}]}"#)?;
//! assert_eq!(meter.policy().name, "token_meter");
//!
//! let refused = (MODULE.load)(r#"{"prices": [{"model": "gpt-4.1", "input": -2}]}"#).err();
//! assert_eq!(refused.map(|error| error.path), Some("prices[0].input".to_owned()));
//! # Ok::<(), penstock_filter_api::ConfigError>(())
//! ```
//!
//! * `tally`: what an exchange is charged for, and when that is an estimate (`ratio`).
//! * `prices`, `rates`, `decimal`, `money`, `day`: what that costs, in whole 10^-12 of the currency.
//! * `book`, `metric`, `names`: labelled metrics, defined once each, never more than the caps allow.
//! * `ledger`: the line that an exchange leaves behind. `told`: what its client learns of it.
//! * `budget`: what may be used in a time, by whom: set aside before an exchange runs, booked after it.
//!
//! Knows nothing of: wire formats (the engine read them), Envoy, other proxies.

mod book;
mod budget;
mod config;
mod count;
mod day;
mod decimal;
mod ledger;
mod meter;
mod metric;
mod money;
mod names;
mod prices;
mod rates;
mod ratio;
mod raw;
#[cfg(feature = "schema")]
mod schema;
mod scope;
mod table;
mod tally;
mod tenant;
mod told;

#[cfg(feature = "schema")]
pub use schema::schema;

use penstock_filter_api::{ConfigError, Module};

/// The meter under its key of the configuration.
pub const MODULE: Module = Module {
    name: "token_meter",
    load: meter::load,
};

/// What may surprise who wrote a configuration that the meter takes, each with its path: budgets that end with the proxy, or
/// that its global rate limit cannot hold. Nothing for one that it refuses.
pub fn warnings(json: &str) -> Vec<ConfigError> {
    config::warnings(json)
}
