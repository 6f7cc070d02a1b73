//! What the user probably meant.

/// The known name that the user probably meant.
pub(crate) fn hint(name: &str, known: &[&str]) -> String {
    let near = known.iter().map(|known| (distance(name, known), known)).min();
    match near {
        Some((distance, known)) if distance <= 1 + name.len() / 4 => format!(", did you mean {known}"),
        _ => String::new(),
    }
}

/// Letters to insert, remove or replace (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (to, up) in b.chars().zip(row.iter().skip(1)) {
            left = (corner + usize::from(from != to)).min(left + 1).min(up + 1);
            corner = *up;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{distance, hint};

    #[test]
    fn distances() {
        assert_eq!(
            (distance("", "abc"), distance("abc", ""), distance("abc", "abc")),
            (3, 3, 0)
        );
        assert_eq!((distance("chek", "check"), distance("kitten", "sitting")), (1, 3));
    }

    #[test]
    fn hints_are_near_or_none() {
        assert_eq!(
            hint("--strickt", &["--strict", "--help"]),
            ", did you mean --strict"
        );
        assert_eq!(hint("--verbose", &["--strict", "--help"]), "");
    }
}
