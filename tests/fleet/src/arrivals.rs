//! When requests arrive, where, and what a gateway makes of them.

use std::sync::Arc;

use penstock_gpu_model::Request;

use crate::policy::Incoming;
use crate::rng::Rng;
use crate::scenario::Scenario;
use crate::trace::Trace;

/// How gaps between requests are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrivals {
    /// The trace's, stretched to the rate, from a random place of the trace on.
    Trace,
    /// The trace's, stretched to the rate, from its start on.
    TraceFromStart,
    /// Exponential; the trace gives the lengths alone.
    Poisson,
}

/// A request on its way to a gateway.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) at: f64,
    pub(crate) request: Request,
    pub(crate) incoming: Incoming,
}

/// The arrivals of a scenario. The trace begins again where it ends.
pub(crate) fn arrivals(trace: &Trace, scenario: &Scenario) -> Vec<Arrival> {
    let mut rng = Rng::new(scenario.seed.wrapping_mul(7919).wrapping_add(13));
    let records = trace.records();
    let offset = match scenario.arrivals {
        Arrivals::TraceFromStart => 0,
        Arrivals::Trace | Arrivals::Poisson => rng.below(records.len()),
    };
    let stretch = trace.rate() / scenario.rate;
    let mut at = 0.0;
    let mut arrivals = Vec::with_capacity(scenario.requests());
    for id in 0..scenario.requests() {
        let index = (offset + id) % records.len();
        let record = &records[index];
        at += match (scenario.arrivals, id, index) {
            (Arrivals::Poisson, ..) => rng.exponential() / scenario.rate,
            (_, 0, _) => 0.0,
            (_, _, 0) => 1.0 / trace.rate() * stretch,
            _ => (record.arrival - records[index - 1].arrival).max(0.0) * stretch,
        };
        let input = record.input.min(scenario.max_input).max(1);
        let estimated_tokens = input as f64 * (1.0 + scenario.noise * rng.normal()).max(0.3);
        let incoming = Incoming {
            id,
            input_tokens: input,
            estimated_tokens,
            blocks: Arc::clone(&record.blocks),
            stream: rng.unit() < scenario.streamed,
            proxy: rng.below(scenario.proxies),
            worker: rng.below(scenario.workers),
        };
        let request = Request {
            input,
            output: record.output.max(1),
            blocks: Arc::clone(&record.blocks),
        };
        arrivals.push(Arrival {
            at,
            request,
            incoming,
        });
    }
    arrivals
}
