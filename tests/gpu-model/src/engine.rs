//! One inference server.

use std::sync::Arc;

use crate::gpu::Gpu;
use crate::kv::Kv;
use crate::metrics::{Metrics, Recent};
use crate::queue::Queue;
use crate::report::{Events, Finished, Load, Totals};
use crate::schedule::ADMISSION_SLACK;
use crate::sequence::{BLOCK_TOKENS, Request, RequestId, Sequence, TooLong, Work};

/// What the host adds to each step, in microseconds: scheduling, sampling, detokenizing. Fitted to real runs, which
/// lie between 1 and 3 ms.
const HOST_US: f64 = 2_000.0;

/// One inference server: requests in, tokens out, step by step.
///
/// [`submit`](Self::submit) at any time; when no step is under way, [`start_step`](Self::start_step) tells how long the
/// next one takes, and [`finish_step`](Self::finish_step) what it brought.
#[derive(Debug)]
pub struct Engine {
    pub(crate) gpu: Arc<Gpu>,
    pub(crate) kv: Kv,
    pub(crate) waiting: Queue,
    /// In the order of their admission.
    pub(crate) running: Vec<Sequence>,
    pub(crate) totals: Totals,
    host_us: f64,
    slowness: f64,
    step: Option<Step>,
    recent: Recent,
    metrics: Metrics,
    next_id: u64,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    ends: f64,
    duration: f64,
}

impl Engine {
    /// An idle server.
    pub fn new(gpu: Arc<Gpu>) -> Self {
        Self {
            kv: Kv::new(gpu.kv_tokens),
            gpu,
            waiting: Queue::default(),
            running: Vec::new(),
            totals: Totals::default(),
            host_us: HOST_US,
            slowness: 1.0,
            step: None,
            recent: Recent::default(),
            metrics: Metrics::default(),
            next_id: 0,
        }
    }

    /// Adds so many microseconds to each step, instead of 2,000.
    #[must_use]
    pub fn with_host_us(mut self, host_us: f64) -> Self {
        self.host_us = host_us;
        self
    }

    /// Queues a request, unless even an empty KV cache could not hold it to its end.
    pub fn submit(&mut self, mut request: Request) -> Result<RequestId, TooLong> {
        request.input = request.input.max(1);
        request.output = request.output.max(1);
        let needed = request
            .input
            .saturating_add(request.output)
            .saturating_add(ADMISSION_SLACK);
        if needed > self.gpu.kv_tokens {
            return Err(TooLong {
                needed,
                kv_tokens: self.gpu.kv_tokens,
            });
        }
        let id = RequestId(self.next_id);
        self.next_id += 1;
        self.waiting.push_back(Sequence::new(id, request));
        Ok(id)
    }

    /// Starts the next step and tells how many seconds it takes; none when there is nothing to do, or one is under way.
    pub fn start_step(&mut self, now: f64) -> Option<f64> {
        if self.step.is_some() {
            return None;
        }
        let batch = self.schedule();
        if batch.tokens == 0 {
            return None;
        }
        let duration = self.gpu.step_us(&batch, self.host_us) * 1e-6 * self.slowness;
        self.step = Some(Step {
            ends: now + duration,
            duration,
        });
        self.publish(now);
        Some(duration)
    }

    /// Ends the step and tells what it brought: nothing when none is under way or it takes longer than until now.
    pub fn finish_step(&mut self, now: f64) -> Events {
        let Some(step) = self.step.take_if(|step| step.ends <= now) else {
            return Events::default();
        };
        let mut events = Events::default();
        let mut ended = Vec::new();
        for (at, sequence) in self.running.iter_mut().enumerate() {
            if !sequence.samples() {
                advance(sequence);
                continue;
            }
            advance(sequence);
            share_prompt(&mut self.kv, sequence);
            sequence.generated += 1;
            events.progress.push(sequence.id);
            if sequence.generated == 1 {
                events.first_tokens.push(sequence.id);
            }
            if sequence.generated >= sequence.request.output {
                ended.push(at);
            }
        }
        for at in ended.into_iter().rev() {
            let mut sequence = self.running.remove(at);
            self.release(&mut sequence);
            events.finished.push(Finished {
                id: sequence.id,
                input: sequence.request.input,
                cached: sequence.cached,
                output: sequence.generated,
            });
        }
        self.totals.busy += step.duration;
        self.totals.served += events.finished.len() as u64;
        self.recent
            .step(now, step.duration, events.progress.len(), events.finished.len());
        self.publish(now);
        events
    }

    /// Drops a request, as when its client has gone. The step under way goes on without it.
    pub fn cancel(&mut self, id: RequestId) -> bool {
        if self.waiting.remove(id).is_some() {
            return true;
        }
        let Some(at) = self.running.iter().position(|sequence| sequence.id == id) else {
            return false;
        };
        let mut sequence = self.running.remove(at);
        self.release(&mut sequence);
        true
    }

    /// Loses everything, as a process that is started anew: requests, KV cache, metrics. Returns whom it dropped.
    pub fn restart(&mut self) -> Vec<RequestId> {
        let mut dropped: Vec<RequestId> = self.running.drain(..).map(|sequence| sequence.id).collect();
        while let Some(sequence) = self.waiting.pop_front() {
            dropped.push(sequence.id);
        }
        self.kv = Kv::new(self.gpu.kv_tokens);
        self.step = None;
        self.recent = Recent::default();
        self.metrics = Metrics::default();
        dropped
    }

    /// From the next step on, steps take so many times longer; 1 is as measured.
    pub fn slow_down(&mut self, factor: f64) {
        self.slowness = factor;
    }

    /// How many times longer a step takes.
    pub fn slowness(&self) -> f64 {
        self.slowness
    }

    /// The GPU.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// What it adds to each step, in microseconds.
    pub fn host_us(&self) -> f64 {
        self.host_us
    }

    /// What it last published: at the start and the end of each step.
    pub fn metrics(&self) -> Metrics {
        self.metrics
    }

    /// Publishes now. A server that idles needs it: its rates fall without a step.
    pub fn refresh(&mut self, now: f64) {
        self.recent.forget(now);
        self.publish(now);
    }

    /// Sums over its life.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// What is to be done, exactly.
    pub fn load(&self) -> Load {
        let mut load = Load {
            waiting: self.waiting.len(),
            running: self.running.len(),
            unread_tokens: self.waiting.tokens(),
            ..Load::default()
        };
        for sequence in &self.running {
            load.unread_tokens += sequence.unread();
            load.context_tokens += sequence.context();
            load.remaining_tokens += sequence.request.output.saturating_sub(sequence.generated);
        }
        load
    }

    /// Prompt tokens of a request that the prefix cache holds now.
    pub fn cached_tokens(&self, request: &Request) -> usize {
        self.kv.matched(request.full_blocks()) * BLOCK_TOKENS
    }

    /// Prompt tokens of an admitted request that were found in the prefix cache when it was admitted.
    pub fn cached_of(&self, id: RequestId) -> Option<usize> {
        let sequence = self.running.iter().find(|sequence| sequence.id == id)?;
        Some(sequence.cached)
    }

    fn publish(&mut self, now: f64) {
        self.metrics = Metrics {
            waiting: self.waiting.len(),
            running: self.running.len(),
            kv_utilization: self.kv.utilization(),
            queued_tokens: self.waiting.tokens(),
            ..self.recent.rates(now)
        };
    }
}

/// Counts the work of the step that has ended.
fn advance(sequence: &mut Sequence) {
    if let Work::Prefill(tokens) = std::mem::take(&mut sequence.work) {
        sequence.computed += tokens;
    }
}

/// Full blocks of a prompt that has been read become the cache's, for others to use.
fn share_prompt(kv: &mut Kv, sequence: &mut Sequence) {
    let full = sequence.request.full_blocks();
    for &block in full.get(sequence.shared_blocks..).unwrap_or_default() {
        kv.hold(block);
        kv.give(BLOCK_TOKENS);
        sequence.private -= BLOCK_TOKENS;
    }
    sequence.shared_blocks = full.len();
}
