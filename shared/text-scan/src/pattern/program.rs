//! An expression as instructions of a Thompson machine (R. Cox, "Regular Expression Matching: the Virtual Machine
//! Approach", <https://swtch.com/~rsc/regexp/regexp2.html>).

use super::ast::{Look, Node, Taste, Times, Wanted};
use super::error::{PatternError, Reason};
use super::set::Set;

/// What a thread does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Takes one character of the set with this number, then goes on behind.
    Take(u16),
    /// Goes on at the first, and with less right at the second.
    Fork(u16, u16),
    /// Goes on elsewhere.
    Jump(u16),
    /// Goes on behind if the place is right.
    Look(Look),
    /// Notes the place, and goes on behind.
    Note(Mark),
    /// A match ends here.
    Match,
}

/// A place that a match notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Where the match begins.
    Begin,
    /// Where the wanted group begins.
    GroupBegin,
    /// Where the wanted group ends.
    GroupEnd,
}

/// Steps of one expression, found anywhere in a text.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    pub(super) sets: Vec<Set>,
    /// Whether the match depends on what stands around it.
    pub(super) looks: bool,
}

/// Each step may cost some 5 ns for each character of a text that is made for it, so this bounds the time that one takes.
const MAX_STEPS: usize = 500;

impl Program {
    /// Compiles an expression.
    pub(super) fn new(node: &Node) -> Result<Self, PatternError> {
        let mut program = Self {
            steps: Vec::new(),
            sets: Vec::new(),
            looks: false,
        };
        // The match may begin anywhere, the earlier the better: `(?s:.)*?` before it.
        let any = program.number(&Set::all());
        program.push(Step::Fork(3, 1))?;
        program.push(Step::Take(any))?;
        program.push(Step::Jump(0))?;
        program.push(Step::Note(Mark::Begin))?;
        program.node(node)?;
        program.push(Step::Match)?;
        Ok(program)
    }

    /// The step with a number.
    pub(super) fn step(&self, at: u16) -> Step {
        self.steps.get(usize::from(at)).copied().unwrap_or(Step::Match)
    }

    fn push(&mut self, step: Step) -> Result<u16, PatternError> {
        if self.steps.len() >= MAX_STEPS {
            return Err(PatternError {
                at: 0,
                reason: Reason::TooLarge,
            });
        }
        self.steps.push(step);
        Ok(self.steps.len() as u16 - 1)
    }

    fn here(&self) -> u16 {
        self.steps.len() as u16
    }

    /// Sets a step that was pushed before its targets were known.
    fn set(&mut self, at: u16, step: Step) {
        if let Some(slot) = self.steps.get_mut(usize::from(at)) {
            *slot = step;
        }
    }

    fn number(&mut self, set: &Set) -> u16 {
        let known = self.sets.iter().position(|known| known == set);
        known.unwrap_or_else(|| {
            self.sets.push(set.clone());
            self.sets.len() - 1
        }) as u16
    }

    fn node(&mut self, node: &Node) -> Result<(), PatternError> {
        match node {
            Node::Empty => Ok(()),
            Node::Set(set) => {
                let number = self.number(set);
                self.push(Step::Take(number)).map(drop)
            }
            Node::Look(look) => {
                self.looks = true;
                self.push(Step::Look(*look)).map(drop)
            }
            Node::Group(inner, Wanted::No) => self.node(inner),
            Node::Group(inner, Wanted::Yes) => {
                self.push(Step::Note(Mark::GroupBegin))?;
                self.node(inner)?;
                self.push(Step::Note(Mark::GroupEnd)).map(drop)
            }
            Node::Concat(parts) => parts.iter().try_for_each(|part| self.node(part)),
            Node::Alternate(branches) => self.alternate(branches),
            Node::Repeat(inner, times) => self.repeat(inner, *times),
        }
    }

    fn alternate(&mut self, branches: &[Node]) -> Result<(), PatternError> {
        let mut ends = Vec::with_capacity(branches.len());
        let mut left = branches.len();
        for branch in branches {
            left -= 1;
            if left == 0 {
                self.node(branch)?;
                break;
            }
            let fork = self.push(Step::Match)?;
            self.node(branch)?;
            ends.push(self.push(Step::Match)?);
            self.set(fork, Step::Fork(fork + 1, self.here()));
        }
        let end = self.here();
        ends.iter().for_each(|at| self.set(*at, Step::Jump(end)));
        Ok(())
    }

    fn repeat(&mut self, inner: &Node, times: Times) -> Result<(), PatternError> {
        for _ in 0..times.min.saturating_sub(u32::from(times.max.is_none())) {
            let before = self.here();
            self.node(inner)?;
            // What has no steps has none a million times either.
            if self.here() == before {
                break;
            }
        }
        match times.max {
            None => self.unbounded(inner, times),
            Some(max) => self.optional(inner, max - times.min, times.taste),
        }
    }

    /// `x+`, or `x*` as `(x+)?`: so that an `x` that takes nothing has the same right in both.
    fn unbounded(&mut self, inner: &Node, times: Times) -> Result<(), PatternError> {
        let skip = if times.min == 0 {
            Some(self.push(Step::Match)?)
        } else {
            None
        };
        let again = self.here();
        self.node(inner)?;
        let fork = self.push(Step::Match)?;
        self.set(fork, prefer(times.taste, again, fork + 1));
        if let Some(skip) = skip {
            self.set(skip, prefer(times.taste, again, fork + 1));
        }
        Ok(())
    }

    /// `(x(x(x)?)?)?`
    fn optional(&mut self, inner: &Node, times: u32, taste: Taste) -> Result<(), PatternError> {
        let mut forks = Vec::new();
        for _ in 0..times {
            forks.push(self.push(Step::Match)?);
            self.node(inner)?;
        }
        let end = self.here();
        forks
            .iter()
            .for_each(|at| self.set(*at, prefer(taste, at + 1, end)));
        Ok(())
    }
}

fn prefer(taste: Taste, again: u16, on: u16) -> Step {
    match taste {
        Taste::Greedy => Step::Fork(again, on),
        Taste::Lazy => Step::Fork(on, again),
    }
}
