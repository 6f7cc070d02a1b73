//! Windows that begin with the clock.

use super::raw::Per;
use crate::day::days_of_month;

const DAY_S: u64 = 86_400;

/// A length of time that begins with the clock of some place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Calendar {
    pub(crate) per: Per,
    /// What the place's clock is ahead of UTC.
    pub(crate) offset_s: i32,
}

impl Calendar {
    /// The begin of the window of a moment, in seconds since the Unix epoch.
    pub(crate) fn start(self, now_s: u64) -> u64 {
        let local = now_s.saturating_add_signed(i64::from(self.offset_s));
        let start = match self.per {
            Per::Month => month(local / DAY_S).first * DAY_S,
            per => local - local % length_s(per),
        };
        start.saturating_add_signed(-i64::from(self.offset_s))
    }

    /// The end of the window that begins at `start`.
    pub(crate) fn end(self, start: u64) -> u64 {
        match self.per {
            Per::Month => {
                let local = start.saturating_add_signed(i64::from(self.offset_s));
                let month = month(local / DAY_S);
                let next = month.first + days_of_month(month.year, month.number);
                (next * DAY_S).saturating_add_signed(-i64::from(self.offset_s))
            }
            per => start.saturating_add(length_s(per)),
        }
    }

    /// The length of the longest window.
    pub(crate) fn longest_s(self) -> u64 {
        length_s(self.per)
    }
}

/// The longest window of a kind, in seconds.
pub(crate) fn length_s(per: Per) -> u64 {
    match per {
        Per::Second => 1,
        Per::Minute => 60,
        Per::Hour => 3600,
        Per::Day => DAY_S,
        Per::Month => 31 * DAY_S,
    }
}

/// A month of a year.
pub(crate) struct Month {
    pub(crate) year: u64,
    /// 1 to 12.
    pub(crate) number: u64,
    /// Its first day, in days since 1970-01-01.
    pub(crate) first: u64,
}

/// The month of a day, by years that begin with March
/// (<https://howardhinnant.github.io/date_algorithms.html#civil_from_days>).
pub(crate) fn month(day: u64) -> Month {
    // Numbers of 32 bits, of which wasm has quick divisions by constants: until the year 11 million.
    let since = u32::try_from(day + 719_468).unwrap_or(u32::MAX);
    let (era, of_era) = (since / 146_097, since % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5;
    let number = if month < 10 { month + 3 } else { month - 9 };
    Month {
        year: u64::from(era * 400 + year_of_era + u32::from(number <= 2)),
        number: u64::from(number),
        first: day.saturating_sub(u64::from(of_month)),
    }
}

/// Reads `UTC`, `+02:00` or `-05:30`, as seconds ahead of UTC.
pub(crate) fn offset(text: &str) -> Option<i32> {
    if text == "UTC" || text == "Z" {
        return Some(0);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let two = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<i32>().ok())?
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PERS: [Per; 5] = [Per::Second, Per::Minute, Per::Hour, Per::Day, Per::Month];

    #[test]
    fn months_end_where_they_do() {
        // Each is `date -u -d DAY +%s`: a moment, the first of its month, the first of the next.
        for (now, start, end) in [
            (1_709_164_800, 1_706_745_600, 1_709_251_200), // 2024-02-29
            (1_709_251_199, 1_706_745_600, 1_709_251_200), // its last second
            (1_709_251_200, 1_709_251_200, 1_711_929_600), // 2024-03-01
            (1_740_787_199, 1_738_368_000, 1_740_787_200), // 2025-02-28, the last second
            (1_798_761_599, 1_796_083_200, 1_798_761_600), // 2026-12-31, the last second
            (4_107_542_399, 4_105_123_200, 4_107_542_400), // 2100-02-28: no leap year
        ] {
            let month = Calendar {
                per: Per::Month,
                offset_s: 0,
            };
            assert_eq!(
                (month.start(now), month.end(month.start(now))),
                (start, end),
                "{now}"
            );
        }
    }

    #[test]
    fn a_day_begins_at_the_places_midnight() {
        let day = |offset| Calendar {
            per: Per::Day,
            offset_s: super::offset(offset).unwrap(),
        };
        // 2026-01-15T23:30Z is the 16th in Berlin and the 15th in New York.
        let late = 1_768_519_800;
        assert_eq!(day("UTC").start(late), 1_768_435_200);
        assert_eq!(day("+01:00").start(late), 1_768_518_000);
        assert_eq!(day("-05:00").start(late), 1_768_453_200);
    }

    #[test]
    fn offsets_that_are_none_are_refused() {
        for text in [
            "",
            "+",
            "+2",
            "+02",
            "+2:00",
            "02:00",
            "+15:00",
            "+02:60",
            "Europe/Berlin",
            "+é2:00",
        ] {
            assert_eq!(offset(text), None, "{text}");
        }
        assert_eq!(offset("-05:30"), Some(-19_800));
    }

    proptest! {
        /// Windows follow one another without gap or overlap.
        #[test]
        fn windows_are_contiguous(now in 100_000u64..5_000_000_000, per in 0usize..5, hours in -12i32..=14) {
            let calendar = Calendar { per: PERS[per], offset_s: hours * 3600 };
            let start = calendar.start(now);
            let end = calendar.end(start);
            prop_assert!(start <= now && now < end, "{start} {now} {end}");
            prop_assert_eq!(calendar.start(end), end);
            prop_assert_eq!(calendar.start(end - 1), start);
        }
    }
}
