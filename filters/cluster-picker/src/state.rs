//! What the exchanges of one VM share: the picker, what it was told, and the choice made with both.

use crate::config::{Backend, Config, MAX_BACKENDS};
use crate::evidence::Mean;
use crate::groups::Tally;
use crate::metric::{Metric, Metrics};
use crate::picker::Picker;
use crate::poll::Polls;
use crate::quote::Ask;
use crate::random::unit;
use crate::raw::Steer;
use crate::search::Search;
use crate::sharing::Sharing;
use crate::ticket::{Ending, Ticket};
use penstock_filter_api::{Glob, Headers, Ports};
use std::net::SocketAddr;

/// Tokens of a prompt for each of its bytes, until usage has taught better.
const TOKENS_PER_BYTE: f64 = 0.25;

/// Bytes that this first belief counts for.
const PRIOR_BYTES: f64 = 2000.0;

/// The weight of older prompts after a new one.
const KEEP_RATIO: f64 = 0.99;

/// State of one VM.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) picker: Picker,
    pub(crate) sharing: Sharing,
    pub(crate) metrics: Metrics,
    pub(crate) backends: Vec<Backend>,
    pub(crate) tallies: Vec<Tally>,
    pub(crate) polls: Polls,
    /// The group that may be taken out is out.
    pub(crate) rolled_back: bool,
    search: Search,
    sequence: f64,
    ratio: Mean,
}

/// A request that wants a backend.
pub(crate) struct Wanted<'a> {
    pub(crate) headers: &'a Headers,
    pub(crate) model: Option<&'a str>,
    pub(crate) ask: Ask<'a>,
}

/// What was picked.
pub(crate) struct Pick {
    pub(crate) ticket: Option<Ticket>,
    pub(crate) group: usize,
    /// The value of the header.
    pub(crate) target: String,
}

/// Why nothing was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Nothing {
    /// No backend serves this, none is configured, or the proxy's own choice may show one that is not known yet.
    NoBackend,
    /// Those that do take no requests now.
    AllOut,
    /// The best of them would begin its answer after so many seconds.
    TooLate(f64),
}

impl State {
    pub(crate) fn new(config: &Config, seed: u64) -> Self {
        let specs = config
            .backends
            .iter()
            .map(|backend| backend.spec.clone())
            .collect();
        Self {
            picker: Picker::new(config.tuning, specs, seed, 0.0),
            sharing: Sharing::new(&config.fleet),
            metrics: Metrics::default(),
            backends: config.backends.clone(),
            tallies: vec![Tally::default(); config.groups.len()],
            polls: Polls::default(),
            rolled_back: false,
            search: Search::default(),
            sequence: unit(seed),
            ratio: Mean {
                sum: TOKENS_PER_BYTE * PRIOR_BYTES,
                weight: PRIOR_BYTES,
            },
        }
    }

    /// Gives the VM its number; its random choices are its own from then on, so that idle workers do not all begin with one backend.
    pub(crate) fn name(&mut self, number: u64) {
        self.sharing.name(number);
        self.picker.reseed(number);
        self.sequence = unit(number);
    }

    /// Tokens that so many bytes of text are, as far as is known.
    pub(crate) fn tokens(&self, bytes: f64) -> f64 {
        bytes * self.ratio.value()
    }

    /// A prompt of so many bytes had so many tokens.
    pub(crate) fn learn_ratio(&mut self, bytes: u64, tokens: u64) {
        let (bytes, tokens) = (bytes as f64, tokens as f64);
        if bytes >= 64.0 && (bytes / 15.0..=bytes).contains(&tokens) {
            self.ratio.sum = self.ratio.sum * KEEP_RATIO + tokens;
            self.ratio.weight = self.ratio.weight * KEEP_RATIO + bytes;
        }
    }

    /// Picks for a request that may wait `bound` seconds for its first token.
    pub(crate) fn pick(
        &mut self,
        config: &Config,
        wanted: &Wanted<'_>,
        bound: Option<f64>,
        now: f64,
    ) -> Result<Pick, Nothing> {
        if config.learn && self.search.is_due() {
            return Err(Nothing::NoBackend);
        }
        let group = self.group(config, wanted).ok_or(Nothing::NoBackend)?;
        if self.backends.is_empty() && config.steer == Steer::Share {
            let target = config.groups.number(group).to_string();
            return Ok(Pick {
                ticket: None,
                group,
                target,
            });
        }
        let mut quotes = {
            let (backends, may) = (&self.backends, may(&self.backends, config, wanted));
            let in_group = |index: usize| {
                may(index) && backends.get(index).is_some_and(|backend| backend.group == group)
            };
            self.picker.quotes(&wanted.ask, in_group, now)
        };
        self.add_cold_starts(wanted.model, &mut quotes);
        let best = self.choose(config, wanted, &quotes).ok_or(Nothing::AllOut)?;
        let first_token_s = quotes
            .iter()
            .find(|(index, _)| *index == best)
            .map_or(0.0, |(_, quote)| quote.first_token_s);
        // Were nobody let in, nobody would learn that the backend is faster than it was.
        if bound.is_some_and(|bound| first_token_s > bound) && !self.picker.is_untried(best, now) {
            return Err(Nothing::TooLate(first_token_s));
        }
        let target = match config.steer {
            Steer::Share => config.groups.number(group).to_string(),
            Steer::Endpoint => self.targets(best, quotes, config.candidates),
            Steer::Cluster => self.targets(best, quotes, 1),
        };
        let ticket = Some(self.picker.send(&wanted.ask, best, now));
        Ok(Pick {
            ticket,
            group,
            target,
        })
    }

    /// The index of the backend at an address; one that is new is added where the configuration says so.
    pub(crate) fn served(&mut self, config: &Config, address: &str, now: f64) -> Option<usize> {
        let known = self.backends.iter().position(|backend| backend.target == address);
        // What is no endpoint cannot be named to the proxy.
        if known.is_some() || !config.learn || address.parse::<SocketAddr>().is_err() {
            return known;
        }
        let new = Backend::learned(address);
        let index = match self.picker.vacant() {
            Some(index) => {
                self.picker.replace(index, new.spec.clone(), now);
                self.metrics.forget(index);
                *self.backends.get_mut(index)? = new;
                index
            }
            None if self.backends.len() < MAX_BACKENDS => {
                let index = self.picker.add(new.spec.clone(), now);
                self.backends.push(new);
                index
            }
            None => return None,
        };
        self.search.met();
        Some(index)
    }

    /// Counts one for a backend.
    pub(crate) fn count(&mut self, metric: Metric, index: usize, ports: &mut dyn Ports) {
        self.add(metric, index, 1, ports);
    }

    /// Counts several for a backend; of none there is no metric.
    pub(crate) fn add(&mut self, metric: Metric, index: usize, by: u32, ports: &mut dyn Ports) {
        if by > 0 {
            let name = self.backends.get(index).map_or("", |backend| &backend.spec.name);
            self.metrics
                .add(metric, index, ("backend", name), u64::from(by), ports);
        }
    }

    /// Counts how a request ended at a backend, and whether that took it out: `ejections` there were before.
    pub(crate) fn count_end(&mut self, index: usize, ending: Ending, ejections: u64, ports: &mut dyn Ports) {
        if ending == Ending::Failed {
            self.count(Metric::Failures, index, ports);
        }
        if self.picker.ejections() != ejections {
            self.count(Metric::Ejections, index, ports);
        }
    }

    /// Records a value for a backend.
    pub(crate) fn record(&mut self, metric: Metric, index: usize, value: f64, ports: &mut dyn Ports) {
        let name = self.backends.get(index).map_or("", |backend| &backend.spec.name);
        self.metrics
            .record(metric, index, ("backend", name), value, ports);
    }

    /// The group of a request: that whose header it has, else by share; one without any backend for it is passed over.
    fn group(&mut self, config: &Config, wanted: &Wanted<'_>) -> Option<usize> {
        let groups = &config.groups;
        let out = groups
            .rollback
            .as_ref()
            .filter(|_| self.rolled_back)
            .map(|rollback| rollback.group);
        let may = may(&self.backends, config, wanted);
        let mut usable = vec![self.backends.is_empty() && config.steer == Steer::Share; groups.len()];
        for (index, backend) in self.backends.iter().enumerate() {
            if let Some(usable) = usable.get_mut(backend.group).filter(|usable| !**usable) {
                *usable = may(index);
            }
        }
        let usable = |group: usize| Some(group) != out && usable.get(group).copied().unwrap_or_default();
        if let Some(asked) = groups.asked(wanted.headers).filter(|group| usable(*group)) {
            return Some(asked);
        }
        let point = groups.point(wanted.headers, &mut self.sequence);
        groups.at(point, usable)
    }
}

/// Whether a backend serves a request at all.
fn may<'a>(
    backends: &'a [Backend],
    config: &'a Config,
    wanted: &'a Wanted<'_>,
) -> impl Fn(usize) -> bool + 'a {
    let (model, tokens) = (wanted.model, wanted.ask.input_tokens);
    move |index| {
        backends.get(index).is_some_and(|backend| {
            tokens <= backend.max_input_tokens
                && serves(&backend.models, model)
                && config.groups.takes(backend.group, tokens)
        })
    }
}

/// A request that names no model goes anywhere.
fn serves(models: &[Glob], model: Option<&str>) -> bool {
    models.is_empty() || model.is_none_or(|model| models.iter().any(|glob| glob.is_match(model)))
}
