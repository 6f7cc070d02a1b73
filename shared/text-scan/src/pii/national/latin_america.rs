//! Brazil, Mexico.

use super::parts::{is_date, is_one_of, is_sum_mod_11, is_uniform, part};
use super::row::{Row, checked};
use super::shape::{sure, told};
use crate::checksum::alnum;

#[rustfmt::skip] // A row reads as a row.
pub(super) const ROWS: &[Row] = &[
    checked("BR_CPF", "br_cpf", &[sure("999.999.999=99"), told("99999999999")],
        br_cpf, &["cpf", "contribuinte", "taxpayer"]),
    checked("BR_CNPJ", "br_cnpj", &[sure("99.999.999/9999=99"), told("99999999999999"),
        sure("9X.XXX.XXX/XXXX=99"), sure("AX.XXX.XXX/XXXX=99")],
        br_cnpj, &["cnpj"]),
    checked("MX_CURP", "mx_curp", &[sure("AAAA999999AAAAAAX9")], mx_curp, &["curp"]),
    checked("MX_RFC", "mx_rfc", &[sure("AAAA999999XXX"), sure("AAA999999XXX")],
        mx_rfc, &["rfc", "contribuyentes"]),
];

/// Two check digits modulo 11 (Receita Federal, Instrução Normativa 1.548/2015; Wikipedia, "Cadastro de
/// Pessoas Físicas").
fn br_cpf(text: &[u8]) -> Option<bool> {
    let first = is_sum_mod_11(text, &[1, 2, 3, 4, 5, 6, 7, 8, 9], 9)?;
    Some(first && !is_uniform(text) && is_sum_mod_11(text, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 10)?)
}

/// Two check digits modulo 11; since 2026 letters may stand in the first twelve places, each counting as its
/// ASCII code less 48 (Receita Federal, Instrução Normativa 2.229/2024).
fn br_cnpj(text: &[u8]) -> Option<bool> {
    let sum = |weights: &[u8]| {
        let pairs = text.iter().zip(weights);
        pairs
            .map(|(byte, weight)| u32::from(byte - b'0') * u32::from(*weight))
            .sum::<u32>()
            % 11
            % 10
    };
    let (first, second) = (
        &[6, 7, 8, 9, 2, 3, 4, 5, 6, 7, 8, 9],
        &[5, 6, 7, 8, 9, 2, 3, 4, 5, 6, 7, 8, 9],
    );
    Some(part(text, 12, 2)? == sum(first) * 10 + sum(second) && !is_uniform(text))
}

/// Federal entities of a CURP; NE is born abroad.
const MX_STATES: &[u8] = b"ASBCBSCCCLCMCSCHDFDGGTGRHGJCMCMNMSNTNLOCPLQTQRSPSLSRTCTSTLVZYNZSNE";

/// A date, H, M or X, an entity, three consonants, and a check digit over an alphabet that has an N with a
/// tilde (RENAPO, "Instructivo normativo para la asignación de la CURP").
fn mx_curp(text: &[u8]) -> Option<bool> {
    let entity = MX_STATES.chunks(2).any(|entity| text.get(11..13) == Some(entity));
    let vowel = text.get(13..16)?.iter().any(|byte| b"AEIOU".contains(byte));
    let values = text
        .iter()
        .take(17)
        .map(|byte| Some(alnum(*byte)? + u32::from(*byte > b'N')));
    let mut sum = 0;
    for (value, weight) in values.zip((2..=18).rev()) {
        sum += value? * weight;
    }
    let grammar = is_date(text, 4)? && is_one_of(text, 10, b"HMX")? && entity && !vowel;
    Some(grammar && part(text, 17, 1)? == (10 - sum % 10) % 10)
}

/// A date and a check character modulo 11; a company's, one letter shorter, counts as if a blank stood
/// before it (SAT, "Anexo III: dígito verificador del RFC").
fn mx_rfc(text: &[u8]) -> Option<bool> {
    const BLANK: u32 = 37;
    let letters = text.len().checked_sub(9)?;
    let (last, rest) = text.split_last()?;
    let mut sum = if letters == 3 { BLANK * 13 } else { 0 };
    for (byte, weight) in rest.iter().rev().zip(2..) {
        sum += (alnum(*byte)? + u32::from(*byte > b'N')) * weight;
    }
    let control = b"0123456789A".iter().position(|control| control == last)? as u32;
    Some(is_date(text, letters)? && (sum + control).is_multiple_of(11))
}
