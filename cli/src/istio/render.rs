//! Values as manifests.

use super::page::indented;
use super::target::Target;
use super::values::{At, Code, Form, Values};
use crate::check::written;
use penstock_filter_api::ConfigError;

/// Labels of Penstock's metrics, which proxies have to be told of.
const TAGS: &[&str] = &[
    "account",
    "action",
    "api",
    "api_key",
    "backend",
    "budget",
    "code",
    "currency",
    "direction",
    "entity",
    "filter",
    "fleet",
    "group",
    "kind",
    "model",
    "origin",
    "outcome",
    "reason",
    "route",
    "rule",
    "scope",
    "tenant",
    "text",
    "type",
    "unit",
    "verdict",
    "volatile",
    "what",
];

/// The manifests, a document for each target and resource.
pub(super) fn manifests(values: &Values) -> Result<String, ConfigError> {
    let mut out = filled(include_str!("templates/head.yaml"), &[("tags", &TAGS.join(","))])?;
    for target in &values.targets {
        out += "---\n";
        out += &filters(values, target)?;
        if values.buffer_bytes > 0 {
            out += "---\n";
            out += &listeners(values, target)?;
        }
    }
    Ok(out)
}

fn filters(values: &Values, target: &Target) -> Result<String, ConfigError> {
    let (template, config_indent) = match values.form {
        Form::Ecds => (include_str!("templates/ecds.yaml"), 16),
        Form::Inline => (include_str!("templates/inline.yaml"), 16),
        Form::WasmPlugin => (include_str!("templates/wasmplugin.yaml"), 4),
        Form::TrafficExtension => (include_str!("templates/trafficextension.yaml"), 6),
    };
    let (image, file) = match &values.code {
        Code::Image(image) => (image.reference(), ""),
        Code::File(path) => (String::new(), path.as_str()),
    };
    filled(
        template,
        &[
            ("metadata", &metadata(&target.name, target)),
            ("name", &written(&values.name)),
            ("priority", &values.priority.to_string()),
            ("labels", &labels(&target.labels)),
            ("context", target.at.context()),
            ("modes", modes(target.at)),
            ("vm_id", &written(&values.vm_id)),
            ("image", &image),
            ("file", &written(file)),
            ("config", &indented(&values.config, config_indent)),
        ],
    )
}

fn listeners(values: &Values, target: &Target) -> Result<String, ConfigError> {
    filled(
        include_str!("templates/listeners.yaml"),
        &[
            (
                "metadata",
                &metadata(&format!("{}-listeners", target.name), target),
            ),
            ("labels", &labels(&target.labels)),
            ("context", target.at.context()),
            ("buffer_bytes", &values.buffer_bytes.to_string()),
        ],
    )
}

fn metadata(name: &str, target: &Target) -> String {
    match &target.namespace {
        Some(namespace) => format!("{{name: {}, namespace: {}}}", written(name), written(namespace)),
        None => format!("{{name: {}}}", written(name)),
    }
}

/// A pod's proxy has two sides, and a WasmPlugin would stand on both.
fn modes(at: At) -> &'static str {
    match at {
        At::Gateway | At::Egress => "",
        At::Sidecar => "\n  match: [{mode: SERVER}]",
    }
}

fn labels(labels: &[(String, String)]) -> String {
    let labels: Vec<String> = labels
        .iter()
        .map(|(key, value)| format!("{}: {}", written(key), written(value)))
        .collect();
    format!("{{{}}}", labels.join(", "))
}

/// A template with its `$name$`s filled in. What is filled in is not looked at again.
fn filled(template: &str, fields: &[(&str, &str)]) -> Result<String, ConfigError> {
    let mut out = String::new();
    for (index, part) in template.split('$').enumerate() {
        if index % 2 == 0 {
            out += part;
            continue;
        }
        let field = fields.iter().find(|(name, _)| *name == part);
        let (_, value) = field
            .ok_or_else(|| ConfigError::new("", format!("bug: the template has no value for {part:?}")))?;
        out += value;
    }
    Ok(out)
}
