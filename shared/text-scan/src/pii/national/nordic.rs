//! Finland, Sweden.

use super::parts::{is_day, part};
use super::row::{Row, checked};
use super::shape::{sure, told};
use crate::checksum::{luhn, number};

#[rustfmt::skip] // A row reads as a row.
pub(super) const ROWS: &[Row] = &[
    checked("FI_PERSONAL_IDENTITY_CODE", "fi_hetu", &[sure("999999+999X"), sure("999999A999X")],
        fi_hetu, &["hetu", "henkilötunnus", "personbeteckning", "identity code"]),
    checked("SE_PERSONNUMMER", "se_personnummer", &[sure("999999+9999"), told("9999999999"),
        told("99999999+9999"), told("999999999999")],
        se_personnummer, &["personnummer", "personnr", "pnr", "samordningsnummer", "svensk", "swedish",
        "personal identity", "personal number", "identity code"]),
    checked("SE_ORGANISATIONSNUMMER", "se_orgnr", &[told("999999=9999"), told("9999999999")],
        se_orgnr, &["organisationsnummer", "orgnr", "orgnummer", "org nr", "org.nr", "företag*",
        "company identity", "company registration", "bolag*"]),
];

/// Date of birth, a sign for the century, a number from 002, and the whole number modulo 31 as a digit or
/// letter (Digital and Population Data Services Agency, dvv.fi, "Personal identity code").
fn fi_hetu(text: &[u8]) -> Option<bool> {
    const CONTROL: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
    let sign = text.len() == 10 || b"ABCDEFYXWVU".contains(text.get(6)?);
    let (birth, rest) = (text.get(..6)?, text.get(text.len() - 4..)?);
    let (individual, control) = (number(rest.get(..3)?)?, rest.get(3)?);
    let whole = number(birth)? * 1000 + individual;
    let right = CONTROL.get((whole % 31) as usize) == Some(control);
    Some(sign && individual >= 2 && right && is_day(part(text, 0, 2)?, part(text, 2, 2)?))
}

/// Date of birth (60 more in the day of a samordningsnummer) and Luhn over the last ten digits (Skatteverket
/// SKV 704 and 707).
fn se_personnummer(text: &[u8]) -> Option<bool> {
    let ten = text.get(text.len().checked_sub(10)?..)?;
    let century = text.len() == 10 || matches!(part(text, 0, 2)?, 18..=20);
    let day = part(ten, 4, 2)?;
    let birth = is_day(if day > 60 { day - 60 } else { day }, part(ten, 2, 2)?);
    Some(birth && century && luhn(ten))
}

/// The third digit is 2 or more, so that it is no date, and Luhn (Skatteverket SKV 709).
fn se_orgnr(text: &[u8]) -> Option<bool> {
    Some(part(text, 2, 1)? >= 2 && part(text, 0, 1)? > 0 && luhn(text))
}
