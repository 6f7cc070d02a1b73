//! Finds the configurations of Wasm filters in the files of Envoy, Istio and Envoy Gateway.

use super::node::{Node, Value, camel};
use super::place::above;
use super::resource::Resource;
use super::scalar::Reader;
use super::yaml;

/// Envoy's own `per_connection_buffer_limit_bytes`, in bytes.
const DEFAULT_BUFFER_BYTES: u64 = 1 << 20;

/// A Wasm filter, or a configuration that stands alone.
#[derive(Debug)]
pub(super) struct Site<'n> {
    /// Where it stands, such as `static_resources.listeners[0]...`; empty for a document that is nothing else.
    pub(super) path: String,
    pub(super) line: usize,
    /// Lines of the file above its document.
    pub(super) above: usize,
    pub(super) host: Host<'n>,
    /// The configuration as its filter gets it, or what stands where it should be.
    pub(super) config: Given<'n>,
    pub(super) reader: Reader,
}

/// What loads the module.
#[derive(Debug)]
pub(super) enum Host<'n> {
    /// Nothing: a plain document.
    Document,
    /// Envoy's `PluginConfig`, and the most that Envoy holds of a body, where the file tells.
    Envoy {
        plugin: &'n Node,
        buffer: Option<Buffer>,
        giver: Giver,
    },
    /// Istio's WasmPlugin, or TrafficExtension, by its kind.
    Istio { kind: &'static str, plugin: &'n Node },
    /// A filter of Envoy Gateway's EnvoyExtensionPolicy.
    Gateway { plugin: &'n Node },
}

/// Who gives a configuration to Envoy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Giver {
    /// Somebody who writes Envoy's files. Envoy says what is wrong with them.
    File,
    /// An EnvoyFilter. Istio leaves out what it does not know, and says nothing.
    Istio,
}

/// The most that Envoy holds of a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Buffer {
    pub(super) bytes: u64,
    pub(super) is_default: bool,
}

/// A configuration where it stands.
#[derive(Debug)]
pub(super) enum Given<'n> {
    /// There is none, which is as good as `{}`.
    Nothing,
    /// JSON in a text, on these lines.
    Text { node: &'n Node },
    /// A text where Envoy wants a message around it.
    Bare { node: &'n Node },
    /// A structure.
    Tree { node: &'n Node },
    /// A structure in an `Any` of Envoy's.
    Struct { node: &'n Node },
    /// Nothing that Envoy would take.
    Wrong { line: usize, message: String },
}

/// Every Wasm filter of a document, and the documents within it (those in a ConfigMap).
pub(super) struct Finder<'n> {
    pub(super) sites: Vec<Site<'n>>,
    pub(super) resources: Vec<Resource<'n>>,
    reader: Reader,
    giver: Giver,
}

/// What stands around a node.
#[derive(Clone, Default)]
struct Around {
    path: String,
    buffer: Option<Buffer>,
}

impl Around {
    fn step(&self, name: &str) -> Self {
        let path = match (self.path.as_str(), name.starts_with('[')) {
            ("", _) => name.to_owned(),
            (path, true) => format!("{path}{name}"),
            (path, false) => format!("{path}.{name}"),
        };
        Self {
            path,
            buffer: self.buffer,
        }
    }
}

impl<'n> Finder<'n> {
    /// Looks through a document. `reader` is who reads scalars in files that are not Kubernetes'.
    pub(super) fn search(document: &'n Node, reader: Reader) -> Self {
        let mut finder = Self {
            sites: Vec::new(),
            resources: Vec::new(),
            reader,
            giver: Giver::File,
        };
        finder.node(document, &Around::default());
        finder
    }

    fn node(&mut self, node: &'n Node, around: &Around) {
        match &node.value {
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.node(item, &around.step(&format!("[{index}]")));
                }
            }
            Value::Map(_) => self.map(node, around),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Plain(_) | Value::Text { .. } => {}
        }
    }

    fn map(&mut self, node: &'n Node, around: &Around) {
        if let Some(kind) = node.field("kind").filter(|_| node.field("apiVersion").is_some()) {
            return self.resource(kind.text(), node, around);
        }
        if let Some((plugin, step)) = wasm_plugin(node) {
            return self.envoy(plugin, &around.step(step));
        }
        let mut around = around.clone();
        if node
            .field("filter_chains")
            .or_else(|| node.field("default_filter_chain"))
            .is_some()
        {
            around.buffer = Some(buffer(node));
        }
        for member in node.members() {
            self.node(&member.node, &around.step(&member.key));
        }
    }

    /// A Kubernetes resource.
    fn resource(&mut self, kind: &str, node: &'n Node, around: &Around) {
        let before = (self.reader, self.giver);
        self.reader = Reader::Kubernetes;
        if kind == "EnvoyFilter" {
            self.giver = Giver::Istio;
        }
        let name = node.at(&["metadata", "name"]).map_or("", Node::text);
        let around = match (kind, name) {
            ("List", _) => around.clone(),
            (kind, "") => around.step(kind),
            (kind, name) => around.step(&format!("{kind}/{name}")),
        };
        self.resources
            .extend(Resource::new(kind, around.path.clone(), node));
        match (kind, node.field("spec")) {
            ("EnvoyExtensionPolicy", Some(spec)) => {
                let plugins = spec.field("wasm").map_or(&[][..], Node::items);
                for (index, plugin) in plugins.iter().enumerate() {
                    let host = Host::Gateway { plugin };
                    self.tree(
                        "config",
                        host,
                        plugin,
                        &around.step(&format!("spec.wasm[{index}]")),
                    );
                }
            }
            ("WasmPlugin", Some(spec)) => self.istio("WasmPlugin", spec, &around.step("spec")),
            ("TrafficExtension", Some(spec)) => {
                if let Some(plugin) = spec.field("wasm") {
                    self.istio("TrafficExtension", plugin, &around.step("spec.wasm"));
                }
            }
            _ => {
                for member in node.members() {
                    self.node(&member.node, &around.step(&member.key));
                }
            }
        }
        (self.reader, self.giver) = before;
    }

    fn istio(&mut self, kind: &'static str, plugin: &'n Node, around: &Around) {
        self.tree("plugin_config", Host::Istio { kind, plugin }, plugin, around);
    }

    /// A plugin whose configuration is a structure, in this field.
    fn tree(&mut self, name: &str, host: Host<'n>, plugin: &'n Node, around: &Around) {
        let shown = camel(name);
        let config = match plugin.field(name) {
            None => Given::Nothing,
            Some(node) => match &node.value {
                Value::Map(_) => Given::Tree { node },
                _ if node.is_null() => Given::Nothing,
                _ => Given::Wrong {
                    line: node.line,
                    message: format!("{shown} is to be a map"),
                },
            },
        };
        let path = around.step(&shown).path;
        self.add(path, plugin.line, host, config);
    }

    fn envoy(&mut self, plugin: &'n Node, around: &Around) {
        let path = around.step("configuration").path;
        let host = Host::Envoy {
            plugin,
            buffer: around.buffer,
            giver: self.giver,
        };
        self.add(path, plugin.line, host, any(plugin.field("configuration")));
    }

    fn add(&mut self, path: String, line: usize, host: Host<'n>, config: Given<'n>) {
        let line = match &config {
            Given::Text { node } | Given::Bare { node } | Given::Tree { node } | Given::Struct { node } => {
                node.line
            }
            Given::Nothing => line,
            Given::Wrong { line, .. } => *line,
        };
        let reader = self.reader;
        self.sites.push(Site {
            path,
            line,
            above: 0,
            host,
            config,
            reader,
        });
    }
}

/// The documents that a ConfigMap carries as texts (Envoy's files, as a rule), by key, with the lines above them.
pub(super) fn carried(document: &Node) -> Vec<(String, usize, Node)> {
    if document.field("kind").map(Node::text) != Some("ConfigMap") {
        return Vec::new();
    }
    let data = document.field("data").map_or(&[][..], Node::members);
    let files = data.iter().filter(|file| {
        [".yaml", ".yml", ".json"]
            .iter()
            .any(|end| file.key.ends_with(end))
    });
    files
        .filter_map(|file| Some((file, yaml::documents(file.node.text()).ok()?)))
        .flat_map(|(file, documents)| {
            documents
                .into_iter()
                .map(|document| (file.key.clone(), above(&file.node), document))
        })
        .collect()
}

/// The `PluginConfig` of an HTTP filter, or of a service of its own, and the way to it: an `Any` has two forms.
fn wasm_plugin(node: &Node) -> Option<(&Node, &'static str)> {
    let kind = node.field("@type")?.text();
    if kind.ends_with("xds.type.v3.TypedStruct") || kind.ends_with("udpa.type.v1.TypedStruct") {
        let plugin = node
            .at(&["value", "config"])
            .map(|plugin| (plugin, "value.config"));
        return plugin.filter(|_| node.field("type_url").is_some_and(|kind| is_wasm(kind.text())));
    }
    let plugin = node.field("config").map(|plugin| (plugin, "config"));
    plugin.filter(|_| is_wasm(kind))
}

fn is_wasm(kind: &str) -> bool {
    kind.ends_with(".filters.http.wasm.v3.Wasm") || kind.ends_with(".wasm.v3.WasmService")
}

/// The content of an `Any` as Envoy hands it to a module: the text of a `StringValue`, a `Struct` as JSON.
fn any(node: Option<&Node>) -> Given<'_> {
    let Some(node) = node.filter(|node| !node.is_null()) else {
        return Given::Nothing;
    };
    let wrong = |message: String| Given::Wrong {
        line: node.line,
        message,
    };
    if node.members().is_empty() && !matches!(node.value, Value::Map(_)) {
        return Given::Bare { node };
    }
    let Some(kind) = node.field("@type") else {
        return wrong(
            "an @type is missing: google.protobuf.StringValue or google.protobuf.Struct".to_owned(),
        );
    };
    let name = kind.text().rsplit(['/', '.']).next().unwrap_or_default();
    let value = node.field("value");
    match (name, value) {
        ("StringValue" | "Struct", None) => Given::Nothing,
        ("StringValue", Some(value)) if matches!(value.value, Value::Map(_) | Value::List(_)) => {
            wrong("a StringValue holds JSON in a text, not a map".to_owned())
        }
        ("StringValue", Some(node)) => Given::Text { node },
        ("Struct", Some(node)) if matches!(node.value, Value::Map(_)) => Given::Struct { node },
        ("Struct", Some(_)) => wrong("a Struct holds a map".to_owned()),
        ("TypedStruct", _) => match node.field("value") {
            Some(node) => Given::Struct { node },
            None => Given::Nothing,
        },
        _ => wrong(format!(
            "@type {:?} is none that Penstock reads: use google.protobuf.StringValue or google.protobuf.Struct",
            kind.text()
        )),
    }
}

/// What a listener holds of a body: its own limit, or the greatest that one of its routes sets.
fn buffer(listener: &Node) -> Buffer {
    let own = listener
        .field("per_connection_buffer_limit_bytes")
        .and_then(bytes);
    let routes = greatest(listener, "request_body_buffer_limit");
    Buffer {
        bytes: routes.unwrap_or(0).max(own.unwrap_or(DEFAULT_BUFFER_BYTES)),
        is_default: own.is_none() && routes.is_none(),
    }
}

fn greatest(node: &Node, name: &str) -> Option<u64> {
    let own = node.field(name).and_then(bytes);
    let members = node.members().iter().map(|member| &member.node);
    let below = members
        .chain(node.items())
        .filter_map(|node| greatest(node, name));
    own.into_iter().chain(below).max()
}

fn bytes(node: &Node) -> Option<u64> {
    node.text().parse().ok()
}
