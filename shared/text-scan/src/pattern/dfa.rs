//! Sets of threads as states of an automaton that is built where texts lead, and forgotten when it grows too large.
//!
//! What a text costs is a table look-up a character, or at worst one walk of all threads.

use super::alphabet::{Alphabet, Letter};
use super::ast::Side;
use super::program::Program;
use super::walk::{Gap, Marks, Thread, Walk};

/// A state by number: [`DEAD`], then the start states.
pub(super) type State = u32;

/// No thread is left.
pub(super) const DEAD: State = 0;

/// Where threads stand when no match has begun: at the jump to the search's start.
const START: u16 = 2;
const UNKNOWN: u32 = u32::MAX;
const MAX_STATES: usize = 1024;
const MAX_MOVES: usize = 32 << 10;
const MAX_STEPS: usize = 32 << 10;
/// Places in the table of states by content; a power of two, twice the states.
const SLOTS: usize = 2 * MAX_STATES;

/// What one letter does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) to: State,
    /// Whether a match ends before the letter.
    pub(super) matched: bool,
}

/// States met so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Dfa {
    width: usize,
    looks: bool,
    /// By state and letter: the next state, doubled, plus one if a match ends.
    moves: Vec<u32>,
    states: Vec<Content>,
    /// Steps of all states.
    steps: Vec<u16>,
    /// States by hash of their content, [`DEAD`] where there is none.
    slots: Vec<u16>,
    walk: Walk,
    threads: Vec<Thread>,
    next: Vec<Thread>,
}

/// What a state stands for: a range of `steps`, and what precedes it as far as the program looks.
#[derive(Clone, Copy, Debug)]
struct Content {
    from: usize,
    to: usize,
    before: Side,
}

impl Dfa {
    pub(super) fn new(program: &Program, alphabet: &Alphabet) -> Self {
        let mut dfa = Self {
            width: alphabet.len(),
            looks: program.looks,
            ..Self::default()
        };
        dfa.forget();
        dfa
    }

    /// The state in which no match has begun, behind a side.
    pub(super) fn start(&self, before: Side) -> State {
        if self.looks { 1 + before as State } else { 1 }
    }

    pub(super) fn is_start(&self, state: State) -> bool {
        state != DEAD && state <= self.start(Side::Other)
    }

    /// What a letter does in a state. Other states than the one that it leads to may be forgotten.
    #[inline]
    pub(super) fn step(&mut self, machine: (&Program, &Alphabet), state: State, letter: Letter) -> Move {
        let place = state as usize * self.width + usize::from(letter);
        match self.moves.get(place) {
            Some(known) if *known != UNKNOWN => Move {
                to: known >> 1,
                matched: known & 1 == 1,
            },
            _ => self.learn(machine, state, letter, place),
        }
    }

    #[cold]
    fn learn(&mut self, machine: (&Program, &Alphabet), state: State, letter: Letter, place: usize) -> Move {
        let Some(content) = self.states.get(state as usize).copied() else {
            return Move {
                to: DEAD,
                matched: false,
            };
        };
        let threads = self.steps.get(content.from..content.to).unwrap_or_default();
        self.threads.clear();
        self.threads.extend(threads.iter().map(|step| Thread {
            step: *step,
            marks: Marks::NEW,
        }));
        let gap = Gap {
            at: 0,
            before: content.before,
            letter,
        };
        let found = self.walk.cross(machine, gap, &self.threads, &mut self.next);
        let before = if self.looks {
            machine.1.side(letter)
        } else {
            Side::Other
        };
        let is_full = self.states.len() >= MAX_STATES
            || self.steps.len() >= MAX_STEPS
            || self.moves.len() + self.width > MAX_MOVES;
        if is_full {
            self.forget();
        }
        let to = self.state(before);
        if let Some(slot) = self.moves.get_mut(place).filter(|_| !is_full) {
            *slot = to << 1 | u32::from(found.is_some());
        }
        Move {
            to,
            matched: found.is_some(),
        }
    }

    /// Begins anew with the dead state and the start states.
    fn forget(&mut self) {
        self.moves.clear();
        self.states.clear();
        self.steps.clear();
        self.slots.clear();
        self.slots.resize(SLOTS, DEAD as u16);
        let spare = std::mem::take(&mut self.next);
        self.push(Side::Other, 0);
        self.next.push(Thread {
            step: START,
            marks: Marks::NEW,
        });
        let sides: &[Side] = if self.looks { &Side::ALL } else { &[Side::Other] };
        for side in sides {
            self.state(*side);
        }
        self.next = spare;
    }

    /// The state of the threads in `next`.
    fn state(&mut self, before: Side) -> State {
        if self.next.is_empty() {
            return DEAD;
        }
        let mut slot = self.hash(before);
        loop {
            slot %= SLOTS;
            match self.slots.get(slot).copied().map(State::from) {
                None => return DEAD,
                Some(DEAD) => return self.push(before, slot),
                Some(state) if self.is(state, before) => return state,
                Some(_) => slot += 1,
            }
        }
    }

    /// FNV-1a.
    fn hash(&self, before: Side) -> usize {
        let mix = |hash: u32, value: u16| (hash ^ u32::from(value)).wrapping_mul(0x0100_0193);
        let hash = self
            .next
            .iter()
            .fold(mix(0x811c_9dc5, before as u16), |hash, thread| {
                mix(hash, thread.step)
            });
        (hash ^ hash >> 15) as usize
    }

    fn is(&self, state: State, before: Side) -> bool {
        self.states.get(state as usize).is_some_and(|content| {
            let steps = self.steps.get(content.from..content.to).unwrap_or_default();
            content.before == before && steps.iter().eq(self.next.iter().map(|thread| &thread.step))
        })
    }

    fn push(&mut self, before: Side, slot: usize) -> State {
        let (state, from) = (self.states.len(), self.steps.len());
        self.steps.extend(self.next.iter().map(|thread| thread.step));
        self.states.push(Content {
            from,
            to: self.steps.len(),
            before,
        });
        self.moves.resize(self.moves.len() + self.width, UNKNOWN);
        if let Some(slot) = self.slots.get_mut(slot) {
            *slot = state as u16;
        }
        state as State
    }
}
