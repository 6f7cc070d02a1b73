//! Tenants that are refused for some time, in the proxy's shared data: one book for all workers.
//!
//! Tenants hash into a fixed number of slots of a fixed number of places, so that the number of keys and their size are
//! bounded, whatever names come. A place is taken over once nothing in it counts any more; where none is free, the
//! tenant is not counted, and that is.

use crate::raw::RawBlock;
use penstock_filter_api::{PortError, Ports};

/// Keys in shared data: some 130 bytes each, and as much for their places.
const SLOTS: u64 = 1024;
/// Tenants of one slot.
const PLACES: usize = 4;
/// Bytes of a place: tenant, begin of the window, end of the block (u64 each), count (u32).
const PLACE_BYTES: usize = 28;
/// How often a write is tried again that another worker came before.
const TRIES: usize = 8;

/// What is known of a tenant. Times in seconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    tenant: u64,
    since: u64,
    until: u64,
    count: u32,
}

/// What came of an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was counted.
    Counted,
    /// It was one too many: the tenant is refused from now on.
    Blocked,
    /// There was no place for it, or shared data failed.
    Lost,
}

/// For how many seconds a tenant is refused from now on, if it is.
pub(crate) fn left(ports: &mut dyn Ports, tenant: &str, now_s: u64) -> Option<u64> {
    let id = hash(tenant);
    let (places, _) = read(ports, &key(id)).ok()?;
    let place = places.iter().find(|place| place.tenant == id)?;
    place.until.checked_sub(now_s).filter(|left| *left > 0)
}

/// Counts an attack of a tenant.
pub(crate) fn offend(ports: &mut dyn Ports, block: &RawBlock, tenant: &str, now_s: u64) -> Outcome {
    let id = hash(tenant);
    let key = key(id);
    for _ in 0..TRIES {
        let Ok((mut places, cas)) = read(ports, &key) else {
            return Outcome::Lost;
        };
        let Some(place) = seat(&mut places, id, block, now_s) else {
            return Outcome::Lost;
        };
        place.count = place.count.saturating_add(1);
        let mut outcome = Outcome::Counted;
        if place.count >= block.after && place.until <= now_s {
            place.until = now_s + u64::from(block.for_s);
            outcome = Outcome::Blocked;
        }
        match ports.share(&key, &write(&places), cas) {
            Ok(()) => return outcome,
            Err(PortError::CasMismatch) => {}
            Err(PortError::NotFound | PortError::Refused) => return Outcome::Lost,
        }
    }
    Outcome::Lost
}

/// The tenant's place: its own, else one in which nothing counts any more. A window that is over begins anew.
fn seat<'p>(places: &'p mut Vec<Place>, id: u64, block: &RawBlock, now_s: u64) -> Option<&'p mut Place> {
    let window_s = u64::from(block.window_s);
    let is_over = |place: &Place| place.until <= now_s && place.since + window_s <= now_s;
    let at = places.iter().position(|place| place.tenant == id);
    let at = at.or_else(|| places.iter().position(is_over));
    let at = match at {
        Some(at) => at,
        None if places.len() < PLACES => {
            places.push(Place::default());
            places.len() - 1
        }
        None => return None,
    };
    let place = places.get_mut(at)?;
    if place.tenant != id || is_over(place) {
        *place = Place {
            tenant: id,
            since: now_s,
            until: 0,
            count: 0,
        };
    }
    Some(place)
}

/// The number is of the layout: whoever changes a key, a hash or a byte of a place counts it up. A version neither reads nor
/// touches another number's.
fn key(id: u64) -> String {
    format!("penstock/guard/1/{}", id % SLOTS)
}

fn read(ports: &mut dyn Ports, key: &str) -> Result<(Vec<Place>, Option<u32>), PortError> {
    let Some((bytes, cas)) = ports.shared(key)? else {
        return Ok((Vec::new(), None));
    };
    let (places, _) = bytes.as_chunks::<PLACE_BYTES>();
    let place = |bytes: &[u8; PLACE_BYTES]| {
        let mut numbers = bytes.chunks(8).map(|chunk| {
            chunk
                .iter()
                .rev()
                .fold(0u64, |all, byte| all << 8 | u64::from(*byte))
        });
        let mut next = || numbers.next().unwrap_or(0);
        Place {
            tenant: next(),
            since: next(),
            until: next(),
            count: next() as u32,
        }
    };
    Ok((places.iter().take(PLACES).map(place).collect(), Some(cas)))
}

fn write(places: &[Place]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(places.len() * PLACE_BYTES);
    for place in places {
        bytes.extend(
            [place.tenant, place.since, place.until]
                .into_iter()
                .flat_map(u64::to_le_bytes),
        );
        bytes.extend(place.count.to_le_bytes());
    }
    bytes
}

/// FNV-1a of 64 bits, mixed.
fn hash(tenant: &str) -> u64 {
    let fnv = tenant.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (fnv ^ fnv >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two versions run side by side while one takes over from the other.
    #[test]
    fn this_version_writes_layout_1() {
        let ana = Place {
            tenant: hash("ana"),
            since: 1_768_478_400,
            until: 1_768_478_430,
            count: 3,
        };
        assert_eq!(key(ana.tenant), "penstock/guard/1/332");
        let digits: String = write(&[ana]).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digits, "4c051af614442bd4c0d6686900000000ded668690000000003000000");
    }
}
