//! Whatever happens to some workers in whatever order, a budget holds.

use super::store::Store;
use super::vms::{Ask, Run, Vm, ask};
use crate::story::{NOON, SECOND};
use penstock_filter_api::Outcome;
use proptest::prelude::*;

const LIMIT: u64 = 300;
const SHARED: u64 = 450;
const TENANTS: [&str; 2] = ["a", "b"];
const ALL: usize = 2;
const CONFIG: &str = r#"{"tenant": {"header": "x-tenant"}, "budgets": [
    {"name": "team", "key": ["tenant"], "unit": "tokens", "limit": 300, "window": {"per": "minute"}},
    {"name": "all", "unit": "output_tokens", "limit": 2000, "window": {"per": "hour", "kind": "sliding"}},
    {"name": "pool", "unit": "tokens", "limit": 450, "window": {"per": "minute"}, "fair": {"weights": {"a": 2}}},
    {"name": "open", "key": ["tenant"], "unit": "streams", "limit": 5}]}"#;

#[derive(Clone, Copy, Debug)]
enum Step {
    Ask {
        vm: usize,
        tenant: usize,
        input: usize,
        most: u64,
    },
    Generate {
        run: usize,
        tokens: u64,
    },
    Finish {
        run: usize,
        how: usize,
    },
    Tick,
    Crash {
        vm: usize,
    },
    Wait {
        seconds: u64,
    },
    TurnBack {
        seconds: u64,
    },
    Miss {
        times: u32,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0usize..3, 0usize..2, 1usize..60, 1u64..200)
            .prop_map(|(vm, tenant, input, most)| Step::Ask { vm, tenant, input, most }),
        8 => (0usize..9, 1u64..80).prop_map(|(run, tokens)| Step::Generate { run, tokens }),
        4 => (0usize..9, 0usize..3).prop_map(|(run, how)| Step::Finish { run, how }),
        2 => Just(Step::Tick),
        1 => (0usize..3).prop_map(|vm| Step::Crash { vm }),
        2 => (0u64..70).prop_map(|seconds| Step::Wait { seconds }),
        1 => prop_oneof![0u64..50, 0u64..100_000].prop_map(|seconds| Step::TurnBack { seconds }),
        1 => (0u32..8).prop_map(|times| Step::Miss { times }),
    ]
}

/// What the world has seen.
struct World {
    store: Store,
    vms: Vec<Vm>,
    runs: Vec<Running>,
    now_s: u64,
    /// Of each tenant, and of all.
    books: [Book; 3],
}

/// What was spent of an account in the latest window in which its record was written.
#[derive(Clone, Copy, Default)]
struct Book {
    window: u64,
    spent: u64,
    /// What of that a last chunk may have been too much.
    too_much: u64,
}

impl Book {
    /// A window is new if it begins after all that were; a clock far in the past takes over what was spent.
    fn look_at_the_clock(&mut self, now_s: u64) {
        let window = now_s / 60;
        if window > self.window {
            *self = Self {
                window,
                ..Self::default()
            };
        } else if self.window * 60 > now_s + 60 {
            self.window = window;
        }
    }
}

struct Running {
    vm: usize,
    tenant: usize,
    run: Run,
    input: u64,
    output: u64,
    /// The last chunk, if it was cut.
    cut: Option<u64>,
}

/// Noon and a million seconds, so that clocks can turn back; none goes on further than twenty.
fn at(now_s: u64) -> Ask<'static> {
    Ask {
        now_ns: NOON + now_s * SECOND,
        ..ask()
    }
}

impl World {
    fn new() -> Self {
        let store = Store::default();
        let vms = (0..3).map(|_| Vm::new(&store, CONFIG)).collect();
        Self {
            store,
            vms,
            runs: Vec::new(),
            now_s: 1_000_000,
            books: [Book::default(); 3],
        }
    }

    fn now_ns(&self) -> u64 {
        NOON + self.now_s * SECOND
    }

    /// Does something for a tenant, and looks whether its record and that of all were written.
    fn written(&mut self, tenant: usize, act: impl FnOnce(&mut Self)) {
        let reserved = |world: &Self| ["team", "pool"].map(|budget| world.store.count("reserved", budget));
        let before = reserved(self);
        act(self);
        let after = reserved(self);
        for (book, at) in [(tenant, 0), (ALL, 1)] {
            if after[at] > before[at] {
                self.books[book].look_at_the_clock(self.now_s);
            }
        }
    }

    fn go(&mut self, step: Step) {
        let now_ns = self.now_ns();
        match step {
            Step::Ask {
                vm,
                tenant,
                input,
                most,
            } => self.written(tenant, |world| {
                let asked = at(world.now_s).of(TENANTS[tenant]).tokens(input, most);
                if let Ok(run) = world.vms[vm].ask(asked) {
                    world.runs.push(Running {
                        vm,
                        tenant,
                        run,
                        input: input as u64,
                        output: 0,
                        cut: None,
                    });
                }
            }),
            Step::Generate { run, tokens } => {
                if let Some(running) = self.runs.get(run).filter(|running| running.cut.is_none()) {
                    self.written(running.tenant, |world| world.generate(run, tokens));
                }
            }
            Step::Finish { run, how } if run < self.runs.len() => {
                let outcome = [Outcome::Complete, Outcome::Cancelled, Outcome::UpstreamError][how];
                self.finish(run, outcome);
            }
            Step::Finish { .. } => {}
            Step::Tick => self.vms.iter_mut().for_each(|vm| vm.tick(now_ns)),
            Step::Crash { vm } => {
                self.vms[vm] = Vm::new(&self.store, CONFIG);
                self.runs.retain(|running| running.vm != vm);
            }
            Step::Wait { seconds } => self.now_s += seconds,
            Step::TurnBack { seconds } => self.now_s = self.now_s.saturating_sub(seconds),
            Step::Miss { times } => self.store.miss(times),
        }
    }

    fn generate(&mut self, run: usize, tokens: u64) {
        let now_ns = self.now_ns();
        let running = &mut self.runs[run];
        running.output += tokens;
        let flow = self.vms[running.vm].generate(&mut running.run, tokens, now_ns);
        running.cut = flow.is_err().then_some(tokens);
    }

    fn finish(&mut self, run: usize, outcome: Outcome) {
        let now_ns = self.now_ns();
        let Running {
            vm,
            tenant,
            run,
            input,
            output,
            cut,
        } = self.runs.remove(run);
        let worked = output > 0 || outcome == Outcome::Cancelled;
        let outcome = if cut.is_some() { Outcome::Cut } else { outcome };
        self.vms[vm].finish(run, outcome, now_ns);
        for book in [tenant, ALL] {
            let book = &mut self.books[book];
            book.look_at_the_clock(self.now_s);
            if worked {
                book.spent += input + output;
                book.too_much += cut.unwrap_or(0);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// No tenant spends more in a window than its limit, nor all of them together than theirs, but for the last chunk of each
    /// stream that was cut; and once all that ran is over or dead, nothing is held.
    #[test]
    fn nothing_is_overspent_and_nothing_stays(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        for step in steps {
            world.go(step);
            for (Book { spent, too_much, .. }, limit) in world.books.into_iter().zip([LIMIT, LIMIT, SHARED]) {
                prop_assert!(spent <= limit + too_much, "{spent} of {limit}, {too_much} too much, after {step:?}");
            }
        }
        // All die but a last one, which outlives the leases.
        world.store.miss(0);
        let mut last = Vm::new(&world.store, CONFIG);
        drop((std::mem::take(&mut world.vms), std::mem::take(&mut world.runs)));
        world.now_s = 20_000_000;
        for _ in 0..=16 {
            last.tick(world.now_ns());
        }
        for tenant in TENANTS {
            let run = last.ask(at(world.now_s).of(tenant).tokens(100, 200));
            prop_assert!(run.is_ok(), "{tenant}: {:?}", run.err());
            last.finish(run.unwrap(), Outcome::Cancelled, world.now_ns());
        }
    }
}
