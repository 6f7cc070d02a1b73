//! What is known to go wrong around a filter.

use super::find::{Buffer, Host};
use super::node::{Node, is_field};
use super::scalar::Reader;
use penstock_exchange::Settings;

/// Lines, and what is to say about them.
type Warnings = Vec<(usize, String)>;

/// Everything that is to say about what loads a filter; more of it where the filter's `settings` are known.
pub(super) fn warnings(host: &Host<'_>, reader: Reader, settings: Option<&Settings>) -> Warnings {
    let mut warnings = Warnings::new();
    match host {
        Host::Document => {}
        Host::Envoy { plugin, buffer } => {
            unknown(plugin, PLUGIN, &mut warnings);
            headers(plugin, reader, settings, &mut warnings);
            policy("failure_policy", plugin, reader, &mut warnings);
            vm_id(plugin, &mut warnings);
            room(plugin, *buffer, settings, &mut warnings);
        }
        Host::Istio { kind, plugin } => {
            if settings.is_some_and(|settings| settings.hold_headers) {
                warnings.push((plugin.line, format!(
                    "a {kind} never holds headers, but the filter does (exchange.headers: hold): set it to release, or use an EnvoyFilter"
                )));
            }
            policy("fail_strategy", plugin, reader, &mut warnings);
        }
    }
    warnings
}

/// Fields of Envoy's `PluginConfig`.
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
/// Fields of Envoy's `VmConfig`.
const VM: &[&str] = &[
    "vm_id",
    "runtime",
    "code",
    "configuration",
    "allow_precompiled",
    "nack_on_code_cache_miss",
    "environment_variables",
];

fn headers(plugin: &Node, reader: Reader, settings: Option<&Settings>, warnings: &mut Warnings) {
    let flag = plugin.field("allow_on_headers_stop_iteration");
    let can_hold = flag.is_some_and(|flag| flag.is_true(reader));
    if !can_hold && settings.is_some_and(|settings| settings.hold_headers) {
        warnings.push((plugin.line, "allow_on_headers_stop_iteration is not true, but the filter holds headers (exchange.headers: hold): requests would hang".to_owned()));
    }
}

/// Envoy's `failure_policy`; Istio's resources have the same under another name.
fn policy(name: &str, plugin: &Node, reader: Reader, warnings: &mut Warnings) {
    let policy = plugin.field(name);
    let fails_open = plugin.field("fail_open").is_some_and(|flag| flag.is_true(reader));
    let shown = if name == "fail_strategy" {
        "failStrategy"
    } else {
        name
    };
    let message = match policy.map(Node::text) {
        Some("FAIL_RELOAD") => return,
        Some("FAIL_OPEN") => format!(
            "{shown} is FAIL_OPEN: a module that dies is bypassed for ever; FAIL_RELOAD loads it anew"
        ),
        None if fails_open => {
            format!("fail_open: a module that dies is bypassed for ever; {shown}: FAIL_RELOAD loads it anew")
        }
        Some(_) | None => {
            format!("{shown} is not FAIL_RELOAD: a module that dies leaves its worker answering 503")
        }
    };
    warnings.push((policy.unwrap_or(plugin).line, message));
}

fn vm_id(plugin: &Node, warnings: &mut Warnings) {
    let vm = plugin.field("vm_config");
    if let Some(vm) = vm {
        unknown(vm, VM, warnings);
    }
    let id = vm.and_then(|vm| vm.field("vm_id"));
    if id.is_none_or(|id| id.text().is_empty()) {
        let line = id.or(vm).unwrap_or(plugin).line;
        warnings.push((
            line,
            "vm_config.vm_id is empty: data between workers are shared with every other module without one"
                .to_owned(),
        ));
    }
}

/// Whether Envoy holds as much as the filter wants to read.
fn room(plugin: &Node, buffer: Option<Buffer>, settings: Option<&Settings>, warnings: &mut Warnings) {
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
    warnings.push((plugin.line, format!(
        "per_connection_buffer_limit_bytes is {} ({origin}), less than exchange.max_request_bytes ({}): Envoy answers 413 before the filter can judge",
        buffer.bytes, settings.max_request_bytes
    )));
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
