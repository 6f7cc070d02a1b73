//! Which backends have met the beginning of a prompt before, and so may have it in their KV cache.
//!
//! A prompt's beginning is a chain of blocks, each hashed with all before it. The index is a set-associative table:
//! bounded, without allocation, and what was used least recently in a set is forgotten first.

use crate::random::mix;

/// Places in a set.
const WAYS: usize = 8;

/// Bytes of a prompt in one block.
pub const BLOCK_BYTES: usize = 2048;

/// Most blocks of a prompt that are looked at.
pub const MAX_BLOCKS: usize = 128;

/// Hashes the beginning of a prompt, block by block, each with all before it.
///
/// ```
/// use penstock_cluster_picker::{BLOCK_BYTES, Blocks};
///
/// let mut blocks = Blocks::default();
/// blocks.push(&[b'a'; BLOCK_BYTES + 1]);
/// assert_eq!(blocks.finish().len(), 1);
/// ```
#[derive(Debug, Default)]
pub struct Blocks {
    chain: u64,
    rest: Vec<u8>,
    hashes: Vec<u32>,
}

impl Blocks {
    /// The next bytes of the prompt.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !self.is_full() && !bytes.is_empty() {
            let room = BLOCK_BYTES - self.rest.len();
            let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            bytes = later;
            if self.rest.is_empty() && now.len() == BLOCK_BYTES {
                self.block(now);
                continue;
            }
            self.rest.extend_from_slice(now);
            if self.rest.len() == BLOCK_BYTES {
                let block = std::mem::take(&mut self.rest);
                self.block(&block);
            }
        }
    }

    /// Whether all blocks that are looked at are there.
    pub fn is_full(&self) -> bool {
        self.hashes.len() >= MAX_BLOCKS
    }

    /// Hashes of the blocks that are whole.
    pub fn finish(self) -> Vec<u32> {
        self.hashes
    }

    fn block(&mut self, block: &[u8]) {
        let (words, _) = block.as_chunks::<8>();
        for word in words {
            self.chain = (self.chain ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.chain ^= self.chain >> 29;
        }
        self.chain = mix(self.chain);
        self.hashes.push(self.chain as u32);
    }
}

/// New blocks after which the use of an old one is news.
const STALE: u32 = 50;

/// A block that a backend was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    tag: u32,
    /// Index of the backend, plus one; 0 for an empty place.
    backend: u16,
    /// The backend's count of new blocks when this one was used last.
    stamp: u32,
}

/// The table.
#[derive(Debug)]
pub(crate) struct Prefixes {
    places: Vec<Place>,
    /// New blocks sent to each backend.
    clocks: Vec<u32>,
}

impl Prefixes {
    /// For so many blocks of all backends together, rounded up to a power of two.
    pub(crate) fn new(blocks: usize) -> Self {
        let sets = blocks.div_ceil(WAYS).clamp(1, 1 << 20).next_power_of_two();
        Self {
            places: vec![Place::default(); sets * WAYS],
            clocks: Vec::new(),
        }
    }

    /// For each backend, how many of the blocks from the first on it has; a backend holds the last `window(backend)` blocks
    /// that it was sent.
    pub(crate) fn depths(&self, blocks: &[u32], depths: &mut [u16], window: impl Fn(usize) -> u32) {
        depths.fill(0);
        for (depth, tag) in (0u16..).zip(blocks) {
            let mut known = false;
            for place in self.set(*tag) {
                let backend = usize::from(place.backend.wrapping_sub(1));
                let Some(seen) = depths.get_mut(backend).filter(|_| place.tag == *tag) else {
                    continue;
                };
                let clock = self.clocks.get(backend).copied().unwrap_or_default();
                if *seen == depth && clock.wrapping_sub(place.stamp) < window(backend) {
                    *seen = depth + 1;
                    known = true;
                }
            }
            if !known {
                return;
            }
        }
    }

    /// Notes that a backend was sent these blocks, and gives those that others should know of to `told`: new ones, and those
    /// that were not used for a while.
    pub(crate) fn sent(&mut self, blocks: &[u32], backend: usize, mut told: impl FnMut(u32)) {
        let Some(owner) = u16::try_from(backend).ok().and_then(|index| index.checked_add(1)) else {
            return;
        };
        if self.clocks.len() <= backend {
            self.clocks.resize(backend + 1, 0);
        }
        for tag in blocks {
            let clock = self.clocks.get(backend).copied().unwrap_or_default();
            let same = |place: &Place| place.tag == *tag && place.backend == owner;
            let set = self.set_mut(*tag);
            if let Some(place) = set.iter_mut().find(|place| same(place)) {
                if clock.wrapping_sub(place.stamp) > STALE {
                    told(*tag);
                }
                place.stamp = clock;
                continue;
            }
            if let Some(clock) = self.clocks.get_mut(backend) {
                *clock = clock.wrapping_add(1);
            }
            self.put(*tag, owner, clock.wrapping_add(1));
            told(*tag);
        }
    }

    /// Notes that a backend has lost everything.
    pub(crate) fn forget(&mut self, backend: usize) {
        for place in &mut self.places {
            if usize::from(place.backend) == backend + 1 {
                *place = Place::default();
            }
        }
    }

    /// Puts a block in an empty place of its set, else in that of the block whose backend has moved on furthest.
    fn put(&mut self, tag: u32, owner: u16, stamp: u32) {
        let clocks = std::mem::take(&mut self.clocks);
        let age = |place: &Place| match place.backend.checked_sub(1) {
            None => u32::MAX,
            Some(backend) => {
                let clock = clocks.get(usize::from(backend)).copied().unwrap_or_default();
                clock.wrapping_sub(place.stamp)
            }
        };
        if let Some(place) = self.set_mut(tag).iter_mut().max_by_key(|place| age(place)) {
            *place = Place {
                tag,
                backend: owner,
                stamp,
            };
        }
        self.clocks = clocks;
    }

    fn start(&self, tag: u32) -> usize {
        let sets = self.places.len() / WAYS;
        (mix(u64::from(tag)) as usize & (sets - 1)) * WAYS
    }

    fn set(&self, tag: u32) -> &[Place] {
        let start = self.start(tag);
        self.places.get(start..start + WAYS).unwrap_or_default()
    }

    fn set_mut(&mut self, tag: u32) -> &mut [Place] {
        let start = self.start(tag);
        self.places.get_mut(start..start + WAYS).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depths(index: &Prefixes, blocks: &[u32]) -> [u16; 3] {
        let mut depths = [9; 3];
        index.depths(blocks, &mut depths, |_| 100);
        depths
    }

    #[test]
    fn the_longest_known_beginning_counts() {
        let mut index = Prefixes::new(1024);
        index.sent(&[1, 2, 3, 4], 0, |_| {});
        index.sent(&[1, 2], 2, |_| {});
        assert_eq!(depths(&index, &[1, 2, 3, 9]), [3, 0, 2]);
        assert_eq!(depths(&index, &[9, 1, 2]), [0, 0, 0]);
        index.forget(2);
        assert_eq!(depths(&index, &[1, 2, 3]), [3, 0, 0]);
    }

    #[test]
    fn a_backend_forgets_what_many_newer_blocks_have_driven_out() {
        let mut index = Prefixes::new(1024);
        index.sent(&[1], 0, |_| {});
        let newer: Vec<u32> = (100..199).collect();
        index.sent(&newer, 0, |_| {});
        assert_eq!(depths(&index, &[1]), [1, 0, 0]);
        index.sent(&[500], 0, |_| {});
        assert_eq!(depths(&index, &[1]), [0, 0, 0]);
    }

    #[test]
    fn a_full_table_stays_bounded_and_keeps_what_is_new() {
        let mut index = Prefixes::new(64);
        for tag in 0..10_000 {
            index.sent(&[tag], 1, |_| {});
        }
        assert_eq!(index.places.len(), 64);
        assert_eq!(depths(&index, &[9_999]), [0, 1, 0]);
    }

    #[test]
    fn blocks_depend_on_all_before_them() {
        let same = [vec![b'a'; 3 * BLOCK_BYTES], vec![b'b'; BLOCK_BYTES]].concat();
        let mut other = same.clone();
        if let Some(byte) = other.get_mut(BLOCK_BYTES + 7) {
            *byte = b'x';
        }
        let blocks = |pieces: &[&[u8]]| {
            let mut blocks = Blocks::default();
            pieces.iter().for_each(|piece| blocks.push(piece));
            blocks.finish()
        };
        let (a, b) = (blocks(&[&same]), blocks(&[&other]));
        assert_eq!(a.len(), 4);
        assert_eq!(a.first(), b.first());
        assert!(a.iter().zip(&b).skip(1).all(|(a, b)| a != b));
        // In pieces of any size they are the same.
        for size in [1, 7, BLOCK_BYTES - 1, BLOCK_BYTES + 1] {
            assert_eq!(blocks(&same.chunks(size).collect::<Vec<_>>()), a, "{size}");
        }
        assert!(blocks(&[&[b'a'; BLOCK_BYTES - 1]]).is_empty());
        assert_eq!(
            blocks(&[&vec![b'a'; (MAX_BLOCKS + 5) * BLOCK_BYTES]]).len(),
            MAX_BLOCKS
        );
    }
}
