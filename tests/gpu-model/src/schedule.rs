//! What the next step computes, as vLLM's V1 scheduler decides it.

use crate::engine::Engine;
use crate::gpu::{Batch, Chunk};
use crate::sequence::{BLOCK_TOKENS, Sequence, Work};

/// Room an admitted prompt must leave for its first answer tokens: one vLLM block.
pub(crate) const ADMISSION_SLACK: usize = 16;

impl Engine {
    /// Gives each running sequence its work, admits waiting ones while the budget lasts, and tells the whole.
    pub(crate) fn schedule(&mut self) -> Batch {
        let mut batch = Batch::default();
        let preempted = self.continue_running(&mut batch);
        if preempted == 0 {
            self.admit_waiting(&mut batch);
        }
        self.totals.preemptions += preempted;
        batch.sampled = self.running.iter().filter(|sequence| sequence.samples()).count();
        batch
    }

    /// Work for those that run, in the order of their admission. Returns how many had to yield their room.
    fn continue_running(&mut self, batch: &mut Batch) -> u64 {
        let budget = self.gpu.max_batch_tokens;
        let mut preempted = 0;
        let mut at = 0;
        while batch.tokens < budget {
            let Some(sequence) = self.running.get_mut(at) else {
                break;
            };
            if sequence.unread() > 0 {
                prefill(sequence, budget, batch);
            } else {
                preempted += self.decode(at, batch);
            }
            at += 1;
        }
        preempted
    }

    /// One more token for the sequence at this place. Those admitted after it yield when there is no room; when it is
    /// the last and there still is none, it waits for the next step.
    fn decode(&mut self, at: usize, batch: &mut Batch) -> u64 {
        let mut preempted = 0;
        let mut room = self.kv.make_room(1);
        while !room && self.running.len() > at + 1 {
            preempted += self.preempt_last();
            room = self.kv.make_room(1);
        }
        if room && let Some(sequence) = self.running.get_mut(at) {
            self.kv.take(1);
            sequence.private += 1;
            sequence.work = Work::Decode;
            batch.tokens += 1;
            batch.decoding += 1;
            batch.context += sequence.context();
        }
        preempted
    }

    /// The youngest running sequence goes back to the head of the queue and loses its KV.
    fn preempt_last(&mut self) -> u64 {
        let Some(mut sequence) = self.running.pop() else {
            return 0;
        };
        self.release(&mut sequence);
        sequence.work = Work::Nothing;
        self.waiting.push_front(sequence);
        1
    }

    fn admit_waiting(&mut self, batch: &mut Batch) {
        let budget = self.gpu.max_batch_tokens;
        while batch.tokens < budget && self.running.len() < self.gpu.max_sequences {
            let Some(mut sequence) = self.waiting.pop_front() else {
                return;
            };
            if !self.admit(&mut sequence) {
                return self.waiting.push_front(sequence);
            }
            prefill(&mut sequence, budget, batch);
            self.running.push(sequence);
        }
    }

    /// Gives a sequence its place in the KV cache, if there is one: the cached blocks of its prompt, and the rest of
    /// what it must compute. The last token is always computed, else there would be nothing to sample from.
    fn admit(&mut self, sequence: &mut Sequence) -> bool {
        let target = sequence.tokens();
        let mut hits = self.kv.matched(sequence.request.full_blocks());
        if hits * BLOCK_TOKENS >= target {
            hits = hits.saturating_sub(1);
        }
        sequence.shared_blocks = hits;
        // Held before room is made, so that they are not what is dropped.
        for &block in sequence.held() {
            self.kv.hold(block);
        }
        let cached = hits * BLOCK_TOKENS;
        let need = target - cached;
        let fits = self.kv.make_room(need + ADMISSION_SLACK)
            && (self.running.is_empty() || self.kv.spares_reserve(need));
        if !fits {
            self.release(sequence);
            return false;
        }
        self.kv.take(need);
        sequence.private = need;
        sequence.target = target;
        sequence.computed = cached;
        if sequence.generated == 0 {
            sequence.cached = cached;
            self.totals.cached_tokens += cached as u64;
            self.totals.prompt_tokens += target as u64;
        }
        true
    }

    /// Gives back all KV of a sequence.
    pub(crate) fn release(&mut self, sequence: &mut Sequence) {
        self.kv.give(sequence.private);
        self.kv.release(sequence.held());
        sequence.private = 0;
        sequence.shared_blocks = 0;
        sequence.computed = 0;
    }
}

/// The next chunk of a prompt, as long as the budget allows.
fn prefill(sequence: &mut Sequence, budget: usize, batch: &mut Batch) {
    let tokens = sequence.unread().min(budget - batch.tokens);
    sequence.work = Work::Prefill(tokens);
    batch.tokens += tokens;
    batch.chunks.push(Chunk {
        tokens,
        before: sequence.computed,
    });
}
