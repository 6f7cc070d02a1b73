//! A text that many patterns are looked up in.

/// A text in lower case, with the pairs of bytes that occur in it: most patterns have one that does not.
#[derive(Debug)]
pub(super) struct Text {
    lower: String,
    /// A bit for each pair, by a hash of 12 bits.
    pairs: [u64; 64],
}

impl Text {
    /// ASCII alone changes its case, so offsets stay.
    pub(super) fn new(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        let mut pairs = [0; 64];
        let bytes = lower.as_bytes();
        for (a, b) in bytes.iter().zip(bytes.iter().skip(1)) {
            let (word, bit) = place(*a, *b);
            if let Some(word) = pairs.get_mut(word) {
                *word |= bit;
            }
        }
        Self { lower, pairs }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.lower
    }

    /// The same text with `/` for every slash.
    pub(super) fn slashed(&self) -> Option<Self> {
        self.lower
            .contains('\\')
            .then(|| Self::new(&self.lower.replace('\\', "/")))
    }

    /// Where a pattern of lower case occurs.
    pub(super) fn all<'t>(&'t self, pattern: &'t str) -> impl Iterator<Item = usize> + 't {
        let text = if self.may_have(pattern) { self.as_str() } else { "" };
        text.match_indices(pattern).map(|(at, _)| at)
    }

    fn may_have(&self, pattern: &str) -> bool {
        let bytes = pattern.as_bytes();
        bytes.iter().zip(bytes.iter().skip(1)).all(|(a, b)| {
            let (word, bit) = place(*a, *b);
            self.pairs.get(word).is_some_and(|word| word & bit != 0)
        })
    }
}

fn place(a: u8, b: u8) -> (usize, u64) {
    let hash = (usize::from(a) * 37) ^ (usize::from(b) << 3);
    (hash >> 6 & 63, 1 << (hash & 63))
}
