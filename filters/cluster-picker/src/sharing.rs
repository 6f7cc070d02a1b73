//! The records of all workers, in the proxy's shared data.
//!
//! Each VM owns a slot, a key of a fixed set, and writes its record there; all read all. A slot whose lease has run out is
//! the first claimant's. The scan ends at the first slot that was never claimed, so it is as long as there ever were VMs
//! at a time.

use crate::picker::Picker;
use crate::record::holder;
use penstock_filter_api::{PortError, Ports};

/// Most VMs that share a fleet: two configurations of 32 workers while one takes over from the other.
const SLOTS: usize = 64;

/// Seconds that a record holds after it was written. A worker's tick renews it about once a second.
const LEASE_S: f64 = 10.0;

/// Least seconds between two exchanges of records.
const LEAST_PERIOD_S: f64 = 0.0005;

/// Most records that are written one right after the other.
const MAX_CREDIT: f64 = 8.0;

/// Seconds between exchanges for each byte of all records: so that they cost a worker some percent of its time at most.
const PERIOD_S_PER_BYTE: f64 = 5e-8;

/// This VM's part in the exchange of records.
#[derive(Debug)]
pub struct Sharing {
    prefix: String,
    vm: u64,
    slot: Option<usize>,
    read_at: f64,
    /// Records that may be written now, and since when there are so many.
    credit: f64,
    credited_at: f64,
    period_s: f64,
}

impl Sharing {
    /// Of the VMs of one fleet and proxy.
    pub fn new(fleet: &str) -> Self {
        Self {
            prefix: format!("penstock/picker/2/{:016x}", crate::random::hash(fleet.as_bytes())),
            vm: 0,
            slot: None,
            read_at: 0.0,
            credit: MAX_CREDIT,
            credited_at: 0.0,
            period_s: LEAST_PERIOD_S,
        }
    }

    /// Whether the VM has its number.
    pub(crate) fn is_named(&self) -> bool {
        self.vm != 0
    }

    /// Gives the VM its number, once there is something to make one of.
    pub fn name(&mut self, seed: u64) {
        if self.vm == 0 {
            self.vm = seed.max(1);
        }
    }

    /// Takes in what the others wrote, unless that was done just now.
    pub fn read(&mut self, picker: &mut Picker, ports: &mut dyn Ports, now: f64) {
        if self.vm == 0 || (now - self.read_at).abs() < self.period_s {
            return;
        }
        self.read_at = now;
        let mut records = Vec::new();
        let mut free = None;
        let mut mine = None;
        for slot in 0..SLOTS {
            let found = ports.shared(&self.key(slot)).unwrap_or_default();
            let Some((record, cas)) = found else {
                free = free.or(Some((slot, None)));
                break;
            };
            match holder(&record, now) {
                Some(holder) if holder.vm == self.vm => mine = Some(slot),
                Some(holder) if holder.live => records.push(record),
                Some(_) | None => free = free.or(Some((slot, Some(cas)))),
            }
        }
        let bytes: usize = records.iter().map(Vec::len).sum();
        self.period_s = (bytes as f64 * PERIOD_S_PER_BYTE).max(LEAST_PERIOD_S);
        picker.absorb(self.vm, records.iter().map(Vec::as_slice), now);
        self.slot = mine;
        if let (None, Some((slot, cas))) = (mine, free) {
            self.claim(slot, cas, picker, ports, now);
        }
    }

    /// Writes this VM's record, unless that was done often just now: of requests that come at once the others see all, while in
    /// the mean no more is written than the period allows.
    pub fn write(&mut self, picker: &Picker, ports: &mut dyn Ports, now: f64) {
        let Some(slot) = self.slot else { return };
        let earned = (now - self.credited_at).abs() / self.period_s;
        self.credit = (self.credit + earned).min(MAX_CREDIT);
        self.credited_at = now;
        if self.credit < 1.0 {
            return;
        }
        self.credit -= 1.0;
        // Another VM may have taken the slot while this one slept; the next read tells.
        let _ = ports.share(&self.key(slot), &picker.record(self.vm, now, LEASE_S), None);
    }

    fn claim(&mut self, slot: usize, cas: Option<u32>, picker: &Picker, ports: &mut dyn Ports, now: f64) {
        let record = picker.record(self.vm, now, LEASE_S);
        match ports.share(&self.key(slot), &record, cas) {
            Ok(()) => self.slot = Some(slot),
            // Another VM was faster: the next read finds another slot.
            Err(PortError::CasMismatch | PortError::NotFound | PortError::Refused) => {}
        }
    }

    fn key(&self, slot: usize) -> String {
        format!("{}/{slot}", self.prefix)
    }

    /// The key of a flag that all VMs of the fleet see.
    pub(crate) fn flag(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }

    /// Whether this VM holds the lowest slot of those alive, and so does what one of them has to do.
    pub(crate) fn leads(&self, ports: &mut dyn Ports, now: f64) -> bool {
        let Some(mine) = self.slot else { return false };
        (0..mine).all(|slot| {
            let found = ports.shared(&self.key(slot)).unwrap_or_default();
            let live = found.and_then(|(record, _)| holder(&record, now));
            !live.is_some_and(|holder| holder.live)
        })
    }
}
