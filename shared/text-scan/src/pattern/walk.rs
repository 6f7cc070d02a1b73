//! What the threads of a machine do between two characters.

use super::alphabet::{Alphabet, Letter};
use super::ast::Side;
use super::program::{Mark, Program, Step};

/// A thread: where it goes on, and what it noted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Thread {
    pub(super) step: u16,
    pub(super) marks: Marks,
}

/// Places that a thread noted, in bytes; [`Marks::NONE`] where it did not come by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    pub(super) begin: u32,
    pub(super) group_begin: u32,
    pub(super) group_end: u32,
}

impl Marks {
    pub(super) const NONE: u32 = u32::MAX;
    pub(super) const NEW: Self = Self {
        begin: Self::NONE,
        group_begin: Self::NONE,
        group_end: Self::NONE,
    };

    fn with(mut self, mark: Mark, at: u32) -> Self {
        match mark {
            Mark::Begin => self.begin = at,
            Mark::GroupBegin => self.group_begin = at,
            Mark::GroupEnd => self.group_end = at,
        }
        self
    }
}

/// A place between two characters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gap {
    pub(super) at: u32,
    pub(super) before: Side,
    /// The letter behind it.
    pub(super) letter: Letter,
}

/// Room for a walk, kept from one to the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Walk {
    stack: Vec<Thread>,
    passed: Vec<bool>,
}

impl Walk {
    /// Leads threads, given in order of right, through a gap. `next` becomes those that take the letter, in order, one for
    /// each step. Gives the marks of the match that ends here; threads with less right than it are gone.
    pub(super) fn cross(
        &mut self,
        (program, alphabet): (&Program, &Alphabet),
        gap: Gap,
        threads: &[Thread],
        next: &mut Vec<Thread>,
    ) -> Option<Marks> {
        let after = alphabet.side(gap.letter);
        next.clear();
        self.stack.clear();
        self.passed.clear();
        self.passed.resize(program.steps.len(), false);
        for thread in threads {
            self.stack.push(*thread);
            while let Some(Thread { step, marks }) = self.stack.pop() {
                let passed = self.passed.get_mut(usize::from(step));
                if passed.is_none_or(|passed| std::mem::replace(passed, true)) {
                    continue;
                }
                let mut go = |step, marks| self.stack.push(Thread { step, marks });
                match program.step(step) {
                    Step::Take(set) if alphabet.holds(set, gap.letter) => next.push(Thread {
                        step: step + 1,
                        marks,
                    }),
                    Step::Take(_) => {}
                    Step::Fork(first, second) => {
                        go(second, marks);
                        go(first, marks);
                    }
                    Step::Jump(to) => go(to, marks),
                    Step::Look(look) if look.holds(gap.before, after) => go(step + 1, marks),
                    Step::Look(_) => {}
                    Step::Note(mark) => go(step + 1, marks.with(mark, gap.at)),
                    Step::Match => return Some(marks),
                }
            }
        }
        None
    }
}
