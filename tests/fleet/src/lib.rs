//! A fleet of GPUs behind gateways, in virtual time: how policies that pick a server compare.
//!
//! A [`Trace`] says what arrives, a [`Scenario`] how fast, through how many gateways and to which GPUs; [`simulate`]
//! plays it against one [`Policy`] and counts the [`Outcome`]. The servers are `penstock-gpu-model`'s. The same
//! scenario, seed and policy give the same outcome.
//!
//! A policy learns what a gateway sees: requests that come, first tokens, ends, and what servers report of themselves.
//! [`rivals`] holds those of others, each as its source code or paper describes it; a new policy implements
//! [`Policy`] and gets a line in [`rivals::known`].
//!
//! ```
//! use penstock_fleet::{Scenario, fleet, generate, rivals, simulate};
//!
//! let trace = generate::trace("conversation").ok_or("no such trace")?;
//! let scenario = Scenario { rate: 4.0, duration: 30.0, ..Scenario::new(fleet::parse("H100+A100+RTX4090")?) };
//! let least_request = rivals::named("p2c").ok_or("no such policy")?;
//! let outcome = simulate(&trace, &scenario, least_request)?;
//! assert_eq!(outcome.failed, 0.0);
//! assert!(outcome.ttft.p99 < 1.0);
//! # Ok::<(), String>(())
//! ```
//!
//! Knows nothing of: networks, Envoy, the time it takes to pick.
#![allow(
    clippy::indexing_slicing,
    reason = "backends, gateways and requests are dense numbers that this crate gives out"
)]

mod arrivals;
pub mod compare;
pub mod condition;
mod events;
pub mod fleet;
pub mod generate;
pub mod jobs;
pub mod matrix;
mod outcome;
pub mod plot;
mod policy;
pub mod ratios;
pub mod rivals;
mod rng;
mod scenario;
mod simulate;
pub mod table;
pub mod trace;

pub use arrivals::Arrivals;
pub use outcome::{Outcome, Spread};
pub use policy::{Answer, Incoming, Picker, Policy, Setup};
pub use rng::Rng;
pub use scenario::{BlackHole, Reports, Restart, Scenario, Slo, Slowdown};
pub use simulate::{Server, simulate};
pub use trace::Trace;
