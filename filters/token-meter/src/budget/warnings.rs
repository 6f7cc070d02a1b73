//! What a check of the configuration has to say of budgets that are taken.

use super::raw::Unit;
use super::rule::Budget;
use super::window::Window;
use penstock_filter_api::ConfigError;

/// Largest `requests_per_unit` of Envoy's global rate limit service: it is a `uint32`.
const MOST_GLOBAL: u64 = u32::MAX as u64;

const VOLATILE: &str = "longer than an hour, but the proxy keeps it: a restart begins it anew; what must survive needs the global rate limit, too";

impl Budget {
    /// What may surprise who configured it.
    pub(crate) fn warnings(&self) -> Vec<ConfigError> {
        if !self.volatile {
            return Vec::new();
        }
        let mut warnings = vec![ConfigError::new("window", VOLATILE)];
        warnings.extend(self.too_large_for_all().map(|why| ConfigError::new("limit", why)));
        warnings
    }

    /// Why the global rate limit cannot have the same limit, if it cannot. It has no buckets.
    fn too_large_for_all(&self) -> Option<String> {
        let (limit, most) = match (self.window, self.unit) {
            (Window::Bucket { .. } | Window::Open, _) => return None,
            // Charged in 10^-6 of the currency, by `penstock.cost_micro`.
            (_, Unit::Money) => (self.limit.div_ceil(1000), "4294.967295 of the currency"),
            (_, Unit::InputTokens | Unit::OutputTokens | Unit::Tokens | Unit::Requests | Unit::Streams) => {
                (self.limit, "4294967295")
            }
        };
        let too_large = limit > MOST_GLOBAL;
        too_large
            .then(|| format!("the global rate limit holds at most {most}: give it a shorter window there"))
    }
}
