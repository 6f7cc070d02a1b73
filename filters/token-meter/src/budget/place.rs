//! Accounts as they lie in shared data: some places to a slot. A change of one leaves the bytes of the others as they are.
//!
//! Little-endian. Of each place: account (u64), what was spent and when (u64 each, as many as its window has numbers), and what is
//! held; where members share it, their shares instead.

use super::held::Held;
use super::layout::Layout;
use super::shares::{Due, Member, Shares};
use super::window::{MOST_NUMBERS, Spend, Stamp};
use super::workers::Alive;
use std::ops::Range;

/// Most accounts of one slot.
pub(crate) const PLACES: usize = 8;

/// Bytes of a place before what is held: its account, and so many numbers of what was spent.
const fn head_bytes(numbers: usize) -> usize {
    8 + 8 * numbers
}

/// One account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub(crate) account: u64,
    pub(crate) spend: Spend,
    pub(crate) claims: Claims,
}

/// What is set aside.
#[derive(Clone, Debug)]
pub(crate) enum Claims {
    Undivided(Held),
    /// By the members of a fair budget, with all that they have had.
    Shared(Box<Shares>),
}

impl Default for Claims {
    fn default() -> Self {
        Self::Undivided(Held::default())
    }
}

impl Place {
    pub(crate) fn new(account: u64, layout: Layout) -> Self {
        let claims = match layout.round_ns {
            None => Claims::default(),
            Some(_) => Claims::Shared(Box::default()),
        };
        Self {
            account,
            spend: Spend::default(),
            claims,
        }
    }

    /// Brings it up to now: what is past is forgotten, and what dead workers held is given back. Returns how much that was.
    pub(crate) fn renew(&mut self, layout: Layout, now_ns: u64, alive: &Alive) -> u64 {
        self.spend.age(layout.window, now_ns);
        match &mut self.claims {
            Claims::Undivided(held) => held.expire(alive),
            Claims::Shared(shares) => shares.renew(layout.round(&self.spend, now_ns), alive),
        }
    }

    /// Nothing in it counts any more.
    fn is_over(&self) -> bool {
        self.held() == 0 && self.spend.total() == 0
    }

    pub(crate) fn held(&self) -> u64 {
        match &self.claims {
            Claims::Undivided(held) => held.total(),
            Claims::Shared(shares) => shares.held(),
        }
    }

    /// What is left of `limit`.
    pub(crate) fn left(&self, limit: u64) -> u64 {
        limit
            .saturating_sub(self.spend.total())
            .saturating_sub(self.held())
    }

    /// What of `limit` is there for a member who needs at least `least` of it.
    pub(crate) fn offer(&mut self, member: Member, limit: u64, least: u64) -> Offer {
        let (free, bearable) = (self.left(limit), limit.saturating_sub(least));
        match &mut self.claims {
            Claims::Undivided(_) => Offer {
                member,
                left: free,
                free,
                bearable,
                latest_s: u64::MAX,
            },
            Claims::Shared(shares) => {
                let member = shares.seat(member);
                let Due {
                    amount,
                    short,
                    rest_s,
                } = shares.due(member, free, least);
                Offer {
                    member,
                    left: amount,
                    free,
                    bearable: bearable.min(self.spend.total().saturating_sub(short)),
                    latest_s: rest_s,
                }
            }
        }
    }

    /// Keeps in mind what a member wanted and what it got. Whether that is news.
    pub(crate) fn note(&mut self, member: Member, wanted: u64, got: u64, limit: u64) -> bool {
        match &mut self.claims {
            Claims::Undivided(_) => false,
            Claims::Shared(shares) => shares.note(member, wanted, got, limit),
        }
    }

    /// Sets more aside. False where too many workers hold something.
    pub(crate) fn hold(&mut self, worker: u32, member: Member, amount: u64) -> bool {
        match &mut self.claims {
            Claims::Undivided(held) => held.add(worker, amount),
            Claims::Shared(shares) => shares.hold(worker, member, amount),
        }
    }

    /// Gives back what was set aside, as far as it is still there.
    pub(crate) fn release(&mut self, worker: u32, member: Member, amount: u64) {
        match &mut self.claims {
            Claims::Undivided(held) => held.release(worker, amount),
            Claims::Shared(shares) => shares.release(worker, member, amount),
        }
    }

    /// Spends now. The stamp is for [`Place::refund`].
    pub(crate) fn spend(&mut self, member: Member, amount: u64) -> Stamp {
        if let Claims::Shared(shares) = &mut self.claims {
            shares.spend(member, amount);
        }
        self.spend.add(amount)
    }

    /// Takes back what was spent at `stamp`, if it still counts.
    pub(crate) fn refund(&mut self, layout: Layout, member: Member, (amount, stamp): (u64, Stamp)) {
        self.spend.refund(layout.window, stamp, amount);
        if let Claims::Shared(shares) = &mut self.claims {
            let mut then = self.spend;
            then.at = stamp.at;
            shares.refund(&layout.round(&then, 0), member, amount);
        }
    }
}

/// What an account has for a member.
pub(crate) struct Offer {
    /// As who it is known here.
    pub(crate) member: Member,
    pub(crate) left: u64,
    /// What is left for others, too.
    pub(crate) free: u64,
    /// Where there is not enough: what may be spent of the account so that there is.
    pub(crate) bearable: u64,
    /// It does not have to wait longer, in seconds.
    pub(crate) latest_s: u64,
}

/// Where the place of an account is.
pub(crate) enum Found {
    Own(Range<usize>),
    /// It is to be a new one, here.
    New(usize),
    /// The slot is full of others.
    Full,
}

/// Looks for an account. `None` for bytes that are no slot.
pub(crate) fn find(slot: &[u8], account: u64, layout: Layout) -> Option<Found> {
    let (mut count, mut at) = (0, 0);
    while at < slot.len() {
        let (known, span) = span(slot, at, layout)?;
        if known == account {
            return Some(Found::Own(span));
        }
        (count, at) = (count + 1, span.end);
    }
    match count {
        0..PLACES => Some(Found::New(at)),
        PLACES => Some(Found::Full),
        _ => None,
    }
}

/// The first place of a slot in which nothing counts any more, and what dead workers held in it.
#[cold]
pub(crate) fn given_up(
    slot: &[u8],
    layout: Layout,
    now_ns: u64,
    alive: &Alive,
) -> Option<(Range<usize>, u64)> {
    let mut at = 0;
    while at < slot.len() {
        let (_, span) = span(slot, at, layout)?;
        at = span.end;
        let mut place = Place::read(slot.get(span.clone())?, layout)?;
        let expired = place.renew(layout, now_ns, alive);
        if place.is_over() {
            return Some((span, expired));
        }
    }
    None
}

/// All places of a slot. `None` for bytes that are none.
pub(crate) fn places(slot: &[u8], layout: Layout) -> Option<Vec<Place>> {
    let (mut places, mut at) = (Vec::new(), 0);
    while at < slot.len() {
        let (_, span) = span(slot, at, layout)?;
        at = span.end;
        places.push(Place::read(slot.get(span)?, layout)?);
    }
    Some(places)
}

/// The account of the place that begins at `from`, and where that lies.
fn span(slot: &[u8], from: usize, layout: Layout) -> Option<(u64, Range<usize>)> {
    let place = slot.get(from..)?;
    let (account, _) = place.split_first_chunk::<8>()?;
    let head = head_bytes(layout.window.numbers());
    let claims = place.get(head..)?;
    let claims = match layout.round_ns {
        None => Held::bytes(claims)?,
        Some(_) => Shares::bytes(claims)?,
    };
    let span = from..from.checked_add(head + claims)?;
    (span.end <= slot.len()).then_some((u64::from_le_bytes(*account), span))
}

impl Place {
    pub(crate) fn read(mut rest: &[u8], layout: Layout) -> Option<Self> {
        let rest = &mut rest;
        let account = u64(rest)?;
        let mut spend = Spend::default();
        for number in spend.numbers(layout.window) {
            *number = u64(rest)?;
        }
        let claims = match layout.round_ns {
            None => Claims::Undivided(Held::read(rest)?),
            Some(_) => Claims::Shared(Box::new(Shares::read(rest)?)),
        };
        Some(Self {
            account,
            spend,
            claims,
        })
    }

    /// Writes it into the slot, in place of these bytes.
    pub(crate) fn write(&self, layout: Layout, slot: &mut Vec<u8>, at: Range<usize>) {
        let others = slot.split_off(at.end.min(slot.len()));
        slot.truncate(at.start);
        self.append(layout, slot);
        slot.extend_from_slice(&others);
    }

    fn append(&self, layout: Layout, slot: &mut Vec<u8>) {
        let mut head = [0; head_bytes(MOST_NUMBERS)];
        let (places, _) = head.as_chunks_mut::<8>();
        let (mut account, mut spend) = (self.account, self.spend);
        let numbers = std::iter::once(&mut account).chain(spend.numbers(layout.window));
        for (place, number) in places.iter_mut().zip(numbers) {
            *place = number.to_le_bytes();
        }
        let length = head_bytes(layout.window.numbers());
        slot.extend_from_slice(head.get(..length).unwrap_or_default());
        match &self.claims {
            Claims::Undivided(held) => held.write(slot),
            Claims::Shared(shares) => shares.write(slot),
        }
    }
}

/// Reads a number off the front.
pub(crate) fn u64(rest: &mut &[u8]) -> Option<u64> {
    let (number, more) = rest.split_first_chunk::<8>()?;
    *rest = more;
    Some(u64::from_le_bytes(*number))
}

/// Reads a number of two bytes off the front.
pub(crate) fn u16(rest: &mut &[u8]) -> Option<u16> {
    let (number, more) = rest.split_first_chunk::<2>()?;
    *rest = more;
    Some(u16::from_le_bytes(*number))
}
