//! Which exchanges a filter looks at.

use crate::{ConfigError, Glob, Record, reads};
use penstock_llm_api::Api;

/// Most patterns of one list.
const MAX_PATTERNS: usize = 1000;

/// Restricts a filter. An empty list means all; names are exact or with `*`.
#[derive(Debug, Default)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(deny_unknown_fields, default),
    schemars(rename = "Scope")
)]
pub struct SelectionSource {
    /// Names of routes.
    pub routes: Vec<String>,
    /// Names of APIs, such as `openai_chat`.
    pub apis: Vec<String>,
    /// Names of models in requests.
    pub models: Vec<String>,
}

reads!(struct SelectionSource { routes, apis, models });

/// A choice of exchanges by route, API and model. An empty list means all; names are exact or with `*`.
#[derive(Debug, Default)]
pub struct Selection {
    routes: Vec<Glob>,
    apis: Vec<Api>,
    models: Vec<Glob>,
}

impl Selection {
    /// Compiles the lists `routes`, `apis` and `models` of a configuration.
    pub fn new(routes: &[String], apis: &[String], models: &[String]) -> Result<Self, ConfigError> {
        let mut known = Vec::with_capacity(apis.len());
        for (index, name) in apis.iter().enumerate() {
            let api = Api::from_name(name);
            known.push(api.ok_or_else(|| ConfigError::new(format!("apis[{index}]"), "no such API"))?);
        }
        Ok(Self {
            routes: globs("routes", routes)?,
            apis: known,
            models: globs("models", models)?,
        })
    }

    /// Whether exchanges on this route may be among them.
    pub fn has_route(&self, route: &str) -> bool {
        any(&self.routes, [route])
    }

    /// Whether exchanges of this API may be among them. One that is not known yet may be any.
    pub fn may_have_api(&self, api: Option<Api>) -> bool {
        self.apis.is_empty() || api.is_none_or(|api| self.apis.contains(&api))
    }

    /// Whether one of these names of a model is among them.
    pub fn has_model<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> bool {
        any(&self.models, names)
    }

    /// What can only be decided once the exchange was read: its API and its model.
    pub fn has(&self, record: &Record) -> bool {
        let known_api = self.apis.is_empty() || record.api.is_some_and(|api| self.apis.contains(&api));
        let names = [record.request_model.as_deref(), record.response_model.as_deref()];
        known_api && self.has_model(names.into_iter().flatten())
    }
}

/// Whether one of the names fits one of the globs, or there are no globs.
pub fn any<'n>(globs: &[Glob], names: impl IntoIterator<Item = &'n str>) -> bool {
    globs.is_empty()
        || names
            .into_iter()
            .any(|name| globs.iter().any(|glob| glob.is_match(name)))
}

/// Compiles a list of at most 1000 names and patterns.
pub fn globs(field: &str, raw: &[String]) -> Result<Vec<Glob>, ConfigError> {
    if raw.len() > MAX_PATTERNS {
        return Err(ConfigError::new(field, format!("more than {MAX_PATTERNS} names")));
    }
    if let Some(index) = raw.iter().position(String::is_empty) {
        return Err(ConfigError::new(format!("{field}[{index}]"), "empty"));
    }
    Ok(raw.iter().map(|text| Glob::new(text)).collect())
}
