//! Shared data as Envoy has it, that can fail.

use penstock_filter_api::{CallId, Callout, MetricId, MetricKind, PortError, Ports, RootPorts};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Shared data and counters of one proxy.
#[derive(Clone, Default)]
pub(crate) struct Store(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    shared: BTreeMap<String, (Vec<u8>, u32)>,
    cas: u32,
    metrics: Vec<(String, u64)>,
    /// So many writes fail first, as if another worker had been faster.
    misses: u32,
    broken: bool,
}

impl Store {
    /// A counter of a budget.
    pub(crate) fn count(&self, event: &str, budget: &str) -> u64 {
        let begin = format!("penstock_budget_{event}_total.budget=.={budget};.;");
        let inner = self.0.lock().unwrap();
        let of = inner.metrics.iter().filter(|(name, _)| name.starts_with(&begin));
        of.map(|(_, value)| value).sum()
    }

    /// The gauges of an account, by whatever else stands in their names: used, held, and when they are over.
    pub(crate) fn standing(&self, labels: &str) -> Option<[u64; 3]> {
        let inner = self.0.lock().unwrap();
        let one = |level: &str| {
            let of =
                |name: &str| name.starts_with(&format!("penstock_budget_{level}.")) && name.ends_with(labels);
            inner
                .metrics
                .iter()
                .find(|(name, _)| of(name))
                .map(|(_, value)| *value)
        };
        Some([one("used")?, one("held")?, one("reset_timestamp_seconds")?])
    }

    /// A metric by its whole name.
    pub(crate) fn metric(&self, name: &str) -> Option<u64> {
        let inner = self.0.lock().unwrap();
        inner
            .metrics
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| *value)
    }

    /// How many metrics there are of a name.
    pub(crate) fn series(&self, begin: &str) -> usize {
        let inner = self.0.lock().unwrap();
        inner
            .metrics
            .iter()
            .filter(|(name, _)| name.starts_with(begin))
            .count()
    }

    /// Shared data fails from now on, or works again.
    pub(crate) fn break_down(&self, broken: bool) {
        self.0.lock().unwrap().broken = broken;
    }

    /// The next writes come too late.
    pub(crate) fn miss(&self, times: u32) {
        self.0.lock().unwrap().misses = times;
    }

    /// Keys and bytes that the proxy keeps.
    pub(crate) fn size(&self) -> (usize, usize) {
        let inner = self.0.lock().unwrap();
        let bytes = inner
            .shared
            .iter()
            .map(|(key, (value, _))| key.len() + value.len());
        (inner.shared.len(), bytes.sum())
    }

    /// All records, as lines of a key and its bytes.
    pub(crate) fn records(&self) -> String {
        let inner = self.0.lock().unwrap();
        let line = |(key, (value, _)): (&String, &(Vec<u8>, u32))| {
            let bytes: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{key} {bytes}\n")
        };
        inner.shared.iter().map(line).collect()
    }

    /// A proxy that has these records already.
    pub(crate) fn of(records: &str) -> Self {
        let store = Self::default();
        for (key, digits) in records.lines().filter_map(|line| line.split_once(' ')) {
            let bytes = digits
                .as_bytes()
                .chunks(2)
                .map(|pair| str::from_utf8(pair).unwrap());
            let bytes = bytes.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
            store.0.lock().unwrap().shared.insert(key.to_owned(), (bytes, 1));
        }
        store
    }

    /// Overwrites every value with bytes that are none.
    pub(crate) fn spoil(&self) {
        for (value, _) in self.0.lock().unwrap().shared.values_mut() {
            *value = b"spoilt".to_vec();
        }
    }
}

impl Ports for Store {
    fn metric(&mut self, _: MetricKind, name: &str) -> Result<MetricId, PortError> {
        let metrics = &mut self.0.lock().unwrap().metrics;
        let known = metrics.iter().position(|(known, _)| known == name);
        if known.is_none() {
            metrics.push((name.to_owned(), 0));
        }
        Ok(MetricId(known.unwrap_or(metrics.len() - 1) as u32))
    }

    fn add(&mut self, metric: MetricId, by: u64) {
        self.0.lock().unwrap().metrics[metric.0 as usize].1 += by;
    }

    fn record(&mut self, metric: MetricId, value: u64) {
        self.0.lock().unwrap().metrics[metric.0 as usize].1 = value;
    }

    fn shared(&mut self, key: &str) -> Result<Option<(Vec<u8>, u32)>, PortError> {
        let inner = self.0.lock().unwrap();
        if inner.broken {
            return Err(PortError::Refused);
        }
        Ok(inner.shared.get(key).cloned())
    }

    /// As Envoy does it: the token is checked only of a key that exists.
    fn share(&mut self, key: &str, value: &[u8], cas: Option<u32>) -> Result<(), PortError> {
        let mut inner = self.0.lock().unwrap();
        if inner.broken {
            return Err(PortError::Refused);
        }
        if inner.misses > 0 {
            inner.misses -= 1;
            return Err(PortError::CasMismatch);
        }
        let known = inner.shared.get(key).map(|(_, token)| *token);
        if known.is_some_and(|token| cas.is_some_and(|cas| cas != token)) {
            return Err(PortError::CasMismatch);
        }
        inner.cas += 1;
        let token = inner.cas;
        inner.shared.insert(key.to_owned(), (value.to_owned(), token));
        Ok(())
    }

    fn property(&mut self, _: &[&str]) -> Option<Vec<u8>> {
        None
    }

    fn filter_state(&mut self, _: &str, _: &[u8]) {}

    fn log(&mut self, _: &str) {}
}

impl RootPorts for Store {
    fn call(&mut self, _: &Callout) -> Result<CallId, PortError> {
        Err(PortError::Refused)
    }
}
