//! What is known to go wrong around a filter.

use super::fields::{self, Slip, Spelling};
use super::find::{Buffer, Giver, Host};
use super::module;
use super::node::Node;
use super::scalar::Reader;
use super::site::{Severity, enforcing};
use penstock_exchange::Settings;

/// Something that is to say about a place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Remark {
    pub(super) line: usize,
    pub(super) severity: Severity,
    pub(super) message: String,
}

impl Remark {
    pub(super) fn warning(line: usize, message: impl Into<String>) -> Self {
        Self {
            line,
            severity: Severity::Warning,
            message: message.into(),
        }
    }

    pub(super) fn error(line: usize, message: impl Into<String>) -> Self {
        Self {
            line,
            severity: Severity::Error,
            message: message.into(),
        }
    }
}

/// Everything that is to say about what loads a filter of configuration `json`; more of it where the filter's `settings`
/// are known.
pub(super) fn remarks(
    host: &Host<'_>,
    reader: Reader,
    json: &str,
    settings: Option<&Settings>,
) -> Vec<Remark> {
    let mut remarks = Vec::new();
    match host {
        Host::Document => {}
        Host::Envoy {
            plugin,
            buffer,
            giver,
        } => {
            slips(plugin, *giver, &mut remarks);
            headers(plugin, reader, settings, &mut remarks);
            policy("failure_policy", plugin, reader, json, &mut remarks);
            vm_id(plugin, &mut remarks);
            if *giver == Giver::Istio {
                module::of_envoy(plugin, &mut remarks);
            }
            room(plugin, *buffer, settings, &mut remarks);
        }
        Host::Istio { kind, plugin } => {
            never_holds(
                &format!("a {kind}"),
                ", or use an EnvoyFilter",
                plugin,
                settings,
                &mut remarks,
            );
            policy("fail_strategy", plugin, reader, json, &mut remarks);
            module::of_istio(plugin, &mut remarks);
        }
        Host::Gateway { plugin } => {
            never_holds("an EnvoyExtensionPolicy", "", plugin, settings, &mut remarks);
            if let Some(flag) = plugin.field("fail_open").filter(|flag| flag.is_true(reader)) {
                let message = "failOpen: all passes unread while the module is not there, or has died";
                remarks.push(Remark::warning(flag.line, message));
            }
        }
    }
    remarks
}

fn headers(plugin: &Node, reader: Reader, settings: Option<&Settings>, remarks: &mut Vec<Remark>) {
    let flag = plugin.field("allow_on_headers_stop_iteration");
    let can_hold = flag.is_some_and(|flag| flag.is_true(reader));
    if !can_hold && settings.is_some_and(|settings| settings.hold_headers) {
        remarks.push(Remark::warning(
            plugin.line,
            "allow_on_headers_stop_iteration is not true, but the filter holds headers (exchange.headers: hold): requests would hang",
        ));
    }
}

/// `instead` is what else to do where there is something.
fn never_holds(
    what: &str,
    instead: &str,
    plugin: &Node,
    settings: Option<&Settings>,
    remarks: &mut Vec<Remark>,
) {
    if settings.is_some_and(|settings| settings.hold_headers) {
        remarks.push(Remark::warning(plugin.line, format!(
            "{what} never holds headers, but the filter does (exchange.headers: hold): set it to release{instead}"
        )));
    }
}

/// Envoy's `failure_policy`; Istio's resources have the same under another name.
fn policy(name: &str, plugin: &Node, reader: Reader, json: &str, remarks: &mut Vec<Remark>) {
    let policy = plugin.field(name);
    let fails_open = plugin.field("fail_open").is_some_and(|flag| flag.is_true(reader));
    let shown = if name == "fail_strategy" {
        "failStrategy"
    } else {
        name
    };
    let lost = match enforcing(json).join(", ") {
        names if names.is_empty() => String::new(),
        names => format!(", and with it {names}"),
    };
    let message = match policy.map(Node::text) {
        Some("FAIL_RELOAD") => return,
        Some("FAIL_OPEN") => format!(
            "{shown} is FAIL_OPEN: a module that dies is bypassed for ever{lost}; FAIL_RELOAD loads it anew"
        ),
        None if fails_open => format!(
            "fail_open: a module that dies is bypassed for ever{lost}; {shown}: FAIL_RELOAD loads it anew"
        ),
        Some(_) | None => {
            format!("{shown} is not FAIL_RELOAD: a module that dies leaves its worker answering 503")
        }
    };
    remarks.push(Remark::warning(policy.unwrap_or(plugin).line, message));
}

fn vm_id(plugin: &Node, remarks: &mut Vec<Remark>) {
    let vm = plugin.field("vm_config");
    let id = vm.and_then(|vm| vm.field("vm_id"));
    if id.is_none_or(|id| id.text().is_empty()) {
        remarks.push(Remark::warning(
            id.or(vm).unwrap_or(plugin).line,
            "vm_config.vm_id is empty: data between workers are shared with every other module without one",
        ));
    }
}

/// Whether Envoy holds as much as the filter wants to read.
fn room(plugin: &Node, buffer: Option<Buffer>, settings: Option<&Settings>, remarks: &mut Vec<Remark>) {
    let (Some(buffer), Some(settings)) = (buffer, settings) else {
        return;
    };
    if buffer.bytes >= settings.max_request_bytes as u64 {
        return;
    }
    let origin = if buffer.is_default {
        "Envoy's default"
    } else {
        "the limit"
    };
    remarks.push(Remark::warning(plugin.line, format!(
        "per_connection_buffer_limit_bytes is {} ({origin}), less than exchange.max_request_bytes ({}): Envoy answers 413 before the filter can judge",
        buffer.bytes, settings.max_request_bytes
    )));
}

fn slips(plugin: &Node, giver: Giver, remarks: &mut Vec<Remark>) {
    let slips = fields::slips(plugin, &fields::PLUGIN, Spelling::Either);
    remarks.extend(slips.iter().map(|slip| match (giver, slip) {
        (Giver::File, Slip::Field { line, name }) => {
            Remark::warning(*line, format!("unknown field {name}: Envoy refuses it"))
        }
        (Giver::File | Giver::Istio, slip) => of_envoy(slip),
    }));
}

/// What comes of a slip in a message of Envoy's that Istio hands on.
pub(super) fn of_envoy(slip: &Slip) -> Remark {
    match slip {
        Slip::Field { line, name } => {
            Remark::error(*line, format!("unknown field {name}: Istio drops it in silence"))
        }
        Slip::Word { line, why } => Remark::error(*line, why.as_str()),
    }
}
