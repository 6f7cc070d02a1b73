//! Texts as codes of their bytes or characters.

use super::Chance;

pub(super) fn base64(text: &str, chance: &mut Chance) -> String {
    const PLAIN: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let is_plain = chance.in_hundred(70);
    let alphabet = if is_plain { PLAIN } else { URL };
    let mut out = String::new();
    for group in text.as_bytes().chunks(3) {
        let bits = group.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        let digits = [18, 12, 6, 0].map(|shift| {
            alphabet
                .get((bits >> shift) as usize & 63)
                .copied()
                .unwrap_or(b'=')
        });
        out.extend(digits.iter().take(group.len() + 1).copied().map(char::from));
        if is_plain {
            out.extend("==".chars().take(3 - group.len()));
        }
    }
    out
}

pub(super) fn hex(text: &str, chance: &mut Chance) -> String {
    let (before, between) = chance.pick(&[("", ""), ("", ""), ("", " "), ("0x", " "), ("\\x", "")]);
    let bytes: Vec<String> = text.bytes().map(|byte| format!("{before}{byte:02x}")).collect();
    bytes.join(between)
}

pub(super) fn url(text: &str, chance: &mut Chance) -> String {
    let is_whole = chance.in_hundred(50);
    let code = |byte: u8| {
        if !is_whole && (byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)) {
            char::from(byte).into()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(code).collect()
}

pub(super) fn entities(text: &str, chance: &mut Chance) -> String {
    let is_decimal = chance.in_hundred(50);
    let code = |c: char| {
        let code = u32::from(c);
        if is_decimal {
            format!("&#{code};")
        } else {
            format!("&#x{code:x};")
        }
    };
    text.chars().map(code).collect()
}
