//! An account that members share by weight.
//!
//! What a member may have is max-min fair, see [`Level`]. What it wants is what it has, and what it will probably ask for until
//! the round ends; of whoever asks now it is everything. So nothing lies idle that is not awaited, and what was lent comes
//! back with the next round.
//!
//! Little-endian: when the round ends (u64), the number of shares (u16), and these: member (u64), weight (u16), spent,
//! refused, last (u64 each), and what is held.

use super::held::Held;
use super::layout::Round;
use super::level::{Bounds, Level};
use super::place::{u16, u64};
use super::workers::Alive;

/// Most shares of an account; one of them is for all that found no other.
const MAX_SHARES: usize = 64;

/// Bytes of a share, but for what it holds.
const SHARE_BYTES: usize = 34;

/// Who shares an account, and with what weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) id: u64,
    pub(crate) weight: u16,
}

impl Member {
    /// Stands for all that found no share of their own. Weighs as much as who asks for it.
    const REST: u64 = 0;

    pub(crate) fn is_rest(self) -> bool {
        self.id == Self::REST && self.weight > 0
    }
}

/// The shares of an account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shares {
    round: Round,
    shares: Vec<Share>,
}

/// What a member has had in a round.
#[derive(Clone, Debug, Default)]
struct Share {
    member: Member,
    spent: u64,
    /// Asked for in vain, and not had since.
    refused: u64,
    /// Spent and refused in the round before.
    last: u64,
    held: Held,
}

/// What a member may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    pub(crate) amount: u64,
    /// How much more must be free before it may have any; 0 where that can be at any time.
    pub(crate) short: u64,
    /// Seconds until the next round.
    pub(crate) rest_s: u64,
}

impl Shares {
    /// Brings them up to now. Returns what dead workers held.
    pub(crate) fn renew(&mut self, round: Round, alive: &Alive) -> u64 {
        let expired = self.shares.iter_mut().map(|share| share.held.expire(alive));
        let expired = expired.fold(0, u64::saturating_add);
        if round.end_ns != self.round.end_ns {
            let follows = round.follows(self.round.end_ns);
            for share in &mut self.shares {
                share.last = if follows {
                    share.spent.saturating_add(share.refused)
                } else {
                    0
                };
                (share.spent, share.refused) = (0, 0);
            }
            self.shares
                .retain(|share| share.last > 0 || !share.held.is_empty());
        }
        self.round = round;
        expired
    }

    pub(crate) fn held(&self) -> u64 {
        let held = self.shares.iter().map(|share| share.held.total());
        held.fold(0, u64::saturating_add)
    }

    /// Finds a share for a member: its own, or that of the rest.
    pub(crate) fn seat(&mut self, member: Member) -> Member {
        let own = self.find(member.id).is_some() || self.shares.len() < MAX_SHARES - 1;
        let member = Member {
            id: if own { member.id } else { Member::REST },
            ..member
        };
        match self.find(member.id) {
            Some(share) => share.member = member,
            None => self.shares.push(Share {
                member,
                ..Share::default()
            }),
        }
        member
    }

    fn find(&mut self, id: u64) -> Option<&mut Share> {
        self.shares.iter_mut().find(|share| share.member.id == id)
    }

    /// What a member that asks for at least `least` may have of what is `free`. Who has less than its share gets its next
    /// request whole: a share smaller than a request would else be none.
    pub(crate) fn due(&self, member: Member, free: u64, least: u64) -> Due {
        let level = self.level(member.id, free);
        let own = self.shares.iter().find(|share| share.member.id == member.id);
        let (spent, used) = own.map_or((0, 0), |share| (share.spent, share.used()));
        let weight = f64::from(member.weight);
        let (mut amount, mut short) = (0, 0);
        if level.exceeds(weight, used) {
            amount = level.of(weight).saturating_sub(used).max(least).min(free);
        } else if !level.exceeds(weight, spent) {
            short = level.short(weight, used);
        }
        Due {
            amount,
            short,
            rest_s: self.round.rest_s(),
        }
    }

    fn level(&self, asks: u64, free: u64) -> Level {
        let bounds = self.shares.iter().map(|share| share.bounds(asks, &self.round));
        Level::pour(free, bounds.collect())
    }

    /// Keeps in mind what a member wanted and what it got. Whether that is new.
    pub(crate) fn note(&mut self, member: Member, wanted: u64, got: u64, limit: u64) -> bool {
        let Some(share) = self.find(member.id) else {
            return false;
        };
        let lacks = share.refused.saturating_sub(got);
        let refused = lacks.saturating_add(wanted.saturating_sub(got)).min(limit);
        std::mem::replace(&mut share.refused, refused) != refused
    }
}

impl Shares {
    /// Sets more aside. False where that cannot be.
    pub(crate) fn hold(&mut self, worker: u32, member: Member, amount: u64) -> bool {
        let share = self.find(member.id);
        share.is_some_and(|share| share.held.add(worker, amount))
    }

    /// Gives back what was set aside, as far as it is still there.
    pub(crate) fn release(&mut self, worker: u32, member: Member, amount: u64) {
        if let Some(share) = self.find(member.id) {
            share.held.release(worker, amount);
        }
    }

    pub(crate) fn spend(&mut self, member: Member, amount: u64) {
        let member = self.seat(member);
        if let Some(share) = self.find(member.id) {
            share.spent = share.spent.saturating_add(amount);
        }
    }

    /// Takes back what was spent in a round, if it is still this one.
    pub(crate) fn refund(&mut self, round: &Round, member: Member, amount: u64) {
        let same = round.end_ns == self.round.end_ns;
        if let Some(share) = self.find(member.id).filter(|_| same) {
            share.spent = share.spent.saturating_sub(amount);
        }
    }

    /// The bytes that a record takes which begins with these.
    pub(crate) fn bytes(record: &[u8]) -> Option<usize> {
        let mut rest = record;
        u64(&mut rest)?;
        let (count, mut rest) = rest.split_first_chunk::<2>()?;
        for _ in 0..u16::from_le_bytes(*count) {
            let held = rest.get(SHARE_BYTES..)?;
            rest = held.get(Held::bytes(held)?..)?;
        }
        Some(record.len() - rest.len())
    }

    /// Reads them off the front.
    pub(crate) fn read(rest: &mut &[u8]) -> Option<Self> {
        let end_ns = u64(rest)?;
        let count = usize::from(u16(rest)?);
        let round = Round::ending(end_ns);
        let shares = (0..count)
            .map(|_| Share::read(rest))
            .collect::<Option<Vec<_>>>()?;
        (count <= MAX_SHARES).then_some(Self { round, shares })
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.round.end_ns.to_le_bytes());
        bytes.extend((self.shares.len() as u16).to_le_bytes());
        for share in &self.shares {
            share.write(bytes);
        }
    }
}

impl Share {
    fn used(&self) -> u64 {
        self.spent.saturating_add(self.held.total())
    }

    /// What it has, and what it will probably come to; of whoever asks everything.
    fn bounds(&self, asks: u64, round: &Round) -> Bounds {
        let used = self.used();
        let wanted = if self.member.id == asks {
            f64::INFINITY
        } else {
            used as f64 + round.outlook(used, self.last).max(self.refused as f64)
        };
        Bounds {
            weight: f64::from(self.member.weight),
            used: used as f64,
            wanted,
        }
    }

    fn read(rest: &mut &[u8]) -> Option<Self> {
        Some(Self {
            member: Member {
                id: u64(rest)?,
                weight: u16(rest)?,
            },
            spent: u64(rest)?,
            refused: u64(rest)?,
            last: u64(rest)?,
            held: Held::read(rest)?,
        })
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.member.id.to_le_bytes());
        bytes.extend(self.member.weight.to_le_bytes());
        for amount in [self.spent, self.refused, self.last] {
            bytes.extend(amount.to_le_bytes());
        }
        self.held.write(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shares(members: &[(u16, u64, u64)]) -> Shares {
        let share = |(at, (weight, spent, refused)): (usize, &(u16, u64, u64))| Share {
            member: Member {
                id: at as u64 + 1,
                weight: *weight,
            },
            spent: *spent,
            refused: *refused,
            ..Share::default()
        };
        Shares {
            shares: members.iter().enumerate().map(share).collect(),
            ..Shares::default()
        }
    }

    proptest! {
        /// What is written is what is read, and no shorter record is one.
        #[test]
        fn a_record_is_read_as_it_was_written(
            members in prop::collection::vec((1u16..=1000, any::<u64>(), any::<u64>()), 0..64),
        ) {
            let mut shares = shares(&members);
            for (at, share) in shares.shares.iter_mut().enumerate() {
                (0..at as u32 % 4).for_each(|worker| { share.held.add(worker, 7); });
            }
            let mut bytes = Vec::new();
            shares.write(&mut bytes);
            prop_assert_eq!(Shares::bytes(&bytes), Some(bytes.len()));
            let mut again = Vec::new();
            Shares::read(&mut bytes.as_slice()).unwrap().write(&mut again);
            prop_assert_eq!(&again, &bytes);
            prop_assert!(Shares::read(&mut bytes.split_last().unwrap().1).is_none());
        }
    }
}
