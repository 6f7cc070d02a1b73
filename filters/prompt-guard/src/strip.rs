//! A text without what was found in it, read again: what is left may make something new.

use crate::answer::STAND_IN;
use std::borrow::Cow;
use std::ops::Range;

/// So often something is taken out of a text before it is given up.
const ROUNDS: usize = 3;

/// Takes these parts out of a text, and what `read` then finds in the rest. `None`: something stays.
///
/// `read` gives what is to be taken out next, or nothing where that is not enough.
pub(crate) fn strip(
    text: &str,
    mut parts: Vec<Range<usize>>,
    mut read: impl FnMut(&str) -> Option<Vec<Range<usize>>>,
) -> Option<String> {
    let mut text = Cow::Borrowed(text);
    for _ in 0..ROUNDS {
        let left = without(&text, parts);
        parts = read(&left)?;
        if parts.is_empty() {
            return Some(left);
        }
        text = Cow::Owned(left);
    }
    None
}

/// A text with the stand-in for each of these parts; parts that touch are one.
fn without(text: &str, mut parts: Vec<Range<usize>>) -> String {
    parts.sort_by_key(|part| part.start);
    let (mut left, mut at) = (String::with_capacity(text.len()), None);
    for part in parts {
        if at.is_none_or(|at| part.start > at) {
            left.push_str(text.get(at.unwrap_or(0)..part.start).unwrap_or_default());
            left.push_str(STAND_IN);
        }
        at = at.max(Some(part.end));
    }
    left.push_str(text.get(at.unwrap_or(0)..).unwrap_or_default());
    left
}

#[cfg(test)]
mod tests {
    use super::{Range, strip, without};

    fn part(range: Range<usize>) -> Vec<Range<usize>> {
        Vec::from([range])
    }

    /// Every `x`.
    fn read(text: &str) -> Option<Vec<Range<usize>>> {
        Some(text.match_indices('x').map(|(at, x)| at..at + x.len()).collect())
    }

    #[test]
    fn parts_that_touch_are_one() {
        assert_eq!(
            without("abcdef", vec![3..4, 0..1, 1..2, 1..2]),
            "(removed)c(removed)ef"
        );
        assert_eq!(without("日本", part(0..6)), "(removed)");
    }

    #[test]
    fn what_is_left_is_read_again_three_times() {
        assert_eq!(
            strip("axb", part(0..1), read).as_deref(),
            Some("(removed)(removed)b")
        );
        assert_eq!(strip("axb", part(0..1), |_| None), None);
        let mut rounds = 0;
        let again = |_: &str| {
            rounds += 1;
            Some(part(0..1))
        };
        assert_eq!((strip("axb", part(0..1), again), rounds), (None, 3));
    }
}
