//! One filter's queue of frames: what it has seen, what it has decided, what it has edited.

use crate::engine::Counted;
use crate::pipeline::{Item, ItemText, Scene, Stop};
use crate::placed::{Misplaced, Placed};
use crate::queued::{Queued, tell_repeats};
use penstock_filter_api::{Failure, OutputFlow, Piece, PieceEdits, Reply};
use penstock_llm_api::{ChannelId, Encoding, MAX_CHANNELS, Part};
use std::collections::VecDeque;
use std::ops::Range;

/// One filter's queue.
#[derive(Debug)]
pub(crate) struct Stage {
    joined: usize,
    queue: VecDeque<Queued>,
    /// The texts told apart so far, by their channel.
    channels: Vec<(ChannelId, Channel)>,
    /// The next text to show to the filter: index of the item in the queue and of the text in it.
    next: (usize, usize),
    waiting: Option<u32>,
    /// Since when the front of the queue is the front, and no callout was open.
    held_since_ns: Option<u64>,
    held_bytes: usize,
    held_raw_bytes: usize,
    say: Say,
}

/// What the filter's word is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Say {
    Decides,
    /// In shadow mode, on copies.
    Pretends,
    /// None any more: everything flows.
    Nothing,
}

#[derive(Debug, Default)]
struct Channel {
    /// Bytes of text queued so far.
    queued: u64,
    /// Bytes of text decided so far.
    decided: u64,
    /// Text that the filter has seen and not decided: it begins at `decided`.
    held: String,
    closed: bool,
    /// What is held waits for its own rest only.
    awaits: bool,
    /// What is held may leave as it is, should it wait too long.
    lingers: bool,
    /// Index of the channel's last text in the item that came last.
    latest: usize,
    /// An empty text like those of the channel.
    end: Option<ItemText>,
}

impl Stage {
    pub(crate) fn new(joined: usize) -> Self {
        Self {
            joined,
            queue: VecDeque::new(),
            channels: Vec::new(),
            next: (0, 0),
            waiting: None,
            held_since_ns: None,
            held_bytes: 0,
            held_raw_bytes: 0,
            say: Say::Decides,
        }
    }

    /// Makes it a queue of copies.
    pub(crate) fn pretend(&mut self) {
        self.say = Say::Pretends;
    }

    /// Lets everything flow, now and later.
    pub(crate) fn open(&mut self) {
        self.say = Say::Nothing;
        self.waiting = None;
        self.channels = Vec::new();
    }

    /// Which of the joined filters it is.
    pub(crate) fn joined(&self) -> usize {
        self.joined
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    pub(crate) fn awaits(&self, call: u32) -> bool {
        self.waiting == Some(call)
    }

    /// What the queue costs, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// What the proxy will have to take when the queue flows, in bytes.
    pub(crate) fn held_raw_bytes(&self) -> usize {
        self.held_raw_bytes
    }

    /// How long the front of the queue has been held; a callout's time is its own, and so is that of text which waits for
    /// its own rest while nothing stands behind it.
    pub(crate) fn held_ns(&self, now_ns: u64) -> u64 {
        match (self.waiting, self.held_since_ns) {
            (None, Some(since_ns)) if self.is_in_the_way() => now_ns.saturating_sub(since_ns),
            (Some(_) | None, _) => 0,
        }
    }

    /// Whether all that it holds may leave as it is.
    pub(crate) fn lingers(&self) -> bool {
        let mut held = self
            .channels
            .iter()
            .filter(|(_, channel)| !channel.held.is_empty());
        held.all(|(_, channel)| channel.lingers)
    }

    /// Takes all that it holds as decided.
    pub(crate) fn end_linger(&mut self) {
        for (_, channel) in &mut self.channels {
            channel.decided = channel.decided.saturating_add(channel.held.len() as u64);
            channel.held.clear();
        }
    }

    /// Why it can take no more, if it cannot.
    pub(crate) fn is_overfull(&self, max_bytes: usize) -> Option<Failure> {
        match self.say {
            Say::Nothing => None,
            Say::Decides | Say::Pretends if self.held_bytes > max_bytes => Some(Failure::HeldBytes),
            Say::Decides | Say::Pretends => {
                (self.channels.len() > MAX_CHANNELS).then_some(Failure::TooComplex)
            }
        }
    }

    fn channel(&mut self, id: ChannelId) -> &mut Channel {
        let at = match self.channels.binary_search_by_key(&id, |(known, _)| *known) {
            Ok(at) => at,
            Err(at) => {
                self.channels.insert(at, (id, Channel::default()));
                at
            }
        };
        #[allow(clippy::indexing_slicing)] // `at` was found or filled just above.
        &mut self.channels[at].1
    }

    /// Takes an item at the end of the queue.
    pub(crate) fn accept(&mut self, mut item: Item) {
        // The time of what nobody had to wait for does not count.
        if !self.is_in_the_way() {
            self.held_since_ns = None;
        }
        let mut places = Vec::new();
        if self.say != Say::Nothing {
            self.end_channels(&mut item);
            places = self.place(&mut item);
        }
        let queued = Queued::new(item, places);
        self.held_bytes = self.held_bytes.saturating_add(queued.bytes);
        self.held_raw_bytes = self.held_raw_bytes.saturating_add(queued.item.raw.len());
        self.queue.push_back(queued);
    }

    /// Gives each text its offset in its channel, and leaves `last` to the last of a channel.
    fn place(&mut self, item: &mut Item) -> Vec<Placed> {
        let mut places = Vec::with_capacity(item.texts.len());
        for (index, text) in item.texts.iter().enumerate() {
            let mut start = 0;
            if text.part == Part::Delta {
                let channel = self.channel(text.channel);
                start = channel.queued;
                channel.queued = start.saturating_add(text.text.len() as u64);
                channel.closed = text.last;
                channel.latest = index;
                channel.end.get_or_insert_with(|| text.end());
            }
            places.push(Placed::new(start, text.text.len()));
        }
        tell_repeats(&mut item.texts);
        for (index, text) in item.texts.iter_mut().enumerate() {
            if text.part == Part::Delta && text.last {
                text.last = self.channel(text.channel).latest == index;
            }
        }
        places
    }

    /// Channels that end here without text get an empty last text, so that the filter learns of it. Before the frame's own
    /// texts: a call's name ends where its arguments begin.
    fn end_channels(&mut self, item: &mut Item) {
        let (finished, ends) = (&item.finished, item.ends);
        if finished.is_empty() && !ends {
            return;
        }
        let open = self
            .channels
            .iter()
            .filter(|(id, channel)| !channel.closed && (ends || finished.contains(id)));
        let open = open.filter_map(|(id, channel)| Some((*id, channel.end.clone()?)));
        let mut without_text = Vec::new();
        for (id, end) in open.collect::<Vec<_>>() {
            match item
                .texts
                .iter_mut()
                .rev()
                .find(|text| text.channel == id && text.part == Part::Delta)
            {
                Some(text) => text.last = true,
                None => without_text.push(end),
            }
        }
        item.texts.splice(0..0, without_text);
    }

    /// Shows the filter what it has not seen; `reply` belongs to the text it waited at.
    pub(crate) fn judge(&mut self, mut reply: Option<&Reply>, scene: &mut Scene<'_>) -> Result<(), Stop> {
        if reply.is_some() {
            self.waiting = None;
            self.held_since_ns = Some(scene.now_ns);
        }
        while self.waiting.is_none() && self.say != Say::Nothing {
            let (item, text) = self.next;
            let Some(queued) = self.queue.get(item) else {
                return Ok(());
            };
            let Some(shown) = queued.item.texts.get(text) else {
                self.next = (item + 1, 0);
                continue;
            };
            if shown.repeats.is_some() {
                self.next = (item, text + 1);
                continue;
            }
            self.judge_one(item, text, reply.take(), scene)?;
            if self.waiting.is_none() {
                self.next = (item, text + 1);
            }
        }
        Ok(())
    }

    fn judge_one(
        &mut self,
        item: usize,
        index: usize,
        reply: Option<&Reply>,
        scene: &mut Scene<'_>,
    ) -> Result<(), Stop> {
        let Some((id, delta)) = self
            .text_at(item, index)
            .map(|text| (text.channel, text.part == Part::Delta))
        else {
            return Ok(());
        };
        let mut held = String::new();
        if delta {
            held = std::mem::take(&mut self.channel(id).held);
        }
        let mut edits = PieceEdits::default();
        let asked = self.ask((item, index), &held, &mut edits, reply, scene);
        let Some((mut flow, end)) = asked else {
            return Ok(());
        };
        if let (OutputFlow::Wait(callout), Say::Decides) = (&flow, self.say) {
            self.waiting = scene.host.call(callout).ok();
            if self.waiting.is_some() {
                if delta {
                    self.channel(id).held = held;
                }
                return Ok(());
            }
            edits = PieceEdits::default();
            flow = self.never_called((item, index), &held, &mut edits, scene);
        }
        let lingers = matches!(flow, OutputFlow::LingerFrom(_));
        let awaits = matches!(flow, OutputFlow::AwaitFrom(_) | OutputFlow::LingerFrom(_));
        let Some(decided) = self.settle(flow, end, &edits, scene)? else {
            return Ok(());
        };
        if let Some(value) = edits.take_value() {
            self.set_value(item, index, value)
                .map_err(|Misplaced| self.failed(Failure::Bug))?;
        }
        for (range, with) in edits.take() {
            self.edit(item, index, range, with)
                .map_err(|Misplaced| self.failed(Failure::Bug))?;
        }
        if delta {
            let channel = self.channel(id);
            (channel.awaits, channel.lingers) = (awaits, lingers);
            self.decide(item, index, held, decided);
        }
        Ok(())
    }

    /// The offset up to which a text that ends at `end` is decided, unless that matters no more.
    fn settle(
        &mut self,
        flow: OutputFlow,
        end: u64,
        edits: &PieceEdits,
        scene: &mut Scene<'_>,
    ) -> Result<Option<u64>, Stop> {
        let filter = self.name(scene);
        if self.say == Say::Pretends {
            count_pretence(filter, &flow, edits, scene);
        }
        match (flow, self.say) {
            (OutputFlow::Clear | OutputFlow::Wait(_), _) => Ok(Some(end)),
            (OutputFlow::HoldFrom(offset), _) => Ok(Some(offset.min(end))),
            (OutputFlow::AwaitFrom(offset) | OutputFlow::LingerFrom(offset), _) => Ok(Some(offset.min(end))),
            (OutputFlow::Fail(failure), _) => Err(self.failed(failure)),
            (OutputFlow::Cut(_), Say::Pretends) => {
                self.open();
                Ok(None)
            }
            (OutputFlow::Cut(denial), _) => Err(Stop::Cut { filter, denial }),
        }
    }

    fn name(&self, scene: &Scene<'_>) -> &'static str {
        let joined = scene.joined.get(self.joined);
        joined.map_or("", |joined| joined.policy.name)
    }

    /// The filter's call cannot be made: it gets the reply that says so. Another call is not tried.
    fn never_called(
        &self,
        place: (usize, usize),
        held: &str,
        edits: &mut PieceEdits,
        scene: &mut Scene<'_>,
    ) -> OutputFlow {
        match self.ask(place, held, edits, Some(&Reply::never()), scene) {
            Some((OutputFlow::Fail(failure), _)) => OutputFlow::Fail(failure),
            Some((OutputFlow::Wait(_), _)) | None => OutputFlow::Fail(Failure::Callout),
            Some((flow, _)) => {
                let failed = Counted::Failure(self.name(scene), Failure::Callout);
                scene.engine.count(failed, scene.host);
                flow
            }
        }
    }

    /// The filter's answer, and where the piece ends in its channel.
    fn ask(
        &self,
        (item, index): (usize, usize),
        held: &str,
        edits: &mut PieceEdits,
        reply: Option<&Reply>,
        scene: &mut Scene<'_>,
    ) -> Option<(OutputFlow, u64)> {
        let queued = self.queue.get(item)?;
        let (text, place) = (queued.item.texts.get(index)?, queued.places.get(index)?);
        let piece = Piece {
            channel: text.channel,
            message: text.message,
            index: text.index,
            scope: text.scope,
            encoding: text.encoding,
            part: text.part,
            signed: text.signed,
            start: place.start(),
            held,
            text: &text.text,
            last: text.last || text.part != Part::Delta,
        };
        let joined = scene.joined.get_mut(self.joined)?;
        let flow = joined.call(scene.now_ns, scene.host, scene.effects, |filter, cx| {
            filter.on_output(&piece, edits, reply, cx)
        });
        let flow = match flow {
            OutputFlow::HoldFrom(_) | OutputFlow::AwaitFrom(_) | OutputFlow::LingerFrom(_) if piece.last => {
                OutputFlow::Clear
            }
            flow => flow,
        };
        Some((flow, place.end()))
    }

    /// The channel's text is decided up to this offset, or the start of the character that it falls into.
    fn decide(&mut self, item: usize, index: usize, mut held: String, decided: u64) {
        let Some(text) = self.text_at(item, index) else {
            return;
        };
        held.push_str(&text.text);
        let id = text.channel;
        let channel = self.channel(id);
        let keep = decided.saturating_sub(channel.decided);
        let keep = held.floor_char_boundary(usize::try_from(keep).unwrap_or(usize::MAX));
        held.drain(..keep);
        channel.decided = channel.decided.saturating_add(keep as u64);
        channel.held = held;
    }

    fn text_at(&self, item: usize, index: usize) -> Option<&ItemText> {
        self.queue.get(item)?.item.texts.get(index)
    }

    fn failed(&self, failure: Failure) -> Stop {
        Stop::Failed {
            joined: self.joined,
            failure,
        }
    }

    /// Puts a JSON value in the place of a whole text.
    fn set_value(&mut self, item: usize, index: usize, json: String) -> Result<(), Misplaced> {
        let queued = self.queue.get_mut(item).ok_or(Misplaced)?;
        let text = queued.item.texts.get_mut(index).ok_or(Misplaced)?;
        if text.part == Part::Delta || text.encoding == Encoding::JsonValue {
            return Err(Misplaced);
        }
        text.text = json;
        text.is_value = true;
        text.edited = true;
        Ok(())
    }

    /// Puts an edit of the channel's text into the frames it touches: the new text into the first.
    fn edit(&mut self, item: usize, index: usize, range: Range<u64>, with: String) -> Result<(), Misplaced> {
        let current = self.text_at(item, index).ok_or(Misplaced)?;
        if current.encoding == Encoding::JsonValue {
            return Err(Misplaced);
        }
        let (id, delta) = (current.channel, current.part == Part::Delta);
        let decided = if delta { self.channel(id).decided } else { 0 };
        let place = self.queue.get(item).and_then(|queued| queued.places.get(index));
        let end = place.ok_or(Misplaced)?.end();
        if range.start < decided || range.end < range.start || range.end > end {
            return Err(Misplaced);
        }
        let mut with = Some(with);
        // A text that comes whole is alone in its channel.
        let (first_item, texts) = if delta {
            (0, 0..usize::MAX)
        } else {
            (item, index..index + 1)
        };
        for at in first_item..=item {
            let Some(queued) = self.queue.get_mut(at) else {
                continue;
            };
            let places = queued.item.texts.iter().zip(&mut queued.places).enumerate();
            for (number, (text, place)) in places.skip(texts.start).take(texts.len()) {
                let is_current = at == item && number == index;
                let same = text.channel == id && text.part == Part::Delta && (at < item || number <= index);
                if is_current || (delta && same) {
                    place.edit(&text.text, &range, &mut with, is_current)?;
                }
            }
        }
        if with.is_some() { Err(Misplaced) } else { Ok(()) }
    }

    /// The front item, once all of its text is decided.
    pub(crate) fn pop(&mut self, now_ns: u64) -> Option<Item> {
        if self.queue.is_empty() {
            self.held_since_ns = None;
        } else if self.held_since_ns.is_none() || self.waiting.is_some() {
            self.held_since_ns = Some(now_ns);
        }
        if self.say != Say::Nothing && !self.is_front_decided() {
            return None;
        }
        let queued = self.queue.pop_front()?;
        self.held_since_ns = None;
        self.next.0 = self.next.0.saturating_sub(1);
        self.held_bytes = self.held_bytes.saturating_sub(queued.bytes);
        self.held_raw_bytes = self.held_raw_bytes.saturating_sub(queued.item.raw.len());
        Some(queued.edited())
    }

    fn is_front_decided(&self) -> bool {
        let front = self.queue.front().filter(|_| self.next.0 > 0);
        front.is_some_and(|front| {
            front
                .texts()
                .all(|(text, place)| self.holder(text, place).is_none())
        })
    }

    /// The channel that holds this text, if one does.
    fn holder(&self, text: &ItemText, place: &Placed) -> Option<&Channel> {
        let known = self
            .channels
            .binary_search_by_key(&text.channel, |(known, _)| *known);
        let (_, channel) = known.ok().and_then(|at| self.channels.get(at))?;
        (text.part == Part::Delta && place.end() > channel.decided).then_some(channel)
    }

    /// Whether more is held than text that waits for its own rest: text of other channels behind it, or text that a filter
    /// wants to see more of.
    fn is_in_the_way(&self) -> bool {
        self.queue.iter().take(self.next.0).any(|queued| {
            let mut holders = queued
                .texts()
                .map(|(text, place)| self.holder(text, place))
                .peekable();
            holders.peek().is_some() && holders.all(|holder| holder.is_none_or(|holder| !holder.awaits))
        })
    }
}

/// Counts what a filter in shadow mode would have done.
fn count_pretence(filter: &'static str, flow: &OutputFlow, edits: &PieceEdits, scene: &mut Scene<'_>) {
    let action = match flow {
        OutputFlow::Cut(denial) => denial.code,
        OutputFlow::Wait(_) => "wait",
        // A failure is counted at the door.
        OutputFlow::Fail(_) => return,
        OutputFlow::Clear | OutputFlow::HoldFrom(_) if edits.is_empty() => return,
        OutputFlow::AwaitFrom(_) | OutputFlow::LingerFrom(_) if edits.is_empty() => return,
        OutputFlow::Clear | OutputFlow::HoldFrom(_) => "edit",
        OutputFlow::AwaitFrom(_) | OutputFlow::LingerFrom(_) => "edit",
    };
    scene.engine.count(Counted::Would(filter, action), scene.host);
}
