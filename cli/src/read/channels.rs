//! Bytes of text, summed by channel.

use super::reading::TextBytes;
use penstock_llm_api::{
    ChannelId, Dialect, Encoding, Part, PieceRef, Scope, request_texts, response_texts, text_of,
};
use penstock_wire::{Json, Kind, NodeId, Value};
use std::collections::HashMap;
use std::hash::Hash;

/// Sums in the order in which their channels began.
pub(super) struct Sums<K> {
    places: HashMap<K, usize>,
    sums: Vec<TextBytes>,
}

impl<K: Eq + Hash> Sums<K> {
    pub(super) fn new() -> Self {
        Self {
            places: HashMap::new(),
            sums: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, key: K, scope: Scope, bytes: usize) {
        let place = *self.places.entry(key).or_insert(self.sums.len());
        if place == self.sums.len() {
            self.sums.push(TextBytes { scope, bytes: 0 });
        }
        if let Some(sum) = self.sums.get_mut(place) {
            sum.bytes += bytes as u64;
        }
    }

    /// The sums; channels without a byte are none.
    pub(super) fn into_texts(mut self) -> Vec<TextBytes> {
        self.sums.retain(|sum| sum.bytes > 0);
        self.sums
    }
}

/// The output texts of a whole answer: one for each text, call or block.
pub(super) fn of_answer(dialect: Dialect<'_>, json: Json<'_>) -> Vec<TextBytes> {
    let mut sums = Sums::new();
    for text in response_texts(dialect, json).texts {
        if text.scope.is_output() && is_new(text.part) {
            let key = (text.scope, text.message, block(json, text.node));
            sums.add(key, text.scope, text_of(json, text.node).len());
        }
    }
    sums.into_texts()
}

/// The texts of a request: one entry for each run of one message and scope.
pub(super) fn of_request(dialect: Dialect<'_>, json: Json<'_>) -> Vec<TextBytes> {
    let mut sums = Sums::new();
    let (mut run, mut last) = (0u32, None);
    for text in request_texts(dialect, json).texts {
        let place = (text.scope, text.message);
        if last != Some(place) {
            run += 1;
            last = Some(place);
        }
        sums.add(run, text.scope, text_of(json, text.node).len());
    }
    sums.into_texts()
}

/// What a piece of a stream belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum PieceOf {
    Channel(ChannelId),
    /// A call whose arguments came as an object, whole in one event of that number.
    Call(usize, NodeId),
}

/// The text that a piece continues.
pub(super) fn of_piece(json: Json<'_>, event: usize, piece: &PieceRef) -> PieceOf {
    match (piece.scope, piece.encoding, piece.part) {
        (Scope::ToolCall, Encoding::Plain, Part::Whole) => PieceOf::Call(event, block(json, piece.node)),
        _ => PieceOf::Channel(piece.channel),
    }
}

/// Whether a text says something that was not said before.
pub(super) fn is_new(part: Part) -> bool {
    match part {
        Part::Delta | Part::Whole => true,
        Part::Repeat | Part::Echo => false,
    }
}

/// What a text of an answer belongs to: the keys and values of a call's arguments are one text.
fn block(json: Json<'_>, text: NodeId) -> NodeId {
    const LISTS: &[&str] = &["content", "tool_calls", "parts", "output"];
    let mut outermost = text;
    let mut at = Some(json.value(text));
    while let Some(value) = at {
        let list = value.parent().filter(|parent| parent.kind() == Kind::Array);
        if list
            .and_then(Value::key)
            .is_some_and(|key| LISTS.iter().any(|name| key.eq_text(name)))
        {
            outermost = value.id();
        }
        at = value.parent();
    }
    outermost
}
