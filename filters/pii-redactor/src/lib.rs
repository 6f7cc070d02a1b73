//! Personal data and secrets, masked on their way to a model and restored in its answer.
//!
//! The scanner of `penstock-text-scan` says what stands where; the policy says what becomes of it. What is masked is
//! kept in the exchange's own vault, in memory, until the exchange ends: the upstream sees `[EMAIL_1]`, the client
//! gets its own value back, in text, in a stream cut anywhere, and inside the arguments of a tool call.
//!
//! ```
//! use penstock_pii_redactor::MODULE;
//!
//! let redactor = (MODULE.load)(r#"{"policies": [{"entities": ["EMAIL_ADDRESS"], "action": "drop"}]}"#)?;
//! assert_eq!(redactor.policy().name, "pii_redactor");
//!
//! let refused = (MODULE.load)(r#"{"action": "hash"}"#).err();
//! assert_eq!(refused.map(|error| error.path), Some("action".to_owned()));
//! # Ok::<(), penstock_filter_api::ConfigError>(())
//! ```
//!
//! * `config`, `raw`, `custom`, `policy`: which entity, in which scope and direction, meets which action.
//! * `survey`: every find in a request, in plain texts and in JSON inside strings; `mask`: what takes their place.
//! * `vault`, `placeholder`, `surrogate`: what stands for what.
//! * `piece`: what becomes of each piece of an answer.
//! * `restore`: placeholders in an answer, however the model wrote or cut them.
//! * `answer`: personal data in an answer that the client did not send.
//! * `preview`: what a configuration finds and does, without an exchange; for tools.
//! * `book`: metrics and what is left in filter state. Never content.
//!
//! Knows nothing of: wire formats, framing, dialects, Envoy.

mod answer;
mod book;
mod config;
mod custom;
mod keyed;
mod mask;
mod piece;
mod placeholder;
mod policy;
mod preview;
mod raw;
mod redactor;
mod restore;
#[cfg(feature = "schema")]
mod schema;
mod surrogate;
mod survey;
mod vault;

#[cfg(feature = "schema")]
pub use schema::schema;

pub use preview::{Found, Preview, Redacted};

use penstock_filter_api::Module;

/// The redactor under its key of the configuration.
pub const MODULE: Module = Module {
    name: "pii_redactor",
    load: redactor::load,
};
