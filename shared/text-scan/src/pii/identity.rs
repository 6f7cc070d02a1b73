//! Numbers of persons that the core knows: US SSN, Spanish NIF and NIE, Japanese My Number, Chinese resident number.

use super::candidate::Candidate;
use super::resident::is_resident_id;
use super::rules::Core;
use crate::checksum::{es_nie, es_nif, my_number};
use crate::context::Context;
use crate::find::Find;

/// Groups of the longest way to write one.
const MAX_PARTS: usize = 5;

/// Words that a Social Security number without hyphens stands by.
const SSN: &[&str] = &[
    "ssn",
    "ssns",
    "social security",
    "ss #",
    "socsec",
    "seguro social",
    "社会保障",
    "社会保险号",
    "社会安全",
];
/// Words that a short NIF stands by.
const NIF: &[&str] = &[
    "nif",
    "dni",
    "documento nacional",
    "número de identificación fiscal",
];
/// Words that a My Number stands by.
pub(crate) const MY_NUMBER: &[&str] = &[
    "マイナンバー",
    "個人番号",
    "my number",
    "mynumber",
    "my_number",
    "individual number",
    "个人编号",
    "个人番号",
];

/// Adds the numbers of a candidate.
pub(crate) fn find(candidate: &Candidate<'_>, context: &Context<'_>, finds: &mut Vec<Find>) {
    for (first, group) in candidate.groups.iter().enumerate() {
        let mut len = 0;
        for (last, group_end) in candidate.groups.iter().enumerate().skip(first).take(MAX_PARTS) {
            len += group_end.len();
            if len > 18 {
                break;
            }
            if !matches!(len, 8 | 9 | 12 | 18) || !candidate.is_whole(first, last) {
                continue;
            }
            let window = Window {
                candidate,
                context,
                first,
                last,
            };
            if let Some(rule) = window.rule(len) {
                finds.push(rule.at(group.start, group_end.end));
            }
        }
    }
}

/// Some groups of a candidate.
struct Window<'a> {
    candidate: &'a Candidate<'a>,
    context: &'a Context<'a>,
    first: usize,
    last: usize,
}

impl Window<'_> {
    fn rule(&self, len: usize) -> Option<Core> {
        let sizes = self.sizes();
        let (nif, nie) = (is_written_as_nif(sizes), is_written_as_nie(sizes));
        let ssn = matches!(sizes, [9, 0, ..] | [3, 2, 4, 0, ..]);
        let my_number = matches!(
            sizes,
            [12, 0, ..] | [4, 4, 4, 0, ..] | [3, 3, 3, 3, 0] | [6, 6, 0, ..]
        );
        if !(nif || nie || ssn || my_number || len == 18) {
            return None;
        }
        let compact = self.candidate.compact::<18>(self.first, self.last)?;
        match compact.bytes() {
            id if is_resident_id(id) => Some(Core::CnResidentId),
            id if my_number && self.is_my_number(id) => Some(Core::JpMyNumber),
            id if nif && es_nif(id) => (len == 9 || self.says(NIF)).then_some(Core::EsNif),
            id if nie && es_nie(id) => Some(Core::EsNie),
            id if ssn && is_ssn(id) => self.ssn(),
            _ => None,
        }
    }

    /// One number in eleven has a right check digit: a word has to say what it is, or nothing else stands there.
    fn is_my_number(&self, digits: &[u8]) -> bool {
        let whole = matches!(self.sizes(), [12, 0, ..] | [4, 4, 4, 0, ..]);
        let digit = digits.iter().all(u8::is_ascii_digit);
        digit && my_number(digits) && ((whole && self.is_bare()) || self.near(MY_NUMBER))
    }

    /// With hyphens or full stops it speaks for itself; otherwise a word has to.
    fn ssn(&self) -> Option<Core> {
        let parted = matches!(self.sizes(), [3, 2, 4, 0, ..]);
        let gaps = [self.candidate.gap(self.first), self.candidate.gap(self.first + 1)];
        if parted && (gaps == [b"-", b"-"] || gaps == [b".", b"."]) {
            return Some(Core::UsSsn);
        }
        let alone = parted && gaps == [b" ", b" "] && self.is_bare();
        let whole = matches!(self.sizes(), [9, 0, ..]);
        (alone || ((parted || whole) && self.near(SSN))).then_some(Core::UsSsnContext)
    }

    /// Letters and digits of each group, as far as five, then zeros.
    fn sizes(&self) -> [usize; MAX_PARTS] {
        let mut sizes = [0; MAX_PARTS];
        let groups = self
            .candidate
            .groups
            .get(self.first..=self.last)
            .unwrap_or_default();
        if groups.len() <= sizes.len() {
            for (size, group) in sizes.iter_mut().zip(groups) {
                *size = group.len();
            }
        }
        sizes
    }

    /// Nothing else stands there, or a word near says what it is.
    fn says(&self, words: &[&str]) -> bool {
        self.is_bare() || self.near(words)
    }

    fn near(&self, words: &[&str]) -> bool {
        let groups = (
            self.candidate.groups.get(self.first),
            self.candidate.groups.get(self.last),
        );
        matches!(groups, (Some(first), Some(last)) if self.context.near(first.start, last.end, words))
    }

    fn is_bare(&self) -> bool {
        self.candidate.is_bare(self.first, self.last)
    }
}

/// "12345678Z", "12345678-Z", "12.345.678-Z".
fn is_written_as_nif(sizes: [usize; MAX_PARTS]) -> bool {
    matches!(
        sizes,
        [8 | 9, 0, ..] | [7 | 8, 1, 0, ..] | [1 | 2, 3, 3, 1, 0] | [1 | 2, 3, 4, 0, ..]
    )
}

/// "X1234567L", "X-1234567-L", "X-1.234.567-L".
fn is_written_as_nie(sizes: [usize; MAX_PARTS]) -> bool {
    matches!(
        sizes,
        [9, 0, ..] | [8, 1, 0, ..] | [1, 8, 0, ..] | [1, 7, 1, 0, ..] | [1, 1, 3, 3, 1]
    )
}

/// Area, group and serial number that are issued (SSA, since 2011: no area 000, 666, 900-999; no group 00; no serial 0000),
/// and none of those that became famous in advertisements.
fn is_ssn(digits: &[u8]) -> bool {
    const FAMOUS: [&[u8; 9]; 4] = [b"078051120", b"219099999", b"123456789", b"987654320"];
    let [a, b, c, d, e, f, g, h, i] = digits else {
        return false;
    };
    digits.iter().all(u8::is_ascii_digit)
        && ![*b"000", *b"666"].contains(&[*a, *b, *c])
        && *a != b'9'
        && [*d, *e] != *b"00"
        && [*f, *g, *h, *i] != *b"0000"
        && !FAMOUS.iter().any(|famous| *famous == digits)
}

#[cfg(test)]
mod tests {
    use crate::test::{finds, has, wrong_digits};

    #[test]
    fn a_my_number_is_found_behind_its_name() {
        for number in [
            "123456789018",
            "1234 5678 9018",
            "1234-5678-9018",
            "１２３４５６７８９０１８",
        ] {
            assert_eq!(
                finds("JP_MY_NUMBER", &format!("マイナンバーは{number}です")),
                [number]
            );
            assert_eq!(finds("JP_MY_NUMBER", &format!("My Number: {number}")), [number]);
            assert_eq!(finds("JP_MY_NUMBER", number), [number]);
            assert!(!has("JP_MY_NUMBER", &format!("注文は{number}です")));
        }
    }

    #[test]
    fn a_my_number_with_a_wrong_digit_is_not() {
        for wrong in wrong_digits("500012345677") {
            assert!(!has("JP_MY_NUMBER", &format!("個人番号{wrong}")), "{wrong}");
        }
    }

    #[test]
    fn nif_and_nie_are_found_in_every_spelling() {
        for nif in [
            "12345678Z",
            "12345678-Z",
            "12.345.678-Z",
            "12345678 Z",
            "87654321x",
            "12.345.678Z",
        ] {
            assert_eq!(finds("ES_NIF", &format!("con DNI {nif}, gracias")), [nif]);
            assert_eq!(finds("ES_NIF", &format!("身份{nif}号")), [nif]);
        }
        for nie in ["X1234567L", "Y-7654321-G", "z0011223g", "X1234567-L"] {
            assert_eq!(finds("ES_NIE", &format!("mi NIE es {nie}.")), [nie]);
        }
    }

    #[test]
    fn nif_and_nie_with_another_letter_or_digit_are_not() {
        for letter in ('A'..='Z').filter(|letter| *letter != 'Z') {
            assert!(!has("ES_NIF", &format!("DNI 12345678{letter}")), "{letter}");
        }
        for letter in ('A'..='Z').filter(|letter| *letter != 'L') {
            assert!(!has("ES_NIE", &format!("NIE X1234567{letter}")), "{letter}");
        }
        for wrong in wrong_digits("12345678Z") {
            assert!(!has("ES_NIF", &wrong), "{wrong}");
        }
        for wrong in wrong_digits("X1234567L") {
            assert!(!has("ES_NIE", &wrong), "{wrong}");
        }
    }

    #[test]
    fn a_fraction_of_a_second_is_no_nif() {
        assert!(!has("ES_NIF", "2025-03-14T10:19:12.345678Z"));
    }

    #[test]
    fn an_ssn_is_found_with_hyphens_or_by_its_name() {
        for text in [
            "219-45-6789",
            "ssn 219456789",
            "SSN: 219 45 6789",
            "社会安全号码219-45-6789",
            "{\"ssn\":219456789}",
        ] {
            assert!(has("US_SSN", text), "{text}");
        }
        for text in ["order 219456789", "219456789", "at 219 45 6789 units"] {
            assert!(!has("US_SSN", text), "{text}");
        }
    }

    #[test]
    fn an_ssn_that_nobody_has_is_not() {
        let areas = [0, 666]
            .into_iter()
            .chain(900..=999)
            .map(|area| format!("{area:03}-45-6789"));
        let areas: Vec<String> = areas.collect();
        let rest = [
            "219-00-6789",
            "219-45-0000",
            "078-05-1120",
            "219-09-9999",
            "123-45-6789",
        ]
        .map(String::from);
        let longer = [
            "1219-45-6789",
            "219-45-67890",
            "219-45-6789-1",
            "1-219-45-6789",
            "219-456789",
        ]
        .map(String::from);
        for wrong in areas.iter().chain(&rest).chain(&longer) {
            assert!(!has("US_SSN", &format!("ssn {wrong}")), "{wrong}");
        }
    }
}
