//! Dates of birth: a date behind a word that says so.

use super::candidate::{Candidate, Group};
use super::rules::Core;
use crate::context::Context;
use crate::find::Find;

/// Words before a date that make it one of birth.
const WORDS: &[&str] = &[
    "born",
    "birth",
    "birthdate",
    "birthday",
    "birthdays",
    "dob",
    "d.o.b",
    "birth_date",
    "nacimiento",
    "nacido",
    "nacida",
    "nació",
    "nací",
    "geboren",
    "geburtsdatum",
    "geburtstag",
    "geb",
    "naissance",
    "née",
    "nascimento",
    "nascido",
    "nascida",
    "nato",
    "nata",
    "nascita",
    "生年月日",
    "誕生日",
    "生まれ",
    "出生",
    "生日",
    "생년월일",
    "생일",
    "출생",
];
/// Bytes before a date in which a word counts.
const REACH: usize = 40;
/// Names of months, three letters each: English, then where Spanish, German, French, Portuguese and Italian differ.
const MONTHS: &[u8] =
    b"janfebmaraprmayjunjulaugsepoctnovdecenefebabrmayagodicmaiokzdezfevavrjuiaousetoutgengiulugottmag";

/// Adds the date of a candidate, if there is one behind such a word.
pub(crate) fn find(candidate: &Candidate<'_>, context: &Context<'_>, finds: &mut Vec<Find>) {
    for (first, window) in candidate.groups.windows(3).enumerate() {
        let ([a, b, c], true) = (window, candidate.is_whole(first, first + 2)) else {
            continue;
        };
        let written =
            candidate.is_tight(first) && candidate.is_tight(first + 1) || b.is_word() || a.is_word();
        if written && is_date(candidate, [a, b, c]) {
            // One look at the words before is enough for all dates of a candidate.
            if context.before(a.start, REACH, WORDS) {
                finds.push(Core::BirthDate.at(a.start, c.end));
            }
            return;
        }
    }
    if let Some(find) = candidate
        .groups
        .last()
        .and_then(|year| cjk(candidate.text, context, year))
    {
        finds.push(find);
    }
}

/// Year first or year last, separators alike; or a name of a month among them.
fn is_date(candidate: &Candidate<'_>, groups: [&Group; 3]) -> bool {
    let value = |group: &Group| {
        let digits = candidate.text.get(group.start..group.end)?;
        crate::checksum::number(digits)
            .filter(|_| group.len() <= 4)
            .map(|value| value as u32)
    };
    let month = |group: &Group| candidate.text.get(group.start..group.end).is_some_and(is_month);
    let [a, b, c] = groups;
    let year =
        |group: &Group| group.len() == 4 && value(group).is_some_and(|year| (1880..=2100).contains(&year));
    let short = |group: &Group, most: u32| {
        group.len() <= 2 && value(group).is_some_and(|value| (1..=most).contains(&value))
    };
    let last = year(c) || (c.len() == 2 && c.is_number());
    (year(a) && short(b, 12) && short(c, 31))
        || (last && ((short(a, 12) && short(b, 31)) || (short(a, 31) && short(b, 12))))
        || (last && ((short(a, 31) && month(b)) || (month(a) && short(b, 31))))
}

/// A word of at least three letters whose first three begin a month.
fn is_month(word: &[u8]) -> bool {
    let Some(head) = word
        .get(..3)
        .filter(|head| head.iter().all(u8::is_ascii_alphabetic))
    else {
        return false;
    };
    MONTHS
        .chunks_exact(3)
        .any(|month| month.eq_ignore_ascii_case(head))
}

/// `1990年1月2日`, `1990년 1월 2일`: each number is a candidate of its own, so this begins at the year.
fn cjk(text: &[u8], context: &Context<'_>, year: &Group) -> Option<Find> {
    const MARKS: [[&[u8]; 2]; 3] = [
        ["年".as_bytes(), "년".as_bytes()],
        ["月".as_bytes(), "월".as_bytes()],
        ["日".as_bytes(), "일".as_bytes()],
    ];

    if year.len() != 4 || !year.is_number() {
        return None;
    }
    let mut at = year.end;
    for (place, marks) in MARKS.iter().enumerate() {
        if place > 0 {
            let rest = text.get(at..)?;
            let blank = usize::from(rest.first() == Some(&b' '));
            let digits = rest.iter().skip(blank).take_while(|b| b.is_ascii_digit()).count();
            (1..=2).contains(&digits).then_some(())?;
            at += blank + digits;
        }
        let rest = text.get(at..)?;
        at += marks.iter().find(|mark| rest.starts_with(mark))?.len();
    }
    context
        .near(year.start, at, WORDS)
        .then(|| Core::BirthDate.at(year.start, at))
}

#[cfg(test)]
mod tests {
    use crate::test::{finds, has};

    #[test]
    fn a_date_behind_a_word_of_birth_is_found() {
        for (text, date) in [
            ("born on 2/16/1962.", "2/16/1962"),
            ("DOB: 1990-01-02", "1990-01-02"),
            ("geboren am 2.1.1990", "2.1.1990"),
            ("nacida el 02-01-1990", "02-01-1990"),
            ("date of birth 5 May 1990", "5 May 1990"),
            ("出生日期：1990-01-02", "1990-01-02"),
            ("生年月日は1990年1月2日です", "1990年1月2日"),
            ("{\"birthDate\": \"1990-01-02\"}", "1990-01-02"),
            ("생년월일 1990년 1월 2일", "1990년 1월 2일"),
        ] {
            assert_eq!(finds("DATE_OF_BIRTH", text), [date], "{text}");
        }
    }

    #[test]
    fn other_dates_and_numbers_are_not() {
        for text in [
            "It is 2/16/1962",
            "released 1990-01-02",
            "born 1990-13-45",
            "born 1-2-3-4",
            "born in 1990",
        ] {
            assert!(!has("DATE_OF_BIRTH", text), "{text}");
        }
    }
}
