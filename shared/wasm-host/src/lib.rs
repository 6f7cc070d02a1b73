//! The proxy-wasm host: callbacks become inputs of an exchange, host calls become `Result`s.
//!
//! A filter module is three lines:
//!
//! ```ignore
//! fn main() {
//!     penstock_wasm_host::run(&[penstock_token_meter::MODULE]);
//! }
//! ```
//!
//! The SDK's convenience calls panic on every status they do not expect, and a panic takes the whole VM down. So
//! [`abi`] declares the host functions itself and turns every status into a value. This is the only crate that
//! names `proxy_wasm`, and the only one with `unsafe` code.
//!
//! Knows nothing of: LLMs, JSON, what a filter decides.

#![cfg(target_family = "wasm")]

mod abi;
mod contexts;
mod host;
mod ticks;

pub use contexts::run;
