//! Which exchanges the meter reads at all.

use crate::glob::Glob;
use penstock_filter_api::{ConfigError, Record, reads};
use penstock_llm_api::Api;

/// Most patterns of one list.
const MAX_PATTERNS: usize = 1000;

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
    routes: Vec<Glob>,
    apis: Vec<Api>,
    models: Vec<Glob>,
    tenants: Vec<Glob>,
}

impl Scope {
    pub(crate) fn new(raw: &RawScope) -> Result<Self, ConfigError> {
        let mut apis = Vec::with_capacity(raw.apis.len());
        for (index, name) in raw.apis.iter().enumerate() {
            let api = Api::from_name(name);
            apis.push(api.ok_or_else(|| ConfigError::new(format!("apis[{index}]"), "no such API"))?);
        }
        Ok(Self {
            routes: globs("routes", &raw.routes)?,
            apis,
            models: globs("models", &raw.models)?,
            tenants: globs("tenants", &raw.tenants)?,
        })
    }

    pub(crate) fn has_route(&self, route: &str) -> bool {
        any(&self.routes, [route])
    }

    /// An API that is not known yet may be one of them.
    pub(crate) fn may_have_api(&self, api: Option<Api>) -> bool {
        self.apis.is_empty() || api.is_none_or(|api| self.apis.contains(&api))
    }

    pub(crate) fn has_tenant(&self, tenant: Option<&str>) -> bool {
        any(&self.tenants, tenant)
    }

    pub(crate) fn has_model<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> bool {
        any(&self.models, names)
    }

    /// What could only be decided once the exchange was read.
    pub(crate) fn has(&self, record: &Record) -> bool {
        let known_api = self.apis.is_empty() || record.api.is_some_and(|api| self.apis.contains(&api));
        let names = [record.request_model.as_deref(), record.response_model.as_deref()];
        known_api && self.has_model(names.into_iter().flatten())
    }
}

fn any<'n>(globs: &[Glob], names: impl IntoIterator<Item = &'n str>) -> bool {
    globs.is_empty()
        || names
            .into_iter()
            .any(|name| globs.iter().any(|glob| glob.is_match(name)))
}

/// Compiles a list of names and patterns.
pub(crate) fn globs(field: &str, raw: &[String]) -> Result<Vec<Glob>, ConfigError> {
    if raw.len() > MAX_PATTERNS {
        return Err(ConfigError::new(field, format!("more than {MAX_PATTERNS} names")));
    }
    if let Some(index) = raw.iter().position(String::is_empty) {
        return Err(ConfigError::new(format!("{field}[{index}]"), "empty"));
    }
    Ok(raw.iter().map(|text| Glob::new(text)).collect())
}
