//! What one exchange holds in one budget.

use super::account::{Seat, Standing, Teller};
use super::demand::Amount;
use super::metric::Event;
use super::rule::Budget;
use super::shared::StateError;
use super::tab::Want;
use super::till::{Booking, Till};
use super::window::Stamp;
use penstock_filter_api::Ports;

/// Least output, in tokens, for which more is drawn at a time.
const LEAST_DRAW: u64 = 64;

/// No worker has this number.
const NOBODY: u32 = 0;

/// Set aside for one exchange, or spent at its beginning.
#[derive(Debug)]
pub(crate) struct Hold {
    pub(crate) index: usize,
    seat: Seat,
    worker: u32,
    amount: Amount,
    held: u64,
    /// Spent at once, and when.
    spent: Option<(u64, Stamp)>,
    /// What others of its account had spent.
    before: u64,
    pub(crate) enforces: bool,
    /// More of it was asked for in vain.
    pub(crate) ended: bool,
}

impl Hold {
    pub(crate) fn new(
        (index, budget): (usize, &Budget),
        worker: u32,
        want: &Want,
        standing: &Standing,
    ) -> Self {
        let spent = budget
            .spends_at_once()
            .then_some((standing.taken, standing.stamp));
        Self {
            index,
            seat: standing.seat,
            worker,
            amount: want.amount,
            held: if spent.is_some() { 0 } else { standing.taken },
            spent,
            before: standing.before,
            enforces: want.enforces,
            ended: false,
        }
    }

    /// Output tokens that it is enough for; `None` where output costs nothing, or nothing more is asked for.
    pub(crate) fn enough(&self) -> Option<u64> {
        let grows = self.amount.grows() && !self.ended;
        grows.then(|| self.amount.output_of(self.held))
    }

    /// The prompt is longer than it was estimated.
    pub(crate) fn lengthen(&mut self, by: u64) {
        self.amount.fixed = self.amount.fixed.saturating_add(by);
    }

    /// Of an exchange that was let in unasked, or with nothing set aside: what it comes to is booked.
    pub(crate) fn late(index: usize, seat: Seat) -> Self {
        Self {
            index,
            seat,
            worker: NOBODY,
            amount: Amount::default(),
            held: 0,
            spent: None,
            before: 0,
            enforces: false,
            ended: true,
        }
    }

    /// Draws on if so much output is more than what it holds is enough for. False where there is not enough left.
    pub(crate) fn draw(
        &mut self,
        budget: &Budget,
        output: u64,
        now_ns: u64,
        till: &mut Till,
        ports: &mut dyn Ports,
    ) -> Result<bool, StateError> {
        let worker = till.workers.own(ports, now_ns)?;
        if worker != self.worker {
            // This worker was given up for dead, and what it held is given back.
            (self.worker, self.held) = (worker, 0);
        }
        let missing = self.amount.with(output).saturating_sub(self.held);
        if missing == 0 {
            return Ok(true);
        }
        let ahead = self.amount.with(output + LEAST_DRAW.max(output / 4));
        let most = ahead.saturating_sub(self.held);
        let teller = Teller {
            worker,
            alive: till.workers.alive(),
            now_ns,
        };
        let standing = budget.take(self.seat, (missing, most), teller, ports)?;
        let of = (self.index, budget);
        till.counters.add(of, Event::Reserved, standing.taken, ports);
        till.counters.add(of, Event::Expired, standing.expired, ports);
        if standing.taken > 0 {
            // What a dead worker held is gone, and its place may be, too.
            self.seat = standing.seat;
        }
        self.held = self.held.saturating_add(standing.taken);
        Ok(standing.taken > 0)
    }

    /// The account, if it is one of its own, and about what it has spent if this exchange has used so much.
    pub(crate) fn account(&self, used: u64) -> Option<(u64, u64)> {
        let spent = self.before.saturating_add(used.max(1));
        (!self.seat.overflows()).then_some((self.seat.account(), spent))
    }

    /// What is to be booked at the end. `used` is told what the input needs, and
    /// what is held. What was spent at once is taken back if it was all in vain.
    pub(crate) fn booking(&self, used: impl FnOnce(u64, u64) -> u64, void: bool) -> Booking {
        Booking {
            index: self.index,
            seat: self.seat,
            worker: self.worker,
            held: self.held,
            used: used(self.amount.fixed, self.held),
            refund: self.spent.filter(|_| void),
        }
    }
}
