//! Whatever comes, in whatever order: room is never overdrawn, all of it comes back, and every request ends once.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::HashMap;
use std::sync::Arc;

use penstock_gpu_model::{Engine, Gpu, Request, RequestId};
use proptest::prelude::*;

/// Small enough that requests push each other out.
const KV_TOKENS: usize = 6_000;

#[derive(Clone, Debug)]
enum Act {
    Submit {
        input: usize,
        output: usize,
        prefix: u64,
    },
    Step,
    /// The one submitted so many times back.
    Cancel(usize),
    Restart,
}

fn act() -> impl Strategy<Value = Act> {
    let submit = (0_usize..4_000, 0_usize..120, 0_u64..4);
    prop_oneof![
        4 => submit.prop_map(|(input, output, prefix)| Act::Submit { input, output, prefix }),
        12 => Just(Act::Step),
        1 => (0_usize..8).prop_map(Act::Cancel),
        1 => proptest::bool::weighted(0.1).prop_map(|restart| if restart { Act::Restart } else { Act::Step }),
    ]
}

/// Prompts of the same prefix share their first blocks.
fn blocks(prefix: u64, input: usize) -> Arc<[u64]> {
    (0..input.div_ceil(512) as u64)
        .map(|block| prefix * 100 + block)
        .collect()
}

struct Play {
    engine: Engine,
    now: f64,
    /// Tokens each open request has got, of how many.
    open: HashMap<RequestId, (usize, usize)>,
    submitted: Vec<RequestId>,
}

impl Play {
    fn new() -> Self {
        let mut gpu = Gpu::clone(&Gpu::named("A100").unwrap());
        gpu.kv_tokens = KV_TOKENS;
        gpu.max_batch_tokens = 700;
        gpu.max_sequences = 5;
        Self {
            engine: Engine::new(Arc::new(gpu)),
            now: 0.0,
            open: HashMap::new(),
            submitted: Vec::new(),
        }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Submit {
                input,
                output,
                prefix,
            } => {
                let request = Request {
                    input: *input,
                    output: *output,
                    blocks: blocks(*prefix, *input),
                };
                let id = self.engine.submit(request).unwrap();
                assert!(
                    self.open.insert(id, (0, (*output).max(1))).is_none(),
                    "an id twice"
                );
                self.submitted.push(id);
            }
            Act::Step => {
                self.step();
            }
            Act::Cancel(back) => {
                if let Some(id) = self.submitted.iter().rev().nth(*back) {
                    assert_eq!(self.engine.cancel(*id), self.open.remove(id).is_some());
                }
            }
            Act::Restart => {
                let dropped = self.engine.restart();
                assert_eq!(dropped.len(), self.open.len());
                assert!(dropped.iter().all(|id| self.open.remove(id).is_some()));
            }
        }
    }

    /// Whether there was anything to do.
    fn step(&mut self) -> bool {
        let Some(duration) = self.engine.start_step(self.now) else {
            return false;
        };
        assert!(duration > 0.0 && duration.is_finite());
        self.now += duration;
        let events = self.engine.finish_step(self.now);
        for id in &events.progress {
            let (got, _) = self.open.get_mut(id).unwrap();
            *got += 1;
            assert_eq!(events.first_tokens.contains(id), *got == 1);
        }
        for finished in &events.finished {
            let (got, wanted) = self.open.remove(&finished.id).unwrap();
            assert_eq!((got, finished.output), (wanted, wanted));
            assert!(finished.cached < finished.input);
        }
        self.check();
        true
    }

    fn check(&self) {
        let metrics = self.engine.metrics();
        assert_eq!(metrics.running + metrics.waiting, self.open.len());
        assert!(
            (0.0..=1.0).contains(&metrics.kv_utilization),
            "{}",
            metrics.kv_utilization
        );
        assert!((0.0..=1.0).contains(&metrics.busy));
        if metrics.running == 0 {
            assert_eq!(metrics.kv_utilization, 0.0);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_request_ends_once_and_gives_all_back(acts in prop::collection::vec(act(), 1..120)) {
        let mut play = Play::new();
        for act in &acts {
            play.act(act);
        }
        let mut steps = 0;
        while play.step() {
            steps += 1;
            prop_assert!(steps < 200_000, "it does not come to an end");
        }
        prop_assert!(play.open.is_empty(), "{} requests starve", play.open.len());
        // The whole cache is there for one that needs all of it.
        let whole = Request { input: KV_TOKENS - 17, output: 1, blocks: [].into() };
        let id = play.engine.submit(whole).unwrap();
        play.open.insert(id, (0, 1));
        while play.step() {}
        prop_assert!(play.open.is_empty());
    }
}
