//! The response's text on its way through the filters that decide: one queue a filter.
//!
//! Frames keep their order and are never invented or merged. A frame leaves a queue when the filter has
//! decided all of its text, and enters the next filter's queue with that filter's edits in it.

use crate::engine::Engine;
use crate::host::Host;
use crate::joined::Joined;
use crate::stage::Stage;
use penstock_filter_api::{Denial, Effects, Failure, Reply};
use penstock_llm_api::{ChannelId, Encoding, Part, Scope};
use penstock_wire::{JsonEdits, NodeId};
use std::collections::VecDeque;

/// A frame, or a whole response, with the texts it carries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Item {
    pub(crate) raw: Vec<u8>,
    pub(crate) texts: Vec<ItemText>,
    /// Channels that carry no text after this frame.
    pub(crate) finished: Vec<ChannelId>,
    /// No channel carries text after this frame.
    pub(crate) ends: bool,
    /// A frame without a document: a comment, a blank line, a marker.
    pub(crate) textless: bool,
    /// A comment, which may overtake held frames.
    pub(crate) passive: bool,
    /// Nodes that repeat the texts in a form that no edit reaches: dropped with any edit.
    pub(crate) logprobs: Vec<NodeId>,
    /// Edits of the engine's own: usage that only it asked for.
    pub(crate) edits: JsonEdits,
    /// It exists only because the engine asked for usage: it does not leave.
    pub(crate) dropped: bool,
    /// It began the body, where a byte order mark may stand.
    pub(crate) first: bool,
}

impl Item {
    /// Whether it is nothing but line ends.
    pub(crate) fn is_blank(&self) -> bool {
        !self.raw.is_empty() && self.raw.iter().all(|byte| matches!(byte, b'\r' | b'\n'))
    }

    /// Whether the next item may go on as a part of this one: both without payload, and the same becomes of them.
    pub(crate) fn takes(&self, next: &Self) -> bool {
        let alike = if self.passive {
            next.passive || next.is_blank()
        } else {
            !next.passive
        };
        alike && self.textless && next.textless && !self.ends && !next.ends
    }

    /// Whether it leaves other than it came.
    pub(crate) fn is_edited(&self) -> bool {
        !self.edits.is_empty() || self.texts.iter().any(|text| text.edited)
    }
}

/// One text of an item.
#[derive(Clone, Debug)]
pub(crate) struct ItemText {
    pub(crate) channel: ChannelId,
    pub(crate) message: u32,
    pub(crate) index: u32,
    pub(crate) scope: Scope,
    pub(crate) encoding: Encoding,
    pub(crate) part: Part,
    pub(crate) signed: bool,
    pub(crate) last: bool,
    /// Where it stands in the frame's JSON; `None` for the end of a channel that came without text.
    pub(crate) node: Option<NodeId>,
    pub(crate) text: String,
    pub(crate) edited: bool,
    /// The index of a piece in the same frame that this text repeats under another name: what becomes of one becomes of both.
    pub(crate) repeats: Option<usize>,
    /// The text is JSON that stands for the node itself.
    pub(crate) is_value: bool,
}

impl ItemText {
    /// The end of a channel whose texts are like `self`, in a frame without text of it.
    pub(crate) fn end(&self) -> Self {
        Self {
            last: true,
            node: None,
            text: String::new(),
            edited: false,
            is_value: false,
            repeats: None,
            ..*self
        }
    }
}

/// Why the pipeline cannot go on by itself.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A filter ends the response.
    Cut { filter: &'static str, denial: Denial },
    /// The filter with this index among the joined could not do its work.
    Failed { joined: usize, failure: Failure },
}

/// What a call into the pipeline may touch.
pub(crate) struct Scene<'a> {
    pub(crate) now_ns: u64,
    pub(crate) engine: &'a Engine,
    pub(crate) joined: &'a mut [Joined],
    pub(crate) host: &'a mut dyn Host,
    pub(crate) effects: &'a mut Effects,
}

/// All queues, in the order of the response.
#[derive(Debug)]
pub(crate) struct Pipeline {
    /// Frames that no filter has taken yet.
    inbox: VecDeque<Item>,
    stages: Vec<Stage>,
    out: Vec<Item>,
    /// The last item was a comment that overtook held frames; its blank line goes with it.
    overtook: bool,
    max_hold_bytes: usize,
}

impl Pipeline {
    /// A queue for each of these joined filters, first to last. Each may hold frames that cost so many bytes.
    pub(crate) fn new(joined: Vec<usize>, max_hold_bytes: usize) -> Self {
        Self {
            inbox: VecDeque::new(),
            stages: joined.into_iter().map(Stage::new).collect(),
            out: Vec::new(),
            overtook: false,
            max_hold_bytes,
        }
    }

    /// The same for copies that filters in shadow mode judge: they wait for no callout and cut nothing.
    pub(crate) fn shadow(joined: Vec<usize>, max_hold_bytes: usize) -> Self {
        let mut pipeline = Self::new(joined, max_hold_bytes);
        for stage in &mut pipeline.stages {
            stage.pretend();
        }
        pipeline
    }

    /// Whether no filter decides, so that frames pass straight through.
    pub(crate) fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    /// Brings the next frames. They are judged by [`Pipeline::run`].
    pub(crate) fn bring(&mut self, items: impl IntoIterator<Item = Item>) {
        self.inbox.extend(items);
    }

    /// The body is over: what is still held is decided, unless a callout is open.
    pub(crate) fn bring_end(&mut self) {
        self.inbox.push_back(Item {
            ends: true,
            ..Item::default()
        });
    }

    /// Judges what was brought. After a stop the frames behind it still wait to be judged.
    pub(crate) fn run(&mut self, scene: &mut Scene<'_>) -> Result<(), Stop> {
        while let Some(item) = self.inbox.pop_front() {
            let overtakes = (item.passive || (self.overtook && item.is_blank())) && !self.is_waiting();
            self.overtook = overtakes;
            match self.stages.first_mut() {
                Some(first) if !overtakes => first.accept(item),
                Some(_) | None => {
                    self.out.push(item);
                    continue;
                }
            }
            self.advance(0, None, scene)?;
        }
        Ok(())
    }

    /// Whether a filter waits for the reply to this call.
    pub(crate) fn awaits(&self, call: u32) -> bool {
        self.stages.iter().any(|stage| stage.awaits(call))
    }

    /// Hands a callout's reply to the filter that waits for it, if one does.
    pub(crate) fn reply(&mut self, call: u32, reply: &Reply, scene: &mut Scene<'_>) -> Result<(), Stop> {
        match self.stages.iter().position(|stage| stage.awaits(call)) {
            Some(index) => self.advance(index, Some(reply), scene),
            None => Ok(()),
        }
    }

    /// Takes the say of one filter: its queue flows from now on.
    pub(crate) fn bypass(&mut self, joined: usize, scene: &mut Scene<'_>) -> Result<(), Stop> {
        if let Some(index) = self.stages.iter().position(|stage| stage.joined() == joined) {
            if let Some(stage) = self.stages.get_mut(index) {
                stage.open();
            }
            self.advance(index, None, scene)?;
        }
        self.run(scene)
    }

    /// The frames that may leave, in order.
    pub(crate) fn take(&mut self) -> Vec<Item> {
        std::mem::take(&mut self.out)
    }

    /// Whether a filter waits for a callout.
    pub(crate) fn is_waiting(&self) -> bool {
        self.stages.iter().any(Stage::is_waiting)
    }

    /// What the frames that are held cost, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        self.stages.iter().map(Stage::held_bytes).sum()
    }

    /// What the proxy will have to take when all queues flow, in bytes.
    pub(crate) fn held_raw_bytes(&self) -> usize {
        self.stages.iter().map(Stage::held_raw_bytes).sum()
    }

    /// The filter that has held text since before `now_ns - max_hold_ns`, callouts not counted.
    pub(crate) fn overdue(&self, now_ns: u64, max_hold_ns: u64) -> Option<usize> {
        let late = |stage: &&Stage| stage.held_ns(now_ns) > max_hold_ns;
        self.stages.iter().find(late).map(Stage::joined)
    }

    /// Lets go what lingers and has waited since before `now_ns - max_hold_ns`.
    pub(crate) fn end_lingers(&mut self, max_hold_ns: u64, scene: &mut Scene<'_>) -> Result<(), Stop> {
        for index in 0..self.stages.len() {
            let late = |stage: &&mut Stage| stage.held_ns(scene.now_ns) > max_hold_ns && stage.lingers();
            if let Some(stage) = self.stages.get_mut(index).filter(late) {
                stage.end_linger();
                self.advance(index, None, scene)?;
            }
        }
        Ok(())
    }

    /// Lets filters judge what they have not seen, beginning with this one, for which the reply is.
    fn advance(&mut self, from: usize, mut reply: Option<&Reply>, scene: &mut Scene<'_>) -> Result<(), Stop> {
        for index in from..self.stages.len() {
            let stages = self.stages.get_mut(index..).and_then(<[Stage]>::split_first_mut);
            let Some((stage, later)) = stages else {
                return Ok(());
            };
            let judged = stage.judge(reply.take(), scene);
            while let Some(item) = stage.pop(scene.now_ns) {
                match later.first_mut() {
                    Some(next) => next.accept(item),
                    None => self.out.push(item),
                }
            }
            let overfull = stage.is_overfull(self.max_hold_bytes);
            let joined = stage.joined();
            match judged {
                // What was decided before the cut leaves, as far as the later filters let it.
                Err(Stop::Cut { filter, denial }) => {
                    let _ = self.advance(index + 1, None, scene);
                    return Err(Stop::Cut { filter, denial });
                }
                Err(Stop::Failed { joined, failure }) => return Err(Stop::Failed { joined, failure }),
                Ok(()) => {}
            }
            if let Some(failure) = overfull {
                return Err(Stop::Failed { joined, failure });
            }
        }
        Ok(())
    }
}
