//! An engine and those who wait for its tokens, told the time by whoever drives it.

use std::collections::HashMap;
use std::sync::Arc;

use penstock_gpu_model::{Engine, Events, Gpu, Metrics, Request, RequestId, TooLong, Totals};

use super::progress::Progress;

/// One inference server. All times are seconds of its own clock, and never run backwards.
///
/// However late it is told the time, steps follow one another without a gap: a slow host delays what is seen, not what
/// is simulated.
#[derive(Debug)]
pub struct Machine {
    engine: Engine,
    waiting: HashMap<RequestId, Arc<Progress>>,
    /// When the step under way ends.
    ends: Option<f64>,
}

impl Machine {
    pub fn new(gpu: Arc<Gpu>) -> Self {
        Self {
            engine: Engine::new(gpu),
            waiting: HashMap::new(),
            ends: None,
        }
    }

    /// When it must be told the time again; none while there is nothing to do.
    pub fn due(&self) -> Option<f64> {
        self.ends
    }

    pub fn submit(&mut self, request: Request, now: f64) -> Result<(RequestId, Arc<Progress>), TooLong> {
        self.advance(now);
        let id = self.engine.submit(request)?;
        let progress = Arc::new(Progress::default());
        self.waiting.insert(id, Arc::clone(&progress));
        self.begin(now);
        Ok((id, progress))
    }

    /// The client has gone.
    pub fn cancel(&mut self, id: RequestId, now: f64) {
        self.advance(now);
        self.waiting.remove(&id);
        self.engine.cancel(id);
    }

    /// Plays all steps that have ended by now.
    pub fn advance(&mut self, now: f64) {
        while let Some(ended) = self.ends.filter(|ends| *ends <= now) {
            let events = self.engine.finish_step(ended);
            self.ends = None;
            self.tell(&events);
            self.begin(ended);
        }
    }

    /// From the next step on, steps take so many times longer.
    pub fn slow_down(&mut self, factor: f64) {
        if self.engine.slowness() != factor {
            self.engine.slow_down(factor);
        }
    }

    /// Loses all requests and the whole KV cache.
    pub fn restart(&mut self) {
        self.engine.restart();
        self.ends = None;
        self.waiting.drain().for_each(|(_, progress)| progress.lose());
    }

    /// What the server says of itself; up to date also when it idles.
    pub fn metrics(&mut self, now: f64) -> Metrics {
        self.advance(now);
        if self.ends.is_none() {
            self.engine.refresh(now);
        }
        self.engine.metrics()
    }

    pub fn totals(&self) -> Totals {
        self.engine.totals()
    }

    fn begin(&mut self, now: f64) {
        if self.ends.is_none() {
            self.ends = self.engine.start_step(now).map(|duration| now + duration);
        }
    }

    /// The prefix hit first and the last token last, so that whoever wakes finds all of it.
    fn tell(&mut self, events: &Events) {
        for id in &events.first_tokens {
            if let Some((progress, cached)) = self.waiting.get(id).zip(self.engine.cached_of(*id)) {
                progress.hit(cached as u64);
            }
        }
        for finished in &events.finished {
            if let Some(progress) = self.waiting.get(&finished.id) {
                progress.hit(finished.cached as u64);
            }
        }
        for id in &events.progress {
            if let Some(progress) = self.waiting.get(id) {
                progress.token();
            }
        }
        for finished in &events.finished {
            if let Some(progress) = self.waiting.remove(&finished.id) {
                progress.finish();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Machine {
        Machine::new(Gpu::named("A100").unwrap())
    }

    fn request(input: usize, output: usize, blocks: &[u64]) -> Request {
        Request {
            input,
            output,
            blocks: blocks.into(),
        }
    }

    /// Tells the time only when a step ends, as a clock without delay does; returns when all was done.
    fn run(machine: &mut Machine) -> f64 {
        let mut now = 0.0;
        while let Some(due) = machine.due() {
            now = due;
            machine.advance(now);
        }
        now
    }

    #[test]
    fn tokens_come_one_a_step_and_then_the_end() {
        let mut machine = machine();
        let (_, progress) = machine.submit(request(1_000, 3, &[]), 0.0).unwrap();
        let mut seen = Vec::new();
        while let Some(due) = machine.due() {
            assert!(!progress.ended());
            machine.advance(due);
            seen.push(progress.generated());
        }
        assert_eq!(seen, [1, 2, 3]);
        assert!(progress.ended());
    }

    #[test]
    fn a_late_clock_changes_nothing_but_when_it_is_seen() {
        let (mut prompt, mut late) = (machine(), machine());
        for machine in [&mut prompt, &mut late] {
            machine.submit(request(3_000, 50, &[]), 0.0).unwrap();
            machine.submit(request(500, 20, &[]), 0.0).unwrap();
        }
        let end = run(&mut prompt);
        late.advance(end - 1e-6);
        assert_eq!(
            late.due(),
            Some(end),
            "all steps but the last were played at once"
        );
    }

    #[test]
    fn a_prefix_is_found_once_it_was_read() {
        let mut machine = machine();
        let (_, first) = machine.submit(request(1_100, 1, &[1, 2]), 0.0).unwrap();
        let end = run(&mut machine);
        let (_, second) = machine.submit(request(1_100, 2, &[1, 2]), end).unwrap();
        let (_, other) = machine.submit(request(1_100, 1, &[1, 3]), end).unwrap();
        run(&mut machine);
        assert_eq!((first.cached(), second.cached(), other.cached()), (0, 1_024, 512));
    }

    #[test]
    fn who_leaves_makes_room_and_a_restart_loses_all() {
        let mut machine = machine();
        let (id, gone) = machine.submit(request(100, 1_000, &[]), 0.0).unwrap();
        machine.cancel(id, 0.001);
        run(&mut machine);
        assert_eq!((gone.generated(), machine.metrics(1.0).running), (0, 0));
        let (_, kept) = machine.submit(request(600, 10, &[9]), 1.0).unwrap();
        machine.restart();
        assert!(kept.ended() && machine.due().is_none());
        let (_, after) = machine.submit(request(600, 1, &[9]), 2.0).unwrap();
        run(&mut machine);
        assert_eq!((after.generated(), after.cached()), (1, 0));
    }

    #[test]
    fn a_slowed_machine_takes_longer_from_its_next_step_on() {
        let mut machine = machine();
        machine.submit(request(100, 2, &[]), 0.0).unwrap();
        let first = machine.due().unwrap();
        machine.slow_down(4.0);
        assert_eq!(machine.due(), Some(first));
        machine.advance(first);
        let slowed = machine.due().unwrap() - first;
        machine.slow_down(1.0);
        run(&mut machine);
        machine.submit(request(100, 2, &[]), 10.0).unwrap();
        let first = machine.due().unwrap();
        machine.advance(first);
        let normal = machine.due().unwrap() - first;
        assert!((slowed / normal - 4.0).abs() < 0.01, "{slowed} {normal}");
    }

    #[test]
    fn what_never_fits_is_refused() {
        assert!(machine().submit(request(1_000_000, 1, &[]), 0.0).is_err());
    }
}
