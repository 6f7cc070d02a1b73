//! Fields of the messages around a filter, as Envoy 1.40 and Istio 1.31 have them: what neither knows is a slip of somebody's.

use super::node::{Node, is_field};
use crate::args::hint;

/// A message: its fields, and the messages that they hold; of what is not told here, anything goes.
pub(super) struct Message(&'static [(&'static str, Option<&'static Message>)]);

/// How fields may be spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// protobuf's JSON takes `vm_config` and `vmConfig`.
    Either,
    /// Kubernetes takes `configPatches` alone.
    Camel,
}

/// A field that its message does not have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unknown {
    pub(super) line: usize,
    /// Such as `vm_config.code.remote`; with a hint behind it where it looks like a known one.
    pub(super) name: String,
}

/// Envoy's `PluginConfig`.
pub(super) static PLUGIN: Message = Message(&[
    ("name", None),
    ("root_id", None),
    ("vm_config", Some(&VM)),
    ("configuration", None),
    ("fail_open", None),
    ("failure_policy", None),
    ("reload_config", Some(&RELOAD)),
    (
        "capability_restriction_config",
        Some(&Message(&[("allowed_capabilities", None)])),
    ),
    ("allow_on_headers_stop_iteration", None),
]);

static RELOAD: Message = Message(&[(
    "backoff",
    Some(&Message(&[("base_interval", None), ("max_interval", None)])),
)]);

static VM: Message = Message(&[
    ("vm_id", None),
    ("runtime", None),
    ("code", Some(&CODE)),
    ("configuration", None),
    ("allow_precompiled", None),
    ("nack_on_code_cache_miss", None),
    (
        "environment_variables",
        Some(&Message(&[("host_env_keys", None), ("key_values", None)])),
    ),
]);

/// `AsyncDataSource`.
static CODE: Message = Message(&[("local", Some(&SOURCE)), ("remote", Some(&REMOTE))]);

static SOURCE: Message = Message(&[
    ("filename", None),
    ("inline_bytes", None),
    ("inline_string", None),
    ("environment_variable", None),
    ("watched_directory", None),
]);

static REMOTE: Message = Message(&[
    (
        "http_uri",
        Some(&Message(&[("uri", None), ("cluster", None), ("timeout", None)])),
    ),
    ("sha256", None),
    ("retry_policy", None),
]);

/// `HttpFilter` of Envoy's connection manager.
pub(super) static HTTP_FILTER: Message = Message(&[
    ("name", None),
    ("typed_config", None),
    ("config_discovery", Some(&DISCOVERY)),
    ("is_optional", None),
    ("disabled", None),
]);

/// `ExtensionConfigSource`.
static DISCOVERY: Message = Message(&[
    ("config_source", Some(&CONFIG_SOURCE)),
    ("default_config", None),
    ("apply_default_config_without_warming", None),
    ("type_urls", None),
]);

static CONFIG_SOURCE: Message = Message(&[
    ("authorities", None),
    ("path", None),
    ("path_config_source", None),
    ("api_config_source", None),
    ("ads", None),
    ("self", None),
    ("initial_fetch_timeout", None),
    ("resource_api_version", None),
]);

/// The `spec` of an EnvoyFilter.
pub(super) static ENVOY_FILTER: Message = Message(&[
    ("workloadSelector", Some(&Message(&[("labels", None)]))),
    ("targetRefs", None),
    ("configPatches", Some(&PATCH)),
    ("priority", None),
]);

static PATCH: Message = Message(&[
    ("applyTo", None),
    ("match", Some(&MATCH)),
    (
        "patch",
        Some(&Message(&[
            ("operation", None),
            ("value", None),
            ("filterClass", None),
        ])),
    ),
]);

static MATCH: Message = Message(&[
    ("context", None),
    ("proxy", None),
    ("listener", Some(&LISTENER)),
    ("routeConfiguration", None),
    ("cluster", None),
    ("waypoint", None),
]);

static LISTENER: Message = Message(&[
    ("portNumber", None),
    ("portName", None),
    ("name", None),
    ("listenerFilter", None),
    ("filterChain", Some(&CHAIN)),
]);

static CHAIN: Message = Message(&[
    ("name", None),
    ("sni", None),
    ("transportProtocol", None),
    ("applicationProtocols", None),
    ("destinationPort", None),
    (
        "filter",
        Some(&Message(&[
            ("name", None),
            ("subFilter", Some(&Message(&[("name", None)]))),
        ])),
    ),
]);

/// The `spec` of a WasmPlugin.
pub(super) static WASM_PLUGIN: Message = Message(&[
    ("selector", Some(&SELECTOR)),
    ("targetRef", None),
    ("targetRefs", None),
    ("url", None),
    ("sha256", None),
    ("imagePullPolicy", None),
    ("imagePullSecret", None),
    ("verificationKey", None),
    ("pluginConfig", None),
    ("pluginName", None),
    ("phase", None),
    ("priority", None),
    ("failStrategy", None),
    ("vmConfig", None),
    ("match", Some(&TRAFFIC)),
    ("type", None),
]);

/// The `spec` of a TrafficExtension.
pub(super) static TRAFFIC_EXTENSION: Message = Message(&[
    ("selector", Some(&SELECTOR)),
    ("targetRefs", None),
    ("match", Some(&TRAFFIC)),
    ("phase", None),
    ("priority", None),
    ("wasm", Some(&EXTENSION)),
    ("lua", None),
]);

static EXTENSION: Message = Message(&[
    ("url", None),
    ("sha256", None),
    ("imagePullPolicy", None),
    ("imagePullSecret", None),
    ("verificationKey", None),
    ("pluginConfig", None),
    ("pluginName", None),
    ("failStrategy", None),
    ("vmConfig", None),
    ("type", None),
]);

static SELECTOR: Message = Message(&[("matchLabels", None)]);

static TRAFFIC: Message = Message(&[("mode", None), ("ports", None)]);

/// Every field of a node, and of what it holds, that its message does not have.
pub(super) fn unknown(node: &Node, message: &Message, spelling: Spelling) -> Vec<Unknown> {
    let mut found = Vec::new();
    search(node, message, spelling, "", &mut found);
    found
}

fn search(node: &Node, message: &Message, spelling: Spelling, path: &str, found: &mut Vec<Unknown>) {
    for (index, item) in node.items().iter().enumerate() {
        search(item, message, spelling, &format!("{path}[{index}]"), found);
    }
    for member in node.members() {
        let path = match path {
            "" => member.key.clone(),
            path => format!("{path}.{}", member.key),
        };
        let known = message
            .0
            .iter()
            .find(|(name, _)| is_known(&member.key, name, spelling));
        match known {
            Some((_, Some(inner))) => search(&member.node, inner, spelling, &path, found),
            Some((_, None)) => {}
            None => found.push(Unknown {
                line: member.line,
                name: format!("{path:?}{}", near(&member.key, message)),
            }),
        }
    }
}

fn is_known(key: &str, name: &str, spelling: Spelling) -> bool {
    match spelling {
        Spelling::Either => is_field(key, name),
        Spelling::Camel => key == name,
    }
}

fn near(key: &str, message: &Message) -> String {
    let names: Vec<&str> = message.0.iter().map(|(name, _)| *name).collect();
    hint(key, &names)
}

#[cfg(test)]
mod tests {
    use super::super::yaml;
    use super::*;

    #[test]
    fn unknown_fields_have_their_path_and_a_hint() {
        let text = "name: x\nvmConfig:\n  vm_id: y\n  code: {remote: {http_uri: {ur: z}}}\nfail_policy: OPEN\nconfiguration: {anything: 1}\n";
        let node = yaml::documents(text).unwrap().remove(0);
        let names: Vec<(usize, String)> = unknown(&node, &PLUGIN, Spelling::Either)
            .into_iter()
            .map(|unknown| (unknown.line, unknown.name))
            .collect();
        let wanted = [
            (4, "\"vmConfig.code.remote.http_uri.ur\", did you mean uri"),
            (5, "\"fail_policy\", did you mean failure_policy"),
        ];
        assert_eq!(names, wanted.map(|(line, name)| (line, name.to_owned())));
        let spec = yaml::documents("config_patches: []\nconfigPatches:\n- {applyto: X}\n")
            .unwrap()
            .remove(0);
        let names: Vec<String> = unknown(&spec, &ENVOY_FILTER, Spelling::Camel)
            .into_iter()
            .map(|unknown| unknown.name)
            .collect();
        assert_eq!(
            names,
            [
                "\"config_patches\", did you mean configPatches",
                "\"configPatches[0].applyto\", did you mean applyTo"
            ]
        );
    }
}
