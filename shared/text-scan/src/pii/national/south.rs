//! South Africa, Nigeria, Australia.

use super::parts::{divides, is_date, is_one_of, is_uniform, part};
use super::row::{Row, any, checked, formed};
use super::shape::{sure, told};
use crate::checksum::{luhn, verhoeff, weighted};

#[rustfmt::skip] // A row reads as a row.
pub(super) const ROWS: &[Row] = &[
    checked("ZA_ID_NUMBER", "za_id", &[sure("9999999999999"), sure("999999_9999_999")],
        za_id, &["south african", "rsa id", "identity number", "id number", "id"]),
    checked("AU_ABN", "au_abn", &[told("99999999999"), told("99_999_999_999")],
        au_abn, &["abn", "business number"]),
    checked("AU_TFN", "au_tfn", &[told("999999999"), told("999_999_999")],
        au_tfn, &["tfn", "tax file number"]),
    checked("AU_ACN", "au_acn", &[told("999999999"), told("999_999_999")],
        au_acn, &["acn", "company number"]),
    checked("AU_MEDICARE", "au_medicare", &[told("9999999999"), told("9999_99999_9")],
        au_medicare, &["medicare"]),
    checked("NG_NIN", "ng_nin", &[told("99999999999")],
        |text| Some(verhoeff(text) && !is_uniform(text)), &["nin", "nimc",
        "national identification number", "national identity", "nigeria*"]),
    formed("NG_VEHICLE_REGISTRATION", "ng_plate", &[told("AAA-999AA"), told("AAA999AA")],
        any, &["plate", "vehicle", "registration"]).off(),
];

/// Date of birth, citizenship 0 to 2, an 8 or 9, and Luhn (Department of Home Affairs; Wikipedia, "South
/// African identity card").
fn za_id(text: &[u8]) -> Option<bool> {
    Some(is_date(text, 0)? && is_one_of(text, 10, b"012")? && is_one_of(text, 11, b"89")? && luhn(text))
}

/// One taken from the first digit, weights 10 1 3 5 ... modulo 89 (Australian Business Register, "Format of
/// the ABN").
fn au_abn(text: &[u8]) -> Option<bool> {
    let sum = weighted(text, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19])?;
    Some(text.first()? != &b'0' && sum % 89 == 10)
}

/// Weights 1 4 3 7 5 8 6 9 10 modulo 11 (Wikipedia, "Tax file number").
fn au_tfn(text: &[u8]) -> Option<bool> {
    Some(divides(text, &[1, 4, 3, 7, 5, 8, 6, 9, 10], 11)? && text.first()? != &b'0' && !is_uniform(text))
}

/// Weights 8 to 1 and the check digit modulo 10 (ASIC, "Australian Company Number digit check").
fn au_acn(text: &[u8]) -> Option<bool> {
    Some(divides(text, &[8, 7, 6, 5, 4, 3, 2, 1, 1], 10)? && part(text, 0, 9)? > 0)
}

/// Begins with 2 to 6; the ninth digit is the sum by weights 1 3 7 9 modulo 10, the tenth counts issues
/// (Services Australia, "Medicare card number").
fn au_medicare(text: &[u8]) -> Option<bool> {
    let sum = weighted(text.get(..8)?, &[1, 3, 7, 9, 1, 3, 7, 9])? % 10;
    Some(is_one_of(text, 0, b"23456")? && sum == part(text, 8, 1)?)
}
