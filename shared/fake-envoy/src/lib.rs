//! A stand-in for Envoy's HTTP filter manager, for native tests of whole exchanges.
//!
//! It calls a guest as Envoy calls a wasm module and does with the answers what Envoy does: it keeps what is
//! paused, releases it on Continue, ends bodies by trailers, limits buffers, lets local replies pass the guest's
//! own response callbacks, resets on close. Time is virtual. What a guest must never do is written down as
//! [misuse](FakeEnvoy::misuse), for the test to fail on. The rules were recorded from a real Envoy; the traces are
//! in `tests/fixtures/traces`.
//!
//! ```
//! use penstock_exchange::{Flow, Host, Input};
//! use penstock_fake_envoy::{Ended, FakeEnvoy, Guest, Options};
//!
//! struct Passes;
//! impl Guest for Passes {
//!     fn on(&mut self, _: Input, _: &mut dyn Host) -> Flow {
//!         Flow::Continue
//!     }
//! }
//!
//! let mut envoy = FakeEnvoy::new(Options::default());
//! let stream = envoy.open(Box::new(Passes));
//! envoy.request_head(stream, vec![(":method".into(), b"POST".to_vec())], false);
//! envoy.request_body(stream, b"hello", true);
//! assert_eq!(envoy.upstream(stream).body, b"hello");
//! envoy.response_head(stream, vec![(":status".into(), b"200".to_vec())], true);
//! assert_eq!(envoy.client(stream).ended, Ended::Complete);
//! assert!(envoy.misuse().is_empty());
//! ```
//!
//! Knows nothing of: sockets, HTTP framing, what a guest decides.

mod calls;
mod envoy;
mod root;
mod story;
mod stream;
mod way;
mod world;

pub use envoy::{FakeEnvoy, Guest, StreamId};
pub use story::{Story, head};
pub use way::{Ended, Pairs, Received};
pub use world::{Codec, Judged, Options};
