//! The United Kingdom.

use super::parts::{divides, is_day, is_one_of, is_uniform, part};
use super::row::{Row, any, checked, formed, named};
use super::shape::{Shape, sure, told, word};

#[rustfmt::skip] // A row reads as a row.
pub(super) const ROWS: &[Row] = &[
    checked("UK_NHS", "uk_nhs", &[told("9999999999"), told("999-999-9999")],
        uk_nhs, &["nhs", "national health", "health authority"]),
    formed("UK_NINO", "uk_nino", &[sure("BB999999B"), told("AA999999A"), sure("AA_999999A"),
        sure("AA_999999_A"), sure("AA-99-99-99-A")],
        uk_nino, &["nino", "national insurance", "ni number", "ni no"]),
    formed("UK_DRIVING_LICENCE", "uk_licence", &[sure("AXXXX999999XXXAA"), sure("AXXXX_999999_XXXAA")],
        uk_licence, &["driving licen*", "driver's licen*", "licence", "dvla"]),
    named("UK_PASSPORT", "uk_passport", &[word("AA9999999"), word("999999999")],
        any, &["uk passport", "british passport", "hmpo", "hm passport", "passport", "travel document"]),
    formed("UK_POSTCODE", "uk_postcode", POSTCODES,
        uk_postcode, &["postcode", "post code", "postal code", "address", "delivery", "mailing",
        "shipping"]).off(),
    formed("UK_VEHICLE_REGISTRATION", "uk_plate", PLATES,
        uk_plate, &["vehicle", "registration", "number plate", "licence plate", "license plate", "reg",
        "vrn", "dvla", "v5c", "logbook", "car"]).off(),
];

const POSTCODES: &[Shape] = &[
    told("A9_9AA"),
    told("A99_9AA"),
    told("A9A_9AA"),
    told("AA9_9AA"),
    told("AA99_9AA"),
    told("AA9A_9AA"),
    told("gir_0aa"),
    told("A99AA"),
    told("A999AA"),
    told("A9A9AA"),
    told("AA99AA"),
    told("AA999AA"),
    told("AA9A9AA"),
    told("gir0aa"),
];

const PLATES: &[Shape] = &[
    told("AA99AAA"),
    told("AA99-AAA"),
    told("A9-AAA"),
    told("A99-AAA"),
    told("A999-AAA"),
    told("A99AAA"),
    told("A999AAA"),
    told("AAA-9A"),
    told("AAA-99A"),
    told("AAA-999A"),
    told("AAA99A"),
    told("AAA999A"),
];

/// Weights 10 to 1 modulo 11 (NHS Data Model and Dictionary, "NHS number").
fn uk_nhs(text: &[u8]) -> Option<bool> {
    Some(divides(text, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 11)? && !is_uniform(text))
}

/// No D, F, I, Q, U, V in the prefix, no O second, seven prefixes never given, A to D at the end (HMRC,
/// NIM39110).
fn uk_nino(text: &[u8]) -> Option<bool> {
    let prefix = text.get(..2)?;
    let letters = !prefix.iter().any(|byte| b"DFIQUV".contains(byte)) && prefix.get(1)? != &b'O';
    let never: [&[u8]; 7] = [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"];
    Some(letters && !never.contains(&prefix) && is_one_of(text, 8, b"ABCD")?)
}

/// Five of the surname filled up with 9; decade, month (50 more for women), day and year of birth; initials
/// (DVLA, INF45).
fn uk_licence(text: &[u8]) -> Option<bool> {
    let name = text.get(..5)?;
    let letters = name.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    let nines = name
        .iter()
        .skip(letters)
        .chain(text.get(11..13)?.iter().filter(|byte| byte.is_ascii_digit()));
    let filled = nines.into_iter().all(|byte| *byte == b'9');
    Some(filled && is_day(part(text, 8, 2)?, part(text, 6, 2)? % 50))
}

/// Letters that each place allows (Royal Mail, "PAF programmers' guide", UK postcode format).
fn uk_postcode(text: &[u8]) -> Option<bool> {
    if text == b"GIR0AA" {
        return Some(true);
    }
    let (outward, inward) = text.split_at_checked(text.len().checked_sub(3)?)?;
    let unit = !inward.iter().any(|byte| b"CIKMOV".contains(byte));
    let second = outward.get(1)?.is_ascii_digit() || !is_one_of(outward, 1, b"IJZ")?;
    Some(unit && second && !is_one_of(outward, 0, b"QVX")?)
}

/// No I or Q; the age identifier of the current format is 02 to 29 or 51 to 79 (DVLA, INF104).
fn uk_plate(text: &[u8]) -> Option<bool> {
    let current = text.len() == 7 && text.get(1)?.is_ascii_uppercase() && text.get(2)?.is_ascii_digit();
    let age = !current || matches!(part(text, 2, 2)?, 2..=29 | 51..=79);
    let letters = !text.iter().any(|byte| b"IQ".contains(byte));
    Some(age && letters && text.last()? != &b'Z')
}
