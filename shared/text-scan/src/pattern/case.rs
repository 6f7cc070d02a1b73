//! Upper and lower case, for the scripts whose cases lie at a fixed distance. No Unicode tables: they outweigh a filter.

/// Whether case matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// `A` is not `a`.
    Exact,
    /// `A` is `a`, in Latin (up to U+017F), Greek and Cyrillic; accents matter.
    Fold,
}

/// The same letter in the other case.
pub(super) fn other(c: char) -> Option<char> {
    let at = c as u32;
    let other = match at {
        0x41..=0x5a => at + 32,
        0x61..=0x7a => at - 32,
        // Multiplication and division signs lie among the letters of Latin-1.
        0xd7 | 0xf7 => return None,
        0xc0..=0xde => at + 32,
        0xe0..=0xfe => at - 32,
        // Latin Extended-A: neighbours; the dotted and the dotless i have no counterpart there.
        0x130 | 0x131 | 0x138 | 0x149 | 0x178 | 0x17f => return None,
        0x100..=0x137 | 0x14a..=0x177 => at ^ 1,
        0x139..=0x148 | 0x179..=0x17e => ((at - 1) ^ 1) + 1,
        0x391..=0x3a1 | 0x3a3..=0x3a9 => at + 32,
        0x3b1..=0x3c1 | 0x3c3..=0x3c9 => at - 32,
        0x410..=0x42f => at + 32,
        0x430..=0x44f => at - 32,
        0x400..=0x40f => at + 80,
        0x450..=0x45f => at - 80,
        _ => return None,
    };
    char::from_u32(other)
}

/// The text in lower case. Offsets stay: both cases are equally long in UTF-8.
pub(super) fn lower(text: &str) -> Vec<u8> {
    let mut lower = text.as_bytes().to_ascii_lowercase();
    let mut at = 0;
    while let Some(pair) = lower.get_mut(at..at + 2) {
        // Leading bytes of U+00C0 to U+045F.
        if let [lead @ 0xc3..=0xd1, tail @ 0x80..=0xbf] = pair {
            let c = (u32::from(*lead) & 0x1f) << 6 | u32::from(*tail) & 0x3f;
            if let Some(small) = char::from_u32(c)
                .and_then(other)
                .filter(|small| is_lower(c, *small))
            {
                let small = small as u32;
                (*lead, *tail) = ((small >> 6) as u8 | 0xc0, (small & 0x3f) as u8 | 0x80);
            }
            at += 1;
        }
        at += 1;
    }
    lower
}

/// In every range above the capital comes first.
fn is_lower(c: u32, other: char) -> bool {
    other as u32 > c
}

#[cfg(test)]
mod tests {
    use super::{lower, other};

    #[test]
    fn cases_agree_with_unicode() {
        for c in ('\0'..='\u{2fff}').filter(|c| other(*c).is_some()) {
            let cases: Vec<char> = if c.is_uppercase() {
                c.to_lowercase().collect()
            } else {
                c.to_uppercase().collect()
            };
            assert_eq!(other(c).into_iter().collect::<Vec<_>>(), cases, "{c:?}");
        }
    }

    #[test]
    fn texts_keep_their_length() {
        for text in ["PEÑA Ünal ŽIŽEK", "ΣΩ Дмитрий ЁЖ", "漢字 É 😀 \u{c3}\u{a9}", "É"] {
            assert_eq!(lower(text), text.to_lowercase().into_bytes(), "{text}");
        }
        let all: String = ('\0'..='\u{fff}').collect();
        assert_eq!(lower(&all).len(), all.len());
        assert!(String::from_utf8(lower(&all)).is_ok());
    }
}
