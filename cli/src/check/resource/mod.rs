//! Istio's resources around a filter: what the API, Istio or Envoy would refuse, and what they would take without a word.

mod discovery;

use super::around::{Remark, of_envoy};
use super::fields::{self, Message, Slip, Spelling};
use super::node::Node;
use discovery::Discovery;

/// An EnvoyFilter, a WasmPlugin or a TrafficExtension.
#[derive(Clone, Debug)]
pub(super) struct Resource<'n> {
    pub(super) kind: &'static str,
    /// Where it stands in its document.
    pub(super) path: String,
    pub(super) node: &'n Node,
}

/// Remarks, and where they belong in a resource.
pub(super) type Remarks = Vec<(String, Remark)>;

const KINDS: &[&str] = &["EnvoyFilter", "WasmPlugin", "TrafficExtension"];

impl<'n> Resource<'n> {
    /// Takes a resource of a kind that can load a filter.
    pub(super) fn new(kind: &str, path: String, node: &'n Node) -> Option<Self> {
        let kind = *KINDS.iter().find(|known| **known == kind)?;
        Some(Self { kind, path, node })
    }

    /// Whether it has our name, or one of its patches does.
    pub(super) fn has_our_name(&self) -> bool {
        let own = self.node.at(&["metadata", "name"]);
        let patches = self
            .patches()
            .into_iter()
            .filter_map(|patch| patch.value?.field("name"));
        own.into_iter()
            .chain(patches)
            .any(|name| name.text().contains("penstock"))
    }

    /// Everything that is to say about the resource alone.
    pub(super) fn remarks(&self) -> Remarks {
        let Some(spec) = self.node.field("spec").filter(|spec| !spec.members().is_empty()) else {
            let missing = Remark::error(self.node.line, "spec is missing");
            return vec![(String::new(), missing)];
        };
        let mut remarks: Remarks = match self.kind {
            "EnvoyFilter" => known(spec, &fields::ENVOY_FILTER),
            "WasmPlugin" => known(spec, &fields::WASM_PLUGIN),
            _ => known(spec, &fields::TRAFFIC_EXTENSION),
        };
        match self.kind {
            "EnvoyFilter" => self.envoy_filter(spec, &mut remarks),
            _ => self.plugin(spec, &mut remarks),
        }
        remarks
    }

    fn envoy_filter(&self, spec: &Node, remarks: &mut Remarks) {
        let mut say = |remark| remarks.push(("spec".to_owned(), remark));
        if spec.field("priority").is_none() {
            say(Remark::warning(
                spec.line,
                "priority is missing: among EnvoyFilters the time of creation decides, and then the name, which filter comes first",
            ));
        }
        if self.patches().is_empty() {
            say(Remark::error(
                spec.line,
                "configPatches is missing: nothing is patched",
            ));
        }
        for patch in self.patches() {
            let mut found = Vec::new();
            patch.remarks(&mut found);
            remarks.extend(found.into_iter().map(|remark| (patch.path.clone(), remark)));
        }
    }

    /// A WasmPlugin, or a TrafficExtension.
    fn plugin(&self, spec: &Node, remarks: &mut Remarks) {
        let mut say = |remark| remarks.push(("spec".to_owned(), remark));
        let targets = spec.field("target_refs");
        if let (Some(selector), Some(_)) = (spec.field("selector"), targets) {
            say(Remark::error(
                selector.line,
                "selector and targetRefs: the API refuses both at once",
            ));
        }
        for target in targets.map_or(&[][..], Node::items) {
            if target
                .field("group")
                .is_some_and(|group| group.text() == "networking.istio.io")
            {
                say(Remark::warning(
                    target.line,
                    "targetRefs names a Gateway of Istio's own kind, and Istio attaches nothing there, without a word: use selector",
                ));
            }
        }
        if let Some(phase) = spec.field("phase").filter(|phase| phase.text() == "AUTHN") {
            say(Remark::warning(
                phase.line,
                "phase AUTHN is before authentication: the filter sees requests that nobody vouches for, with the tenant headers that clients write",
            ));
        }
        if self.kind == "TrafficExtension" && spec.field("wasm").is_none() && spec.field("lua").is_none() {
            say(Remark::error(spec.line, "wasm is missing: there is no module"));
        }
    }

    fn patches(&self) -> Vec<Patch<'n>> {
        let patches = self
            .node
            .at(&["spec", "config_patches"])
            .filter(|_| self.kind == "EnvoyFilter");
        let patches = patches.map_or(&[][..], Node::items).iter().enumerate();
        let patch = |(index, node): (usize, &'n Node)| Patch {
            path: format!("spec.configPatches[{index}]"),
            node,
            apply_to: node.field("apply_to").map_or("", Node::text),
            context: node.at(&["match", "context"]).map_or("ANY", Node::text),
            value: node.at(&["patch", "value"]),
        };
        patches.map(patch).collect()
    }
}

/// What a `spec` has that the API does not.
fn known(spec: &Node, message: &Message) -> Remarks {
    let remark = |slip: Slip| match slip {
        Slip::Field { line, name } => {
            Remark::error(line, format!("unknown field {name}: the API refuses it"))
        }
        Slip::Word { line, why } => Remark::error(line, why),
    };
    let slips = fields::slips(spec, message, Spelling::Camel).into_iter();
    slips.map(|slip| ("spec".to_owned(), remark(slip))).collect()
}

/// One of an EnvoyFilter's patches.
struct Patch<'n> {
    path: String,
    node: &'n Node,
    apply_to: &'n str,
    context: &'n str,
    value: Option<&'n Node>,
}

impl<'n> Patch<'n> {
    fn remarks(&self, remarks: &mut Vec<Remark>) {
        if self.apply_to.is_empty() {
            return remarks.push(Remark::error(self.node.line, "applyTo is missing"));
        }
        let operation = self.node.at(&["patch", "operation"]);
        match (self.apply_to, operation.map(Node::text)) {
            (_, None) => remarks.push(Remark::error(
                self.node.line,
                "patch.operation is missing: Istio does nothing",
            )),
            ("EXTENSION_CONFIG", Some(other)) if other != "ADD" => remarks.push(Remark::error(
                operation.map_or(self.node.line, |operation| operation.line),
                "an EXTENSION_CONFIG can only be added: ADD",
            )),
            (_, Some(_)) => {}
        }
        match (self.apply_to, self.value) {
            ("HTTP_FILTER" | "EXTENSION_CONFIG", Some(value)) => self.filter(value, remarks),
            ("HTTP_FILTER" | "EXTENSION_CONFIG", None)
                if operation.is_none_or(|operation| operation.text() != "REMOVE") =>
            {
                remarks.push(Remark::error(self.node.line, "patch.value is missing"));
            }
            (_, _) => {}
        }
    }

    /// A filter of the connection manager, or a configuration that one discovers.
    fn filter(&self, value: &Node, remarks: &mut Vec<Remark>) {
        let slips = fields::slips(value, &fields::HTTP_FILTER, Spelling::Either);
        remarks.extend(slips.iter().map(of_envoy));
        if value.field("name").is_none_or(|name| name.text().is_empty()) {
            remarks.push(Remark::error(
                value.line,
                "name is missing: Envoy refuses the filter",
            ));
        }
        match (value.field("typed_config"), value.field("config_discovery")) {
            (Some(config), None) => self.config(config, remarks),
            (None, Some(discovery)) if self.apply_to == "HTTP_FILTER" => {
                Discovery(discovery).remarks(remarks)
            }
            (None, _) => remarks.push(Remark::error(
                value.line,
                "typed_config is missing: there is no filter",
            )),
            (Some(_), Some(discovery)) => remarks.push(Remark::error(
                discovery.line,
                "typed_config and config_discovery: Envoy takes one of them",
            )),
        }
    }

    fn config(&self, config: &Node, remarks: &mut Vec<Remark>) {
        if config.field("@type").is_none() {
            return remarks.push(Remark::error(
                config.line,
                "typed_config has no @type: type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            ));
        }
        if !is_wasm(config) {
            return; // a filter of Envoy's own, which has other fields
        }
        if config
            .field("config")
            .or_else(|| config.at(&["value", "config"]))
            .is_none()
        {
            remarks.push(Remark::error(
                config.line,
                "config is missing: the filter has no plugin",
            ));
        }
        let remote = config.at(&["config", "vm_config", "code", "remote"]);
        if let Some(remote) = remote.filter(|_| self.apply_to == "HTTP_FILTER") {
            remarks.push(Remark::error(
                remote.line,
                "code.remote in a listener: Istio's agent pulls modules for discovered configurations alone, and Envoy would answer 503 on every request. Use config_discovery and an EXTENSION_CONFIG",
            ));
        }
    }
}

/// Of a filter's configuration, by itself or in a TypedStruct.
fn is_wasm(config: &Node) -> bool {
    let name = config.field("type_url").or_else(|| config.field("@type"));
    name.is_some_and(|name| name.text().ends_with(".wasm.v3.Wasm"))
}

/// What resources say of each other: a filter that discovers its configuration needs somebody to add it.
pub(super) fn pairs(resources: &[Resource<'_>]) -> Vec<(String, Remark)> {
    let of = |apply_to: &'static str| {
        resources.iter().flat_map(move |resource| {
            let patches = resource.patches().into_iter();
            patches
                .filter(move |patch| patch.apply_to == apply_to)
                .map(move |patch| (resource, patch))
        })
    };
    let mut remarks = Vec::new();
    for (resource, filter) in of("HTTP_FILTER") {
        let Some(value) = filter
            .value
            .filter(|value| value.field("config_discovery").is_some())
        else {
            continue;
        };
        let name = value.field("name").map_or("", Node::text);
        let is_same = |added: &Patch<'_>| {
            added.value.and_then(|value| value.field("name")).map(Node::text) == Some(name)
        };
        let mut added = of("EXTENSION_CONFIG")
            .map(|(_, added)| added)
            .filter(is_same)
            .peekable();
        let message = if added.peek().is_none() {
            format!("no EXTENSION_CONFIG of the name {name:?} is added here: the filter would never be there")
        } else if added.all(|added| !meets(added.context, filter.context)) {
            format!(
                "the EXTENSION_CONFIG {name:?} is for another context than {}: these proxies would never get it",
                filter.context
            )
        } else {
            continue;
        };
        remarks.push((
            format!("{}.{}", resource.path, filter.path),
            Remark::warning(value.line, message),
        ));
    }
    remarks
}

fn meets(one: &str, other: &str) -> bool {
    one == other || one == "ANY" || other == "ANY"
}
