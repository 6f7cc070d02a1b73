//! Penstock's own picker: the filter's crate, one picker in each worker, records exchanged through shared data as in Envoy.

use std::collections::HashMap;

use penstock_cluster_picker::report::Load;
use penstock_cluster_picker::{Ask, BackendSpec, Ending, Picker, Sharing, Streams, Ticket, Tuning};
use penstock_filter_api::{MetricId, MetricKind, PortError, Ports};
use penstock_gpu_model::{BLOCK_TOKENS, Metrics};

use crate::policy::{Answer, Incoming, Policy, Setup};
use crate::rng::Rng;

/// Most blocks of a prompt that the filter looks at.
const MAX_BLOCKS: usize = penstock_cluster_picker::MAX_BLOCKS;

/// The pickers of all workers of all gateways. Gateways share nothing with each other.
pub(crate) struct Penstock {
    workers: usize,
    vms: Vec<Vm>,
    stores: Vec<Store>,
    open: HashMap<usize, Ticket>,
}

/// One worker.
struct Vm {
    picker: Picker,
    sharing: Sharing,
}

impl Penstock {
    pub(crate) fn new(setup: &Setup) -> Self {
        let specs: Vec<BackendSpec> = (0..setup.gpus.len())
            .map(|backend| BackendSpec {
                name: format!("backend-{backend}"),
                ..BackendSpec::default()
            })
            .collect();
        let vm = |lane: usize| {
            let seed = setup.seed.wrapping_mul(7919) + lane as u64;
            let mut sharing = Sharing::new("fleet");
            sharing.name(seed + 1);
            Vm {
                picker: Picker::new(Tuning::default(), specs.clone(), seed, 0.0),
                sharing,
            }
        };
        Self {
            workers: setup.workers,
            vms: (0..setup.lanes()).map(vm).collect(),
            stores: (0..setup.proxies).map(|_| Store::default()).collect(),
            open: HashMap::new(),
        }
    }

    fn lane(&self, incoming: &Incoming) -> usize {
        incoming.proxy * self.workers + incoming.worker
    }

    fn end(&mut self, now: f64, incoming: &Incoming, ending: Ending) {
        let lane = self.lane(incoming);
        if let Some(ticket) = self.open.remove(&incoming.id) {
            let Vm { picker, sharing } = &mut self.vms[lane];
            picker.done(ticket, ending, now);
            sharing.write(picker, &mut self.stores[incoming.proxy], now);
        }
    }
}

impl Policy for Penstock {
    fn pick(&mut self, now: f64, incoming: &Incoming, rng: &mut Rng) -> usize {
        let lane = self.lane(incoming);
        let store = &mut self.stores[incoming.proxy];
        let Vm { picker, sharing } = &mut self.vms[lane];
        sharing.read(picker, store, now);
        let full = incoming.full_blocks();
        let blocks: Vec<u32> = full.iter().take(MAX_BLOCKS).map(|block| *block as u32).collect();
        let ask = Ask {
            input_tokens: incoming.estimated_tokens,
            max_output_tokens: None,
            blocks: &blocks,
            block_tokens: BLOCK_TOKENS as f64 * incoming.estimated_tokens / incoming.input_tokens as f64,
            streams: if incoming.stream {
                Streams::Yes
            } else {
                Streams::No
            },
        };
        let Some(ticket) = picker.pick(&ask, |_| true, now) else {
            return rng.below(picker.len());
        };
        sharing.write(picker, store, now);
        let backend = ticket.backend();
        self.open.insert(incoming.id, ticket);
        backend
    }

    fn first_token(&mut self, now: f64, incoming: &Incoming, backend: usize, report: Option<&Metrics>) {
        let lane = self.lane(incoming);
        let Vm { picker, sharing } = &mut self.vms[lane];
        if let Some(ticket) = self.open.get_mut(&incoming.id) {
            picker.first_token(ticket, now);
        }
        if let Some(report) = report {
            picker.report(backend, &load(report), now);
        }
        sharing.write(picker, &mut self.stores[incoming.proxy], now);
    }

    fn done(
        &mut self,
        now: f64,
        incoming: &Incoming,
        backend: usize,
        answer: Answer,
        report: Option<&Metrics>,
    ) {
        let lane = self.lane(incoming);
        let picker = &mut self.vms[lane].picker;
        if let Some(report) = report {
            picker.report(backend, &load(report), now);
        }
        if let Some(ticket) = self.open.get(&incoming.id) {
            picker.cached(ticket, answer.cached_tokens as f64);
        }
        let output_tokens = Some(answer.output_tokens as f64);
        self.end(now, incoming, Ending::Answered { output_tokens });
    }

    fn failed(&mut self, now: f64, incoming: &Incoming, _backend: usize) {
        self.end(now, incoming, Ending::Failed);
    }
}

fn load(report: &Metrics) -> Load {
    Load {
        kv: Some(report.kv_utilization),
        waiting: Some(report.waiting as f64),
        running: Some(report.running as f64),
        ..Load::default()
    }
}

/// The shared data of one proxy.
#[derive(Default)]
struct Store(HashMap<String, (Vec<u8>, u32)>);

impl Ports for Store {
    fn metric(&mut self, _kind: MetricKind, _name: &str) -> Result<MetricId, PortError> {
        Err(PortError::Refused)
    }

    fn add(&mut self, _metric: MetricId, _by: u64) {}

    fn record(&mut self, _metric: MetricId, _value: u64) {}

    fn shared(&mut self, key: &str) -> Result<Option<(Vec<u8>, u32)>, PortError> {
        Ok(self.0.get(key).cloned())
    }

    fn share(&mut self, key: &str, value: &[u8], cas: Option<u32>) -> Result<(), PortError> {
        let last = self.0.get(key).map_or(0, |(_, cas)| *cas);
        if cas.is_some_and(|cas| cas != last) {
            return Err(PortError::CasMismatch);
        }
        self.0.insert(key.to_owned(), (value.to_vec(), last + 1));
        Ok(())
    }

    fn property(&mut self, _path: &[&str]) -> Option<Vec<u8>> {
        None
    }

    fn filter_state(&mut self, _key: &str, _value: &[u8]) {}

    fn log(&mut self, _message: &str) {}
}
