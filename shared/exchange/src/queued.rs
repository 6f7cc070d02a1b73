//! A frame in a filter's queue.

use crate::arguments;
use crate::pipeline::{Item, ItemText};
use crate::placed::Placed;
use penstock_llm_api::Part;

/// Texts of a frame among which the one is looked for that another repeats.
const MAX_SAID: usize = 64;

/// A frame in a filter's queue.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) item: Item,
    /// Place and edits of the item's text with the same index.
    pub(crate) places: Vec<Placed>,
    /// What it costs.
    pub(crate) bytes: usize,
}

impl Queued {
    pub(crate) fn new(item: Item, places: Vec<Placed>) -> Self {
        let texts: usize = item.texts.iter().map(|text| text.text.len()).sum();
        let overhead = size_of::<Self>() + item.texts.len() * (size_of::<ItemText>() + size_of::<Placed>());
        let bytes = item.raw.len() + texts + overhead;
        Self { item, places, bytes }
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = (&ItemText, &Placed)> {
        self.item.texts.iter().zip(&self.places)
    }

    /// The item with its edits written into its texts.
    pub(crate) fn edited(mut self) -> Item {
        for (text, place) in self.item.texts.iter_mut().zip(self.places) {
            if let Some(edited) = place.edited(&text.text) {
                text.text = edited;
                text.edited = true;
                text.is_value = false;
            }
        }
        repeat(&mut self.item.texts);
        arguments::follow(&mut self.item.texts);
        self.item.texts.retain(|text| text.node.is_some());
        self.item
    }
}

/// Tells which texts repeat a piece under another name of the same frame.
pub(crate) fn tell_repeats(texts: &mut [ItemText]) {
    for index in 0..texts.len() {
        let repeats = texts.get(index).and_then(|text| said(texts, text));
        if let Some(text) = texts.get_mut(index) {
            text.repeats = repeats;
        }
    }
}

fn said(texts: &[ItemText], text: &ItemText) -> Option<usize> {
    if text.part != Part::Repeat {
        return None;
    }
    let is_same =
        |said: &ItemText| said.part == Part::Delta && said.channel == text.channel && said.text == text.text;
    texts.iter().take(MAX_SAID).position(is_same)
}

/// What became of a piece becomes of its repeats.
fn repeat(texts: &mut [ItemText]) {
    for index in 0..texts.len() {
        let repeats = texts.get(index).and_then(|text| text.repeats);
        let said = repeats
            .and_then(|said| texts.get(said))
            .filter(|said| said.edited);
        let said = said.map(|said| said.text.clone());
        if let (Some(said), Some(text)) = (said, texts.get_mut(index)) {
            text.text = said;
            text.edited = true;
        }
    }
}
