//! Who is alive: what a worker has set aside is worth nothing once it has died.
//!
//! Each worker (a configuration in a VM) has a number and a pulse in one shared record. Its tick moves the pulse on; a pulse
//! that stands still for many of *another* worker's ticks is that of a dead one, whose number is struck off. No clock has a
//! part in it, so that one which jumps kills nobody.
//!
//! Little-endian: next number (u32), then number and pulse (u32 each) of those alive.

use super::shared::{Change, KEYS, StateError, change};
use penstock_filter_api::Ports;

/// Ticks, of about a second, after which a pulse that stood still is that of a dead worker.
pub(crate) const LEASE_TICKS: u32 = 15;

/// Most workers at a time: two configurations of 127 while one takes over from the other.
const MAX_WORKERS: usize = 254;

/// Without a tick for so long, a worker looks whether it was given up for dead before it sets anything aside.
const DOUBT_NS: u64 = 5_000_000_000;

/// The numbers of those that live, as they were at the last look.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alive {
    numbers: Vec<u32>,
    next: u32,
}

impl Alive {
    /// Whether a worker may still live. Those that came after the last look do.
    pub(crate) fn has(&self, worker: u32) -> bool {
        worker >= self.next || self.numbers.contains(&worker)
    }
}

/// This worker, and what it knows of the others.
#[derive(Debug, Default)]
pub(crate) struct Workers {
    own: Option<u32>,
    alive: Alive,
    /// Number, pulse, and for how many ticks it stood still.
    pulses: Vec<(u32, u32, u32)>,
    looked_ns: u64,
}

impl Workers {
    pub(crate) fn alive(&self) -> &Alive {
        &self.alive
    }

    /// This worker's number, where it has one.
    pub(crate) fn number(&self) -> Option<u32> {
        self.own
    }

    /// This worker's number. Takes one where it has none, or has lost it.
    pub(crate) fn own(&mut self, ports: &mut dyn Ports, now_ns: u64) -> Result<u32, StateError> {
        if let Some(own) = self.own.filter(|_| now_ns.abs_diff(self.looked_ns) < DOUBT_NS) {
            return Ok(own);
        }
        let own = self.own;
        let number = change(ports, &key(), &mut |bytes| {
            let mut book = Book::read(bytes)?;
            if let Some(own) = own.filter(|own| book.pulses.iter().any(|(known, _)| known == own)) {
                return Ok(Change::Keep((own, book)));
            }
            if book.pulses.len() >= MAX_WORKERS {
                return Err(StateError);
            }
            let number = book.next.max(1);
            book.next = number.wrapping_add(1);
            book.pulses.push((number, 0));
            *bytes = book.write();
            Ok(Change::Write((number, book)))
        });
        let (number, book) = number?;
        self.own = Some(number);
        self.learn(&book, now_ns);
        Ok(number)
    }

    /// Once a second: moves the own pulse on, and strikes off the dead.
    pub(crate) fn tick(&mut self, ports: &mut dyn Ports, now_ns: u64) {
        let (own, known) = (self.own, &self.pulses);
        let still = |number: u32, pulse: u32| {
            let before = known.iter().find(|(other, ..)| *other == number);
            match before {
                Some((_, old, ticks)) if *old == pulse => ticks.saturating_add(1),
                Some(_) | None => 0,
            }
        };
        let book = change(ports, &key(), &mut |bytes| {
            let mut book = Book::read(bytes)?;
            let before = book.pulses.len();
            book.pulses
                .retain(|(number, pulse)| Some(*number) == own || still(*number, *pulse) < LEASE_TICKS);
            let mut moved = book.pulses.len() != before;
            if let Some((_, pulse)) = book.pulses.iter_mut().find(|(number, _)| Some(*number) == own) {
                *pulse = pulse.wrapping_add(1);
                moved = true;
            }
            if !moved {
                return Ok(Change::Keep(book));
            }
            *bytes = book.write();
            Ok(Change::Write(book))
        });
        // Who cannot look goes on with what was known.
        let Ok(book) = book else { return };
        let pulses = book.pulses.iter();
        let pulses = pulses.map(|(number, pulse)| (*number, *pulse, still(*number, *pulse)));
        let pulses = pulses.collect();
        self.pulses = pulses;
        self.learn(&book, now_ns);
        self.own = self.own.filter(|own| self.alive.numbers.contains(own));
    }

    fn learn(&mut self, book: &Book, now_ns: u64) {
        self.looked_ns = now_ns;
        self.alive = Alive {
            numbers: book.pulses.iter().map(|(number, _)| *number).collect(),
            next: book.next,
        };
    }
}

fn key() -> String {
    format!("{KEYS}workers")
}

/// The shared record.
struct Book {
    next: u32,
    pulses: Vec<(u32, u32)>,
}

impl Book {
    fn read(bytes: &[u8]) -> Result<Self, StateError> {
        let mut book = Self {
            next: 1,
            pulses: Vec::new(),
        };
        let (numbers, rest) = bytes.as_chunks::<4>();
        let mut numbers = numbers.iter().map(|number| u32::from_le_bytes(*number));
        if let Some(next) = numbers.next() {
            book.next = next;
        }
        while let (Some(number), Some(pulse)) = (numbers.next(), numbers.next()) {
            book.pulses.push((number, pulse));
        }
        if rest.is_empty() {
            Ok(book)
        } else {
            Err(StateError)
        }
    }

    fn write(&self) -> Vec<u8> {
        let pulses = self.pulses.iter().flat_map(|(number, pulse)| [*number, *pulse]);
        [self.next]
            .into_iter()
            .chain(pulses)
            .flat_map(u32::to_le_bytes)
            .collect()
    }
}
