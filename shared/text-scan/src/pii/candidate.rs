//! Numbers and identifiers as they are written: groups of ASCII letters and digits with separators between.

/// Groups that one candidate holds. A longer run comes as several candidates.
pub(crate) const MAX_GROUPS: usize = 24;
/// Groups that two such candidates share: the most that one identifier is written in (an IBAN).
const SHARED_GROUPS: usize = 9;
/// Bytes of the longest group that an identifier is written in; hashes and base64 are longer.
const MAX_GROUP_BYTES: usize = 96;
/// Letters of the longest group without a digit that can be part of an identifier ("DE 89 37...", "AB 12 34 56 C").
const MAX_LETTERS: usize = 4;
/// Such groups in a row.
const MAX_WORDS: usize = 5;
/// Groups of one letter or digit in a row: more are no identifier but a list.
const MAX_SINGLES: usize = 5;
/// Separators between two groups, as in "(020) - 7946".
const MAX_GAP: usize = 3;

/// ASCII letters and digits without anything between, and nothing of the kind before or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// First byte in the text.
    pub(crate) start: usize,
    /// Byte after the last.
    pub(crate) end: usize,
    /// How many digits it has.
    pub(crate) digits: usize,
}

impl Group {
    /// Bytes, letters and digits together.
    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    /// Digits only.
    pub(crate) fn is_number(&self) -> bool {
        self.digits == self.len()
    }

    /// Letters only.
    pub(crate) fn is_word(&self) -> bool {
        self.digits == 0
    }
}

/// What may be a number or an identifier: groups of which one at least has a digit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate<'a> {
    /// The whole folded text.
    pub(crate) text: &'a [u8],
    /// Its groups, at least one, at most [`MAX_GROUPS`]. Words of the language may stand among them.
    pub(crate) groups: &'a [Group],
}

impl<'a> Candidate<'a> {
    /// Whether the text is nothing but the groups `first..=last`.
    pub(crate) fn is_bare(&self, first: usize, last: usize) -> bool {
        let (Some(first), Some(last)) = (self.groups.get(first), self.groups.get(last)) else {
            return false;
        };
        let blank = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'(' | b')' | b'+' | b'.');
        let (before, after) = (self.text.get(..first.start), self.text.get(last.end..));
        // Looks at a few bytes only: a text with more around it is not bare.
        let few =
            |around: Option<&[u8]>| around.is_some_and(|bytes| bytes.len() <= 16 && bytes.iter().all(blank));
        few(before) && few(after)
    }

    /// The separators between the group and the next one; all up to the next letter or digit. Empty after the last.
    pub(crate) fn gap(&self, group: usize) -> &'a [u8] {
        match (self.groups.get(group), self.groups.get(group + 1)) {
            (Some(this), Some(next)) => self.text.get(this.end..next.start).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Whether the group and the next one are one token: a single separator that is no blank, nor the end of a sentence.
    pub(crate) fn is_tight(&self, group: usize) -> bool {
        let word = |group: usize| self.groups.get(group).is_some_and(Group::is_word);
        match self.gap(group) {
            b"." => !word(group) && !word(group + 1),
            [b'-' | b'/'] => true,
            _ => false,
        }
    }

    /// Whether the groups `first..=last` are no part of a longer token such as a UUID, a version or a decimal fraction.
    pub(crate) fn is_whole(&self, first: usize, last: usize) -> bool {
        let goes_on = self.is_tight(last) || first.checked_sub(1).is_some_and(|before| self.is_tight(before));
        !goes_on
    }

    /// The letters and digits of the groups `first..=last`, upper case, without separators. `None` where they are more
    /// than `N`.
    pub(crate) fn compact<const N: usize>(&self, first: usize, last: usize) -> Option<Compact<N>> {
        let mut compact = Compact {
            bytes: [0; N],
            len: 0,
        };
        for group in self.groups.get(first..=last)? {
            for byte in self.text.get(group.start..group.end)? {
                *compact.bytes.get_mut(compact.len)? = byte.to_ascii_uppercase();
                compact.len += 1;
            }
        }
        Some(compact)
    }
}

/// Letters and digits of an identifier, upper case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compact<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Compact<N> {
    /// The letters and digits.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// Gathers candidates; keeps its buffer from one to the next.
#[derive(Debug, Default)]
pub(crate) struct Gatherer {
    groups: Vec<Group>,
    /// No group begins before: what is there belongs to the candidate before.
    floor: usize,
}

impl Gatherer {
    /// The groups around the digit at `at`, and where to read on.
    pub(crate) fn gather(&mut self, text: &[u8], at: usize) -> (&[Group], usize) {
        self.groups.clear();
        let mut at = start_of_word(text, at, self.floor);
        self.words_before(text, at);
        let (mut words, mut singles) = (self.groups.len(), 0);
        let next = loop {
            let group = group_at(text, at);
            if group.len() > MAX_GROUP_BYTES {
                break group.end;
            }
            words = if group.is_word() { words + 1 } else { 0 };
            if words > MAX_WORDS || (group.is_word() && group.len() > MAX_LETTERS) {
                break group.end;
            }
            // Those of an address such as 8.8.4.4 are no list.
            let dotted = at.checked_sub(1).and_then(|before| text.get(before)) == Some(&b'.');
            singles = if group.len() == 1 && !dotted {
                singles + 1
            } else {
                0
            };
            if singles > MAX_SINGLES {
                break group.end;
            }
            self.groups.push(group);
            if self.groups.len() == MAX_GROUPS {
                let shared = self.groups.get(MAX_GROUPS - SHARED_GROUPS);
                break shared.map_or(group.end, |shared| shared.start);
            }
            match after_gap(text, group.end) {
                Some(next) => at = next,
                None => break group.end,
            }
        };
        self.floor = next;
        (&self.groups, next)
    }

    /// Short words before the first group with a digit, as in "AB 12 34 56 C".
    fn words_before(&mut self, text: &[u8], mut at: usize) {
        for _ in 0..MAX_WORDS {
            let Some(end) = at.checked_sub(1).filter(|end| *end > self.floor) else {
                break;
            };
            if !matches!(text.get(end), Some(b' ' | b'-' | b'.' | b'/')) {
                break;
            }
            let start = start_of_word(text, end, self.floor.max(end.saturating_sub(MAX_LETTERS + 1)));
            let group = group_at(text, start);
            if group.len() == 0 || group.len() > MAX_LETTERS || !group.is_word() {
                break;
            }
            self.groups.insert(0, group);
            at = start;
        }
    }
}

/// Where the word begins that ends at or runs through `at`. The letter of an escape such as `\n` is no part of it.
fn start_of_word(text: &[u8], at: usize, floor: usize) -> usize {
    let before = text.get(floor..at).unwrap_or_default();
    let start = at
        - before
            .iter()
            .rev()
            .take_while(|b| b.is_ascii_alphanumeric())
            .count();
    let escape = start.checked_sub(1).and_then(|before| text.get(before..=start));
    start + usize::from(start < at && matches!(escape, Some([b'\\', b'n' | b't' | b'r'])))
}

fn group_at(text: &[u8], start: usize) -> Group {
    let rest = text.get(start..).unwrap_or_default();
    let len = rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    let word = rest.get(..len).unwrap_or_default();
    Group {
        start,
        end: start + len,
        digits: word.iter().filter(|b| b.is_ascii_digit()).count(),
    }
}

/// Where the next group begins, behind one to three separators.
fn after_gap(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let gap = rest
        .iter()
        .take(MAX_GAP + 1)
        .take_while(|b| is_separator(**b))
        .count();
    let next = rest.get(gap)?;
    ((1..=MAX_GAP).contains(&gap) && next.is_ascii_alphanumeric()).then_some(at + gap)
}

fn is_separator(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'.' | b'-' | b'/' | b'(' | b')' | b'\n' | b'\r' | b'\t'
    )
}

#[cfg(test)]
mod tests {
    use super::{Candidate, Gatherer, MAX_GROUPS};

    /// Texts of the groups of each candidate.
    fn candidates(text: &str) -> Vec<String> {
        let (mut gatherer, mut at, mut found) = (Gatherer::default(), 0, Vec::new());
        while let Some(digit) = text.bytes().skip(at).position(|b| b.is_ascii_digit()) {
            let (groups, next) = gatherer.gather(text.as_bytes(), at + digit);
            let texts: Vec<&str> = groups
                .iter()
                .filter_map(|group| text.get(group.start..group.end))
                .collect();
            found.push(texts.join("|"));
            assert!(next > at);
            at = next;
        }
        found
    }

    #[test]
    fn groups_are_joined_over_separators() {
        assert_eq!(candidates("tel. +1 (512) 555-0100!"), ["1|512|555|0100"]);
        assert_eq!(candidates("电话13800138000吧"), ["13800138000"]);
        assert_eq!(candidates("a1, b2"), ["a1", "b2"]);
        assert_eq!(candidates("12\n34"), ["12|34"]);
    }

    #[test]
    fn short_words_around_belong_to_it_and_long_ones_do_not() {
        assert_eq!(candidates("number AB 12 34 56 C please"), ["AB|12|34|56|C"]);
        assert_eq!(candidates("IBAN DE 89 3704"), ["IBAN|DE|89|3704"]);
        assert_eq!(candidates("nothing before 12"), ["12"]);
    }

    #[test]
    fn the_letter_of_an_escape_is_no_part_of_a_number() {
        assert_eq!(candidates(r"card\n4111 1111"), ["4111|1111"]);
        assert_eq!(candidates("n4111"), ["n4111"]);
    }

    #[test]
    fn a_long_run_slides_and_a_long_group_ends_it() {
        let run = "1 ".repeat(100);
        let all = candidates(&run);
        assert!(all.iter().all(|one| one.len() < 2 * 6));
        let all = candidates(&"12 ".repeat(100));
        assert!(all.len() < 12 && all.iter().all(|one| one.len() < 3 * MAX_GROUPS));
        assert_eq!(candidates(&"7".repeat(1_000_000)), [""]);
    }

    #[test]
    fn a_window_of_groups_has_its_value_and_its_borders() {
        let text = b"de89-3704 0044";
        let mut gatherer = Gatherer::default();
        let (groups, _) = gatherer.gather(text, 2);
        let candidate = Candidate { text, groups };
        assert_eq!(candidate.compact::<12>(0, 2).unwrap().bytes(), b"DE8937040044");
        assert!(candidate.compact::<11>(0, 2).is_none());
        assert!(candidate.is_tight(0) && !candidate.is_tight(1));
        assert!(candidate.is_whole(0, 1) && !candidate.is_whole(1, 2));
        assert!(candidate.is_bare(0, 2) && !candidate.is_bare(0, 1));
    }
}
