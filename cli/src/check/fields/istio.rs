//! The `spec` of Istio's resources. tests/schemas holds these tables against the CRDs.

use super::Holds::{Anything, Fields, OneOf};
use super::Message;

/// EnvoyFilter.
pub(in super::super) static ENVOY_FILTER: Message = Message(&[
    ("workloadSelector", Fields(&Message(&[("labels", Anything)]))),
    ("targetRefs", Fields(&TARGET)),
    (
        "configPatches",
        Fields(&Message(&[
            (
                "applyTo",
                OneOf(&[
                    "LISTENER",
                    "FILTER_CHAIN",
                    "NETWORK_FILTER",
                    "HTTP_FILTER",
                    "ROUTE_CONFIGURATION",
                    "VIRTUAL_HOST",
                    "HTTP_ROUTE",
                    "CLUSTER",
                    "EXTENSION_CONFIG",
                    "BOOTSTRAP",
                    "LISTENER_FILTER",
                ]),
            ),
            ("match", Fields(&MATCH)),
            ("patch", Fields(&PATCH)),
        ])),
    ),
    ("priority", Anything),
]);

static PATCH: Message = Message(&[
    (
        "operation",
        OneOf(&[
            "MERGE",
            "ADD",
            "REMOVE",
            "INSERT_BEFORE",
            "INSERT_AFTER",
            "INSERT_FIRST",
            "REPLACE",
            "MERGE_AND_REPLACE_LIST",
        ]),
    ),
    ("value", Anything),
    ("filterClass", OneOf(&["UNSPECIFIED", "AUTHN", "AUTHZ", "STATS"])),
]);

static MATCH: Message = Message(&[
    (
        "context",
        OneOf(&[
            "ANY",
            "SIDECAR_INBOUND",
            "SIDECAR_OUTBOUND",
            "GATEWAY",
            "WAYPOINT",
        ]),
    ),
    (
        "proxy",
        Fields(&Message(&[("proxyVersion", Anything), ("metadata", Anything)])),
    ),
    ("listener", Fields(&LISTENER)),
    ("routeConfiguration", Fields(&ROUTES)),
    (
        "cluster",
        Fields(&Message(&[
            ("name", Anything),
            ("portNumber", Anything),
            ("service", Anything),
            ("subset", Anything),
        ])),
    ),
    (
        "waypoint",
        Fields(&Message(&[
            ("portNumber", Anything),
            ("filter", Fields(&FILTER)),
            ("route", Fields(&Message(&[("name", Anything)]))),
        ])),
    ),
]);

static LISTENER: Message = Message(&[
    ("portNumber", Anything),
    ("portName", Anything),
    ("name", Anything),
    ("listenerFilter", Anything),
    (
        "filterChain",
        Fields(&Message(&[
            ("name", Anything),
            ("sni", Anything),
            ("transportProtocol", Anything),
            ("applicationProtocols", Anything),
            ("destinationPort", Anything),
            ("filter", Fields(&FILTER)),
        ])),
    ),
]);

static FILTER: Message = Message(&[
    ("name", Anything),
    ("subFilter", Fields(&Message(&[("name", Anything)]))),
]);

static ROUTES: Message = Message(&[
    ("portNumber", Anything),
    ("portName", Anything),
    ("gateway", Anything),
    ("name", Anything),
    (
        "vhost",
        Fields(&Message(&[
            ("name", Anything),
            ("domainName", Anything),
            (
                "route",
                Fields(&Message(&[
                    ("name", Anything),
                    ("action", OneOf(&["ANY", "ROUTE", "REDIRECT", "DIRECT_RESPONSE"])),
                ])),
            ),
        ])),
    ),
]);

/// WasmPlugin.
pub(in super::super) static WASM_PLUGIN: Message = Message(&[
    ("selector", Fields(&SELECTOR)),
    ("targetRef", Fields(&TARGET)),
    ("targetRefs", Fields(&TARGET)),
    ("match", Fields(&TRAFFIC)),
    ("phase", OneOf(&["UNSPECIFIED_PHASE", "AUTHN", "AUTHZ", "STATS"])),
    ("priority", Anything),
    ("url", Anything),
    ("sha256", Anything),
    ("imagePullPolicy", PULL),
    ("imagePullSecret", Anything),
    ("verificationKey", Anything),
    ("pluginConfig", Anything),
    ("pluginName", Anything),
    ("failStrategy", FAIL),
    ("vmConfig", Fields(&VM)),
    ("type", TYPE),
]);

/// TrafficExtension.
pub(in super::super) static TRAFFIC_EXTENSION: Message = Message(&[
    ("selector", Fields(&SELECTOR)),
    ("targetRefs", Fields(&TARGET)),
    ("match", Fields(&TRAFFIC)),
    ("phase", OneOf(&["UNSPECIFIED", "AUTHN", "AUTHZ", "STATS"])),
    ("priority", Anything),
    ("wasm", Fields(&WASM)),
    ("lua", Fields(&Message(&[("inlineCode", Anything)]))),
]);

static WASM: Message = Message(&[
    ("url", Anything),
    ("sha256", Anything),
    ("imagePullPolicy", PULL),
    ("imagePullSecret", Anything),
    ("verificationKey", Anything),
    ("pluginConfig", Anything),
    ("pluginName", Anything),
    ("failStrategy", FAIL),
    ("vmConfig", Fields(&VM)),
    ("type", TYPE),
]);

const PULL: super::Holds = OneOf(&["UNSPECIFIED_POLICY", "IfNotPresent", "Always"]);
const FAIL: super::Holds = OneOf(&["FAIL_CLOSE", "FAIL_OPEN", "FAIL_RELOAD"]);
const TYPE: super::Holds = OneOf(&["UNSPECIFIED_PLUGIN_TYPE", "HTTP", "NETWORK"]);

static VM: Message = Message(&[(
    "env",
    Fields(&Message(&[
        ("name", Anything),
        ("value", Anything),
        ("valueFrom", OneOf(&["INLINE", "HOST"])),
    ])),
)]);

static SELECTOR: Message = Message(&[("matchLabels", Anything)]);

static TARGET: Message = Message(&[
    ("group", Anything),
    ("kind", Anything),
    ("name", Anything),
    ("namespace", Anything),
]);

static TRAFFIC: Message = Message(&[
    (
        "mode",
        OneOf(&["UNDEFINED", "CLIENT", "SERVER", "CLIENT_AND_SERVER"]),
    ),
    ("ports", Fields(&Message(&[("number", Anything)]))),
]);
