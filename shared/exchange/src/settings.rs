//! The engine's own configuration, under the key `exchange`.

use crate::custom::{self, RawCustom};
use penstock_filter_api::{ConfigError, read, reads};
use penstock_llm_api::{Api, CustomApi, Operation};
use penstock_wire::Limits;

/// Bounds and policies of the engine, checked and ready to use.
#[derive(Debug)]
pub struct Settings {
    /// Largest request body that is read, in bytes as sent.
    pub max_request_bytes: usize,
    /// Largest unary response body that is read, in bytes as sent.
    pub max_response_bytes: usize,
    /// Largest frame of a stream, in bytes.
    pub max_frame_bytes: usize,
    /// Bytes that all exchanges of this VM may hold together.
    pub max_held_bytes: usize,
    /// How much Envoy buffers of one body, in bytes: more is not written into a body that it keeps.
    pub proxy_buffer_bytes: usize,
    /// How long output text may be held back, in milliseconds.
    pub max_hold_ms: u32,
    /// Largest size of a decompressed body, in bytes, and the largest growth allowed.
    pub inflate: InflateBounds,
    /// Bounds of every JSON document.
    pub json: Limits,
    /// Whether request and response heads wait until the body is judged.
    pub hold_headers: bool,
    /// What happens after the error event of a cut.
    pub on_cut: OnCut,
    /// Routes whose API the path does not tell.
    pub routes: Vec<RouteRule>,
    /// Models described by configuration.
    pub custom: Vec<CustomApi>,
    operations: [OperationRule; Operation::ALL.len()],
}

/// Bounds of decompression.
#[derive(Clone, Copy, Debug)]
pub struct InflateBounds {
    /// Largest output, in bytes; for streams it bounds each chunk.
    pub max_bytes: usize,
    /// Largest ratio of output to input once the output is larger than 64 KiB.
    pub max_ratio: usize,
}

/// What becomes of an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case")
)]
pub enum OperationRule {
    /// Filters join.
    Inspect,
    /// Nothing is read; it is only counted.
    #[default]
    Pass,
    /// It is refused with 403.
    Deny,
}

reads!(enum OperationRule { "inspect" => Inspect, "pass" => Pass, "deny" => Deny });

/// How a cut response ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case")
)]
pub enum OnCut {
    /// Both sides are reset right after the error event.
    #[default]
    Reset,
    /// The upstream's response is read to its end and thrown away, and the client's ends cleanly.
    Drain,
}

reads!(enum OnCut { "reset" => Reset, "drain" => Drain });

/// An API given by configuration instead of by the path.
#[derive(Debug)]
pub struct RouteRule {
    matches: RouteMatch,
    /// The API spoken there; `None` to tell by the body.
    pub api: Option<Api>,
}

#[derive(Debug)]
enum RouteMatch {
    Name(String),
    PathPrefix(String),
}

impl RouteRule {
    /// Whether the rule is for this route or path.
    pub fn is_for(&self, route: &str, path: &str) -> bool {
        match &self.matches {
            RouteMatch::Name(name) => name == route,
            RouteMatch::PathPrefix(prefix) => path.starts_with(prefix.as_str()),
        }
    }
}

impl Settings {
    /// Reads the value of the key `exchange`.
    pub fn load(json: &str) -> Result<Self, ConfigError> {
        read::<Raw>(json)?.check()
    }

    /// What becomes of this kind of operation.
    pub fn rule(&self, operation: Operation) -> OperationRule {
        let index = Operation::ALL.iter().position(|known| *known == operation);
        index
            .and_then(|index| self.operations.get(index))
            .copied()
            .unwrap_or_default()
    }
}

/// Bounds and policies of the engine that all filters share.
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Exchange")
)]
pub(crate) struct Raw {
    /// Largest request body that is read, in bytes as sent. Envoy's buffer must hold it
    /// (`per_connection_buffer_limit_bytes`). Default: 8 MiB.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    max_request_bytes: usize,
    /// Largest response body that is read and is no stream, in bytes as sent. Default: 8 MiB.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    max_response_bytes: usize,
    /// Largest frame of a stream, in bytes. Default: 1 MiB.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    max_frame_bytes: usize,
    /// Bytes that all exchanges of one Envoy worker may hold together. Default: 256 MiB.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    max_held_bytes: usize,
    /// Envoy's `per_connection_buffer_limit_bytes`, in bytes, or the smallest limit that a route sets. Edits of a body that
    /// Envoy keeps must fit into it, or Envoy crashes. Default: 1 MiB, as in Envoy.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    proxy_buffer_bytes: usize,
    /// How long output text may be held back, in milliseconds. Default: 1000.
    max_hold_ms: u32,
    /// Largest size of a decompressed body, in bytes; of a stream, of each chunk. Default: 32 MiB.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    max_inflated_bytes: usize,
    /// Largest growth by decompression, once a body is larger than 64 KiB. Default: 200.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    max_inflate_ratio: usize,
    /// Deepest nesting of a JSON document.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    max_json_depth: usize,
    /// Most values and keys of a JSON document.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    max_json_nodes: usize,
    /// Whether heads wait until the body is judged.
    headers: RawHeaders,
    /// What happens after the error event of a response that a filter cuts.
    on_cut: OnCut,
    /// What becomes of each kind of operation. Default: `generate` and `embed` are inspected, all else passes.
    operations: Vec<RawOperation>,
    /// Routes whose API the path does not tell.
    routes: Vec<RawRoute>,
    /// Models of any other HTTP API, described by JSON pointers.
    custom: Vec<RawCustom>,
}

reads!(struct Raw { max_request_bytes, max_response_bytes, max_frame_bytes, max_held_bytes, proxy_buffer_bytes, max_hold_ms, max_inflated_bytes, max_inflate_ratio, max_json_depth, max_json_nodes, headers, on_cut, operations, routes, custom });

/// Whether heads wait until the body is judged.
#[derive(Clone, Copy, Default, PartialEq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case"),
    schemars(rename = "Headers")
)]
enum RawHeaders {
    /// They wait. Needs `allow_on_headers_stop_iteration: true` in Envoy's configuration of the filter.
    #[default]
    Hold,
    /// They leave at once; bodies are withheld all the same. For Istio's WasmPlugin and TrafficExtension.
    Release,
}

reads!(enum RawHeaders { "hold" => Hold, "release" => Release });

/// What becomes of one kind of operation.
#[derive(Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields),
    schemars(rename = "Operation")
)]
struct RawOperation {
    /// The kind.
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::operation"))]
    kind: String,
    /// What becomes of it. `inspect` is for `generate`, `embed` and `mcp` only.
    rule: OperationRule,
}

reads!(struct RawOperation { kind, rule } needs kind, rule);

/// The API of a route. Has either `route` or `path_prefix`.
#[derive(Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields),
    schemars(rename = "Route")
)]
struct RawRoute {
    /// Envoy's name of the route.
    route: Option<String>,
    /// How the path begins.
    path_prefix: Option<String>,
    /// The API that is spoken there.
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::route_api"))]
    api: String,
}

reads!(struct RawRoute { route, path_prefix, api } needs api);

const MIB: usize = 1 << 20;

impl Default for Raw {
    fn default() -> Self {
        let json = Limits::default();
        Self {
            max_request_bytes: 8 * MIB,
            max_response_bytes: 8 * MIB,
            max_frame_bytes: MIB,
            max_held_bytes: 256 * MIB,
            proxy_buffer_bytes: MIB,
            max_hold_ms: 1_000,
            max_inflated_bytes: 32 * MIB,
            max_inflate_ratio: 200,
            max_json_depth: json.max_depth,
            max_json_nodes: json.max_nodes,
            headers: RawHeaders::default(),
            on_cut: OnCut::default(),
            operations: Vec::new(),
            routes: Vec::new(),
            custom: Vec::new(),
        }
    }
}

impl Raw {
    fn check(self) -> Result<Settings, ConfigError> {
        Ok(Settings {
            max_request_bytes: positive("max_request_bytes", self.max_request_bytes)?,
            max_response_bytes: positive("max_response_bytes", self.max_response_bytes)?,
            max_frame_bytes: positive("max_frame_bytes", self.max_frame_bytes)?,
            max_held_bytes: positive("max_held_bytes", self.max_held_bytes)?,
            proxy_buffer_bytes: positive("proxy_buffer_bytes", self.proxy_buffer_bytes)?,
            max_hold_ms: self.max_hold_ms,
            inflate: InflateBounds {
                max_bytes: positive("max_inflated_bytes", self.max_inflated_bytes)?,
                max_ratio: positive("max_inflate_ratio", self.max_inflate_ratio)?,
            },
            json: Limits {
                max_bytes: self
                    .max_inflated_bytes
                    .max(self.max_request_bytes)
                    .max(self.max_response_bytes),
                max_depth: positive("max_json_depth", self.max_json_depth)?,
                max_nodes: positive("max_json_nodes", self.max_json_nodes)?,
            },
            hold_headers: self.headers == RawHeaders::Hold,
            on_cut: self.on_cut,
            operations: operations(&self.operations)?,
            routes: routes(self.routes)?,
            custom: custom::check(self.custom)?,
        })
    }
}

fn positive(name: &str, value: usize) -> Result<usize, ConfigError> {
    // A module has 32 bits; what is checked natively must be what a module takes.
    if value == 0 || u32::try_from(value).is_err() {
        return Err(ConfigError::new(name, "must be from 1 to 4294967295"));
    }
    Ok(value)
}

fn operations(raw: &[RawOperation]) -> Result<[OperationRule; Operation::ALL.len()], ConfigError> {
    let mut rules = Operation::ALL.map(|operation| match operation.is_inference() {
        true => OperationRule::Inspect,
        false => OperationRule::Pass,
    });
    for (index, entry) in raw.iter().enumerate() {
        let at = |field: &str| format!("operations[{index}].{field}");
        let operation = Operation::from_name(&entry.kind);
        let Some((operation, rule)) = Operation::ALL
            .into_iter()
            .zip(&mut rules)
            .find(|(known, _)| operation == Some(*known))
        else {
            let known = Operation::ALL.map(Operation::name).join(", ");
            return Err(ConfigError::new(
                at("kind"),
                format!("unknown operation; known are: {known}"),
            ));
        };
        if entry.rule == OperationRule::Inspect && !is_readable(operation) {
            return Err(ConfigError::new(
                at("rule"),
                "no filter can read this operation: use pass or deny",
            ));
        }
        *rule = entry.rule;
    }
    Ok(rules)
}

/// Whether a dialect reads the bodies of this operation.
fn is_readable(operation: Operation) -> bool {
    operation.is_inference() || operation == Operation::Mcp
}

fn routes(raw: Vec<RawRoute>) -> Result<Vec<RouteRule>, ConfigError> {
    raw.into_iter()
        .enumerate()
        .map(|(index, rule)| {
            rule.check()
                .map_err(|error| error.under(&format!("routes[{index}]")))
        })
        .collect()
}

impl RawRoute {
    fn check(self) -> Result<RouteRule, ConfigError> {
        let matches = match (self.route, self.path_prefix) {
            (Some(name), None) => RouteMatch::Name(name),
            (None, Some(prefix)) => RouteMatch::PathPrefix(prefix),
            (None, None) | (Some(_), Some(_)) => {
                return Err(ConfigError::new("", "needs either route or path_prefix"));
            }
        };
        let api = match self.api.as_str() {
            "by_body" => None,
            name => Some(
                Api::from_name(name)
                    .filter(|api| *api != Api::Custom)
                    .ok_or_else(unknown_api)?,
            ),
        };
        Ok(RouteRule { matches, api })
    }
}

fn unknown_api() -> ConfigError {
    let known: Vec<&str> = Api::ALL
        .into_iter()
        .filter(|api| *api != Api::Custom)
        .map(Api::name)
        .collect();
    let known = known.join(", ");
    ConfigError::new(
        "api",
        format!("unknown API; known are: by_body, {known}; a custom API brings its own path"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> String {
        Settings::load(json).map(|_| ()).unwrap_err().path
    }

    #[test]
    fn defaults_read_only_what_filters_can_read() {
        let settings = Settings::load("{}").unwrap();
        assert_eq!(settings.rule(Operation::Generate), OperationRule::Inspect);
        assert_eq!(settings.rule(Operation::Upload), OperationRule::Pass);
        assert_eq!(settings.rule(Operation::Mcp), OperationRule::Pass);
        let asked = Settings::load(r#"{"operations": [{"kind": "mcp", "rule": "inspect"}]}"#).unwrap();
        assert_eq!(asked.rule(Operation::Mcp), OperationRule::Inspect);
        assert!(settings.hold_headers);
    }

    #[test]
    fn errors_name_the_field() {
        assert_eq!(refused(r#"{"max_frame_bytes": 0}"#), "max_frame_bytes");
        assert_eq!(
            refused(r#"{"operations": [{"kind": "upload", "rule": "inspect"}]}"#),
            "operations[0].rule"
        );
        assert_eq!(refused(r#"{"routes": [{"api": "openai_chat"}]}"#), "routes[0]");
        assert_eq!(
            refused(r#"{"routes": [{"route": "a", "api": "openai"}]}"#),
            "routes[0].api"
        );
        let custom = r#"{"custom": [{"path": "/m", "response": {"usage": {"input_tokens": "usage"}}}]}"#;
        assert_eq!(refused(custom), "custom[0].response.usage.input_tokens");
    }
}
