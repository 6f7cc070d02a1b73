//! Numbering plans: which country writes its numbers how (ITU-T E.164 and the national plans that the ITU publishes).

/// What a number in the form of a plan needs to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// The form says it all.
    Nothing,
    /// A hyphen, a full stop or a parenthesis between its groups, else a word nearby.
    Dash,
    /// A word nearby.
    Word,
}

/// First digits (N: 2 to 9, M: 1 to 9, A: 3 to 9, S: 6 to 9, X: any), sizes of the groups, what it needs. The first row that fits
/// counts: those that need least stand first.
const PLANS: &[(&[u8], &[u8], Needs)] = &[
    (b"1NXXN", &[1, 3, 3, 4], Needs::Dash),   // US, CA: 1-212-555-0123
    (b"0800", &[4, 3, 4], Needs::Nothing),    // JP, UK free
    (b"07", &[5, 6], Needs::Nothing),         // UK mobile: 07700 900123
    (b"01", &[5, 6], Needs::Nothing),         // UK: 01632 960123
    (b"07", &[5, 3, 3], Needs::Nothing),      // UK mobile
    (b"02", &[3, 4, 4], Needs::Nothing),      // UK: 020 7946 0123
    (b"01", &[4, 3, 4], Needs::Nothing),      // UK: 0161 496 0123
    (b"07", &[4, 3, 4], Needs::Nothing),      // UK mobile
    (b"0M", &[4, 3, 2, 2], Needs::Nothing),   // TR, CH: 0532 123 45 67
    (b"04", &[4, 3, 3], Needs::Nothing),      // AU mobile: 0412 345 678
    (b"NXXN", &[3, 3, 4], Needs::Dash),       // US, CA: 212-555-0123
    (b"0M", &[2, 4, 4], Needs::Dash),         // JP 03-1234-5678, KR, TW, AU
    (b"02", &[2, 3, 4], Needs::Dash),         // KR
    (b"0MX", &[3, 3, 4], Needs::Dash),        // JP 045-123-4567, KR, ZA
    (b"0MX", &[3, 4, 4], Needs::Dash),        // JP 090-1234-5678, KR 010-, UK 020
    (b"0MXX", &[4, 2, 4], Needs::Dash),       // JP 0463-12-3456
    (b"0120", &[4, 3, 3], Needs::Dash),       // JP free
    (b"1A", &[3, 4, 4], Needs::Dash),         // CN mobile: 138-0013-8000
    (b"0M", &[3, 8], Needs::Dash),            // CN: 010-12345678
    (b"0M", &[4, 7], Needs::Dash),            // CN, DE
    (b"0M", &[4, 8], Needs::Dash),            // CN
    (b"400", &[3, 3, 4], Needs::Dash),        // CN service
    (b"400", &[3, 4, 3], Needs::Dash),        // CN service
    (b"09", &[4, 3, 3], Needs::Dash),         // TW mobile: 0912-345-678
    (b"09", &[4, 6], Needs::Dash),            // TW mobile
    (b"0M", &[2, 2, 2, 2, 2], Needs::Dash),   // FR: 01 23 45 67 89
    (b"0MX", &[3, 3, 2, 2], Needs::Dash),     // CH, TR
    (b"MX9", &[2, 5, 4], Needs::Dash),        // BR mobile: (11) 91234-5678
    (b"MXN", &[2, 4, 4], Needs::Dash),        // BR, MX: (11) 2345-6789
    (b"06", &[2, 8], Needs::Dash),            // NL mobile
    (b"8MXX", &[1, 3, 3, 2, 2], Needs::Dash), // RU: 8 (495) 123-45-67
    (b"0M", &[3, 7], Needs::Dash),            // DE, IT
    (b"0M", &[5, 6], Needs::Dash),            // DE
    (b"NXXN", &[10], Needs::Word),            // US, CA
    (b"0MX0", &[11], Needs::Word),            // JP, KR mobile
    (b"1A", &[11], Needs::Word),              // CN mobile
    (b"N", &[4, 4], Needs::Word),             // HK, SG
    (b"S", &[3, 3, 3], Needs::Word),          // ES: 612 345 678
    (b"S", &[3, 2, 2, 2], Needs::Word),       // ES
    (b"9", &[2, 3, 2, 2], Needs::Word),       // ES
    (b"S", &[9], Needs::Word),                // ES
    (b"2", &[3, 3, 3], Needs::Word),          // PT
    (b"3", &[3, 3, 4], Needs::Word),          // IT mobile
    (b"3", &[3, 7], Needs::Word),             // IT mobile
    (b"S", &[5, 5], Needs::Word),             // IN mobile
];

/// What a number of these digits in groups of these sizes needs. `None` where no plan writes it so.
pub(super) fn plan(digits: &[u8], sizes: &[u8]) -> Option<Needs> {
    if !(8..=11).contains(&digits.len()) {
        return None;
    }
    let row = PLANS
        .iter()
        .find(|(prefix, groups, _)| *groups == sizes && begins(digits, prefix));
    row.map(|(_, _, needs)| *needs)
}

fn begins(digits: &[u8], prefix: &[u8]) -> bool {
    digits.len() >= prefix.len()
        && digits.iter().zip(prefix).all(|(digit, class)| match class {
            b'N' => *digit >= b'2',
            b'M' => *digit >= b'1',
            b'A' => *digit >= b'3',
            b'S' => *digit >= b'6',
            b'X' => true,
            fixed => digit == fixed,
        })
}

/// Country codes with the digits that follow, fewest and most.
const COUNTRIES: &[(u16, u8, u8)] = &[
    (1, 10, 10),
    (7, 10, 10),
    (20, 8, 10),
    (27, 9, 9),
    (30, 10, 10),
    (31, 9, 9),
    (32, 8, 9),
    (33, 9, 9),
    (34, 9, 9),
    (36, 8, 9),
    (39, 6, 11),
    (40, 9, 9),
    (41, 9, 9),
    (43, 7, 12),
    (44, 9, 10),
    (45, 8, 8),
    (46, 7, 10),
    (47, 8, 8),
    (48, 9, 9),
    (49, 6, 12),
    (51, 8, 9),
    (52, 10, 11),
    (53, 8, 8),
    (54, 10, 11),
    (55, 10, 11),
    (56, 9, 9),
    (57, 8, 10),
    (58, 10, 10),
    (60, 8, 10),
    (61, 9, 9),
    (62, 8, 12),
    (63, 8, 10),
    (64, 8, 10),
    (65, 8, 8),
    (66, 8, 9),
    (81, 9, 10),
    (82, 8, 11),
    (84, 8, 10),
    (86, 10, 11),
    (90, 10, 10),
    (91, 10, 10),
    (92, 9, 10),
    (93, 9, 9),
    (94, 9, 9),
    (95, 7, 10),
    (98, 10, 10),
    (212, 9, 9),
    (213, 8, 9),
    (216, 8, 8),
    (218, 9, 9),
    (233, 9, 9),
    (234, 8, 10),
    (254, 9, 9),
    (255, 9, 9),
    (256, 9, 9),
    (351, 9, 9),
    (352, 6, 11),
    (353, 7, 9),
    (354, 7, 9),
    (355, 8, 9),
    (356, 8, 8),
    (357, 8, 8),
    (358, 6, 11),
    (359, 8, 9),
    (370, 8, 8),
    (371, 8, 8),
    (372, 7, 8),
    (380, 9, 9),
    (381, 8, 9),
    (385, 8, 9),
    (386, 8, 8),
    (420, 9, 9),
    (421, 9, 9),
    (852, 8, 8),
    (853, 8, 8),
    (855, 8, 9),
    (880, 8, 10),
    (886, 8, 9),
    (961, 7, 8),
    (962, 8, 9),
    (963, 8, 9),
    (965, 8, 8),
    (966, 8, 9),
    (968, 8, 8),
    (971, 8, 9),
    (972, 8, 9),
    (973, 8, 8),
    (974, 8, 8),
    (977, 8, 10),
];

/// First two digits of codes with three digits.
const LONG_CODES: &[u8] = b"21 22 23 24 25 26 29 35 37 38 42 50 59 67 68 69 80 85 87 88 96 97 99";

/// Digits of the country code that a number begins with, and how many follow it, fewest and most.
pub(super) fn country_lengths(digits: &[u8]) -> Option<(usize, usize, usize)> {
    let value = |len: usize| {
        let code = digits.get(..len)?;
        Some(
            code.iter()
                .fold(0, |code, digit| code * 10 + u16::from(digit.wrapping_sub(b'0'))),
        )
    };
    let head = digits.get(..2)?;
    let len = match head.first() {
        Some(b'0') => return None,
        Some(b'1' | b'7') => 1,
        _ if LONG_CODES.split(|b| *b == b' ').any(|code| code == head) => 3,
        _ => 2,
    };
    let code = value(len)?;
    let row = COUNTRIES.iter().find(|(known, _, _)| *known == code);
    let (fewest, most) = row.map_or((6, 12), |(_, fewest, most)| {
        (usize::from(*fewest), usize::from(*most))
    });
    Some((len, fewest, most))
}
