//! The picker on a fake host.

// The exemption of tests covers the functions marked as such, not what they call.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod admission;
mod ask;
mod clocks;
mod configs;
mod health;
mod host;
mod picks;
mod polls;
mod reports;
#[cfg(feature = "schema")]
mod schema;
mod story;
mod workers;
