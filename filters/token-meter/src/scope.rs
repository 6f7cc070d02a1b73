//! Which exchanges the meter reads at all.

use penstock_filter_api::{ConfigError, Glob, Selection, any, globs, reads};

/// Restricts the meter. An empty list means all; names are exact or with `*`.
#[derive(Debug, Default)]
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
    pub(crate) fn new(raw: &RawScope) -> Result<Self, ConfigError> {
        Ok(Self {
            exchanges: Selection::new(&raw.routes, &raw.apis, &raw.models)?,
            tenants: globs("tenants", &raw.tenants)?,
        })
    }

    pub(crate) fn has_tenant(&self, tenant: Option<&str>) -> bool {
        any(&self.tenants, tenant)
    }
}
