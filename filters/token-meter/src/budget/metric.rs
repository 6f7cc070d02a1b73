//! The metrics of budgets: by their names, which the configuration bounds.

use super::rule::Budget;
use penstock_filter_api::{MetricId, MetricKind, Ports, labelled};

/// What is counted of a budget; amounts in its unit, money in 10^-9 of the currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Amount that exchanges have used.
    Used,
    /// Amount that was set aside.
    Reserved,
    /// Amount of that which was given back or used.
    Returned,
    /// Amount that was set aside by workers that died.
    Expired,
    /// Exchanges that were refused.
    Denied,
    /// Answers that were cut.
    Cut,
    /// Exchanges that shadow mode has let pass.
    WouldDeny,
    /// Answers that shadow mode has let run on.
    WouldCut,
    /// Exchanges on the account of those that found no place.
    Overflow,
    /// Times that shared data failed.
    StateError,
}

impl Event {
    pub(crate) const ALL: [Self; 10] = [
        Self::Used,
        Self::Reserved,
        Self::Returned,
        Self::Expired,
        Self::Denied,
        Self::Cut,
        Self::WouldDeny,
        Self::WouldCut,
        Self::Overflow,
        Self::StateError,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Used => "penstock_budget_used_total",
            Self::Reserved => "penstock_budget_reserved_total",
            Self::Returned => "penstock_budget_returned_total",
            Self::Expired => "penstock_budget_expired_total",
            Self::Denied => "penstock_budget_denied_total",
            Self::Cut => "penstock_budget_cut_total",
            Self::WouldDeny => "penstock_budget_would_deny_total",
            Self::WouldCut => "penstock_budget_would_cut_total",
            Self::Overflow => "penstock_budget_overflow_total",
            Self::StateError => "penstock_budget_state_errors_total",
        }
    }
}

/// Ids of the metrics that were counted so far.
#[derive(Debug, Default)]
pub(crate) struct Counters(Vec<(usize, Event, MetricId)>);

impl Counters {
    /// Counts for the budget with this index.
    pub(crate) fn add(
        &mut self,
        (index, budget): (usize, &Budget),
        event: Event,
        by: u64,
        ports: &mut dyn Ports,
    ) {
        if by == 0 {
            return;
        }
        let known = self
            .0
            .iter()
            .find(|(of, what, _)| (*of, *what) == (index, event))
            .map(|(_, _, id)| *id);
        let id = known.or_else(|| {
            let name = labelled(event.name(), &labels(budget));
            let id = ports.metric(MetricKind::Counter, &name).ok()?;
            self.0.push((index, event, id));
            Some(id)
        });
        if let Some(id) = id {
            ports.add(id, by.min(i64::MAX as u64));
        }
    }
}

/// The labels of every metric of a budget.
pub(crate) fn labels(budget: &Budget) -> [(&'static str, &str); 3] {
    let volatile = if budget.volatile { "yes" } else { "no" };
    [
        ("budget", budget.name.as_str()),
        ("unit", budget.unit.name()),
        ("volatile", volatile),
    ]
}
