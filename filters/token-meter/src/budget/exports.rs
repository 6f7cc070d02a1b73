//! How accounts stand, for operators: gauges that one worker sets once a second, to what shared data says by then.
//!
//! Not where an account changes: two workers may set a gauge in another order than they changed the account, and a window that
//! ends without traffic changes nothing. So an exchange pays for nothing but the look whether its account is known here.

use super::account::Seat;
use super::metric::{Event, labels};
use super::place::Place;
use super::raw::Field;
use super::rule::Budget;
use super::shared::StateError;
use super::shares::Member;
use super::shown::Shown;
use super::window::Window;
use super::workers::{Alive, Workers};
use crate::config::Labels;
use crate::table::Table;
use penstock_filter_api::{MetricId, MetricKind, PortError, Ports, labelled};

/// Ticks in which all slots of a budget are looked at once, for those that have no metrics of their own.
const ROUND_TICKS: u32 = 16;

const NANOS: u64 = 1_000_000_000;

/// What one VM shows of all budgets.
#[derive(Debug)]
pub(crate) struct Exports {
    labels: Labels,
    of: Vec<Export>,
}

/// What it shows of one.
#[derive(Debug, Default)]
struct Export {
    shown: Shown,
    limit: Option<MetricId>,
    own: Table<u64, Option<Series>>,
    overflow: Option<Series>,
    rest: Option<(Series, MetricId)>,
    round: Round,
}

/// The metrics of an account.
#[derive(Clone, Copy, Debug)]
struct Series {
    used: MetricId,
    held: MetricId,
    reset: MetricId,
}

/// A look at one slot after another.
#[derive(Debug, Default)]
struct Round {
    next: u32,
    sum: Standing,
    accounts: u64,
}

/// Who looks, and when.
#[derive(Clone, Copy)]
struct Look<'a> {
    alive: &'a Alive,
    now_ns: u64,
}

/// How an account stands.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    used: u64,
    held: u64,
    /// When nothing that was used counts any more, in seconds since the Unix epoch.
    reset_s: u64,
}

impl Exports {
    /// Labels that metrics do not have, accounts do not show either.
    pub(crate) fn new(labels: Labels) -> Self {
        Self {
            labels,
            of: Vec::new(),
        }
    }

    /// An account has spent so much; it may get metrics of its own.
    pub(crate) fn consider<'v>(
        &mut self,
        (index, budget): (usize, &Budget),
        (account, spent): (u64, u64),
        value: impl Fn(Field) -> &'v str,
        ports: &mut dyn Ports,
    ) {
        if budget.key.is_empty() {
            return;
        }
        if self.of.len() <= index {
            self.of.resize_with(index + 1, Export::default);
        }
        let Some(Export { shown, .. }) = self.of.get_mut(index) else {
            return;
        };
        if shown.has(account) || !shown.admits(spent, budget.limit) {
            return;
        }
        let Labels {
            route,
            api,
            model,
            tenant,
        } = self.labels;
        let is_on = |field: &Field| match field {
            Field::Tenant => tenant,
            Field::Route => route,
            Field::Model => model,
            Field::Api => api,
            // Shown as a hash.
            Field::ApiKey => true,
        };
        if budget.key.iter().all(is_on) {
            shown.enter(
                budget,
                (account, spent),
                &account_labels(&budget.key, value),
                ports,
            );
        }
    }

    /// Once a second.
    pub(crate) fn tick(&mut self, budgets: &[Budget], workers: &Workers, now_ns: u64, ports: &mut dyn Ports) {
        let Some(own) = workers.number() else { return };
        let alive = workers.alive();
        self.of.resize_with(budgets.len(), Export::default);
        for (budget, export) in budgets.iter().zip(&mut self.of) {
            if export.shown.look(budget, own, alive, ports) {
                // What cannot be read or shown now is with the next tick.
                let _ = export.publish(budget, Look { alive, now_ns }, ports);
            }
        }
    }
}

/// The values of a key as labels.
fn account_labels<'v>(key: &[Field], value: impl Fn(Field) -> &'v str) -> String {
    let labels: Vec<(&str, &str)> = key
        .iter()
        .map(|field| (field_name(*field), named(value(*field))))
        .collect();
    labelled("", &labels).trim_start_matches('.').to_owned()
}

/// An empty label is none for Prometheus.
fn named(value: &str) -> &str {
    if value.is_empty() { "none" } else { value }
}

fn field_name(field: Field) -> &'static str {
    match field {
        Field::Tenant => "tenant",
        Field::Route => "route",
        Field::Model => "model",
        Field::Api => "api",
        Field::ApiKey => "api_key",
    }
}

impl Export {
    fn publish(&mut self, budget: &Budget, look: Look<'_>, ports: &mut dyn Ports) -> Result<(), Unshown> {
        if self.limit.is_none() {
            // From now on each counter is there, if at 0: a rate sees its first step.
            Event::ALL.iter().for_each(|event| {
                let _ = ports.metric(MetricKind::Counter, &labelled(event.name(), &labels(budget)));
            });
        }
        let limit = match self.limit {
            Some(limit) => limit,
            None => gauge("penstock_budget_limit", budget, "", ports)?,
        };
        self.limit = Some(limit);
        ports.record(limit, budget.limit);
        self.publish_own(budget, look, ports)?;
        if budget.key.is_empty() {
            return Ok(());
        }
        let mut overflow = None;
        for place in budget.places(Seat::of_slot(0).overflow(), ports)? {
            overflow = Some(look.at(place, budget));
        }
        if let Some(standing) = overflow {
            set(
                &mut self.overflow,
                budget,
                "account=.=overflow;.;",
                standing,
                ports,
            )?;
        }
        self.publish_rest(budget, look, ports)
    }

    /// The accounts of the list.
    fn publish_own(&mut self, budget: &Budget, look: Look<'_>, ports: &mut dyn Ports) -> Result<(), Unshown> {
        let only = [(budget.account(|_| ""), String::new())];
        let accounts = if budget.key.is_empty() {
            only.as_slice()
        } else {
            self.shown.accounts()
        };
        for (account, own) in accounts {
            let mut places = budget.places(Seat::new(*account, Member::default(), budget), ports)?;
            let place = places.iter().position(|place| place.account == *account);
            let place = place.map_or_else(Place::default, |place| places.swap_remove(place));
            let series = self.own.slot(*account);
            set(
                series,
                budget,
                &format!("account=.=own;.;{own}"),
                look.at(place, budget),
                ports,
            )?;
        }
        Ok(())
    }

    /// Goes on with the round, and shows its sum once it is through.
    fn publish_rest(
        &mut self,
        budget: &Budget,
        look: Look<'_>,
        ports: &mut dyn Ports,
    ) -> Result<(), Unshown> {
        let Self { shown, round, .. } = self;
        let end = budget
            .slots
            .min(round.next.saturating_add(budget.slots.div_ceil(ROUND_TICKS)));
        for slot in round.next..end {
            for place in budget.places(Seat::of_slot(slot), ports)? {
                if !shown.has(place.account) {
                    round.add(look.at(place, budget));
                }
            }
        }
        round.next = end;
        if end < budget.slots {
            return Ok(());
        }
        let Round {
            mut sum, accounts, ..
        } = std::mem::take(round);
        sum.reset_s = sum.reset_s.max(look.at(Place::default(), budget).reset_s);
        let mut series = self.rest.map(|(series, _)| series);
        set(&mut series, budget, "account=.=rest;.;", sum, ports)?;
        let count = match self.rest {
            Some((_, count)) => count,
            None => gauge("penstock_budget_accounts", budget, "account=.=rest;.;", ports)?,
        };
        self.rest = series.map(|series| (series, count));
        ports.record(count, accounts);
        Ok(())
    }
}

impl Round {
    fn add(&mut self, standing: Standing) {
        if standing.used.max(standing.held) > 0 {
            self.accounts += 1;
            self.sum.used = self.sum.used.saturating_add(standing.used);
            self.sum.held = self.sum.held.saturating_add(standing.held);
            self.sum.reset_s = self.sum.reset_s.max(standing.reset_s);
        }
    }
}

impl Look<'_> {
    /// How an account stands now, in which nothing may have changed for long.
    fn at(self, mut place: Place, budget: &Budget) -> Standing {
        let Self { alive, now_ns } = self;
        place.renew(budget.layout(), now_ns, alive);
        let used = place.spend.total();
        let reset_s = match budget.window {
            Window::Calendar(calendar) => calendar.end(place.spend.at),
            Window::Open => now_ns / NANOS,
            Window::Sliding { .. } | Window::Bucket { .. } if used == 0 => now_ns / NANOS,
            window @ (Window::Sliding { .. } | Window::Bucket { .. }) => {
                (now_ns / NANOS).saturating_add(place.spend.wait_s(window, 0, now_ns))
            }
        };
        Standing {
            used,
            held: place.held(),
            reset_s,
        }
    }
}

/// Shared data could not be read, or a metric not be made.
struct Unshown;

impl From<StateError> for Unshown {
    fn from(StateError: StateError) -> Self {
        Self
    }
}

impl From<PortError> for Unshown {
    fn from(_: PortError) -> Self {
        Self
    }
}

/// Sets the metrics of an account, and makes them where they are not there yet.
fn set(
    series: &mut Option<Series>,
    budget: &Budget,
    more: &str,
    standing: Standing,
    ports: &mut dyn Ports,
) -> Result<(), Unshown> {
    let Series { used, held, reset } = match *series {
        Some(series) => series,
        None => Series {
            used: gauge("penstock_budget_used", budget, more, ports)?,
            held: gauge("penstock_budget_held", budget, more, ports)?,
            reset: gauge("penstock_budget_reset_timestamp_seconds", budget, more, ports)?,
        },
    };
    *series = Some(Series { used, held, reset });
    ports.record(used, standing.used);
    ports.record(held, standing.held);
    ports.record(reset, standing.reset_s);
    Ok(())
}

fn gauge(name: &str, budget: &Budget, more: &str, ports: &mut dyn Ports) -> Result<MetricId, PortError> {
    ports.metric(
        MetricKind::Gauge,
        &format!("{}{more}", labelled(name, &labels(budget))),
    )
}
