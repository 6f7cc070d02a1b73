//! South Korea.

use super::parts::{is_date, is_one_of, is_uniform, part};
use super::row::{Row, checked, formed, named};
use super::shape::{sure, told, word};
use crate::checksum::weighted;

const RRN: &[&str] = &["rrn", "resident registration", "주민등록", "주민번호"];
const FRN: &[&str] = &["frn", "foreigner registration", "alien registration", "외국인"];

#[rustfmt::skip] // A row reads as a row.
pub(super) const ROWS: &[Row] = &[
    checked("KR_RRN", "kr_rrn", &[sure("999999=9999999"), told("9999999999999")], kr_rrn, RRN),
    formed("KR_RRN", "kr_rrn_unchecked", &[word("999999=9999999"), word("9999999999999")],
        |text| is_resident(text, b"1234"), RRN),
    formed("KR_RRN", "kr_rrn_2020", &[told("999999=9999999")], kr_since_2020, RRN),
    checked("KR_FRN", "kr_frn", &[sure("999999=9999999"), told("9999999999999")], kr_frn, FRN),
    formed("KR_FRN", "kr_frn_unchecked", &[told("999999=9999999"), word("9999999999999")],
        |text| is_resident(text, b"5678"), FRN),
    checked("KR_BRN", "kr_brn", &[sure("999=99=99999"), told("9999999999")],
        kr_brn, &["brn", "business registration", "사업자"]),
    formed("KR_DRIVER_LICENSE", "kr_licence", &[sure("99=99=999999=99"), told("99_99_999999_99"),
        word("999999999999")],
        kr_licence, &["운전면허", "면허번호", "driver's licen*", "driver licen*"]),
    named("KR_PASSPORT", "kr_passport", &[told("A999A9999"), word("A99999999")],
        |text| is_one_of(text, 0, b"MSROD"), &["여권", "passport", "korean passport"]),
];

/// Date of birth and the digit of sex and century.
fn is_resident(text: &[u8], kinds: &[u8]) -> Option<bool> {
    Some(is_date(text, 0)? && is_one_of(text, 6, kinds)?)
}

/// Born when numbers had no check digit any more.
fn kr_since_2020(text: &[u8]) -> Option<bool> {
    Some(is_resident(text, b"34")? && matches!(part(text, 0, 6)?, 201_005..=991_231))
}

fn sum(text: &[u8]) -> Option<u32> {
    weighted(text.get(..12)?, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5])
}

/// 11 less the weighted sum modulo 11, modulo 10; numbers given since October 2020 have none (Resident
/// Registration Act, rule 2; Wikipedia, "Resident registration number").
fn kr_rrn(text: &[u8]) -> Option<bool> {
    Some(is_resident(text, b"1234")? && part(text, 12, 1)? == (11 - sum(text)? % 11) % 10)
}

/// The same for foreigners, and 2 more.
fn kr_frn(text: &[u8]) -> Option<bool> {
    Some(is_resident(text, b"5678")? && part(text, 12, 1)? == (13 - sum(text)? % 11) % 10)
}

/// Weights 1 3 7 1 3 7 1 3 5, the ninth product counted by both of its digits, modulo 10 (National Tax
/// Service).
fn kr_brn(text: &[u8]) -> Option<bool> {
    let ninth = part(text, 8, 1)? * 5;
    let sum = weighted(text.get(..8)?, &[1, 3, 7, 1, 3, 7, 1, 3])? + ninth + ninth / 10;
    Some((sum + part(text, 9, 1)?) % 10 == 0 && !is_uniform(text))
}

/// The region that gave it: 11 to 26 or 28 (Korean National Police Agency).
fn kr_licence(text: &[u8]) -> Option<bool> {
    Some(matches!(part(text, 0, 2)?, 11..=26 | 28))
}
