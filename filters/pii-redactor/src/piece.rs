//! A piece of an answer: what of it is restored, what is masked, and what waits for more.

use crate::answer::{Window, is_answer};
use crate::book::Tally;
use crate::config::Config;
use crate::restore::{Place, Sought, seek};
use crate::survey::is_structured;
use crate::vault::{Entry, Vault};
use penstock_filter_api::{OutputFlow, Piece, PieceEdits, Way};
use penstock_llm_api::{ChannelId, Encoding, Part};
use penstock_text_scan::RuleId;
use std::ops::Range;

/// What was seen of each channel that goes on.
#[derive(Default)]
pub(crate) struct Windows(Vec<(ChannelId, Window)>);

impl Windows {
    /// What was seen of the piece's channel; of a text that comes whole nothing is kept.
    pub(crate) fn take(&mut self, piece: &Piece<'_>) -> Window {
        let known = |(channel, _): &(ChannelId, Window)| *channel == piece.channel;
        match self.0.iter().position(known) {
            Some(at) if piece.part == Part::Delta => self.0.swap_remove(at).1,
            Some(_) | None => Window::default(),
        }
    }

    /// Keeps it for the next piece.
    pub(crate) fn put(&mut self, piece: &Piece<'_>, window: Window) {
        if piece.part == Part::Delta && !piece.last {
            self.0.push((piece.channel, window));
        }
    }
}

/// A piece with what it takes to deal with it.
pub(crate) struct Reading<'a> {
    pub(crate) piece: &'a Piece<'a>,
    pub(crate) config: &'a Config,
    pub(crate) vault: &'a Vault,
    pub(crate) window: &'a mut Window,
    pub(crate) tally: &'a mut Tally,
    pub(crate) edits: &'a mut PieceEdits,
}

impl Reading<'_> {
    /// Restores, and masks where answers are read; `Err` is what ends the answer.
    pub(crate) fn read(mut self, reads_answers: bool) -> Result<OutputFlow, RuleId> {
        self.window.push(self.piece);
        let sought = self.seek();
        let known = self.begin() + sought.open as u64;
        let mut open = known;
        if reads_answers && is_answer(self.piece.scope, self.piece.part) {
            open = self.judge(&sought, open)?;
        }
        let open = self.restore(&sought, open);
        self.window.trim(self.config);
        Ok(if sought.doubtful && open == known {
            OutputFlow::LingerFrom(open)
        } else {
            OutputFlow::AwaitFrom(open)
        })
    }

    /// Offset in the channel of what has not left.
    fn begin(&self) -> u64 {
        self.piece.start.saturating_sub(self.piece.held.len() as u64)
    }

    fn seek(&self) -> Sought {
        let text = [self.piece.held, self.piece.text].concat();
        let place = Place {
            before: self.window.before(self.begin()),
            json: is_json(self.piece.encoding),
            last: self.piece.last,
        };
        seek(self.vault, &text, place)
    }

    /// Masks what the client did not send. Gives the offset up to which all is decided.
    fn judge(&mut self, sought: &Sought, upto: u64) -> Result<u64, RuleId> {
        self.tally.scanned(Way::Response, self.piece.text.len());
        let begin = self.begin();
        let stand_ins = sought.ranges(begin);
        let known = (self.config, self.vault);
        let verdict = self
            .window
            .judge(self.piece, (&stand_ins, upto), known, self.tally);
        let json = is_json(self.piece.encoding);
        for (range, with) in verdict.edits {
            let mut with = written(&with, json);
            if json && self.window.is_outside_strings(range.start) {
                with = format!("\"{with}\"");
            }
            // What has left already cannot be taken back.
            let range = range.start.max(begin)..range.end.max(begin);
            if !range.is_empty() {
                self.edits.replace(range, with);
            }
        }
        match verdict.blocked {
            Some(rule) => Err(rule),
            None => Ok(verdict.open),
        }
    }

    /// Writes the originals of the stand-ins that end before this offset. Gives it back, or where a stand-in begins that
    /// reaches beyond it.
    fn restore(&mut self, sought: &Sought, upto: u64) -> u64 {
        let counts = matches!(self.piece.part, Part::Delta | Part::Whole);
        for (stand_in, at) in sought.found.iter().zip(sought.ranges(self.begin())) {
            if at.end > upto {
                return upto.min(at.start);
            }
            match stand_in.entry.and_then(|index| self.vault.entry(index)) {
                Some(entry) => {
                    self.window.restored(at.clone());
                    self.write(entry, at);
                    if counts {
                        self.tally.restored(entry.rule);
                    }
                }
                None if counts => self.tally.unknown(1),
                None => {}
            }
        }
        upto
    }

    /// Puts the original in the place of its stand-in. A number that is all of a value of JSON is a number again.
    fn write(&mut self, entry: &Entry, at: Range<u64>) {
        let json = is_json(self.piece.encoding);
        let whole = self.piece.part != Part::Delta && at.end - at.start == self.piece.text.len() as u64;
        if entry.is_number && whole && !json && is_structured(self.piece.scope) {
            self.edits.replace_value(entry.original.clone());
        } else {
            self.edits.replace(at, written(&entry.original, json));
        }
    }
}

fn is_json(encoding: Encoding) -> bool {
    match encoding {
        Encoding::Plain => false,
        Encoding::JsonInString | Encoding::JsonFragment | Encoding::JsonValue => true,
    }
}

/// A value as it stands in plain text, or between the quotes of JSON source text.
fn written(value: &str, json: bool) -> String {
    if !json {
        return value.to_owned();
    }
    let mut raw = Vec::new();
    penstock_wire::write_escaped(&mut raw, value);
    String::from_utf8_lossy(&raw).into_owned()
}
