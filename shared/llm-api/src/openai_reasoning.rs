//! The reasoning of chat completions, which some servers send under several names at once.
//!
//! vLLM has `reasoning_content`, `reasoning`, or both; OpenRouter has `reasoning` and `reasoning_details`. The
//! first that has text counts, the others repeat it.

use crate::lookup::Lookup;
use crate::shape::{Place, Rule, Shape, shape};
use crate::texts::{Scope, UnseenKind};
use penstock_wire::{Kind, Value};

/// OpenRouter's, with what the provider encrypted.
pub(crate) static DETAIL: Shape = shape! {
    "type" => Rule::Constant,
    "id" => Rule::Constant,
    "format" => Rule::Constant,
    "index" => Rule::Constant,
    "text" => Rule::By(detail),
    "summary" => Rule::By(detail),
    "signature" => Rule::Ignore,
    "data" => Rule::Unseen(UnseenKind::Encrypted),
};

/// `reasoning` or `reasoning_content` of an answer.
pub(crate) fn text(text: Value<'_>, _place: &Place) -> Rule {
    rule(text)
}

/// A text of one of the `reasoning_details`.
fn detail(text: Value<'_>, _place: &Place) -> Rule {
    let detail = text.parent();
    let list = detail.and_then(|detail| detail.parent().filter(|parent| parent.kind() == Kind::Array));
    list.or(detail).map_or(Rule::Text(Scope::Reasoning), rule)
}

fn rule(own: Value<'_>) -> Rule {
    let name = own.key();
    let repeats = own.parent().is_some_and(|answer| {
        let earlier = answer.members().take_while(|(_, value)| value.id() != own.id());
        earlier
            .filter(|(key, _)| name.is_none_or(|name| key.text() != name.text()))
            .any(|(key, value)| is_reasoning(key) && has_text(value))
    });
    if repeats {
        Rule::Again(Scope::Reasoning)
    } else {
        Rule::Text(Scope::Reasoning)
    }
}

fn is_reasoning(key: Value<'_>) -> bool {
    ["reasoning", "reasoning_content", "reasoning_details"]
        .iter()
        .any(|name| key.eq_text(name))
}

fn has_text(value: Value<'_>) -> bool {
    let texts = |detail: Value<'_>| {
        [detail.get("text"), detail.get("summary")]
            .into_iter()
            .flatten()
            .any(|text| text.decoded_len() > 0)
    };
    match value.kind() {
        Kind::String | Kind::Key => value.decoded_len() > 0,
        Kind::Object => texts(value),
        Kind::Array => value.items().any(texts),
        Kind::Null | Kind::Bool | Kind::Number => false,
    }
}
