//! Sixty-four bytes at a time as masks: one bit for each byte that is of some class.

/// Bytes looked at together.
pub(super) const BLOCK: usize = 64;

/// The bytes of a block: a bit each, or a byte of which any bit may be set.
pub(super) struct Masks {
    /// Letters, digits, and all bytes beyond ASCII.
    pub(super) words: u64,
    /// Whether there is a byte beyond ASCII.
    pub(super) beyond: bool,
    /// Whether there is a digit.
    pub(super) digits: bool,
    /// Whether there is a byte that coded runs begin with.
    pub(super) opens: bool,
}

/// One in each byte.
const ONES: u64 = u64::MAX / 0xff;
/// The top bit of each byte.
pub(super) const TOPS: u64 = ONES << 7;

impl Masks {
    #[inline(always)]
    pub(super) fn of(block: &[u8; BLOCK]) -> Self {
        let (mut words, mut any, mut any_digit, mut opens) = (0, 0, 0, 0);
        let (parts, _) = block.as_chunks::<8>();
        for (index, part) in parts.iter().enumerate() {
            let bytes = u64::from_le_bytes(*part);
            let digits = digits(bytes);
            any |= bytes;
            any_digit |= digits;
            opens |= openers(bytes);
            words |= bits(letters(bytes) | digits | bytes) << (index * 8);
        }
        Self {
            words,
            beyond: any & TOPS != 0,
            digits: any_digit & TOPS != 0,
            opens: opens & TOPS != 0,
        }
    }
}

/// A bit for each byte of a block whose top bit is set by a test of eight bytes.
pub(super) fn mask(block: &[u8; BLOCK], test: impl Fn(u64) -> u64) -> u64 {
    let (parts, _) = block.as_chunks::<8>();
    let bytes = parts.iter().map(|part| bits(test(u64::from_le_bytes(*part))));
    bytes
        .enumerate()
        .fold(0, |mask, (index, bits)| mask | bits << (index * 8))
}

/// Sets the top bit of each byte that is a letter of ASCII. A byte beyond ASCII may have it too.
#[inline(always)]
fn letters(bytes: u64) -> u64 {
    let small = bytes & !TOPS | ONES << 5;
    above(small, b'a' - 1) & !above(small, b'z')
}

/// Sets the top bit of each byte that is a digit, and of no other.
#[inline(always)]
pub(super) fn digits(bytes: u64) -> u64 {
    let low = bytes & !TOPS;
    above(low, b'0' - 1) & !above(low, b'9') & !bytes
}

/// Sets the top bit of each byte that coded runs begin with: `%`, `&` and `\`.
#[inline(always)]
fn openers(bytes: u64) -> u64 {
    let low = bytes & !TOPS;
    let two = above(low, b'%' - 1) & !above(low, b'&');
    let backslash = !above(low ^ (ONES * u64::from(b'\\')), 0);
    (two | backslash) & !bytes
}

/// Sets the top bit of each byte that is above another, of bytes below 0x80. Other bits mean nothing.
#[inline(always)]
fn above(bytes: u64, than: u8) -> u64 {
    bytes + ONES * u64::from(0x7f - than)
}

/// The top bits of eight bytes, the first byte lowest.
#[inline(always)]
fn bits(bytes: u64) -> u64 {
    ((bytes & TOPS) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}
