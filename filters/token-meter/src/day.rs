//! Days of the Gregorian calendar, in UTC.

const NANOS_A_DAY: u64 = 86_400_000_000_000;

/// Days since 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(u64);

impl Day {
    /// The day in UTC of a moment in nanoseconds since the Unix epoch.
    pub(crate) fn of(now_ns: u64) -> Self {
        Self(now_ns / NANOS_A_DAY)
    }

    /// Reads `2026-01-31`, from 1970 on.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let year = number(parts.next()?, 4)?;
        let month = number(parts.next()?, 2)?;
        let day = number(parts.next()?, 2)?;
        let known = parts.next().is_none()
            && year >= 1970
            && (1..=12).contains(&month)
            && (1..=days_of_month(year, month)).contains(&day);
        known.then(|| Self(days_before_year(year) + days_before_month(year, month) + day - 1))
    }
}

fn number(text: &str, digits: usize) -> Option<u64> {
    (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

pub(crate) fn days_of_month(year: u64, month: u64) -> u64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

fn days_before_month(year: u64, month: u64) -> u64 {
    (1..month).map(|month| days_of_month(year, month)).sum()
}

/// Days from 1970-01-01 to the first day of `year`.
fn days_before_year(year: u64) -> u64 {
    let leap_years = |before: u64| (before - 1) / 4 - (before - 1) / 100 + (before - 1) / 400;
    (year - 1970) * 365 + leap_years(year) - leap_years(1970)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_match_the_unix_clock() {
        // Each second count is `date -u -d DAY +%s`.
        for (text, seconds) in [
            ("1970-01-01", 0u64),
            ("1972-02-29", 68_169_600),
            ("1972-03-01", 68_256_000),
            ("2000-02-29", 951_782_400),
            ("2026-01-01", 1_767_225_600),
            ("2026-12-31", 1_798_675_200),
            ("2100-03-01", 4_107_542_400),
        ] {
            let day = Day::parse(text).unwrap();
            let nanos = seconds * 1_000_000_000;
            assert_eq!(Day::of(nanos), day, "{text}");
            assert_eq!(
                Day::of(nanos + NANOS_A_DAY - 1),
                day,
                "the last nanosecond of {text}"
            );
            assert!(Day::of(nanos + NANOS_A_DAY) > day, "the midnight after {text}");
        }
    }

    #[test]
    fn days_that_are_none_are_refused() {
        for text in [
            "",
            "2026",
            "2026-1-01",
            "2026-13-01",
            "2026-00-10",
            "2026-02-29",
            "2100-02-29",
            "1969-12-31",
        ] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        for text in [
            "2026-01-32",
            "2026-01-00",
            "2026-01-01-",
            "2026-01-01T00",
            "+026-01-01",
            "26-01-01",
        ] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }
}
