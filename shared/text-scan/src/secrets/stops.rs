//! Where the walk over a text has something to look at: two loads of a table a byte, and a branch that is seldom taken.

use super::anchor::{PAIRS, STARTS};

/// Letters and digits are numbered from 0; what joins them is one of these.
const OTHER: u8 = 62;
const MARK: u8 = 63;
/// A byte of a character that is not ASCII: [`OTHER`], and a bit more.
const FOREIGN: u8 = 64 | OTHER;
/// How many numbers there are.
pub(super) const CLASSES: usize = 64;

const TABLE: [u8; 256] = table();

#[allow(clippy::indexing_slicing, reason = "evaluated while compiling")]
const fn table() -> [u8; 256] {
    let mut table = [FOREIGN; 256];
    let mut b = 0;
    while b < 128 {
        table[b] = match b as u8 {
            digit @ b'0'..=b'9' => digit - b'0',
            upper @ b'A'..=b'Z' => upper - b'A' + 10,
            lower @ b'a'..=b'z' => lower - b'a' + 36,
            b'=' | b':' | b',' | b'>' | b'-' | b'~' | b'|' | b'\\' | b'(' => MARK,
            _ => OTHER,
        };
        b += 1;
    }
    table
}

fn class(b: u8) -> u8 {
    TABLE.get(usize::from(b)).copied().unwrap_or(OTHER)
}

/// The number of a byte that is no mark, or could be one: 0 to [`OTHER`].
#[allow(
    clippy::indexing_slicing,
    reason = "evaluated while compiling, and by bytes only"
)]
pub(super) const fn number(b: u8) -> usize {
    let class = TABLE[b as usize] & 63;
    if class == MARK {
        OTHER as usize
    } else {
        class as usize
    }
}

/// Words of the table of starts.
pub(super) const SLOTS: usize = 512;

/// The slot of the first two bytes of a word in the table of starts; its bits are the classes of the third byte.
pub(super) const fn slot(first: usize, second: usize) -> usize {
    (first * 37 + second) % SLOTS
}

/// What the walk looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The start of a word that may begin a credential, or that follows a character outside of ASCII by a few bytes.
    Word(usize),
    /// A byte that stands between a name and a value, or in the middle of a credential.
    Mark(usize),
}

/// The next stop at or after `from`, where a word is taken to begin if a letter or digit is there.
pub(super) fn next(text: &[u8], from: usize) -> Option<Stop> {
    let rest = text.get(from..)?;
    let near = text.get(from.saturating_sub(2)..from)?;
    let mut before = near
        .iter()
        .fold(OTHER, |before, b| OTHER | (before | class(*b)) & 64);
    let mut first = class(*rest.first()?);
    for (at, next) in (from..).zip(rest.iter().skip(1)) {
        let second = class(*next);
        let pair = PAIRS
            .get(usize::from(first & 63))
            .is_some_and(|seconds| seconds >> (second & 63) & 1 == 1);
        let starts = before >= OTHER && (pair || before >= 64 && first < OTHER);
        if first == MARK {
            return Some(Stop::Mark(at));
        }
        if starts && (before >= 64 || is_known(first, second, text.get(at + 2))) {
            return Some(Stop::Word(at));
        }
        // A character outside of ASCII is remembered up to the next word.
        before = if first < OTHER { first } else { first | before & 64 };
        first = second;
    }
    None
}

/// Whether an anchor begins with these three bytes.
fn is_known(first: u8, second: u8, third: Option<&u8>) -> bool {
    let thirds = STARTS.get(slot(usize::from(first), usize::from(second & 63)));
    let third = third.map_or(OTHER, |b| class(*b));
    thirds.is_some_and(|thirds| thirds >> (third & 63) & 1 == 1)
}

/// The end of the word at `at`.
pub(super) fn end(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|b| class(**b) < OTHER).count()
}

#[cfg(test)]
mod tests {
    use super::{Stop, end, next};

    #[test]
    fn words_that_begin_nothing_are_passed_over() {
        assert_eq!(next(b"the sun, and ghp_", 0), Some(Stop::Mark(7)));
        assert_eq!(next(b"the sun, and ghp_", 8), Some(Stop::Word(13)));
        assert_eq!(next(b"the xghp_ sun", 0), None);
        assert_eq!(end(b"the sun", 4), 7);
    }

    #[test]
    fn a_word_after_another_script_is_a_stop() {
        let text = "密码 sun";
        assert_eq!(next(text.as_bytes(), 0), Some(Stop::Word(7)));
    }
}
