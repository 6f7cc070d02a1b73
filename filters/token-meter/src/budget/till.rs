//! What the exchanges of one VM share: who the worker is, what is learned, and what could not be booked yet.

use super::account::{Seat, Teller};
use super::exports::Exports;
use super::metric::{Counters, Event};
use super::quantile::Lengths;
use super::rule::Budget;
use super::window::Stamp;
use super::workers::Workers;
use crate::config::Labels;
use penstock_filter_api::Ports;

/// Most bookings that wait for shared data to work again.
const MAX_WAITING: usize = 4096;

/// The state of all budgets in one VM.
#[derive(Debug)]
pub(crate) struct Till {
    pub(crate) workers: Workers,
    pub(crate) counters: Counters,
    pub(crate) lengths: Lengths,
    pub(crate) exports: Exports,
    waiting: Vec<Booking>,
}

/// What an exchange gives back, and what it has used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Booking {
    pub(crate) index: usize,
    pub(crate) seat: Seat,
    pub(crate) worker: u32,
    pub(crate) held: u64,
    pub(crate) used: u64,
    /// Spent at the beginning, then, and to be taken back.
    pub(crate) refund: Option<(u64, Stamp)>,
}

impl Till {
    /// `labels` are those that metrics have.
    pub(crate) fn new(labels: Labels) -> Self {
        Self {
            workers: Workers::default(),
            counters: Counters::default(),
            lengths: Lengths::default(),
            exports: Exports::new(labels),
            waiting: Vec::new(),
        }
    }

    /// Books at the end of an exchange; what fails is tried again with the ticks.
    pub(crate) fn book(&mut self, budget: &Budget, booking: Booking, now_ns: u64, ports: &mut dyn Ports) {
        if self.try_book(budget, booking, now_ns, ports) {
            return;
        }
        self.counters
            .add((booking.index, budget), Event::StateError, 1, ports);
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push(booking);
        }
    }

    fn try_book(&mut self, budget: &Budget, booking: Booking, now_ns: u64, ports: &mut dyn Ports) -> bool {
        let Booking {
            index,
            seat,
            worker,
            held,
            used,
            refund,
        } = booking;
        let teller = Teller {
            worker,
            alive: self.workers.alive(),
            now_ns,
        };
        let booked = match refund {
            Some(spent) => budget.refund(seat, spent, teller, ports),
            None if held == 0 && used == 0 => return true,
            None => budget.settle(seat, held, used, teller, ports),
        };
        let Ok(expired) = booked else { return false };
        let of = (index, budget);
        self.counters.add(of, Event::Used, used, ports);
        let returned = refund.map_or(held, |(amount, _)| amount);
        self.counters.add(of, Event::Returned, returned, ports);
        self.counters.add(of, Event::Expired, expired, ports);
        true
    }

    /// Once a second.
    pub(crate) fn tick(&mut self, budgets: &[Budget], now_ns: u64, ports: &mut dyn Ports) {
        self.workers.tick(ports, now_ns);
        for booking in std::mem::take(&mut self.waiting) {
            let Some(budget) = budgets.get(booking.index) else {
                continue;
            };
            if !self.try_book(budget, booking, now_ns, ports) {
                self.waiting.push(booking);
            }
        }
        self.exports.tick(budgets, &self.workers, now_ns, ports);
    }
}
