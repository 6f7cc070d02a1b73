//! The Chinese resident identity number.

use crate::checksum::iso7064_11_2;

/// GB 11643-1999: six digits of the place, the date of birth, a sequence number, a check character MOD 11-2.
pub(crate) fn is_resident_id(id: &[u8]) -> bool {
    /// Provinces and regions (GB/T 2260), a bit each.
    const REGIONS: [u64; 2] = regions();
    let &[p, q, _, _, _, _, y0, y1, _, _, m0, m1, d0, d1, ..] = id else {
        return false;
    };
    if id.len() != 18 || !id.iter().take(17).all(u8::is_ascii_digit) {
        return false;
    }
    let two = |tens: u8, ones: u8| (tens - b'0') * 10 + (ones - b'0');
    let region = usize::from(two(p, q));
    REGIONS
        .get(region / 64)
        .is_some_and(|bits| bits >> (region % 64) & 1 == 1)
        && matches!(two(y0, y1), 18..=20)
        && (1..=12).contains(&two(m0, m1))
        && (1..=31).contains(&two(d0, d1))
        && iso7064_11_2(id)
}

const fn regions() -> [u64; 2] {
    let codes = [
        11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53,
        54, 61, 62, 63, 64, 65, 71, 81, 82, 83,
    ];
    let (mut low, mut high, mut at) = (0u64, 0u64, 0);
    while at < codes.len() {
        #[expect(
            clippy::indexing_slicing,
            reason = "a constant: out of bounds is an error of the compiler"
        )]
        let code = codes[at];
        if code < 64 {
            low |= 1 << code;
        } else {
            high |= 1 << (code - 64);
        }
        at += 1;
    }
    [low, high]
}

#[cfg(test)]
mod tests {
    use crate::test::{finds, has, wrong_digits};

    #[test]
    fn a_resident_id_is_found_next_to_chinese() {
        for id in [
            "11010519491231002X",
            "11010519491231002x",
            "440304198001010156",
            "110105 19491231 002X",
            "１１０１０５１９４９１２３１００２Ｘ",
        ] {
            assert_eq!(
                finds("CN_RESIDENT_ID", &format!("身份证号是{id}，请核对")),
                [id],
                "{id}"
            );
        }
        assert_eq!(
            finds("CN_RESIDENT_ID", "{\"id\":110105194912310038}"),
            ["110105194912310038"]
        );
    }

    #[test]
    fn a_resident_id_with_a_wrong_digit_is_not() {
        for wrong in wrong_digits("110105194912310038") {
            assert!(!has("CN_RESIDENT_ID", &wrong), "{wrong}");
        }
    }

    #[test]
    fn nor_is_one_of_no_place_or_no_day() {
        for wrong in [
            "990105194912310023",
            "110105194913310021",
            "1101051949123100381",
            "0.110105194912310038",
        ] {
            assert!(!has("CN_RESIDENT_ID", wrong), "{wrong}");
        }
    }
}
