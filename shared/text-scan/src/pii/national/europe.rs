//! Turkey, Poland, France, Italy, Spain.

use super::parts::{divides, is_day, is_one_of, is_uniform, part};
use super::row::{Row, any, checked, formed, named};
use super::shape::{sure, told, word};
use crate::checksum::{luhn, mod97, weighted};

/// What the identity cards of Italy are called.
const IT_CARD: &[&str] = &[
    "carta d'identit*",
    "carta identit*",
    "carta di identit*",
    "documento",
    "cie",
];

#[rustfmt::skip] // A row reads as a row.
pub(super) const ROWS: &[Row] = &[
    checked("TR_NATIONAL_ID", "tr_tckn", &[told("99999999999")],
        tr_tckn, &["kimlik", "tckn", "kişi", "vatanda*", "tc no", "turkish id*", "national id*",
        "id number"]),
    formed("TR_LICENSE_PLATE", "tr_plate", &[told("99-A-999"), told("99-AA-99"), told("99-AA-999"),
        told("99-AAA-99"), told("99-AAA-999"), told("99AAA999"), told("99-A-9999"), told("99-AAA-9999"),
        told("99AAA9999")],
        tr_plate, &["plaka*", "license plate", "number plate", "plate"]).off(),
    checked("PL_PESEL", "pl_pesel", &[told("99999999999")], pl_pesel, &["pesel", "national id*"]),
    checked("PL_NIP", "pl_nip", &[word("9999999999"), told("999=999=99=99"), told("999=99=99=999"),
        sure("pl9999999999")],
        pl_nip, &["nip", "numer identyfikacji podatkowej"]),
    checked("FR_NIR", "fr_nir", &[told("999999999999999"), told("999992A99999999"),
        sure("9-99-99-99-999-999-99"), sure("9-99-99-2A-999-999-99")],
        fr_nir, &["nir", "insee", "sécurité sociale", "securite sociale", "sécu", "numéro de sécu*",
        "carte vitale", "social security"]),
    checked("FR_SIRET", "fr_siret", &[told("99999999999999"), sure("999-999-999-99999")],
        fr_siret, &["siret"]),
    checked("FR_SIREN", "fr_siren", &[word("999999999"), word("999-999-999")],
        |text| Some(luhn(text) && !is_uniform(text)), &["siren", "rcs"]),
    checked("IT_FISCAL_CODE", "it_fiscal_code", &[sure("AAAAAAXXAXXAXXXA")],
        it_fiscal_code, &["codice fiscale", "cf"]),
    checked("IT_VAT_CODE", "it_vat", &[told("99999999999"), sure("it99999999999"),
        sure("it_99999999999")],
        it_vat, &["partita iva", "p. iva", "p.iva", "piva", "p iva", "vat"]),
    formed("IT_IDENTITY_CARD", "it_cie", &[told("AA99999AA"), told("9999999AA")], any, IT_CARD),
    named("IT_IDENTITY_CARD", "it_paper_card", &[word("AA9999999"), word("AA_9999999")], any, IT_CARD),
    formed("IT_DRIVER_LICENSE", "it_licence", &[told("AA9999999A"), told("u1XXXXXXXA")],
        it_licence, &["patente", "licenza di guida"]),
    named("IT_PASSPORT", "it_passport", &[word("AA9999999")], any, &["passaport*"]),
    checked("ES_CIF", "es_cif", &[word("A9999999X"), told("A=9999999X"), told("A=9999999=X")],
        es_cif, &["cif", "nif", "identificación fiscal", "identificacion fiscal"]),
    named("ES_PASSPORT", "es_passport", &[told("AAA999999")], any, &["pasaporte", "passport"]),
];

/// Two check digits: 7 times the odd places less the even ones modulo 10, then the sum of the ten modulo 10
/// (law 5490; Wikipedia, "Türkiye Cumhuriyeti Kimlik Numarası").
fn tr_tckn(text: &[u8]) -> Option<bool> {
    let tenth = weighted(text.get(..9)?, &[7, 9, 7, 9, 7, 9, 7, 9, 7])? % 10;
    let eleventh = weighted(text.get(..10)?, &[1; 10])? % 10;
    Some(text.first()? != &b'0' && part(text, 9, 2)? == tenth * 10 + eleventh)
}

/// A province from 01 to 81; no Q, W, X.
fn tr_plate(text: &[u8]) -> Option<bool> {
    let letters = text.iter().filter(|byte| byte.is_ascii_alphabetic());
    Some(matches!(part(text, 0, 2)?, 1..=81) && !letters.into_iter().any(|byte| b"QWX".contains(byte)))
}

/// A date with the century in the month (80 for the 1800s, 20 for the 2000s ...), and weights 1 3 7 9 modulo
/// 10 (ustawa o ewidencji ludności, art. 15-16; Wikipedia, "PESEL").
fn pl_pesel(text: &[u8]) -> Option<bool> {
    let birth = is_day(part(text, 4, 2)?, part(text, 2, 2)? % 20);
    Some(birth && divides(text, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1], 10)?)
}

/// Weights 6 5 7 2 3 4 5 6 7 modulo 11, never 10 (Wikipedia, "Numer identyfikacji podatkowej").
fn pl_nip(text: &[u8]) -> Option<bool> {
    let digits = text.strip_prefix(b"PL").unwrap_or(text);
    let sum = weighted(digits.get(..9)?, &[6, 5, 7, 2, 3, 4, 5, 6, 7])? % 11;
    Some(sum == part(digits, 9, 1)? && !is_uniform(digits))
}

/// Sex, year, month, department (2A and 2B count as 19 and 18), and the key: 97 less the number modulo 97
/// (INSEE, "Numéro d'inscription au répertoire").
fn fr_nir(text: &[u8]) -> Option<bool> {
    let mut digits = [0; 15];
    digits.copy_from_slice(text.get(..15)?);
    match text.get(5..7)? {
        b"2A" => digits.get_mut(5..7)?.copy_from_slice(b"19"),
        b"2B" => digits.get_mut(5..7)?.copy_from_slice(b"18"),
        _ => {}
    }
    let month = matches!(part(&digits, 3, 2)?, 1..=12 | 20 | 30..=42 | 50..=99);
    let (department, key) = (part(&digits, 5, 2)?, part(&digits, 13, 2)?);
    let number = mod97(digits.iter().take(13).copied())?;
    Some(
        is_one_of(text, 0, b"123478")?
            && month
            && department > 0
            && (1..=97).contains(&key)
            && (number + key) % 97 == 0,
    )
}

/// A SIREN and the number of one of its places, both Luhn (INSEE, "SIRET").
fn fr_siret(text: &[u8]) -> Option<bool> {
    Some(luhn(text) && luhn(text.get(..9)?) && !is_uniform(text))
}

/// What a letter or digit of a codice fiscale counts for at an odd place, A as 0.
const ODD: [u8; 26] = [
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
];

/// Letters for the month, the day (40 more for women), a check letter modulo 26; where two people would have
/// the same one, digits become letters out of LMNPQRSTUV (DM 23 December 1976; Wikipedia, "Codice fiscale").
fn it_fiscal_code(text: &[u8]) -> Option<bool> {
    let digit = |at: usize| {
        let byte = *text.get(at)?;
        let letter = b"LMNPQRSTUV".iter().position(|letter| *letter == byte);
        letter.map(|digit| digit as u32).or_else(|| part(text, at, 1))
    };
    let month = b"ABCDEHLMPRST"
        .iter()
        .position(|month| Some(month) == text.get(8))?;
    let day = (digit(9)? * 10 + digit(10)?) % 40;
    [6, 7, 12, 13, 14]
        .into_iter()
        .try_for_each(|at| digit(at).map(|_| ()))?;
    let mut sum = 0;
    for (place, byte) in text.iter().take(15).enumerate() {
        let value = usize::from(if byte.is_ascii_digit() {
            byte - b'0'
        } else {
            byte - b'A'
        });
        sum += if place % 2 == 0 {
            usize::from(*ODD.get(value)?)
        } else {
            value
        };
    }
    Some(is_day(day, month as u32 + 1) && usize::from(*text.get(15)? - b'A') == sum % 26)
}

/// Luhn, and the office that gave the number: a province from 001 to 100, 120, 121, 888 or 999 (DPR 633/1972
/// art. 35; Wikipedia, "Partita IVA").
fn it_vat(text: &[u8]) -> Option<bool> {
    let digits = text.strip_prefix(b"IT").unwrap_or(text);
    let office = matches!(part(digits, 7, 3)?, 1..=100 | 120 | 121 | 888 | 999);
    Some(office && luhn(digits) && part(digits, 0, 7)? > 0)
}

/// Two letters of the province before a number; those that the central office gives begin with U1 and have
/// no A, O, Q or I (DM 16 October 2009).
fn it_licence(text: &[u8]) -> Option<bool> {
    let mut middle = text.get(2..9)?.iter();
    Some(!text.starts_with(b"U1") || !middle.any(|byte| b"AOQI".contains(byte)))
}

/// The kind of company, seven digits, and a control that is a Luhn digit or its letter out of JABCDEFGHI
/// (Orden EHA/451/2008; Wikipedia, "Código de identificación fiscal").
fn es_cif(text: &[u8]) -> Option<bool> {
    let (kind, control) = (*text.first()?, *text.get(8)?);
    let digit = match b"JABCDEFGHI".iter().position(|letter| *letter == control) {
        Some(digit) if !b"ABEH".contains(&kind) => b'0' + digit as u8,
        Some(_) => return None,
        None if b"KPQRSNW".contains(&kind) => return None,
        None => control,
    };
    let mut digits = [digit; 8];
    digits.get_mut(..7)?.copy_from_slice(text.get(1..8)?);
    Some(b"ABCDEFGHJNPQRSUVW".contains(&kind) && luhn(&digits))
}
