//! Attacks on a model, refused before they reach it, and answers that give away what they must not.
//!
//! Three layers give one verdict: rules of form, a learned classifier over normalised text, and an external judge where
//! the classifier is not sure. Answers are watched for leaks of the system prompt, unsafe markup and more, the same
//! however a stream is cut.
//!
//! ```
//! use penstock_prompt_guard::MODULE;
//!
//! let guard = (MODULE.load)(r#"{"policies": [{"rules": ["turn_forgery"], "action": "deny"}]}"#)?;
//! assert_eq!(guard.policy().name, "prompt_guard");
//!
//! let refused = (MODULE.load)(r#"{"policies": [{"rules": ["injektion"], "action": "deny"}]}"#).err();
//! assert_eq!(refused.map(|error| error.path), Some("policies[0].rules[0]".to_owned()));
//! # Ok::<(), penstock_filter_api::ConfigError>(())
//! ```
//!
//! * `config`, `raw`, `custom`, `policy`, `rule`, `schema`: which rule, in which scope and direction, for whom, meets which action.
//! * `guard`: the plugin, and its filter on one exchange; `request`, `foreign`: what it does with a request, and with what stands in an
//!   answer and comes from elsewhere.
//! * `survey`: what is found in the texts of a request; `structure`, `squeeze`: rules of form; the classifier is `penstock-guard-model`.
//! * `judge`, `mask`: the external judge, and what it gets to read.
//! * `flood`, `block`: bounds of a prompt; tenants that are refused for some time.
//! * `compare`, `answer`: what answers are compared with, and what becomes of them.
//! * `output`: what a model writes, checked as it comes. `tools`, `shape`: which tools it may call, and with which arguments.
//! * `strip`: a text without what was found in it.
//! * `preview`: what a configuration finds, without an exchange; for tools.
//! * `verdict`, `book`: what was found, in filter state and metrics. Never text.
//!
//! Knows nothing of: wire formats, framing, dialects, Envoy.

mod answer;
mod block;
mod book;
mod compare;
mod config;
mod custom;
mod flood;
mod foreign;
mod guard;
mod judge;
mod mask;
mod output;
mod policy;
mod preview;
mod raw;
mod request;
mod rule;
#[cfg(feature = "schema")]
mod schema;
mod shape;
mod squeeze;
mod strip;
mod structure;
mod survey;
mod tools;
mod verdict;

pub use preview::{Explained, Judged, Preview, Spoken, Viewed};
pub use rule::{RULES, Rule};
#[cfg(feature = "schema")]
pub use schema::schema;

use penstock_filter_api::Module;

/// The guard under its key of the configuration.
pub const MODULE: Module = Module {
    name: "prompt_guard",
    load: guard::load,
};
