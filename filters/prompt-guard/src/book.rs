//! What is counted: findings by rule, verdicts, what the judge said, what nobody here could read. Never content.

use crate::config::Config;
use crate::verdict::{Series, Verdict};
use penstock_filter_api::{MetricId, MetricKind, Ports, labelled};
use penstock_llm_api::UnseenKind;

/// What else is counted of one exchange.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: Vec<(Event, u64)>,
}

/// An event with a counter of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Content that nobody here can read.
    Unseen(UnseenKind),
    /// A system prompt, or a prompt, that is longer than what answers are compared with.
    Unwatched(&'static str),
    /// Bytes of text in requests that were read.
    RequestBytes,
    /// Bytes of text in answers that were read.
    AnswerBytes,
    /// The judge was asked: with masked or with raw text.
    Asked(&'static str),
    /// What it said: `unsafe`, `safe`, `failed`.
    Judged(&'static str),
    /// A tenant is refused for some time.
    Blocked,
    /// An exchange that was refused for that.
    Refused,
    /// An attack that could not be counted against its tenant.
    Uncounted,
}

impl Event {
    fn metric(self) -> String {
        match self {
            Self::Unseen(kind) => labelled("penstock_guard_unseen_total", &[("kind", kind.name())]),
            Self::Unwatched(what) => labelled("penstock_guard_unwatched_total", &[("what", what)]),
            Self::RequestBytes => labelled("penstock_guard_scanned_bytes_total", &[("direction", "request")]),
            Self::AnswerBytes => labelled("penstock_guard_scanned_bytes_total", &[("direction", "response")]),
            Self::Asked(form) => labelled("penstock_guard_judge_asked_total", &[("text", form)]),
            Self::Judged(verdict) => labelled("penstock_guard_judge_verdicts_total", &[("verdict", verdict)]),
            Self::Blocked => "penstock_guard_blocks_total".to_owned(),
            Self::Refused => "penstock_guard_blocked_requests_total".to_owned(),
            Self::Uncounted => "penstock_guard_block_overflow_total".to_owned(),
        }
    }
}

impl Tally {
    /// Counts an event.
    pub(crate) fn add(&mut self, event: Event, by: u64) {
        match self.counts.iter_mut().find(|(known, _)| *known == event) {
            Some((_, count)) => *count += by,
            None => self.counts.push((event, by)),
        }
    }
}

/// The counters of one VM, each defined when it is first counted.
#[derive(Debug, Default)]
pub(crate) struct Book {
    findings: Vec<(Series, MetricId)>,
    events: Vec<(Event, MetricId)>,
    overflow: Option<MetricId>,
}

impl Book {
    /// Adds the counts of one exchange.
    pub(crate) fn add(
        &mut self,
        verdict: &Verdict,
        tally: &Tally,
        config: &Config,
        shadow: bool,
        ports: &mut dyn Ports,
    ) {
        for (series, count) in verdict.counts() {
            self.add_finding(*series, *count, config, shadow, ports);
        }
        for (event, count) in &tally.counts {
            self.add_event(*event, *count, ports);
        }
    }

    fn add_finding(
        &mut self,
        series: Series,
        count: u64,
        config: &Config,
        shadow: bool,
        ports: &mut dyn Ports,
    ) {
        if let Some((_, id)) = self.findings.iter().find(|(known, _)| *known == series) {
            return ports.add(*id, count);
        }
        if self.findings.len() >= config.max_series {
            return self.add_overflow(count, ports);
        }
        if let Ok(id) = ports.metric(MetricKind::Counter, &name(series, config, shadow)) {
            ports.add(id, count);
            self.findings.push((series, id));
        }
    }

    fn add_event(&mut self, event: Event, count: u64, ports: &mut dyn Ports) {
        if let Some((_, id)) = self.events.iter().find(|(known, _)| *known == event) {
            return ports.add(*id, count);
        }
        if let Ok(id) = ports.metric(MetricKind::Counter, &event.metric()) {
            ports.add(id, count);
            self.events.push((event, id));
        }
    }

    fn add_overflow(&mut self, count: u64, ports: &mut dyn Ports) {
        let define =
            |ports: &mut dyn Ports| ports.metric(MetricKind::Counter, "penstock_guard_series_overflow_total");
        let id = match self.overflow {
            Some(id) => Ok(id),
            None => define(ports),
        };
        if let Ok(id) = id {
            ports.add(id, count);
            self.overflow = Some(id);
        }
    }
}

fn name(series: Series, config: &Config, shadow: bool) -> String {
    let would = if shadow { "would_" } else { "" };
    let action = [would, series.action.name()].concat();
    let labels = [
        ("rule", config.id(series.rule)),
        ("scope", series.scope.name()),
        ("direction", series.way.name()),
        ("action", action.as_str()),
    ];
    labelled("penstock_guard_findings_total", &labels)
}
