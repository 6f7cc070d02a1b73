//! `given(config).exchange(record).then(...)`: a meter on a fake host, told as a story.

use penstock_filter_api::{
    Cx, Effects, Filter, Head, Headers, MetricId, MetricKind, Needs, Open, Origin, Outcome, Plugin,
    PortError, Ports, Record, Seen, Times,
};
use penstock_llm_api::{Api, Finish, Operation, Target, Usage};
use penstock_token_meter::MODULE;
use std::collections::{BTreeMap, HashMap};

pub(crate) const SECOND: u64 = 1_000_000_000;
pub(crate) const MILLI: u64 = 1_000_000;

/// 2026-01-15T12:00:00Z.
pub(crate) const NOON: u64 = 1_768_478_400 * SECOND;

/// A meter in a VM, and what it has done so far.
pub(crate) struct Story {
    plugin: Box<dyn Plugin>,
    pub(crate) host: FakeHost,
    headers: Vec<(String, Vec<u8>)>,
    pub(crate) effects: Effects,
    pub(crate) needs: Option<Needs>,
}

pub(crate) fn given(config: &str) -> Story {
    let plugin = (MODULE.load)(config).unwrap_or_else(|error| panic!("{error}"));
    Story {
        plugin,
        host: FakeHost::default(),
        headers: Vec::new(),
        effects: Effects::default(),
        needs: None,
    }
}

/// The error that a configuration is refused with.
pub(crate) fn refused(config: &str) -> String {
    match (MODULE.load)(config) {
        Ok(_) => panic!("not refused: {config}"),
        Err(error) => error.to_string(),
    }
}

impl Story {
    /// Requests from now on carry this header.
    pub(crate) fn header(mut self, name: &str, value: &[u8]) -> Self {
        self.headers = vec![(name.to_owned(), value.to_owned())];
        self
    }

    /// The host knows this property from now on.
    pub(crate) fn property(mut self, path: &str, value: &[u8]) -> Self {
        self.host.properties.insert(path.to_owned(), value.to_owned());
        self
    }

    /// A whole exchange, as the engine would tell it.
    pub(crate) fn exchange(mut self, record: Record) -> Self {
        self.host.state.clear();
        self.effects = Effects::default();
        if let Some(mut filter) = self.open(&record) {
            let mut cx = Cx::new(
                record.times.end,
                self.plugin.policy().mode,
                &mut self.host,
                &mut self.effects,
            );
            let seen = if record.stream { Seen::Event } else { Seen::Answer };
            filter.observe(seen, &record, &mut cx);
            filter.on_end(&record, &mut cx);
        }
        self
    }

    /// The same exchange many times.
    pub(crate) fn exchanges(self, times: usize, record: Record) -> Self {
        (0..times).fold(self, |story, _| story.exchange(record.clone()))
    }

    /// The end of an exchange that was opened before.
    pub(crate) fn end(mut self, mut filter: Box<dyn Filter>, record: &Record) -> Self {
        let mode = self.plugin.policy().mode;
        filter.on_end(
            record,
            &mut Cx::new(record.times.end, mode, &mut self.host, &mut self.effects),
        );
        self
    }

    /// Opens the filter on an exchange.
    pub(crate) fn open(&mut self, record: &Record) -> Option<Box<dyn Filter>> {
        let target = Target {
            operation: record.operation,
            ..record.api.map_or(Target::new(record.operation), Target::of)
        };
        let head = Head {
            headers: Headers::new(self.headers.clone()),
            target,
            route: record.route.clone(),
        };
        let mut cx = Cx::new(
            record.times.start,
            self.plugin.policy().mode,
            &mut self.host,
            &mut self.effects,
        );
        match self.plugin.open(&head, &mut cx) {
            Open::Skip => {
                self.needs = None;
                None
            }
            Open::Join(filter, needs) => {
                self.needs = Some(needs);
                Some(filter)
            }
            Open::Deny(_) => panic!("a meter that only reads denies nothing"),
        }
    }

    /// The sum of a metric over every series with these labels.
    pub(crate) fn then(self, name: &str, labels: &str, value: u64) -> Self {
        assert_eq!(
            self.host.sum(name, labels),
            value,
            "{name}{{{labels}}} of\n{}",
            self.host.dump()
        );
        self
    }

    /// What a histogram recorded.
    pub(crate) fn recorded(self, name: &str, labels: &str, values: &[u64]) -> Self {
        assert_eq!(
            self.host.values(name, labels),
            values,
            "{name}{{{labels}}} of\n{}",
            self.host.dump()
        );
        self
    }

    /// Filter state of the last exchange.
    pub(crate) fn state(self, key: &str, value: &str) -> Self {
        assert_eq!(self.host.state.get(key).map(String::as_str), Some(value), "{key}");
        self
    }

    pub(crate) fn no_state(self, key: &str) -> Self {
        assert_eq!(self.host.state.get(key), None, "{key}");
        self
    }

    /// A field of the last line of the ledger, as JSON.
    pub(crate) fn ledger(self, field: &str, value: &str) -> Self {
        assert_eq!(
            self.line(field).map(|found| found.to_string()).as_deref(),
            Some(value),
            "{field}"
        );
        self
    }

    pub(crate) fn no_ledger(self, field: &str) -> Self {
        assert_eq!(self.line(field), None, "{field}");
        self
    }

    pub(crate) fn line(&self, field: &str) -> Option<serde_json::Value> {
        let line = self.host.state.get("penstock.usage").expect("a ledger line");
        let line: serde_json::Value = serde_json::from_str(line).expect(line);
        line.get(field).cloned()
    }
}

/// Metrics and filter state in maps.
#[derive(Default)]
pub(crate) struct FakeHost {
    metrics: Vec<FakeMetric>,
    properties: HashMap<String, Vec<u8>>,
    pub(crate) state: BTreeMap<String, String>,
    pub(crate) calls: usize,
}

struct FakeMetric {
    kind: MetricKind,
    name: String,
    values: Vec<u64>,
}

impl FakeMetric {
    /// Whether this is a series of `name` with at least these labels (`a=b,c=d`).
    fn is(&self, name: &str, labels: &str) -> bool {
        let (own, rest) = self.name.split_once('.').unwrap_or((&self.name, ""));
        own == name
            && labels.split(',').filter(|label| !label.is_empty()).all(|label| {
                let (key, value) = label.split_once('=').unwrap();
                rest.split(";.;").any(|part| part == format!("{key}=.={value}"))
            })
    }
}

impl FakeHost {
    pub(crate) fn sum(&self, name: &str, labels: &str) -> u64 {
        self.metrics
            .iter()
            .filter(|metric| metric.is(name, labels))
            .flat_map(|metric| &metric.values)
            .sum()
    }

    fn values(&self, name: &str, labels: &str) -> Vec<u64> {
        self.metrics
            .iter()
            .filter(|metric| metric.is(name, labels))
            .flat_map(|m| m.values.clone())
            .collect()
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.metrics.iter().map(|metric| metric.name.as_str()).collect()
    }

    pub(crate) fn dump(&self) -> String {
        self.metrics
            .iter()
            .map(|metric| format!("  {} {:?}\n", metric.name, metric.values))
            .collect()
    }
}

impl Ports for FakeHost {
    fn metric(&mut self, kind: MetricKind, name: &str) -> Result<MetricId, PortError> {
        self.calls += 1;
        let known = self.metrics.iter().position(|metric| metric.name == name);
        let index = known.unwrap_or(self.metrics.len());
        if known.is_none() {
            self.metrics.push(FakeMetric {
                kind,
                name: name.to_owned(),
                values: Vec::new(),
            });
        }
        assert_eq!(self.metrics[index].kind, kind, "{name}");
        Ok(MetricId(index as u32))
    }

    fn add(&mut self, metric: MetricId, by: u64) {
        self.calls += 1;
        assert_ne!(by, 0, "a call that does nothing");
        assert!(by <= i64::MAX as u64, "the host adds signed numbers");
        let metric = &mut self.metrics[metric.0 as usize];
        assert_eq!(metric.kind, MetricKind::Counter);
        metric.values.push(by);
    }

    fn record(&mut self, metric: MetricId, value: u64) {
        self.calls += 1;
        let metric = &mut self.metrics[metric.0 as usize];
        assert_eq!(metric.kind, MetricKind::Histogram);
        metric.values.push(value);
    }

    fn shared(&mut self, _: &str) -> Result<Option<(Vec<u8>, u32)>, PortError> {
        Err(PortError::Refused)
    }

    fn share(&mut self, _: &str, _: &[u8], _: Option<u32>) -> Result<(), PortError> {
        Err(PortError::Refused)
    }

    fn property(&mut self, path: &[&str]) -> Option<Vec<u8>> {
        self.calls += 1;
        self.properties.get(&path.join("|")).cloned()
    }

    fn filter_state(&mut self, key: &str, value: &[u8]) {
        self.calls += 1;
        self.state
            .insert(key.to_owned(), String::from_utf8(value.to_owned()).unwrap());
    }

    fn log(&mut self, message: &str) {
        panic!("the meter logs nothing: {message}");
    }
}

/// A complete chat completion that reported 1000 tokens in and 200 out.
pub(crate) fn chat() -> Record {
    Record {
        operation: Operation::Generate,
        api: Some(Api::OpenAiChat),
        route: "chat".to_owned(),
        request_model: Some("gpt-4.1".to_owned()),
        response_model: Some("gpt-4.1-2025-04-14".to_owned()),
        stream: false,
        usage: usage(1000, 200),
        input_text_bytes: 4000,
        output_text_bytes: 800,
        finish: Some(Finish::Stop),
        service_tier: None,
        status: 200,
        origin: Origin::Upstream,
        outcome: Outcome::Complete,
        times: Times {
            start: NOON,
            first_output: NOON + SECOND,
            last_output: NOON + SECOND,
            end: NOON + 2 * SECOND,
        },
    }
}

/// A stream of the same: the first token after 250 ms, then 200 tokens in 1.99 s.
pub(crate) fn stream() -> Record {
    let times = Times {
        start: NOON,
        first_output: NOON + 250 * MILLI,
        last_output: NOON + 2240 * MILLI,
        end: NOON + 2500 * MILLI,
    };
    Record {
        stream: true,
        times,
        ..chat()
    }
}

/// A stream that the client left before the usage came.
pub(crate) fn cancelled() -> Record {
    Record {
        usage: Usage::default(),
        finish: None,
        outcome: Outcome::Cancelled,
        ..stream()
    }
}

pub(crate) fn usage(input: u64, output: u64) -> Usage {
    Usage {
        input_tokens: Some(input),
        output_tokens: Some(output),
        ..Usage::default()
    }
}

pub(crate) fn model(name: &str, record: Record) -> Record {
    Record {
        request_model: Some(name.to_owned()),
        response_model: Some(name.to_owned()),
        ..record
    }
}
