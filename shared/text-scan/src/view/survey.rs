//! One look at a text that tells which rewritings could change it, so that plain text pays for no more.
//!
//! Sixty-four bytes at a time become a mask of bits for each class of bytes; words are found where bits change.

use super::block::{BLOCK, Masks, TOPS, digits, mask};
use super::words::{Kind, Words};
use super::work;

/// Letters that stand alone, one after the other, before a text is one of letters that stand apart.
const SINGLES: u32 = 4;
/// Bytes between two such letters: blanks, and a comma.
const SINGLE_GAP: usize = 5;
/// Digits before letters in a block, before a text may be spelt in digits.
const LEET_DIGITS: u32 = 3;
/// Pairs of digits that stand alone in a block, before it may be one of coded bytes.
const DIGIT_PAIRS: u32 = 3;
/// Words of a coded language, less plain ones, before a text may be in it.
const CODED_WORDS: u32 = 2;
/// In a shorter text without any plain word, one is enough.
const SHORT_TEXT: usize = 256;
/// Letters and digits in a row before a text may hold coded bytes: what base64 has without its padding.
const RUN_CHARS: u32 = 14;

/// What a text may hold.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Where blocks begin that may hold coded runs.
    pub(super) coded: Vec<u32>,
    /// Letters that stand apart.
    pub(super) spaced: bool,
    /// Words with digits for letters.
    pub(super) leet: bool,
    /// Words with each letter moved by half the alphabet.
    pub(super) rot13: bool,
    /// Words that are written backwards.
    pub(super) reversed: bool,
}

impl Survey {
    pub(super) fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut look = Look::new(bytes);
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        for (index, block) in blocks.iter().enumerate() {
            look.block(index * BLOCK, block);
        }
        let mut last = [0; BLOCK];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        look.block(bytes.len() - rest.len(), &last);
        look.finish()
    }
}

/// A survey under way.
struct Look<'t> {
    bytes: &'t [u8],
    words: &'static Words,
    found: Survey,
    /// Whether the last block ends within a word, and where that began.
    is_word: bool,
    start: usize,
    /// Letters and digits in a row up to here.
    run: u32,
    /// Letters that stand alone up to here, and where the last one ends.
    singles: u32,
    single_end: usize,
    /// Plain words of the whole text.
    plain: u32,
    /// Coded words up to here, less plain ones.
    rot13: u32,
    reversed: u32,
}

impl<'t> Look<'t> {
    fn new(bytes: &'t [u8]) -> Self {
        Self {
            bytes,
            words: Words::known(),
            found: Survey::default(),
            is_word: false,
            start: 0,
            run: 0,
            singles: 0,
            single_end: 0,
            plain: 0,
            rot13: 0,
            reversed: 0,
        }
    }

    #[inline(always)]
    fn block(&mut self, base: usize, block: &[u8; BLOCK]) {
        work::count(BLOCK);
        let masks = Masks::of(block);
        let beyond = if masks.beyond {
            mask(block, |word| word & TOPS)
        } else {
            0
        };
        let ascii = masks.words & !beyond;
        let is_coded = self.has_run(ascii) | masks.opens;
        let has_bytes = masks.digits && self.digits(mask(block, digits), masks.words, ascii);
        if is_coded || has_bytes {
            self.found.coded.push(base as u32);
        }
        self.block_words(base, masks.words, masks.beyond);
    }

    /// Looks at the words that end in a block.
    #[inline(always)]
    fn block_words(&mut self, base: usize, words: u64, beyond: bool) {
        let before = words << 1 | u64::from(self.is_word);
        let (mut starts, mut ends) = (words & !before, before & !words);
        let mut next_start = || {
            let start = base + starts.trailing_zeros() as usize;
            starts &= starts.wrapping_sub(1);
            start
        };
        let mut start = if self.is_word { self.start } else { next_start() };
        let mut kinds = 0;
        while ends != 0 {
            let end = base + ends.trailing_zeros() as usize;
            ends &= ends - 1;
            kinds += self.look_at(start, end, beyond);
            start = next_start();
        }
        (self.start, self.is_word) = (start, words >> 63 != 0);
        self.weigh(kinds);
    }

    /// Whether letters and digits of ASCII stand in a row, in a block and across its start.
    #[inline(always)]
    fn has_run(&mut self, ascii: u64) -> bool {
        let first = self.run + ascii.trailing_ones();
        let twos = ascii & ascii >> 1;
        let fours = twos & twos >> 2;
        let eights = fours & fours >> 4;
        self.run = if ascii == u64::MAX {
            RUN_CHARS
        } else {
            ascii.leading_ones()
        };
        first >= RUN_CHARS || eights & eights >> (RUN_CHARS - 8) != 0
    }

    /// Notes digits before letters. Whether there are bytes as two digits each: one that a block cuts is lost.
    fn digits(&mut self, digits: u64, words: u64, ascii: u64) -> bool {
        self.found.leet |= (digits & (ascii & !digits) >> 1).count_ones() >= LEET_DIGITS;
        let starts = digits & !(words << 1);
        let second = starts & words >> 1;
        let fourth = second & words >> 2 & words >> 3 & !(words >> 4);
        (second & !(words >> 2) | fourth).count_ones() >= DIGIT_PAIRS
    }

    /// What is known about a word from here to there.
    #[inline(always)]
    fn look_at(&mut self, start: usize, end: usize, beyond: bool) -> u32 {
        let len = end - start;
        if len != 1 && !(beyond && self.is_wide(start, len)) {
            self.singles = 0;
            return self.words.kinds(self.bytes, start, len);
        }
        if self.bytes.get(start).is_some_and(|byte| !byte.is_ascii_digit()) {
            self.singles = if start - self.single_end <= SINGLE_GAP {
                self.singles + 1
            } else {
                1
            };
            self.single_end = end;
            self.found.spaced |= self.singles >= SINGLES;
        }
        0
    }

    /// Whether so many bytes are one letter beyond ASCII.
    #[inline(always)]
    fn is_wide(&self, start: usize, len: usize) -> bool {
        let lead = self.bytes.get(start).copied().unwrap_or_default();
        matches!((lead, len), (0xc0..=0xdf, 2) | (0xe0..=0xef, 3) | (0xf0.., 4))
    }

    /// Weighs words that are common in some language against those that would be if they were read otherwise.
    #[inline(always)]
    fn weigh(&mut self, kinds: u32) {
        let count = |kind: Kind| kinds >> kind as u32 & 0xff;
        let plain = count(Kind::Plain);
        self.plain += plain;
        self.rot13 = (self.rot13 + count(Kind::Rot13)).saturating_sub(plain);
        self.reversed = (self.reversed + count(Kind::Reversed)).saturating_sub(plain);
        self.found.rot13 |= self.rot13 >= CODED_WORDS;
        self.found.reversed |= self.reversed >= CODED_WORDS;
    }

    fn finish(mut self) -> Survey {
        if self.is_word {
            let kinds = self.look_at(self.start, self.bytes.len(), true);
            self.weigh(kinds);
        }
        if self.plain == 0 && self.bytes.len() < SHORT_TEXT {
            self.found.rot13 |= self.rot13 > 0;
            self.found.reversed |= self.reversed > 0;
        }
        self.found
    }
}
