//! Letters without which nothing can match: where they are absent, a text costs next to nothing.

use super::ast::{Node, Times};
use super::set::Set;

/// Bytes that stand in every match, whatever the case of their letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Required {
    /// In lower case.
    bytes: Vec<u8>,
    /// Which of them is looked for: the rarest.
    rare: usize,
}

/// Longer ones tell no more.
const MAX_BYTES: usize = 16;

impl Required {
    /// The longest run that every match of an expression holds, unless it is too short to help.
    pub(super) fn of(node: &Node) -> Option<Self> {
        let mut runs = Runs::default();
        runs.walk(node);
        runs.cut();
        let bytes = runs.longest;
        let rare = (0..bytes.len()).min_by_key(|at| bytes.get(*at).map(|byte| commonness(*byte)))?;
        let is_rare = bytes.len() > 1 || bytes.first().is_some_and(|byte| commonness(*byte) < 2);
        is_rare.then_some(Self { bytes, rare })
    }

    /// Where the bytes stand next.
    pub(super) fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        let wanted = *self.bytes.get(self.rare)?;
        let mut at = from + self.rare;
        loop {
            at += position(text.get(at..)?, wanted)?;
            let start = at - self.rare;
            let there = text.get(start..start + self.bytes.len());
            if there.is_some_and(|there| there.eq_ignore_ascii_case(&self.bytes)) {
                return Some(start);
            }
            at += 1;
        }
    }
}

/// How common a byte is in texts, roughly.
fn commonness(byte: u8) -> u8 {
    match byte {
        b' ' | b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 3,
        b'a'..=b'z' | b'0'..=b'9' | 0x80.. => 2,
        b'.' | b',' | b'-' | b'"' | b':' | b'\n' => 1,
        _ => 0,
    }
}

/// Where a byte stands first, given in lower case: eight bytes at a time.
fn position(text: &[u8], wanted: u8) -> Option<usize> {
    const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let case = if wanted.is_ascii_lowercase() { 0x20 } else { 0 };
    let (mask, pattern) = (u64::from(case) * LOW, u64::from(wanted) * LOW);
    // A byte that is zero borrows from its neighbour: http://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord
    let may_hold = |eight: &[u8; 8]| {
        let differs = (u64::from_le_bytes(*eight) | mask) ^ pattern;
        differs.wrapping_sub(LOW) & !differs & HIGH != 0
    };
    let (eights, _) = text.as_chunks::<8>();
    let skipped = 8 * eights.iter().position(may_hold).unwrap_or(eights.len());
    let rest = text.get(skipped..)?;
    rest.iter()
        .position(|byte| byte | case == wanted)
        .map(|at| skipped + at)
}

/// Runs of single characters in a row.
#[derive(Default)]
struct Runs {
    run: Vec<u8>,
    longest: Vec<u8>,
}

impl Runs {
    fn walk(&mut self, node: &Node) {
        match node {
            Node::Empty | Node::Look(_) => {}
            Node::Set(set) => self.set(set),
            Node::Group(inner, _) => self.walk(inner),
            Node::Concat(parts) => parts.iter().for_each(|part| self.walk(part)),
            Node::Repeat(inner, Times { min: 1.., .. }) => {
                self.cut();
                self.walk(inner);
                self.cut();
            }
            Node::Repeat(..) | Node::Alternate(_) => self.cut(),
        }
    }

    fn set(&mut self, set: &Set) {
        match set.ranges() {
            [(c, last)] if c == last => {
                let c = char::from_u32(*c).unwrap_or_default().to_ascii_lowercase();
                self.run.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            // Both cases of a letter.
            [(upper, a), (lower, b)]
                if upper == a && lower == b && *lower < 128 && *upper == lower ^ 0x20 =>
            {
                self.run.push(*lower as u8);
            }
            _ => self.cut(),
        }
        self.run.truncate(MAX_BYTES);
    }

    fn cut(&mut self) {
        if self.run.len() > self.longest.len() {
            self.longest.clone_from(&self.run);
        }
        self.run.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::{Group, parse};
    use super::{Required, position};
    use proptest::prelude::*;

    fn required(source: &str) -> Option<String> {
        let required = Required::of(&parse(source, Group::Whole).unwrap())?;
        Some(String::from_utf8(required.bytes).unwrap())
    }

    #[test]
    fn every_match_holds_them() {
        for (source, wanted) in [
            (r"EMP-\d{6}", Some("emp-")),
            (r"\b[a-z]+@corp\.example\b", Some("@corp.example")),
            ("(?i)straße", Some("straße")),
            (r"(?:ab)+cd?efg", Some("efg")),
            ("a|b", None),
            ("x{0,3}", None),
            ("a", None),
            ("#", Some("#")),
            (r"\d+", None),
        ] {
            assert_eq!(required(source).as_deref(), wanted, "{source}");
        }
    }

    proptest! {
        #[test]
        fn bytes_are_found_where_they_stand(text in "[aA@\u{c1}x]{0,40}", wanted in "[a@]") {
            let wanted = wanted.as_bytes()[0];
            let known = text.bytes().position(|byte| byte.to_ascii_lowercase() == wanted);
            prop_assert_eq!(position(text.as_bytes(), wanted), known);
        }
    }
}
