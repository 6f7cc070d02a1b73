//! One backend of the fleet: a name, a speed, slots with a queue or a simulated GPU, and the counters that `/metrics`
//! shows.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::controls::Controls;
use crate::faults::Faults;
use crate::gpu::{Seat, Station};
use crate::metrics::Metrics;
use crate::reports::Reports;
use crate::truth::Record;

pub struct Backend {
    pub name: Arc<str>,
    pub speed: f64,
    pub seed: u64,
    pub slots: usize,
    pub models: Vec<String>,
    pub metrics: Metrics,
    pub faults: Arc<Faults>,
    /// Takes the place of slots and of the time controls.
    pub gpu: Option<Arc<Station>>,
    /// Which server's load reports it gives; those that controls and requests ask for when absent.
    pub reports: Option<Reports>,
    /// Streams on a GPU send so many tokens at a time after the first.
    pub stream_interval: u64,
    waiting: AtomicU64,
    running: AtomicU64,
    free: Arc<Semaphore>,
    defaults: RwLock<Controls>,
}

impl Backend {
    pub fn new(
        name: &str,
        speed: f64,
        seed: u64,
        slots: usize,
        models: Vec<String>,
        defaults: Controls,
    ) -> Self {
        Self {
            name: name.into(),
            speed,
            seed,
            slots,
            models,
            metrics: Metrics::default(),
            faults: Arc::default(),
            gpu: None,
            reports: None,
            stream_interval: 1,
            waiting: AtomicU64::new(0),
            running: AtomicU64::new(0),
            free: Arc::new(Semaphore::new(slots)),
            defaults: RwLock::new(defaults),
        }
    }

    pub fn defaults(&self) -> Controls {
        self.defaults
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    pub fn set_defaults(&self, controls: Controls) {
        *self
            .defaults
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = controls;
    }

    /// Waits for a free slot, in order of arrival.
    pub async fn slot(self: &Arc<Self>, model: &str) -> Slot {
        let queued = Instant::now();
        let permit = match self.gpu {
            // Its engine has a queue of its own.
            Some(_) => None,
            None => {
                let _waiting = Waiting::new(self);
                Arc::clone(&self.free).acquire_owned().await.ok()
            }
        };
        self.running.fetch_add(1, Ordering::Relaxed);
        let since = Instant::now();
        Slot {
            backend: Arc::clone(self),
            model: model.to_owned(),
            _permit: permit,
            seat: None,
            queued,
            since,
            first: None,
        }
    }

    /// What it would say of its load.
    pub fn load(&self) -> Load {
        if let Some(gpu) = &self.gpu {
            let metrics = gpu.metrics();
            return Load {
                waiting: metrics.waiting as u64,
                running: metrics.running as u64,
                kv: metrics.kv_utilization.min(1.0),
                busy: metrics.busy,
                requests_per_second: metrics.requests_per_second,
                tokens_per_second: metrics.tokens_per_second,
                queued_tokens: metrics.queued_tokens as u64,
                capacity: gpu.gpu.kv_tokens as u64,
            };
        }
        let running = self.running.load(Ordering::Relaxed);
        let share = (running as f64 / self.slots.max(1) as f64).min(1.0);
        Load {
            waiting: self.waiting.load(Ordering::Relaxed),
            running,
            kv: share,
            busy: share,
            capacity: self.slots as u64 * TOKENS_A_SLOT,
            ..Load::default()
        }
    }

    /// Times of this backend's own clock, when so long has passed on the wall's.
    fn own_time(&self, wall: Duration) -> Duration {
        self.gpu.as_ref().map_or(wall, |gpu| wall.mul_f64(gpu.speed))
    }

    /// How fast controls' times run now.
    pub fn pace(&self) -> f64 {
        self.speed / self.faults.slowness(Instant::now())
    }
}

/// Tokens of KV cache that a slot stands for.
const TOKENS_A_SLOT: u64 = 4096;

/// A backend's load. Without a GPU, the share of the slots in use stands for the KV cache, and there are no rates.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Requests in the queue.
    pub waiting: u64,
    /// Requests in service.
    pub running: u64,
    /// Share of the KV cache in use, 0 to 1.
    pub kv: f64,
    /// Share of the time spent computing, 0 to 1.
    pub busy: f64,
    /// Requests finished a second of its own clock.
    pub requests_per_second: f64,
    /// Tokens generated a second of its own clock.
    pub tokens_per_second: f64,
    /// Tokens of the requests in the queue.
    pub queued_tokens: u64,
    /// Tokens that fit into the KV cache.
    pub capacity: u64,
}

/// Counts one waiting request, also when its client gives up.
struct Waiting<'a>(&'a Backend);

impl<'a> Waiting<'a> {
    fn new(backend: &'a Backend) -> Self {
        backend.waiting.fetch_add(1, Ordering::Relaxed);
        Self(backend)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One request in service; its slot is free again when this is dropped.
pub struct Slot {
    backend: Arc<Backend>,
    model: String,
    _permit: Option<OwnedSemaphorePermit>,
    seat: Option<Seat>,
    queued: Instant,
    since: Instant,
    first: Option<Instant>,
}

impl Slot {
    /// When service began: the pace is kept from here.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// Its place on the backend's GPU.
    pub fn seat(&self) -> Option<&Seat> {
        self.seat.as_ref()
    }

    pub fn sit(&mut self, seat: Seat) {
        self.seat = Some(seat);
    }

    pub fn sent(&mut self, tokens: u64) {
        if self.first.is_none() {
            self.first = Some(Instant::now());
            let waited = self.backend.own_time(self.queued.elapsed());
            self.backend.metrics.first_token(&self.model, waited);
        }
        self.backend.metrics.generated(&self.model, tokens);
    }

    pub fn finished(&mut self, record: &Record) {
        self.backend.metrics.finished(
            &self.model,
            record,
            self.backend.own_time(self.queued.elapsed()),
            self.first.map(|at| self.backend.own_time(at.elapsed())),
        );
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.backend.running.fetch_sub(1, Ordering::Relaxed);
    }
}
