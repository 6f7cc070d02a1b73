//! Who asks.

use super::desk::Rules;
use penstock_filter_api::{Headers, api_key};

/// Whom an exchange is charged to.
#[derive(Debug, Default)]
pub(crate) struct Client {
    /// The meter's tenant.
    pub(crate) tenant: Option<String>,
    /// A hash, read only where a budget asks for it.
    pub(crate) api_key: Option<String>,
}

impl Client {
    pub(crate) fn new(tenant: Option<String>, headers: &Headers, rules: &Rules) -> Self {
        let api_key = rules.tells_api_keys_apart().then(|| api_key(headers));
        Self {
            tenant,
            api_key: api_key.flatten(),
        }
    }
}
