//! The built `penstock`, run as its users run it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

mod budgets;
mod captures;
mod checks;
mod configs;
mod disguises;
mod documents;
mod examples;
mod explanations;
mod fleets;
mod forms;
mod guards;
mod manifests;
mod meshes;
mod pages;
mod redactions;
mod run;
mod scans;
mod schemas;
mod simulations;
