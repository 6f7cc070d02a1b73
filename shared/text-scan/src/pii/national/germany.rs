//! Germany.

use super::parts::{is_day, is_one_of, is_uniform, part};
use super::row::{Row, any, checked, formed, named};
use super::shape::{sure, told, word};
use crate::checksum::{digit, icao, iso7064_11_10, weighted};

const ID_CARD: &[&str] = &["personalausweis*", "ausweis*", "npa", "identity card", "id card"];
const PASSPORT: &[&str] = &["reisepass*", "passnummer", "pass-nr", "pass nr", "passport"];
const INSURANCE: &[&str] = &[
    "krankenversicher*",
    "versichertennummer",
    "kvnr",
    "krankenkasse",
    "gesundheitskarte",
    "egk",
    "versichertenkarte",
];
const PENSION: &[&str] = &[
    "rentenversicherung*",
    "sozialversicherung*",
    "versicherungsnummer",
    "rvnr",
    "svnr",
    "sv-nummer",
    "vsnr",
];
const TAX: &[&str] = &[
    "steuerliche identifikation*",
    "steueridentifikation*",
    "identifikationsnummer",
    "steuer-id*",
    "steuerid*",
    "steuer id*",
    "idnr",
    "id-nr",
    "bzst",
    "tax id*",
];
const DOCTOR: &[&str] = &[
    "arztnummer",
    "lanr",
    "arzt-nr",
    "arzt nr",
    "arzt-nummer",
    "vertragsarzt*",
    "kassenarzt*",
];
const PRACTICE: &[&str] = &["betriebsst*", "bsnr", "praxisnummer", "nebenbetriebs*"];

#[rustfmt::skip] // A row reads as a row.
pub(super) const ROWS: &[Row] = &[
    checked("DE_SOCIAL_SECURITY", "de_vsnr", &[sure("99999999A999"), sure("99-999999-A-999"),
        sure("99-99-99-99-A-999")],
        de_vsnr, PENSION),
    checked("DE_TAX_ID", "de_idnr", &[told("99999999999"), told("99_999_999_999")], de_idnr, TAX),
    checked("DE_VAT_ID", "de_vat", &[sure("de999999999"), sure("de_999999999"), sure("de-999-999-999")],
        de_vat, &["ust-id*", "ustid*", "umsatzsteuer*", "vat"]),
    checked("DE_HEALTH_INSURANCE", "de_kvnr", &[told("A999999999")], de_kvnr, INSURANCE),
    checked("DE_PASSPORT", "de_passport", &[told("AXXXXXXX9"), told("AXXXXXXXX9")],
        |text| Some(is_one_of(text, 0, b"CFGHJK")? && is_document(text)? && icao(text)), PASSPORT),
    checked("DE_ID_CARD", "de_id_card", &[told("AXXXXXXX9"), told("AXXXXXXXX9")],
        |text| Some(is_one_of(text, 0, b"LMNPRTVWXYZ")? && is_document(text)? && icao(text)), ID_CARD),
    named("DE_PASSPORT", "de_passport_serial", &[word("AXXXXXXXX")], is_document, PASSPORT),
    named("DE_ID_CARD", "de_id_card_serial", &[word("AXXXXXXXX"), told("t99999999")],
        is_document, ID_CARD),
    checked("DE_LANR", "de_lanr", &[told("999999999")], de_lanr, DOCTOR),
    named("DE_BSNR", "de_bsnr", &[word("999999999")], |text| Some(!is_uniform(text)), PRACTICE),
    formed("DE_TAX_NUMBER", "de_tax_number", &[word("999/999/99999"), word("99/999/99999"),
        word("999/9999/9999"), word("9999999999999")],
        any, &["steuernummer", "steuer-nr", "steuer nr", "st.-nr", "st-nr", "finanzamt"]),
    named("DE_FUEHRERSCHEIN", "de_licence", &[word("AXXXXXXXXXX")],
        de_licence, &["f\u{fc}hrerschein*", "fuehrerschein*", "fahrerlaubnis*"]),
];

/// Letters of a serial number; vowels and what looks like a digit are left out (PAuswV annex 3, ICAO 9303-3).
const LETTERS: &[u8] = b"CFGHJKLMNPRTVWXYZ";

/// A serial number has nine places. Printed with its check digit it has ten; some take the ninth place for
/// that digit.
fn is_document(text: &[u8]) -> Option<bool> {
    let right = |byte: &u8| byte.is_ascii_digit() || LETTERS.contains(byte);
    Some(text.iter().all(right) && text.iter().any(u8::is_ascii_digit))
}

/// The authority's four places, the licence's five, a check digit, the copy's number (FeV annex 8).
fn de_licence(text: &[u8]) -> Option<bool> {
    Some(text.iter().filter(|byte| byte.is_ascii_digit()).count() >= 4)
}

/// Area, date of birth (50 more in the day if two would have the same), the letter of the name at birth,
/// serial; digit sums by weights 2 1 2 5 7 1 2 1 2 1 2 1, the letter as its place in the alphabet (VKVV
/// section 2 and 4).
fn de_vsnr(text: &[u8]) -> Option<bool> {
    let day = part(text, 2, 2)?;
    let letter = part_of_letter(*text.get(8)?);
    let mut digits = [0; 12];
    digits.get_mut(..8)?.copy_from_slice(text.get(..8)?);
    digits.get_mut(8..10)?.copy_from_slice(&letter);
    digits.get_mut(10..)?.copy_from_slice(text.get(9..11)?);
    let birth = is_day(if day > 50 { day - 50 } else { day }, part(text, 4, 2)?);
    Some(birth && digit_sums(&digits, &[2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1])? % 10 == part(text, 11, 1)?)
}

/// The two digits of a letter's place in the alphabet.
fn part_of_letter(letter: u8) -> [u8; 2] {
    let place = letter - b'A' + 1;
    [b'0' + place / 10, b'0' + place % 10]
}

/// Products with the weights, each product counted by its digits.
fn digit_sums(digits: &[u8], weights: &[u8]) -> Option<u32> {
    let pairs = digits.iter().zip(weights);
    pairs
        .map(|(byte, weight)| digit(*byte).map(|digit| digit * u32::from(*weight)))
        .map(|product| product.map(|product| product / 10 + product % 10))
        .sum()
}

/// ISO 7064 MOD 11,10, and no digit more than three times in the first ten (BZSt, "Steuerliches Info-Center:
/// Aufbau der IdNr").
fn de_idnr(text: &[u8]) -> Option<bool> {
    let ten = text.get(..10)?;
    let often = (b'0'..=b'9').any(|digit| ten.iter().filter(|byte| **byte == digit).count() > 3);
    Some(text.first()? != &b'0' && !often && iso7064_11_10(text))
}

/// ISO 7064 MOD 11,10 (BZSt; VIES).
fn de_vat(text: &[u8]) -> Option<bool> {
    let digits = text.get(2..)?;
    Some(digits.first()? != &b'0' && iso7064_11_10(digits))
}

/// The letter as its place in the alphabet, then digit sums by weights 1 2 1 2 ... (SGB V section 290;
/// GKV-Spitzenverband).
fn de_kvnr(text: &[u8]) -> Option<bool> {
    let mut digits = [0; 10];
    digits
        .get_mut(..2)?
        .copy_from_slice(&part_of_letter(*text.first()?));
    digits.get_mut(2..)?.copy_from_slice(text.get(1..9)?);
    Some(digit_sums(&digits, &[1, 2, 1, 2, 1, 2, 1, 2, 1, 2])? % 10 == part(text, 9, 1)?)
}

/// Six digits, their check digit by weights 4 9 4 9 4 9, and the field of medicine (KBV, "Richtlinie zur
/// Vergabe der Arztnummern").
fn de_lanr(text: &[u8]) -> Option<bool> {
    let sum = weighted(text.get(..6)?, &[4, 9, 4, 9, 4, 9])?;
    Some((sum + part(text, 6, 1)?) % 10 == 0 && part(text, 0, 6)? > 0 && part(text, 7, 2)? > 0)
}
