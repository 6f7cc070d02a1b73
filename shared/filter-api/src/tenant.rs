//! Who an exchange is charged to.

use crate::credential::{INVALID, hashed, is_credential, text};
use crate::{ConfigError, Head, Ports, reads};

/// Longest name that is not hashed, in bytes.
const MAX_NAME_BYTES: usize = 128;

/// Where the tenant is read from: exactly one of `header`, `jwt_claim`, `filter_state` and `source_principal`.
#[derive(Clone, Debug, Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Tenant")
)]
pub struct TenantSource {
    /// A request header. Make sure that only a trusted hop can set it.
    pub header: Option<String>,
    /// Keys from the dynamic metadata of `envoy.filters.http.jwt_authn` down to the claim, such as
    /// `["payload", "tenant"]`. The first is the `payload_in_metadata` of the provider.
    pub jwt_claim: Vec<String>,
    /// Filter state that another filter has set. A value that a wasm filter has set as `x` is `wasm.x`.
    pub filter_state: Option<String>,
    /// The certificate of the client, which the listener must verify.
    pub source_principal: Option<SourcePrincipal>,
    /// Shows a hash instead of the value: 16 hexadecimal digits of SHA-256. For API keys; required for
    /// headers that hold a credential. `Bearer ` is taken off first.
    pub hash: bool,
    /// Hashed together with the value, so that nobody can try values without knowing it.
    pub hash_key: String,
}

reads!(struct TenantSource { header, jwt_claim, filter_state, source_principal, hash, hash_key });

/// What of the client's certificate names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename_all = "snake_case")
)]
pub enum SourcePrincipal {
    /// The first URI among its subject alternative names, such as a SPIFFE ID.
    #[default]
    UriSan,
    /// The first DNS name among them.
    DnsSan,
    /// Its subject, as RFC 2253 writes it.
    Subject,
}

reads!(enum SourcePrincipal { "uri_san" => UriSan, "dns_san" => DnsSan, "subject" => Subject });

impl SourcePrincipal {
    /// Envoy's attribute.
    fn attribute(self) -> &'static str {
        match self {
            Self::UriSan => "uri_san_peer_certificate",
            Self::DnsSan => "dns_san_peer_certificate",
            Self::Subject => "subject_peer_certificate",
        }
    }
}

/// Reads the tenant of an exchange.
#[derive(Debug)]
pub struct Tenant {
    source: Source,
    hash_key: Option<String>,
}

#[derive(Debug)]
enum Source {
    Header(String),
    /// Path of a property of the host.
    Property(Vec<String>),
}

impl Tenant {
    /// Checks where to read.
    ///
    /// # Errors
    /// None or more than one source; a credential that is not hashed.
    pub fn new(raw: &TenantSource) -> Result<Self, ConfigError> {
        let hash_key = raw.hash.then(|| raw.hash_key.clone());
        if hash_key.is_none() && !raw.hash_key.is_empty() {
            return Err(ConfigError::new("hash_key", "has no effect without hash: true"));
        }
        Ok(Self {
            source: Source::new(raw)?,
            hash_key,
        })
    }

    /// The tenant's name, or its hash. What cannot be a name is [`INVALID`], so that nobody gains a second one by it.
    pub fn read(&self, head: &Head, ports: &mut dyn Ports) -> Option<String> {
        let property;
        let value = match &self.source {
            Source::Header(name) => {
                let mut values = head.headers.all(name);
                let value = values.next()?;
                if values.next().is_some() {
                    return Some(INVALID.to_owned());
                }
                value
            }
            Source::Property(path) => {
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                property = ports.property(&path)?;
                &property
            }
        };
        let value = value.trim_ascii();
        if value.is_empty() {
            return None;
        }
        let name = match &self.hash_key {
            Some(key) => hashed(key, value),
            None => text(value, MAX_NAME_BYTES).map(str::to_owned),
        };
        Some(name.unwrap_or_else(|| INVALID.to_owned()))
    }
}

impl Source {
    fn new(raw: &TenantSource) -> Result<Self, ConfigError> {
        let property = |path: &[&str]| Self::Property(path.iter().map(|step| (*step).to_owned()).collect());
        let claim: Vec<&str> = raw.jwt_claim.iter().map(String::as_str).collect();
        match (
            &raw.header,
            claim.as_slice(),
            &raw.filter_state,
            raw.source_principal,
        ) {
            (Some(header), [], None, None) => {
                let header = header.to_ascii_lowercase();
                if is_credential(&header) && !raw.hash {
                    return Err(ConfigError::new("header", "holds a credential: set hash: true"));
                }
                Ok(Self::Header(header))
            }
            (None, claim @ [_, _, ..], None, None) => {
                let base = ["metadata", "filter_metadata", "envoy.filters.http.jwt_authn"];
                Ok(property(&[&base[..], claim].concat()))
            }
            (None, [_], None, None) => Err(ConfigError::new(
                "jwt_claim",
                "needs payload_in_metadata and at least one claim",
            )),
            (None, [], Some(name), None) => Ok(property(&["filter_state", name])),
            (None, [], None, Some(principal)) => Ok(property(&["connection", principal.attribute()])),
            _ => Err(ConfigError::new(
                "",
                "needs exactly one of header, jwt_claim, filter_state, source_principal",
            )),
        }
    }
}
