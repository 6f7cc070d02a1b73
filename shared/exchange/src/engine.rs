//! What all exchanges of a VM share: settings, plugins, counters.

use crate::settings::Settings;
use penstock_filter_api::{
    CallId, ConfigError, Failure, MetricId, MetricKind, Mode, Module, Plugin, Ports, Reply, RootCx,
    RootPorts, Stage, labelled,
};
use penstock_llm_api::Operation;
use penstock_wire::{Limits, Tape, sort_by_key};
use std::cell::{Cell, RefCell};

/// A loaded configuration.
pub struct Engine {
    pub(crate) settings: Settings,
    pub(crate) plugins: Vec<Box<dyn Plugin>>,
    pub(crate) held_bytes: Cell<usize>,
    counters: RefCell<Vec<(Counted, MetricId)>>,
    tape: RefCell<Tape>,
    /// Callouts that plugins have open outside of exchanges, each with its plugin.
    calls: RefCell<Vec<(CallId, usize)>>,
}

/// What the engine counts by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// `penstock_operations_total{kind}`.
    Operation(Operation),
    /// `penstock_failures_total{filter,kind}`.
    Failure(&'static str, Failure),
    /// `penstock_would_total{filter,action}`: decisions of filters in shadow mode.
    Would(&'static str, &'static str),
    /// `penstock_denied_total{filter,code}`: refusals and cuts.
    Denied(&'static str, &'static str),
}

/// Most distinct counters: operations, failures by filter, denials by filter and code. A bound in case of a bug.
const MAX_COUNTERS: usize = 4096;
/// Largest configuration document, in bytes.
const CONFIG_LIMITS: Limits = Limits {
    max_bytes: 4 << 20,
    max_depth: 32,
    max_nodes: 200_000,
};

impl Engine {
    /// Reads a configuration document: the key `exchange` for the engine, and one key for each filter that
    /// `modules` offers. A filter without its key stays out.
    pub fn load(json: &[u8], modules: &[Module]) -> Result<Self, ConfigError> {
        let json = if json.trim_ascii().is_empty() { b"{}" } else { json };
        let mut tape = Tape::new();
        tape.parse(json, &CONFIG_LIMITS)
            .map_err(|error| ConfigError::new("", error.to_string()))?;
        let root = tape.view(json).root();
        if root.kind() != penstock_wire::Kind::Object {
            return Err(ConfigError::new("", "expected an object"));
        }
        let mut settings = None;
        let mut plugins: Vec<Box<dyn Plugin>> = Vec::new();
        let mut seen: Vec<String> = Vec::new();
        for (key, value) in root.members() {
            let name = key.text().unwrap_or_default().into_owned();
            if seen.contains(&name) {
                return Err(ConfigError::new(name, "given twice"));
            }
            match modules.iter().find(|module| module.name == name) {
                _ if name == "exchange" => {
                    settings = Some(Settings::load(value.raw()).map_err(|error| error.under(&name))?);
                }
                Some(module) => {
                    plugins.push((module.load)(value.raw()).map_err(|error| error.under(module.name))?);
                }
                None => return Err(unknown_key(&name, modules)),
            }
            seen.push(name);
        }
        plugins.retain(|plugin| plugin.policy().mode != Mode::Off);
        sort_by_key(&mut plugins, |plugin| [plugin.policy().stage as usize, 0, 0]);
        let settings = match settings {
            Some(settings) => settings,
            None => Settings::load("{}").map_err(|error| error.under("exchange"))?,
        };
        Ok(Self {
            settings,
            plugins,
            held_bytes: Cell::new(0),
            counters: RefCell::default(),
            tape: RefCell::new(Tape::new()),
            calls: RefCell::default(),
        })
    }

    /// Bytes that the exchanges hold now, of `max_held_bytes`.
    pub fn held_bytes(&self) -> usize {
        self.held_bytes.get()
    }

    /// Passes a tick of the host on to the plugins.
    pub fn on_tick(&self, now_ns: u64, ports: &mut dyn RootPorts) {
        for plugin in 0..self.plugins.len() {
            self.at_root(plugin, now_ns, ports, &|plugin, cx| plugin.on_tick(cx));
        }
    }

    /// Passes the reply to a callout on to the plugin that waits for it, if one does.
    pub fn on_reply(&self, now_ns: u64, call: CallId, reply: &Reply, ports: &mut dyn RootPorts) {
        let mut calls = self.calls.borrow_mut();
        let Some(place) = calls.iter().position(|(open, _)| *open == call) else {
            return;
        };
        let (_, plugin) = calls.swap_remove(place);
        drop(calls);
        self.at_root(plugin, now_ns, ports, &|plugin, cx| {
            plugin.on_reply(call, reply, cx);
        });
    }

    /// Calls into a plugin outside of exchanges, and notes the callouts that it makes.
    fn at_root(
        &self,
        index: usize,
        now_ns: u64,
        ports: &mut dyn RootPorts,
        body: &dyn Fn(&dyn Plugin, &mut RootCx<'_>),
    ) {
        let Some(plugin) = self.plugins.get(index) else {
            return;
        };
        let mut sent = Vec::new();
        let open = self.calls.borrow().len();
        body(plugin.as_ref(), &mut RootCx::new(now_ns, ports, open, &mut sent));
        let sent = sent.into_iter().map(|call| (call, index));
        self.calls.borrow_mut().extend(sent);
    }

    /// Whether a plugin chooses where requests go.
    pub(crate) fn picks_routes(&self) -> bool {
        let last = self.plugins.last();
        last.is_some_and(|plugin| plugin.policy().stage == Stage::Route)
    }

    /// Adds one.
    pub(crate) fn count(&self, what: Counted, ports: &mut dyn Ports) {
        let mut counters = self.counters.borrow_mut();
        if let Some((_, id)) = counters.iter().find(|(known, _)| *known == what) {
            return ports.add(*id, 1);
        }
        if counters.len() >= MAX_COUNTERS {
            return;
        }
        if let Ok(id) = ports.metric(MetricKind::Counter, &what.metric()) {
            ports.add(id, 1);
            counters.push((what, id));
        }
    }

    /// Lends the tape on which whole documents are read; give it back so that its memory is used again.
    pub(crate) fn take_tape(&self) -> Tape {
        self.tape.replace(Tape::new())
    }

    /// Takes the tape back.
    pub(crate) fn put_tape(&self, tape: Tape) {
        self.tape.replace(tape);
    }

    /// Takes `bytes` from the budget of held bytes; false when it is spent.
    pub(crate) fn hold(&self, bytes: usize) -> bool {
        let held = self.held_bytes.get().saturating_add(bytes);
        let fits = held <= self.settings.max_held_bytes;
        if fits {
            self.held_bytes.set(held);
        }
        fits
    }

    /// Gives `bytes` back.
    pub(crate) fn release(&self, bytes: usize) {
        self.held_bytes.set(self.held_bytes.get().saturating_sub(bytes));
    }
}

impl Counted {
    fn metric(self) -> String {
        match self {
            Self::Operation(kind) => labelled("penstock_operations_total", &[("kind", kind.name())]),
            Self::Failure(filter, failure) => labelled(
                "penstock_failures_total",
                &[("filter", filter), ("kind", failure.name())],
            ),
            Self::Would(filter, action) => {
                labelled("penstock_would_total", &[("filter", filter), ("action", action)])
            }
            Self::Denied(filter, code) => {
                labelled("penstock_denied_total", &[("filter", filter), ("code", code)])
            }
        }
    }
}

fn unknown_key(name: &str, modules: &[Module]) -> ConfigError {
    let offered: Vec<&str> = modules.iter().map(|module| module.name).collect();
    ConfigError::new(
        name,
        format!("unknown key; this module reads: exchange, {}", offered.join(", ")),
    )
}
