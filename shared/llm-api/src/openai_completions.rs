//! Text completions: `POST /v1/completions`.
//!
//! Source: <https://platform.openai.com/docs/api-reference/completions>.

use crate::answer::{Finish, Seen};
use crate::lookup::Lookup;
use crate::openai::{self, FINISH};
use crate::openai_chat::{self, enter_choice};
use crate::request::{ReadError, Request, count, flag, name};
use crate::shape::{Place, Rule, Shape, shape};
use crate::state::State;
use crate::stream::FrameReading;
use crate::texts::{Part, Scope, UnseenKind};
use penstock_wire::{Kind, Value};

pub(crate) static REQUEST: Shape = shape! {
    "model" => Rule::Constant,
    "prompt" => Rule::By(text_or_tokens),
    "suffix" => Rule::Text(Scope::User),
    "stream" => Rule::Constant,
    "stream_options" => Rule::Shape(&openai_chat::STREAM_OPTIONS),
    "max_tokens" => Rule::Constant,
    "n" => Rule::Constant,
    "best_of" => Rule::Constant,
    "echo" => Rule::Constant,
    "stop" => Rule::Text(Scope::Other),
    "user" => Rule::Text(Scope::Metadata),
    "logit_bias" => Rule::Ignore,
    "logprobs" => Rule::Constant,
    "temperature" => Rule::Constant,
    "top_p" => Rule::Constant,
    "frequency_penalty" => Rule::Constant,
    "presence_penalty" => Rule::Constant,
    "seed" => Rule::Constant,
};

/// A string, strings, token ids, or lists of token ids.
pub(crate) fn text_or_tokens(input: Value<'_>, _place: &Place) -> Rule {
    match input.items().next().map(Value::kind) {
        Some(Kind::Number | Kind::Array) => Rule::Unseen(UnseenKind::Tokens),
        Some(Kind::String | Kind::Object | Kind::Null | Kind::Bool | Kind::Key) | None => {
            Rule::Text(Scope::User)
        }
    }
}

pub(crate) static RESPONSE: Shape = shape! {
    "id" => Rule::Constant,
    "object" => Rule::Constant,
    "created" => Rule::Constant,
    "model" => Rule::Constant,
    "choices" => Rule::Shape(&CHOICE),
    "usage" => Rule::Ignore,
    "system_fingerprint" => Rule::Constant,
    "service_tier" => Rule::Constant,
    "obfuscation" => Rule::Ignore,
    "timings" => Rule::Ignore,
    "error" => Rule::Shape(&openai::ERROR),
};

static CHOICE: Shape = shape! { enter enter_choice;
    "index" => Rule::Constant,
    "text" => Rule::Text(Scope::Output),
    "reasoning" => Rule::Text(Scope::Reasoning),
    "reasoning_content" => Rule::Text(Scope::Reasoning),
    "finish_reason" => Rule::Constant,
    "stop_reason" => Rule::Constant,
    "logprobs" => Rule::Logprobs,
    "prompt_logprobs" => Rule::Logprobs,
    "prompt_token_ids" => Rule::Ignore,
    "token_ids" => Rule::Ignore,
};

pub(crate) fn request(root: Value<'_>) -> Result<Request, ReadError> {
    let stream = flag(root, "stream")?.unwrap_or(false);
    // `best_of` are generated, and paid for, of which `n` are shown.
    let each = count(root, "n")?.max(count(root, "best_of")?).unwrap_or(1);
    let prompts = root.get("prompt").map_or(1, prompts);
    Ok(Request {
        model: name(root, "model")?,
        stream,
        usage_asked: if stream {
            Some(openai_chat::usage_asked(root)?)
        } else {
            None
        },
        max_output_tokens: count(root, "max_tokens")?,
        choices: each.saturating_mul(prompts),
        ..Request::default()
    })
}

/// Each prompt of a list is answered; a list of numbers is one prompt.
fn prompts(prompt: Value<'_>) -> u64 {
    let several = prompt
        .items()
        .next()
        .is_some_and(|first| first.kind() != Kind::Number);
    if several { prompt.items().count() as u64 } else { 1 }
}

pub(crate) fn answer(root: Value<'_>) -> Seen {
    let mut seen = Seen::default();
    openai::names(&mut seen, root);
    seen.finish = root
        .list("choices")
        .find_map(|choice| Finish::from_table(choice.get("finish_reason")?, FINISH));
    seen
}

pub(crate) fn frame(root: Value<'_>, state: &mut State, out: &mut FrameReading) {
    state.texts(
        root,
        Rule::Shape(&RESPONSE),
        Place::new(Scope::Output, Part::Delta),
        out,
    );
    openai_chat::close(root, state, out);
}
