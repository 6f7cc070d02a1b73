//! Regular expressions that run in time proportional to text times expression, whatever both are.

use super::alphabet::Alphabet;
use super::ast::{Node, Side};
use super::dfa::{DEAD, Dfa, State};
use super::error::{PatternError, Reason};
use super::parse::{Group, parse};
use super::program::Program;
use super::required::Required;
use super::walk::{Gap, Marks, Thread, Walk};
use std::mem;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// An expression: what most engines share, without backreferences and look-around.
///
/// Of matches that begin at the same place the one wins that a backtracking engine would take. `\d`, `\w`, `\s` are ASCII,
/// `\b` is an edge of ASCII letters and digits; `(?i)` knows Latin, Greek and Cyrillic.
#[derive(Debug)]
pub struct Regex {
    program: Program,
    alphabet: Alphabet,
    required: Option<Required>,
    is_group: bool,
    /// For each byte: whether it leaves a search where it began.
    calm: Vec<bool>,
    room: Box<Mutex<Room>>,
}

/// What a search needs, kept from one to the next.
#[derive(Debug)]
struct Room {
    dfa: Dfa,
    walk: Walk,
    threads: Vec<Thread>,
    next: Vec<Thread>,
}

/// How often a text may be read beyond the ends of matches, for longer ones that are not there. After that the
/// shortest match is good enough: without a limit `(?:a.*b)?` on a text of `a` takes time by its square.
const MAX_OVERRUNS: usize = 8;

impl Regex {
    /// Compiles an expression. `group` is what of a match is found.
    pub fn new(source: &str, group: Group<'_>) -> Result<Self, PatternError> {
        let node = parse(source, group)?;
        if is_empty(&node) {
            return Err(PatternError {
                at: 0,
                reason: Reason::Empty,
            });
        }
        let program = Program::new(&node)?;
        let alphabet = Alphabet::new(&program.sets)?;
        let mut dfa = Dfa::new(&program, &alphabet);
        let calm = calm(&mut dfa, (&program, &alphabet));
        let room = Room {
            dfa,
            walk: Walk::default(),
            threads: Vec::new(),
            next: Vec::new(),
        };
        Ok(Self {
            required: Required::of(&node),
            is_group: group != Group::Whole,
            room: Box::new(Mutex::new(room)),
            program,
            alphabet,
            calm,
        })
    }

    /// Shows every match that is not empty, from left to right, without overlap.
    pub fn each(&self, text: &str, mut found: impl FnMut(Range<usize>)) {
        let text = text.as_bytes();
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        let mut search = Search {
            regex: self,
            text,
            overruns: MAX_OVERRUNS * text.len(),
        };
        let (mut at, mut required) = (0, 0);
        while at <= text.len() {
            if let Some(wanted) = self.required.as_ref().filter(|_| required <= at) {
                match wanted.find(text, at) {
                    Some(place) => required = place,
                    None => return,
                }
            }
            let Some((from, end)) = search.bounds(&mut room.dfa, at) else {
                return;
            };
            let marks = search.marks(&mut room, from, end);
            at = end;
            if marks.begin as usize == end {
                at += 1 + text
                    .iter()
                    .skip(at + 1)
                    .take_while(|byte| **byte & 0xc0 == 0x80)
                    .count();
            }
            let (begin, end) = if self.is_group {
                (marks.group_begin, marks.group_end)
            } else {
                (marks.begin, end as u32)
            };
            if end != Marks::NONE && begin < end {
                found(begin as usize..end as usize);
            }
        }
    }
}

/// One text.
struct Search<'r> {
    regex: &'r Regex,
    text: &'r [u8],
    /// Bytes that may still be read in vain.
    overruns: usize,
}

impl Search<'_> {
    fn machine(&self) -> (&Program, &Alphabet) {
        (&self.regex.program, &self.regex.alphabet)
    }

    fn before(&self, at: usize) -> Side {
        Side::of(at.checked_sub(1).and_then(|at| self.text.get(at)).copied())
    }

    /// Where the next match ends, and a place from which it is to be looked for.
    fn bounds(&mut self, dfa: &mut Dfa, mut at: usize) -> Option<(usize, usize)> {
        let (mut state, mut from, mut end) = (dfa.start(self.before(at)), at, None);
        loop {
            if dfa.is_start(state) {
                at += self.calm_bytes(at);
                from = at;
                state = dfa.start(self.before(at));
            }
            let (letter, length) = self.regex.alphabet.read(self.text, at);
            let step = dfa.step(self.machine(), state, letter);
            if step.matched {
                end = Some(at);
            }
            if step.to == DEAD || length == 0 || (end.is_some() && self.overruns == 0) {
                break;
            }
            (state, at) = (step.to, at + length);
        }
        let end = end?;
        self.overruns = self.overruns.saturating_sub(at - end);
        Some((from, end))
    }

    fn calm_bytes(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        let is_calm = |byte: &u8| self.regex.calm.get(usize::from(*byte)) == Some(&true);
        rest.iter().position(|byte| !is_calm(byte)).unwrap_or(rest.len())
    }

    /// What the match notes that ends at `end`.
    fn marks(&self, room: &mut Room, from: usize, end: usize) -> Marks {
        let Room {
            walk, threads, next, ..
        } = room;
        let (mut at, mut marks) = (from, Marks::NEW);
        threads.clear();
        threads.push(Thread { step: 0, marks });
        loop {
            let (letter, length) = self.regex.alphabet.read(self.text, at);
            let gap = Gap {
                at: at as u32,
                before: self.before(at),
                letter,
            };
            if let Some(found) = walk.cross(self.machine(), gap, threads, next) {
                marks = found;
            }
            if at >= end || next.is_empty() {
                return marks;
            }
            mem::swap(threads, next);
            at += length;
        }
    }
}

/// The bytes that lead from every start state to a start state, without a match.
fn calm(dfa: &mut Dfa, machine: (&Program, &Alphabet)) -> Vec<bool> {
    let starts: Vec<State> = Side::ALL.iter().map(|side| dfa.start(*side)).collect();
    let mut is_calm = |letter| {
        starts.iter().all(|start| {
            let step = dfa.step(machine, *start, letter);
            !step.matched && dfa.is_start(step.to)
        })
    };
    let wide = machine.1.wide_letters().all(&mut is_calm);
    let ascii = (0..128).map(|byte| is_calm(machine.1.read(&[byte], 0).0));
    let mut calm: Vec<bool> = ascii.collect();
    calm.resize(256, wide);
    calm
}

/// Whether nothing in an expression takes a character.
fn is_empty(node: &Node) -> bool {
    match node {
        Node::Empty | Node::Look(_) => true,
        Node::Set(_) => false,
        Node::Group(inner, _) => is_empty(inner),
        Node::Concat(parts) | Node::Alternate(parts) => parts.iter().all(is_empty),
        Node::Repeat(inner, times) => times.max == Some(0) || is_empty(inner),
    }
}
