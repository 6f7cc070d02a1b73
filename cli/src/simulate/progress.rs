//! How far it is, for whoever waits.

use crate::Console;
use std::time::{Duration, Instant};

/// Who waits no longer than this needs no word.
const PATIENCE: Duration = Duration::from_secs(4);

/// When the last word was.
#[derive(Debug)]
pub(super) struct Progress {
    last: Instant,
    runs: usize,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            last: Instant::now(),
            runs: 0,
        }
    }
}

impl Progress {
    /// One more run is done.
    pub(super) fn tell(&mut self, done: usize, of: usize, console: &mut Console<'_>) {
        self.runs += 1;
        if self.last.elapsed() < PATIENCE || done == of {
            return;
        }
        self.last = Instant::now();
        // Who looks for a rate does not know how many more it will take.
        let said = if self.runs == done {
            format!("penstock: {done} of {of} runs\n")
        } else {
            format!("penstock: {} runs\n", self.runs)
        };
        console.note(&said);
    }
}
