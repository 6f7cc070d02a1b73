//! How long a backend asks to be left alone.

use super::number;
use penstock_filter_api::Headers;

/// Longest wait that is believed, in seconds.
const MAX_WAIT_S: f64 = 3600.0;

const MONTHS: [&[u8]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// Seconds from `now_s` (since the Unix epoch) until a backend wants requests again, 0 to 3,600; longer is an hour.
///
/// Reads `retry-after-ms` (as OpenAI and Azure send it) before `retry-after`, which is a number of seconds or a date in
/// any of the three forms of RFC 9110, section 5.6.7. A header that cannot be read is as good as none.
pub fn retry_after(headers: &Headers, now_s: f64) -> Option<f64> {
    let millis = headers
        .first("retry-after-ms")
        .and_then(number)
        .map(|millis| millis / 1000.0);
    let wait = millis.filter(|wait| *wait >= 0.0).or_else(|| {
        let value = headers.first("retry-after")?;
        match number(value) {
            Some(seconds) => Some(seconds).filter(|seconds| *seconds >= 0.0),
            None => date(value).map(|until| until - now_s),
        }
    })?;
    (!wait.is_nan()).then(|| wait.clamp(0.0, MAX_WAIT_S))
}

/// A date of HTTP in seconds since the Unix epoch: `Sun, 06 Nov 1994 08:49:37 GMT`, and the two obsolete forms
/// `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
fn date(value: &[u8]) -> Option<f64> {
    let mut words = value
        .split(|byte| b" ,-".contains(byte))
        .filter(|word| !word.is_empty());
    let mut word = || words.next();
    let (_weekday, second, third) = (word()?, word()?, word()?);
    let (day, month, year, time) = if second.first()?.is_ascii_digit() {
        let (year, time) = (word()?, word()?);
        (second, third, year, time)
    } else {
        let (time, year) = (word()?, word()?);
        (third, second, year, time)
    };
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?;
    let day = digits(day).filter(|day| (1..=31).contains(day))?;
    let days = days_since_epoch(full_year(year)?, month as i64 + 1, day);
    Some((days * 86_400 + seconds_of_day(time)?) as f64)
}

fn seconds_of_day(time: &[u8]) -> Option<i64> {
    let mut parts = time.split(|byte| *byte == b':').map(digits);
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let is_time = hour < 24 && minute < 60 && second <= 60 && parts.next().is_none();
    is_time.then_some(hour * 3600 + minute * 60 + second)
}

/// A year of four digits, or of two: those of dates not long past or still to come.
fn full_year(year: &[u8]) -> Option<i64> {
    let number = digits(year)?;
    match year.len() {
        4 => Some(number),
        2 if number < 70 => Some(2000 + number),
        2 => Some(1900 + number),
        _ => None,
    }
}

fn digits(text: &[u8]) -> Option<i64> {
    let is_number = (1..=4).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    is_number.then(|| {
        text.iter()
            .fold(0, |sum, digit| sum * 10 + i64::from(digit.wrapping_sub(b'0')))
    })
}

/// Days from 1970-01-01 to a day of the Gregorian calendar, with years that begin in March.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + leap_days + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: f64 = 784_111_770.0;

    fn wait(fields: &[(&str, &str)]) -> Option<f64> {
        let field = |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
        retry_after(&Headers::new(fields.iter().map(field).collect()), NOW)
    }

    #[test]
    fn seconds_milliseconds_and_dates() {
        for (value, seconds) in [
            ("0", Some(0.0)),
            ("120", Some(120.0)),
            ("1.5", Some(1.5)),
            ("99999999999999999999999999", Some(3600.0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(7.0)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(7.0)),
            ("Sun Nov  6 08:49:37 1994", Some(7.0)),
            ("Sun, 06 Nov 1994 08:49:29 GMT", Some(0.0)),
            ("Fri, 31 Dec 9999 23:59:60 GMT", Some(3600.0)),
            ("-5", None),
            ("NaN", None),
            ("soon", None),
            ("", None),
            ("Sun, 32 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 25:49:37 GMT", None),
            ("Sun, 06 Nom 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994", None),
        ] {
            assert_eq!(wait(&[("retry-after", value)]), seconds, "{value}");
        }
    }

    #[test]
    fn milliseconds_are_the_finer_word() {
        assert_eq!(
            wait(&[("retry-after", "2"), ("retry-after-ms", "1250")]),
            Some(1.25)
        );
        assert_eq!(wait(&[("retry-after", "2"), ("retry-after-ms", "x")]), Some(2.0));
        assert_eq!(wait(&[]), None);
    }

    #[test]
    fn days_match_the_unix_clock() {
        // Each is `date -u -d DAY +%s` / 86400.
        for ((year, month, day), days) in [
            ((1970, 1, 1), 0),
            ((1972, 2, 29), 789),
            ((2000, 3, 1), 11_017),
            ((2026, 12, 31), 20_818),
            ((2100, 3, 1), 47_541),
        ] {
            assert_eq!(days_since_epoch(year, month, day), days, "{year}-{month}-{day}");
        }
    }
}
