//! Words that are common, and what they look like in rot13 and backwards.

use std::sync::LazyLock;

use super::vocabulary::vocabulary;

/// What is known about a word: where in a number the count of such words begins, eight bits each.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A word as it is.
    Plain = 0,
    /// A word in rot13.
    Rot13 = 8,
    /// A word backwards.
    Reversed = 16,
}

/// Common words of English, Spanish, French, German, Portuguese and Italian, and those of attacks, without marks.
const COMMON: &str = "the and you all your that this with for not are was have from what will can any but how who our \
    out now them they then when were been has had his her its one more also just only about should would could there \
    their these those please ignore previous prior instruction instructions system prompt rules tell answer following \
    show user must never always reveal secret disregard forget of to in is it me my we by on as at an be do or if so \
    no up el los las de del que en un una por para con es su se como mas todas todos instrucciones anteriores tus \
    eres sistema ignora muestra responde olvida le la les des du et est une qui dans pour pas sur vous avec tous \
    toutes ce sont plus ignorez precedentes votre moi der die das und ist nicht ein eine zu den mit sie ich auf fur \
    alle von dem ihre deine anweisungen vorherigen ignoriere zeige wie auch os da dos em um uma com nao voce suas seu \
    instrucoes esqueca mostre il lo gli di che per non sono della tutte tutti istruzioni precedenti tuo mostra";
/// Common words of Russian, for text that is backwards.
const RUSSIAN: &str =
    "не что это для все мне так его она они при если уже чтобы только инструкции предыдущие";
/// Words that others make in rot13 or backwards, and that stand in plain text.
const CHANCE: &str = "bar she gel jung dna ipa lru sed sel sol anu red sad nie nov med ned tim eis ruf ella rep led sap \
    rus era ton won saw eno dam sam sod ort eus liam yam elba pots pets loot tar trap drow yad emit dog pot peek hey \
    tub eid eve";
/// Words that are each other in rot13.
const NEUTRAL: [&str; 2] = ["be", "or"];
/// Shorter words, in bytes, are others by chance too often.
const LEAST_TURNED: usize = 3;

/// Buckets of the table, a power of two.
const BUCKETS: usize = 4096;
/// Words of a bucket. A third one is lost, which is dearer to keep than to miss: some hundred others tell the same.
const CELLS: usize = 2;
/// Bits of a cell that hold kinds; the rest tell words apart.
const KIND_BITS: u32 = 3;
/// Longer words are not common.
const LONGEST: usize = 16;
/// Bytes of a word that are looked at.
const HEAD: usize = 8;

/// On the heap: in a static its empty cells would be bytes of the module.
static KNOWN: LazyLock<Box<Words>> = LazyLock::new(|| Box::new(Words::new()));

/// What is known about words: a table of hashes.
pub(super) struct Words([[u16; CELLS]; BUCKETS]);

impl Words {
    pub(super) fn known() -> &'static Self {
        &KNOWN
    }

    fn new() -> Self {
        let mut words = Self([[0; CELLS]; BUCKETS]);
        let latin = || COMMON.split_whitespace().chain(vocabulary());
        let both = || latin().chain(RUSSIAN.split_whitespace());
        let plain = both()
            .chain(CHANCE.split_whitespace())
            .filter(|word| !NEUTRAL.contains(word));
        plain.for_each(|word| words.add(word, Kind::Plain));
        for word in both() {
            words.add_turned(word.chars().rev().collect(), Kind::Reversed);
        }
        for word in latin() {
            words.add_turned(word.chars().map(rot13).collect(), Kind::Rot13);
        }
        words
    }

    /// Adds what a word looks like, unless that is a word.
    fn add_turned(&mut self, turned: String, kind: Kind) {
        let kinds = self.kinds(turned.as_bytes(), 0, turned.len());
        if turned.len() >= LEAST_TURNED && kinds & 1 << Kind::Plain as u32 == 0 {
            self.add(&turned, kind);
        }
    }

    fn add(&mut self, word: &str, kind: Kind) {
        let (bucket, mark) = place(head(word.as_bytes(), 0, word.len()), word.len());
        let mut cells = self.0.get_mut(bucket).into_iter().flatten();
        if let Some(cell) = cells.find(|cell| **cell == 0 || **cell >> KIND_BITS == mark) {
            *cell |= mark << KIND_BITS | 1 << (kind as u16 / 8);
        }
    }

    /// What is known about the word of so many bytes at an offset: one of each kind that it is.
    #[inline(always)]
    pub(super) fn kinds(&self, bytes: &[u8], start: usize, len: usize) -> u32 {
        if len > LONGEST {
            return 0;
        }
        let (bucket, mark) = place(head(bytes, start, len), len);
        let [first, second] = self.0.get(bucket).copied().unwrap_or_default();
        let kinds = kinds_of(first, mark) | kinds_of(second, mark);
        // A bit of each kind to the start of its count.
        (kinds * 0x4081) & 0x01_0101
    }
}

/// The kinds in a cell, if it is that of a word.
#[inline(always)]
fn kinds_of(cell: u16, mark: u16) -> u32 {
    let kinds = u32::from(cell) & ((1 << KIND_BITS) - 1);
    if cell >> KIND_BITS == mark { kinds } else { 0 }
}

/// The first bytes of a word as a number, in small letters.
#[inline(always)]
fn head(bytes: &[u8], start: usize, len: usize) -> u64 {
    let rest = bytes.get(start..).unwrap_or_default();
    let word = match rest.first_chunk::<HEAD>() {
        Some(head) => u64::from_le_bytes(*head),
        None => rest
            .iter()
            .rev()
            .fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    let unused = (HEAD - len.min(HEAD)) as u32 * 8;
    (word | 0x2020_2020_2020_2020) << unused >> unused
}

/// The bucket of a word, and what tells it from others there.
#[inline(always)]
fn place(head: u64, len: usize) -> (usize, u16) {
    let hash = (head ^ (len as u64) << 59).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (
        (hash >> (64 - BUCKETS.ilog2())) as usize % BUCKETS,
        (hash >> 32) as u16 >> KIND_BITS,
    )
}

/// A letter moved by half the alphabet.
pub fn rot13(c: char) -> char {
    match c {
        'a'..='m' | 'A'..='M' => char::from(c as u8 + 13),
        'n'..='z' | 'N'..='Z' => char::from(c as u8 - 13),
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::{COMMON, Kind, NEUTRAL, RUSSIAN, Words};
    use crate::view::vocabulary::vocabulary;

    #[test]
    fn few_words_are_lost() {
        let words = Words::known();
        let has =
            |word: &str, kind: Kind| words.kinds(word.as_bytes(), 0, word.len()) >> kind as u32 & 1 == 1;
        let latin: Vec<&str> = COMMON.split_whitespace().chain(vocabulary()).collect();
        let all = latin.iter().copied().chain(RUSSIAN.split_whitespace());
        let lost: Vec<&str> = all
            .filter(|word| !has(word, Kind::Plain) && !NEUTRAL.contains(word))
            .collect();
        assert!(lost.len() < 10, "{lost:?}");
        let turned = latin
            .iter()
            .map(|word| word.chars().map(super::rot13).collect::<String>());
        let found = turned.filter(|word| has(word, Kind::Rot13)).count();
        assert!(found * 100 > latin.len() * 85, "{found} of {}", latin.len());
    }

    #[test]
    fn words_are_known_in_either_case() {
        let kinds = |word: &str| Words::known().kinds(word.as_bytes(), 0, word.len());
        assert_eq!(kinds("eht"), 1 << Kind::Reversed as u32);
        assert_eq!(
            (kinds("gur"), kinds("GUR")),
            (1 << Kind::Rot13 as u32, 1 << Kind::Rot13 as u32)
        );
        assert_eq!(kinds("xyzzy"), 0);
    }
}
