//! Numbers and dates as they are written, and what they may mean.

/// A figure: digits with signs between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figure {
    /// ASCII: digits, and `.,'/-:` between them.
    pub(crate) text: String,
    /// A letter stands directly before it: it is a part of a name.
    pub(crate) glued: bool,
    /// It is the first of its line: it may number it.
    pub(crate) opens_line: bool,
}

/// A day, as `yyyymmdd`.
pub(crate) type Day = u32;

impl Figure {
    /// The days that it may mean: one, or two where month and day may change places.
    pub(crate) fn days(&self) -> Vec<Day> {
        let sign = self
            .text
            .find(['-', '/', '.'])
            .and_then(|at| self.text.get(at..=at))
            .unwrap_or("-");
        let parts: Vec<&str> = self.text.split(sign).collect();
        let [a, b, c] = parts.as_slice() else {
            return Vec::new();
        };
        let orders = match (a.len(), c.len()) {
            (4, 1..=2) => vec![(a, b, c)],
            (1..=2, 4) => vec![(c, b, a), (c, a, b)],
            _ => Vec::new(),
        };
        let mut days: Vec<Day> = orders
            .into_iter()
            .filter_map(|(year, month, day)| {
                to_day(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
            })
            .collect();
        days.dedup();
        days
    }

    /// A whole number without signs, such as a day or a year.
    pub(crate) fn whole(&self) -> Option<u32> {
        self.text.parse().ok()
    }

    /// The numbers in it: parts of a range, of a time, of a fraction.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = &str> {
        self.text.split(['/', '-', ':'])
    }
}

pub(crate) fn to_day(year: u32, month: u32, day: u32) -> Option<Day> {
    let fits = (1000..3000).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    fits.then(|| year * 10_000 + month * 100 + day)
}

/// What a number may mean, without separators of thousands and trailing zeros: `1.234` is 1234 or 1.234.
pub(crate) fn readings(number: &str) -> Vec<String> {
    let number: String = number.chars().filter(|c| !matches!(c, '\'' | '_')).collect();
    let last = number.rfind(['.', ',']);
    let Some((at, sign)) = last.and_then(|at| Some((at, number.get(at..=at)?))) else {
        return vec![plain(&number, "")];
    };
    let (whole, part) = (
        number.get(..at).unwrap_or_default(),
        number.get(at + 1..).unwrap_or_default(),
    );
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (is_group, is_repeated) = (part.len() == 3, whole.contains(sign));
    let as_group = plain(&digits(&number), "");
    let as_decimal = plain(&digits(whole), part);
    match (is_group, is_repeated) {
        (_, true) => vec![as_group],
        (true, false) if whole.len() <= 3 && !whole.starts_with('0') => vec![as_group, as_decimal],
        (true | false, false) => vec![as_decimal],
    }
}

fn plain(whole: &str, part: &str) -> String {
    let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    if part.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{part}")
    }
}

/// A number with its point moved: to the right for thousands, to the left for hundredths.
pub(crate) fn shifted(number: &str, by: i32) -> String {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let count = by.unsigned_abs() as usize;
    if by >= 0 {
        let part = format!("{part:0<count$}");
        let (moved, rest) = part.split_at_checked(count).unwrap_or((&part, ""));
        plain(&format!("{whole}{moved}"), rest)
    } else {
        let whole = format!("{whole:0>width$}", width = count + 1);
        let (rest, moved) = whole
            .split_at_checked(whole.len() - count)
            .unwrap_or(("", &whole));
        plain(rest, &format!("{moved}{part}"))
    }
}

/// Zeros that a word behind a number stands for.
pub(crate) fn scale(word: &str) -> Option<i32> {
    Some(match word {
        "hundred" | "百" => 2,
        "thousand" | "thousands" | "k" | "tsd" | "mil" | "mille" | "mila" | "tausend" | "千" => 3,
        "万" | "萬" | "만" => 4,
        "million" | "millions" | "mn" | "mio" | "millón" | "millones" | "millionen" | "milhões"
        | "milioni" | "m" => 6,
        "亿" | "億" | "억" => 8,
        "billion" | "billions" | "bn" | "mrd" | "milliarden" | "milliards" | "miliardi" | "bilhões" | "b" => {
            9
        }
        "trillion" | "trillions" | "兆" => 12,
        _ => return None,
    })
}

/// The number of a month by its name.
pub(crate) fn month(word: &str) -> Option<u32> {
    const NAMES: [&[&str]; 12] = [
        &[
            "january", "jan", "enero", "januar", "janvier", "janeiro", "gennaio",
        ],
        &[
            "february",
            "feb",
            "febrero",
            "februar",
            "février",
            "fevereiro",
            "febbraio",
        ],
        &["march", "mar", "marzo", "märz", "mars", "março"],
        &["april", "apr", "abril", "avril", "aprile"],
        &["may", "mayo", "mai", "maio", "maggio"],
        &["june", "jun", "junio", "juni", "juin", "junho", "giugno"],
        &["july", "jul", "julio", "juli", "juillet", "julho", "luglio"],
        &["august", "aug", "agosto", "août"],
        &[
            "september",
            "sep",
            "sept",
            "septiembre",
            "septembre",
            "setembro",
            "settembre",
        ],
        &[
            "october", "oct", "octubre", "oktober", "octobre", "outubro", "ottobre",
        ],
        &["november", "nov", "noviembre", "novembre", "novembro"],
        &[
            "december",
            "dec",
            "diciembre",
            "dezember",
            "décembre",
            "dezembro",
            "dicembre",
        ],
    ];
    NAMES
        .iter()
        .zip(1..)
        .find(|(names, _)| names.contains(&word))
        .map(|(_, number)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_in_every_notation() {
        for (written, meant) in [
            ("1,234,567", "1234567"),
            ("1.234.567", "1234567"),
            ("1'234'567.50", "1234567.5"),
            ("1.234,5", "1234.5"),
            ("1,234.50", "1234.5"),
            ("3,5", "3.5"),
            ("0.250", "0.25"),
            ("007", "7"),
        ] {
            assert_eq!(readings(written), [meant], "{written}");
        }
        assert_eq!(readings("1.234"), ["1234", "1.234"]);
        assert_eq!(
            (shifted("2.5", 6), shifted("25", -2), shifted("2.5", -2)),
            ("2500000".into(), "0.25".into(), "0.025".into())
        );
    }

    #[test]
    fn a_day_is_the_same_in_every_order() {
        let days = |text: &str| {
            Figure {
                text: text.to_owned(),
                ..Figure::default()
            }
            .days()
        };
        assert_eq!(days("2024-03-05"), [20_240_305]);
        assert_eq!(days("05.03.2024"), [20_240_305, 20_240_503]);
        assert_eq!(days("25/03/2024"), [20_240_325]);
        assert_eq!(days("3/25/2024"), [20_240_325]);
        assert_eq!(days("1.234.567"), Vec::<Day>::new());
        assert_eq!(
            (month("märz"), month("august"), month("monday")),
            (Some(3), Some(8), None)
        );
    }
}
