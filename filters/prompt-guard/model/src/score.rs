//! The score of a text: that of its worst window.
//!
//! Windows are two blocks in a row and, for what is short, two parts of a block in a row.

use crate::concepts::Concepts;
use crate::grams::Reader;
use crate::table::{Head, PLACES, Side, Table};
use crate::token::{Script, Token, Tokens};
use std::ops::Range;

/// Tokens of a part of a block. Two in a row are a window too, or harmless words around an attack would outweigh it.
const PART: u32 = 16;
/// Log odds that such a window needs more than others: a few words prove less.
const SHORT: f32 = 1.0;
/// Log odds that the direct head needs more of a text from elsewhere, which its other head reads first.
const ELSEWHERE: f32 = 2.0;

/// The score of a text, and of which part of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// From 0 to 1; flagged from one half on.
    pub score: f32,
    /// Log odds of an attack.
    pub odds: f32,
    /// The script of the text.
    pub script: Script,
    /// The head that says so.
    pub side: Side,
    /// Bytes of the text's worst window.
    pub range: Range<usize>,
}

/// Room to read texts in, kept from one to the next: the places of a block's n-grams, a bit each, and their list.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    seen: Vec<u64>,
    places: Vec<u32>,
}

/// A block of a text.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    sum: i32,
    tokens: u32,
    start: usize,
}

/// What a head says of the blocks of a text as they pass.
struct Walk<'h> {
    head: &'h Head,
    concepts: &'h Concepts,
    reader: Reader,
    /// Of this block. Empty between texts.
    scratch: Scratch,
    block: Block,
    last: Option<Block>,
    /// The last two parts, the latest first.
    parts: [Block; 2],
    best: Option<(f32, Range<usize>)>,
    /// The worst of the windows of parts.
    short: (f32, Range<usize>),
}

impl<'h> Walk<'h> {
    fn new(head: &'h Head, concepts: &'h Concepts, scratch: &mut Scratch) -> Self {
        let mut scratch = std::mem::take(scratch);
        let words = head.buckets.len() * PLACES / 64 + 1;
        if scratch.seen.len() < words {
            scratch.seen.resize(words, 0);
        }
        Self {
            head,
            concepts,
            reader: Reader::default(),
            scratch,
            block: Block::default(),
            last: None,
            parts: [Block::default(); 2],
            best: None,
            short: (f32::NEG_INFINITY, 0..0),
        }
    }

    #[inline]
    fn push(&mut self, token: Token) {
        if self.block.tokens == u32::from(self.head.block) {
            self.close(token.start);
            self.last = Some(std::mem::take(&mut self.block));
            self.block.start = token.start;
        }
        if self.parts[0].tokens == PART {
            self.close_part(token.start);
        }
        self.block.tokens += 1;
        self.parts[0].tokens += 1;
        let Self {
            head,
            scratch: Scratch { seen, places },
            block,
            parts: [part, _],
            ..
        } = self;
        self.reader.push(token, self.concepts, |gram, _| {
            let Some((place, weight)) = head.weight(gram) else {
                return;
            };
            let Some(word) = seen.get_mut((place >> 6) as usize) else {
                return;
            };
            if *word >> (place & 63) & 1 == 0 {
                *word |= 1 << (place & 63);
                places.push(place);
                block.sum += i32::from(weight);
                part.sum += i32::from(weight);
            }
        });
    }

    /// Ends a part: it and the one before are a short window.
    fn close_part(&mut self, end: usize) {
        let [part, last] = self.parts;
        let odds = self.head.odds(part.sum + last.sum, part.tokens + last.tokens) - SHORT;
        if odds > self.short.0 {
            self.short = (odds, last.start..end);
        }
        let next = Block {
            start: end,
            ..Block::default()
        };
        self.parts = [next, part];
    }

    /// Ends a block: it and the one before are a window.
    fn close(&mut self, end: usize) {
        let last = self.last.unwrap_or(Block {
            start: self.block.start,
            ..Block::default()
        });
        let odds = self
            .head
            .odds(self.block.sum + last.sum, self.block.tokens + last.tokens);
        // The first block is no window of its own, if there is another.
        let alone = self
            .best
            .as_ref()
            .is_some_and(|(_, range)| range.start == last.start);
        if alone || self.best.as_ref().is_none_or(|(best, _)| odds > *best) {
            self.best = Some((odds, last.start..end));
        }
        for place in self.scratch.places.drain(..) {
            if let Some(word) = self.scratch.seen.get_mut((place >> 6) as usize) {
                *word = 0;
            }
        }
    }
}

impl Table {
    /// What is said of a text. One from elsewhere may hold what a user would type to turn the model round, so both heads read it.
    pub fn score(&self, text: &str, side: Side, scratch: &mut Scratch) -> Scored {
        let scored = self.read_by(side, 0.0, text, scratch);
        if side == Side::Direct {
            return scored;
        }
        let direct = self.read_by(Side::Direct, ELSEWHERE, text, scratch);
        if direct.score > scored.score {
            direct
        } else {
            scored
        }
    }

    /// What a head says of a text, less some log odds.
    fn read_by(&self, side: Side, less: f32, text: &str, scratch: &mut Scratch) -> Scored {
        let mut walk = Walk::new(self.head(side), &self.concepts, scratch);
        let mut tokens = Tokens::new(text);
        for token in tokens.by_ref() {
            walk.push(token);
        }
        walk.close(text.len());
        walk.close_part(text.len());
        *scratch = walk.scratch;
        let script = tokens.letters().script();
        let (odds, range) = walk
            .best
            .filter(|(best, _)| *best >= walk.short.0)
            .unwrap_or(walk.short);
        let odds = odds - less;
        Scored {
            score: walk.head.score(odds, script),
            odds,
            script,
            side,
            range,
        }
    }

    /// The n-grams of a window with their bytes, those that weigh most either way first.
    pub fn weigh(&self, text: &str, side: Side, range: &Range<usize>) -> Vec<(Range<usize>, f32)> {
        let head = self.head(side);
        let mut reader = Reader::default();
        let mut found: Vec<(u32, Range<usize>, f32)> = Vec::new();
        for token in Tokens::new(text) {
            let inside = range.contains(&token.start);
            reader.push(token, &self.concepts, |gram, start| {
                let Some((place, weight)) = head.weight(gram).filter(|_| inside) else {
                    return;
                };
                if !found.iter().any(|(known, ..)| *known == place) {
                    found.push((place, start..token.end, f32::from(weight) * head.unit));
                }
            });
        }
        found.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()));
        found
            .into_iter()
            .map(|(_, range, weight)| (range, weight))
            .collect()
    }
}
