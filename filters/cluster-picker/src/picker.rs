//! The picker: a full scan over all backends that may take a request, for the least predicted cost.

use crate::backend::{Backend, BackendSpec};
use crate::books::Entry;
use crate::evidence::Norm;
use crate::fleet::Fleet;
use crate::health::State;
use crate::prefix::Prefixes;
use crate::quote::{Ask, Quote, Terms};
use crate::random::{Random, hash, mix};
use crate::record::{Cursors, Recent};
use crate::ticket::Ticket;
use crate::tuning::Tuning;

/// Places of the prefix index, for all backends together.
const PREFIX_BLOCKS: usize = 1 << 15;

/// Blocks of a backend whose KV cache is of unknown size.
const WINDOW_BLOCKS: u32 = 800;

/// Seconds without any first token after which an idle backend's speed is taken to be unknown.
const UNTRIED_S: f64 = 5.0;

/// Picks among the backends of one fleet, in one VM. Time is seconds since the epoch.
#[derive(Debug)]
pub struct Picker {
    pub(crate) tuning: Tuning,
    pub(crate) backends: Vec<Backend>,
    /// Numbers of the backends and their indices, sorted.
    ids: Vec<(u64, usize)>,
    /// The records of other VMs were read once.
    pub(crate) met: bool,
    pub(crate) fleet: Fleet,
    /// The same of all other VMs.
    pub(crate) others: Fleet,
    /// VMs that learn of this fleet, this one included.
    pub(crate) observers: f64,
    pub(crate) prefixes: Prefixes,
    pub(crate) recent: Recent,
    pub(crate) cursors: Cursors,
    random: Random,
    depths: Vec<u16>,
    pub(crate) ejections: u64,
}

/// A backend as all VMs see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Open requests.
    pub open: f64,
    /// Its time to the first token beside the fleet's mean: above 1 is slower.
    pub pace: f64,
    /// It takes no requests, or only a probe.
    pub out: bool,
}

impl Picker {
    /// For these backends, met at `now`.
    pub fn new(tuning: Tuning, specs: Vec<BackendSpec>, seed: u64, now: f64) -> Self {
        let mut picker = Self {
            tuning,
            backends: Vec::new(),
            ids: Vec::new(),
            met: false,
            fleet: Fleet::default(),
            others: Fleet::NOBODY,
            observers: 1.0,
            prefixes: Prefixes::new(PREFIX_BLOCKS),
            recent: Recent::default(),
            cursors: Cursors::default(),
            random: Random::new(seed),
            depths: Vec::new(),
            ejections: 0,
        };
        for spec in specs {
            picker.add(spec, now);
        }
        picker
    }

    /// Adds a backend and gives its index.
    pub fn add(&mut self, spec: BackendSpec, now: f64) -> usize {
        let id = hash(spec.name.as_bytes());
        let index = self.backends.len();
        self.backends.push(Backend::new(spec, id, now));
        self.depths.push(0);
        self.number(id, index);
        index
    }

    /// The index of a learned backend that is gone and has nothing open, so that another can take its place.
    pub fn vacant(&self) -> Option<usize> {
        let vacant = |backend: &Backend| backend.is_gone() && backend.counts().requests == 0.0;
        self.backends.iter().position(vacant)
    }

    /// Puts another backend in the place of one that is gone.
    pub fn replace(&mut self, index: usize, spec: BackendSpec, now: f64) {
        let id = hash(spec.name.as_bytes());
        if let Some(place) = self.backends.get_mut(index) {
            *place = Backend::new(spec, id, now);
            self.prefixes.forget(index);
            self.recent.forget(index);
            self.ids.retain(|(_, known)| *known != index);
            self.number(id, index);
        }
    }

    fn number(&mut self, id: u64, index: usize) {
        let place = self.ids.partition_point(|(known, _)| *known < id);
        self.ids.insert(place, (id, index));
    }

    /// Begins another row of random choices.
    pub(crate) fn reseed(&mut self, seed: u64) {
        self.random = Random::new(seed);
    }

    /// The number of backends.
    pub fn len(&self) -> usize {
        self.backends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.backends.is_empty()
    }

    /// Picks among the backends that `may` take the request and books it there. `None` when none may, or all of them
    /// asked for no more.
    pub fn pick(&mut self, ask: &Ask<'_>, may: impl Fn(usize) -> bool, now: f64) -> Option<Ticket> {
        let quotes = self.quotes(ask, may, now);
        let index = self.choose(&quotes)?;
        Some(self.send(ask, index, now))
    }

    /// What each backend that may take the request would take, by index. One that is out has none.
    pub fn quotes(&mut self, ask: &Ask<'_>, may: impl Fn(usize) -> bool, now: f64) -> Vec<(usize, Quote)> {
        self.reckon(now);
        self.look_up(ask);
        let open = self.open(may, now);
        let open = self.ramped(open, now);
        let terms = Terms::new(&self.tuning, &self.merged(), self.norms(), ask, now);
        open.into_iter()
            .filter_map(|index| {
                let backend = self.backends.get(index)?;
                let weight = terms.weight(ask, self.hit(index, ask));
                let quote = terms.quote(backend, &weight);
                quote.cost.is_finite().then_some((index, quote))
            })
            .collect()
    }

    /// The index of the least cost; exact ties at random.
    pub fn choose(&mut self, quotes: &[(usize, Quote)]) -> Option<usize> {
        if self.tuning.explore > 0.0 && self.random.unit() < self.tuning.explore {
            return quotes
                .get(self.random.place(quotes.len()))
                .map(|(index, _)| *index);
        }
        let least = quotes
            .iter()
            .map(|(_, quote)| quote.cost)
            .fold(f64::INFINITY, f64::min);
        let ties = || quotes.iter().filter(|(_, quote)| quote.cost <= least);
        let place = self.random.place(ties().count());
        ties().nth(place).map(|(index, _)| *index)
    }

    /// Books a request at a backend.
    pub fn send(&mut self, ask: &Ask<'_>, index: usize, now: f64) -> Ticket {
        let merged = self.merged();
        let terms = Terms::new(&self.tuning, &merged, self.norms(), ask, now);
        let weight = terms.weight(ask, self.hit(index, ask));
        let mut ticket = Ticket {
            backend: index,
            entry: Entry::default(),
            quote: Quote::default(),
            sent: now,
            first: None,
            streams: ask.streams,
            moved: false,
            queued: 0.0,
            work: 0.0,
            decoding: 0.0,
            context: 0.0,
            hit: self.hit(index, ask),
        };
        if let Some(backend) = self.backends.get_mut(index) {
            ticket.quote = terms.quote(backend, &weight);
            backend.health.sent(now);
            ticket.entry = backend
                .books
                .open(weight, now, ticket.quote.first_token_s, ask.streams);
            let counts = backend.counts();
            (ticket.queued, ticket.work) = (counts.queued, counts.work);
            (ticket.decoding, ticket.context) = (counts.decoding, counts.context);
        }
        self.fleet.sent(ask.input_tokens, self.observers);
        let recent = &mut self.recent;
        self.prefixes.sent(ask.blocks, index, |block| {
            if let Ok(index) = u16::try_from(index) {
                recent.push(block, index);
            }
        });
        ticket
    }

    /// The number that records know a backend by; 0 for an index that is none.
    pub fn id(&self, index: usize) -> u64 {
        self.backends.get(index).map_or(0, |backend| backend.id)
    }

    /// The index of the backend with that number.
    pub fn index_of(&self, id: u64) -> Option<usize> {
        let place = self.ids.binary_search_by_key(&id, |(known, _)| *known).ok()?;
        self.ids.get(place).map(|(_, index)| *index)
    }

    /// How often this VM took a backend out.
    pub fn ejections(&self) -> u64 {
        self.ejections
    }

    /// All backends, for metrics.
    pub fn views(&self, now: f64) -> Vec<View> {
        let ([norm, _], tuning) = (self.norms(), &self.tuning);
        let view = |backend: &Backend| {
            let pace = backend.all_learned().first;
            View {
                open: backend.counts().requests,
                pace: pace.factor(tuning.shrink_samples, norm, now, tuning.speed_fade_s) / norm.factor(),
                out: backend.health.state(now) != State::Open,
            }
        };
        self.backends.iter().map(view).collect()
    }

    /// Whether nothing is open at a backend and nothing was heard of its speed for a while: what is predicted there may be wrong,
    /// and only a request can tell.
    pub fn is_untried(&self, index: usize, now: f64) -> bool {
        self.backends.get(index).is_some_and(|backend| {
            let heard = backend.all_learned().first.at;
            backend.counts().requests == 0.0 && (now - heard).abs() > UNTRIED_S
        })
    }

    /// A number that stands for a session at a backend: the backend of the greatest is the session's own.
    pub fn affinity(&self, index: usize, session: u64) -> u64 {
        self.backends
            .get(index)
            .map_or(0, |backend| mix(backend.id ^ session))
    }

    #[cfg(test)]
    pub(crate) fn depths(&self) -> &[u16] {
        &self.depths
    }

    pub(crate) fn merged(&self) -> Fleet {
        let mut merged = self.fleet;
        merged.merge(&self.others);
        merged
    }

    /// Of the time to the first token, and of the time per token.
    pub(crate) fn norms(&self) -> [Norm; 2] {
        let learned = || self.backends.iter().map(Backend::all_learned);
        let shrink = self.tuning.shrink_samples;
        [
            Norm::of(learned().map(|learned| learned.first), shrink),
            Norm::of(learned().map(|learned| learned.token), shrink),
        ]
    }

    fn reckon(&mut self, now: f64) {
        for backend in &mut self.backends {
            backend.books.reckon(now);
        }
    }

    fn look_up(&mut self, ask: &Ask<'_>) {
        let (backends, share) = (&self.backends, self.tuning.prefix_share);
        self.prefixes.depths(ask.blocks, &mut self.depths, |index| {
            let capacity = backends
                .get(index)
                .and_then(|backend| backend.capacity(&backend.all_learned()));
            capacity.map_or(WINDOW_BLOCKS, |tokens| {
                (tokens * share / ask.block_tokens.max(1.0)).clamp(8.0, 1e6) as u32
            })
        });
    }

    /// Tokens of the prompt that a backend is believed to have, as of the last [`Picker::look_up`].
    fn hit(&self, index: usize, ask: &Ask<'_>) -> f64 {
        let depth = self.depths.get(index).copied().unwrap_or_default();
        let trust = self.backends.get(index).map_or(1.0, |backend| backend.trust);
        f64::from(depth) * ask.block_tokens * trust
    }

    /// Those of them that take part in this choice: a new or recovered one by chance, the more often the longer it is there.
    fn ramped(&mut self, open: Vec<usize>, now: f64) -> Vec<usize> {
        let (backends, random, ramp_s) = (&self.backends, &mut self.random, self.tuning.slow_start_s);
        let mut takes_part = |index: &usize| {
            let ramp = backends
                .get(*index)
                .map_or(1.0, |backend| backend.health.ramp(now, ramp_s));
            ramp >= 1.0 || random.unit() < ramp
        };
        let some: Vec<usize> = open.iter().copied().filter(|index| takes_part(index)).collect();
        if some.is_empty() { open } else { some }
    }

    /// The backends that may take a request. No more than half of them are kept out for their failures: beyond that it is
    /// more likely that the requests are at fault, and those whose time ends first come back.
    fn open(&self, may: impl Fn(usize) -> bool, now: f64) -> Vec<usize> {
        let mut open = Vec::with_capacity(self.backends.len());
        let mut out: Vec<(usize, f64)> = Vec::new();
        for (index, backend) in self.backends.iter().enumerate().filter(|(index, _)| may(*index)) {
            match backend.health.state(now) {
                State::Open | State::Probe => open.push(index),
                State::Ejected if backend.is_gone() => {}
                State::Ejected => out.push((index, backend.health.out_until())),
                State::Resting => {}
            }
        }
        let most_out = (open.len() + out.len()) / 2;
        while out.len() > most_out {
            let first = (0..out.len()).min_by(|a, b| {
                let until = |place: usize| out.get(place).map_or(0.0, |(_, until)| *until);
                until(*a).total_cmp(&until(*b))
            });
            let Some(first) = first else { break };
            open.push(out.swap_remove(first).0);
        }
        open
    }
}
