//! A text as its letters and digits alone, which is what every way of writing it has in common.

/// A character as it is compared, and how many letters it weighs. `None`: it is neither letter nor digit.
///
/// Full-width forms count as ASCII. An ideograph or a Korean syllable says as much as two letters of an alphabet.
pub(crate) fn letter(c: char) -> Option<(char, usize)> {
    let c = match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    };
    if c.is_ascii() {
        return c.is_ascii_alphanumeric().then(|| (c.to_ascii_lowercase(), 1));
    }
    let is_dense = matches!(c, '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{20000}'..='\u{3ffff}');
    c.is_alphanumeric()
        .then(|| (c.to_lowercase().next().unwrap_or(c), 1 + usize::from(is_dense)))
}

/// How many letters a text weighs.
pub(crate) fn weight<'t>(texts: impl Iterator<Item = &'t str>) -> usize {
    texts
        .flat_map(str::chars)
        .filter_map(letter)
        .map(|(_, weight)| weight)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use penstock_text_scan::view::rot13;

    #[test]
    fn spellings_of_a_word_have_the_same_letters() {
        let letters = |text: &str| {
            text.chars()
                .filter_map(letter)
                .map(|(c, _)| c)
                .collect::<String>()
        };
        for text in [
            "Straße 12",
            "STRAßE-1 2",
            "S t r a ß e\u{200b}12",
            "Ｓｔｒａße１２",
        ] {
            assert_eq!(letters(text), "straße12");
        }
        assert_eq!(weight(["ab c", "密码", "비밀"].into_iter()), 11);
        assert_eq!("Hello-7".chars().map(rot13).collect::<String>(), "Uryyb-7");
    }
}
