//! Who an exchange is charged to.

use crate::{ConfigError, Head, Ports, reads};
use sha2::{Digest, Sha256};

/// Longest tenant value that is read, in bytes; what is longer is cut.
const MAX_TENANT_BYTES: usize = 128;

/// Headers whose value is a credential and must not become a label or a log line.
const CREDENTIALS: [&str; 6] = [
    "authorization",
    "proxy-authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "cookie",
];

/// Where the tenant is read from: exactly one of `header`, `jwt_claim` and `filter_state`.
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
    /// Shows a hash instead of the value: 16 hexadecimal digits of SHA-256. For API keys; required for
    /// headers that hold a credential. `Bearer ` is taken off first.
    pub hash: bool,
    /// Hashed together with the value, so that nobody can try values without knowing it.
    pub hash_key: String,
}

reads!(struct TenantSource { header, jwt_claim, filter_state, hash, hash_key });

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

    /// The tenant's name, or its hash.
    pub fn read(&self, head: &Head, ports: &mut dyn Ports) -> Option<String> {
        let property;
        let value = match &self.source {
            Source::Header(name) => head.headers.first(name)?,
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
        Some(
            self.hash_key
                .as_ref()
                .map_or_else(|| plain(value), |key| hash(key, value)),
        )
    }
}

impl Source {
    fn new(raw: &TenantSource) -> Result<Self, ConfigError> {
        match (&raw.header, raw.jwt_claim.as_slice(), &raw.filter_state) {
            (Some(header), [], None) => {
                let header = header.to_ascii_lowercase();
                if CREDENTIALS.contains(&header.as_str()) && !raw.hash {
                    return Err(ConfigError::new("header", "holds a credential: set hash: true"));
                }
                Ok(Self::Header(header))
            }
            (None, [_, _, ..], None) => {
                let base = ["metadata", "filter_metadata", "envoy.filters.http.jwt_authn"];
                let claim = raw.jwt_claim.iter().map(String::as_str);
                Ok(Self::Property(
                    base.into_iter().chain(claim).map(str::to_owned).collect(),
                ))
            }
            (None, [_], None) => Err(ConfigError::new(
                "jwt_claim",
                "needs payload_in_metadata and at least one claim",
            )),
            (None, [], Some(name)) => Ok(Self::Property(vec!["filter_state".to_owned(), name.clone()])),
            _ => Err(ConfigError::new(
                "",
                "needs exactly one of header, jwt_claim, filter_state",
            )),
        }
    }
}

fn plain(value: &[u8]) -> String {
    let value = value.get(..MAX_TENANT_BYTES).unwrap_or(value);
    String::from_utf8_lossy(value).into_owned()
}

fn hash(key: &str, value: &[u8]) -> String {
    let mut sha = Sha256::new();
    if !key.is_empty() {
        sha.update(key.as_bytes());
        sha.update([0]);
    }
    sha.update(without_scheme(value));
    let digest = sha.finalize();
    digest
        .iter()
        .take(8)
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(hex)
        .collect()
}

fn hex(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).unwrap_or('0')
}

fn without_scheme(value: &[u8]) -> &[u8] {
    match value.split_at_checked(7) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(b"bearer ") => rest.trim_ascii_start(),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_the_start_of_sha_256() {
        // printf sk-1234 | sha256sum
        assert_eq!(hash("", b"sk-1234"), "88dc28d0f030c55e");
        assert_eq!(hash("", b"Bearer sk-1234"), "88dc28d0f030c55e");
        assert_ne!(hash("pepper", b"sk-1234"), hash("", b"sk-1234"));
    }
}
