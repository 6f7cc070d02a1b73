//! How much a budget holds, as it is written.

use super::raw::Unit;
use crate::decimal::{millionths, written};
use penstock_filter_api::{ConfigError, Read, Value};

/// Largest quantity, in millionths: 10^12.
const MAX: u64 = 1_000_000_000_000_000_000;

/// A decimal of at most six places, read exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quantity(u64);

impl Read for Quantity {
    fn read(&mut self, from: Value<'_>) -> Result<(), ConfigError> {
        let read = millionths(&written(from)?, MAX).map_err(|why| ConfigError::at(from, &[why]))?;
        self.0 = read.ok_or_else(|| ConfigError::at(from, &["larger than 10^12"]))?;
        Ok(())
    }
}

impl Quantity {
    /// In the smallest piece of the unit that is counted: one, or 10^-9 of the currency.
    pub(crate) fn amount(self, field: &str, unit: Unit) -> Result<u64, ConfigError> {
        let amount = match unit {
            Unit::Money => self.0.checked_mul(1000),
            Unit::InputTokens | Unit::OutputTokens | Unit::Tokens | Unit::Requests | Unit::Streams => {
                if !self.0.is_multiple_of(1_000_000) {
                    return Err(ConfigError::new(field, "not a whole number"));
                }
                Some(self.0 / 1_000_000)
            }
        };
        match amount {
            None => Err(ConfigError::new(field, "too large")),
            Some(0) => Err(ConfigError::new(field, "0 would let nobody in")),
            Some(amount) => Ok(amount),
        }
    }

    /// What it is in 10^6 times the time, in the same pieces.
    pub(crate) fn rate(self, field: &str, unit: Unit) -> Result<u64, ConfigError> {
        let rate = match unit {
            Unit::Money => self.0.checked_mul(1_000_000_000),
            Unit::InputTokens | Unit::OutputTokens | Unit::Tokens | Unit::Requests | Unit::Streams => {
                Some(self.0)
            }
        };
        match rate {
            None => Err(ConfigError::new(field, "too large")),
            Some(0) => Err(ConfigError::new(field, "0 would never fill it")),
            Some(rate) => Ok(rate),
        }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Quantity {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Quantity".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A decimal number of at most 6 places, from 0 to 10^12, read exactly; whole but for money.",
            "anyOf": [
                { "type": "number", "minimum": 0, "maximum": 1_000_000_000_000u64 },
                { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$" },
            ],
        })
    }
}
