//! Asking the scanner in tests.

use crate::Scanner;

/// Texts of the finds of an entity, all rules on.
pub(crate) fn finds<'a>(entity: &str, text: &'a str) -> Vec<&'a str> {
    let scanner = Scanner::new(|_| true);
    let finds = scanner.scan(text);
    let of_entity = finds
        .iter()
        .filter(|find| scanner.rule(find.rule).entity == entity);
    of_entity
        .filter_map(|find| text.get(find.start..find.end))
        .collect()
}

/// Whether there is one.
pub(crate) fn has(entity: &str, text: &str) -> bool {
    !finds(entity, text).is_empty()
}

/// Every number that differs from this one in one digit.
pub(crate) fn wrong_digits(number: &str) -> Vec<String> {
    let digits = number.char_indices().filter(|(_, c)| c.is_ascii_digit());
    let others =
        digits.flat_map(|(at, right)| ('0'..='9').filter(move |c| *c != right).map(move |c| (at, c)));
    let wrong = |(at, c): (usize, char)| {
        let mut wrong = number.to_string();
        wrong.replace_range(at..=at, c.encode_utf8(&mut [0; 4]));
        wrong
    };
    others.map(wrong).collect()
}
