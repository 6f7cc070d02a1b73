//! The meter on a fake host.

// The exemption of tests covers the functions marked as such, not what they call.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod books;
mod budgets;
mod charges;
mod configs;
mod costs;
mod prompts;
#[cfg(feature = "schema")]
mod schema;
mod story;
