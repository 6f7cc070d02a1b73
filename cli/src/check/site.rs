//! One configuration: what its filters say, and what stands around it.

use super::find::{Given, Host, Site};
use super::node::{Node, Reader, is_field};
use super::place;
use penstock_exchange::{Engine, Settings};
use penstock_filter_api::{ConfigError, Module};
use penstock_suite::MODULES;
use penstock_wire::{Limits, Tape};

/// The key of the engine's own settings.
const ENGINE: &str = "exchange";

/// Seen on Envoy 1.40: of every other `Any` than StringValue and BytesValue the module gets the bytes.
const AS_PROTOBUF: &str = "Envoy hands a google.protobuf.Struct over as protobuf, not as JSON, and the module refuses it: put the same as JSON into a google.protobuf.StringValue";

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
            Host::Envoy { plugin, .. } | Host::Istio { plugin, .. } => {
                names(plugin).any(|name| name.contains("penstock")) || has_our_key(&self.json())
            }
        }
    }

    /// Everything that is to say.
    pub(super) fn check(&self) -> Vec<Finding> {
        let json = self.json();
        let mut findings = Vec::new();
        let loaded = match &self.config {
            Given::Wrong { line, message } => {
                findings.push(self.finding(*line, Severity::Error, message.clone()));
                false
            }
            Given::Nothing
            | Given::Text { .. }
            | Given::Bare { .. }
            | Given::Tree { .. }
            | Given::Struct { .. } => match Engine::load(json.as_bytes(), &self.modules()) {
                Ok(_) => true,
                Err(error) => {
                    findings.push(self.refusal(&json, &error));
                    false
                }
            },
        };
        if let Given::Bare { node } = &self.config {
            let message = "a text alone: Envoy wants {\"@type\": type.googleapis.com/google.protobuf.StringValue, value: ...}";
            findings.push(self.finding(node.line, Severity::Warning, message.to_owned()));
        }
        if let Given::Struct { node } = &self.config {
            findings.push(self.finding(node.line, Severity::Warning, AS_PROTOBUF.to_owned()));
        }
        let settings = loaded.then(|| settings(&json)).flatten();
        findings.extend(self.surroundings(settings.as_ref()));
        if loaded {
            let keys = keys(&json);
            let what = if keys.is_empty() {
                "no filter".to_owned()
            } else {
                keys.join(", ")
            };
            findings.insert(0, self.finding(self.line, Severity::Ok, what));
        }
        findings
    }

    /// The filters of the module that is loaded: a file of one filter's name holds that one.
    fn modules(&self) -> Vec<Module> {
        let plugin = match &self.host {
            Host::Document => return MODULES.to_vec(),
            Host::Envoy { plugin, .. } | Host::Istio { plugin, .. } => *plugin,
        };
        let code: Vec<&str> = code(plugin).collect();
        let holds = |module: &&Module| {
            code.iter()
                .any(|code| code.contains(&format!("penstock-{}", module.name.replace('_', "-"))))
        };
        let held: Vec<Module> = MODULES.iter().filter(holds).copied().collect();
        if held.is_empty() { MODULES.to_vec() } else { held }
    }

    fn refusal(&self, json: &str, error: &ConfigError) -> Finding {
        let line = match &self.config {
            Given::Text { node } | Given::Bare { node } => place::in_text(node, json, error),
            Given::Tree { node } | Given::Struct { node } => place::in_tree(node, &error.path),
            Given::Nothing | Given::Wrong { .. } => self.line,
        };
        self.finding(line, Severity::Error, error.to_string())
    }

    fn surroundings(&self, settings: Option<&Settings>) -> Vec<Finding> {
        let mut warnings = Vec::new();
        match &self.host {
            Host::Document => {}
            Host::Envoy { plugin, buffer } => {
                envoy(plugin, self.reader, settings, &mut warnings);
                if let (Some(buffer), Some(settings)) = (buffer, settings)
                    && buffer.bytes < settings.max_request_bytes as u64
                {
                    let origin = if buffer.is_default {
                        "Envoy's default"
                    } else {
                        "the limit"
                    };
                    warnings.push((plugin.line, format!(
                        "per_connection_buffer_limit_bytes is {} ({origin}), less than exchange.max_request_bytes ({}): Envoy answers 413 before the filter can judge",
                        buffer.bytes, settings.max_request_bytes
                    )));
                }
            }
            Host::Istio { kind, plugin } => istio(kind, plugin, settings, &mut warnings),
        }
        let plugin = [".configuration", ".pluginConfig"]
            .iter()
            .find_map(|end| self.path.strip_suffix(end));
        let finding = |(line, message)| Finding {
            path: plugin.unwrap_or(&self.path).to_owned(),
            ..self.finding(line, Severity::Warning, message)
        };
        warnings.into_iter().map(finding).collect()
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

type Warnings = Vec<(usize, String)>;

/// What is known to go wrong around a filter in Envoy.
fn envoy(plugin: &Node, reader: Reader, settings: Option<&Settings>, warnings: &mut Warnings) {
    const PLUGIN: &[&str] = &[
        "name",
        "root_id",
        "vm_config",
        "configuration",
        "fail_open",
        "failure_policy",
        "reload_config",
        "capability_restriction_config",
        "allow_on_headers_stop_iteration",
    ];
    const VM: &[&str] = &[
        "vm_id",
        "runtime",
        "code",
        "configuration",
        "allow_precompiled",
        "nack_on_code_cache_miss",
        "environment_variables",
    ];
    unknown(plugin, PLUGIN, warnings);
    let holds = plugin
        .field("allow_on_headers_stop_iteration")
        .is_some_and(|flag| flag.is_true(reader));
    if !holds && settings.is_some_and(|settings| settings.hold_headers) {
        warnings.push((plugin.line, "allow_on_headers_stop_iteration is not true, but the filter holds headers (exchange.headers: hold): requests would hang".to_owned()));
    }
    let policy = plugin.field("failure_policy");
    if policy.is_none_or(|policy| policy.text() != "FAIL_RELOAD") {
        let fails_open = plugin.field("fail_open").is_some_and(|flag| flag.is_true(reader));
        warnings.push((
            policy.map_or(plugin.line, |policy| policy.line),
            policy_warning("failure_policy", policy, fails_open),
        ));
    }
    let vm = plugin.field("vm_config");
    if let Some(vm) = vm {
        unknown(vm, VM, warnings);
    }
    let id = vm.and_then(|vm| vm.field("vm_id"));
    if id.is_none_or(|id| id.text().is_empty()) {
        warnings.push((
            id.or(vm).unwrap_or(plugin).line,
            "vm_config.vm_id is empty: data between workers are shared with every other module without one"
                .to_owned(),
        ));
    }
}

/// What is known to go wrong around Istio's own resources.
fn istio(kind: &str, plugin: &Node, settings: Option<&Settings>, warnings: &mut Warnings) {
    if settings.is_some_and(|settings| settings.hold_headers) {
        warnings.push((plugin.line, format!(
            "a {kind} never holds headers, but the filter does (exchange.headers: hold): set it to release, or use an EnvoyFilter"
        )));
    }
    let policy = plugin.field("fail_strategy");
    if policy.is_none_or(|policy| policy.text() != "FAIL_RELOAD") {
        warnings.push((
            policy.map_or(plugin.line, |policy| policy.line),
            policy_warning("failStrategy", policy, false),
        ));
    }
}

fn policy_warning(name: &str, policy: Option<&Node>, fails_open: bool) -> String {
    match policy.map(Node::text) {
        Some("FAIL_OPEN") => {
            format!("{name} is FAIL_OPEN: a module that dies is bypassed for ever; FAIL_RELOAD loads it anew")
        }
        None if fails_open => {
            format!("fail_open: a module that dies is bypassed for ever; {name}: FAIL_RELOAD loads it anew")
        }
        _ => format!("{name} is not FAIL_RELOAD: a module that dies leaves its worker answering 503"),
    }
}

/// Envoy refuses fields that it does not know; Istio drops them without a word.
fn unknown(node: &Node, known: &[&str], warnings: &mut Warnings) {
    for member in node.members() {
        if !known.iter().any(|name| is_field(&member.key, name)) {
            warnings.push((
                member.line,
                format!(
                    "unknown field {:?}: Envoy refuses it, and Istio drops it in silence",
                    member.key
                ),
            ));
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
    let ways: [&[&str]; 3] = [
        &["vm_config", "code", "local", "filename"],
        &["vm_config", "code", "remote", "http_uri", "uri"],
        &["url"],
    ];
    ways.into_iter().filter_map(|way| plugin.at(way)).map(Node::text)
}

/// The keys of a configuration document.
pub(super) fn keys(json: &str) -> Vec<String> {
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

/// The engine's settings of a document that was accepted.
pub(super) fn settings(json: &str) -> Option<Settings> {
    let mut tape = Tape::new();
    let own = match tape.parse(json.as_bytes(), &Limits::default()) {
        Ok(()) => tape
            .view(json.as_bytes())
            .root()
            .member(ENGINE)
            .map(|value| value.raw()),
        Err(_) => None,
    };
    Settings::load(own.unwrap_or("{}")).ok()
}
