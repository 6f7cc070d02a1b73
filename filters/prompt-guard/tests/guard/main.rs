//! The guard inside the engine, inside a stand-in for Envoy: what the upstream gets, and what the client gets back.

// The exemption of tests covers the functions marked as such, not what they call.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod answers;
mod blocks;
mod configs;
mod disguises;
mod judges;
mod limits;
mod previews;
mod requests;
#[cfg(feature = "schema")]
mod schema;
mod servers;
mod story;
