//! Finding words that may not be whole yet.

use crate::script::Replace;
use std::ops::Range;

/// Where the words of `table` stand in `text`, leftmost first and without overlap.
pub(crate) fn matches<'a>(text: &str, table: &'a [Replace]) -> Vec<(Range<usize>, &'a str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some((range, to)) = next(text, from, table) {
        from = range.end;
        found.push((range, to));
    }
    found
}

fn next<'a>(text: &str, from: usize, table: &'a [Replace]) -> Option<(Range<usize>, &'a str)> {
    let rest = text.get(from..)?;
    let hits = table
        .iter()
        .filter(|word| !word.from.is_empty())
        .filter_map(|word| {
            let at = from + rest.find(&word.from)?;
            Some((at..at + word.from.len(), word.to.as_str()))
        });
    hits.min_by_key(|(range, _)| range.start)
}

/// Where in `text`, not before `from`, a word of `table` could begin that is cut off by the end.
pub(crate) fn undecided(text: &str, from: usize, table: &[Replace]) -> Option<usize> {
    let starts = text.char_indices().map(|(at, _)| at).filter(|at| *at >= from);
    let mut starts = starts.filter(|at| text.get(*at..).is_some_and(|tail| begins(tail, table)));
    starts.next()
}

fn begins(tail: &str, table: &[Replace]) -> bool {
    table
        .iter()
        .any(|word| word.from.len() > tail.len() && word.from.starts_with(tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Vec<Replace> {
        vec![Replace {
            from: "secret".to_owned(),
            to: "***".to_owned(),
        }]
    }

    #[test]
    fn words_are_found_and_their_beginnings_held() {
        let table = table();
        assert_eq!(
            matches("a secret secret", &table),
            [(2..8, "***"), (9..15, "***")]
        );
        assert_eq!(undecided("a sec", 0, &table), Some(2));
        assert_eq!(undecided("a secret", 8, &table), None);
        assert_eq!(undecided("nothing", 0, &table), None);
        assert_eq!(undecided("s", 0, &table), Some(0));
    }
}
