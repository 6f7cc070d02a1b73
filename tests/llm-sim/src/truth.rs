//! What really happened, kept apart from every wire format: one record an exchange, and totals by API and model.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::json::Json;
use crate::obj;
use crate::script::Usage;

/// Exchanges kept, oldest dropped first.
const MAX_RECORDS: usize = 100_000;
/// Request bodies kept.
const MAX_BODIES: usize = 4_096;
/// Bytes of request bodies kept; the newest is kept whatever its size.
const MAX_BODY_BYTES: usize = 128 * 1024 * 1024;

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Running,
    Complete,
    /// We cut it, as asked.
    Reset,
    /// The client went away.
    Cancelled,
    /// An error status, or an error event in mid-stream.
    Error,
    /// A clean end without a terminal event, as asked.
    Truncated,
}

impl Outcome {
    /// The body has a proper end, whatever is in it.
    pub fn ends_cleanly(self) -> bool {
        match self {
            Outcome::Complete | Outcome::Error | Outcome::Truncated => true,
            Outcome::Running | Outcome::Reset | Outcome::Cancelled => false,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Outcome::Running => "running",
            Outcome::Complete => "complete",
            Outcome::Reset => "reset",
            Outcome::Cancelled => "cancelled",
            Outcome::Error => "error",
            Outcome::Truncated => "truncated",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Record {
    pub id: String,
    pub backend: Arc<str>,
    pub api: &'static str,
    pub operation: &'static str,
    pub model: String,
    pub path: String,
    pub http: &'static str,
    pub stream: bool,
    pub status: u16,
    pub outcome: Outcome,
    pub usage: Usage,
    pub sent_output_tokens: u64,
    pub usage_asked: bool,
    pub request_headers: Arc<Vec<(String, String)>>,
    pub request_body_sha256: String,
    pub request_body_len: usize,
    pub ttft: Option<Duration>,
    pub duration: Option<Duration>,
    pub closed_after: Option<Duration>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Totals {
    requests: u64,
    input: u64,
    output: u64,
    cached: u64,
    cache_creation: u64,
    reasoning: u64,
}

#[derive(Default)]
struct Ledger {
    first: u64,
    records: VecDeque<Record>,
    totals: BTreeMap<(&'static str, String), Totals>,
    bodies: VecDeque<(String, Bytes)>,
    body_bytes: usize,
    /// Grows at each reset, so that an exchange from before does not write into the new book.
    epoch: u64,
}

/// The book of all backends.
#[derive(Default)]
pub struct Truth(Mutex<Ledger>);

/// What `GET /sim/truth` may ask for.
#[derive(Default)]
pub struct Filter {
    pub id: Option<String>,
    pub api: Option<String>,
    pub model: Option<String>,
    pub limit: Option<usize>,
}

impl Truth {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a record; whatever happens to the [`Exchange`] closes it.
    pub fn begin(self: &Arc<Self>, record: Record, body: Bytes) -> Exchange {
        let mut ledger = self.ledger();
        ledger.keep_body(record.id.clone(), body);
        if ledger.records.len() == MAX_RECORDS {
            ledger.records.pop_front();
            ledger.first += 1;
        }
        let position = ledger.first + ledger.records.len() as u64;
        ledger.records.push_back(record.clone());
        let epoch = ledger.epoch;
        Exchange {
            truth: Arc::clone(self),
            position,
            epoch,
            started: Instant::now(),
            record,
        }
    }

    pub fn clear(&self) {
        let mut ledger = self.ledger();
        *ledger = Ledger {
            epoch: ledger.epoch + 1,
            ..Ledger::default()
        };
    }

    pub fn last_request(&self, id: Option<&str>) -> Option<Bytes> {
        let ledger = self.ledger();
        let mut newest_first = ledger.bodies.iter().rev();
        newest_first
            .find(|(owner, _)| id.is_none_or(|id| id == owner))
            .map(|(_, body)| body.clone())
    }

    pub fn report(&self, filter: &Filter) -> Json {
        let ledger = self.ledger();
        let wanted = |field: &Option<String>, value: &str| field.as_deref().is_none_or(|want| want == value);
        let chosen = ledger.records.iter().rev().filter(|record| {
            wanted(&filter.id, &record.id)
                && wanted(&filter.api, record.api)
                && wanted(&filter.model, &record.model)
        });
        let mut requests: Vec<Json> = chosen
            .take(filter.limit.unwrap_or(1000))
            .map(Record::report)
            .collect();
        requests.reverse();
        let totals = ledger
            .totals
            .iter()
            .map(|((api, model), totals)| (format!("{api}/{model}").into(), totals.report(api, model)));
        obj! {"totals": Json::Obj(totals.collect()), "requests": requests}
    }
}

impl Ledger {
    fn keep_body(&mut self, id: String, body: Bytes) {
        self.body_bytes += body.len();
        self.bodies.push_back((id, body));
        while self.bodies.len() > 1 && (self.bodies.len() > MAX_BODIES || self.body_bytes > MAX_BODY_BYTES) {
            if let Some((_, dropped)) = self.bodies.pop_front() {
                self.body_bytes -= dropped.len();
            }
        }
    }

    fn close(&mut self, position: u64, record: &Record) {
        let key = (record.api, record.model.clone());
        self.totals.entry(key).or_default().add(record);
        let slot = position
            .checked_sub(self.first)
            .and_then(|offset| self.records.get_mut(offset as usize));
        if let Some(slot) = slot {
            *slot = record.clone();
        }
    }
}

impl Totals {
    /// A finished answer counts whole; a broken one counts what was sent; a refused one counts as a request only.
    fn add(&mut self, record: &Record) {
        self.requests += 1;
        if record.status >= 400 || record.status == 0 {
            return;
        }
        let whole = record.outcome == Outcome::Complete;
        let output = if whole {
            record.usage.output
        } else {
            record.sent_output_tokens
        };
        self.input += record.usage.input;
        self.cached += record.usage.cached;
        self.cache_creation += record.usage.cache_creation();
        self.output += output;
        self.reasoning += record.usage.reasoning.min(output);
    }

    fn report(&self, api: &str, model: &str) -> Json {
        obj! {
            "api": api, "model": model, "requests": self.requests, "input_tokens": self.input,
            "output_tokens": self.output, "cached_tokens": self.cached,
            "cache_creation_tokens": self.cache_creation, "reasoning_tokens": self.reasoning,
        }
    }
}

fn ms(duration: Option<Duration>) -> Json {
    duration
        .map(|d| (d.as_secs_f64() * 1_000_000.0).round() / 1000.0)
        .into()
}

impl Record {
    fn report(&self) -> Json {
        let headers = self
            .request_headers
            .iter()
            .map(|(k, v)| (k.clone().into(), Json::from(v)))
            .collect();
        obj! {
            "id": &self.id, "backend": self.backend.as_ref(), "api": self.api, "operation": self.operation,
            "model": &self.model, "path": &self.path, "http": self.http, "stream": self.stream,
            "status": self.status, "outcome": self.outcome.name(),
            "usage": obj! {
                "input_tokens": self.usage.input, "output_tokens": self.usage.output,
                "cached_tokens": self.usage.cached, "cache_creation_tokens": self.usage.cache_creation(),
                "cache_creation_5m_tokens": self.usage.cache_write_5m,
                "cache_creation_1h_tokens": self.usage.cache_write_1h,
                "reasoning_tokens": self.usage.reasoning,
            },
            "sent_output_tokens": self.sent_output_tokens, "usage_asked": self.usage_asked,
            "request_headers": Json::Obj(headers),
            "request_body_sha256": &self.request_body_sha256, "request_body_len": self.request_body_len,
            "ttft_ms": ms(self.ttft), "duration_ms": ms(self.duration), "closed_after_ms": ms(self.closed_after),
        }
    }
}

/// One exchange in progress. Dropped before [`Exchange::end`], it was cancelled by the client.
pub struct Exchange {
    truth: Arc<Truth>,
    position: u64,
    epoch: u64,
    started: Instant,
    pub record: Record,
}

impl Exchange {
    pub fn started(&self) -> Instant {
        self.started
    }

    pub fn end(&mut self, outcome: Outcome) {
        if self.record.outcome != Outcome::Running {
            return;
        }
        self.record.outcome = outcome;
        self.record.duration = Some(self.started.elapsed());
        let mut ledger = self.truth.ledger();
        if ledger.epoch == self.epoch {
            ledger.close(self.position, &self.record);
        }
    }

    /// The client went away before the end.
    pub fn cancelled(&mut self) {
        if self.record.outcome == Outcome::Running {
            self.record.closed_after = Some(self.started.elapsed());
            self.end(Outcome::Cancelled);
        }
    }

    /// Output left for the client; the first time is the time to first token.
    pub fn sent(&mut self, tokens: u64) {
        self.record.sent_output_tokens += tokens;
        self.record.ttft.get_or_insert(self.started.elapsed());
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.cancelled();
    }
}
