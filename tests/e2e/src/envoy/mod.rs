//! Runs scenarios through a real Envoy: one process per setup, a raw client before it, raw servers behind it.

pub mod admin;
mod bootstrap;
mod process;
mod runner;
mod storm;

pub use bootstrap::{Ports, ROUTE, ROUTED_BY, with_addresses};
pub use process::{Envoy, binary, root};
pub use runner::{Wire, group, judge};
pub use storm::storm_scenario;
