//! Many runs at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::outcome::Outcome;
use crate::rivals::Known;
use crate::scenario::Scenario;
use crate::simulate::simulate;
use crate::trace::Trace;

/// One cell of a table: a policy in a scenario, over several seeds.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Who picks.
    pub policy: &'static Known,
    /// What is played; the seed is the first of those used.
    pub scenario: Scenario,
    /// How many seeds, counting up from the scenario's.
    pub seeds: u64,
}

/// A cell that has been played.
#[derive(Clone, Debug)]
pub struct Played {
    /// Which.
    pub cell: Cell,
    /// The outcomes, averaged over the seeds.
    pub outcome: Outcome,
}

/// Plays all cells, as many runs at once as the machine has cores. The order and the outcomes are those of playing them
/// one by one.
pub fn play(trace: &Trace, cells: Vec<Cell>) -> Result<Vec<Played>, String> {
    play_telling(trace, cells, |_, _| ())
}

/// The same; tells after each run how many are done, and of how many.
pub fn play_telling(
    trace: &Trace,
    cells: Vec<Cell>,
    mut tell: impl FnMut(usize, usize),
) -> Result<Vec<Played>, String> {
    let runs: Vec<(&Cell, u64)> = cells
        .iter()
        .flat_map(|cell| (0..cell.seeds).map(move |seed| (cell, seed)))
        .collect();
    let mut outcomes = vec![None; runs.len()];
    let next = AtomicUsize::new(0);
    let worker = |done: mpsc::Sender<(usize, Result<Outcome, String>)>| {
        loop {
            let run = next.fetch_add(1, Ordering::Relaxed);
            let Some((cell, seed)) = runs.get(run) else { return };
            let scenario = Scenario {
                seed: cell.scenario.seed + seed,
                ..cell.scenario.clone()
            };
            let outcome = simulate(trace, &scenario, cell.policy);
            if done.send((run, outcome)).is_err() {
                return;
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..threads.min(runs.len()) {
            let sender = sender.clone();
            scope.spawn(|| worker(sender));
        }
        drop(sender);
        for (done, (run, outcome)) in receiver.iter().enumerate() {
            outcomes[run] = Some(outcome);
            tell(done + 1, runs.len());
        }
    });
    let mut outcomes = outcomes.into_iter();
    let played = cells.iter().map(|cell| {
        let of_cell = outcomes.by_ref().take(cell.seeds as usize);
        let of_seeds: Result<Vec<Outcome>, String> = of_cell
            .map(|outcome| outcome.ok_or("a run has broken off")?)
            .collect();
        Ok(Played {
            cell: cell.clone(),
            outcome: Outcome::mean(&of_seeds?),
        })
    });
    played.collect()
}
