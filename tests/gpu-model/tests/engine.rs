//! The engine, told as stories.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use penstock_gpu_model::{Engine, Events, Finished, Gpu, Request, RequestId};

/// An engine with its own clock.
struct Bench {
    engine: Engine,
    now: f64,
}

impl Bench {
    fn new(change: impl FnOnce(&mut Gpu)) -> Self {
        let mut gpu = Gpu::clone(&Gpu::named("A100").unwrap());
        change(&mut gpu);
        Self {
            engine: Engine::new(Arc::new(gpu)),
            now: 0.0,
        }
    }

    fn submit(&mut self, input: usize, output: usize) -> RequestId {
        self.submit_blocks(input, output, &[])
    }

    fn submit_blocks(&mut self, input: usize, output: usize, blocks: &[u64]) -> RequestId {
        self.engine
            .submit(Request {
                input,
                output,
                blocks: blocks.into(),
            })
            .unwrap()
    }

    fn step(&mut self) -> Events {
        if let Some(duration) = self.engine.start_step(self.now) {
            self.now += duration;
        }
        self.engine.finish_step(self.now)
    }

    /// All that finish before it idles.
    fn run(&mut self) -> Vec<Finished> {
        let mut finished = Vec::new();
        while let Some(duration) = self.engine.start_step(self.now) {
            self.now += duration;
            finished.extend(self.engine.finish_step(self.now).finished);
        }
        finished
    }
}

#[test]
fn a_long_prompt_is_read_in_chunks_beside_those_that_decode() {
    let mut bench = Bench::new(|gpu| gpu.max_batch_tokens = 100);
    let short = bench.submit(10, 50);
    assert_eq!(bench.step().first_tokens, [short]);
    let long = bench.submit(250, 2);
    // 99 tokens a step are left for it: the third brings its first token.
    assert_eq!(bench.step().progress, [short]);
    assert_eq!(bench.step().progress, [short]);
    let events = bench.step();
    assert_eq!(
        (events.progress, events.first_tokens),
        (vec![short, long], vec![long])
    );
    assert_eq!(
        bench.step().finished,
        [Finished {
            id: long,
            input: 250,
            cached: 0,
            output: 2
        }]
    );
}

#[test]
fn no_more_run_than_may() {
    let mut bench = Bench::new(|gpu| gpu.max_sequences = 2);
    let [first, second, third] = [3, 2, 1].map(|output| bench.submit(8, output));
    assert_eq!(bench.step().first_tokens, [first, second]);
    let metrics = bench.engine.metrics();
    assert_eq!(
        (metrics.running, metrics.waiting, metrics.queued_tokens),
        (2, 1, 8)
    );
    assert_eq!(
        bench.run().iter().map(|one| one.id).collect::<Vec<_>>(),
        [second, third, first]
    );
}

#[test]
fn the_youngest_yields_when_the_cache_is_full_and_is_computed_again() {
    let mut bench = Bench::new(|gpu| gpu.kv_tokens = 1_000);
    let old = bench.submit(480, 200);
    let young = bench.submit(400, 200);
    let finished = bench.run();
    assert_eq!(
        finished
            .iter()
            .map(|one| (one.id, one.output))
            .collect::<Vec<_>>(),
        [(old, 200), (young, 200)]
    );
    assert_eq!(bench.engine.totals().preemptions, 1);
    assert_eq!(bench.engine.metrics().kv_utilization, 0.0);
}

#[test]
fn a_prefix_is_read_once() {
    let mut bench = Bench::new(|_| ());
    let cold = bench.submit_blocks(1_100, 1, &[1, 2, 3]);
    assert_eq!(
        bench.run()[0],
        Finished {
            id: cold,
            input: 1_100,
            cached: 0,
            output: 1
        }
    );
    let started = bench.now;
    let warm = bench.submit_blocks(1_100, 1, &[1, 2, 3]);
    assert_eq!(
        bench.run()[0],
        Finished {
            id: warm,
            input: 1_100,
            cached: 1_024,
            output: 1
        }
    );
    assert!(
        bench.now - started < 0.3 * started,
        "{started} s cold, {} s warm",
        bench.now - started
    );
    let other = bench.submit_blocks(1_100, 1, &[9, 2, 3]);
    assert_eq!(
        bench.run()[0],
        Finished {
            id: other,
            input: 1_100,
            cached: 0,
            output: 1
        }
    );
}

#[test]
fn the_last_token_of_a_cached_prompt_is_computed() {
    let mut bench = Bench::new(|_| ());
    bench.submit_blocks(1_024, 1, &[1, 2]);
    bench.run();
    bench.submit_blocks(1_024, 1, &[1, 2]);
    assert_eq!(bench.run()[0].cached, 512);
}

#[test]
fn cancelled_requests_give_their_room_back() {
    let mut bench = Bench::new(|gpu| gpu.max_sequences = 1);
    let running = bench.submit(700, 100);
    let waiting = bench.submit(700, 100);
    let duration = bench.engine.start_step(bench.now).unwrap();
    assert!(bench.engine.cancel(running) && bench.engine.cancel(waiting));
    assert!(!bench.engine.cancel(running), "it is gone");
    let events = bench.engine.finish_step(bench.now + duration);
    assert!(events.progress.is_empty(), "the step went on without it");
    let metrics = bench.engine.metrics();
    assert_eq!(
        (metrics.running, metrics.waiting, metrics.kv_utilization),
        (0, 0, 0.0)
    );
    assert_eq!(bench.engine.start_step(bench.now), None);
}

#[test]
fn a_restart_drops_everything_and_the_step_under_way() {
    let mut bench = Bench::new(|_| ());
    let before = bench.submit_blocks(600, 1, &[1]);
    let duration = bench.engine.start_step(bench.now).unwrap();
    assert_eq!(bench.engine.restart(), [before]);
    let after = bench.submit_blocks(3_000, 1, &[1]);
    let longer = bench.engine.start_step(bench.now).unwrap();
    assert!(longer > duration);
    assert!(
        bench.engine.finish_step(bench.now + duration).progress.is_empty(),
        "that step is no more"
    );
    bench.now += longer;
    assert!(
        bench.engine.finish_step(bench.now).progress.is_empty(),
        "2,048 tokens of 3,000"
    );
    assert_eq!(
        bench.run(),
        [Finished {
            id: after,
            input: 3_000,
            cached: 0,
            output: 1
        }]
    );
}

#[test]
fn a_request_that_can_never_fit_is_refused() {
    let mut engine = Engine::new(Gpu::named("RTX4090").unwrap());
    let too_long = engine
        .submit(Request {
            input: 40_000,
            output: 2_000,
            blocks: [].into(),
        })
        .unwrap_err();
    assert_eq!(
        too_long.to_string(),
        "the request needs 42016 tokens of KV cache, of 41408"
    );
    assert!(
        engine
            .submit(Request {
                input: usize::MAX,
                output: usize::MAX,
                blocks: [].into()
            })
            .is_err()
    );
}

#[test]
fn a_request_of_nothing_gets_a_token() {
    let mut bench = Bench::new(|_| ());
    let empty = bench.submit(0, 0);
    assert_eq!(
        bench.run(),
        [Finished {
            id: empty,
            input: 1,
            cached: 0,
            output: 1
        }]
    );
}

#[test]
fn a_slow_engine_takes_longer_from_its_next_step_on() {
    let mut bench = Bench::new(|_| ());
    bench.submit(100, 3);
    bench.step();
    let normal = bench.engine.start_step(bench.now).unwrap();
    bench.engine.slow_down(4.0);
    bench.now += normal;
    assert_eq!(bench.engine.finish_step(bench.now).progress.len(), 1);
    let slow = bench.engine.start_step(bench.now).unwrap();
    assert!((3.9..4.1).contains(&(slow / normal)));
}

#[test]
fn rates_fade_when_it_idles() {
    let mut bench = Bench::new(|_| ());
    bench.now = 100.0;
    bench.submit(2_000, 20);
    bench.run();
    let metrics = bench.engine.metrics();
    assert_eq!(
        (metrics.requests_per_second, metrics.tokens_per_second),
        (0.1, 2.0)
    );
    assert!((0.03..0.06).contains(&metrics.busy), "{}", metrics.busy);
    bench.engine.refresh(120.0);
    let metrics = bench.engine.metrics();
    assert_eq!(
        (
            metrics.requests_per_second,
            metrics.tokens_per_second,
            metrics.busy
        ),
        (0.0, 0.0, 0.0)
    );
}
