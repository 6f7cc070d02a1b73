//! Requests that wait to be admitted, first come first served.

use std::collections::VecDeque;

use crate::sequence::{RequestId, Sequence};

#[derive(Debug, Default)]
pub(crate) struct Queue {
    sequences: VecDeque<Sequence>,
    tokens: usize,
}

impl Queue {
    pub(crate) fn len(&self) -> usize {
        self.sequences.len()
    }

    /// What they will have computed when each is admitted, in tokens.
    pub(crate) fn tokens(&self) -> usize {
        self.tokens
    }

    pub(crate) fn push_back(&mut self, sequence: Sequence) {
        self.tokens += sequence.tokens();
        self.sequences.push_back(sequence);
    }

    /// Puts a preempted one, or one that found no room, before all others.
    pub(crate) fn push_front(&mut self, sequence: Sequence) {
        self.tokens += sequence.tokens();
        self.sequences.push_front(sequence);
    }

    pub(crate) fn pop_front(&mut self) -> Option<Sequence> {
        let sequence = self.sequences.pop_front()?;
        self.tokens -= sequence.tokens();
        Some(sequence)
    }

    pub(crate) fn remove(&mut self, id: RequestId) -> Option<Sequence> {
        let at = self.sequences.iter().position(|sequence| sequence.id == id)?;
        let sequence = self.sequences.remove(at)?;
        self.tokens -= sequence.tokens();
        Some(sequence)
    }
}
