//! A filter for tests: it edits, holds, cuts, denies, answers, asks and dies as its configuration says, so that
//! the engine is tested before a filter with a purpose exists. It ships nowhere.
//!
//! ```
//! let plugin = (penstock_probe_filter::MODULE.load)(r#"{"replace": [{"from": "cat", "to": "dog"}]}"#)?;
//! assert_eq!(plugin.policy().name, "probe");
//! # Ok::<(), penstock_filter_api::ConfigError>(())
//! ```
//!
//! What its configuration can say is in [`Script`].
//!
//! Knows nothing of: the wire, the host.

mod one;
mod plugin;
mod poll;
mod script;
mod words;

pub use script::{Ask, Header, Replace, Route, Script};

use penstock_filter_api::Module;

/// The filter as a module offers it.
pub const MODULE: Module = Module {
    name: "probe",
    load: plugin::load,
};
