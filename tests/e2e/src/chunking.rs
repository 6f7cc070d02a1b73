//! Where a body is cut on its way into the proxy.

use std::fmt;

/// A way to cut bodies. The same value cuts the same body always at the same places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunking {
    /// As the scenario wrote it.
    Whole,
    /// One byte a chunk.
    Bytes,
    /// In two, at this offset.
    At(usize),
    /// Up to eight cuts at places drawn from this seed.
    Seeded(u64),
}

/// Bodies up to this size are cut at each of their bytes natively.
pub const EVERY_SPLIT_BYTES: usize = 700;

impl Chunking {
    /// Cuts `bytes`; the parts are never empty.
    pub fn cut<'a>(&self, bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let mut cuts: Vec<usize> = match *self {
            Self::Whole => Vec::new(),
            Self::Bytes => (1..bytes.len()).collect(),
            Self::At(offset) => vec![offset],
            Self::Seeded(seed) => seeded(seed, bytes.len()),
        };
        cuts.retain(|&cut| cut > 0 && cut < bytes.len());
        cuts.sort_unstable();
        cuts.dedup();
        let ends = cuts.iter().copied().chain([bytes.len()]);
        let starts = std::iter::once(0).chain(cuts.iter().copied());
        starts
            .zip(ends)
            .filter(|(start, end)| start < end)
            .map(|(start, end)| &bytes[start..end])
            .collect()
    }

    /// The chunkings of a native run for bodies up to `longest` bytes.
    pub fn native(longest: usize) -> Vec<Self> {
        let mut all = vec![Self::Whole];
        if longest <= EVERY_SPLIT_BYTES {
            all.extend((1..longest).map(Self::At));
        }
        if longest <= 64 * 1024 {
            all.push(Self::Bytes);
        }
        all.extend((1..=16).map(Self::Seeded));
        all
    }

    /// The chunkings of a run through a real proxy.
    pub fn wire(longest: usize) -> Vec<Self> {
        let mut all = vec![Self::Whole];
        if longest <= 16 * 1024 {
            all.push(Self::Bytes);
        }
        all.extend((1..=8).map(Self::Seeded));
        all
    }
}

impl fmt::Display for Chunking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => write!(f, "whole"),
            Self::Bytes => write!(f, "1-byte chunks"),
            Self::At(offset) => write!(f, "cut at {offset}"),
            Self::Seeded(seed) => write!(f, "seed {seed}"),
        }
    }
}

fn seeded(seed: u64, length: usize) -> Vec<usize> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ length as u64;
    let mut draw = || {
        // xorshift64*: small, and good enough to scatter cuts.
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    };
    let count = 1 + draw() % 8;
    (0..count)
        .map(|_| if length == 0 { 0 } else { draw() as usize % length })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chunking_gives_all_bytes_back() {
        let body: Vec<u8> = (0..200).collect();
        for chunking in Chunking::native(body.len()) {
            let parts = chunking.cut(&body);
            assert_eq!(parts.concat(), body, "{chunking}");
            assert!(parts.iter().all(|part| !part.is_empty()), "{chunking}");
        }
        assert!(Chunking::Bytes.cut(b"").is_empty());
        assert_eq!(Chunking::Bytes.cut(b"ab").len(), 2);
    }

    #[test]
    fn seeds_cut_at_different_places() {
        let body = [0_u8; 1000];
        let first: Vec<usize> = Chunking::Seeded(1)
            .cut(&body)
            .iter()
            .map(|part| part.len())
            .collect();
        let second: Vec<usize> = Chunking::Seeded(2)
            .cut(&body)
            .iter()
            .map(|part| part.len())
            .collect();
        assert_ne!(first, second);
    }
}
