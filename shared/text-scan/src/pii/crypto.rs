//! Addresses of crypto currencies: Base58Check (Bitcoin, Litecoin, Dogecoin, Tron), Bech32 and Bech32m (BIP 173, BIP 350),
//! Ethereum by its form.

use sha2::{Digest, Sha256};

use super::candidate::{Candidate, Group};
use super::rules::Core;
use crate::find::Find;

/// The Base58 alphabet: no 0, O, I, l.
const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// The Bech32 alphabet, by value.
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// First letters of Base58Check addresses and their version bytes: BTC 1 and 3, LTC L and M, DOGE D, TRON T.
const VERSIONS: &[(u8, u8)] = &[
    (b'1', 0x00),
    (b'3', 0x05),
    (b'L', 0x30),
    (b'M', 0x32),
    (b'D', 0x1e),
    (b'T', 0x41),
];
/// What Bech32 addresses begin with: BTC, BTC test network, LTC.
const HUMAN_PARTS: [&[u8]; 3] = [b"bc", b"tb", b"ltc"];
/// Constants that the checksums of Bech32 and Bech32m end in.
const CHECKSUMS: [u32; 2] = [1, 0x2bc8_30a3];

/// Adds the addresses of a candidate, each in one group.
pub(crate) fn find(candidate: &Candidate<'_>, finds: &mut Vec<Find>) {
    for group in candidate.groups.iter().filter(|group| group.len() >= 26) {
        if let Some(rule) = rule(candidate, group) {
            finds.push(rule.at(group.start, group.end));
        }
    }
}

fn rule(candidate: &Candidate<'_>, group: &Group) -> Option<Core> {
    let word = candidate.text.get(group.start..group.end)?;
    match word {
        [b'0', b'x' | b'X', hex @ ..] if hex.len() == 40 => hex
            .iter()
            .all(u8::is_ascii_hexdigit)
            .then_some(Core::CryptoEthereum),
        _ if word.len() <= 35 && is_base58(word) => Some(Core::CryptoBase58),
        _ => is_bech32(word).then_some(Core::CryptoBech32),
    }
}

/// A version byte, twenty bytes and the first four of the double SHA-256 of both.
fn is_base58(word: &[u8]) -> bool {
    let version = word
        .first()
        .and_then(|first| VERSIONS.iter().find(|(letter, _)| letter == first));
    let (Some((_, version)), Some(bytes)) = (version, decode58(word)) else {
        return false;
    };
    let (body, check) = bytes.split_at(21);
    let hash = Sha256::digest(Sha256::digest(body));
    bytes.first() == Some(version) && hash.starts_with(check)
}

/// Twenty-five bytes of a Base58 number.
fn decode58(word: &[u8]) -> Option<[u8; 25]> {
    let mut bytes = [0u8; 25];
    for letter in word {
        let mut carry = BASE58.iter().position(|b| b == letter)? as u32;
        for byte in bytes.iter_mut().rev() {
            carry += u32::from(*byte) * 58;
            *byte = carry as u8;
            carry >>= 8;
        }
        if carry > 0 {
            return None;
        }
    }
    Some(bytes)
}

/// A human-readable part, '1', data with a checksum of six characters; all of one case.
fn is_bech32(word: &[u8]) -> bool {
    let Some(human) = HUMAN_PARTS.iter().find(|part| is_prefix(word, part)) else {
        return false;
    };
    let mixed = word.iter().any(u8::is_ascii_lowercase) && word.iter().any(u8::is_ascii_uppercase);
    let data = word.get(human.len() + 1..).unwrap_or_default();
    let high = human.iter().map(|b| u32::from(b >> 5));
    let low = human.iter().map(|b| u32::from(b & 31));
    let values = data.iter().map(|letter| {
        let letter = letter.to_ascii_lowercase();
        BECH32
            .iter()
            .position(|b| *b == letter)
            .map_or(u32::MAX, |value| value as u32)
    });
    let known = values.clone().all(|value| value < 32);
    known
        && !mixed
        && data.len() >= 14
        && CHECKSUMS.contains(&polymod(high.chain([0]).chain(low).chain(values)))
}

fn is_prefix(word: &[u8], human: &[u8]) -> bool {
    let head = word.get(..human.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(human)) && word.get(human.len()) == Some(&b'1')
}

/// The BCH code of BIP 173.
fn polymod(values: impl Iterator<Item = u32>) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.fold(1, |sum, value| {
        let top = sum >> 25;
        let sum = (sum & 0x01ff_ffff) << 5 ^ value;
        let terms = GENERATOR
            .iter()
            .enumerate()
            .filter(|(bit, _)| top >> bit & 1 == 1);
        terms.fold(sum, |sum, (_, term)| sum ^ term)
    })
}

#[cfg(test)]
mod tests {
    use crate::test::{finds, has};

    /// The first block's reward, and the examples of BIP 173 and BIP 350.
    const ADDRESSES: [&str; 4] = [
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
        "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        "0x52908400098527886E0F7030069857D2E4169EE7",
    ];

    #[test]
    fn addresses_are_found() {
        for address in ADDRESSES {
            assert_eq!(finds("CRYPTO", &format!("钱包{address}。")), [address]);
        }
    }

    #[test]
    fn a_wrong_character_is_never_found() {
        for address in &ADDRESSES[..3] {
            for place in 4..address.len() {
                let mut wrong = address.to_string();
                let other = if wrong.as_bytes()[place].eq_ignore_ascii_case(&b'4') {
                    "5"
                } else {
                    "4"
                };
                wrong.replace_range(place..=place, other);
                assert!(!has("CRYPTO", &wrong), "{wrong}");
            }
        }
    }
}
