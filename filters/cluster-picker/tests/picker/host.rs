//! The host of a proxy: metrics, shared data and calls in maps.

use penstock_filter_api::{CallId, Callout, MetricId, MetricKind, PortError, Ports, RootPorts, labelled};
use std::collections::{BTreeMap, HashMap};

#[derive(Default)]
pub(crate) struct FakeHost {
    metrics: Vec<(MetricKind, String, u64)>,
    properties: HashMap<String, Vec<u8>>,
    pub(crate) shared: BTreeMap<String, (Vec<u8>, u32)>,
    /// Calls that were sent, by their number.
    pub(crate) calls: Vec<(CallId, Callout)>,
    /// Clusters that do not exist.
    pub(crate) unknown: Vec<String>,
    pub(crate) log: Vec<String>,
}

impl FakeHost {
    pub(crate) fn property(&mut self, path: &str, value: &str) {
        self.properties.insert(path.to_owned(), value.as_bytes().to_vec());
    }

    /// A counter, the last value of a gauge, or the sum of a histogram.
    pub(crate) fn metric(&self, name: &str, label: (&str, &str)) -> u64 {
        let name = labelled(name, &[label]);
        let found = self.metrics.iter().find(|(_, known, _)| *known == name);
        found.map_or(0, |(_, _, value)| *value)
    }

    /// The sum of a metric over all labels.
    pub(crate) fn sum(&self, name: &str) -> u64 {
        let series = self
            .metrics
            .iter()
            .filter(|(_, known, _)| known.starts_with(name));
        series.map(|(_, _, value)| value).sum()
    }
}

impl Ports for FakeHost {
    fn metric(&mut self, kind: MetricKind, name: &str) -> Result<MetricId, PortError> {
        let known = self.metrics.iter().position(|(_, known, _)| known == name);
        let index = known.unwrap_or(self.metrics.len());
        if known.is_none() {
            self.metrics.push((kind, name.to_owned(), 0));
        }
        assert_eq!(self.metrics[index].0, kind, "{name}");
        Ok(MetricId(index as u32))
    }

    fn add(&mut self, metric: MetricId, by: u64) {
        let (kind, name, value) = &mut self.metrics[metric.0 as usize];
        assert_eq!(*kind, MetricKind::Counter, "{name}");
        *value += by;
    }

    fn record(&mut self, metric: MetricId, given: u64) {
        let (kind, name, value) = &mut self.metrics[metric.0 as usize];
        assert_ne!(*kind, MetricKind::Counter, "{name}");
        *value = if *kind == MetricKind::Gauge {
            given
        } else {
            *value + given
        };
    }

    fn shared(&mut self, key: &str) -> Result<Option<(Vec<u8>, u32)>, PortError> {
        Ok(self.shared.get(key).cloned())
    }

    fn share(&mut self, key: &str, value: &[u8], cas: Option<u32>) -> Result<(), PortError> {
        let token = self.shared.get(key).map(|(_, token)| *token);
        match (cas, token) {
            (Some(given), Some(token)) if given != token => return Err(PortError::CasMismatch),
            _ => {}
        }
        let next = token.unwrap_or(0) + 1;
        self.shared.insert(key.to_owned(), (value.to_vec(), next));
        Ok(())
    }

    fn property(&mut self, path: &[&str]) -> Option<Vec<u8>> {
        self.properties.get(&path.join("|")).cloned()
    }

    fn filter_state(&mut self, key: &str, _: &[u8]) {
        panic!("the picker sets no filter state: {key}");
    }

    fn log(&mut self, message: &str) {
        self.log.push(message.to_owned());
    }
}

impl RootPorts for FakeHost {
    fn call(&mut self, callout: &Callout) -> Result<CallId, PortError> {
        if self.unknown.contains(&callout.cluster) {
            return Err(PortError::NotFound);
        }
        let call = CallId(self.calls.len() as u32 + 1);
        self.calls.push((call, callout.clone()));
        Ok(call)
    }
}
