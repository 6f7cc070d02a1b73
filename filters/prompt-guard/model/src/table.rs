//! The table of weights: its layout, and what it says of an n-gram.
//!
//! Weights lie in buckets of four: the upper bits of an n-gram's hash name the bucket, its lowest byte is kept to tell it from
//! others. One n-gram in a hundred that was never learnt passes for one that was.
//!
//! Layout, little-endian: `PGT1`; for each head (direct, indirect) the binary logarithm of its number of buckets (u8), tokens
//! a block (u16), bias, unit of a weight and slope (f32 each), a threshold for each script (f32, in the order of
//! [`Script::ALL`]), then its buckets: four bytes of hashes, four signed weights. A weight of zero is an empty place. Last the
//! number of entries of concepts (u32), and the entries (u32 each): the upper bits of a hash, and the concept in the lower six.

use crate::concepts::Concepts;
use crate::token::Script;
use std::fmt;

const MAGIC: &[u8; 4] = b"PGT1";
const MAX_BITS: u8 = 16;
/// Most entries of concepts.
const MAX_ENTRIES: u32 = 1 << 16;
/// Places of a bucket.
pub(crate) const PLACES: usize = 4;
/// Fewest tokens that a window counts as: one word proves little.
pub const MIN_TOKENS: u32 = 4;

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
    pub(crate) concepts: Concepts,
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
    pub(crate) fn weight(&self, gram: u32) -> Option<(u32, i8)> {
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
    pub(crate) fn odds(&self, sum: i32, tokens: u32) -> f32 {
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
