//! India, Singapore, Thailand, the Philippines.

use super::parts::{is_one_of, is_uniform, part};
use super::row::{Row, any, checked, formed, named};
use super::shape::{sure, told, word};
use crate::checksum::{alnum, verhoeff, weighted};

const GST: &[&str] = &["gstin", "gst", "goods and services"];

#[rustfmt::skip] // A row reads as a row.
pub(super) const ROWS: &[Row] = &[
    checked("TH_TNIN", "th_tnin", &[told("9999999999999"), sure("9-9999-99999-99-9")],
        th_tnin, &["thai", "tnin", "national id*", "เลขประจำตัว", "เลขบัตร", "รหัสปชช"]),
    checked("IN_AADHAAR", "in_aadhaar", &[told("999999999999"), told("9999-9999-9999")],
        in_aadhaar, &["aadhaar", "aadhar", "uidai", "आधार"]),
    checked("IN_GSTIN", "in_gstin", &[sure("99AAAAA9999AXzX")], in_gstin, GST),
    formed("IN_GSTIN", "in_gstin_unchecked", &[told("99AAAAA9999AXzX")], in_state, GST),
    formed("IN_PAN", "in_pan", &[sure("BBBBB9999B"), told("AAAAA9999A")],
        in_pan, &["pan", "permanent account", "income tax"]),
    formed("IN_VOTER", "in_voter", &[told("AAA9999999")], any, &["voter*", "vote", "epic", "elector*"]),
    named("IN_PASSPORT", "in_passport", &[word("A9999999"), word("A99_99999")],
        in_passport, &["indian passport", "passport"]),
    formed("IN_VEHICLE_REGISTRATION", "in_plate", &[told("AA99AA9999"), told("AA99A9999"),
        told("AA9AAA9999"), told("AA-99-AA-9999")],
        any, &["vehicle", "registration", "number plate", "rto"]).off(),
    checked("SG_NRIC_FIN", "sg_nric", &[sure("B9999999B"), told("A9999999A")],
        sg_nric, &["nric", "fin", "singapore"]),
    checked("SG_UEN", "sg_uen", &[sure("99999999B"), sure("999999999B"), sure("B99BB9999X"),
        told("99999999A"), told("999999999A"), told("A99AA9999X")],
        sg_uen, &["uen", "acra", "unique entity"]),
    checked("PH_TIN", "ph_tin", &[sure("999=999=999=999"), told("999=999=999"),
        told("999=999=999=99999"), word("999999999"), word("999999999999")],
        ph_tin, &["tin", "bir", "taxpayer", "tax id", "tax_id"]),
];

/// The kind of person, a province (10 to 96), and weights 13 to 2 modulo 11 (Bureau of Registration
/// Administration; Wikipedia, "Thai identity card").
fn th_tnin(text: &[u8]) -> Option<bool> {
    let province =
        matches!(part(text, 1, 2)?, 10..=27 | 30..=49 | 50..=58 | 60..=67 | 70..=77 | 80..=86 | 90..=96);
    let sum = weighted(text.get(..12)?, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2])? % 11;
    Some(text.first()? != &b'0' && province && (11 - sum) % 10 == part(text, 12, 1)?)
}

/// Begins with 2 to 9, reads not the same backwards, and Verhoeff (UIDAI, "Aadhaar number").
fn in_aadhaar(text: &[u8]) -> Option<bool> {
    let palindrome = text.iter().eq(text.iter().rev());
    Some(is_one_of(text, 0, b"23456789")? && !palindrome && verhoeff(text))
}

/// A state (01 to 38, or 97), a PAN, a count, Z, and a check character modulo 36 (GSTN, "GSTIN format").
fn in_gstin(text: &[u8]) -> Option<bool> {
    let mut sum = 0;
    for (place, byte) in text.iter().take(14).enumerate() {
        let product = alnum(*byte)? * (place as u32 % 2 + 1);
        sum += product / 36 + product % 36;
    }
    Some(in_state(text)? && (sum + alnum(*text.get(14)?)?) % 36 == 0)
}

/// A GSTIN holds a PAN, which is as personal where the last character is mistyped.
fn in_state(text: &[u8]) -> Option<bool> {
    Some(matches!(part(text, 0, 2)?, 1..=38 | 97))
}

/// The fourth letter is the kind of holder (Income Tax Department, "Structure of PAN"). The check letter's
/// rule is not public.
fn in_pan(text: &[u8]) -> Option<bool> {
    is_one_of(text, 3, b"ABCFGHJLPT")
}

/// No 0 in the second and the last place (Passport Seva).
fn in_passport(text: &[u8]) -> Option<bool> {
    Some(!is_one_of(text, 1, b"0")? && !is_one_of(text, 7, b"0")?)
}

/// Weights 2 7 6 5 4 3 2, 4 more for T and G and 3 more for M, and a letter by the remainder modulo 11
/// (Wikipedia, "National Registration Identity Card").
fn sg_nric(text: &[u8]) -> Option<bool> {
    let sum = weighted(text.get(1..8)?, &[2, 7, 6, 5, 4, 3, 2])?;
    let (letters, more): (&[u8; 11], u32) = match text.first()? {
        b'S' => (b"JZIHGFEDCBA", 0),
        b'T' => (b"JZIHGFEDCBA", 4),
        b'F' => (b"XWUTRQPNMLK", 0),
        b'G' => (b"XWUTRQPNMLK", 4),
        b'M' => (b"XWUTRQPNJLK", 3),
        _ => return None,
    };
    Some(letters.get(((sum + more) % 11) as usize) == text.get(8))
}

/// Businesses (8 digits), companies (year and 5 digits), others (T16LP0001A): weights and a letter by the
/// remainder modulo 11 (ACRA, "Unique Entity Number").
fn sg_uen(text: &[u8]) -> Option<bool> {
    let (last, rest) = text.split_last()?;
    let (letters, sum): (&[u8; 11], u32) = if text.first()?.is_ascii_uppercase() {
        (b"ABCDEFGHJKL", sg_other(rest)?)
    } else if rest.len() == 8 {
        (b"XMKECAWLJDB", weighted(rest, &[10, 4, 9, 3, 8, 2, 7, 1])?)
    } else {
        let year = matches!(part(rest, 0, 4)?, 1800..=2099);
        (
            b"ZKCMDNERGWH",
            year.then_some(weighted(rest, &[10, 8, 6, 4, 9, 7, 5, 3, 1])?)?,
        )
    };
    Some(letters.get((sum % 11) as usize) == Some(last))
}

/// Letters count by their place in an alphabet without I, O, Y and Z, digits after them, and 5 is taken off,
/// which is 6 more modulo 11.
fn sg_other(text: &[u8]) -> Option<u32> {
    const ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWX0123456789";
    let mut sum = 6;
    for (byte, weight) in text.iter().zip([4, 3, 5, 3, 10, 2, 2, 5, 7]) {
        sum += ALPHABET.iter().position(|other| other == byte)? as u32 * weight;
    }
    is_one_of(text, 0, b"TSR")?.then_some(sum)
}

/// Weights 9 to 2 modulo 11, never 10; a branch may follow (Bureau of Internal Revenue).
fn ph_tin(text: &[u8]) -> Option<bool> {
    let sum = weighted(text.get(..8)?, &[9, 8, 7, 6, 5, 4, 3, 2])? % 11;
    Some(sum == part(text, 8, 1)? && !is_uniform(text) && part(text, 0, 9)? > 0)
}
