//! Which exchanges the meter reads at all.

use penstock_filter_api::{ConfigError, Glob, INVALID, Record, Selection, any, globs, reads};

/// Restricts the meter. An empty list means all; names are exact or with `*`.
#[derive(Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Scope")
)]
pub(crate) struct RawScope {
    /// Names of routes.
    routes: Vec<String>,
    /// Names of APIs, such as `openai_chat`.
    apis: Vec<String>,
    /// Names of models, in the request or the response.
    models: Vec<String>,
    /// Names of tenants, or their hashes.
    tenants: Vec<String>,
}

reads!(struct RawScope { routes, apis, models, tenants });

/// The exchanges that the meter reads.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    pub(crate) exchanges: Selection,
    tenants: Vec<Glob>,
}

impl Scope {
    /// `hashed`: tenants are known by their hashes alone.
    pub(crate) fn new(raw: &RawScope, hashed: bool) -> Result<Self, ConfigError> {
        let nobody = |name: &String| !(name.contains('*') || name == INVALID || is_hash(name));
        if let Some(index) = raw.tenants.iter().position(nobody).filter(|_| hashed) {
            let why = "tenants are hashed, and this is no hash: 16 hexadecimal digits";
            return Err(ConfigError::new(format!("tenants[{index}]"), why));
        }
        Ok(Self {
            exchanges: Selection::new(&raw.routes, &raw.apis, &raw.models)?,
            tenants: globs("tenants", &raw.tenants)?,
        })
    }

    /// Whether a request that was read is among them.
    pub(crate) fn has_request(&self, record: &Record, tenant: Option<&str>) -> bool {
        self.exchanges.has_route(&record.route)
            && self.exchanges.may_have_api(record.api)
            && self.exchanges.has_model(record.request_model.as_deref())
            && self.has_tenant(tenant)
    }

    /// Whether it is of some tenants only.
    pub(crate) fn names_tenants(&self) -> bool {
        !self.tenants.is_empty()
    }

    pub(crate) fn has_tenant(&self, tenant: Option<&str>) -> bool {
        any(&self.tenants, tenant)
    }
}

/// Whether it is a tenant as `tenant.hash` shows it.
fn is_hash(name: &str) -> bool {
    name.len() == 16 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
