//! All filters in one module: one parse, one copy of the body, one compile.
//!
//! Cargo features choose the filters. The configuration has one key for each; a filter without its key stays out.
//!
//! Knows nothing of: what a filter does.

use penstock_filter_api::Module;

/// The filters of this build, in no particular order: their stages say when each runs.
pub const MODULES: &[Module] = &[
    #[cfg(feature = "cluster-picker")]
    penstock_cluster_picker::MODULE,
    #[cfg(feature = "pii-redactor")]
    penstock_pii_redactor::MODULE,
    #[cfg(feature = "prompt-guard")]
    penstock_prompt_guard::MODULE,
    #[cfg(feature = "token-meter")]
    penstock_token_meter::MODULE,
];
