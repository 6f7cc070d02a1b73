//! What all streams of one proxy share: time, metrics, shared data, callout service, and the book of misuse.

use penstock_filter_api::{Callout, MetricId, MetricKind, PortError, Reply};
use std::collections::BTreeMap;

/// Protocol of the client, as far as the filter manager cares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Codec {
    /// A held request over the buffer limit is refused with 413.
    #[default]
    Http1,
    /// A held request is bounded by the stream's window, not by the buffer limit.
    Http2,
}

/// How the proxy is configured.
pub struct Options {
    /// Protocol of the client.
    pub codec: Codec,
    /// `per_connection_buffer_limit_bytes`.
    pub buffer_limit_bytes: usize,
    /// Clusters that callouts can reach.
    pub clusters: Vec<String>,
    /// Value of the property `xds.route_name`.
    pub route: String,
    /// Value of the property `upstream.address`, once a request has left.
    pub upstream: String,
    /// What the callout service does.
    pub judge: Box<dyn FnMut(&Callout) -> Judged>,
}

/// What comes of a callout.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Milliseconds until it comes. Later than the callout's timeout means a timeout.
    pub after_ms: u64,
    /// The reply.
    pub reply: Reply,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            codec: Codec::Http1,
            buffer_limit_bytes: 1024 * 1024,
            clusters: vec!["judge".to_owned()],
            route: String::new(),
            upstream: "127.0.0.1:8000".to_owned(),
            judge: Box::new(|_| Judged {
                after_ms: 1,
                reply: Reply {
                    status: 200,
                    body: Vec::new(),
                },
            }),
        }
    }
}

/// The shared state.
pub(crate) struct World {
    pub(crate) options: Options,
    pub(crate) now_ns: u64,
    pub(crate) misuse: Vec<String>,
    pub(crate) log: Vec<String>,
    metrics: Vec<Metric>,
    shared: BTreeMap<String, (Vec<u8>, u32)>,
    calls: u32,
}

struct Metric {
    kind: MetricKind,
    name: String,
    value: u64,
    defined: u32,
}

/// Largest reply to a callout that a guest is given, in bytes.
const MAX_REPLY_BYTES: usize = 1 << 20;
/// Virtual time begins here, so that a zero is always a time that was never set.
const BEGIN_NS: u64 = 1_700_000_000_000_000_000;
/// A metric that is defined more often than this is defined per request, which leaks in a real proxy.
const MOST_DEFINITIONS: u32 = 8;

impl World {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            options,
            now_ns: BEGIN_NS,
            misuse: Vec::new(),
            log: Vec::new(),
            metrics: Vec::new(),
            shared: BTreeMap::new(),
            calls: 0,
        }
    }

    /// Counter values, gauge values, and how often histograms were recorded, by name.
    pub(crate) fn metrics(&self) -> BTreeMap<String, u64> {
        self.metrics
            .iter()
            .map(|metric| (metric.name.clone(), metric.value))
            .collect()
    }

    pub(crate) fn define(&mut self, kind: MetricKind, name: &str) -> MetricId {
        let known = self
            .metrics
            .iter()
            .position(|metric| metric.name == name && metric.kind == kind);
        let index = known.unwrap_or_else(|| {
            self.metrics.push(Metric {
                kind,
                name: name.to_owned(),
                value: 0,
                defined: 0,
            });
            self.metrics.len() - 1
        });
        if let Some(metric) = self.metrics.get_mut(index) {
            metric.defined += 1;
            if metric.defined == MOST_DEFINITIONS {
                self.misuse
                    .push(format!("metric {name} is defined again and again"));
            }
        }
        MetricId(u32::try_from(index).unwrap_or(u32::MAX))
    }

    pub(crate) fn add(&mut self, id: MetricId, by: u64) {
        match self.metric(id) {
            Some(metric) if metric.kind == MetricKind::Counter => metric.value += by,
            Some(_) | None => self.misuse.push(format!("add to {id:?}, which is no counter")),
        }
    }

    pub(crate) fn record(&mut self, id: MetricId, value: u64) {
        match self.metric(id) {
            Some(metric) if metric.kind == MetricKind::Gauge => metric.value = value,
            Some(metric) if metric.kind == MetricKind::Histogram => metric.value += 1,
            Some(_) | None => self
                .misuse
                .push(format!("record in {id:?}, which is no gauge or histogram")),
        }
    }

    pub(crate) fn shared(&self, key: &str) -> Option<(Vec<u8>, u32)> {
        self.shared.get(key).cloned()
    }

    /// As in Envoy, the token is not checked for a key that does not exist.
    pub(crate) fn share(&mut self, key: &str, value: &[u8], cas: Option<u32>) -> Result<(), PortError> {
        let token = self.shared.get(key).map(|(_, token)| *token);
        match (cas, token) {
            (Some(given), Some(token)) if given != token => return Err(PortError::CasMismatch),
            (Some(_) | None, _) => {}
        }
        self.shared
            .insert(key.to_owned(), (value.to_vec(), token.unwrap_or(0) + 1));
        Ok(())
    }

    /// A callout's token, when it comes and what comes. `None` when there is no such cluster.
    pub(crate) fn call(&mut self, callout: &Callout) -> Option<(u32, u64, Reply)> {
        if !self.options.clusters.contains(&callout.cluster) {
            return None;
        }
        let named = |name: &str| callout.headers.iter().any(|(key, _)| key == name);
        if ![":method", ":path", ":authority"].into_iter().all(named) {
            self.misuse
                .push("a callout without :method, :path and :authority".to_owned());
            return None;
        }
        self.calls += 1;
        let mut judged = (self.options.judge)(callout);
        judged.reply.body.truncate(MAX_REPLY_BYTES);
        let timeout_ms = u64::from(callout.timeout_ms);
        let (after_ms, reply) = if judged.after_ms > timeout_ms {
            (
                timeout_ms,
                Reply {
                    status: 504,
                    body: b"upstream request timeout".to_vec(),
                },
            )
        } else {
            (judged.after_ms, judged.reply)
        };
        Some((
            self.calls,
            self.now_ns.saturating_add(after_ms.saturating_mul(1_000_000)),
            reply,
        ))
    }

    fn metric(&mut self, id: MetricId) -> Option<&mut Metric> {
        self.metrics.get_mut(usize::try_from(id.0).ok()?)
    }
}
