//! What was found in one exchange. Rules, scores and places; never text.

use crate::policy::Policies;
use crate::raw::Action;
use crate::rule::RuleId;
use penstock_filter_api::Way;
use penstock_llm_api::{Part, Scope};
use std::fmt::Write;

/// Most findings that a verdict lists; all are counted.
const MAX_LISTED: usize = 32;

/// One rule that spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) rule: RuleId,
    pub(crate) way: Way,
    pub(crate) scope: Scope,
    /// Number of the message or choice.
    pub(crate) message: u32,
    /// In hundredths; 100 where a form or a count decides.
    pub(crate) score: u8,
    pub(crate) action: Action,
}

impl Finding {
    /// Whether the same rule spoke of the same.
    fn is_like(&self, other: &Self) -> bool {
        (self.rule, self.message, self.scope, self.way) == (other.rule, other.message, other.scope, other.way)
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    listed: Vec<Finding>,
    /// How often each was found: rule, way, scope, action.
    counts: Vec<(Series, u64)>,
    action: Action,
}

/// A counter of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Series {
    pub(crate) rule: RuleId,
    pub(crate) way: Way,
    pub(crate) scope: Scope,
    pub(crate) action: Action,
}

impl Verdict {
    /// Takes a finding; one that is to pass is none.
    pub(crate) fn add(&mut self, finding: Finding) {
        if finding.action == Action::Pass {
            return;
        }
        self.action = self.action.max(finding.action);
        let Finding {
            rule,
            way,
            scope,
            action,
            ..
        } = finding;
        let series = Series {
            rule,
            way,
            scope,
            action,
        };
        match self.counts.iter_mut().find(|(known, _)| *known == series) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((series, 1)),
        }
        if let Some(known) = self.listed.iter_mut().find(|known| known.is_like(&finding)) {
            known.score = known.score.max(finding.score);
            return;
        }
        // Why it is refused stays known.
        if self.listed.len() == MAX_LISTED && action == Action::Deny && self.denied().is_none() {
            self.listed.pop();
        }
        if self.listed.len() < MAX_LISTED {
            self.listed.push(finding);
        }
    }

    /// Takes a finding in an answer. What says the same once more is no other finding.
    pub(crate) fn hear(&mut self, finding: Finding, part: Part) {
        if part != Part::Repeat || !self.listed.iter().any(|known| known.is_like(&finding)) {
            self.add(finding);
        }
    }

    pub(crate) fn counts(&self) -> &[(Series, u64)] {
        &self.counts
    }

    pub(crate) fn findings(&self) -> &[Finding] {
        &self.listed
    }

    /// The strictest action of all findings.
    pub(crate) fn action(&self) -> Action {
        self.action
    }

    /// The finding for which the exchange is refused.
    pub(crate) fn denied(&self) -> Option<&Finding> {
        self.listed
            .iter()
            .filter(|finding| finding.action == Action::Deny)
            .max_by_key(|finding| finding.score)
    }

    /// `injection;score=97, role_forgery;score=100`, of the findings from a number on that are to be told.
    pub(crate) fn header(&self, policies: &Policies, from: usize) -> String {
        let told = self
            .listed
            .iter()
            .skip(from)
            .filter(|finding| finding.action == Action::Annotate);
        let told = told.map(|finding| format!("{};score={}", policies.id(finding.rule), finding.score));
        told.collect::<Vec<_>>().join(", ")
    }

    /// `{"action":"deny","findings":[{"rule":"injection","direction":"request","scope":"user","message":0,"score":97,"action":"deny"}]}`, or nothing
    /// if nothing was found.
    pub(crate) fn line(&self, policies: &Policies) -> Option<String> {
        if self.listed.is_empty() {
            return None;
        }
        let mut line = format!("{{\"action\":\"{}\",\"findings\":[", self.action.name());
        for (index, finding) in self.listed.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            // Writing to a string cannot fail; ids need no escape.
            let _ = write!(
                line,
                "{comma}{{\"rule\":\"{}\",\"direction\":\"{}\",\"scope\":\"{}\",\"message\":{},\"score\":{},\"action\":\"{}\"}}",
                policies.id(finding.rule),
                finding.way.name(),
                finding.scope.name(),
                finding.message,
                finding.score,
                finding.action.name(),
            );
        }
        line.push_str("]}");
        Some(line)
    }
}
