//! The books: one page for each route, API, model and tenant, with the ids of its metrics.
//!
//! A metric is defined when it is first counted. A known page costs three look-ups of borrowed names
//! and one of a number; no name is built and nothing is allocated.

use crate::config::{Config, Labels};
use crate::metric::Metric;
use crate::money::Money;
use crate::names::{Admission, Names, Slot};
use crate::prices::Currency;
use crate::table::Table;
use penstock_filter_api::{MetricId, MetricKind, Ports, labelled};
use penstock_llm_api::Api;

/// Most routes with a label of their own. Their names come from Envoy's configuration, not from clients.
const MAX_ROUTES: u16 = 1000;

/// Counts exchanges that found no page of their own.
const OVERFLOW: &str = "penstock_series_overflow_total";

/// Every page of one VM.
#[derive(Debug)]
pub(crate) struct Book {
    labels: Labels,
    routes: Names,
    models: Names,
    tenants: Names,
    pages: Table<u64, Lines>,
    max_pages: usize,
    overflow: Option<MetricId>,
}

/// What tells pages apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    route: Slot,
    api: Option<Api>,
    pub(crate) model: Slot,
    tenant: Slot,
}

impl Key {
    fn packed(self) -> u64 {
        let api = self.api.map_or(0, |api| api as u64 + 1);
        let [route, model, tenant] =
            [self.route, self.model, self.tenant].map(|slot| u64::from(slot.number()));
        api << 48 | route << 32 | model << 16 | tenant
    }

    /// Where everything goes that finds no room.
    const REST: Self = Self {
        route: Slot::OTHER,
        api: None,
        model: Slot::OTHER,
        tenant: Slot::OTHER,
    };
}

/// The metrics of a page that were counted so far: about a dozen.
#[derive(Debug, Default)]
struct Lines {
    ids: Vec<(Metric, MetricId)>,
    /// What is left below 10^-9, by currency, to be counted with the next cost.
    carried: Vec<(Currency, u16)>,
}

impl Book {
    pub(crate) fn new(config: &Config) -> Self {
        let (other, cap) = &config.tenants;
        Self {
            labels: config.labels,
            routes: Names::new("other", MAX_ROUTES),
            models: config.models.names(),
            tenants: Names::new(other, *cap),
            pages: Table::default(),
            max_pages: config.max_series,
            overflow: None,
        }
    }

    /// The key of an exchange. `model` is `None` where there is no name, and a name that may not have a
    /// label of its own comes with `Admission::KnownOnly`.
    pub(crate) fn key(
        &mut self,
        route: &str,
        api: Option<Api>,
        model: (Option<&str>, Admission),
        tenant: (Option<&str>, Admission),
    ) -> Key {
        let labels = self.labels;
        let shown = |on: bool, slot: Slot| if on { slot } else { Slot::NONE };
        Key {
            route: shown(labels.route, self.routes.slot(Some(route), Admission::Welcome)),
            api: api.filter(|_| labels.api),
            // Kept even where no label shows it: what is learned of a model hangs on it.
            model: self.models.slot(model.0, model.1),
            tenant: shown(labels.tenant, self.tenants.slot(tenant.0, tenant.1)),
        }
    }

    /// Opens the page of `key`.
    pub(crate) fn page<'b>(&'b mut self, mut key: Key, ports: &'b mut dyn Ports) -> Page<'b> {
        if !self.labels.model {
            key.model = Slot::NONE;
        }
        if self.pages.len() >= self.max_pages && self.pages.get(&key.packed()).is_none() {
            key = Key::REST;
            count_overflow(&mut self.overflow, ports);
        }
        let lines = self.pages.slot(key.packed());
        let names = PageNames {
            labels: self.labels,
            route: self.routes.name(key.route),
            api: key.api.map_or("none", Api::name),
            model: self.models.name(key.model),
            tenant: self.tenants.name(key.tenant),
        };
        Page { lines, names, ports }
    }
}

fn count_overflow(id: &mut Option<MetricId>, ports: &mut dyn Ports) {
    let known = id.or_else(|| ports.metric(MetricKind::Counter, OVERFLOW).ok());
    if let Some(known) = known {
        ports.add(known, 1);
    }
    *id = known;
}

/// An open page.
pub(crate) struct Page<'b> {
    lines: &'b mut Lines,
    names: PageNames<'b>,
    ports: &'b mut dyn Ports,
}

struct PageNames<'b> {
    labels: Labels,
    route: &'b str,
    api: &'b str,
    model: &'b str,
    tenant: &'b str,
}

impl Page<'_> {
    /// Adds to a counter. Zero costs nothing, not even the definition of the metric.
    pub(crate) fn add(&mut self, metric: Metric, by: u64) {
        if by > 0 {
            self.count(metric, "", by);
        }
    }

    /// Records a value in a histogram.
    pub(crate) fn record(&mut self, metric: Metric, value: u64) {
        if let Some(id) = self.id(metric, "") {
            self.ports.record(id, value);
        }
    }

    /// Adds to the cost, and carries what is less than the unit of the counter.
    pub(crate) fn add_cost(&mut self, currency: Currency, name: &str, money: Money) {
        let known = self
            .lines
            .carried
            .iter_mut()
            .find(|(carried, _)| *carried == currency);
        let nanos = match known {
            Some((_, carried)) => {
                let (nanos, rest) = money.nanos(*carried);
                *carried = rest;
                nanos
            }
            None => {
                let (nanos, rest) = money.nanos(0);
                self.lines.carried.push((currency, rest));
                nanos
            }
        };
        if nanos > 0 {
            self.count(Metric::CostNano(currency), name, nanos);
        }
    }

    fn count(&mut self, metric: Metric, currency: &str, by: u64) {
        if let Some(id) = self.id(metric, currency) {
            self.ports.add(id, by);
        }
    }

    fn id(&mut self, metric: Metric, currency: &str) -> Option<MetricId> {
        if let Some((_, id)) = self.lines.ids.iter().find(|(known, _)| *known == metric) {
            return Some(*id);
        }
        let id = self
            .ports
            .metric(metric.kind(), &self.names.of(metric, currency))
            .ok()?;
        self.lines.ids.push((metric, id));
        Some(id)
    }
}

impl PageNames<'_> {
    /// The full name. Histograms have no tenant: each is many numbers in every worker.
    fn of(&self, metric: Metric, currency: &str) -> String {
        let Labels {
            route,
            api,
            model,
            tenant,
        } = self.labels;
        let tenant = tenant && metric.kind() != MetricKind::Histogram;
        let own = [
            route.then_some(("route", self.route)),
            api.then_some(("api", self.api)),
            model.then_some(("model", self.model)),
            tenant.then_some(("tenant", self.tenant)),
        ];
        let labels: Vec<(&str, &str)> = own.into_iter().chain(metric.labels(currency)).flatten().collect();
        labelled(metric.name(), &labels)
    }
}
