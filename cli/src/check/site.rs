//! One configuration: what its filters say, and what stands around it.

use super::around::Remark;
use super::find::{Given, Host, Site};
use super::node::Node;
use super::{around, place};
use crate::config::member;
use penstock_exchange::{Engine, Settings};
use penstock_filter_api::{ConfigError, Module};
use penstock_suite::MODULES;
use penstock_wire::{Limits, Tape};

/// The key of the engine's own settings.
const ENGINE: &str = "exchange";

/// Seen on Envoy 1.40: of every other `Any` than StringValue and BytesValue the module gets the bytes.
const AS_PROTOBUF: &str = "Envoy hands a google.protobuf.Struct over as protobuf, not as JSON, and the module refuses it: put the same as JSON into a google.protobuf.StringValue";

const NO_ANY: &str =
    "a text alone: Envoy wants {\"@type\": type.googleapis.com/google.protobuf.StringValue, value: ...}";

/// What is said about a place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) line: usize,
    pub(super) severity: Severity,
    /// The document's path, and behind it what is to say.
    pub(super) path: String,
    pub(super) message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Severity {
    /// There is no configuration.
    Nothing,
    Ok,
    Warning,
    Error,
}

impl Site<'_> {
    /// The configuration as JSON, as a filter gets it.
    pub(super) fn json(&self) -> String {
        match &self.config {
            Given::Nothing | Given::Wrong { .. } => "{}".to_owned(),
            Given::Text { node } | Given::Bare { node } => node.text().to_owned(),
            Given::Tree { node } | Given::Struct { node } => node.json(self.reader),
        }
    }

    /// Whether it is one of ours: by its names, by its module, or by what it configures.
    pub(super) fn is_ours(&self) -> bool {
        match &self.host {
            Host::Document => true,
            Host::Envoy { plugin, .. } | Host::Istio { plugin, .. } | Host::Gateway { plugin } => {
                names(plugin).any(|name| name.contains("penstock")) || has_our_key(&self.json())
            }
        }
    }

    /// Everything that is to say.
    pub(super) fn check(&self) -> Vec<Finding> {
        let json = self.json();
        let verdict = self.verdict(&json);
        let accepted = verdict.severity == Severity::Ok;
        let settings = accepted.then(|| settings(&json)).flatten();
        let mut findings = vec![verdict];
        findings.extend(self.form());
        if accepted {
            findings.extend(self.surprises(&json));
        }
        findings.extend(self.surroundings(&json, settings.as_ref()));
        findings
    }

    /// What the filters say.
    fn verdict(&self, json: &str) -> Finding {
        if let Given::Wrong { line, message } = &self.config {
            return self.finding(*line, Severity::Error, message.clone());
        }
        if let Err(error) = Engine::load(json.as_bytes(), &self.modules()) {
            return self.at(json, &error, Severity::Error);
        }
        let keys = keys(json);
        let what = if keys.is_empty() {
            "no filter".to_owned()
        } else {
            keys.join(", ")
        };
        self.finding(self.line, Severity::Ok, what)
    }

    /// What the filters warn of, though they take it.
    fn surprises(&self, json: &str) -> Vec<Finding> {
        let part = member(json, "token_meter");
        let warnings = part.map_or_else(Vec::new, |part| penstock_token_meter::warnings(&part));
        let warnings = warnings.into_iter().map(|warning| warning.under("token_meter"));
        warnings
            .map(|warning| self.at(json, &warning, Severity::Warning))
            .collect()
    }

    /// What Envoy makes of the form in which it is given.
    fn form(&self) -> Option<Finding> {
        let (node, message) = match &self.config {
            Given::Bare { node } => (node, NO_ANY),
            Given::Struct { node } => (node, AS_PROTOBUF),
            Given::Nothing | Given::Text { .. } | Given::Tree { .. } | Given::Wrong { .. } => return None,
        };
        Some(self.finding(node.line, Severity::Warning, message.to_owned()))
    }

    /// The filters of the module that is loaded: a file of one filter's name holds that one.
    fn modules(&self) -> Vec<Module> {
        let plugin = match &self.host {
            Host::Document => return MODULES.to_vec(),
            Host::Envoy { plugin, .. } | Host::Istio { plugin, .. } | Host::Gateway { plugin } => *plugin,
        };
        let code: Vec<&str> = code(plugin).collect();
        let holds = |module: &&Module| {
            code.iter()
                .any(|code| code.contains(&format!("penstock-{}", module.name.replace('_', "-"))))
        };
        let held: Vec<Module> = MODULES.iter().filter(holds).copied().collect();
        if held.is_empty() { MODULES.to_vec() } else { held }
    }

    /// What filters say of a place in the configuration.
    fn at(&self, json: &str, error: &ConfigError, severity: Severity) -> Finding {
        let line = match &self.config {
            Given::Text { node } | Given::Bare { node } => place::in_text(node, json, error),
            Given::Tree { node } | Given::Struct { node } => place::in_tree(node, &error.path),
            Given::Nothing | Given::Wrong { .. } => self.line,
        };
        self.finding(line, severity, error.to_string())
    }

    /// What is to say about the plugin, at the plugin's own path.
    fn surroundings(&self, json: &str, settings: Option<&Settings>) -> Vec<Finding> {
        let plugin = [".configuration", ".pluginConfig", ".config"]
            .iter()
            .find_map(|end| self.path.strip_suffix(end));
        let finding = |remark: Remark| Finding {
            path: plugin.unwrap_or(&self.path).to_owned(),
            ..self.finding(remark.line, remark.severity, remark.message)
        };
        let remarks = around::remarks(&self.host, self.reader, json, settings);
        remarks.into_iter().map(finding).collect()
    }

    fn finding(&self, line: usize, severity: Severity, message: String) -> Finding {
        Finding {
            line: line + self.above,
            severity,
            path: self.path.clone(),
            message,
        }
    }
}

/// Words by which somebody may have called a plugin.
fn names(plugin: &Node) -> impl Iterator<Item = &str> {
    let own = ["name", "root_id", "plugin_name"]
        .into_iter()
        .filter_map(|name| plugin.field(name));
    let vm = plugin.at(&["vm_config", "vm_id"]);
    own.chain(vm).map(Node::text).chain(code(plugin))
}

/// Where its module comes from.
fn code(plugin: &Node) -> impl Iterator<Item = &str> {
    let ways: [&[&str]; 5] = [
        &["vm_config", "code", "local", "filename"],
        &["vm_config", "code", "remote", "http_uri", "uri"],
        &["url"],
        &["code", "image", "url"],
        &["code", "http", "url"],
    ];
    ways.into_iter().filter_map(|way| plugin.at(way)).map(Node::text)
}

/// The keys of a configuration document.
pub(crate) fn keys(json: &str) -> Vec<String> {
    let mut tape = Tape::new();
    if tape.parse(json.as_bytes(), &Limits::default()).is_err() {
        return Vec::new();
    }
    let root = tape.view(json.as_bytes()).root();
    root.members()
        .filter_map(|(key, _)| key.text())
        .map(|key| key.into_owned())
        .collect()
}

/// Whether a document has the key of the engine or of a filter.
pub(super) fn has_our_key(json: &str) -> bool {
    keys(json)
        .iter()
        .any(|key| key == ENGINE || MODULES.iter().any(|module| module.name == key))
}

/// The filters of a document that refuse and change traffic.
pub(super) fn enforcing(json: &str) -> Vec<String> {
    let mut tape = Tape::new();
    if tape.parse(json.as_bytes(), &Limits::default()).is_err() {
        return Vec::new();
    }
    let root = tape.view(json.as_bytes()).root();
    let enforces = |name: &&str| {
        let mode = root
            .member(name)
            .map(|own| own.member("mode").and_then(|mode| mode.text()));
        mode.is_some_and(|mode| mode.is_none_or(|mode| mode == "enforce"))
    };
    let names = MODULES.iter().map(|module| module.name).filter(enforces);
    names.map(str::to_owned).collect()
}

/// The engine's settings of a document that was accepted.
pub(crate) fn settings(json: &str) -> Option<Settings> {
    Settings::load(member(json, ENGINE).as_deref().unwrap_or("{}")).ok()
}
