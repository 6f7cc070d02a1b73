//! Numbers of the configuration.

use penstock_filter_api::{ConfigError, Kind, Read, Value, wrong};

/// A number that is not negative and not larger than a million.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Number(pub(crate) f64);

const MAX: f64 = 1e6;

impl Read for Number {
    fn read(&mut self, from: Value<'_>) -> Result<(), ConfigError> {
        if from.kind() != Kind::Number {
            return Err(wrong(from, "a number"));
        }
        let number = from.number_raw().parse::<f64>().ok();
        match number.filter(|number| (0.0..=MAX).contains(number)) {
            Some(number) => self.0 = number,
            None => return Err(ConfigError::at(from, &["not between 0 and 1000000"])),
        }
        Ok(())
    }
}
