//! What each LLM API looks like on the wire: which request is which, whose text stands where, what an answer
//! used, and how that API says no. Tables and small functions over a JSON tape.
//!
//! ```
//! use penstock_llm_api::{Api, Head, StreamReader, Want, FrameReading, detect, read_request, request_texts};
//! use penstock_wire::{Limits, Tape};
//!
//! let head = Head { method: "POST", path: "/v1/chat/completions", ..Head::default() };
//! let target = detect(&head, &[]);
//! assert_eq!(target.api, Some(Api::OpenAiChat));
//! let dialect = target.dialect().ok_or("no dialect")?;
//!
//! let body = br#"{"model": "m-1", "stream": true, "messages": [{"role": "user", "content": "Hello"}]}"#;
//! let mut tape = Tape::new();
//! tape.parse(body, &Limits::default())?;
//! let json = tape.view(body);
//! let request = read_request(dialect, json)?;
//! assert_eq!((request.model.as_deref(), request.stream), (Some("m-1"), true));
//! let texts = request_texts(dialect, json).texts;
//! assert_eq!((texts.len(), texts[0].scope.name()), (1, "user"));
//!
//! let mut reader = StreamReader::new(dialect, Want::Usage);
//! let mut reading = FrameReading::default();
//! let chunk = br#"{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}"#;
//! tape.parse(chunk, &Limits::default())?;
//! reader.read(None, chunk, Some(tape.view(chunk)), &mut reading);
//! assert!(reading.output && reader.complete());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! * A dialect is a file: its tables of request and response, its counters, its stream. The enum [`Dialect`] is
//!   matched exhaustively, so that a new one does not compile until it is done.
//! * What no table names is text of [`Scope::Other`]: a table that is too old hides nothing.
//! * [`Usage`] means the same for every API, and a stream's repeats are never counted twice.
//!
//! Knows nothing of: Envoy, filters, policy, bodies as they arrive, time, prices.

mod answer;
mod anthropic_messages;
mod api;
mod channels;
mod custom;
mod custom_reading;
mod detect;
mod gemini;
mod gemini_calls;
mod guess;
mod lookup;
mod mcp;
mod mcp_content;
mod ollama;
mod openai;
mod openai_chat;
mod openai_completions;
mod openai_embeddings;
mod openai_reasoning;
mod openai_responses;
mod parameters;
mod path;
mod pointer;
mod refusal;
mod request;
mod responses_events;
mod responses_items;
mod shape;
mod state;
mod stream;
mod strip;
mod texts;
mod usage;
mod walk;

pub use answer::{Answer, ApiError, Finish, Warnings, read_response, response_texts};
pub use api::{Api, Dialect, Operation};
pub use custom::{CustomApi, CustomRequest, CustomResponse, CustomSpec, CustomUsage};
pub use detect::{Head, Target, detect};
pub use guess::detect_body;
pub use parameters::{Asked, Edited, ask_usage, cap_output, set_model};
pub use pointer::Pointer;
pub use refusal::{Refusal, ReplyTo, Sent, error_body, error_event, error_status};
pub use request::{ReadError, Request, read_request, request_text_bytes, request_texts};
pub use stream::{ChannelId, FrameReading, MAX_CHANNELS, PieceRef, StreamReader, Want};
pub use strip::{Stripped, strip_usage};
pub use texts::{Arguments, Encoding, Part, Scope, Text, Texts, Unseen, UnseenKind, text_of};
pub use usage::{MAX_TOKENS, Usage};
