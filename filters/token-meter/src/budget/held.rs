//! What workers have set aside. Little-endian: their number (u16), then of each worker (u32) and amount (u64).

use super::workers::Alive;

/// Most workers that may hold something in one account.
const MAX_HOLDERS: usize = 256;

const COUNT_BYTES: usize = 2;
const HOLDER_BYTES: usize = 12;

/// What each worker has set aside, for all of its exchanges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held(Vec<(u32, u64)>);

impl Held {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn total(&self) -> u64 {
        let amounts = self.0.iter().map(|(_, amount)| *amount);
        amounts.fold(0, u64::saturating_add)
    }

    /// Sets more aside. False where too many workers hold something.
    pub(crate) fn add(&mut self, worker: u32, amount: u64) -> bool {
        let room = self.0.len() < MAX_HOLDERS;
        match self.0.iter_mut().find(|(known, _)| *known == worker) {
            Some((_, held)) => *held = held.saturating_add(amount),
            None if room => self.0.push((worker, amount)),
            None => return false,
        }
        true
    }

    /// Gives back what was set aside, as far as it is still there.
    pub(crate) fn release(&mut self, worker: u32, amount: u64) {
        if let Some((_, held)) = self.0.iter_mut().find(|(known, _)| *known == worker) {
            *held = held.saturating_sub(amount);
        }
        self.0.retain(|(_, held)| *held > 0);
    }

    /// Gives back what dead workers held. Returns how much that was.
    pub(crate) fn expire(&mut self, alive: &Alive) -> u64 {
        let mut expired = 0u64;
        self.0.retain(|(worker, amount)| {
            let lives = alive.has(*worker);
            expired = expired.saturating_add(if lives { 0 } else { *amount });
            lives
        });
        expired
    }

    /// The bytes that a record takes which begins with these.
    pub(crate) fn bytes(record: &[u8]) -> Option<usize> {
        let (count, _) = record.split_first_chunk::<COUNT_BYTES>()?;
        let count = usize::from(u16::from_le_bytes(*count));
        (count <= MAX_HOLDERS).then_some(COUNT_BYTES + count * HOLDER_BYTES)
    }

    /// Reads it off the front.
    pub(crate) fn read(rest: &mut &[u8]) -> Option<Self> {
        let (record, more) = rest.split_at_checked(Self::bytes(rest)?)?;
        *rest = more;
        let (_, record) = record.split_first_chunk::<COUNT_BYTES>()?;
        let holder = |bytes: &[u8; HOLDER_BYTES]| {
            let [a, b, c, d, amount @ ..] = *bytes;
            (u32::from_le_bytes([a, b, c, d]), u64::from_le_bytes(amount))
        };
        let (holders, _) = record.as_chunks::<HOLDER_BYTES>();
        Some(Self(holders.iter().map(holder).collect()))
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.reserve(COUNT_BYTES + self.0.len() * HOLDER_BYTES);
        bytes.extend_from_slice(&(self.0.len() as u16).to_le_bytes());
        for (worker, amount) in &self.0 {
            bytes.extend_from_slice(&worker.to_le_bytes());
            bytes.extend_from_slice(&amount.to_le_bytes());
        }
    }
}
