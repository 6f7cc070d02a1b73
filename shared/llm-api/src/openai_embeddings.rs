//! Embeddings: `POST /v1/embeddings`.
//!
//! Source: <https://platform.openai.com/docs/api-reference/embeddings>. vLLM takes `messages` too.

use crate::answer::Seen;
use crate::openai;
use crate::openai_chat;
use crate::openai_completions::text_or_tokens;
use crate::request::{ReadError, Request, name};
use crate::shape::{Rule, Shape, shape};
use crate::texts::Scope;
use penstock_wire::Value;

pub(crate) static REQUEST: Shape = shape! {
    "model" => Rule::Constant,
    "input" => Rule::By(text_or_tokens),
    "messages" => Rule::Shape(&openai_chat::MESSAGE),
    "encoding_format" => Rule::Constant,
    "dimensions" => Rule::Constant,
    "user" => Rule::Text(Scope::Metadata),
};

pub(crate) static RESPONSE: Shape = shape! {
    "id" => Rule::Constant,
    "object" => Rule::Constant,
    "created" => Rule::Constant,
    "model" => Rule::Constant,
    "data" => Rule::Ignore,
    "usage" => Rule::Ignore,
    "error" => Rule::Shape(&openai::ERROR),
};

pub(crate) fn request(root: Value<'_>) -> Result<Request, ReadError> {
    Ok(Request {
        model: name(root, "model")?,
        ..Request::default()
    })
}

pub(crate) fn answer(root: Value<'_>) -> Seen {
    let mut seen = Seen::default();
    openai::names(&mut seen, root);
    seen
}
