//! Envoy's own messages.

use super::Holds::{Anything, Fields, OneOf};
use super::Message;

/// `PluginConfig`.
pub(in super::super) static PLUGIN: Message = Message(&[
    ("name", Anything),
    ("root_id", Anything),
    ("vm_config", Fields(&VM)),
    ("configuration", Anything),
    ("fail_open", Anything),
    (
        "failure_policy",
        OneOf(&["UNSPECIFIED", "FAIL_RELOAD", "FAIL_CLOSED", "FAIL_OPEN"]),
    ),
    (
        "reload_config",
        Fields(&Message(&[("backoff", Fields(&BACKOFF))])),
    ),
    (
        "capability_restriction_config",
        Fields(&Message(&[("allowed_capabilities", Anything)])),
    ),
    ("allow_on_headers_stop_iteration", Anything),
]);

static BACKOFF: Message = Message(&[("base_interval", Anything), ("max_interval", Anything)]);

/// `VmConfig`.
static VM: Message = Message(&[
    ("vm_id", Anything),
    ("runtime", Anything),
    (
        "code",
        Fields(&Message(&[
            ("local", Fields(&SOURCE)),
            ("remote", Fields(&REMOTE)),
        ])),
    ),
    ("configuration", Anything),
    ("allow_precompiled", Anything),
    ("nack_on_code_cache_miss", Anything),
    (
        "environment_variables",
        Fields(&Message(&[("host_env_keys", Anything), ("key_values", Anything)])),
    ),
]);

/// `DataSource`.
static SOURCE: Message = Message(&[
    ("filename", Anything),
    ("inline_bytes", Anything),
    ("inline_string", Anything),
    ("environment_variable", Anything),
    ("watched_directory", Anything),
]);

/// `RemoteDataSource`.
static REMOTE: Message = Message(&[
    (
        "http_uri",
        Fields(&Message(&[
            ("uri", Anything),
            ("cluster", Anything),
            ("timeout", Anything),
        ])),
    ),
    ("sha256", Anything),
    ("retry_policy", Anything),
]);

/// `HttpFilter` of the connection manager, which `TypedExtensionConfig` is a part of.
pub(in super::super) static HTTP_FILTER: Message = Message(&[
    ("name", Anything),
    ("typed_config", Anything),
    ("config_discovery", Fields(&DISCOVERY)),
    ("is_optional", Anything),
    ("disabled", Anything),
]);

/// `ExtensionConfigSource`.
static DISCOVERY: Message = Message(&[
    ("config_source", Fields(&CONFIG_SOURCE)),
    ("default_config", Anything),
    ("apply_default_config_without_warming", Anything),
    ("type_urls", Anything),
]);

static CONFIG_SOURCE: Message = Message(&[
    ("authorities", Anything),
    ("path", Anything),
    ("path_config_source", Anything),
    ("api_config_source", Anything),
    ("ads", Anything),
    ("self", Anything),
    ("initial_fetch_timeout", Anything),
    ("resource_api_version", OneOf(&["AUTO", "V2", "V3"])),
]);
