//! One HTTP exchange with an LLM as a sans-IO state machine.
//!
//! Callbacks of a proxy come in as [`Input`]s, calls to the proxy go out through [`Host`], and nothing else is
//! touched: no clock, no socket, no global. So the same engine runs in wasm inside Envoy and natively in tests.
//!
//! On the way of a request: *what is it* (at the head) -> *hold* it, if a filter decides on it -> *decode* and
//! *parse once* -> *ask the filters* in stage order, each seeing the edits of those before it -> *write* edits and
//! an exact length -> *release*. On the way of the response: *observe* every frame as it arrives, then let the
//! filters decide in reverse order on texts in channels; whole frames leave in order once all of their text is
//! decided. Every failure goes through one door, which obeys `on_failure`.
//!
//! ```
//! use penstock_exchange::Engine;
//!
//! let engine = Engine::load(br#"{"exchange": {"max_request_bytes": 1000000}}"#, &[])?;
//! let refused = Engine::load(br#"{"exchange": {"max_request_bites": 1}}"#, &[]).err();
//! assert!(refused.is_some_and(|error| error.path.starts_with("exchange")));
//! # Ok::<(), penstock_filter_api::ConfigError>(())
//! ```
//!
//! Knows nothing of: proxy-wasm, Envoy's configuration, prices, rules, recognisers.

mod arguments;
mod custom;
mod door;
mod engine;
mod exchange;
mod host;
mod inflate;
mod joined;
mod judge;
mod pipeline;
mod placed;
mod queued;
mod reading;
mod record;
mod release;
mod request;
mod response;
#[cfg(feature = "schema")]
mod schema;
mod settings;
mod stage;
mod stream;
mod whole;

pub use engine::Engine;
pub use exchange::Exchange;
pub use host::{Fields, Flow, Host, Input, Side};
pub use inflate::{Coding, Inflater};
#[cfg(feature = "schema")]
pub use schema::schema;
pub use settings::{InflateBounds, OnCut, OperationRule, RouteRule, Settings};
