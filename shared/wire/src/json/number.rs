//! Exact integers out of JSON numbers.

/// The integer that `number` (RFC 8259 grammar) is exactly; `None` when it is no integer or needs more than
/// 64 bits and a sign. Takes time linear in its length, whatever the exponent.
pub(super) fn integer(number: &str) -> Option<i128> {
    let (negative, digits) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number),
    };
    let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() {
        return None;
    }
    let (significant, zeros) = significand(whole.bytes().chain(fraction.bytes()))?;
    if significant == 0 {
        return Some(0);
    }
    let scale = power(exponent) + zeros - fraction.len() as i64;
    let magnitude = 10_u64
        .checked_pow(u32::try_from(scale).ok()?)?
        .checked_mul(significant)?;
    Some(if negative {
        -i128::from(magnitude)
    } else {
        i128::from(magnitude)
    })
}

/// The digits without their trailing zeros, and how many zeros those are.
fn significand(digits: impl Iterator<Item = u8>) -> Option<(u64, i64)> {
    let (mut value, mut zeros) = (0_u64, 0_i64);
    for digit in digits {
        if digit == b'0' {
            zeros += 1;
            continue;
        }
        if value > 0 {
            value = value
                .checked_mul(10_u64.checked_pow(u32::try_from(zeros).ok()?)?)?
                .checked_mul(10)?;
        }
        value = value.checked_add(u64::from(digit.wrapping_sub(b'0')))?;
        zeros = 0;
    }
    Some((value, zeros))
}

/// An exponent, kept far from overflow: no document is long enough for the difference to matter.
fn power(exponent: &str) -> i64 {
    const FAR: i64 = 1 << 40;
    let (negative, digits) = match exponent.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, exponent.strip_prefix('+').unwrap_or(exponent)),
    };
    let step = |sum: i64, digit: u8| (sum * 10 + i64::from(digit.wrapping_sub(b'0'))).min(FAR);
    let value = digits.bytes().fold(0, step);
    if negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::integer;

    #[test]
    fn reads_integers_however_they_are_written() {
        for (text, value) in [
            ("0", 0),
            ("-0", 0),
            ("0.000", 0),
            ("0e999999999999999999999", 0),
            ("12", 12),
            ("12.0", 12),
            ("1.2e1", 12),
            ("1200e-2", 12),
            ("0.12E+2", 12),
            ("-12", -12),
            ("100", 100),
            ("1020.0300e4", 10_200_300),
            ("18446744073709551615", u64::MAX.into()),
            ("1844674407370955161.5e1", u64::MAX.into()),
            ("-9223372036854775808", i64::MIN.into()),
            ("1e19", 10_000_000_000_000_000_000),
        ] {
            assert_eq!(integer(text), Some(value), "{text}");
        }
    }

    #[test]
    fn refuses_fractions_and_giants() {
        for text in [
            "",
            "0.5",
            "12.01",
            "1e-1",
            "1e999",
            "1e20",
            "18446744073709551616",
            "1e9999999999999999999999",
            "1e-99999",
        ] {
            assert_eq!(integer(text), None, "{text}");
        }
        assert_eq!(integer(&"9".repeat(100_000)), None);
        assert_eq!(integer(&format!("1{}e-{}", "0".repeat(90_000), 90_000)), Some(1));
        assert_eq!(integer(&format!("0.{}7e{}", "0".repeat(90_000), 90_001)), Some(7));
    }
}
