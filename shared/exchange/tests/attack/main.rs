//! Attacks on the engine, inside the stand-in for Envoy: random splits, holds, edits, callouts and endings, and
//! each way it was ever broken.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice)] // Test helpers may panic.

mod bodies;
mod filters;
mod play;
mod stage;

mod calls;
mod encodings;
mod endings;
mod failures;
mod holds;
mod mcp;
mod polls;
mod properties;
mod requests;
mod room;
