//! The response's text on its way through the filters that decide: one queue a filter.
//!
//! Frames keep their order and are never invented or merged. A frame leaves a queue when the filter has
//! decided all of its text, and enters the next filter's queue with that filter's edits in it.

use crate::engine::{Counted, Engine};
use crate::host::Host;
use crate::joined::Joined;
use penstock_filter_api::{Denial, Effects, Failure, OutputFlow, Piece, PieceEdits, Reply};
use penstock_llm_api::{ChannelId, Encoding, Part, Scope};
use penstock_wire::{JsonEdits, NodeId, sort_by_key};
use std::collections::VecDeque;
use std::ops::Range;

/// A frame, or a whole response, with the texts it carries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Item {
    pub(crate) raw: Vec<u8>,
    pub(crate) texts: Vec<ItemText>,
    /// Channels that carry no text after this frame.
    pub(crate) finished: Vec<ChannelId>,
    /// No channel carries text after this frame.
    pub(crate) ends: bool,
    /// A comment, which may overtake held frames.
    pub(crate) passive: bool,
    /// Nodes that repeat the texts in a form that no edit reaches: dropped with any edit.
    pub(crate) logprobs: Vec<NodeId>,
    /// Edits of the engine's own: usage that only it asked for.
    pub(crate) edits: JsonEdits,
    /// It exists only because the engine asked for usage: it does not leave.
    pub(crate) dropped: bool,
}

impl Item {
    /// Whether it is nothing but line ends.
    pub(crate) fn is_blank(&self) -> bool {
        !self.raw.is_empty() && self.raw.iter().all(|byte| matches!(byte, b'\r' | b'\n'))
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
    pub(crate) scope: Scope,
    pub(crate) encoding: Encoding,
    pub(crate) part: Part,
    pub(crate) signed: bool,
    pub(crate) last: bool,
    /// Where it stands in the frame's JSON; `None` for the end of a channel that came without text.
    pub(crate) node: Option<NodeId>,
    pub(crate) text: String,
    pub(crate) edited: bool,
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
    stages: Vec<Stage>,
    out: Vec<Item>,
    /// The last item was a comment that overtook held frames; its blank line goes with it.
    overtook: bool,
    max_hold_bytes: usize,
}

impl Pipeline {
    /// A queue for each of these joined filters, first to last.
    pub(crate) fn new(joined: Vec<usize>, max_hold_bytes: usize) -> Self {
        Self {
            stages: joined.into_iter().map(Stage::new).collect(),
            out: Vec::new(),
            overtook: false,
            max_hold_bytes,
        }
    }

    /// The same for filters in shadow mode: nothing is held, edited or cut, only counted.
    pub(crate) fn shadow(joined: Vec<usize>) -> Self {
        let mut pipeline = Self::new(joined, usize::MAX);
        for stage in &mut pipeline.stages {
            stage.shadow = true;
        }
        pipeline
    }

    /// Whether no filter decides, so that frames pass straight through.
    pub(crate) fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    /// Takes the next frame.
    pub(crate) fn push(&mut self, item: Item, scene: &mut Scene<'_>) -> Result<(), Stop> {
        let overtakes = (item.passive || (self.overtook && item.is_blank())) && !self.is_waiting();
        self.overtook = overtakes;
        match self.stages.first_mut() {
            Some(first) if !overtakes => first.accept(item),
            Some(_) | None => {
                self.out.push(item);
                return Ok(());
            }
        }
        self.advance(0, scene)
    }

    /// Hands a callout's reply to the filter that waits for it. False when nobody does.
    pub(crate) fn reply(&mut self, call: u32, reply: &Reply, scene: &mut Scene<'_>) -> Result<bool, Stop> {
        let Some(index) = self.stages.iter().position(|stage| stage.waiting == Some(call)) else {
            return Ok(false);
        };
        if let Some(stage) = self.stages.get_mut(index) {
            stage.waiting = None;
            stage.judge(Some(reply), scene)?;
        }
        self.advance(index, scene)?;
        Ok(true)
    }

    /// The body is over: what is still held is decided, unless a callout is open.
    pub(crate) fn finish(&mut self, scene: &mut Scene<'_>) -> Result<(), Stop> {
        self.push(
            Item {
                ends: true,
                ..Item::default()
            },
            scene,
        )
    }

    /// Takes the say of one filter: its queue flows from now on.
    pub(crate) fn bypass(&mut self, joined: usize, scene: &mut Scene<'_>) -> Result<(), Stop> {
        let Some(index) = self.stages.iter().position(|stage| stage.joined == joined) else {
            return Ok(());
        };
        if let Some(stage) = self.stages.get_mut(index) {
            stage.open();
        }
        self.advance(index, scene)
    }

    /// The frames that may leave, in order.
    pub(crate) fn take(&mut self) -> Vec<Item> {
        std::mem::take(&mut self.out)
    }

    /// Whether a filter waits for a callout.
    pub(crate) fn is_waiting(&self) -> bool {
        self.stages.iter().any(|stage| stage.waiting.is_some())
    }

    /// Bytes of the frames that are held.
    pub(crate) fn held_bytes(&self) -> usize {
        self.stages.iter().map(|stage| stage.held_bytes).sum()
    }

    /// The filter that has held text since before `now_ns - max_hold_ns`, callouts not counted.
    pub(crate) fn overdue(&self, now_ns: u64, max_hold_ns: u64) -> Option<usize> {
        let late = |stage: &&Stage| {
            let since = stage.held_since_ns.unwrap_or(now_ns);
            stage.waiting.is_none() && now_ns.saturating_sub(since) > max_hold_ns
        };
        self.stages.iter().find(late).map(|stage| stage.joined)
    }

    fn advance(&mut self, from: usize, scene: &mut Scene<'_>) -> Result<(), Stop> {
        for index in from..self.stages.len() {
            let Some((stage, later)) = self.stages.get_mut(index..).and_then(<[Stage]>::split_first_mut)
            else {
                return Ok(());
            };
            stage.judge(None, scene)?;
            while let Some(item) = stage.pop() {
                match later.first_mut() {
                    Some(next) => next.accept(item),
                    None => self.out.push(item),
                }
            }
            stage.note_hold(scene.now_ns);
            if stage.held_bytes > self.max_hold_bytes {
                return Err(Stop::Failed {
                    joined: stage.joined,
                    failure: Failure::HeldBytes,
                });
            }
        }
        Ok(())
    }
}

/// One filter's queue.
#[derive(Debug)]
struct Stage {
    joined: usize,
    queue: VecDeque<Queued>,
    channels: Vec<(ChannelId, Channel)>,
    /// The next text to show to the filter: index of the item in the queue and of the text in it.
    next: (usize, usize),
    waiting: Option<u32>,
    held_since_ns: Option<u64>,
    held_bytes: usize,
    /// The filter has no say any more.
    open: bool,
    /// The filter only pretends.
    shadow: bool,
}

#[derive(Debug)]
struct Queued {
    item: Item,
    texts: Vec<QueuedText>,
}

/// Place and edits of the item's text with the same index.
#[derive(Debug)]
struct QueuedText {
    start: u64,
    len: usize,
    edits: Vec<(Range<usize>, String)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Channel {
    /// Bytes of text queued so far.
    end: u64,
    /// Bytes of text decided so far.
    decided: u64,
    closed: bool,
}

impl Stage {
    fn new(joined: usize) -> Self {
        Self {
            joined,
            queue: VecDeque::new(),
            channels: Vec::new(),
            next: (0, 0),
            waiting: None,
            held_since_ns: None,
            held_bytes: 0,
            open: false,
            shadow: false,
        }
    }

    fn channel(&mut self, id: ChannelId) -> &mut Channel {
        let at = self
            .channels
            .iter()
            .position(|(known, _)| *known == id)
            .unwrap_or_else(|| {
                self.channels.push((id, Channel::default()));
                self.channels.len() - 1
            });
        #[allow(clippy::indexing_slicing)] // `at` was found or pushed just above.
        &mut self.channels[at].1
    }

    fn accept(&mut self, mut item: Item) {
        self.end_channels(&mut item);
        let mut texts = Vec::with_capacity(item.texts.len());
        for text in &item.texts {
            let start = match text.part {
                Part::Delta => {
                    let channel = self.channel(text.channel);
                    let start = channel.end;
                    channel.end = start.saturating_add(text.text.len() as u64);
                    channel.closed |= text.last;
                    start
                }
                Part::Whole | Part::Repeat | Part::Echo => 0,
            };
            texts.push(QueuedText {
                start,
                len: text.text.len(),
                edits: Vec::new(),
            });
        }
        self.held_bytes = self.held_bytes.saturating_add(item.raw.len());
        self.queue.push_back(Queued { item, texts });
    }

    /// Channels that end here without text get an empty last text, so that the filter learns of it.
    fn end_channels(&mut self, item: &mut Item) {
        let (finished, ends) = (&item.finished, item.ends);
        let open = self
            .channels
            .iter()
            .filter(|(id, channel)| !channel.closed && (ends || finished.contains(id)));
        let open: Vec<ChannelId> = open.map(|(id, _)| *id).collect();
        for id in open {
            match item
                .texts
                .iter_mut()
                .rev()
                .find(|text| text.channel == id && text.part == Part::Delta)
            {
                Some(text) => text.last = true,
                None => item.texts.push(ItemText::end_of(id)),
            }
        }
    }

    /// Lets everything flow: what the filter has seen at once, the rest as it comes.
    fn open(&mut self) {
        self.open = true;
        self.waiting = None;
        for (_, channel) in &mut self.channels {
            channel.decided = channel.end;
        }
    }

    /// Shows the filter what it has not seen; `reply` belongs to the text it waited at.
    fn judge(&mut self, mut reply: Option<&Reply>, scene: &mut Scene<'_>) -> Result<(), Stop> {
        while self.waiting.is_none() {
            let (item, text) = self.next;
            let Some(queued) = self.queue.get(item) else {
                return Ok(());
            };
            if text >= queued.item.texts.len() {
                self.next = (item + 1, 0);
                continue;
            }
            if self.open {
                self.decide_all(item, text);
            } else {
                self.judge_one(item, text, reply.take(), scene)?;
            }
            if self.waiting.is_none() {
                self.next = (item, text + 1);
            }
        }
        Ok(())
    }

    fn decide_all(&mut self, item: usize, text: usize) {
        let channel = self
            .queue
            .get(item)
            .and_then(|queued| queued.item.texts.get(text))
            .map(|t| t.channel);
        if let Some(id) = channel {
            let channel = self.channel(id);
            channel.decided = channel.end;
        }
    }

    fn judge_one(
        &mut self,
        item: usize,
        index: usize,
        reply: Option<&Reply>,
        scene: &mut Scene<'_>,
    ) -> Result<(), Stop> {
        let Some(queued) = self.queue.get(item) else {
            return Ok(());
        };
        let (Some(text), Some(place)) = (queued.item.texts.get(index), queued.texts.get(index)) else {
            return Ok(());
        };
        let delta = text.part == Part::Delta;
        let (channel, start, end) = (
            text.channel,
            place.start,
            place.start.saturating_add(place.len as u64),
        );
        let held = if delta {
            self.held_text(channel, item, index)
        } else {
            String::new()
        };
        let piece = Piece {
            channel,
            scope: text.scope,
            encoding: text.encoding,
            part: text.part,
            signed: text.signed,
            start,
            held: &held,
            text: &text.text,
            last: text.last || !delta,
        };
        let last = piece.last;
        let Some(joined) = scene.joined.get_mut(self.joined) else {
            return Ok(());
        };
        let mut edits = PieceEdits::default();
        let flow = joined.call(scene.now_ns, scene.host, scene.effects, |filter, cx| {
            filter.on_output(&piece, &mut edits, reply, cx)
        });
        let name = joined.policy.name;
        if self.shadow {
            count_pretence(name, &flow, edits, scene);
            self.decide_all(item, index);
            return Ok(());
        }
        let failed = |failure| Stop::Failed {
            joined: self.joined,
            failure,
        };
        let decided = match flow {
            OutputFlow::Clear => end,
            OutputFlow::HoldFrom(_) if last => end,
            OutputFlow::HoldFrom(offset) => offset.min(end),
            OutputFlow::Cut(denial) => return Err(Stop::Cut { filter: name, denial }),
            OutputFlow::Fail(failure) => return Err(failed(failure)),
            OutputFlow::Wait(callout) => {
                let call = scene.host.call(&callout).map_err(|_| failed(Failure::Callout))?;
                self.waiting = Some(call);
                return Ok(());
            }
        };
        for (range, with) in edits.take() {
            self.edit(item, index, range, with)
                .map_err(|Misplaced| Stop::Failed {
                    joined: self.joined,
                    failure: Failure::Bug,
                })?;
        }
        if delta {
            let channel = self.channel(channel);
            channel.decided = channel.decided.max(decided);
        }
        Ok(())
    }

    /// Text of the channel that is shown already and still undecided.
    fn held_text(&self, id: ChannelId, item: usize, index: usize) -> String {
        let decided = self
            .channels
            .iter()
            .find(|(known, _)| *known == id)
            .map_or(0, |(_, channel)| channel.decided);
        let mut held = String::new();
        for (text, place) in self.deltas(id, item, index) {
            let from = usize::try_from(decided.saturating_sub(place.start)).unwrap_or(usize::MAX);
            held.push_str(text.text.get(from.min(text.text.len())..).unwrap_or(&text.text));
        }
        held
    }

    /// Texts of a channel in the queue before that position.
    fn deltas(
        &self,
        id: ChannelId,
        item: usize,
        index: usize,
    ) -> impl Iterator<Item = (&ItemText, &QueuedText)> {
        let upto = move |at: usize| if at == item { index } else { usize::MAX };
        self.queue
            .iter()
            .take(item + 1)
            .enumerate()
            .flat_map(move |(at, queued)| queued.item.texts.iter().zip(&queued.texts).take(upto(at)))
            .filter(move |(text, _)| text.channel == id && text.part == Part::Delta)
    }

    /// Puts an edit of the channel's text into the frames it touches: the new text into the first.
    fn edit(&mut self, item: usize, index: usize, range: Range<u64>, with: String) -> Result<(), Misplaced> {
        let current = self
            .queue
            .get(item)
            .and_then(|queued| queued.item.texts.get(index))
            .ok_or(Misplaced)?;
        let (id, delta) = (current.channel, current.part == Part::Delta);
        let decided = if delta { self.channel(id).decided } else { 0 };
        if range.start < decided || range.end < range.start {
            return Err(Misplaced);
        }
        let mut with = Some(with);
        let first_item = if delta { 0 } else { item };
        for at in first_item..=item {
            let Some(queued) = self.queue.get_mut(at) else {
                continue;
            };
            for (number, (text, place)) in queued.item.texts.iter_mut().zip(&mut queued.texts).enumerate() {
                let is_current = at == item && number == index;
                let same = text.channel == id && text.part == Part::Delta && (at < item || number <= index);
                if is_current || (delta && same) {
                    place.edit(text, &range, &mut with, is_current)?;
                }
            }
        }
        if with.is_some() { Err(Misplaced) } else { Ok(()) }
    }

    /// The front item, once all of its text is decided.
    fn pop(&mut self) -> Option<Item> {
        if self.next.0 == 0 {
            return None;
        }
        let front = self.queue.front()?;
        let decided = |(text, place): (&ItemText, &QueuedText)| {
            let channel = self.channels.iter().find(|(id, _)| *id == text.channel);
            text.part != Part::Delta
                || channel.is_none_or(|(_, channel)| {
                    place.start.saturating_add(place.len as u64) <= channel.decided
                })
        };
        if !front.item.texts.iter().zip(&front.texts).all(decided) {
            return None;
        }
        let queued = self.queue.pop_front()?;
        self.next.0 -= 1;
        self.held_bytes = self.held_bytes.saturating_sub(queued.item.raw.len());
        Some(queued.edited())
    }

    fn note_hold(&mut self, now_ns: u64) {
        match (self.queue.is_empty(), self.held_since_ns) {
            (true, _) => self.held_since_ns = None,
            (false, None) => self.held_since_ns = Some(now_ns),
            (false, Some(_)) => {}
        }
    }
}

/// Counts what a filter in shadow mode would have done.
fn count_pretence(filter: &'static str, flow: &OutputFlow, mut edits: PieceEdits, scene: &mut Scene<'_>) {
    let counted = match flow {
        OutputFlow::Cut(denial) => Counted::Would(filter, denial.code),
        OutputFlow::Wait(_) => Counted::Would(filter, "wait"),
        OutputFlow::Fail(failure) => Counted::Failure(filter, *failure),
        OutputFlow::Clear | OutputFlow::HoldFrom(_) if edits.take().is_empty() => return,
        OutputFlow::Clear | OutputFlow::HoldFrom(_) => Counted::Would(filter, "edit"),
    };
    scene.engine.count(counted, scene.host);
}

/// An edit outside the text that may still be edited.
struct Misplaced;

impl QueuedText {
    /// Takes the part of an edit that falls into this text. The first text it touches gets the new text.
    fn edit(
        &mut self,
        text: &ItemText,
        range: &Range<u64>,
        with: &mut Option<String>,
        is_current: bool,
    ) -> Result<(), Misplaced> {
        let end = self.start.saturating_add(self.len as u64);
        let touches = range.start < end && range.end > self.start;
        let upto_end = range.start < end || (is_current && range.start == end);
        let inserts = range.is_empty() && range.start >= self.start && upto_end;
        if !touches && !inserts {
            return Ok(());
        }
        let local =
            |offset: u64| usize::try_from(offset.clamp(self.start, end) - self.start).map_err(|_| Misplaced);
        let range = local(range.start)?..local(range.end)?;
        let on_characters = text.text.is_char_boundary(range.start) && text.text.is_char_boundary(range.end);
        let free = self
            .edits
            .iter()
            .all(|(old, _)| old.end <= range.start || old.start >= range.end);
        if !on_characters || !free {
            return Err(Misplaced);
        }
        self.edits.push((range, with.take().unwrap_or_default()));
        Ok(())
    }
}

impl Queued {
    /// The item with its edits written into its texts.
    fn edited(mut self) -> Item {
        for (text, place) in self.item.texts.iter_mut().zip(&mut self.texts) {
            sort_by_key(&mut place.edits, |(range, _)| [range.start, 0, 0]);
            for (range, with) in place.edits.drain(..).rev() {
                text.text.replace_range(range, &with);
                text.edited = true;
            }
        }
        self.item.texts.retain(|text| text.node.is_some());
        self.item
    }
}

impl ItemText {
    fn end_of(channel: ChannelId) -> Self {
        Self {
            channel,
            scope: Scope::Other,
            encoding: Encoding::Plain,
            part: Part::Delta,
            signed: false,
            last: true,
            node: None,
            text: String::new(),
            edited: false,
        }
    }
}
