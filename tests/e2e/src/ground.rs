//! What client, upstreams and callout service of one run share.

use crate::chunking::Chunking;
use crate::message::find;
use crate::observed::UpstreamSaw;
use crate::scenario::{Cuts, Scenario};
use crate::script::Script;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;

/// How long anything in a run may take before the run fails. Never part of what is tested.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The meeting place. It outlives runs, because the proxy's upstream connections do.
#[derive(Clone, Default)]
pub struct Ground {
    run: Arc<Mutex<Run>>,
    changed: Arc<Notify>,
}

/// One run as its parties see it.
#[derive(Default)]
pub struct Run {
    /// What the upstream does.
    pub upstream: Option<Script>,
    /// What the callout service does.
    pub judge: Option<Script>,
    /// How the upstream's writes are cut.
    pub chunking: Option<Chunking>,
    /// What the upstreams saw.
    pub upstream_saw: Vec<UpstreamSaw>,
    /// What the callout service saw.
    pub judge_saw: Vec<UpstreamSaw>,
    /// Response body bytes that the client has.
    pub client_body: Vec<u8>,
    /// Upstream requests that are not over.
    pub live: usize,
}

impl Ground {
    /// Sets the scene for the next run.
    pub fn begin(&self, scenario: &Scenario, chunking: Chunking) {
        let cut = scenario.cuts == Cuts::Both;
        *self.run() = Run {
            upstream: Some(scenario.upstream.clone()),
            judge: Some(scenario.judge.clone()),
            chunking: Some(if cut { chunking } else { Chunking::Whole }),
            ..Run::default()
        };
    }

    /// The state, for as long as the guard lives.
    pub fn run(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Changes the state and tells everyone.
    pub fn change<T>(&self, change: impl FnOnce(&mut Run) -> T) -> T {
        let result = change(&mut self.run());
        self.changed.notify_waiters();
        result
    }

    /// Comes back when `holds` does, or with `false` after [`PATIENCE`].
    pub async fn until(&self, holds: impl Fn(&Run) -> bool) -> bool {
        let wait = async {
            loop {
                let mut changed = std::pin::pin!(self.changed.notified());
                changed.as_mut().enable();
                if holds(&self.run()) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.is_ok()
    }

    /// Comes back when the client has `marker` in its body.
    pub async fn client_has(&self, marker: &[u8]) -> bool {
        self.until(|run| find(&run.client_body, marker).is_some()).await
    }

    /// The client received body bytes.
    pub fn client_got(&self, bytes: &[u8]) {
        self.change(|run| run.client_body.extend_from_slice(bytes));
    }
}
