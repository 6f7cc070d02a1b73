//! The contract between a filter and the exchange engine.
//!
//! A filter is policy: it takes what the engine read off the wire and answers with a flow and edits.
//! It has no clock of its own, makes no host call and never sees a byte of framing.
//!
//! ```
//! use penstock_filter_api::{Cx, Filter, Head, Mode, Need, Needs, OnFailure, Open, Plugin, Policy, Stage};
//!
//! struct Audit;
//! struct AuditOne;
//! impl Filter for AuditOne {}
//! impl Plugin for Audit {
//!     fn policy(&self) -> Policy {
//!         Policy { name: "audit", stage: Stage::Admit, mode: Mode::Enforce, on_failure: OnFailure::Open }
//!     }
//!     fn open(&self, _head: &Head, _cx: &mut Cx<'_>) -> Open {
//!         Open::Join(Box::new(AuditOne), Needs { request: Need::Observe, response: Need::Observe })
//!     }
//! }
//! # assert_eq!(Audit.policy().name, "audit");
//! ```
//!
//! * [`Plugin`]: one per configuration and VM; opens a [`Filter`] for each exchange it wants.
//! * [`Filter`]: one per exchange; its flows are [`PromptFlow`], [`HeadFlow`] and [`OutputFlow`].
//! * [`Cx`]: the time and the ports; effects that the client could see are dropped in shadow mode.
//! * [`RootCx`]: the same outside of exchanges, where a plugin may ask services on its own account.
//! * [`Record`]: what the engine knows of an exchange: names, usage, times, outcome.
//!
//! Knows nothing of: Envoy, proxy-wasm, HTTP framing, compression.

mod config;
mod credential;
mod cx;
mod filter;
mod flow;
mod glob;
mod head;
mod metric;
mod plugin;
mod prompt;
mod read;
mod record;
mod selection;
mod tenant;
mod unseen;
mod way;

pub use config::{ConfigError, Module, bounded, read};
pub use credential::{INVALID, api_key};
pub use cx::{Cx, Effects, PortError, Ports, RootCx, RootPorts};
pub use filter::{Filter, Piece, PieceEdits, Seen};
pub use flow::{CallId, Callout, Denial, HeadFlow, OutputFlow, PromptFlow, Reply, Stored};
pub use glob::{Fit, Glob};
pub use head::{Head, Headers};
pub use metric::{MetricId, MetricKind, labelled};
pub use penstock_wire::{Kind, Value};
pub use plugin::{Mode, Need, Needs, OnFailure, Open, Plugin, Policy, Stage};
pub use prompt::Prompt;
pub use read::{Read, members, word, wrong};
pub use record::{Failure, Origin, Outcome, Record, Times};
pub use selection::{Selection, SelectionSource, any, globs};
pub use tenant::{SourcePrincipal, Tenant, TenantSource};
pub use unseen::OnUnseen;
pub use way::{Direction, Way};
