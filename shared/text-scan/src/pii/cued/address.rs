//! The grammar of addresses.

use super::characters;
use crate::find::Find;
use crate::pii::rules::Core;

/// Characters of the longest address.
const MAX_LEN: usize = 100;
/// Words that begin an address in Spanish.
const STREETS: &[&str] = &[
    "calle",
    "c/",
    "avenida",
    "av.",
    "avda",
    "plaza",
    "paseo",
    "ronda",
    "alameda",
    "camino",
    "carretera",
    "vía",
    "via",
    "travesía",
    "glorieta",
    "rambla",
    "urbanización",
    "cuesta",
    "pasaje",
    "callejón",
    "cañada",
    "acceso",
    "pasadizo",
    "vial",
    "torrente",
    "jirón",
];
/// What ends an address in Latin letters.
const ENDS: &[&str] = &[
    ", a la", ", att", ", for", ", and", " and ", ", y ", ". ", "\n", "\"", ";", "?", "!", "<", " for ",
    " so ",
];

/// "12 Elm Street, Springfield, IL 62701" or "Calle Mayor 5, Madrid".
pub(super) fn latin(text: &str, start: usize) -> Option<Find> {
    let rest = text.get(start..)?;
    let english = rest.bytes().take_while(u8::is_ascii_digit).count();
    let spanish = STREETS.iter().any(|street| {
        let head = rest.get(..street.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(street))
    });
    if !(spanish || (1..=6).contains(&english)) {
        return None;
    }
    let end = rest
        .char_indices()
        .take(MAX_LEN)
        .find(|(at, _)| ends_at(rest, *at))
        .map(|(at, _)| at)?;
    let address = rest.get(..end)?.trim_end_matches([',', '.', ' ']);
    let capitals = address
        .split(' ')
        .filter(|word| word.starts_with(|c: char| c.is_ascii_uppercase()))
        .count();
    let number = address.bytes().skip(english).any(|b| b.is_ascii_digit());
    let parts = address.contains(", ");
    (capitals >= 2 && number && parts).then(|| Core::Address.at(start, start + address.len()))
}

/// Whether an address ends here. The full stop of "Apt." and "St." goes on.
fn ends_at(rest: &str, at: usize) -> bool {
    let Some((before, after)) = rest.split_at_checked(at) else {
        return false;
    };
    let short = ["Apt", "St", "Ave", "Av", "Ste", "No", "Dr", "Blvd", "Rd"]
        .iter()
        .any(|short| before.ends_with(short));
    let stop = after == "." || after.starts_with(". ");
    (stop && !short) || after.len() <= 1 || ENDS.iter().any(|end| *end != ". " && after.starts_with(end))
}

/// A province, city or district, then a road or a number; up to a mark, with the postcode behind a blank.
pub(super) fn chinese(text: &str, start: usize) -> Option<Find> {
    let end = characters(text, start)
        .take(MAX_LEN)
        .find(|(_, c)| is_mark(*c))
        .map_or(text.len(), |(at, _)| at);
    let address = text
        .get(start..end)
        .filter(|address| address.chars().count() <= MAX_LEN)?
        .trim_end();
    let place = address.contains(['省', '市', '区', '县', '州']);
    let street = address.contains(['路', '街', '巷', '村', '号', '栋', '座', '室', '弄', '幢', '楼']);
    (place && street && address.chars().count() >= 6).then(|| Core::Address.at(start, start + address.len()))
}

fn is_mark(c: char) -> bool {
    matches!(
        c,
        '，' | '。' | '；' | '、' | ',' | ';' | '\n' | '"' | '！' | '？' | '(' | ')' | '!' | '?' | '」'
    )
}

/// From the prefecture to the last number, within one clause.
pub(super) fn japanese(text: &str, start: usize) -> Option<Find> {
    let end = characters(text, start)
        .take(MAX_LEN)
        .find(|(_, c)| is_mark(*c))
        .map_or(text.len(), |(at, _)| at);
    let clause = text
        .get(start..end)
        .filter(|clause| clause.chars().count() <= MAX_LEN)?;
    let last = clause.rfind(|c: char| c.is_ascii_digit() || matches!(c, '号' | '室' | '階'))?;
    let length = last + clause.get(last..)?.chars().next()?.len_utf8();
    let address = clause.get(..length)?;
    let town = address.contains(['市', '区', '町', '村', '郡']);
    let block = ["丁目", "番地", "番", "号"]
        .iter()
        .any(|word| address.contains(word))
        || has_blocks(address);
    (town && block).then(|| Core::Address.at(start, start + length))
}

/// "1-2-3".
fn has_blocks(address: &str) -> bool {
    let digits = address.as_bytes().windows(3);
    digits
        .into_iter()
        .any(|three| matches!(three, [a, b'-', b] if a.is_ascii_digit() && b.is_ascii_digit()))
}
