//! Money and prices in whole numbers.
//!
//! A price of `2.50` for a million tokens is 2,500,000 millionths for a million tokens, which is
//! 2,500,000 x 10^-12 of the currency for one token. So a decimal with at most six places *is* a whole
//! number of 10^-12 a token, and the cost of an exchange is a sum of products, without any rounding.

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// Decimal places that a price, a multiplier or a ratio may have.
const PLACES: usize = 6;

/// 10^[`PLACES`].
const ONE: u64 = 1_000_000;

/// Largest number a configuration may hold: 10^8 units for a million tokens is dear in any currency,
/// and products of it with believed token counts stay inside `i64` nano-units.
const MAX_WHOLE: u64 = 100_000_000;

/// Significant digits up to which a JSON number is surely read as it was written.
const EXACT_DIGITS: usize = 15;

/// A decimal from the configuration, in millionths: a JSON number or, for any length, a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Decimal(u64);

impl Decimal {
    pub(crate) const fn from_millionths(millionths: u64) -> Self {
        Self(millionths)
    }

    pub(crate) fn millionths(self) -> u64 {
        self.0
    }

    /// The product, if it too has at most six places and is in bounds.
    pub(crate) fn exact_product(self, by: Self) -> Option<Self> {
        let product = u128::from(self.0) * u128::from(by.0);
        if product % u128::from(ONE) != 0 {
            return None;
        }
        let product = u64::try_from(product / u128::from(ONE)).ok()?;
        (product <= MAX_WHOLE * ONE).then_some(Self(product))
    }

    /// Reads `12`, `0.075` or `12.50`: digits, at most one point, no sign, no exponent.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
        if whole.is_empty() || places.is_empty() || !digits(whole) || !digits(places) {
            return Err("not a decimal number such as \"0.075\"");
        }
        let places = places.trim_end_matches('0');
        if places.len() > PLACES {
            return Err("more than 6 decimal places");
        }
        let whole: u64 = whole.parse().map_err(|_| TOO_LARGE)?;
        if whole > MAX_WHOLE {
            return Err(TOO_LARGE);
        }
        let part: u64 = format!("{places:0<PLACES$}").parse().unwrap_or(0);
        let value = whole * ONE + part;
        if value > MAX_WHOLE * ONE {
            Err(TOO_LARGE)
        } else {
            Ok(Self(value))
        }
    }
}

const TOO_LARGE: &str = "larger than 100000000";

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DecimalVisitor)
    }
}

struct DecimalVisitor;

impl Visitor<'_> for DecimalVisitor {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number of at most 6 places, as a number or a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Decimal, E> {
        Decimal::parse(text).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, whole: u64) -> Result<Decimal, E> {
        if whole > MAX_WHOLE {
            Err(E::custom(TOO_LARGE))
        } else {
            Ok(Decimal(whole * ONE))
        }
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Decimal, E> {
        // The shortest decimal that reads back as this number is the one that was written, as long
        // as it is short enough.
        let text = number.to_string();
        let significant = text
            .bytes()
            .filter(u8::is_ascii_digit)
            .skip_while(|digit| *digit == b'0')
            .count();
        if significant > EXACT_DIGITS {
            return Err(E::custom(
                "too many digits for a JSON number: write it as a string",
            ));
        }
        Decimal::parse(&text).map_err(E::custom)
    }
}

/// An amount in 10^-12 of a currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Money(u128);

impl Money {
    /// What `tokens` cost at `price` for a million. Cannot overflow: 2^64 x 10^14 < 2^111.
    pub(crate) fn of(tokens: u64, price: Decimal) -> Self {
        Self(u128::from(tokens) * u128::from(price.0))
    }

    /// The sum; at the end of the range it stays there.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Whole 10^-9 units, and the rest in 10^-12 to be carried to the next amount.
    pub(crate) fn nanos(self, carried: u16) -> (u64, u16) {
        let sum = self.0.saturating_add(u128::from(carried));
        let whole = u64::try_from(sum / 1000).unwrap_or(u64::MAX);
        (whole, (sum % 1000) as u16)
    }
}

/// The exact decimal, without trailing zeros: `0.000125`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PICO: u128 = 1_000_000_000_000;
        let (whole, mut part) = (self.0 / PICO, self.0 % PICO);
        if part == 0 {
            return write!(f, "{whole}");
        }
        let mut width = 12;
        while part % 10 == 0 {
            part /= 10;
            width -= 1;
        }
        write!(f, "{whole}.{part:0width$}")
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
            "1e3",
            "1,5",
            "0.0000001",
            "100000001",
            "100000000.1",
            "NaN",
        ] {
            assert!(Decimal::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn json_numbers_are_read_as_they_are_written() {
        for (json, text) in [
            ("0.1", "0.1"),
            ("0.3", "0.3"),
            ("1e-6", "0.000001"),
            ("3", "3"),
            ("2.5e1", "25"),
        ] {
            assert_eq!(
                serde_json::from_str::<Decimal>(json).unwrap(),
                decimal(text),
                "{json}"
            );
        }
        for json in [
            "-1",
            "-0.5",
            "0.12345678901234567",
            "1e99",
            "true",
            "null",
            "[]",
            "1e-7",
        ] {
            assert!(serde_json::from_str::<Decimal>(json).is_err(), "{json}");
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

    #[test]
    fn money_prints_the_exact_decimal() {
        assert_eq!(Money::of(1, decimal("2.5")).to_string(), "0.0000025");
        assert_eq!(Money::of(1_000_000, decimal("2.5")).to_string(), "2.5");
        assert_eq!(Money::of(3_000_000, decimal("4")).to_string(), "12");
        assert_eq!(Money::of(1, decimal("0.000001")).to_string(), "0.000000000001");
        assert_eq!(Money::default().to_string(), "0");
    }

    proptest! {
        /// Every decimal of six places survives text, as a string and as a JSON number.
        #[test]
        fn decimals_round_trip(millionths in 0..=MAX_WHOLE * ONE) {
            let text = format!("{}.{:06}", millionths / ONE, millionths % ONE);
            prop_assert_eq!(Decimal::parse(&text), Ok(Decimal(millionths)));
            let json = serde_json::from_str::<Decimal>(&text);
            prop_assert_eq!(json.unwrap(), Decimal(millionths));
        }

        /// Carrying the rest loses nothing, however the amounts fall.
        #[test]
        fn carrying_never_loses(amounts in prop::collection::vec(0u64..1 << 50, 0..200)) {
            let (mut counted, mut carried) = (0u128, 0u16);
            for amount in &amounts {
                let (whole, rest) = Money(u128::from(*amount)).nanos(carried);
                counted += u128::from(whole);
                carried = rest;
                prop_assert!(carried < 1000);
            }
            let exact: u128 = amounts.iter().map(|amount| u128::from(*amount)).sum();
            prop_assert_eq!(counted * 1000 + u128::from(carried), exact);
        }

        /// The largest inputs stay in range.
        #[test]
        fn products_never_overflow(tokens: u64, millionths in 0..=MAX_WHOLE * ONE) {
            let money = Money::of(tokens, Decimal(millionths));
            prop_assert_eq!(money.0, u128::from(tokens).checked_mul(u128::from(millionths)).unwrap());
        }
    }
}
