//! One backend of the fleet: a name, a speed, slots with a queue, and the counters that `/metrics` shows.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::controls::Controls;
use crate::metrics::Metrics;
use crate::truth::Record;

pub struct Backend {
    pub name: Arc<str>,
    pub speed: f64,
    pub seed: u64,
    pub slots: usize,
    pub models: Vec<String>,
    pub metrics: Metrics,
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
        let waiting = Waiting::new(self);
        let permit = Arc::clone(&self.free).acquire_owned().await.ok();
        drop(waiting);
        self.running.fetch_add(1, Ordering::Relaxed);
        let since = Instant::now();
        Slot {
            backend: Arc::clone(self),
            model: model.to_owned(),
            _permit: permit,
            queued,
            since,
            first: None,
        }
    }

    /// Requests in the queue.
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Requests in service.
    pub fn running(&self) -> u64 {
        self.running.load(Ordering::Relaxed)
    }

    /// Share of the slots in use, which stands for the KV cache.
    pub fn load(&self) -> f64 {
        self.running() as f64 / self.slots.max(1) as f64
    }
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
    queued: Instant,
    since: Instant,
    first: Option<Instant>,
}

impl Slot {
    /// When service began: the pace is kept from here.
    pub fn since(&self) -> Instant {
        self.since
    }

    pub fn sent(&mut self, tokens: u64) {
        if self.first.is_none() {
            self.first = Some(Instant::now());
            self.backend
                .metrics
                .first_token(&self.model, self.queued.elapsed());
        }
        self.backend.metrics.generated(&self.model, tokens);
    }

    pub fn finished(&mut self, record: &Record) {
        self.backend.metrics.finished(
            &self.model,
            record,
            self.queued.elapsed(),
            self.first.map(|at| at.elapsed()),
        );
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.backend.running.fetch_sub(1, Ordering::Relaxed);
    }
}
