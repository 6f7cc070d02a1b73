//! Who an exchange is charged to, as it is written.

use penstock_filter_api::{SourcePrincipal, TenantSource, reads};

/// Where the tenant is read from: exactly one of `header`, `jwt_claim`, `filter_state` and `source_principal`.
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
    /// The certificate of the client, which the listener must verify.
    #[cfg_attr(feature = "schema", schemars(default))]
    source_principal: Option<SourcePrincipal>,
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

reads!(struct RawTenant { header, jwt_claim, filter_state, source_principal, hash, hash_key, cap, other });

fn default_cap() -> u16 {
    100
}

impl Default for RawTenant {
    fn default() -> Self {
        Self {
            header: None,
            jwt_claim: Vec::new(),
            filter_state: None,
            source_principal: None,
            hash: false,
            hash_key: String::new(),
            cap: default_cap(),
            other: crate::raw::other(),
        }
    }
}

impl RawTenant {
    /// Whether tenants are known by their hashes alone.
    pub(crate) fn hashes(&self) -> bool {
        self.hash
    }

    pub(crate) fn source(&self) -> TenantSource {
        TenantSource {
            header: self.header.clone(),
            jwt_claim: self.jwt_claim.clone(),
            filter_state: self.filter_state.clone(),
            source_principal: self.source_principal,
            hash: self.hash,
            hash_key: self.hash_key.clone(),
        }
    }
}
