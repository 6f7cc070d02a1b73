//! One table of scenarios that speaks wire only, run natively and through a real Envoy.
//!
//! A scenario says what the client sends, what the upstream does, and what everyone must have seen. It knows
//! no engine and no filter: only bytes, header fields, ends and counters. Each is run for many chunkings, over
//! HTTP/1.1 and HTTP/2.
//!
//! * [`scenario`], [`message`], [`script`], [`check`]: the language of the table.
//! * [`native`]: runs it on the engine inside `penstock-fake-envoy`.
//! * [`envoy`]: runs it through a real Envoy between a raw client and a raw upstream.
//!
//! Knows nothing of: what the engine does inside.

pub mod bodies;
pub mod cases;
pub mod check;
pub mod chunking;
pub mod client1;
pub mod client2;
pub mod envoy;
mod events;
pub mod ground;
pub mod gzip;
pub mod http1;
pub mod message;
pub mod native;
pub mod observed;
pub mod scenario;
pub mod script;
pub mod scripted;
pub mod table;
pub mod trace;
pub mod upstream;
