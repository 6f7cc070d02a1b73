//! Accounts as they lie in shared data: some places to a slot.
//!
//! Little-endian. Of each place: account (u64), when its sums are of (u64), the sums (u64 each, as many as its window has),
//! the number of reservations (u16), and these: worker (u32), amount (u64).

use super::window::{Spend, Window};
use super::workers::Alive;

/// Most accounts of one slot.
pub(crate) const PLACES: usize = 8;

/// Most workers that may hold something in one account.
const MAX_HOLDERS: usize = 256;

/// One account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) account: u64,
    pub(crate) spend: Spend,
    /// What each worker has set aside, for all of its exchanges.
    pub(crate) held: Vec<(u32, u64)>,
}

impl Place {
    /// Brings it up to now: what is past is forgotten, and what dead workers held is given back. Returns how much that was.
    pub(crate) fn renew(&mut self, window: Window, now_ns: u64, alive: &Alive) -> u64 {
        self.spend.age(window, now_ns);
        let mut expired = 0u64;
        self.held.retain(|(worker, amount)| {
            let lives = alive.has(*worker);
            expired = expired.saturating_add(if lives { 0 } else { *amount });
            lives
        });
        expired
    }

    /// Nothing in it counts any more.
    fn is_over(&self) -> bool {
        self.held.is_empty() && self.spend.total() == 0
    }

    pub(crate) fn held(&self) -> u64 {
        self.held
            .iter()
            .fold(0, |all, (_, amount)| all.saturating_add(*amount))
    }

    /// What is left of `limit`.
    pub(crate) fn left(&self, limit: u64) -> u64 {
        limit
            .saturating_sub(self.spend.total())
            .saturating_sub(self.held())
    }

    /// Sets more aside. False where too many workers hold something.
    pub(crate) fn hold(&mut self, worker: u32, amount: u64) -> bool {
        let room = self.held.len() < MAX_HOLDERS;
        match self.held.iter_mut().find(|(known, _)| *known == worker) {
            Some((_, held)) => *held = held.saturating_add(amount),
            None if room => self.held.push((worker, amount)),
            None => return false,
        }
        true
    }

    /// Gives back what was set aside, as far as it is still there.
    pub(crate) fn release(&mut self, worker: u32, amount: u64) {
        if let Some((_, held)) = self.held.iter_mut().find(|(known, _)| *known == worker) {
            *held = held.saturating_sub(amount);
        }
        self.held.retain(|(_, held)| *held > 0);
    }
}

/// The place of an account: its own, else a new one, else that of one in which nothing counts any more.
pub(crate) fn seat<'p>(
    places: &'p mut Vec<Place>,
    account: u64,
    window: Window,
    now_ns: u64,
    alive: &Alive,
) -> Option<(&'p mut Place, u64)> {
    let mut at = places.iter().position(|place| place.account == account);
    let mut expired = 0u64;
    if at.is_none() {
        if places.len() < PLACES {
            places.push(Place::default());
            at = Some(places.len() - 1);
        } else {
            for place in places.iter_mut() {
                expired = expired.saturating_add(place.renew(window, now_ns, alive));
            }
            at = places.iter().position(Place::is_over);
        }
        let place = places.get_mut(at?)?;
        *place = Place {
            account,
            ..Place::default()
        };
    }
    let place = places.get_mut(at?)?;
    expired = expired.saturating_add(place.renew(window, now_ns, alive));
    Some((place, expired))
}

/// Reads a slot. `None` for bytes that are none.
pub(crate) fn read(bytes: &[u8], window: Window) -> Option<Vec<Place>> {
    let mut rest = bytes;
    let mut places = Vec::with_capacity(PLACES);
    while !rest.is_empty() {
        let mut place = Place {
            account: u64(&mut rest)?,
            ..Place::default()
        };
        place.spend.at = u64(&mut rest)?;
        for sum in place.spend.sums.iter_mut().take(window.sums()) {
            *sum = u64(&mut rest)?;
        }
        let (count, more) = rest.split_first_chunk::<2>()?;
        rest = more;
        let count = usize::from(u16::from_le_bytes(*count));
        if count > MAX_HOLDERS || places.len() >= PLACES {
            return None;
        }
        for _ in 0..count {
            let (worker, more) = rest.split_first_chunk::<4>()?;
            rest = more;
            place.held.push((u32::from_le_bytes(*worker), u64(&mut rest)?));
        }
        places.push(place);
    }
    Some(places)
}

fn u64(rest: &mut &[u8]) -> Option<u64> {
    let (number, more) = rest.split_first_chunk::<8>()?;
    *rest = more;
    Some(u64::from_le_bytes(*number))
}

/// Writes a slot.
pub(crate) fn write(places: &[Place], window: Window) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(PLACES * 48);
    for place in places {
        bytes.extend(place.account.to_le_bytes());
        bytes.extend(place.spend.at.to_le_bytes());
        for sum in place.spend.sums.iter().take(window.sums()) {
            bytes.extend(sum.to_le_bytes());
        }
        bytes.extend((place.held.len() as u16).to_le_bytes());
        for (worker, amount) in &place.held {
            bytes.extend(worker.to_le_bytes());
            bytes.extend(amount.to_le_bytes());
        }
    }
    bytes
}
