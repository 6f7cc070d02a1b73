//! The file of values: as it is written, and as it is rendered.

use super::config::{self, Json};
use super::image::{Image, Tags};
use super::target::{self, Target, named};
use penstock_filter_api::{ConfigError, reads};
use schemars::JsonSchema;

/// What `penstock istio` renders manifests from.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields, title = "Values of penstock istio")]
pub(super) struct RawValues {
    /// Name of the resources, and of the filter in the proxy.
    #[schemars(default = "default_name")]
    pub(super) name: String,
    /// How the filters get into the proxies.
    #[schemars(default)]
    pub(super) form: Form,
    /// The image of the module, as `make oci-push` prints it: `registry.example/penstock/suite@sha256:...`.
    #[schemars(default)]
    pub(super) image: Option<String>,
    /// Takes an image by its tag. A tag can move, and proxies would run different modules.
    #[schemars(default)]
    pub(super) allow_tag: bool,
    /// The module's file in the proxy's own file system, for `form: inline`.
    #[schemars(default)]
    pub(super) module: Option<String>,
    /// The proxies that are meant.
    pub(super) targets: Vec<RawTarget>,
    /// Order among resources of its kind: of EnvoyFilters the lower goes first, of WasmPlugins and TrafficExtensions the
    /// higher.
    #[schemars(default = "default_priority")]
    pub(super) priority: u16,
    /// Name of the data that workers share. WasmPlugins and TrafficExtensions have none.
    #[schemars(default = "default_name")]
    pub(super) vm_id: String,
    /// The most that the proxy holds of a body, in bytes; 0 leaves its listeners alone.
    #[schemars(default = "default_buffer_bytes")]
    pub(super) buffer_bytes: u32,
    /// Who an exchange belongs to, for each filter that tells tenants apart and does not say itself.
    #[schemars(default, with = "Option<serde_json::Map<String, serde_json::Value>>")]
    pub(super) tenant: Option<Json>,
    /// Names of routes (a VirtualService's `http.name`) on which the filters run, for each filter without a `scope`. Empty
    /// for all.
    #[schemars(default)]
    pub(super) routes: Vec<String>,
    /// The configuration of the filters, as in `penstock schema document`.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub(super) filters: Json,
}

/// Proxies, by what they are for and by their labels.
#[derive(Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Target")]
pub(super) struct RawTarget {
    /// Where the proxies stand.
    pub(super) at: At,
    /// Namespace of the resources, and so of the proxies; the root namespace means all. Default: that of `kubectl apply`.
    #[schemars(default)]
    pub(super) namespace: Option<String>,
    /// Labels of the pods. Default: `istio: ingressgateway`, `istio: egressgateway`, or `penstock.dev/filters: enabled`.
    #[schemars(default, with = "std::collections::BTreeMap<String, String>")]
    pub(super) labels: Vec<(String, String)>,
}

/// How the filters get into the proxies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub(crate) enum Form {
    /// An EnvoyFilter with config discovery: changes cut no stream, and heads are held.
    #[default]
    Ecds,
    /// An EnvoyFilter with all of it, and the module in the proxy's file system: changes replace the listener.
    Inline,
    /// A WasmPlugin, which never holds heads.
    WasmPlugin,
    /// A TrafficExtension, which never holds heads either.
    TrafficExtension,
}

impl Form {
    pub(crate) const ALL: [Self; 4] = [Self::Ecds, Self::Inline, Self::WasmPlugin, Self::TrafficExtension];

    /// Its name in files and on the command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ecds => "ecds",
            Self::Inline => "inline",
            Self::WasmPlugin => "wasmplugin",
            Self::TrafficExtension => "trafficextension",
        }
    }
}

/// Where proxies stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub(super) enum At {
    /// Where clients come in.
    #[default]
    Gateway,
    /// Before the servers of a pod.
    Sidecar,
    /// Where traffic to providers goes out.
    Egress,
}

reads!(struct RawValues {
    name, form, image, allow_tag, module, targets, priority, vm_id, buffer_bytes, tenant, routes, filters,
} needs targets, filters);
reads!(struct RawTarget { at, namespace, labels } needs at);
reads!(enum Form { "ecds" => Ecds, "inline" => Inline, "wasmplugin" => WasmPlugin, "trafficextension" => TrafficExtension });
reads!(enum At { "gateway" => Gateway, "sidecar" => Sidecar, "egress" => Egress });

fn default_name() -> String {
    "penstock".to_owned()
}

fn default_priority() -> u16 {
    10
}

/// Twice what the engine reads of a request, so that its own refusal, which says why, comes first.
fn default_buffer_bytes() -> u32 {
    16 << 20
}

impl Default for RawValues {
    fn default() -> Self {
        Self {
            name: default_name(),
            form: Form::default(),
            image: None,
            allow_tag: false,
            module: None,
            targets: Vec::new(),
            priority: default_priority(),
            vm_id: default_name(),
            buffer_bytes: default_buffer_bytes(),
            tenant: None,
            routes: Vec::new(),
            filters: Json::default(),
        }
    }
}

/// The JSON Schema of the file.
pub(crate) fn schema() -> serde_json::Value {
    schemars::schema_for!(RawValues).to_value()
}

/// Values that can be rendered.
#[derive(Debug)]
pub(super) struct Values {
    pub(super) name: String,
    pub(super) form: Form,
    pub(super) code: Code,
    pub(super) targets: Vec<Target>,
    pub(super) priority: u16,
    pub(super) vm_id: String,
    /// 0 for listeners that are left alone.
    pub(super) buffer_bytes: u32,
    /// The configuration of the filters, which accept it.
    pub(super) config: String,
}

/// Where the module comes from.
#[derive(Debug)]
pub(super) enum Code {
    Image(Image),
    File(String),
}

impl Values {
    pub(super) fn new(raw: RawValues) -> Result<Self, ConfigError> {
        named("name", &raw.name)?;
        named("vm_id", &raw.vm_id)?;
        let code = code(&raw)?;
        let config = config::checked(&raw, &code)?;
        Ok(Self {
            targets: target::all(&raw)?,
            code,
            config,
            name: raw.name,
            form: raw.form,
            priority: raw.priority,
            vm_id: raw.vm_id,
            buffer_bytes: raw.buffer_bytes,
        })
    }
}

fn code(raw: &RawValues) -> Result<Code, ConfigError> {
    let error = |path: &str, why: &str| Err(ConfigError::new(path, why));
    let tags = if raw.allow_tag {
        Tags::Allowed
    } else {
        Tags::Refused
    };
    match (raw.form, &raw.image, &raw.module) {
        (Form::Inline, None, Some(file))
            if file.starts_with('/') && file.bytes().all(|byte| byte.is_ascii_graphic()) =>
        {
            Ok(Code::File(file.clone()))
        }
        (Form::Inline, None, Some(_)) => error(
            "module",
            "a path from the root of the proxy's file system is wanted, such as /etc/penstock/penstock-suite.wasm",
        ),
        (Form::Inline, Some(_), _) => error(
            "image",
            "form: inline takes no image: Envoy would have to fetch it by itself, and answers 503 on every request where that fails. Give the module's file as `module`, or use form: ecds",
        ),
        (Form::Inline, None, None) => error(
            "",
            "missing field `module`: the module's file in the proxy's file system, for form: inline",
        ),
        (_, _, Some(_)) => error(
            "module",
            "only form: inline takes a file; the others take an image",
        ),
        (_, Some(image), None) => Ok(Code::Image(Image::parse(image, tags)?)),
        (_, None, None) => error(
            "",
            "missing field `image`, such as registry.example/penstock/suite@sha256:...",
        ),
    }
}
