//! Sends each request to the backend that is predicted to answer first.
//!
//! The cost of a request at a backend is the time that it is predicted to take there, from our own books (what was sent and
//! has not ended) and from what was learned of the fleet and of each backend; the backends' own reports only correct it.
//!
//! ```
//! use penstock_cluster_picker::{Ask, BackendSpec, Ending, Picker, Streams, Tuning};
//!
//! let backend = |name: &str| BackendSpec { name: name.to_owned(), ..BackendSpec::default() };
//! let mut picker = Picker::new(Tuning::default(), vec![backend("a"), backend("b")], 1, 0.0);
//! let ask = Ask { input_tokens: 2000.0, max_output_tokens: None, blocks: &[], block_tokens: 512.0, streams: Streams::Yes };
//! let first = picker.pick(&ask, |_| true, 0.0).ok_or("nobody")?;
//! let second = picker.pick(&ask, |_| true, 0.0).ok_or("nobody")?;
//! assert_ne!(first.backend(), second.backend());
//! picker.done(first, Ending::Answered { output_tokens: Some(20.0) }, 1.0);
//! # Ok::<(), &str>(())
//! ```
//!
//! * `quote`: the cost. `plane`, `evidence`, `fleet`: how its coefficients are learned. `books`: what is open. `prefix`: what
//!   may be cached where. `health`: who is out. [`Picker`] brings them together; `record` shares them between VMs.
//! * `config`, `groups`, `admission`: what the operator wants. `plugin`, `exchange`, `sharing`, `poll`: the filter.
//! * [`report`], [`scrape`]: what backends say of themselves.
//!
//! Knows nothing of: wire formats of APIs (the engine read them), Envoy's own load balancing.

mod admission;
mod backend;
mod books;
mod choice;
mod config;
mod ending;
mod evidence;
mod exchange;
mod fleet;
mod groups;
mod health;
mod learn;
mod metric;
mod number;
mod pack;
mod picker;
mod plane;
mod plugin;
mod poll;
mod prefix;
mod quote;
mod random;
mod raw;
mod record;
pub mod report;
#[cfg(feature = "schema")]
mod schema;
pub mod scrape;
mod search;
mod sharing;
mod state;
mod ticket;
mod tuning;

pub use backend::BackendSpec;
pub use books::Streams;
pub use picker::{Picker, View};
pub use prefix::{BLOCK_BYTES, Blocks, MAX_BLOCKS};
pub use quote::{Ask, Quote};
pub use record::{Holder, holder};
#[cfg(feature = "schema")]
pub use schema::schema;
pub use sharing::Sharing;
pub use ticket::{Ending, Ticket};
pub use tuning::Tuning;

use penstock_filter_api::Module;

/// The picker under its key of the configuration.
pub const MODULE: Module = Module {
    name: "cluster_picker",
    load: plugin::load,
};
