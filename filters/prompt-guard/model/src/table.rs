//! The table of weights, and the score that it gives a text.
//!
//! Weights lie in buckets of four: the upper bits of an n-gram's hash name the bucket, its lowest byte is kept to tell it from
//! others. One n-gram in a hundred that was never learnt passes for one that was.
//!
//! Layout, little-endian: `PGT1`; for each head (direct, indirect) the binary logarithm of its number of buckets (u8), tokens
//! a block (u16), bias, unit of a weight and slope (f32 each), a threshold for each script (f32, in the order of
//! [`Script::ALL`]), then its buckets: four bytes of hashes, four signed weights. A weight of zero is an empty place. Last the
//! number of entries of concepts (u32), and the entries (u32 each): the upper bits of a hash, and the concept in the lower six.

use crate::concepts::Concepts;
use crate::grams::Reader;
use crate::token::{Script, Token, Tokens};
use std::fmt;
use std::ops::Range;

const MAGIC: &[u8; 4] = b"PGT1";
const MAX_BITS: u8 = 16;
/// Most entries of concepts.
const MAX_ENTRIES: u32 = 1 << 16;
/// Places of a bucket.
const PLACES: usize = 4;
/// Fewest tokens that a window counts as: one word proves little.
const MIN_TOKENS: u32 = 4;
/// Tokens of a part of a block. Two in a row are a window too, or harmless words around an attack would outweigh it.
const PART: u32 = 16;
/// Log odds that such a window needs more than others: a few words prove less.
const SHORT: f32 = 1.0;
/// Log odds that the direct head needs more of a text from elsewhere, which its other head reads first.
const ELSEWHERE: f32 = 2.0;

/// A bucket: four bytes of hashes, and their four weights.
type Bucket = [u32; 2];

/// Which texts a head was trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// What a user types.
    Direct,
    /// What comes from elsewhere: tool output, documents, quoted texts.
    Indirect,
}

impl Side {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Direct, Self::Indirect];

    /// The name in the card and in `penstock explain`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Indirect => "indirect",
        }
    }
}

/// The weights of one kind of text.
#[derive(Clone, Debug)]
pub struct Head {
    /// Binary logarithm of the number of buckets.
    pub bits: u8,
    /// Tokens a block.
    pub block: u16,
    /// Log odds of a text without n-grams.
    pub bias: f32,
    /// What a weight of one stands for.
    pub unit: f32,
    /// How fast the score leaves one half on both sides of the threshold.
    pub slope: f32,
    /// Log odds from which on a text is flagged, by script.
    pub thresholds: [f32; Script::ALL.len()],
    /// The weights.
    pub buckets: Vec<[u32; 2]>,
}

/// The weights of both.
#[derive(Clone, Debug)]
pub struct Table {
    heads: [Head; 2],
    concepts: Concepts,
}

/// Bytes that are no table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableError;

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a table of weights")
    }
}

impl std::error::Error for TableError {}

impl Table {
    /// Puts two heads together.
    pub fn new(direct: Head, indirect: Head, concepts: Concepts) -> Self {
        Self {
            heads: [direct, indirect],
            concepts,
        }
    }

    /// Reads a table.
    ///
    /// # Errors
    /// Bytes of another layout.
    pub fn read(bytes: &[u8]) -> Result<Self, TableError> {
        let mut rest = bytes.strip_prefix(MAGIC).ok_or(TableError)?;
        let heads = [Head::read(&mut rest)?, Head::read(&mut rest)?];
        let count = u32::from_le_bytes(take(&mut rest)?);
        let entries = (0..count.min(MAX_ENTRIES))
            .map(|_| take(&mut rest).map(u32::from_le_bytes))
            .collect::<Result<Vec<_>, _>>()?;
        let concepts = Concepts::again(&entries);
        if rest.is_empty() {
            Ok(Self { heads, concepts })
        } else {
            Err(TableError)
        }
    }

    /// Writes it.
    pub fn write(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        self.heads.iter().for_each(|head| head.write(&mut out));
        let entries = self.concepts.all();
        out.extend((entries.len() as u32).to_le_bytes());
        out.extend(entries.into_iter().flat_map(u32::to_le_bytes));
        out
    }

    /// The weights of one kind of text.
    pub fn head(&self, side: Side) -> &Head {
        let [direct, indirect] = &self.heads;
        match side {
            Side::Direct => direct,
            Side::Indirect => indirect,
        }
    }
}

impl Head {
    fn read(rest: &mut &[u8]) -> Result<Self, TableError> {
        let [bits] = take(rest)?;
        if bits > MAX_BITS {
            return Err(TableError);
        }
        let block = u16::from_le_bytes(take(rest)?);
        let [bias, unit, slope] = [take_float(rest)?, take_float(rest)?, take_float(rest)?];
        let mut thresholds = [0.0; Script::ALL.len()];
        for threshold in &mut thresholds {
            *threshold = take_float(rest)?;
        }
        let word = |rest: &mut &[u8]| take(rest).map(u32::from_le_bytes);
        let buckets = (0..1 << bits)
            .map(|_| Ok([word(rest)?, word(rest)?]))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            bits,
            block: block.max(1),
            bias,
            unit,
            slope,
            thresholds,
            buckets,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.bits);
        out.extend(self.block.to_le_bytes());
        let floats = [self.bias, self.unit, self.slope]
            .into_iter()
            .chain(self.thresholds);
        out.extend(floats.flat_map(f32::to_le_bytes));
        out.extend(self.buckets.iter().flatten().flat_map(|word| word.to_le_bytes()));
    }

    /// Puts weights of n-grams into buckets. Where one is full, those that weigh least are left out; gives how many.
    pub fn fill(&mut self, mut weights: Vec<(u32, i8)>) -> usize {
        weights.sort_by_key(|(gram, weight)| (std::cmp::Reverse(weight.unsigned_abs()), *gram));
        self.buckets = vec![Bucket::default(); 1 << self.bits];
        let mut left_out = 0;
        for (gram, weight) in weights {
            let at = self.bucket(gram);
            let Some([hashes, places]) = self.buckets.get_mut(at) else {
                continue;
            };
            let byte = |word: u32, place: usize| (word >> (place * 8)) as u8;
            let free = (0..PLACES).find(|place| byte(*places, *place) == 0);
            let taken =
                (0..PLACES).any(|place| byte(*places, place) != 0 && byte(*hashes, place) == gram as u8);
            match free.filter(|_| !taken) {
                Some(free) => {
                    *hashes |= u32::from(gram as u8) << (free * 8);
                    *places |= u32::from(weight.cast_unsigned()) << (free * 8);
                }
                None => left_out += 1,
            }
        }
        left_out
    }

    #[inline]
    fn bucket(&self, gram: u32) -> usize {
        (gram >> (32 - u32::from(self.bits))) as usize
    }

    /// The weight of an n-gram and its place, if it has one.
    #[inline]
    fn weight(&self, gram: u32) -> Option<(u32, i8)> {
        let at = self.bucket(gram);
        let [hashes, places] = *self.buckets.get(at)?;
        // The first of the four bytes that is zero here is the one that is equal (Hacker's Delight, 6-1).
        let differs = hashes ^ (gram & 0xff).wrapping_mul(0x0101_0101);
        let equal = differs.wrapping_sub(0x0101_0101) & !differs & 0x8080_8080;
        if equal == 0 {
            return None;
        }
        let place = equal.trailing_zeros() / 8;
        let weight = (places >> (place * 8)) as u8;
        (weight != 0).then_some((at as u32 * PLACES as u32 + place, weight.cast_signed()))
    }

    /// Log odds of a window.
    fn odds(&self, sum: i32, tokens: u32) -> f32 {
        sum as f32 * self.unit / (tokens.max(MIN_TOKENS) as f32).sqrt() + self.bias
    }

    /// From 0 to 1; one half where the log odds are those of the script's threshold.
    pub fn score(&self, odds: f32, script: Script) -> f32 {
        let [latin, han, kana, other] = self.thresholds;
        let threshold = match script {
            Script::Latin => latin,
            Script::Han => han,
            Script::Kana => kana,
            Script::Other => other,
        };
        1.0 / (1.0 + ((threshold - odds) * self.slope).exp())
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], TableError> {
    let (bytes, behind) = rest.split_first_chunk().ok_or(TableError)?;
    *rest = behind;
    Ok(*bytes)
}

fn take_float(rest: &mut &[u8]) -> Result<f32, TableError> {
    take(rest).map(f32::from_le_bytes).and_then(|float| {
        if float.is_finite() {
            Ok(float)
        } else {
            Err(TableError)
        }
    })
}

/// The score of a text, and of which part of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// From 0 to 1; flagged from one half on.
    pub score: f32,
    /// Log odds of an attack.
    pub odds: f32,
    /// The script of the text.
    pub script: Script,
    /// The head that says so.
    pub side: Side,
    /// Bytes of the text's worst window.
    pub range: Range<usize>,
}

/// Room to read texts in, kept from one to the next: the places of a block's n-grams, a bit each, and their list.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    seen: Vec<u64>,
    places: Vec<u32>,
}

/// A block of a text.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    sum: i32,
    tokens: u32,
    start: usize,
}

/// What a head says of the blocks of a text as they pass.
struct Walk<'h> {
    head: &'h Head,
    concepts: &'h Concepts,
    reader: Reader,
    /// Of this block. Empty between texts.
    scratch: Scratch,
    block: Block,
    last: Option<Block>,
    /// The last two parts, the latest first.
    parts: [Block; 2],
    best: Option<(f32, Range<usize>)>,
    /// The worst of the windows of parts.
    short: (f32, Range<usize>),
}

impl<'h> Walk<'h> {
    fn new(head: &'h Head, concepts: &'h Concepts, scratch: &mut Scratch) -> Self {
        let mut scratch = std::mem::take(scratch);
        let words = head.buckets.len() * PLACES / 64 + 1;
        if scratch.seen.len() < words {
            scratch.seen.resize(words, 0);
        }
        Self {
            head,
            concepts,
            reader: Reader::default(),
            scratch,
            block: Block::default(),
            last: None,
            parts: [Block::default(); 2],
            best: None,
            short: (f32::NEG_INFINITY, 0..0),
        }
    }

    #[inline]
    fn push(&mut self, token: Token) {
        if self.block.tokens == u32::from(self.head.block) {
            self.close(token.start);
            self.last = Some(std::mem::take(&mut self.block));
            self.block.start = token.start;
        }
        if self.parts[0].tokens == PART {
            self.close_part(token.start);
        }
        self.block.tokens += 1;
        self.parts[0].tokens += 1;
        let Self {
            head,
            scratch: Scratch { seen, places },
            block,
            parts: [part, _],
            ..
        } = self;
        self.reader.push(token, self.concepts, |gram, _| {
            let Some((place, weight)) = head.weight(gram) else {
                return;
            };
            let Some(word) = seen.get_mut((place >> 6) as usize) else {
                return;
            };
            if *word >> (place & 63) & 1 == 0 {
                *word |= 1 << (place & 63);
                places.push(place);
                block.sum += i32::from(weight);
                part.sum += i32::from(weight);
            }
        });
    }

    /// Ends a part: it and the one before are a short window.
    fn close_part(&mut self, end: usize) {
        let [part, last] = self.parts;
        let odds = self.head.odds(part.sum + last.sum, part.tokens + last.tokens) - SHORT;
        if odds > self.short.0 {
            self.short = (odds, last.start..end);
        }
        let next = Block {
            start: end,
            ..Block::default()
        };
        self.parts = [next, part];
    }

    /// Ends a block: it and the one before are a window.
    fn close(&mut self, end: usize) {
        let last = self.last.unwrap_or(Block {
            start: self.block.start,
            ..Block::default()
        });
        let odds = self
            .head
            .odds(self.block.sum + last.sum, self.block.tokens + last.tokens);
        // The first block is no window of its own, if there is another.
        let alone = self
            .best
            .as_ref()
            .is_some_and(|(_, range)| range.start == last.start);
        if alone || self.best.as_ref().is_none_or(|(best, _)| odds > *best) {
            self.best = Some((odds, last.start..end));
        }
        for place in self.scratch.places.drain(..) {
            if let Some(word) = self.scratch.seen.get_mut((place >> 6) as usize) {
                *word = 0;
            }
        }
    }
}

impl Table {
    /// What is said of a text. One from elsewhere may hold what a user would type to turn the model round, so both heads read it.
    pub fn score(&self, text: &str, side: Side, scratch: &mut Scratch) -> Scored {
        let scored = self.read_by(side, 0.0, text, scratch);
        if side == Side::Direct {
            return scored;
        }
        let direct = self.read_by(Side::Direct, ELSEWHERE, text, scratch);
        if direct.score > scored.score {
            direct
        } else {
            scored
        }
    }

    /// What a head says of a text, less some log odds.
    fn read_by(&self, side: Side, less: f32, text: &str, scratch: &mut Scratch) -> Scored {
        let mut walk = Walk::new(self.head(side), &self.concepts, scratch);
        let mut tokens = Tokens::new(text);
        for token in tokens.by_ref() {
            walk.push(token);
        }
        walk.close(text.len());
        walk.close_part(text.len());
        *scratch = walk.scratch;
        let script = tokens.letters().script();
        let (odds, range) = walk
            .best
            .filter(|(best, _)| *best >= walk.short.0)
            .unwrap_or(walk.short);
        let odds = odds - less;
        Scored {
            score: walk.head.score(odds, script),
            odds,
            script,
            side,
            range,
        }
    }

    /// The n-grams of a window with their bytes, those that weigh most either way first.
    pub fn weigh(&self, text: &str, side: Side, range: &Range<usize>) -> Vec<(Range<usize>, f32)> {
        let head = self.head(side);
        let mut reader = Reader::default();
        let mut found: Vec<(u32, Range<usize>, f32)> = Vec::new();
        for token in Tokens::new(text) {
            let inside = range.contains(&token.start);
            reader.push(token, &self.concepts, |gram, start| {
                let Some((place, weight)) = head.weight(gram).filter(|_| inside) else {
                    return;
                };
                if !found.iter().any(|(known, ..)| *known == place) {
                    found.push((place, start..token.end, f32::from(weight) * head.unit));
                }
            });
        }
        found.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()));
        found
            .into_iter()
            .map(|(_, range, weight)| (range, weight))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Head, Scratch, Script, Side, Table};
    use crate::concepts::{Concepts, entry};
    use crate::grams::Grams;
    use crate::token::Tokens;
    use proptest::prelude::*;

    fn head(block: u16, weights: Vec<(u32, i8)>) -> Head {
        let mut head = Head {
            bits: 6,
            block,
            bias: -1.0,
            unit: 0.1,
            slope: 1.0,
            thresholds: [0.0, 0.5, 1.0, 1.5],
            buckets: Vec::new(),
        };
        assert_eq!(head.fill(weights), 0);
        head
    }

    fn word(text: &str) -> u32 {
        Tokens::new(text).next().unwrap().hash
    }

    /// `bad` weighs 10, `good` weighs -10, `ignore` and `rules` are concepts of which the pair weighs 20.
    fn table(block: u16) -> Table {
        let concepts = Concepts::new(&[(entry("ignore").unwrap(), 1), (entry("rules").unwrap(), 2)]);
        let pair = Grams::new("ignore rules", 10, &concepts).blocks[0].0.clone();
        let alone = Grams::new("ignore rules", 10, &Concepts::default()).blocks[0]
            .0
            .clone();
        let other = Grams::new("rules x ignore", 10, &concepts).blocks[0].0.clone();
        let pair = pair
            .into_iter()
            .find(|gram| !alone.contains(gram) && !other.contains(gram))
            .unwrap();
        let weights = vec![(word("bad"), 100), (word("good"), -100), (pair, 127)];
        Table::new(head(block, weights.clone()), head(block, weights), concepts)
    }

    #[test]
    fn the_score_is_that_of_the_worst_window() {
        let table = table(2);
        let mut scratch = Scratch::default();
        let mut score = |text: &str| table.score(text, Side::Direct, &mut scratch);
        assert_eq!(score("").odds, -1.0);
        // Four tokens at least: 10 / 2 - 1. A word twice in a block counts once.
        assert!((score("bad bad").odds - 4.0).abs() < 1e-5);
        let text = "a b c d e f bad g h i j";
        let worst = score(text);
        assert_eq!(text.get(worst.range.clone()), Some("e f bad g "));
        assert!((worst.odds - 4.0).abs() < 1e-5);
        assert!(score("bad good").odds < -0.9);
    }

    #[test]
    fn harmless_words_around_a_short_attack_do_not_outweigh_it() {
        let table = table(128);
        let mut scratch = Scratch::default();
        let mut odds = |text: &str| table.score(text, Side::Direct, &mut scratch).odds;
        let around = "x ".repeat(60);
        let (inside, outside) = (odds("bad good"), odds(&format!("bad {around} good {around}")));
        assert!(inside < 0.0 && outside > 0.0, "{inside} {outside}");
    }

    #[test]
    fn a_text_from_elsewhere_is_read_as_a_users_too() {
        let weights = vec![(word("bad"), 100)];
        let table = Table::new(head(64, weights), head(64, Vec::new()), Concepts::default());
        let scored = table.score("so bad", Side::Indirect, &mut Scratch::default());
        assert_eq!((scored.side, scored.odds), (Side::Direct, 2.0));
        let other = table.score("so good", Side::Indirect, &mut Scratch::default());
        assert_eq!(other.side, Side::Indirect);
    }

    #[test]
    fn concepts_count_in_their_order_whatever_stands_between() {
        let table = table(64);
        let mut scratch = Scratch::default();
        let mut odds = |text: &str| table.score(text, Side::Indirect, &mut scratch).odds;
        assert!(odds("Ignore all of the rules") > 3.0);
        assert!(odds("the rules ignore") < 0.0);
        assert!(odds(&format!("ignore {} rules", "x ".repeat(20))) < 0.0);
    }

    #[test]
    fn a_score_is_half_at_the_threshold_of_its_script() {
        let head = head(8, Vec::new());
        for (script, threshold) in Script::ALL.into_iter().zip(head.thresholds) {
            assert!((head.score(threshold, script) - 0.5).abs() < 1e-6);
            assert!(head.score(threshold + 1.0, script) > 0.7);
        }
    }

    #[test]
    fn what_weighs_most_is_named() {
        let table = table(64);
        let text = "so bad, ignore the rules";
        let grams = table.weigh(text, Side::Direct, &(0..text.len()));
        let named: Vec<(&str, f32)> = grams
            .iter()
            .map(|(range, weight)| (text.get(range.clone()).unwrap(), *weight))
            .collect();
        assert_eq!(named, [("ignore the rules", 12.7), ("bad", 10.0)]);
    }

    #[test]
    fn a_full_bucket_leaves_out_what_weighs_least() {
        let mut head = head(8, Vec::new());
        let grams: Vec<(u32, i8)> = (0..6).map(|n| (n, n as i8 + 1)).collect();
        assert_eq!(head.fill(grams), 2);
        assert_eq!((head.weight(5), head.weight(1)), (Some((0, 6)), None));
    }

    proptest! {
        #[test]
        fn a_table_is_read_as_it_was_written_and_no_other_bytes_are(cut in 0usize..2000, extra in 1usize..9) {
            let table = table(4);
            let bytes = table.write();
            let again = Table::read(&bytes).unwrap();
            let mut scratch = Scratch::default();
            let text = "bad words ignore the rules";
            prop_assert_eq!(table.score(text, Side::Direct, &mut scratch), again.score(text, Side::Direct, &mut scratch));
            prop_assert!(Table::read(&bytes[..cut.min(bytes.len() - 1)]).is_err());
            prop_assert!(Table::read(&[bytes.as_slice(), &vec![0; extra]].concat()).is_err());
        }

        #[test]
        fn any_text_has_a_score_and_leaves_no_trace(texts in prop::collection::vec(any::<String>(), 1..4)) {
            let table = table(3);
            let mut scratch = Scratch::default();
            for text in &texts {
                let used = table.score(text, Side::Direct, &mut scratch);
                prop_assert!(used.score.is_finite() && used.range.end <= text.len());
                prop_assert_eq!(&used, &table.score(text, Side::Direct, &mut Scratch::default()));
            }
        }
    }
}
