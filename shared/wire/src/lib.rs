//! The bytes of LLM traffic, read in place: a bounded JSON tape with edits by span, and resumable framing of
//! SSE, NDJSON and JSON-array streams.
//!
//! Nothing is copied that need not be, nothing grows past a named bound, nothing recurses, and what is not
//! edited leaves byte for byte as it came.
//!
//! ```
//! use penstock_wire::{JsonEdits, Limits, Tape};
//!
//! let body = br#"{ "model": "m-1", "messages": [{"role": "user", "content": "call 555-0100"}] }"#;
//! let mut tape = Tape::new();
//! tape.parse(body, &Limits::default())?;
//! let json = tape.view(body);
//! let content = json.root().pointer("/messages/0/content").ok_or("no content")?;
//!
//! let mut edits = JsonEdits::new();
//! edits.replace_text(content.id(), 5..13, "<PHONE_1>");
//! let edited = edits.apply(json)?;
//! assert_eq!(edited, br#"{ "model": "m-1", "messages": [{"role": "user", "content": "call <PHONE_1>"}] }"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ```
//! use penstock_wire::{Framer, Framing};
//!
//! let mut framer = Framer::new(Framing::Sse, 64 * 1024);
//! let mut seen = Vec::new();
//! for chunk in [&b"data: hel"[..], b"lo\n\n: keep-alive\n", b"data: [DONE]\n\n"] {
//!     framer.push(chunk, &mut |frame| seen.extend(frame.data().map(|data| data.into_owned())))?;
//! }
//! assert_eq!(seen, [b"hello".to_vec(), b"[DONE]".to_vec()]);
//! # Ok::<(), penstock_wire::FrameError>(())
//! ```
//!
//! Knows nothing of: HTTP, Envoy, models, prompts, tokens, or what any key means.

mod frames;
mod json;
mod order;
mod scan;

pub use frames::{Frame, FrameError, Framer, Framing};
pub use json::{
    EditError, Items, Json, JsonEdits, JsonError, JsonErrorKind, Kind, Limits, Members, NodeId, Tape, Value,
    pointer_key, twin, write_escaped, write_string,
};
pub use order::sort_by_key;
