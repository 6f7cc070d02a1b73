//! A machine with a clock.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use penstock_gpu_model::{Gpu, Metrics, Request, RequestId, TooLong, Totals};
use tokio::sync::Notify;

use super::machine::Machine;
use super::progress::{Progress, Reached};
use crate::faults::Faults;

/// One simulated GPU server, whose clock runs `speed` times faster than the wall's.
pub struct Station {
    pub gpu: Arc<Gpu>,
    pub speed: f64,
    origin: Instant,
    machine: Mutex<Machine>,
    faults: Arc<Faults>,
    /// The machine has begun to work.
    woken: Notify,
}

impl Station {
    pub fn new(gpu: Arc<Gpu>, speed: f64, faults: Arc<Faults>) -> Self {
        Self {
            machine: Mutex::new(Machine::new(Arc::clone(&gpu))),
            gpu,
            speed,
            origin: Instant::now(),
            faults,
            woken: Notify::new(),
        }
    }

    /// Drives the machine until the process ends.
    pub async fn run(self: Arc<Self>) {
        loop {
            let due = {
                let mut machine = self.machine();
                machine.advance(self.now());
                machine.due()
            };
            match due {
                Some(due) => {
                    let wall = self.origin + Duration::from_secs_f64(due / self.speed);
                    tokio::select! {
                        () = tokio::time::sleep_until(wall.into()) => {}
                        () = self.woken.notified() => {}
                    }
                }
                None => self.woken.notified().await,
            }
        }
    }

    pub fn submit(self: &Arc<Self>, request: Request) -> Result<Seat, TooLong> {
        let mut machine = self.machine();
        let idle = machine.due().is_none();
        let (id, progress) = machine.submit(request, self.now())?;
        if idle {
            self.woken.notify_one();
        }
        Ok(Seat {
            station: Arc::clone(self),
            id,
            progress,
        })
    }

    pub fn metrics(&self) -> Metrics {
        self.machine().metrics(self.now())
    }

    pub fn totals(&self) -> Totals {
        self.machine().totals()
    }

    /// Loses all requests and the KV cache.
    pub fn restart(&self) {
        self.machine().restart();
    }

    fn now(&self) -> f64 {
        self.origin.elapsed().as_secs_f64() * self.speed
    }

    /// The machine, as slow as it is to be now.
    fn machine(&self) -> MutexGuard<'_, Machine> {
        let mut machine = self.machine.lock().unwrap_or_else(PoisonError::into_inner);
        machine.slow_down(self.faults.slowness(Instant::now()));
        machine
    }
}

/// One request's place on a GPU; dropped before its end, the request is cancelled.
pub struct Seat {
    station: Arc<Station>,
    id: RequestId,
    progress: Arc<Progress>,
}

impl Seat {
    /// Waits for so many tokens.
    pub async fn reached(&self, tokens: u64) -> Reached {
        poll_fn(|cx| self.poll(tokens, cx)).await
    }

    pub fn poll(&self, tokens: u64, cx: &mut Context<'_>) -> Poll<Reached> {
        self.progress.poll(tokens, cx)
    }

    /// Prompt tokens found in the prefix cache; known from the first token on.
    pub fn cached(&self) -> u64 {
        self.progress.cached()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if !self.progress.ended() {
            self.station.machine().cancel(self.id, self.station.now());
        }
    }
}
