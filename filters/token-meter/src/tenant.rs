//! Who an exchange is charged to, as it is written.

use penstock_filter_api::{ConfigError, Head, Ports, Tenant, TenantSource, reads};

/// The name of all whose own is none: given twice, too long, no text.
const INVALID: &str = "invalid";

/// Longest name, in bytes.
const MAX_NAME_BYTES: usize = 128;

/// Longest value that is hashed, in bytes.
const MAX_HASHED_BYTES: usize = 8192;

/// Where the tenant is read from: exactly one of `header`, `jwt_claim` and `filter_state`.
#[derive(Debug)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields),
    schemars(rename = "Tenant")
)]
pub(crate) struct RawTenant {
    /// A request header. Make sure that only a trusted hop can set it.
    #[cfg_attr(feature = "schema", schemars(default))]
    header: Option<String>,
    /// Keys from the dynamic metadata of `envoy.filters.http.jwt_authn` down to the claim, such as
    /// `["payload", "tenant"]`. The first is the `payload_in_metadata` of the provider.
    #[cfg_attr(feature = "schema", schemars(default))]
    jwt_claim: Vec<String>,
    /// Filter state that another filter has set. A value that a wasm filter has set as `x` is `wasm.x`.
    #[cfg_attr(feature = "schema", schemars(default))]
    filter_state: Option<String>,
    /// Shows a hash instead of the value: 16 hexadecimal digits of SHA-256. For API keys; required for
    /// headers that hold a credential. `Bearer ` is taken off first.
    #[cfg_attr(feature = "schema", schemars(default))]
    hash: bool,
    /// Hashed together with the value, so that nobody can try values without knowing it.
    #[cfg_attr(feature = "schema", schemars(default))]
    hash_key: String,
    /// Most tenants with a label of their own, in each Envoy worker. The others share one. 1 to 10000.
    #[cfg_attr(feature = "schema", schemars(default = "default_cap"))]
    pub(crate) cap: u16,
    /// The label value that the others share.
    #[cfg_attr(feature = "schema", schemars(default = "crate::raw::other"))]
    pub(crate) other: String,
}

reads!(struct RawTenant { header, jwt_claim, filter_state, hash, hash_key, cap, other });

fn default_cap() -> u16 {
    100
}

impl Default for RawTenant {
    fn default() -> Self {
        Self {
            header: None,
            jwt_claim: Vec::new(),
            filter_state: None,
            hash: false,
            hash_key: String::new(),
            cap: default_cap(),
            other: crate::raw::other(),
        }
    }
}

impl RawTenant {
    fn source(&self) -> TenantSource {
        TenantSource {
            header: self.header.clone(),
            jwt_claim: self.jwt_claim.clone(),
            filter_state: self.filter_state.clone(),
            hash: self.hash,
            hash_key: self.hash_key.clone(),
        }
    }
}

/// Reads who an exchange is charged to.
#[derive(Debug)]
pub(crate) struct Payer {
    tenant: Tenant,
    header: Option<String>,
    hashed: bool,
}

impl Payer {
    /// Checks where to read.
    pub(crate) fn new(raw: &RawTenant) -> Result<Self, ConfigError> {
        Ok(Self {
            tenant: Tenant::new(&raw.source())?,
            header: raw.header.as_ref().map(|name| name.to_ascii_lowercase()),
            hashed: raw.hash,
        })
    }

    /// The tenant's name, or its hash. What cannot be a name is `invalid`, so that nobody gains a second one by it.
    pub(crate) fn read(&self, head: &Head, ports: &mut dyn Ports) -> Option<String> {
        if let Some(header) = &self.header {
            let mut values = head.headers.all(header);
            let good = values.next().is_none_or(|value| self.is_good(value)) && values.next().is_none();
            if !good {
                return Some(INVALID.to_owned());
            }
        }
        let name = self.tenant.read(head, ports)?;
        let torn = name.contains(char::REPLACEMENT_CHARACTER);
        Some(if torn { INVALID.to_owned() } else { name })
    }

    fn is_good(&self, value: &[u8]) -> bool {
        let most = if self.hashed {
            MAX_HASHED_BYTES
        } else {
            MAX_NAME_BYTES
        };
        let text = std::str::from_utf8(value).is_ok_and(|text| !text.contains(char::is_control));
        value.len() <= most && text
    }
}
