//! Money in whole numbers.
//!
//! A price of `2.50` for a million tokens is 2,500,000 millionths for a million tokens, which is
//! 2,500,000 x 10^-12 of the currency for one token. So a decimal with at most six places *is* a whole
//! number of 10^-12 a token, and the cost of an exchange is a sum of products, without any rounding.

use crate::decimal::Decimal;
use std::fmt;

/// An amount in 10^-12 of a currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Money(u128);

impl Money {
    /// What `tokens` cost at `price` for a million. Cannot overflow: 2^64 x 10^14 < 2^111.
    pub(crate) fn of(tokens: u64, price: Decimal) -> Self {
        Self(u128::from(tokens) * u128::from(price.millionths()))
    }

    /// The sum; at the end of the range it stays there.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// 10^-9 units, rounded up.
    pub(crate) fn nanos_up(self) -> u64 {
        let (whole, rest) = self.nanos(0);
        whole.saturating_add(u64::from(rest > 0))
    }

    /// 10^-6 units, rounded up.
    pub(crate) fn micros_up(self) -> u64 {
        self.nanos_up().div_ceil(1000)
    }

    /// Whole 10^-9 units, and the rest in 10^-12 to be carried to the next amount.
    pub(crate) fn nanos(self, carried: u16) -> (u64, u16) {
        let sum = self.0.saturating_add(u128::from(carried));
        // Almost always: division of 128 bits is slow.
        if let Ok(sum) = u64::try_from(sum) {
            return (sum / 1000, (sum % 1000) as u16);
        }
        let whole = u64::try_from(sum / 1000).unwrap_or(u64::MAX);
        (whole, (sum % 1000) as u16)
    }
}

/// The exact decimal, without trailing zeros: `0.000125`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PICO: u64 = 1_000_000_000_000;
        let (whole, mut part) = match u64::try_from(self.0) {
            Ok(amount) => (u128::from(amount / PICO), amount % PICO),
            Err(_) => (self.0 / u128::from(PICO), (self.0 % u128::from(PICO)) as u64),
        };
        write!(f, "{whole}")?;
        if part == 0 {
            return Ok(());
        }
        let mut width = 12;
        while part.is_multiple_of(10) {
            part /= 10;
            width -= 1;
        }
        write!(f, ".{part:0width$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decimal::MAX;
    use proptest::prelude::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn money_prints_the_exact_decimal() {
        assert_eq!(Money::of(1, decimal("2.5")).to_string(), "0.0000025");
        assert_eq!(Money::of(1_000_000, decimal("2.5")).to_string(), "2.5");
        assert_eq!(Money::of(3_000_000, decimal("4")).to_string(), "12");
        assert_eq!(Money::of(1, decimal("0.000001")).to_string(), "0.000000000001");
        assert_eq!(Money::default().to_string(), "0");
        assert_eq!(
            Money(u128::MAX).to_string(),
            "340282366920938463463374607.431768211455"
        );
        assert_eq!(
            Money(u128::from(u64::MAX) + 1).to_string(),
            "18446744.073709551616"
        );
    }

    #[test]
    fn money_is_rounded_up() {
        let micros = |tokens, price| Money::of(tokens, decimal(price)).micros_up();
        assert_eq!(micros(0, "2.5"), 0);
        assert_eq!(micros(1, "0.000001"), 1);
        assert_eq!(micros(1000, "2.5"), 2500);
        assert_eq!(micros(1001, "2.5"), 2503);
        assert_eq!(Money(u128::MAX).micros_up(), u64::MAX.div_ceil(1000));
    }

    proptest! {
        /// Carrying the rest loses nothing, however the amounts fall.
        #[test]
        fn carrying_never_loses(amounts in prop::collection::vec(0u128..1 << 72, 0..200)) {
            let (mut counted, mut carried) = (0u128, 0u16);
            for amount in &amounts {
                let (whole, rest) = Money(*amount).nanos(carried);
                counted += u128::from(whole);
                carried = rest;
                prop_assert!(carried < 1000);
            }
            let exact: u128 = amounts.iter().sum();
            prop_assert_eq!(counted * 1000 + u128::from(carried), exact);
        }

        /// The largest inputs stay in range.
        #[test]
        fn products_never_overflow(tokens: u64, millionths in 0..=MAX) {
            let money = Money::of(tokens, Decimal::from_millionths(millionths));
            prop_assert_eq!(money.0, u128::from(tokens).checked_mul(u128::from(millionths)).unwrap());
        }
    }
}
