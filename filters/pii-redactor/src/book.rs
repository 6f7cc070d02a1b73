//! What is counted: finds by rule, what was restored, what nobody here could read. Never content.

use crate::config::Config;
use crate::preview::Found;
use crate::raw::Action;
use penstock_filter_api::{MetricId, MetricKind, Ports, Way, labelled};
use penstock_llm_api::{Scope, UnseenKind};
use penstock_text_scan::{RuleId, Scanner};
use std::fmt::Write;

/// The counts of one exchange.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    finds: Vec<(Series, u64)>,
    restored: Vec<(RuleId, u64)>,
    unseen: Vec<(UnseenKind, u64)>,
    unknown: u64,
    scanned: [u64; 2],
}

/// A counter of finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Series {
    rule: RuleId,
    way: Way,
    scope: Scope,
    action: Action,
}

impl Tally {
    /// Counts a find.
    pub(crate) fn found(&mut self, rule: RuleId, way: Way, scope: Scope, action: Action) {
        let series = Series {
            rule,
            way,
            scope,
            action,
        };
        add(&mut self.finds, series, 1);
    }

    /// Counts a value that the client got back.
    pub(crate) fn restored(&mut self, rule: RuleId) {
        add(&mut self.restored, rule, 1);
    }

    /// Counts placeholders that nobody gave out.
    pub(crate) fn unknown(&mut self, placeholders: u64) {
        self.unknown += placeholders;
    }

    /// Counts content that nobody here can read.
    pub(crate) fn unseen(&mut self, kind: UnseenKind) {
        add(&mut self.unseen, kind, 1);
    }

    /// Counts bytes of text that were scanned.
    pub(crate) fn scanned(&mut self, way: Way, bytes: usize) {
        let [request, response] = &mut self.scanned;
        let total = match way {
            Way::Request => request,
            Way::Response => response,
        };
        *total += bytes as u64;
    }

    /// The finds, a row for each counter.
    pub(crate) fn finds(&self, scanner: &Scanner) -> Vec<Found> {
        let row = |(series, count): &(Series, u64)| {
            let rule = scanner.rule(series.rule);
            Found {
                entity: rule.entity.to_owned(),
                rule: rule.id.to_owned(),
                scope: series.scope.name(),
                action: action_name(series.action),
                count: *count,
            }
        };
        self.finds.iter().map(row).collect()
    }

    /// `{"request":{"EMAIL_ADDRESS":2},"response":{},"rules":{"email":2},"restored":1}`, or nothing if nothing was found.
    pub(crate) fn line(&self, scanner: &Scanner) -> Option<String> {
        if self.finds.is_empty() {
            return None;
        }
        let mut line = String::from("{");
        for way in [Way::Request, Way::Response] {
            let finds = self.finds.iter().filter(|(series, _)| series.way == way);
            let by_entity = finds.map(|(series, count)| (scanner.rule(series.rule).entity, *count));
            object(&mut line, way.name(), by_entity);
        }
        let by_rule = self
            .finds
            .iter()
            .map(|(series, count)| (scanner.rule(series.rule).id, *count));
        object(&mut line, "rules", by_rule);
        let restored: u64 = self.restored.iter().map(|(_, count)| count).sum();
        // Writing to a string cannot fail.
        let _ = write!(line, "\"restored\":{restored}}}");
        Some(line)
    }
}

fn add<K: PartialEq>(counts: &mut Vec<(K, u64)>, key: K, by: u64) {
    match counts.iter_mut().find(|(known, _)| *known == key) {
        Some((_, count)) => *count += by,
        None => counts.push((key, by)),
    }
}

/// Writes `"name":{"a":1},` with the sums by name. Names of entities and rules need no escape.
fn object<'n>(line: &mut String, name: &str, counts: impl Iterator<Item = (&'n str, u64)>) {
    let mut sums = Vec::new();
    for (name, count) in counts {
        add(&mut sums, name, count);
    }
    let _ = write!(line, "\"{name}\":{{");
    for (index, (name, sum)) in sums.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(line, "{comma}\"{name}\":{sum}");
    }
    line.push_str("},");
}

/// The counters of one VM, each defined when it is first counted.
#[derive(Debug, Default)]
pub(crate) struct Book {
    finds: Vec<(Series, MetricId)>,
    others: Vec<(String, MetricId)>,
}

impl Book {
    /// Adds the counts of one exchange.
    pub(crate) fn add(&mut self, tally: &Tally, config: &Config, shadow: bool, ports: &mut dyn Ports) {
        for (series, count) in &tally.finds {
            self.add_finds(*series, *count, config, shadow, ports);
        }
        for (rule, count) in &tally.restored {
            let entity = config.scanner.rule(*rule).entity;
            self.add_other(
                labelled("penstock_pii_restored_total", &[("entity", entity)]),
                *count,
                config,
                ports,
            );
        }
        for (kind, count) in &tally.unseen {
            self.add_other(
                labelled("penstock_pii_unseen_total", &[("kind", kind.name())]),
                *count,
                config,
                ports,
            );
        }
        if tally.unknown > 0 {
            self.add_other(
                "penstock_pii_unknown_placeholders_total".to_owned(),
                tally.unknown,
                config,
                ports,
            );
        }
        for (way, bytes) in [Way::Request, Way::Response].into_iter().zip(tally.scanned) {
            if bytes > 0 {
                let name = labelled("penstock_pii_scanned_bytes_total", &[("direction", way.name())]);
                self.add_other(name, bytes, config, ports);
            }
        }
    }

    fn add_finds(
        &mut self,
        series: Series,
        count: u64,
        config: &Config,
        shadow: bool,
        ports: &mut dyn Ports,
    ) {
        if let Some((_, id)) = self.finds.iter().find(|(known, _)| *known == series) {
            return ports.add(*id, count);
        }
        if self.finds.len() >= config.max_series {
            return self.add_other(
                "penstock_pii_series_overflow_total".to_owned(),
                count,
                config,
                ports,
            );
        }
        if let Ok(id) = ports.metric(MetricKind::Counter, &name(series, config, shadow)) {
            ports.add(id, count);
            self.finds.push((series, id));
        }
    }

    fn add_other(&mut self, name: String, count: u64, config: &Config, ports: &mut dyn Ports) {
        if let Some((_, id)) = self.others.iter().find(|(known, _)| *known == name) {
            return ports.add(*id, count);
        }
        // Entities and kinds bound the names; one more for the overflow itself.
        if self.others.len() > config.max_series {
            return;
        }
        if let Ok(id) = ports.metric(MetricKind::Counter, &name) {
            ports.add(id, count);
            self.others.push((name, id));
        }
    }
}

fn name(series: Series, config: &Config, shadow: bool) -> String {
    let rule = config.scanner.rule(series.rule);
    let would = if shadow { "would_" } else { "" };
    let action = [would, action_name(series.action)].concat();
    let labels = [
        ("entity", rule.entity),
        ("rule", rule.id),
        ("scope", series.scope.name()),
        ("direction", series.way.name()),
        ("action", action.as_str()),
    ];
    labelled("penstock_pii_finds_total", &labels)
}

fn action_name(action: Action) -> &'static str {
    match action {
        Action::Mask => "mask",
        Action::FormatPreserving => "format_preserving",
        Action::Hash => "hash",
        Action::Replace => "replace",
        Action::Drop => "drop",
        Action::Block => "block",
        Action::Alert => "alert",
        Action::Pass => "pass",
    }
}
