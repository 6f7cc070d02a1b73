//! Decimals of the configuration, read exactly.

use penstock_filter_api::{ConfigError, Kind, Read, Value, wrong};
use std::borrow::Cow;

/// Decimal places that a price, a multiplier or a ratio may have.
const PLACES: usize = 6;

/// 10^[`PLACES`].
const ONE: u64 = 1_000_000;

/// Largest number a configuration may hold: 10^8 units for a million tokens is dear in any currency,
/// and products of it with believed token counts stay inside `i64` nano-units.
const MAX_WHOLE: u64 = 100_000_000;

/// [`MAX_WHOLE`] in millionths.
pub(crate) const MAX: u64 = MAX_WHOLE * ONE;

/// Longest decimal, in bytes: its digits stay inside `u128`.
const MAX_TEXT_BYTES: usize = 32;

/// A decimal from the configuration, in millionths: a JSON number or a string, both read exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Decimal(u64);

impl Decimal {
    pub(crate) const fn from_millionths(millionths: u64) -> Self {
        Self(millionths)
    }

    pub(crate) fn millionths(self) -> u64 {
        self.0
    }

    /// The product, if it too has at most six places and is in bounds.
    // Eight callers in one function: each would have a copy of a 128-bit division.
    #[inline(never)]
    pub(crate) fn exact_product(self, by: Self) -> Option<Self> {
        let product = u128::from(self.0) * u128::from(by.0);
        if product % u128::from(ONE) != 0 {
            return None;
        }
        let product = u64::try_from(product / u128::from(ONE)).ok()?;
        (product <= MAX).then_some(Self(product))
    }

    /// Reads `12`, `0.075`, `12.50` or, as some writers of JSON have it, `7.5e-2`. No sign.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        millionths(text, MAX)
            .and_then(|millionths| millionths.ok_or(TOO_LARGE))
            .map(Self)
    }
}

/// Reads a decimal in millionths; `None` for one larger than `max`.
pub(crate) fn millionths(text: &str, max: u64) -> Result<Option<u64>, &'static str> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, places) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let exponent: i16 = exponent.parse().map_err(|_| NO_DECIMAL)?;
    if whole.is_empty() || places.is_empty() || text.len() > MAX_TEXT_BYTES {
        return Err(NO_DECIMAL);
    }
    let mut value = 0u128;
    let mut scale = i32::from(exponent) + PLACES as i32 - places.len() as i32;
    for byte in whole.bytes().chain(places.bytes()) {
        let digit = byte
            .checked_sub(b'0')
            .filter(|digit| *digit < 10)
            .ok_or(NO_DECIMAL)?;
        value = value * 10 + u128::from(digit);
    }
    while scale < 0 && value > 0 {
        if !value.is_multiple_of(10) {
            return Err("more than 6 decimal places");
        }
        value /= 10;
        scale += 1;
    }
    while scale > 0 && value > 0 && value <= u128::from(max) {
        value *= 10;
        scale -= 1;
    }
    Ok(u64::try_from(value).ok().filter(|value| *value <= max))
}

const NO_DECIMAL: &str = "not a decimal number such as \"0.075\"";
const TOO_LARGE: &str = "larger than 100000000";

impl Read for Decimal {
    fn read(&mut self, from: Value<'_>) -> Result<(), ConfigError> {
        *self = Self::parse(&written(from)?).map_err(|why| ConfigError::at(from, &[why]))?;
        Ok(())
    }
}

/// A number or a string: both are read as they are written.
pub(crate) fn written(from: Value<'_>) -> Result<Cow<'_, str>, ConfigError> {
    match from.kind() {
        Kind::Number => Ok(from.number_raw().into()),
        Kind::String => Ok(from.text().unwrap_or_default()),
        Kind::Null | Kind::Bool | Kind::Key | Kind::Array | Kind::Object => Err(wrong(
            from,
            "a decimal number of at most 6 places, as a number or a string",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn decimals_are_read_exactly() {
        for (text, millionths) in [
            ("0", 0),
            ("0.1", 100_000),
            ("0.075", 75_000),
            ("2.50", 2_500_000),
            ("15", 15_000_000),
            ("0.000001", 1),
            ("0.00000100", 1),
            ("100000000", 100_000_000_000_000),
            ("1e8", 100_000_000_000_000),
            ("7.5e-2", 75_000),
            ("1E-06", 1),
            ("250e-2", 2_500_000),
            ("0e9999", 0),
        ] {
            assert_eq!(Decimal::parse(text), Ok(Decimal(millionths)), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_exact_is_refused() {
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1,5",
            "1e",
            "e1",
            "1e1e1",
            "1.-5",
            "0.0000001",
            "1e-7",
            "100000001",
            "100000000.1",
            "1e9",
            "1e32767",
            "NaN",
            "000000000000000000000000000000001",
        ] {
            assert!(Decimal::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn json_numbers_are_read_as_they_are_written() {
        let read = penstock_filter_api::read::<Decimal>;
        for json in [
            "0.1",
            "0.3",
            "1e-6",
            "3",
            "2.5e1",
            "0.100000000000000000000",
            "12345678.123456",
        ] {
            assert_eq!(read(json), Ok(decimal(json)), "{json}");
            assert_eq!(read(&format!("\"{json}\"")), Ok(decimal(json)), "{json}");
        }
        for json in [
            "-1",
            "-0.5",
            "0.1234567",
            "1e99",
            "true",
            "null",
            "[]",
            "1e-7",
            "100000001",
        ] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_product_is_exact_or_refused() {
        assert_eq!(
            decimal("0.0375").exact_product(decimal("0.5")),
            Some(decimal("0.01875"))
        );
        assert_eq!(decimal("0.000001").exact_product(decimal("0.5")), None);
        assert_eq!(decimal("100000000").exact_product(decimal("2")), None);
    }

    proptest! {
        /// Every decimal of six places survives text, as a string and as a JSON number.
        #[test]
        fn decimals_round_trip(millionths in 0..=MAX) {
            let text = format!("{}.{:06}", millionths / ONE, millionths % ONE);
            prop_assert_eq!(Decimal::parse(&text), Ok(Decimal(millionths)));
            prop_assert_eq!(penstock_filter_api::read::<Decimal>(&text), Ok(Decimal(millionths)));
        }
    }
}
