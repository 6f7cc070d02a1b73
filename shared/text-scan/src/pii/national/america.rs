//! The United States and Canada.

use super::parts::{divides, is_one_of, is_uniform, part};
use super::row::{Row, any, checked, formed, named};
use super::shape::{sure, told, word};
use crate::checksum::{luhn, luhn_sum};

const ITIN: &[&str] = &[
    "itin",
    "individual taxpayer",
    "taxpayer",
    "tax id",
    "tax_id",
    "taxid",
    "tin",
];
const LICENCE: &[&str] = &[
    "driver's licen*",
    "driver\u{2019}s licen*",
    "drivers licen*",
    "driver licen*",
    "driver_licen*",
    "driverlicen*",
    "driving licen*",
    "dl number",
    "dl #",
];
const PASSPORT: &[&str] = &["passport", "travel document"];

#[rustfmt::skip] // A row reads as a row.
pub(super) const ROWS: &[Row] = &[
    checked("US_NPI", "us_npi", &[told("9999999999"), told("9999-999-999")],
        us_npi, &["npi", "national provider", "provider id*", "provider number"]),
    checked("ABA_ROUTING_NUMBER", "us_aba", &[told("999999999"), told("9999=9999=9")],
        us_aba, &["aba", "routing", "rtn", "bankrouting", "wire"]),
    checked("CA_SIN", "ca_sin", &[told("999999999"), told("999-999-999")],
        ca_sin, &["my sin", "his sin", "her sin", "sin number", "sin no", "sin is", "sin:", "sin\"",
        "sin #", "social insurance", "nas", "assurance sociale", "canada", "canadian"]),
    checked("MEDICAL_LICENSE", "us_dea", &[told("AA9999999"), word("A99999999")],
        us_dea, &["dea", "medical", "certificate"]),
    formed("US_MBI", "us_mbi", &[sure("9AX9=AX9=AA99"), told("9AX9AX9AA99")],
        us_mbi, &["mbi", "medicare", "beneficiary", "cms", "medicaid", "hicn"]),
    formed("US_ITIN", "us_itin", &[told("999-99-9999"), told("999=999999"), told("99999=9999"),
        told("999999999")],
        us_itin, ITIN),
    named("US_DRIVER_LICENSE", "us_licence", &[word("A999999"), word("A9999999"), word("A99999999"),
        word("A999999999"), word("A9999999999"), word("A99999999999"), word("A999999999999"),
        word("A9999999999999"), word("A99999999999999"), word("A999999999999999999"), word("AA999999"),
        word("AA9999999"), word("AA999999A"), word("AAAAA999999"), word("9999999"), word("99999999"),
        word("999999999"), word("9999999999"), word("99999999A"), word("999999999A"), word("9999999A"),
        word("99AAA99999"), word("99AAA999999"), word("999AA9999"), word("99999999AA"),
        word("A999=9999=9999"), word("A999=999=99=999=9"), word("A9999=99999=99999"),
        word("A99=99=9999"), word("AA=99=9999"), word("999=999=999"), word("99=999=9999"),
        word("999_999_999")],
        any, LICENCE),
    named("US_PASSPORT", "us_passport", &[word("999999999"), word("A99999999")], any, PASSPORT),
    named("US_BANK_NUMBER", "us_bank", &[word("99999999"), word("999999999"), word("9999999999"),
        word("99999999999"), word("999999999999"), word("9999999999999"), word("99999999999999")],
        any, &["account", "acct", "bank", "debit", "checking", "savings"]).off(),
];

/// Luhn after 80840, which adds 24 (45 CFR 162.406; CMS, "NPI check digit calculation").
fn us_npi(text: &[u8]) -> Option<bool> {
    Some(is_one_of(text, 0, b"12")? && (luhn_sum(text)? + 24) % 10 == 0 && !is_uniform(text.get(..9)?))
}

/// A Federal Reserve district, and weights 3 7 1 modulo 10 (American Bankers Association; Wikipedia, "ABA
/// routing transit number").
fn us_aba(text: &[u8]) -> Option<bool> {
    let district = matches!(part(text, 0, 2)?, 0..=12 | 21..=32 | 61..=72 | 80);
    Some(district && divides(text, &[3, 7, 1, 3, 7, 1, 3, 7, 1], 10)? && part(text, 0, 9)? > 0)
}

/// The kind of registrant, a letter or 9, six digits, and a digit: the first, third and fifth and twice the
/// others (21 CFR 1301; Wikipedia, "DEA number").
fn us_dea(text: &[u8]) -> Option<bool> {
    let (kind, second, digits) = (*text.first()?, *text.get(1)?, text.get(2..)?);
    let kind = b"ABCDEFGHJKLMPRSTUX".contains(&kind) && (second == b'9' || second.is_ascii_uppercase());
    Some(kind && divides(digits, &[1, 2, 1, 2, 1, 2, 9], 10)? && part(digits, 0, 7)? > 0)
}

/// Letters other than S, L, O, I, B, Z, the first digit not 0 (CMS, "Understanding the Medicare Beneficiary
/// Identifier format").
fn us_mbi(text: &[u8]) -> Option<bool> {
    Some(text.first()? != &b'0' && !text.iter().any(|byte| b"SLOIBZ".contains(byte)))
}

/// Begins with 9, the middle from 50 to 65, 70 to 88, 90 to 92 or 94 to 99 (IRS Publication 1915).
fn us_itin(text: &[u8]) -> Option<bool> {
    Some(is_one_of(text, 0, b"9")? && matches!(part(text, 3, 2)?, 50..=65 | 70..=88 | 90..=92 | 94..=99))
}

/// Luhn; none begins with 0 or 8 (Service Canada, "Social Insurance Number").
fn ca_sin(text: &[u8]) -> Option<bool> {
    Some(is_one_of(text, 0, b"12345679")? && luhn(text))
}
