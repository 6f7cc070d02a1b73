//! Check digits: sums over compact identifiers, digits and upper-case letters in ASCII, no separators.
//!
//! Every function answers for any bytes. Where a byte stands that the scheme has no value for, the answer is "not valid".

/// Letters of the Spanish NIF and NIE, by the number modulo 23 (Real Decreto 338/1990).
const NIF: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// Multiplication in the dihedral group of order 10: `row * 10 + column`.
const DIHEDRAL: &[u8; 100] =
    b"0123456789123406789523401789563401289567401239567859876043216598710432765982104387659321049876543210";

/// How the Verhoeff scheme permutes a digit, by position modulo 8.
const PERMUTED: &[u8; 80] =
    b"01234567891576283094580379614289160435279453126870428657390127938064157046913258";

/// The value of a decimal digit.
pub(crate) fn digit(byte: u8) -> Option<u32> {
    byte.is_ascii_digit().then(|| u32::from(byte - b'0'))
}

/// The value of a digit, or of a letter from A = 10 to Z = 35 (ISO 7064, ISO 13616, ICAO 9303).
pub(crate) fn alnum(byte: u8) -> Option<u32> {
    match byte {
        b'A'..=b'Z' => Some(u32::from(byte - b'A') + 10),
        _ => digit(byte),
    }
}

/// The number that digits say.
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0u64, |sum, byte| {
        sum.checked_mul(10)?.checked_add(u64::from(digit(*byte)?))
    })
}

/// The sum of digits (or letters from A = 10) times weights. As many of each as the shorter has.
pub(crate) fn weighted(text: &[u8], weights: &[u8]) -> Option<u32> {
    let pairs = text.iter().zip(weights);
    pairs
        .map(|(byte, weight)| Some(alnum(*byte)? * u32::from(*weight)))
        .sum()
}

/// The Luhn scheme (ISO/IEC 7812-1 annex B): cards, SIN, NPI, SIREN.
pub(crate) fn luhn(digits: &[u8]) -> bool {
    luhn_sum(digits).is_some_and(|sum| sum % 10 == 0)
}

/// The Luhn sum, the last digit counted once, the one before it doubled, and so on.
pub(crate) fn luhn_sum(digits: &[u8]) -> Option<u32> {
    let places = digits.iter().rev().enumerate();
    places
        .map(|(place, byte)| {
            let digit = digit(*byte)?;
            Some(if place % 2 == 0 {
                digit
            } else {
                digit * 2 / 10 + digit * 2 % 10
            })
        })
        .sum()
}

/// The remainder by 97 of a text in which a letter stands for its two digits (ISO 7064 MOD 97-10). An IBAN, its first four
/// characters moved to the end, has 1 (ISO 13616).
pub(crate) fn mod97(text: impl IntoIterator<Item = u8>) -> Option<u32> {
    text.into_iter().try_fold(0, |rest, byte| {
        let value = alnum(byte)?;
        let shifted = if value < 10 { rest * 10 } else { rest * 100 };
        Some((shifted + value) % 97)
    })
}

/// ISO 7064 MOD 11-2, X for ten at the end: the Chinese resident identity number (GB 11643).
pub(crate) fn iso7064_11_2(text: &[u8]) -> bool {
    let Some((last, digits)) = text.split_last() else {
        return false;
    };
    let rest = digits
        .iter()
        .try_fold(0, |rest, byte| Some((rest + digit(*byte)?) * 2 % 11));
    let last = if *last == b'X' { Some(10) } else { digit(*last) };
    rest.zip(last).is_some_and(|(rest, last)| (rest + last) % 11 == 1)
}

/// ISO 7064 MOD 11,10: German tax and VAT numbers.
pub(crate) fn iso7064_11_10(digits: &[u8]) -> bool {
    let Some((last, digits)) = digits.split_last() else {
        return false;
    };
    let product = digits.iter().try_fold(10, |product, byte| {
        let sum = (digit(*byte)? + product) % 10;
        Some(if sum == 0 { 9 } else { sum * 2 % 11 })
    });
    product
        .zip(digit(*last))
        .is_some_and(|(product, last)| (product + last) % 10 == 1)
}

/// The scheme of J. Verhoeff (1969), check digit last: Aadhaar.
pub(crate) fn verhoeff(digits: &[u8]) -> bool {
    let places = digits.iter().rev().enumerate();
    let mut sum = Some(0);
    for (place, byte) in places {
        let permuted = digit(*byte).and_then(|digit| at(PERMUTED, place % 8 * 10 + digit as usize));
        sum = sum
            .zip(permuted)
            .and_then(|(sum, permuted)| at(DIHEDRAL, sum * 10 + permuted));
    }
    sum == Some(0)
}

fn at(table: &[u8], place: usize) -> Option<usize> {
    table.get(place).map(|byte| usize::from(byte - b'0'))
}

/// Weights 7, 3, 1 over all but the last, which is the sum modulo 10 (ICAO 9303-3): travel documents.
pub(crate) fn icao(text: &[u8]) -> bool {
    const WEIGHTS: [u8; 12] = [7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1];
    text.split_last().is_some_and(|(last, text)| {
        let sum = weighted(text, &WEIGHTS);
        sum.is_some() && sum.map(|sum| sum % 10) == digit(*last)
    })
}

/// The Japanese Individual Number: twelve digits, the last by weights 6 5 4 3 2 7 6 5 4 3 2 modulo 11 (Order of the Ministry
/// of Internal Affairs 85 of 2014, article 5).
pub(crate) fn my_number(digits: &[u8]) -> bool {
    let (Some((last, digits)), 12) = (digits.split_last(), digits.len()) else {
        return false;
    };
    let expected = weighted(digits, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]).map(|sum| match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    });
    expected.is_some() && expected == digit(*last)
}

/// The Spanish NIF of a person: up to eight digits and their letter.
pub(crate) fn es_nif(text: &[u8]) -> bool {
    let Some((letter, digits)) = text.split_last() else {
        return false;
    };
    let letters = number(digits).and_then(|number| NIF.get((number % 23) as usize));
    matches!(digits.len(), 1..=8) && letters == Some(letter)
}

/// The Spanish NIE: X, Y or Z for 0, 1 or 2, seven digits and the letter of a NIF.
pub(crate) fn es_nie(text: &[u8]) -> bool {
    let Some((first @ (b'X' | b'Y' | b'Z'), rest)) = text.split_first() else {
        return false;
    };
    let mut nif = [0; 9];
    let Some((lead, tail)) = nif.split_first_mut() else {
        return false;
    };
    *lead = first - b'X' + b'0';
    rest.len() == 8 && {
        tail.copy_from_slice(rest);
        es_nif(&nif)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every other last character of a valid text must be refused.
    fn only_this_end(check: fn(&[u8]) -> bool, alphabet: &[u8], valid: &str) {
        let valid = valid.as_bytes();
        assert!(check(valid), "{}", valid.escape_ascii());
        for end in alphabet.iter().filter(|end| Some(*end) != valid.last()) {
            let mut other = valid.to_vec();
            *other.last_mut().unwrap() = *end;
            assert!(!check(&other), "{}", other.escape_ascii());
        }
    }

    const DIGITS: &[u8] = b"0123456789";
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    #[test]
    fn one_last_character_is_right() {
        for valid in ["79927398713", "4111111111111111", "18"] {
            only_this_end(luhn, DIGITS, valid);
        }
        for valid in ["11010519491231002X", "079X", "310101199001010012"] {
            only_this_end(iso7064_11_2, b"0123456789X", valid);
        }
        for valid in ["794623", "02765", "136695976"] {
            only_this_end(iso7064_11_10, DIGITS, valid);
        }
        for valid in ["2363", "758722", "1428570"] {
            only_this_end(verhoeff, DIGITS, valid);
        }
        for valid in ["C01X00T478", "5207273"] {
            only_this_end(icao, DIGITS, valid);
        }
        for valid in ["123456789018", "100000000005"] {
            only_this_end(my_number, DIGITS, valid);
        }
        for valid in ["12345678Z", "00000000T", "1R"] {
            only_this_end(es_nif, LETTERS, valid);
        }
        for valid in ["X1234567L", "Y0000000Z", "Z1234567R"] {
            only_this_end(es_nie, LETTERS, valid);
        }
    }

    #[test]
    fn verhoeff_sees_every_swap_of_neighbours() {
        let valid = b"2341234123461";
        let valid: Vec<u8> = DIGITS
            .iter()
            .map(|last| [&valid[..12], &[*last]].concat())
            .find(|text| verhoeff(text))
            .unwrap();
        for place in (0..12).filter(|place| valid[*place] != valid[place + 1]) {
            let mut swapped = valid.clone();
            swapped.swap(place, place + 1);
            assert!(!verhoeff(&swapped), "{}", swapped.escape_ascii());
        }
    }

    #[test]
    fn an_iban_leaves_one() {
        let moved = |iban: &[u8]| mod97(iban[4..].iter().chain(&iban[..4]).copied());
        assert_eq!(moved(b"GB82WEST12345698765432"), Some(1));
        assert_eq!(moved(b"GB83WEST12345698765432"), Some(2));
        assert_eq!(mod97(*b"GB82-"), None);
    }

    #[test]
    fn what_has_no_value_is_not_valid() {
        for check in [
            luhn,
            iso7064_11_2,
            iso7064_11_10,
            verhoeff,
            icao,
            my_number,
            es_nif,
            es_nie,
        ] {
            for text in [&b"A-!"[..], b"12a4", b"\xff", b"123456789_12"] {
                assert!(!check(text), "{}", text.escape_ascii());
            }
        }
        for check in [iso7064_11_2, iso7064_11_10, icao, my_number, es_nif, es_nie] {
            assert!(!check(b""));
        }
    }
}
