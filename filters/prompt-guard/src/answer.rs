//! An answer under watch: what of it is cut, what is taken out, what waits for more.

use crate::config::Config;
use crate::output::{Grounds, Said, System, Watch};
use crate::policy::Party;
use crate::raw::Action;
use crate::rule::{Known, OUTPUT, RuleId};
use crate::tools::{Calls, Told};
use crate::verdict::{Finding, Verdict};
use penstock_filter_api::{Failure, OutputFlow, Piece, PieceEdits, Way};
use penstock_llm_api::{ChannelId, Part, Scope};
use std::ops::Range;
use std::rc::Rc;

/// Stands for what was taken out, so that what stood around it does not become one text. It is no markup anywhere.
pub(crate) const STAND_IN: &str = "(removed)";

/// The answer of one exchange.
pub(crate) struct Answer {
    watch: Watch,
    calls: Calls,
    strips: Vec<(ChannelId, Strip)>,
}

/// What is taken out of a channel.
#[derive(Default)]
struct Strip {
    /// Offset up to which text was taken out.
    done: u64,
    /// What is to go once nothing that began before it may become a finding: then both go as one.
    due: Vec<Range<u64>>,
}

/// What becomes of a piece.
pub(crate) enum Outcome {
    /// It leaves, or waits.
    Flow(OutputFlow),
    /// The answer ends here.
    Cut(Finding),
}

impl Answer {
    /// That is compared with what a request says.
    pub(crate) fn new(config: &Config, (system, said, grounds): (Rc<System>, Said, Option<Grounds>)) -> Self {
        Self {
            watch: Watch::new(Rc::clone(&config.watched), system, said, grounds),
            calls: Calls::default(),
            strips: Vec::new(),
        }
    }

    /// What is too long to be watched to its end.
    pub(crate) fn unwatched(&self) -> impl Iterator<Item = &'static str> {
        self.watch.unwatched()
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
            Told::Part => return Outcome::Flow(OutputFlow::Clear),
            Told::Fine | Told::Open => None,
            Told::NotAllowed => Some(Known::ToolNotAllowed),
            Told::Arguments => Some(Known::ToolArguments),
        };
        if let Some(rule) = refused {
            let finding = found(rule.into(), piece, (config, party));
            verdict.hear(finding, piece.part);
            if finding.action >= Action::Strip {
                return Outcome::Cut(finding);
            }
        }
        let begin = piece.start.saturating_sub(piece.held.len() as u64);
        let Some(seen) = self.watch.read(piece) else {
            return Outcome::Flow(OutputFlow::Fail(Failure::TooComplex));
        };
        let mut ranges = Vec::new();
        for one in &seen.findings {
            let mut finding = found(one.rule.into(), piece, (config, party));
            // Half of a call is none, and what is signed cannot be changed.
            if finding.action == Action::Strip && (piece.scope == Scope::ToolCall || piece.signed) {
                finding.action = Action::Deny;
            }
            verdict.hear(finding, piece.part);
            match finding.action {
                Action::Deny => return Outcome::Cut(finding),
                Action::Strip => ranges.push(one.range.clone()),
                Action::Pass | Action::Alert | Action::Annotate => {}
            }
        }
        let matters = |group| holds(group, piece.scope, (config, party));
        let open = seen.open.first(matters);
        let open = self.strip(piece, ranges, begin..open, edits);
        Outcome::Flow(match told {
            Told::Open => OutputFlow::AwaitFrom(begin),
            _ => match seen.open.value.filter(|_| matters(0)) {
                // Where others wait for it, it is not worth their time.
                Some(value) if open == seen.open.end => OutputFlow::LingerFrom(value),
                Some(value) => OutputFlow::AwaitFrom(open.min(value)),
                None => OutputFlow::AwaitFrom(open),
            },
        })
    }

    /// Takes out what has not left yet and is decided. `decided` begins with what may still be edited. Gives up to where
    /// text may leave.
    fn strip(
        &mut self,
        piece: &Piece<'_>,
        ranges: Vec<Range<u64>>,
        decided: Range<u64>,
        edits: &mut PieceEdits,
    ) -> u64 {
        let known = self
            .strips
            .iter()
            .position(|(channel, _)| *channel == piece.channel && piece.part == Part::Delta);
        let mut strip = known.map(|at| self.strips.swap_remove(at).1).unwrap_or_default();
        strip.due.extend(ranges);
        let ends = piece.last || piece.part != Part::Delta;
        let upto = if ends { u64::MAX } else { decided.end };
        for range in strip.take(upto) {
            let rest = range.start.max(decided.start).max(strip.done)..range.end;
            if !rest.is_empty() {
                strip.done = rest.end;
                edits.replace(rest, STAND_IN);
            }
        }
        let open = strip
            .due
            .iter()
            .map(|range| range.start)
            .fold(decided.end, u64::min);
        let matters = strip.done > 0 || !strip.due.is_empty();
        if matters && !ends {
            self.strips.push((piece.channel, strip));
        }
        open
    }
}

impl Strip {
    /// What is due and ends before this offset, so that nothing more can overlap it; what overlaps is one.
    fn take(&mut self, upto: u64) -> Vec<Range<u64>> {
        self.due.sort_by_key(|range| range.start);
        let mut merged: Vec<Range<u64>> = Vec::with_capacity(self.due.len());
        for range in self.due.drain(..) {
            match merged.last_mut().filter(|last| range.start < last.end) {
                Some(last) => last.end = last.end.max(range.end),
                None => merged.push(range),
            }
        }
        let (now, later): (Vec<_>, Vec<_>) = merged.into_iter().partition(|range| range.end <= upto);
        self.due = later;
        now
    }
}

/// Whether text waits until the rules of a group have decided: only where one of them takes it out, or ends the answer.
fn holds(group: usize, scope: Scope, (config, party): (&Config, &Party)) -> bool {
    let mut rules = OUTPUT.get(group).copied().unwrap_or_default().iter();
    rules.any(|rule| {
        config
            .policies
            .decide((*rule).into(), Way::Response, scope, party)
            >= Action::Strip
    })
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
