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
        if let Some(channel) = self.open.get(self.last).filter(|channel| channel.key == key) {
            return (channel.id, false);
        }
        if let Some((at, channel)) = self
            .open
            .iter()
            .enumerate()
            .find(|(_, channel)| channel.key == key)
        {
            self.last = at;
            return (channel.id, false);
        }
        let id = self.alone();
        if self.open.len() < MAX_CHANNELS {
            self.last = self.open.len();
            self.open.push(Channel {
                key,
                id,
                finished: false,
            });
        } else {
            self.overflowed = true;
        }
        (id, true)
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
