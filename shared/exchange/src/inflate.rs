//! Decompression of gzip and deflate bodies, resumable at any byte and bounded.

use crate::settings::InflateBounds;
use miniz_oxide::inflate::stream::{InflateState, MinReset, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};
use penstock_filter_api::Failure;

/// Output below this size is never a bomb, in bytes.
const FREE_BYTES: usize = 64 << 10;
/// Longest gzip header, in bytes: ten fixed ones, then optional name, comment and extra field.
const MAX_HEADER_BYTES: usize = 8 << 10;
/// Most gzip members of one body. Each costs as much as some kilobytes of text.
const MAX_MEMBERS: usize = 1 << 10;
/// Output grows in steps of so many bytes: little for a little input.
const STEP_BYTES: std::ops::RangeInclusive<usize> = 64..=16 << 10;

/// A `content-encoding`, as far as the engine can read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// As it is.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 1950; some servers send bare RFC 1951 under this name.
    Deflate,
    /// Anything else, and any list of codings.
    Other,
}

impl Coding {
    /// Reads the values of `content-encoding`.
    pub fn of<'a>(values: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut coding = Self::Identity;
        for value in values {
            let one = Self::named(value.trim_ascii());
            coding = match (coding, one) {
                (coding, Self::Identity) => coding,
                (Self::Identity, one) => one,
                _ => return Self::Other,
            };
        }
        coding
    }

    fn named(value: &[u8]) -> Self {
        match value.to_ascii_lowercase().as_slice() {
            b"" | b"identity" => Self::Identity,
            b"gzip" | b"x-gzip" => Self::Gzip,
            b"deflate" => Self::Deflate,
            _ => Self::Other,
        }
    }
}

/// Decompresses one body.
pub struct Inflater {
    part: Part,
    state: Box<InflateState>,
    bounds: InflateBounds,
    taken: usize,
    given: usize,
    crc: Crc32,
    members: usize,
    member_bytes: u32,
}

enum Part {
    GzipHeader(Vec<u8>),
    Deflated { gzip: bool },
    GzipTrailer(Vec<u8>),
    DeflateStart,
    Ended,
}

impl Inflater {
    /// What a decompressor costs while it is there, in bytes.
    pub(crate) const STATE_BYTES: usize = size_of::<InflateState>();

    /// A decompressor for `coding`; `None` where there is nothing to do or nothing that can be done.
    pub fn new(coding: Coding, bounds: InflateBounds) -> Option<Self> {
        let part = match coding {
            Coding::Gzip => Part::GzipHeader(Vec::new()),
            Coding::Deflate => Part::DeflateStart,
            Coding::Identity | Coding::Other => return None,
        };
        Some(Self {
            part,
            state: InflateState::new_boxed(DataFormat::Raw),
            bounds,
            taken: 0,
            given: 0,
            crc: Crc32::default(),
            members: 0,
            member_bytes: 0,
        })
    }

    /// Decompresses `input` onto the end of `out`.
    pub fn push(&mut self, mut input: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        self.taken = self.taken.saturating_add(input.len());
        let start = out.len();
        while !input.is_empty() {
            input = match std::mem::replace(&mut self.part, Part::Ended) {
                Part::GzipHeader(held) => self.header(held, input)?,
                Part::DeflateStart => self.deflate_start(input),
                Part::Deflated { gzip } => self.deflated(gzip, input, out, start)?,
                Part::GzipTrailer(held) => self.trailer(held, input)?,
                Part::Ended => return Err(Failure::InvalidEncoding),
            };
        }
        Ok(())
    }

    /// Whether the body ended where its format says.
    pub fn is_complete(&self) -> bool {
        match &self.part {
            Part::Ended => true,
            // After a whole member, or before the first byte of an empty body.
            Part::GzipHeader(held) => held.is_empty(),
            Part::DeflateStart => true,
            Part::Deflated { .. } | Part::GzipTrailer(_) => false,
        }
    }

    fn header<'i>(&mut self, mut held: Vec<u8>, input: &'i [u8]) -> Result<&'i [u8], Failure> {
        let known = held.len();
        let room = MAX_HEADER_BYTES.saturating_sub(known);
        held.extend_from_slice(input.get(..room).unwrap_or(input));
        match gzip_header(&held)? {
            Some(len) => {
                self.members += 1;
                if self.members > MAX_MEMBERS {
                    return Err(Failure::InvalidEncoding);
                }
                self.state.reset_as(MinReset);
                self.crc = Crc32::default();
                self.member_bytes = 0;
                self.part = Part::Deflated { gzip: true };
                Ok(input.get(len.saturating_sub(known)..).unwrap_or_default())
            }
            None if held.len() >= MAX_HEADER_BYTES => Err(Failure::InvalidEncoding),
            None => {
                self.part = Part::GzipHeader(held);
                Ok(&[])
            }
        }
    }

    fn deflate_start<'i>(&mut self, input: &'i [u8]) -> &'i [u8] {
        // RFC 1950: the compression method 8 stands in the low bits of the first byte.
        let zlib = input.first().is_some_and(|byte| byte & 0x0f == 8);
        self.state
            .reset(if zlib { DataFormat::Zlib } else { DataFormat::Raw });
        self.part = Part::Deflated { gzip: false };
        input
    }

    fn deflated<'i>(
        &mut self,
        gzip: bool,
        mut input: &'i [u8],
        out: &mut Vec<u8>,
        start: usize,
    ) -> Result<&'i [u8], Failure> {
        loop {
            let at = out.len();
            let room = input
                .len()
                .saturating_mul(4)
                .clamp(*STEP_BYTES.start(), *STEP_BYTES.end());
            out.resize(at.saturating_add(room), 0);
            let step = inflate(
                &mut self.state,
                input,
                out.get_mut(at..).unwrap_or_default(),
                MZFlush::None,
            );
            out.truncate(at.saturating_add(step.bytes_written));
            self.account(out.get(at..).unwrap_or_default(), gzip);
            self.check(out.len().saturating_sub(start))?;
            input = input.get(step.bytes_consumed..).unwrap_or_default();
            match step.status {
                Ok(MZStatus::StreamEnd) => {
                    self.part = if gzip {
                        Part::GzipTrailer(Vec::new())
                    } else {
                        Part::Ended
                    };
                    return Ok(input);
                }
                Ok(MZStatus::Ok) | Err(MZError::Buf) if input.is_empty() && step.bytes_written < room => {
                    self.part = Part::Deflated { gzip };
                    return Ok(&[]);
                }
                Ok(MZStatus::Ok) => {}
                Ok(MZStatus::NeedDict) | Err(_) => return Err(Failure::InvalidEncoding),
            }
        }
    }

    fn account(&mut self, new: &[u8], gzip: bool) {
        self.given = self.given.saturating_add(new.len());
        if gzip {
            self.crc.update(new);
            self.member_bytes = self.member_bytes.wrapping_add(new.len() as u32);
        }
    }

    fn check(&self, in_this_push: usize) -> Result<(), Failure> {
        let ratio = self.taken.saturating_mul(self.bounds.max_ratio);
        let grown = self.given > FREE_BYTES && self.given > ratio;
        if grown || in_this_push > self.bounds.max_bytes {
            Err(Failure::DecompressionBomb)
        } else {
            Ok(())
        }
    }

    fn trailer<'i>(&mut self, mut held: Vec<u8>, input: &'i [u8]) -> Result<&'i [u8], Failure> {
        let wanted = 8usize.saturating_sub(held.len()).min(input.len());
        let (now, rest) = input.split_at_checked(wanted).unwrap_or((input, &[]));
        held.extend_from_slice(now);
        let Ok(trailer) = <[u8; 8]>::try_from(held.as_slice()) else {
            self.part = Part::GzipTrailer(held);
            return Ok(rest);
        };
        let expected = (u64::from(self.member_bytes) << 32 | u64::from(self.crc.value())).to_le_bytes();
        if trailer != expected {
            return Err(Failure::InvalidEncoding);
        }
        self.part = Part::GzipHeader(Vec::new());
        Ok(rest)
    }
}

/// How long the gzip header is that `held` begins with (RFC 1952, section 2.3), once it is whole.
fn gzip_header(held: &[u8]) -> Result<Option<usize>, Failure> {
    let magic = [0x1f, 0x8b, 8];
    if held.iter().zip(magic).any(|(byte, expected)| *byte != expected) {
        return Err(Failure::InvalidEncoding);
    }
    Ok(header_rest(held).map(|rest| held.len() - rest.len()))
}

/// What follows the header, if all of it is there.
fn header_rest(held: &[u8]) -> Option<&[u8]> {
    let (fixed, mut rest) = held.split_at_checked(10)?;
    let flags = fixed.get(3).copied().unwrap_or_default();
    if flags & 4 != 0 {
        let (&[low, high], after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_le_bytes([low, high]))..)?;
    }
    for text in [8, 16] {
        if flags & text != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if flags & 2 != 0 {
        rest = rest.get(2..)?;
    }
    Some(rest)
}

/// CRC-32 of RFC 1952, section 8.
#[derive(Default)]
struct Crc32(u32);

impl Crc32 {
    const TABLE: [u32; 256] = Self::table();

    const fn table() -> [u32; 256] {
        let mut table = [0; 256];
        let mut index = 0;
        while index < 256 {
            let mut value = index as u32;
            let mut bit = 0;
            while bit < 8 {
                value = if value & 1 == 1 {
                    0xedb8_8320 ^ (value >> 1)
                } else {
                    value >> 1
                };
                bit += 1;
            }
            #[allow(clippy::indexing_slicing)] // `index` is below 256, and this runs at compile time.
            {
                table[index] = value;
            }
            index += 1;
        }
        table
    }

    fn update(&mut self, bytes: &[u8]) {
        let mut value = !self.0;
        for byte in bytes {
            let index = (value ^ u32::from(*byte)) & 0xff;
            value = Self::TABLE.get(index as usize).copied().unwrap_or_default() ^ (value >> 8);
        }
        self.0 = !value;
    }

    fn value(&self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use std::io::Write;

    const BOUNDS: InflateBounds = InflateBounds {
        max_bytes: 1 << 20,
        max_ratio: 100,
    };

    fn text() -> Vec<u8> {
        (0..20_000u32)
            .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
            .collect()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn inflate_in(chunk: usize, coding: Coding, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut inflater = Inflater::new(coding, BOUNDS).unwrap();
        let mut out = Vec::new();
        for part in bytes.chunks(chunk) {
            inflater.push(part, &mut out)?;
        }
        if inflater.is_complete() {
            Ok(out)
        } else {
            Err(Failure::InvalidEncoding)
        }
    }

    #[test]
    fn every_chunking_of_every_coding_gives_the_same_bytes() {
        let plain = text();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
        zlib.write_all(&plain).unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::best());
        raw.write_all(&plain).unwrap();
        let bodies = [
            (Coding::Gzip, gzip(&plain)),
            (Coding::Deflate, zlib.finish().unwrap()),
            (Coding::Deflate, raw.finish().unwrap()),
        ];
        for (coding, body) in bodies {
            for chunk in [1, 7, 1000, usize::MAX] {
                assert_eq!(
                    inflate_in(chunk, coding, &body),
                    Ok(plain.clone()),
                    "{coding:?} in {chunk}"
                );
            }
        }
    }

    #[test]
    fn gzip_members_follow_each_other_and_headers_have_optional_parts() {
        let named = flate2::GzBuilder::new()
            .filename("a")
            .comment("b")
            .extra(vec![1; 300]);
        let mut encoder = named.write(Vec::new(), Compression::fast());
        encoder.write_all(b"one ").unwrap();
        let mut body = encoder.finish().unwrap();
        body.extend(gzip(b"two"));
        assert_eq!(inflate_in(1, Coding::Gzip, &body), Ok(b"one two".to_vec()));
    }

    #[test]
    fn a_broken_body_is_an_error() {
        let whole = gzip(&text());
        let mut wrong_sum = whole.clone();
        let at = wrong_sum.len() - 6;
        wrong_sum[at] ^= 1;
        let cut = &whole[..whole.len() - 1];
        for body in [wrong_sum.as_slice(), cut, b"not gzip at all", &whole[..3]] {
            assert_eq!(inflate_in(5, Coding::Gzip, body), Err(Failure::InvalidEncoding));
        }
    }

    #[test]
    fn a_bomb_is_stopped_by_ratio_and_by_size() {
        let bomb = gzip(&vec![0; 8 << 20]);
        assert_eq!(
            inflate_in(usize::MAX, Coding::Gzip, &bomb),
            Err(Failure::DecompressionBomb)
        );
        assert_eq!(
            inflate_in(100, Coding::Gzip, &bomb),
            Err(Failure::DecompressionBomb)
        );
        // Small bodies may be as repetitive as they like.
        assert_eq!(
            inflate_in(100, Coding::Gzip, &gzip(&[0; 60_000])).map(|out| out.len()),
            Ok(60_000)
        );
    }

    #[test]
    fn lists_and_unknown_codings_are_other() {
        let coding = |values: &[&[u8]]| Coding::of(values.iter().copied());
        assert_eq!(coding(&[]), Coding::Identity);
        assert_eq!(coding(&[b"identity", b" GZIP "]), Coding::Gzip);
        assert_eq!(coding(&[b"gzip, br"]), Coding::Other);
        assert_eq!(coding(&[b"gzip", b"gzip"]), Coding::Other);
        assert_eq!(coding(&[b"zstd"]), Coding::Other);
    }
}
