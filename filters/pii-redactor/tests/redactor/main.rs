//! The redactor inside the engine, inside a stand-in for Envoy: what the upstream gets, and what the client gets back.

// The exemption of tests covers the functions marked as such, not what they call.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod answers;
mod basics;
mod configs;
mod dialects;
mod failures;
mod frames;
mod keyed;
mod large;
mod lists;
mod mischief;
mod pauses;
mod roundtrip;
#[cfg(feature = "schema")]
mod schema;
mod shadow;
mod story;
mod tenants;
mod values;
