//! A filter whose configuration comes apart from the listener (ECDS).

use super::super::around::Remark;
use super::super::node::Node;

const WASM: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";
const RBAC: &str = "envoy.extensions.filters.http.rbac.v3.RBAC";

/// Envoy's `ExtensionConfigSource`.
pub(super) struct Discovery<'n>(pub(super) &'n Node);

impl Discovery<'_> {
    pub(super) fn remarks(&self, remarks: &mut Vec<Remark>) {
        self.source(remarks);
        self.types(remarks);
        self.stand_in(remarks);
    }

    fn source(&self, remarks: &mut Vec<Remark>) {
        let Some(source) = self.0.field("config_source") else {
            return remarks.push(Remark::error(
                self.0.line,
                "config_source is missing, such as {ads: {}, initial_fetch_timeout: 30s}: Envoy refuses the listener",
            ));
        };
        if source.field("ads").is_none() {
            remarks.push(Remark::warning(
                source.line,
                "config_source is not ads: Istio delivers there and nowhere else",
            ));
        }
        if let Some(timeout) = source
            .field("initial_fetch_timeout")
            .filter(|timeout| timeout.text() == "0s")
        {
            remarks.push(Remark::warning(
                timeout.line,
                "initial_fetch_timeout is 0s: a proxy whose image cannot be pulled waits for ever",
            ));
        }
    }

    fn types(&self, remarks: &mut Vec<Remark>) {
        let types = self.0.field("type_urls").map_or(&[][..], Node::items);
        if !self.takes(WASM) {
            let line = self.0.field("type_urls").unwrap_or(self.0).line;
            remarks.push(Remark::error(
                line,
                format!("type_urls lacks type.googleapis.com/{WASM}: Envoy would refuse the filter"),
            ));
        }
        if let Some(rbac) = types.iter().find(|kind| kind.text().ends_with(RBAC)) {
            remarks.push(Remark::warning(
                rbac.line,
                "type_urls has RBAC: where an image cannot be pulled, the agent's stand-in (deny everything, or nothing) takes the place of the filter that serves",
            ));
        }
    }

    fn stand_in(&self, remarks: &mut Vec<Remark>) {
        let Some(default) = self
            .0
            .field("default_config")
            .filter(|default| !default.is_null())
        else {
            return remarks.push(Remark::warning(
                self.0.line,
                "default_config is missing: a proxy that never had the filter answers 500 with nothing to go by",
            ));
        };
        let kind = default.field("@type").map_or("", Node::text);
        let name = kind.rsplit('/').next().unwrap_or_default();
        if name.is_empty() || !self.takes(name) {
            remarks.push(Remark::error(
                default.line,
                "default_config is of a type that type_urls does not list: Envoy refuses the listener",
            ));
        }
    }

    fn takes(&self, name: &str) -> bool {
        let types = self.0.field("type_urls").map_or(&[][..], Node::items);
        types
            .iter()
            .any(|kind| kind.text().rsplit('/').next() == Some(name))
    }
}
