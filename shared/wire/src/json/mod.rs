//! JSON as a tape: one bounded pass over the bytes writes an index of spans, and everything is read from
//! there.

mod edits;
mod error;
mod number;
mod parse;
mod splice;
mod string;
mod tape;
mod twins;
mod value;

pub use edits::JsonEdits;
pub use error::{EditError, JsonError, JsonErrorKind};
pub use string::{write_escaped, write_string};
pub use tape::{Json, Kind, Limits, NodeId, Tape};
pub use twins::twin;
pub use value::{Items, Members, Value, pointer_key};
