//! Decimal numbers in headers and metrics.

/// 10^22 is the largest power of ten that an `f64` holds exactly: to divide by one is better than to multiply by its
/// inverse.
const MIN_EXACT_POWER: i32 = -22;
/// Digits whose integer fits into a `u64`, whatever they are.
const MAX_DIGITS: u32 = 19;

/// Reads `0.5`, `-1`, `+1.25e+09`, `40%` (0.4: the one way a percentage says so), with spaces around. Names such as
/// `NaN`, `+Inf` and `0x1p3` are no numbers. The last digit may be off by one beyond 15 digits; a number too large for
/// an `f64` is infinite, which no bound lets through.
pub(crate) fn number(text: &[u8]) -> Option<f64> {
    let text = text.trim_ascii();
    let (text, percent) = match text.strip_suffix(b"%") {
        Some(text) => (text.trim_ascii_end(), 0.01),
        None => (text, 1.0),
    };
    let (text, sign) = match text {
        [b'-', text @ ..] => (text, -1.0),
        [b'+', text @ ..] => (text, 1.0),
        text => (text, 1.0),
    };
    let mut digits = Digits::default();
    let text = digits.run(text, 0);
    let text = match text {
        [b'.', text @ ..] => digits.run(text, 1),
        text => text,
    };
    let exponent = match text {
        [] => 0,
        [b'e' | b'E', text @ ..] => exponent(text)?,
        _ => return None,
    };
    let magnitude = scale(digits.value as f64, exponent.saturating_add(digits.power));
    (digits.seen > 0).then_some(sign * percent * magnitude)
}

/// The significant digits so far, as an integer times a power of ten.
#[derive(Default)]
struct Digits {
    value: u64,
    power: i32,
    significant: u32,
    seen: u32,
}

impl Digits {
    /// Takes digits from the front; each lowers the power by `fraction`.
    fn run<'a>(&mut self, mut text: &'a [u8], fraction: i32) -> &'a [u8] {
        while let [digit @ b'0'..=b'9', rest @ ..] = text {
            text = rest;
            self.seen = self.seen.saturating_add(1);
            if self.significant < MAX_DIGITS {
                self.value = self.value * 10 + u64::from(digit - b'0');
                self.significant += u32::from(self.value > 0);
                self.power -= fraction;
            } else {
                self.power = self.power.saturating_add(1 - fraction);
            }
        }
        text
    }
}

fn exponent(text: &[u8]) -> Option<i32> {
    let (text, sign) = match text {
        [b'-', text @ ..] => (text, -1),
        [b'+', text @ ..] => (text, 1),
        text => (text, 1),
    };
    let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let step = |sum: i32, digit: &u8| (sum * 10 + i32::from(digit.wrapping_sub(b'0'))).min(100_000);
    is_number.then(|| sign * text.iter().fold(0, step))
}

fn scale(value: f64, power: i32) -> f64 {
    match power {
        _ if value == 0.0 => 0.0,
        0 => value,
        MIN_EXACT_POWER..=-1 => value / 10_f64.powi(-power),
        _ => value * 10_f64.powi(power),
    }
}

#[cfg(test)]
mod tests {
    use super::number;
    use proptest::prelude::*;

    #[test]
    fn numbers_as_servers_write_them() {
        for (text, value) in [
            ("0", 0.0),
            ("2.0", 2.0),
            (" 0.312500 ", 0.3125),
            ("0.0014655593551539114", 0.001_465_559_355_153_911_4),
            ("8.128902e+06", 8_128_902.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("+1.5E-3", 0.0015),
            ("40%", 0.4),
            ("12.5 %", 0.125),
            ("-1", -1.0),
            ("1e308", 1e308),
            ("1e999999999999", f64::INFINITY),
            ("1e-99999", 0.0),
            ("0e99999", 0.0),
            ("00000000000000000000000000001", 1.0),
            ("100000000000000000000000", 1e23),
        ] {
            let read = number(text.as_bytes()).unwrap();
            assert!(
                read == value || (read / value - 1.0).abs() < 1e-15,
                "{text}: {read}"
            );
        }
    }

    #[test]
    fn everything_else_is_none() {
        for text in [
            "", " ", ".", "-", "+", "%", "e5", "1e", "1e+", "1.2.3", "1,5", "NaN", "nan", "inf", "+Inf",
            "0x10", "1_0", "1 2", "--1", "1e5.5", "\u{661}", "true", "1%%",
        ] {
            assert_eq!(number(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_standard_library(value in -1e12..1e12_f64) {
            for text in [format!("{value}"), format!("{value:e}"), format!("{value:.3}")] {
                let wanted: f64 = text.parse().unwrap();
                let read = number(text.as_bytes()).unwrap();
                prop_assert!((read - wanted).abs() <= wanted.abs() * 1e-15, "{} {}", text, read);
            }
        }

        #[test]
        fn never_panics(text in "[0-9.eE+% -]{0,60}") {
            let read = number(text.as_bytes());
            prop_assert!(read.is_none_or(|value| !value.is_nan()));
        }
    }
}
