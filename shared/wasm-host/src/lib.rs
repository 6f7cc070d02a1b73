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
//! There is no SDK between: the usual one panics on every status that it does not expect, which takes the whole VM
//! down, and was 60 kB of each module. [`abi`] declares the host's functions and turns every status into a value,
//! [`exports`] are the functions that the host calls. This is the only crate that speaks the ABI, and the only one
//! with `unsafe` code.
//!
//! Knows nothing of: LLMs, JSON, what a filter decides.

#![cfg(target_family = "wasm")]

mod abi;
mod exports;
mod host;
mod root;
mod stream;
mod ticks;
#[cfg(feature = "timed")]
mod timed;
mod vm;

pub use vm::run;
