//! IBAN: country, length, MOD 97-10 (ISO 13616; the SWIFT registry of IBAN formats, release 98).

use super::candidate::Candidate;
use super::rules::Core;
use crate::checksum::mod97;
use crate::find::Find;

/// Countries and how long their IBAN is.
const LENGTHS: &[u8] = b"AD24AE23AL28AO25AT20AZ28BA20BE16BF28BG22BH22BI27BJ28BR29BY28CF27CG27CH21CI28CM27CR22CV25CY28CZ24\
DE22DJ27DK18DO28DZ26EE20EG29ES24FI18FK18FO18FR27GA27GB22GE22GI23GL18GQ27GR27GT28GW25HN28HR21HU28IE22IL23IQ23IR26IS26IT27\
JO30KM27KW30KZ20LB28LC32LI21LT20LU20LV21LY25MA28MC27MD24ME22MG27MK19ML28MN20MR27MT31MU30MZ25NE28NI28NL18NO15OM23PK24PL28\
PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SN28SO23ST25SV28TD27TG28TL23TN24TR26UA29VA22VG24XK20YE30";

/// Adds the IBANs of a candidate: in one piece or in groups.
pub(crate) fn find(candidate: &Candidate<'_>, finds: &mut Vec<Find>) {
    for (first, group) in candidate.groups.iter().enumerate() {
        let Some(length) = length_from(candidate, first) else {
            continue;
        };
        let mut len = 0;
        for (last, group_end) in candidate.groups.iter().enumerate().skip(first) {
            len += group_end.len();
            if len == length && candidate.is_whole(first, last) && is_iban(candidate, first, last) {
                finds.push(Core::Iban.at(group.start, group_end.end));
            }
            if len >= length {
                break;
            }
        }
    }
}

/// The length of the IBAN that may begin with the group: a country, then two digits, which a separator may part.
fn length_from(candidate: &Candidate<'_>, first: usize) -> Option<usize> {
    let group = candidate.groups.get(first)?;
    let begins = candidate.text.get(group.start..)?;
    let (country, digits) = match (group.len(), begins) {
        (4.., [a, b, c, d, ..]) => ([*a, *b], [*c, *d]),
        (2, [a, b, ..]) => {
            let next = candidate.groups.get(first + 1)?;
            (
                [*a, *b],
                [
                    *candidate.text.get(next.start)?,
                    *candidate.text.get(next.start + 1)?,
                ],
            )
        }
        _ => return None,
    };
    let begins = country.iter().all(u8::is_ascii_alphabetic) && digits.iter().all(u8::is_ascii_digit);
    begins.then_some(())?;
    let country = country.map(|letter| letter.to_ascii_uppercase());
    let row = LENGTHS.chunks_exact(4).find(|row| row.starts_with(&country))?;
    match row {
        [_, _, tens, ones] => Some(usize::from(tens - b'0') * 10 + usize::from(ones - b'0')),
        _ => None,
    }
}

fn is_iban(candidate: &Candidate<'_>, first: usize, last: usize) -> bool {
    let Some(compact) = candidate.compact::<34>(first, last) else {
        return false;
    };
    let (head, rest) = compact.bytes().split_at_checked(4).unwrap_or_default();
    mod97(rest.iter().chain(head).copied()) == Some(1)
}

#[cfg(test)]
mod tests {
    use crate::test::{finds, has};

    #[test]
    fn it_is_found_in_every_spelling() {
        for iban in [
            "DE89370400440532013000",
            "DE89 3704 0044 0532 0130 00",
            "de89370400440532013000",
            "DE89-3704-0044-0532-0130-00",
            "GB82 WEST 1234 5698 7654 32",
            "FR14 2004 1010 0505 0001 3M02 606",
            "NO93 8601 1117 947",
            "DE 89 370400440532013000",
            "ＤＥ８９３７０４００４４０５３２０１３０００",
            "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
        ] {
            assert_eq!(finds("IBAN_CODE", &format!("口座は{iban}です")), [iban], "{iban}");
            assert_eq!(
                finds("IBAN_CODE", &format!("My IBAN is {iban}, thanks")),
                [iban],
                "{iban}"
            );
        }
    }

    #[test]
    fn a_wrong_character_is_never_found() {
        let iban = b"GB82WEST12345698765432";
        for place in 0..iban.len() {
            for wrong_byte in [b'0', b'7', b'A', b'Q'] {
                let mut wrong = *iban;
                wrong[place] = wrong_byte;
                let text = std::str::from_utf8(&wrong).unwrap();
                assert_eq!(has("IBAN_CODE", text), wrong == *iban, "{text}");
            }
        }
    }

    #[test]
    fn another_length_or_country_is_no_iban() {
        for text in [
            "DE8937040044053201300",
            "DE893704004405320130000",
            "ZZ89370400440532013000",
            "xDE89370400440532013000",
        ] {
            assert!(!has("IBAN_CODE", text), "{text}");
        }
    }
}
