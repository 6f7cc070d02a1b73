//! Taiwan, Hong Kong; passports of China and Japan.

use super::parts::is_one_of;
use super::row::{Row, any, checked, named};
use super::shape::{sure, told, word};
use crate::checksum::{digit, weighted};

#[rustfmt::skip] // A row reads as a row.
pub(super) const ROWS: &[Row] = &[
    checked("TW_NATIONAL_ID", "tw_id", &[sure("B999999999"), told("A999999999")],
        tw_id, &["身分證", "身份證", "身分证", "居留證", "taiwan*"]),
    checked("HK_ID", "hk_id", &[sure("A999999(X)"), sure("AA999999(X)"), word("A999999X"),
        word("AA999999X")],
        hk_id, &["身份證", "身份证", "hkid", "hong kong id*", "hk id"]),
    named("CN_PASSPORT", "cn_passport", &[word("B99999999"), word("BB9999999")], any, &["护照", "護照"]),
    named("JP_PASSPORT", "jp_passport", &[word("AA9999999")], any, &["パスポート", "旅券"]),
];

/// What the first letter counts for, A as 10, by when its county was given one.
const COUNTIES: &[u8; 26] = b"ABCDEFGHJKLMNPQRSTUVXYWZIO";

/// The county's letter as two digits, sex (1, 2; foreigners 8, 9), weights 1 9 8 7 6 5 4
/// 3 2 1 1 modulo 10 (Ministry of the Interior; Wikipedia, "National identification card (Taiwan)").
fn tw_id(text: &[u8]) -> Option<bool> {
    let county = COUNTIES.iter().position(|letter| Some(letter) == text.first())? as u32 + 10;
    let sum = county / 10 + county % 10 * 9 + weighted(text.get(1..)?, &[8, 7, 6, 5, 4, 3, 2, 1, 1])?;
    Some(is_one_of(text, 1, b"1289")? && sum.is_multiple_of(10))
}

/// Weights 9 to 2, a blank (36) where there is one letter, and a check digit modulo 11, A for 10
/// (Immigration Department; Wikipedia, "Hong Kong identity card").
fn hk_id(text: &[u8]) -> Option<bool> {
    const BLANK: u32 = 36;
    let (last, rest) = text.split_last()?;
    let check = if *last == b'A' { 10 } else { digit(*last)? };
    let sum = match rest.len() {
        7 => BLANK * 9 + weighted(rest, &[8, 7, 6, 5, 4, 3, 2])?,
        _ => weighted(rest, &[9, 8, 7, 6, 5, 4, 3, 2])?,
    };
    Some((sum + check) % 11 == 0)
}
