//! vllm-router's `kv_aware` (0.1.17), which is LMetric (arXiv 2603.15202).

use super::books::Account;

/// Least product: prompt tokens to be read, times requests in flight.
pub(crate) fn cost(account: &Account, prompt: f64, cached: f64) -> f64 {
    (account.unread + (prompt - cached).max(0.0)) * (account.requests + 1.0)
}
