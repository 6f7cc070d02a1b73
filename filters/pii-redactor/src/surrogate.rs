//! Values that look right and belong to nobody, from ranges that are reserved for tests and examples.

/// The `n`th surrogate of an entity, counted from 1, in the form of `original`; `None` where there is none.
pub(crate) fn make(entity: &str, original: &str, n: u64) -> Option<String> {
    match entity {
        // RFC 2606 reserves example.com.
        "EMAIL_ADDRESS" => Some(format!("person{n}@example.com")),
        "PHONE_NUMBER" => phone(original, n),
        "CREDIT_CARD" => card(original, n),
        "IBAN_CODE" => iban(original, n),
        "IP_ADDRESS" => ip(original, n),
        // RFC 7042, section 2.1.2: 00-00-5E-00-53-00 to FF are for documentation.
        "MAC_ADDRESS" => (n <= 0xff).then(|| format!("00:00:5e:00:53:{n:02x}")),
        // The Social Security Administration set 987-65-4320 to 4329 aside for advertisements.
        "US_SSN" => (n <= 10).then(|| format!("987-65-{}", 4319 + n)),
        _ => None,
    }
}

/// 555-0100 to 555-0199 are for fiction (North American Numbering Plan).
fn phone(original: &str, n: u64) -> Option<String> {
    let line = (n <= 100).then_some(99 + n)?;
    Some(if original.starts_with('+') {
        format!("+1202555{line:04}")
    } else {
        format!("(202) 555-{line:04}")
    })
}

/// The test numbers of payment providers begin with 424242. The separators of a number of 16 digits stay.
fn card(original: &str, n: u64) -> Option<String> {
    let mut digits: Vec<u8> = format!("424242{:09}", n % 1_000_000_000).into_bytes();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0');
            match (place % 2, digit * 2) {
                (0, twice) if twice > 9 => twice - 9,
                (0, twice) => twice,
                (_, _) => digit,
            }
        })
        .sum();
    digits.push(b'0' + ((10 - sum % 10) % 10) as u8);
    if original.bytes().filter(u8::is_ascii_digit).count() != digits.len() || !original.is_ascii() {
        return String::from_utf8(digits).ok();
    }
    let mut digits = digits.into_iter();
    original
        .chars()
        .map(|c| {
            if c.is_ascii_digit() {
                digits.next().map(char::from)
            } else {
                Some(c)
            }
        })
        .collect()
}

/// The country and the shape stay, the account is all zeros but for `n`, and the check digits are right (ISO 13616).
fn iban(original: &str, n: u64) -> Option<String> {
    let letters: Vec<u8> = original
        .bytes()
        .filter(u8::is_ascii_alphanumeric)
        .map(|byte| byte.to_ascii_uppercase())
        .collect();
    let (country, account) = (letters.get(..2)?, letters.get(4..)?);
    let mut account: Vec<u8> = account
        .iter()
        .map(|byte| if byte.is_ascii_digit() { b'0' } else { b'X' })
        .collect();
    let mut rest = n;
    for place in account.iter_mut().rev().filter(|byte| **byte == b'0') {
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    if rest > 0 {
        return None;
    }
    let turned = account.iter().chain(country).chain(b"00");
    let value = turned.fold(0, |sum: u32, byte| match byte {
        b'0'..=b'9' => (sum * 10 + u32::from(byte - b'0')) % 97,
        letter => (sum * 100 + u32::from(letter - b'A') + 10) % 97,
    });
    let mut iban = country.to_vec();
    iban.extend(format!("{:02}", 98 - value).bytes());
    iban.extend(account);
    String::from_utf8(iban).ok()
}

/// RFC 5737 and RFC 3849: addresses for documentation.
fn ip(original: &str, n: u64) -> Option<String> {
    if original.contains(':') {
        return Some(format!("2001:db8::{n:x}"));
    }
    let net = ["192.0.2", "198.51.100", "203.0.113"];
    let net = net.get(usize::try_from((n - 1) / 254).ok()?)?;
    Some(format!("{net}.{}", (n - 1) % 254 + 1))
}

#[cfg(test)]
mod tests {
    use super::make;
    use penstock_text_scan::Scanner;

    #[test]
    fn a_surrogate_is_what_it_stands_for() {
        let scanner = Scanner::default();
        for (entity, original) in [
            ("EMAIL_ADDRESS", "ana@corp.test"),
            ("CREDIT_CARD", "4111 1111 1111 1111"),
            ("CREDIT_CARD", "378282246310005"),
            ("IBAN_CODE", "DE89 3704 0044 0532 0130 00"),
            ("IBAN_CODE", "GB82WEST12345698765432"),
            ("IP_ADDRESS", "8.8.8.8"),
            ("IP_ADDRESS", "2a00:1450::1"),
            ("MAC_ADDRESS", "52:54:00:12:34:56"),
        ] {
            for n in [1, 2, 77] {
                let surrogate = make(entity, original, n).unwrap();
                let finds = scanner.scan(&surrogate);
                let found = finds.first().map(|find| scanner.rule(find.rule).entity);
                assert_eq!(found, Some(entity), "{surrogate}");
                assert_eq!(finds[0].start..finds[0].end, 0..surrogate.len(), "{surrogate}");
            }
        }
    }

    #[test]
    fn a_range_that_is_used_up_gives_none() {
        assert_eq!(make("US_SSN", "123-45-6789", 10).as_deref(), Some("987-65-4329"));
        assert_eq!(make("US_SSN", "123-45-6789", 11), None);
        assert_eq!(make("PHONE_NUMBER", "+34 600 000 000", 101), None);
        assert_eq!(make("IP_ADDRESS", "8.8.8.8", 763), None);
        assert_eq!(make("ES_NIF", "12345678Z", 1), None);
    }
}
