//! One account of a budget: what may be set aside, drawn, spent and given back, each in one atomic step.

use super::place::{Found, Place, find, given_up, places};
use super::rule::Budget;
use super::shared::{Change, StateError, change};
use super::shares::Member;
use super::window::{Stamp, Window};
use super::workers::Alive;
use penstock_filter_api::Ports;

/// Where an account is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    account: u64,
    slot: Slot,
    /// Of a fair budget.
    member: Member,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Own(u32),
    /// The one account of all that found no place.
    Overflow,
}

impl Seat {
    pub(crate) fn new(account: u64, member: Member, budget: &Budget) -> Self {
        Self {
            account,
            slot: Slot::Own((account >> 32) as u32 % budget.slots),
            member,
        }
    }

    /// Whether it is for all that found no place, or no share of one.
    pub(crate) fn overflows(self) -> bool {
        self.slot == Slot::Overflow || self.member.is_rest()
    }

    /// Whoever is kept in a slot.
    pub(crate) fn of_slot(slot: u32) -> Self {
        Self {
            account: 0,
            slot: Slot::Own(slot),
            member: Member::default(),
        }
    }

    pub(crate) fn account(self) -> u64 {
        self.account
    }

    pub(crate) fn overflow(self) -> Self {
        Self {
            account: 0,
            slot: Slot::Overflow,
            ..self
        }
    }

    fn key(self, budget: &Budget) -> String {
        let mut key = String::with_capacity(budget.prefix.len() + 10);
        key.push_str(&budget.prefix);
        match self.slot {
            Slot::Overflow => key.push_str("overflow"),
            Slot::Own(mut slot) => {
                // Hexadecimal, the lowest digit first: any name will do.
                loop {
                    key.push(char::from_digit(slot % 16, 16).unwrap_or('0'));
                    slot /= 16;
                    if slot == 0 {
                        break;
                    }
                }
            }
        }
        key
    }
}

/// Who asks, and when.
#[derive(Clone, Copy)]
pub(crate) struct Teller<'a> {
    pub(crate) worker: u32,
    pub(crate) alive: &'a Alive,
    pub(crate) now_ns: u64,
}

/// How an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) seat: Seat,
    /// What was set aside or spent; 0 where that was not possible.
    pub(crate) taken: u64,
    /// What is left for whoever asked.
    pub(crate) left: u64,
    /// What is left, if only for others.
    pub(crate) free: u64,
    /// Seconds until there is as much as was asked for, where it was not had and can be.
    pub(crate) wait_s: u64,
    /// Seconds until there is all again.
    pub(crate) reset_s: u64,
    /// When it was spent, for [`Budget::refund`].
    pub(crate) stamp: Stamp,
    /// Given back of dead workers.
    pub(crate) expired: u64,
    /// What counted before: spent in this window, or open.
    pub(crate) before: u64,
}

impl Budget {
    /// Takes as much as is left of `most`, if that is at least `least`.
    pub(crate) fn take(
        &self,
        seat: Seat,
        (least, most): (u64, u64),
        teller: Teller<'_>,
        ports: &mut dyn Ports,
    ) -> Result<Standing, StateError> {
        let mut standing = Standing {
            seat,
            taken: 0,
            left: 0,
            free: 0,
            wait_s: 0,
            reset_s: 0,
            stamp: Stamp::default(),
            expired: 0,
            before: 0,
        };
        let found = self.change(seat, teller, ports, &mut |place| {
            standing.seat = seat;
            self.take_from(place, (least, most), teller, &mut standing)
        })?;
        match found {
            Some(expired) => Ok(Standing { expired, ..standing }),
            None => self.take(seat.overflow(), (least, most), teller, ports),
        }
    }

    /// Takes from a place, and says how it stands then. Whether there is something to write.
    fn take_from(
        &self,
        place: &mut Place,
        (least, most): (u64, u64),
        teller: Teller<'_>,
        standing: &mut Standing,
    ) -> Result<bool, StateError> {
        standing.before = match self.window {
            Window::Open => place.held(),
            Window::Calendar(_) | Window::Sliding { .. } | Window::Bucket { .. } => place.spend.total(),
        };
        let offer = place.offer(standing.seat.member, self.limit, least);
        let member = offer.member;
        let taken = Some(most.min(offer.left)).filter(|taken| *taken >= least.max(1));
        standing.seat.member = member;
        standing.taken = taken.unwrap_or(0);
        standing.left = offer.left - standing.taken;
        standing.free = offer.free - standing.taken;
        let news = place.note(member, most, standing.taken, self.limit);
        match taken {
            None => {
                // What is merely held may come back at any time.
                let wait_s = place.spend.wait_s(self.window, offer.bearable, teller.now_ns);
                standing.wait_s = wait_s.min(offer.latest_s);
            }
            Some(taken) if self.spends_at_once() => standing.stamp = place.spend(member, taken),
            Some(taken) if !place.hold(teller.worker, member, taken) => return Err(StateError),
            Some(_) => {}
        }
        let mut all = place.spend;
        all.add(place.held());
        standing.reset_s = all.wait_s(self.window, 0, teller.now_ns);
        Ok(taken.is_some() || news)
    }

    /// Books what an exchange has used, and gives back what it held. Returns what dead workers gave back.
    pub(crate) fn settle(
        &self,
        seat: Seat,
        held: u64,
        used: u64,
        teller: Teller<'_>,
        ports: &mut dyn Ports,
    ) -> Result<u64, StateError> {
        let found = self.change(seat, teller, ports, &mut |place| {
            place.release(teller.worker, seat.member, held);
            place.spend(seat.member, used);
            Ok(true)
        })?;
        match found {
            Some(expired) => Ok(expired),
            // Its place went to another after this worker was given up for dead.
            None => self.settle(seat.overflow(), 0, used, teller, ports),
        }
    }

    /// The accounts of a slot, as they were left.
    pub(crate) fn places(&self, seat: Seat, ports: &mut dyn Ports) -> Result<Vec<Place>, StateError> {
        let found = ports.shared(&seat.key(self)).map_err(|_| StateError)?;
        let slot = found.map_or(Vec::new(), |(slot, _)| slot);
        places(&slot, self.layout()).ok_or(StateError)
    }

    /// Takes back what was spent at once.
    pub(crate) fn refund(
        &self,
        seat: Seat,
        spent: (u64, Stamp),
        teller: Teller<'_>,
        ports: &mut dyn Ports,
    ) -> Result<u64, StateError> {
        let found = self.change(seat, teller, ports, &mut |place| {
            place.refund(self.layout(), seat.member, spent);
            Ok(true)
        })?;
        Ok(found.unwrap_or(0))
    }

    /// One atomic change of a place, if it is to be written. Returns what dead workers gave back; `None` where the account
    /// has no place and there is none for it.
    fn change(
        &self,
        seat_of: Seat,
        teller: Teller<'_>,
        ports: &mut dyn Ports,
        with: &mut dyn FnMut(&mut Place) -> Result<bool, StateError>,
    ) -> Result<Option<u64>, StateError> {
        let Teller { alive, now_ns, .. } = teller;
        let layout = self.layout();
        change(ports, &seat_of.key(self), &mut |slot| {
            let account = seat_of.account;
            let (mut place, at, given_back) = match find(slot, account, layout).ok_or(StateError)? {
                Found::Own(at) => {
                    let place = slot.get(at.clone()).and_then(|bytes| Place::read(bytes, layout));
                    (place.ok_or(StateError)?, at, 0)
                }
                Found::New(at) => (Place::new(account, layout), at..at, 0),
                Found::Full => match given_up(slot, layout, now_ns, alive) {
                    Some((at, given_back)) => (Place::new(account, layout), at, given_back),
                    None => return Ok(Change::Keep(None)),
                },
            };
            let expired = place.renew(layout, now_ns, alive).saturating_add(given_back);
            if !with(&mut place)? {
                return Ok(Change::Keep(Some(0)));
            }
            place.write(layout, slot, at);
            Ok(Change::Write(Some(expired)))
        })
    }
}
