//! ORCA reports as protobuf: `xds.data.orca.v3.OrcaLoadReport`, in base64.

use super::{Field, Gathered, MAX_REPORT_BYTES, Merge, field};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// gRPC sends `-bin` values without padding and must accept both.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reports in base64, with commas between as gRPC joins headers; each counts whole or not at all.
pub(super) fn base64(gathered: &mut Gathered, value: &[u8]) {
    for encoded in value.split(|byte| *byte == b',') {
        let mut decoded = [0; MAX_REPORT_BYTES];
        let report = match BASE64.decode_slice(encoded.trim_ascii(), &mut decoded) {
            Ok(length) => decoded.get(..length),
            Err(_) => None,
        };
        let mut trial = *gathered;
        match report.filter(|report| !report.is_empty()) {
            Some(report) if protobuf(&mut trial, report).is_some() => *gathered = trial,
            Some(_) | None => gathered.ignored += 1,
        }
    }
}

/// One report; `None` if it is cut off or malformed.
fn protobuf(gathered: &mut Gathered, report: &[u8]) -> Option<()> {
    let mut rest = report;
    while !rest.is_empty() {
        let member;
        (member, rest) = Member::read(rest)?;
        match (member.number, member.value) {
            (1, Wire::Fixed64(value)) => gathered.take(Field::Cpu, Some(value), Merge::Max),
            (2, Wire::Fixed64(value)) => gathered.take(Field::Memory, Some(value), Merge::Max),
            (3, Wire::Varint(value)) => gathered.take(Field::RequestsPerS, Some(value as f64), Merge::Max),
            (6, Wire::Fixed64(value)) => gathered.take(Field::RequestsPerS, Some(value), Merge::Max),
            (7, Wire::Fixed64(value)) => gathered.take(Field::ErrorsPerS, Some(value), Merge::Max),
            (9, Wire::Fixed64(value)) => gathered.take(Field::Busy, Some(value), Merge::Max),
            (5 | 8, Wire::Bytes(entry)) => map_entry(gathered, entry)?,
            (_, Wire::Varint(_) | Wire::Fixed64(_) | Wire::Bytes(_) | Wire::Fixed32) => {}
        }
    }
    Some(())
}

/// `map<string, double>`: key 1, value 2, and 0 where the value is left out.
fn map_entry(gathered: &mut Gathered, entry: &[u8]) -> Option<()> {
    let (mut key, mut value, mut rest) = (&b""[..], 0.0, entry);
    while !rest.is_empty() {
        let member;
        (member, rest) = Member::read(rest)?;
        match (member.number, member.value) {
            (1, Wire::Bytes(text)) => key = text,
            (2, Wire::Fixed64(number)) => value = number,
            (_, Wire::Varint(_) | Wire::Fixed64(_) | Wire::Bytes(_) | Wire::Fixed32) => {}
        }
    }
    if let Some(field) = field(key) {
        gathered.take(field, Some(value), Merge::Max);
    }
    Some(())
}

/// A field on the wire (protobuf.dev, "Encoding").
struct Member<'a> {
    number: u64,
    value: Wire<'a>,
}

enum Wire<'a> {
    Varint(u64),
    Fixed64(f64),
    Bytes(&'a [u8]),
    Fixed32,
}

impl<'a> Member<'a> {
    fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (tag, rest) = varint(bytes)?;
        let (value, rest) = match tag & 7 {
            0 => {
                let (value, rest) = varint(rest)?;
                (Wire::Varint(value), rest)
            }
            1 => {
                let (value, rest) = rest.split_first_chunk::<8>()?;
                (Wire::Fixed64(f64::from_le_bytes(*value)), rest)
            }
            2 => {
                let (length, rest) = varint(rest)?;
                let (value, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
                (Wire::Bytes(value), rest)
            }
            5 => (Wire::Fixed32, rest.get(4..)?),
            _ => return None,
        };
        let number = tag >> 3;
        (number > 0).then_some((Self { number, value }, rest))
    }
}

/// At most ten bytes, low groups of seven bits first.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (shift, (at, byte)) in (0..64).step_by(7).zip(bytes.iter().enumerate()) {
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(at + 1..)?));
        }
    }
    None
}
