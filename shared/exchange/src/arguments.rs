//! Arguments of calls that stand as JSON of their own: shown as a whole, with what filters made of the strings in them.

use crate::pipeline::{Item, ItemText};
use crate::whole::write;
use penstock_llm_api::{Arguments, ChannelId, Encoding, Scope};
use penstock_wire::{Json, JsonEdits, Kind, Limits, Tape};

/// They come whole, so they share a channel with nobody.
const ALONE: ChannelId = ChannelId(u32::MAX);

/// Puts the arguments of an item's calls among its texts, each behind the name of its tool and before the texts in it.
pub(crate) fn insert(item: &mut Item, arguments: &[Arguments], json: Json<'_>) {
    for one in arguments.iter().rev() {
        let value = one.node.map(|node| json.value(node));
        let text = ItemText {
            channel: ALONE,
            message: one.message,
            index: one.index,
            scope: Scope::ToolCall,
            encoding: Encoding::JsonValue,
            part: one.part,
            signed: false,
            last: true,
            node: Some(value.map_or(json.root().id(), |value| value.id())),
            text: value.map_or_else(String::new, |value| value.raw().to_owned()),
            edited: false,
            repeats: None,
            is_value: false,
        };
        item.texts.insert(one.at.min(item.texts.len()), text);
    }
}

/// Writes the edited strings of calls into their arguments, for the filters that follow.
pub(crate) fn follow(texts: &mut [ItemText]) {
    for index in 0..texts.len() {
        let changed = texts
            .get(index)
            .filter(|whole| whole.encoding == Encoding::JsonValue)
            .and_then(|whole| rewritten(whole, texts));
        if let (Some(changed), Some(whole)) = (changed, texts.get_mut(index)) {
            whole.text = changed;
        }
    }
}

fn rewritten(whole: &ItemText, texts: &[ItemText]) -> Option<String> {
    let of_it = |text: &&ItemText| {
        text.edited
            && text.scope == Scope::ToolCall
            && (text.message, text.index) == (whole.message, whole.index)
    };
    let mut edited = texts.iter().filter(of_it).peekable();
    edited.peek()?;
    let mut tape = Tape::new();
    tape.parse(whole.text.as_bytes(), &Limits::default()).ok()?;
    let json = tape.view(whole.text.as_bytes());
    let mut edits = JsonEdits::new();
    for text in edited {
        // The nodes of a part of a document are in its own tape what they are in the document's, counted from its first.
        let inside = text
            .node
            .zip(whole.node)
            .and_then(|(node, whole)| node.index().checked_sub(whole.index()));
        let value = inside.and_then(|inside| json.nodes().nth(inside));
        if let Some(value) = value.filter(|value| value.kind() != Kind::Object) {
            write(&mut edits, value, text).ok()?;
        }
    }
    String::from_utf8(edits.apply(json).ok()?).ok()
}
