//! Envoy's `client_side_weighted_round_robin` over ORCA reports; gRFC A58 has the same formula.

use penstock_gpu_model::Metrics;

use super::edf::{Schedule, measured, schedules};
use crate::policy::{Answer, Incoming, Policy, Setup};
use crate::rng::Rng;

/// `weight_update_period`, in seconds.
const UPDATE: f64 = 1.0;
/// `blackout_period`: a backend's weight counts from so many seconds after its first report.
const BLACKOUT: f64 = 10.0;
/// `weight_expiration_period`: and until so many seconds after its last.
const EXPIRATION: f64 = 180.0;

/// Weights are requests a second over utilization; backends without one get the median. It needs reports that carry
/// `rps_fractional`, which neither vLLM's nor Triton's do: there it is round robin. Weights are whole numbers, so it is
/// nearly that too where servers end few requests a second, as those with long answers do.
pub(crate) struct Orca {
    utilization: fn(&Metrics) -> f64,
    backends: Vec<Backend>,
    weights: Vec<f64>,
    schedules: Vec<Schedule>,
    workers: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Backend {
    weight: f64,
    first_report: Option<f64>,
    last_report: f64,
}

impl Orca {
    /// Takes as utilization what that function reads from a report.
    pub(crate) fn new(setup: &Setup, utilization: fn(&Metrics) -> f64) -> Self {
        // Until the first update the order is random.
        let start: Vec<f64> = setup.gpus.iter().map(|gpu| measured(gpu)).collect();
        Self {
            utilization,
            backends: vec![Backend::default(); setup.gpus.len()],
            weights: vec![1.0; setup.gpus.len()],
            schedules: schedules(setup, &start),
            workers: setup.workers,
        }
    }

    fn report(&mut self, now: f64, backend: usize, report: &Metrics) {
        let utilization = (self.utilization)(report);
        if report.requests_per_second > 0.0 && utilization > 0.0 {
            let backend = &mut self.backends[backend];
            backend.first_report.get_or_insert(now);
            backend.last_report = now;
            backend.weight = (report.requests_per_second / utilization).floor();
        }
    }

    /// The weight of a backend, if it counts now.
    fn weight(backend: &mut Backend, now: f64) -> Option<f64> {
        let first = backend.first_report.filter(|_| backend.weight > 0.0)?;
        if now - backend.last_report >= EXPIRATION {
            *backend = Backend::default();
            return None;
        }
        (now - first >= BLACKOUT).then_some(backend.weight.max(1.0))
    }
}

impl Policy for Orca {
    fn pick(&mut self, _now: f64, incoming: &Incoming, _rng: &mut Rng) -> usize {
        self.schedules[incoming.proxy * self.workers + incoming.worker].next(&self.weights)
    }

    fn first_token(&mut self, now: f64, _incoming: &Incoming, backend: usize, report: Option<&Metrics>) {
        if let Some(report) = report {
            self.report(now, backend, report);
        }
    }

    fn done(&mut self, now: f64, _incoming: &Incoming, backend: usize, _: Answer, report: Option<&Metrics>) {
        if let Some(report) = report {
            self.report(now, backend, report);
        }
    }

    fn period(&self) -> Option<f64> {
        Some(UPDATE)
    }

    fn tick(&mut self, now: f64, _published: &[Metrics]) {
        let weights: Vec<Option<f64>> = self
            .backends
            .iter_mut()
            .map(|backend| Self::weight(backend, now))
            .collect();
        let median = median(weights.iter().copied().flatten().collect());
        self.weights = weights.iter().map(|weight| weight.unwrap_or(median)).collect();
        let mut rng = Rng::new((now * 1000.0) as u64 + 7);
        for schedule in &mut self.schedules {
            *schedule = Schedule::new(&self.weights, &mut rng);
        }
    }
}

/// 1 when there is nothing.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => 1.0,
        even if even % 2 == 0 => (values[half - 1] + values[half]) / 2.0,
        _ => values[half],
    }
}
