//! What a model writes, checked as it comes.
//!
//! A [`Watch`] follows every channel of an answer character by character, so that what it finds, and where, does not
//! depend on how a stream is cut. It says how far a text is decided: where something begins that may become a finding.
//!
//! * `leak`: the system prompt, secrets in it, canaries; in every channel, arguments of tool calls as well.
//! * `markup`: what does something when an answer is shown.
//! * `active`: what harms where a tool is called with it.
//! * `grounding`: what an answer claims and no text of the prompt says.
//!
//! Findings of several rules may overlap; of a leak, one comes when it is one, and one for each passage that follows.
//! Knows nothing of: what becomes of a finding, JSON bodies, frames.

mod active;
mod channel;
mod grounding;
mod json;
mod kept;
mod leak;
mod markup;
#[cfg(test)]
mod tests;
mod url;

use crate::raw::Links;
use crate::rule::{Known, OUTPUT};
use channel::{Channel, Sight};
use penstock_filter_api::{Glob, Piece};
use penstock_llm_api::{ChannelId, Part};
use std::ops::Range;
use std::rc::Rc;

pub(crate) use grounding::Grounds;
pub(crate) use leak::{MAX_CANARIES, Said, System, is_canary};

/// Most channels that are followed at once. Each takes some 16 KiB, at most 64.
const MAX_CHANNELS: usize = 256;

/// What is looked for. A group that is off costs nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) leak: LeakSettings,
    pub(crate) markup: Option<MarkupSettings>,
    pub(crate) active: Option<ActiveSettings>,
}

/// What must not be given away.
#[derive(Clone, Debug)]
pub(crate) struct LeakSettings {
    /// Whether the text of system prompts is looked for.
    pub(crate) shingles: bool,
    /// Whether values in them that look like secrets are.
    pub(crate) secrets: bool,
    /// So many different shingles of 24 letters are a leak. Of a short prompt fewer: a sixteenth of it, at least 3.
    pub(crate) min_shared: usize,
    /// At most [`MAX_CANARIES`], each [a canary](is_canary).
    pub(crate) canaries: Vec<String>,
}

/// Which markup is one.
#[derive(Clone, Debug)]
pub(crate) struct MarkupSettings {
    /// Hosts that may be linked and shown, in lower case.
    pub(crate) hosts: Vec<Glob>,
    pub(crate) links: Links,
}

/// Where harm is looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct ActiveSettings {
    /// Hosts inside that tools may be sent to, in lower case.
    pub(crate) hosts: Vec<Glob>,
}

impl Default for LeakSettings {
    fn default() -> Self {
        Self {
            shingles: true,
            secrets: true,
            min_shared: 12,
            canaries: Vec::new(),
        }
    }
}

impl Default for MarkupSettings {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            links: Links::WithData,
        }
    }
}

/// A rule, and the text that an edit would take out, by its offsets in the channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) rule: Known,
    pub(crate) range: Range<u64>,
}

/// Findings in the order in which they are decided.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn push(&mut self, rule: Known, range: Range<u64>) {
        self.0.push(Finding { rule, range });
    }

    fn append(&mut self, more: &mut Vec<Finding>) {
        self.0.append(more);
    }
}

/// What a piece brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) findings: Vec<Finding>,
    pub(crate) open: Open,
}

/// Up to where the text of a channel is decided. Offsets in the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    /// Where the text ends, so far.
    pub(crate) end: u64,
    /// Where something begins that may become a finding: a leak, markup, something active, a claim, as in [`OUTPUT`].
    pub(crate) groups: [Option<u64>; OUTPUT.len()],
    /// Where something begins that may become a secret or a canary. It may begin anywhere, and most often comes to nothing.
    pub(crate) value: Option<u64>,
}

impl Open {
    /// The first offset that is open in a group that matters.
    pub(crate) fn first(&self, matters: impl Fn(usize) -> bool) -> u64 {
        let open = self.groups.iter().enumerate();
        open.filter_map(|(group, open)| open.filter(|_| matters(group)))
            .fold(self.end, u64::min)
    }
}

/// Follows the answer of one exchange.
#[derive(Debug)]
pub(crate) struct Watch {
    settings: Rc<Settings>,
    system: Rc<System>,
    said: Said,
    grounds: Option<Grounds>,
    channels: Vec<(ChannelId, Channel)>,
}

impl Watch {
    /// Of an exchange with these system prompts, in which the client wrote `said` itself: to quote that is no leak.
    /// `grounds`, if claims are to be checked: what an answer may rest on.
    pub(crate) fn new(
        settings: Rc<Settings>,
        system: Rc<System>,
        said: Said,
        grounds: Option<Grounds>,
    ) -> Self {
        Self {
            settings,
            system,
            said,
            grounds,
            channels: Vec::new(),
        }
    }

    /// What is too long to be watched to its end: `system_prompt`, `grounds`.
    pub(crate) fn unwatched(&self) -> impl Iterator<Item = &'static str> {
        let system = (!self.system.is_complete()).then_some("system_prompt");
        let complete = self.grounds.as_ref().is_none_or(Grounds::is_complete);
        system.into_iter().chain((!complete).then_some("grounds"))
    }

    /// Reads a piece of an answer. Gives nothing for a channel that there is no room for: to forget another would leave that
    /// one unwatched.
    pub(crate) fn read(&mut self, piece: &Piece<'_>) -> Option<Seen> {
        let mut channel = self.take(piece)?;
        let sight = Sight {
            settings: &self.settings,
            system: &self.system,
            said: &self.said,
            grounds: self.grounds.as_ref(),
        };
        let goes_on = piece.part == Part::Delta && !piece.last;
        let mut findings = Findings::default();
        channel.push(piece.text, sight, &mut findings);
        if !goes_on {
            channel.end(sight, &mut findings);
        }
        let open = channel.open(&self.system);
        if goes_on {
            self.channels.push((piece.channel, channel));
        }
        Some(Seen {
            findings: findings.0,
            open,
        })
    }

    /// The state of the piece's channel. A text that comes whole, or again, has none.
    fn take(&mut self, piece: &Piece<'_>) -> Option<Channel> {
        let known = |(id, channel): &(ChannelId, Channel)| *id == piece.channel && channel.is_at(piece.start);
        if piece.part == Part::Delta
            && let Some(at) = self.channels.iter().position(known)
        {
            return Some(self.channels.swap_remove(at).1);
        }
        self.channels
            .retain(|(id, _)| *id != piece.channel || piece.part != Part::Delta);
        let fits = piece.part != Part::Delta || self.channels.len() < MAX_CHANNELS;
        fits.then(|| Channel::new(piece))
    }
}
