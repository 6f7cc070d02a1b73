//! Packs numbers into records, and takes them out of bytes that may be anything.

use crate::backend::{Learned, Page};
use crate::books::Counts;
use crate::evidence::{Capacity, Mean, Pace};
use crate::fleet::Fleet;
use crate::plane::Sums;
use crate::record::LAYOUT;

/// The beginning of a record.
pub(crate) struct Head {
    pub(crate) vm: u64,
    pub(crate) written: f64,
    pub(crate) until: f64,
}

impl Head {
    /// Whether its lease has not run out. One that was written long after now is from before the clock jumped back.
    pub(crate) fn is_live(&self, now: f64) -> bool {
        (now - self.written).abs() < self.until - self.written
    }
}

/// Writes a record.
#[derive(Debug, Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn u16(&mut self, value: u16) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn f64(&mut self, value: f64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// Bytes behind their length (u16); what is longer is cut.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        let length = bytes.len().min(usize::from(u16::MAX));
        self.u16(u16::try_from(length).unwrap_or(u16::MAX));
        self.0.extend(bytes.iter().take(length));
    }

    pub(crate) fn page(&mut self, page: &Page, now: f64) {
        let Page {
            counts,
            learned,
            out_until,
            rests_until,
        } = page;
        let Learned {
            first,
            token,
            capacity,
        } = learned;
        let age = |pace: &Pace| (now - pace.at).min(1e9);
        let numbers = [
            counts.queued,
            counts.work,
            counts.decoding,
            counts.context,
            counts.requests,
            first.sum,
            first.weight,
            age(first),
            token.sum,
            token.weight,
            age(token),
            capacity.sum,
            capacity.weight,
            (out_until - now).max(0.0),
            (rests_until - now).max(0.0),
        ];
        for number in numbers {
            self.0.extend_from_slice(&(number as f32).to_le_bytes());
        }
    }
}

/// Reads a record that may end anywhere and hold anything: numbers that are not finite end it.
pub(crate) struct Reader<'r>(pub(crate) &'r [u8]);

impl<'r> Reader<'r> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    pub(crate) fn f64(&mut self) -> Option<f64> {
        self.take()
            .map(f64::from_le_bytes)
            .filter(|value| value.is_finite())
    }

    fn f32(&mut self) -> Option<f64> {
        self.take()
            .map(f32::from_le_bytes)
            .map(f64::from)
            .filter(|value| value.is_finite())
    }

    pub(crate) fn bytes(&mut self) -> Option<&'r [u8]> {
        let length = usize::from(self.u16()?);
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(crate) fn head(&mut self) -> Option<Head> {
        (self.u16()? == LAYOUT).then_some(())?;
        Some(Head {
            vm: self.u64()?,
            written: self.f64()?,
            until: self.f64()?,
        })
    }

    pub(crate) fn fleet(&mut self) -> Option<Fleet> {
        Some(Fleet {
            first: self.sums()?,
            token: self.sums()?,
            input: self.mean()?,
            output: self.mean()?,
        })
    }

    fn sums(&mut self) -> Option<Sums> {
        let mut sums = Sums::default();
        for sum in &mut sums.0 {
            *sum = self.f64()?;
        }
        Some(sums)
    }

    fn mean(&mut self) -> Option<Mean> {
        Some(Mean {
            sum: self.f64()?,
            weight: self.f64()?,
        })
    }

    fn pace(&mut self, written: f64) -> Option<Pace> {
        Some(Pace {
            sum: self.f32()?,
            weight: self.f32()?,
            at: written - self.f32()?,
        })
    }

    pub(crate) fn page(&mut self, written: f64) -> Option<Page> {
        Some(Page {
            counts: Counts {
                queued: self.f32()?,
                work: self.f32()?,
                decoding: self.f32()?,
                context: self.f32()?,
                requests: self.f32()?,
            },
            learned: Learned {
                first: self.pace(written)?,
                token: self.pace(written)?,
                capacity: Capacity {
                    sum: self.f32()?,
                    weight: self.f32()?,
                },
            },
            out_until: self.until(written)?,
            rests_until: self.until(written)?,
        })
    }

    /// A time after `written`; 0 for none.
    fn until(&mut self, written: f64) -> Option<f64> {
        Some(match self.f32()? {
            0.0 => 0.0,
            left => written + left,
        })
    }
}
