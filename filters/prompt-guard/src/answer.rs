//! An answer under watch: what of it is cut, what is taken out, what waits for more.

use crate::config::Config;
use crate::output::{System, Watch};
use crate::policy::{Party, Way};
use crate::raw::Action;
use crate::rule::{Known, RuleId};
use crate::tools::{Calls, Told};
use crate::verdict::{Finding, Verdict};
use penstock_filter_api::{OutputFlow, Piece, PieceEdits};
use penstock_llm_api::{ChannelId, Part, Scope, Texts, text_of};
use penstock_wire::Json;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

/// Most text of a request that an answer is compared with, in bytes: the rest may be quoted and is then a finding.
const MAX_SAID_BYTES: usize = 1 << 20;

/// Most system prompts whose index is kept: an operator has few, and reading one takes as long as reading a long answer.
const MAX_SYSTEMS: usize = 16;

/// Indexes of system prompts, kept from one exchange to the next.
#[derive(Default)]
pub(crate) struct Systems(VecDeque<(u64, usize, Rc<System>)>);

impl Systems {
    /// The index of these prompts.
    fn of(&mut self, prompts: &[&str], config: &Config) -> Rc<System> {
        let (hash, length) = (hash(prompts), prompts.iter().map(|prompt| prompt.len()).sum());
        if let Some((_, _, known)) = self
            .0
            .iter()
            .find(|(known, size, _)| (*known, *size) == (hash, length))
        {
            return Rc::clone(known);
        }
        if self.0.len() >= MAX_SYSTEMS {
            self.0.pop_front();
        }
        let new = Rc::new(System::new(prompts, &config.watched.leak));
        self.0.push_back((hash, length, Rc::clone(&new)));
        new
    }
}

/// Eight bytes at a time, so that a long prompt costs little; 64 bits, so that no two meet.
fn hash(prompts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for prompt in prompts {
        for chunk in prompt.as_bytes().chunks(8) {
            let word = chunk
                .iter()
                .fold(chunk.len() as u64, |word, byte| word << 8 | u64::from(*byte));
            hash = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(27);
        }
        hash = hash.wrapping_add(1);
    }
    hash
}

/// The answer of one exchange.
pub(crate) struct Answer {
    watch: Watch,
    calls: Calls,
    /// Offsets in channels up to which text was taken out.
    stripped: Vec<(ChannelId, u64)>,
}

/// What becomes of a piece.
pub(crate) enum Outcome {
    /// It leaves, or waits.
    Flow(OutputFlow),
    /// The answer ends here.
    Cut(Finding),
}

impl Answer {
    /// Of a request with these texts.
    pub(crate) fn new(config: &Config, systems: &mut Systems, json: Json<'_>, texts: &Texts) -> Self {
        let system = of(json, texts, |scope| scope == Scope::System);
        let said = of(json, texts, is_said);
        let (system, said) = (refs(&system), refs(&said));
        let grounds = config.grounding.then(|| [system.as_slice(), &said].concat());
        let known = systems.of(&system, config);
        Self {
            watch: Watch::new(Rc::clone(&config.watched), known, &said, grounds.as_deref()),
            calls: Calls::default(),
            stripped: Vec::new(),
        }
    }

    /// Reads a piece.
    pub(crate) fn read(
        &mut self,
        piece: &Piece<'_>,
        (config, party): (&Config, &Party),
        edits: &mut PieceEdits,
        verdict: &mut Verdict,
    ) -> Outcome {
        if piece.part == Part::Echo {
            return Outcome::Flow(OutputFlow::Clear);
        }
        let told = self.calls.read(&config.tools, party, piece);
        let refused = match told {
            Told::Fine | Told::Open => None,
            Told::NotAllowed => Some(Known::ToolNotAllowed),
            Told::Arguments => Some(Known::ToolArguments),
        };
        if let Some(rule) = refused {
            let finding = found(rule.into(), piece, (config, party));
            verdict.add(finding);
            if finding.action >= Action::Strip {
                return Outcome::Cut(finding);
            }
        }
        let begin = piece.start.saturating_sub(piece.held.len() as u64);
        let seen = self.watch.read(piece);
        let mut ranges = Vec::new();
        for one in &seen.findings {
            let mut finding = found(one.rule.into(), piece, (config, party));
            // Half of a call is none, and what is signed cannot be changed.
            if finding.action == Action::Strip && (piece.scope == Scope::ToolCall || piece.signed) {
                finding.action = Action::Deny;
            }
            verdict.add(finding);
            match finding.action {
                Action::Deny => return Outcome::Cut(finding),
                Action::Strip => ranges.push(one.range.clone()),
                Action::Pass | Action::Alert | Action::Annotate => {}
            }
        }
        self.strip(piece, ranges, begin, edits);
        Outcome::Flow(match told {
            Told::Open => OutputFlow::AwaitFrom(begin),
            Told::Fine | Told::NotAllowed | Told::Arguments if config.strips => {
                OutputFlow::AwaitFrom(seen.open)
            }
            Told::Fine | Told::NotAllowed | Told::Arguments => OutputFlow::Clear,
        })
    }
}

impl Answer {
    /// Takes out what has not left yet, and was not taken out before.
    fn strip(&mut self, piece: &Piece<'_>, mut ranges: Vec<Range<u64>>, begin: u64, edits: &mut PieceEdits) {
        if ranges.is_empty() {
            return;
        }
        ranges.sort_by_key(|range| range.start);
        let known = self
            .stripped
            .iter()
            .position(|(channel, _)| *channel == piece.channel);
        let before = known
            .map(|at| self.stripped.swap_remove(at).1)
            .filter(|_| piece.part == Part::Delta);
        let mut from = begin.max(before.unwrap_or(0));
        for range in ranges {
            let rest = range.start.max(from)..range.end;
            if !rest.is_empty() {
                edits.replace(rest.clone(), "");
                from = rest.end;
            }
        }
        self.stripped.push((piece.channel, from));
    }
}

/// The texts of some scopes, as many as are compared.
fn of<'a>(json: Json<'a>, texts: &Texts, wanted: fn(Scope) -> bool) -> Vec<Cow<'a, str>> {
    let mut left = MAX_SAID_BYTES;
    let texts = texts.texts.iter().filter(|text| wanted(text.scope));
    let texts = texts.map(|text| text_of(json, text.node)).take_while(|text| {
        let fits = text.len() <= left;
        left = left.saturating_sub(text.len());
        fits
    });
    texts.collect()
}

fn refs<'a>(texts: &'a [Cow<'_, str>]) -> Vec<&'a str> {
    texts.iter().map(Cow::as_ref).collect()
}

/// Whether it is the client's own to hear again.
fn is_said(scope: Scope) -> bool {
    match scope {
        Scope::User
        | Scope::ToolResult
        | Scope::Document
        | Scope::ToolCall
        | Scope::ToolDefinition
        | Scope::ToolName => true,
        Scope::Assistant | Scope::Metadata | Scope::Other => true,
        Scope::System | Scope::Output | Scope::Reasoning | Scope::Refusal => false,
    }
}

fn found(rule: RuleId, piece: &Piece<'_>, (config, party): (&Config, &Party)) -> Finding {
    let action = config.policies.decide(rule, Way::Response, piece.scope, party);
    Finding {
        rule,
        way: Way::Response,
        scope: piece.scope,
        message: piece.message,
        score: 100,
        action,
    }
}
