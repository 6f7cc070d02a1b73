//! Check digits that a rule of the user can name.

use crate::checksum;

/// A check digit.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    name: &'static str,
    holds: fn(&[u8]) -> bool,
}

/// The names, with what they stand for in [`checksum`].
const CHECKS: &[Check] = &[
    Check {
        name: "luhn",
        holds: checksum::luhn,
    },
    Check {
        name: "mod97",
        holds: |text| checksum::mod97(text.iter().copied()) == Some(1),
    },
    Check {
        name: "iso7064_11_2",
        holds: checksum::iso7064_11_2,
    },
    Check {
        name: "iso7064_11_10",
        holds: checksum::iso7064_11_10,
    },
    Check {
        name: "verhoeff",
        holds: checksum::verhoeff,
    },
    Check {
        name: "icao",
        holds: checksum::icao,
    },
];

/// Longest value, in letters and digits.
const MAX_BYTES: usize = 64;

impl Check {
    /// The check digit with a name.
    pub fn from_name(name: &str) -> Option<Self> {
        CHECKS.iter().find(|check| check.name == name).copied()
    }

    /// All names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        CHECKS.iter().map(|check| check.name)
    }

    /// Whether the ASCII letters (in upper case) and digits of a value fulfil it. What stands between them does not count.
    pub(super) fn holds(self, value: &str) -> bool {
        let compact: Vec<u8> = value
            .bytes()
            .filter(u8::is_ascii_alphanumeric)
            .map(|byte| byte.to_ascii_uppercase())
            .take(MAX_BYTES + 1)
            .collect();
        (2..=MAX_BYTES).contains(&compact.len()) && (self.holds)(&compact)
    }
}

#[cfg(test)]
mod tests {
    use super::Check;

    #[test]
    fn each_name_tells_right_from_wrong() {
        for (name, right) in [
            ("luhn", "7992 7398 713"),
            ("mod97", "794-44-95"),
            ("iso7064_11_2", "0794-0"),
            ("iso7064_11_10", "0794.5"),
            ("verhoeff", "2363"),
            ("icao", "d23145890-7"),
        ] {
            let check = Check::from_name(name).unwrap();
            assert!(check.holds(right), "{name}");
            let mut body = right.to_owned();
            let last = body.pop().unwrap();
            for wrong in ('0'..='9').filter(|digit| *digit != last) {
                let wrong = format!("{body}{wrong}");
                assert!(!check.holds(&wrong), "{name}: {wrong}");
            }
            assert!(
                !check.holds("") && !check.holds("0") && !check.holds(&"0".repeat(65)),
                "{name}"
            );
        }
        assert_eq!(Check::names().count(), 6);
        assert!(Check::from_name("nobody").is_none());
    }
}
