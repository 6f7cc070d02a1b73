//! The texts of a stream, told apart.

use crate::texts::Scope;

/// A text of a stream, such as the content of the second choice, or the arguments of the first tool call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChannelId(pub u32);

/// Texts of one stream that are told apart. More share one channel each with nobody, and a warning.
pub const MAX_CHANNELS: usize = 1024;

/// What makes a text the same text in another frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) scope: Scope,
    pub(crate) message: u32,
    pub(crate) index: u32,
}

#[derive(Clone, Copy, Debug)]
struct Channel {
    key: Key,
    id: ChannelId,
    finished: bool,
    /// It carried text.
    spoke: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Channels {
    open: Vec<Channel>,
    /// Where the last text went: the next one mostly goes there too.
    last: usize,
    next: u32,
    overflowed: bool,
}

impl Channels {
    /// The channel of a text, and whether this is its first text.
    pub(crate) fn text(&mut self, key: Key) -> (ChannelId, bool) {
        let id = self.open(key);
        let channel = self.open.get_mut(self.last).filter(|channel| channel.id == id);
        let spoke = channel.is_some_and(|channel| std::mem::replace(&mut channel.spoke, true));
        (id, !spoke)
    }

    /// The channel of a text that may come.
    pub(crate) fn open(&mut self, key: Key) -> ChannelId {
        if let Some(channel) = self.open.get(self.last).filter(|channel| channel.key == key) {
            return channel.id;
        }
        if let Some((at, channel)) = self
            .open
            .iter()
            .enumerate()
            .find(|(_, channel)| channel.key == key)
        {
            self.last = at;
            return channel.id;
        }
        let id = self.alone();
        if self.open.len() < MAX_CHANNELS {
            self.last = self.open.len();
            self.open.push(Channel {
                key,
                id,
                finished: false,
                spoke: false,
            });
        } else {
            self.overflowed = true;
        }
        id
    }

    /// The calls among these channels that carried no arguments.
    pub(crate) fn silent_calls(&self, finished: &[ChannelId]) -> impl Iterator<Item = Key> {
        let calls = self
            .open
            .iter()
            .filter(|channel| channel.key.scope == Scope::ToolCall && !channel.spoke);
        calls
            .filter(|channel| finished.contains(&channel.id))
            .map(|channel| channel.key)
    }

    /// A channel for a text that no other frame continues.
    pub(crate) fn alone(&mut self) -> ChannelId {
        let id = ChannelId(self.next);
        self.next = self.next.wrapping_add(1);
        id
    }

    /// Ends the channels that `ends` picks.
    pub(crate) fn finish(&mut self, ends: impl Fn(&Key) -> bool, finished: &mut Vec<ChannelId>) {
        for channel in self
            .open
            .iter_mut()
            .filter(|channel| !channel.finished && ends(&channel.key))
        {
            channel.finished = true;
            finished.push(channel.id);
        }
    }

    pub(crate) fn finish_index(&mut self, index: u32, finished: &mut Vec<ChannelId>) {
        self.finish(|key| key.index == index, finished);
    }

    pub(crate) fn finish_all(&mut self, finished: &mut Vec<ChannelId>) {
        self.finish(|_| true, finished);
    }

    pub(crate) fn overflowed(&self) -> bool {
        self.overflowed
    }
}
