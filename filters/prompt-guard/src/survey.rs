//! A prompt on its way through the guard: what is found in each text, and in several together.
//!
//! A long prompt would keep its worker from all others, so it is read a turn at a time.

use crate::config::{Config, Depth};
use crate::flood;
use crate::rule::{Known, RuleId};
use penstock_guard_model::{Scratch, Side};
use penstock_llm_api::{Scope, Text, text_of};
use penstock_text_scan::view::{Coding, Reading, Signs, View, views};
use penstock_wire::Json;
use std::borrow::Cow;
use std::ops::Range;

/// Most text that is read at once, in bytes.
const CHUNK_BYTES: usize = 64 << 10;
/// So much of a chunk is read again with the next one, in bytes: an attack at the border is whole in one of them.
const OVERLAP_BYTES: usize = 512;
/// What a turn may cost, in bytes of text: some two milliseconds.
const TURN_COST: usize = 128 << 10;
/// A document is read so often for as much text as it is long, at most.
const MAX_READS: usize = 4;
/// What a text costs beside its bytes.
const TEXT_COST: usize = 64;
/// The last words of a conversation that are read together, in bytes.
const TOGETHER_BYTES: usize = 4 << 10;
/// Most findings of rules of form in one text.
const MAX_FORMS: usize = 1024;
/// Characters that nobody sees from which on they hide something: one or two are the slips of keyboards.
const MIN_UNSEEN: u32 = 3;

/// What a text holds.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) rule: RuleId,
    /// In hundredths.
    pub(crate) score: u8,
    /// Bytes of the text.
    pub(crate) range: Range<usize>,
}

/// What the classifier says of a text, in the reading where it says most.
#[derive(Clone, Debug)]
pub(crate) struct Opinion {
    pub(crate) score: f32,
    /// Bytes of the text.
    pub(crate) range: Range<usize>,
}

/// Reads texts, one at a time.
pub(crate) struct Reader<'a> {
    pub(crate) config: &'a Config,
    pub(crate) scratch: &'a mut Scratch,
}

impl Reader<'_> {
    /// What stands in a text of this scope.
    pub(crate) fn read(&mut self, text: &str, scope: Scope) -> (Vec<Found>, Opinion) {
        let mut found = Vec::new();
        if self.config.depth(scope) != Depth::Whole {
            let range = 0..text.len();
            self.tokens(text, &mut found);
            return (found, Opinion { score: 0.0, range });
        }
        let views = views(text);
        if let Some(canonical) = views.views.first() {
            self.forms(canonical, &mut found);
            if canonical.text() != text {
                self.own(text, &mut found);
            }
        }
        signs(&views.signs, text.len(), &mut found);
        let opinion = self.opinion(&views.views, side(scope), text.len());
        let score = hundredths(opinion.score);
        if score >= self.config.threshold {
            found.push(Found {
                rule: learned(scope).into(),
                score,
                range: opinion.range.clone(),
            });
        }
        (found, opinion)
    }

    fn forms(&self, view: &View<'_>, found: &mut Vec<Found>) {
        let each = |rule, range| form(found, rule, view.span(range));
        self.config.structures.each(view.text(), each);
    }

    /// Rules of the user may speak of letters that the canonical view has no more.
    fn own(&self, text: &str, found: &mut Vec<Found>) {
        let met: Vec<RuleId> = found.iter().map(|found| found.rule).collect();
        self.config.structures.own(text, |rule, range| {
            if !met.contains(&rule) {
                form(found, rule, range);
            }
        });
    }

    fn tokens(&self, text: &str, found: &mut Vec<Found>) {
        let each = |rule, range| form(found, rule, range);
        self.config.structures.tokens(text, each);
    }

    fn opinion(&mut self, views: &[View<'_>], side: Side, length: usize) -> Opinion {
        let mut best: Option<Opinion> = None;
        for view in scored(views) {
            let scored = self.config.table.score(view.text(), side, self.scratch);
            if best.as_ref().is_none_or(|best| scored.score > best.score) {
                let range = view.span(scored.range);
                best = Some(Opinion {
                    score: scored.score,
                    range,
                });
            }
        }
        best.unwrap_or(Opinion {
            score: 0.0,
            range: 0..length,
        })
    }
}

/// Keeps what a rule of form found.
fn form(found: &mut Vec<Found>, rule: RuleId, range: Range<usize>) {
    if found.len() < MAX_FORMS {
        found.push(Found {
            rule,
            score: 100,
            range,
        });
    }
}

/// The readings that the classifier scores. Where letters stand apart they are joined: alone they say nothing, and it has learnt
/// nothing of them.
pub(crate) fn scored<'v, 'a>(views: &'v [View<'a>]) -> impl Iterator<Item = &'v View<'a>> {
    let joined = views.iter().any(|view| view.reading == Reading::Joined);
    views
        .iter()
        .filter(move |view| !joined || view.reading != Reading::Canonical)
}

/// A score from 0 to 1 in hundredths, so that one half is no less than 50.
pub(crate) fn hundredths(score: f32) -> u8 {
    (score * 100.0 + 0.001) as u8
}

/// Which head reads a scope.
pub(crate) fn side(scope: Scope) -> Side {
    match scope {
        Scope::ToolResult
        | Scope::ToolDefinition
        | Scope::ToolName
        | Scope::Document
        | Scope::ToolCall
        | Scope::Metadata => Side::Indirect,
        Scope::System | Scope::User | Scope::Assistant | Scope::Other => Side::Direct,
        Scope::Output | Scope::Reasoning | Scope::Refusal => Side::Direct,
    }
}

/// The rule that names what the classifier finds in a scope.
fn learned(scope: Scope) -> Known {
    match (scope, side(scope)) {
        (Scope::ToolDefinition, _) => Known::ToolPoisoning,
        (_, Side::Direct) => Known::Injection,
        (_, Side::Indirect) => Known::IndirectInjection,
    }
}

fn signs(signs: &Signs, length: usize, found: &mut Vec<Found>) {
    let mut add = |rule: Known, is: bool| {
        if is {
            found.push(Found {
                rule: rule.into(),
                score: 100,
                range: 0..length,
            });
        }
    };
    add(Known::HiddenText, signs.decoded(Coding::TagText) > 0);
    add(Known::HiddenCharacters, signs.hidden() >= MIN_UNSEEN);
    // Pages are full of entities and of percent signs.
    let coded = [Coding::Base64, Coding::Hex, Coding::Escape];
    add(
        Known::EncodedText,
        coded.into_iter().any(|coding| signs.decoded(coding) > 0),
    );
}

/// A text with what was found in it.
pub(crate) struct Part {
    pub(crate) text: Text,
    pub(crate) found: Found,
}

/// A text of which the classifier is not sure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grey {
    pub(crate) text: Text,
    pub(crate) score: u8,
    /// The middle of its worst window, in bytes.
    pub(crate) at: usize,
}

/// What was found in the texts of a request so far.
#[derive(Default)]
pub(crate) struct Survey {
    pub(crate) parts: Vec<Part>,
    /// The text that the classifier is least sure of.
    pub(crate) grey: Option<Grey>,
    /// Bytes of text that were read.
    pub(crate) bytes: u64,
    /// The text that is next, and from where.
    next: usize,
    at: usize,
    /// That text, decoded.
    decoded: Option<String>,
    /// The messages of the user, the ends of long ones, to be read together.
    together: Vec<String>,
    done: bool,
}

impl Survey {
    /// Reads on, for a turn or to the end. Gives whether that is reached.
    pub(crate) fn go_on(
        &mut self,
        reader: &mut Reader<'_>,
        json: Json<'_>,
        texts: &[Text],
        may_pause: bool,
    ) -> bool {
        let mut left = if may_pause {
            turn(json, TURN_COST)
        } else {
            usize::MAX
        };
        while let Some(text) = texts.get(self.next) {
            if left == 0 {
                return false;
            }
            let cost = if reader.config.depth(text.scope) == Depth::Unread {
                self.next += 1;
                0
            } else {
                self.read(reader, json, text)
            };
            left = left.saturating_sub(cost + TEXT_COST);
        }
        if !self.done {
            self.done = true;
            self.read_together(reader, texts);
        }
        true
    }

    /// Reads a text, or the next chunk of a long one. Gives what it costs.
    fn read(&mut self, reader: &mut Reader<'_>, json: Json<'_>, text: &Text) -> usize {
        let all = self
            .decoded
            .take()
            .map_or_else(|| text_of(json, text.node), Cow::Owned);
        let end = if all.len() - self.at <= CHUNK_BYTES {
            all.len()
        } else {
            blank(&all, self.at + CHUNK_BYTES)
        };
        let chunk = all.get(self.at..end).unwrap_or_default();
        let (found, opinion) = reader.read(chunk, text.scope);
        self.keep(text, found, self.at);
        self.doubt(reader.config, text, &opinion);
        let dealt = chunk.len();
        let measured = reader.config.limits.measured_bytes as usize;
        if self.at == 0
            && reader.config.depth(text.scope) == Depth::Whole
            && measured > 0
            && all.len() >= measured
            && let Some(rule) = flood::says_nothing(&all)
        {
            let found = Found {
                rule: rule.into(),
                score: 100,
                range: 0..all.len(),
            };
            self.parts.push(Part { text: *text, found });
        }
        self.bytes += dealt as u64;
        if end == all.len() {
            if text.scope == Scope::User {
                self.together.push(tail(&all, TOGETHER_BYTES).to_owned());
            }
            self.next += 1;
            self.at = 0;
        } else {
            self.at = all.floor_char_boundary(end.saturating_sub(OVERLAP_BYTES).max(self.at + 1));
            self.decoded = Some(all.into_owned());
        }
        dealt
    }

    fn keep(&mut self, text: &Text, found: Vec<Found>, at: usize) {
        self.parts.extend(found.into_iter().map(|found| {
            let range = found.range.start + at..found.range.end + at;
            Part {
                text: *text,
                found: Found { range, ..found },
            }
        }));
    }

    fn doubt(&mut self, config: &Config, text: &Text, opinion: &Opinion) {
        let score = hundredths(opinion.score);
        let grey = config
            .judge
            .as_ref()
            .is_some_and(|judge| (judge.from..config.threshold).contains(&score));
        if grey && self.grey.is_none_or(|grey| grey.score < score) {
            let at = self.at + opinion.range.start.midpoint(opinion.range.end);
            self.grey = Some(Grey {
                text: *text,
                score,
                at,
            });
        }
    }

    /// An attack in pieces is none in any of them. Pieces may end between words, or within one.
    fn read_together(&mut self, reader: &mut Reader<'_>, texts: &[Text]) {
        let is_learned = |part: &Part| part.found.rule == Known::Injection.into();
        let last = texts.iter().rev().find(|text| text.scope == Scope::User);
        let Some(last) = last.filter(|_| self.together.len() > 1 && !self.parts.iter().any(is_learned))
        else {
            return;
        };
        let mut left = TOGETHER_BYTES;
        let mut pieces = Vec::new();
        for piece in self.together.iter().rev() {
            let piece = tail(piece, left);
            left = left.saturating_sub(piece.len() + 1);
            pieces.push(piece);
            if left == 0 {
                break;
            }
        }
        pieces.reverse();
        for all in [pieces.join("\n"), pieces.concat()] {
            let (found, opinion) = reader.read(&all, Scope::User);
            if found.iter().any(|found| found.rule == Known::Injection.into()) {
                let found = Found {
                    rule: Known::SplitInjection.into(),
                    score: hundredths(opinion.score),
                    range: 0..0,
                };
                self.parts.push(Part { text: *last, found });
                return;
            }
        }
    }
}

/// What a turn may cost, at least this. Each reads the document anew, so one of many small texts has few.
pub(crate) fn turn(json: Json<'_>, least: usize) -> usize {
    least.max(json.root().raw().len() / MAX_READS)
}

/// The last blank before an offset, not far from it; else a border between characters.
fn blank(text: &str, at: usize) -> usize {
    let end = text.floor_char_boundary(at);
    let near = text.get(..end).unwrap_or_default().as_bytes();
    let from = near.len().saturating_sub(OVERLAP_BYTES / 2);
    let blank = near
        .get(from..)
        .unwrap_or_default()
        .iter()
        .rposition(u8::is_ascii_whitespace);
    blank.map_or(end, |blank| from + blank + 1)
}

/// The end of a text, of at most so many bytes.
fn tail(text: &str, bytes: usize) -> &str {
    let from = text.ceil_char_boundary(text.len().saturating_sub(bytes));
    text.get(from..).unwrap_or_default()
}
