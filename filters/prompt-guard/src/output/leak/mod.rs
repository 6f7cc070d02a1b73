//! What of the system prompt an answer gives away: its text, secrets in it, and canaries.
//!
//! An answer is read letter by letter, so it does not matter how it is cut, spaced, cased or set. The letters are looked up
//! as they stand, backward, and turned by ROT13, and once more as they come out of base64 and hexadecimal.
//!
//! What this cannot know: a prompt that is retold or translated, or given away over several answers.

mod cues;
mod decode;
mod letters;
mod reading;
mod secret;
mod shingles;
mod system;
#[cfg(test)]
mod tests;
mod values;

use super::Findings;
use crate::rule::Known;
use decode::{Base64, Decoded, Hex, Read, Utf8};
use reading::{Hit, Reading};
use shingles::Slots;
use std::ops::Range;
use values::Role;

pub(crate) use shingles::{Shingles, Slide, Window};
pub(crate) use system::{MAX_CANARIES, Said, System, is_canary};

/// How far apart shared shingles of one passage may be, in bytes of the answer.
const GAP_BYTES: u64 = 64;
/// Longest passage that is one finding, in bytes of the answer. It is what a hold can amount to.
const MAX_PASSAGE_BYTES: u64 = 2048;

/// Most text that waits to become a value, in bytes. One of letters that are further apart leaves.
const MAX_OPEN_BYTES: u64 = 512;

/// What the readings of one channel share with the system prompt.
#[derive(Debug, Default)]
pub(crate) struct Leak {
    plain: Reading,
    base64: Base64,
    hex: Hex,
    decoded: [(Utf8, Reading); Base64::PHASES + Hex::PHASES],
    book: Book,
}

impl Leak {
    /// The next character, and where it stands in the channel.
    pub(crate) fn push(&mut self, c: char, at: Range<u64>, against: Against<'_>, findings: &mut Findings) {
        if against.system.is_empty() {
            return;
        }
        let book = &mut self.book;
        book.close(at.start.saturating_sub(GAP_BYTES), findings);
        let mut hit = |hit| book.enter(hit, against, findings);
        self.plain.push(c, at.clone(), against.system, &mut hit);
        if !c.is_ascii() {
            return;
        }
        let base64 = self.base64.push(c, at.start).map(|decoded| (0, decoded));
        let hex = self
            .hex
            .push(c, at.start)
            .map(|decoded| (Base64::PHASES, decoded));
        for (first, decoded) in base64.into_iter().chain(hex) {
            if let Some(reader) = self.decoded.get_mut(first + decoded.phase) {
                read(reader, &decoded, at.end, against.system, &mut hit);
            }
        }
    }

    /// The text ends.
    pub(crate) fn end(&mut self, against: Against<'_>, findings: &mut Findings) {
        let book = &mut self.book;
        let mut hit = |hit| book.enter(hit, against, findings);
        self.plain.end(&mut hit);
        for (_, reading) in &mut self.decoded {
            reading.end(&mut hit);
        }
        book.close(u64::MAX, findings);
    }

    /// Where a passage begins that may become a leak, or goes on being one.
    pub(crate) fn open(&self) -> Option<u64> {
        self.book.passage.as_ref().map(|passage| passage.start)
    }

    /// Where something begins that may become a value. `end` is that of the text so far.
    pub(crate) fn value(&self, system: &System, end: u64) -> Option<u64> {
        let start = self.plain.open(system);
        start.filter(|start| end - start <= MAX_OPEN_BYTES)
    }
}

/// What answers are compared with.
#[derive(Clone, Copy)]
pub(crate) struct Against<'a> {
    pub(crate) system: &'a System,
    pub(crate) said: &'a Said,
}

/// Reads what came out of one alignment.
fn read(
    reader: &mut (Utf8, Reading),
    decoded: &Decoded,
    end: u64,
    system: &System,
    hit: &mut dyn FnMut(Hit),
) {
    let (utf8, reading) = reader;
    for byte in decoded.bytes.iter().take(decoded.len) {
        match utf8.push(*byte) {
            Read::Part => {}
            Read::Char(c) => reading.push(c, decoded.from..end, system, hit),
            Read::Noise => reading.clear(),
        }
    }
}

/// What was met so far.
#[derive(Debug, Default)]
struct Book {
    shared: Slots,
    /// There are enough of them.
    leaks: bool,
    /// The passage with the last shared shingles, as far as it is in no finding yet.
    passage: Option<Range<u64>>,
    /// Where the last finding ends.
    reported: u64,
}

impl Book {
    fn enter(&mut self, hit: Hit, against: Against<'_>, findings: &mut Findings) {
        match hit {
            Hit::Value(value, Role::Wanted(rule, _), range) if !against.said.has_value(value) => {
                findings.push(rule, range);
            }
            Hit::Shared(slot, range) if !against.said.has_shingle(slot) => {
                self.extend(range);
                self.shared.insert(slot);
                let leaked =
                    std::mem::replace(&mut self.leaks, self.shared.len() >= against.system.min_shared);
                if self.leaks != leaked || self.is_long() {
                    self.settle(findings);
                }
            }
            Hit::Value(..) | Hit::Shared(..) => {}
        }
    }

    fn extend(&mut self, range: Range<u64>) {
        match &mut self.passage {
            Some(passage) => passage.end = passage.end.max(range.end),
            None => self.passage = Some(range.start.max(self.reported)..range.end),
        }
    }

    fn is_long(&self) -> bool {
        let passage = self.passage.as_ref();
        passage.is_some_and(|passage| passage.end - passage.start >= MAX_PASSAGE_BYTES)
    }

    /// A passage that ends before this offset goes on no more.
    fn close(&mut self, offset: u64, findings: &mut Findings) {
        if self.passage.as_ref().is_some_and(|passage| passage.end < offset) {
            self.settle(findings);
            self.passage = None;
        }
    }

    /// The passage so far is a finding, if this is a leak by now. It may go on.
    fn settle(&mut self, findings: &mut Findings) {
        let Some(passage) = &mut self.passage else {
            return;
        };
        if self.leaks && !passage.is_empty() {
            findings.push(Known::SystemPromptLeak, passage.clone());
            self.reported = passage.end;
        }
        passage.start = passage.end;
    }
}
