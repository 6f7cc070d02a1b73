//! A backend that takes as long as a GPU would: the step model of `penstock-gpu-model`, played in real time or faster.
//!
//! `machine` is the engine with those who wait for its tokens, and knows no clock; `station` gives it one. `progress`
//! is what one request has got so far, `prompt` what the engine must know of it, `answer` how it becomes a response.

pub mod answer;
mod machine;
mod progress;
mod prompt;
mod station;

pub use progress::Reached;
pub use station::{Seat, Station};
