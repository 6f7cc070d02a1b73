//! What one VM writes for the others: its books, what it learned, and the prefixes it sent. One record a VM, so that nobody
//! waits for anybody; each reads all others and adds them to its own.
//!
//! Little-endian. Head: layout (u16), VM (u64), seconds since the epoch when it was written and until when it holds (f64 each),
//! the fleet's sums (22 f64), then the number of backends (u16) and their pages: id (u64), 15 numbers (f32; times as seconds
//! before or after the writing). Last the prefixes: how many were sent ever (u64), how many follow (u16), and these: block
//! (u32), index of the backend in this record (u16).

use crate::backend::Page;
use crate::fleet::Fleet;
use crate::health::Health;
use crate::pack::{Head, Reader, Writer};
use crate::picker::Picker;
use std::collections::VecDeque;

/// Of this layout. Records of another one are ignored.
pub(crate) const LAYOUT: u16 = 2;

/// Most prefixes in a record: those of a few seconds.
const MAX_FRESH: usize = 1024;

/// Most backends in a record.
const MAX_BACKENDS: usize = 4096;

/// The prefixes that a VM sent lately, for others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent {
    blocks: VecDeque<(u32, u16)>,
    ever: u64,
}

impl Recent {
    pub(crate) fn push(&mut self, block: u32, backend: u16) {
        if self.blocks.len() >= MAX_FRESH {
            self.blocks.pop_front();
        }
        self.blocks.push_back((block, backend));
        self.ever = self.ever.wrapping_add(1);
    }

    /// Leaves out those of a backend.
    pub(crate) fn forget(&mut self, backend: usize) {
        self.blocks.retain(|(_, owner)| usize::from(*owner) != backend);
    }
}

/// How far the prefixes of other VMs were read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cursors(Vec<(u64, u64)>);

impl Cursors {
    /// How many of `here` prefixes, of `ever` sent by that VM, are new. Notes that all are known now.
    fn new_of(&mut self, vm: u64, ever: u64, here: usize) -> usize {
        let place = self.0.iter_mut().find(|(known, _)| *known == vm);
        let seen = match place {
            Some((_, seen)) => std::mem::replace(seen, ever),
            None => {
                self.0.push((vm, ever));
                0
            }
        };
        usize::try_from(ever.saturating_sub(seen))
            .unwrap_or(here)
            .min(here)
    }

    fn keep(&mut self, live: &[u64]) {
        self.0.retain(|(vm, _)| live.contains(vm));
    }
}

/// Whose record this is and whether it still holds; `None` for bytes that are no record.
pub fn holder(record: &[u8], now: f64) -> Option<Holder> {
    let mut reader = Reader(record);
    let head = reader.head()?;
    Some(Holder {
        vm: head.vm,
        live: head.is_live(now),
    })
}

/// The owner of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The VM's number.
    pub vm: u64,
    /// Its lease has not run out.
    pub live: bool,
}

impl Picker {
    /// This VM's record, which holds for `lease_s` seconds.
    pub fn record(&self, vm: u64, now: f64, lease_s: f64) -> Vec<u8> {
        let mut writer = Writer(Vec::with_capacity(256 + self.backends.len() * 64));
        writer.u16(LAYOUT);
        writer.u64(vm);
        writer.f64(now);
        writer.f64(now + lease_s);
        let Fleet {
            first,
            token,
            input,
            output,
        } = self.fleet;
        for sum in first.0.iter().chain(&token.0) {
            writer.f64(*sum);
        }
        for sum in [input.sum, input.weight, output.sum, output.weight] {
            writer.f64(sum);
        }
        let backends = self.backends.len().min(MAX_BACKENDS);
        writer.u16(u16::try_from(backends).unwrap_or(0));
        for backend in self.backends.iter().take(backends) {
            writer.u64(backend.id);
            writer.page(&backend.page(), now);
        }
        writer.u64(self.recent.ever);
        writer.u16(u16::try_from(self.recent.blocks.len()).unwrap_or(0));
        for (block, backend) in &self.recent.blocks {
            writer.0.extend_from_slice(&block.to_le_bytes());
            writer.u16(*backend);
        }
        writer.0
    }

    /// Takes in the records of all VMs, in place of what was taken in before. Its own, and those whose lease has run out,
    /// are left aside; so is the rest of one that is broken.
    pub fn absorb<'r>(&mut self, vm: u64, records: impl IntoIterator<Item = &'r [u8]>, now: f64) {
        self.others = Fleet::NOBODY;
        for backend in &mut self.backends {
            backend.others = Page::default();
        }
        let mut live = Vec::new();
        for record in records {
            let mut reader = Reader(record);
            let Some(head) = reader.head() else { continue };
            if head.vm == vm || !head.is_live(now) || live.contains(&head.vm) {
                continue;
            }
            live.push(head.vm);
            // A broken rest is as good as none.
            let _ = self.absorb_one(&head, &mut reader);
        }
        self.observers = 1.0 + live.len() as f64;
        if !self.met && !live.is_empty() {
            self.met = true;
            self.greet(now);
        }
        self.cursors.keep(&live);
        for backend in &mut self.backends {
            let Page {
                out_until,
                rests_until,
                ..
            } = backend.others;
            backend.health.told_out(out_until, now);
            backend.health.told_to_rest(rests_until, now);
        }
    }

    /// What none of the VMs that were here before us knows is new, and begins slowly.
    fn greet(&mut self, now: f64) {
        let known = self.backends.iter().any(|backend| backend.known_to_others);
        for backend in self
            .backends
            .iter_mut()
            .filter(|backend| known && !backend.known_to_others)
        {
            backend.health = Health::new(now);
        }
    }

    fn absorb_one(&mut self, head: &Head, reader: &mut Reader<'_>) -> Option<()> {
        self.others.merge(&reader.fleet()?);
        let backends = usize::from(reader.u16()?);
        let mut indices = Vec::with_capacity(backends.min(MAX_BACKENDS));
        for _ in 0..backends {
            let id = reader.u64()?;
            let page = reader.page(head.written)?;
            let index = self.index_of(id);
            indices.push(index);
            if let Some(backend) = index.and_then(|index| self.backends.get_mut(index)) {
                backend.others.merge(&page);
                backend.known_to_others = true;
            }
        }
        let ever = reader.u64()?;
        let here = usize::from(reader.u16()?);
        let new = self.cursors.new_of(head.vm, ever, here);
        for place in 0..here {
            let block = reader.u32()?;
            let index = indices.get(usize::from(reader.u16()?)).copied().flatten();
            if let Some(index) = index.filter(|_| place >= here - new) {
                self.prefixes.sent(&[block], index, |_| {});
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use crate::{Ask, BackendSpec, Ending, Picker, Streams, Tuning};
    use proptest::prelude::*;

    fn picker(names: &[&str]) -> Picker {
        let spec = |name: &&str| BackendSpec {
            name: (*name).to_owned(),
            ..BackendSpec::default()
        };
        Picker::new(Tuning::default(), names.iter().map(spec).collect(), 1, 0.0)
    }

    const ASK: Ask<'_> = Ask {
        input_tokens: 1000.0,
        max_output_tokens: None,
        blocks: &[7, 8, 9],
        block_tokens: 300.0,
        streams: Streams::Yes,
    };

    #[test]
    fn what_one_sent_weighs_on_the_others_choice_whatever_their_order() {
        let (mut one, mut two) = (picker(&["a", "b"]), picker(&["b", "c", "a"]));
        let ticket = one.send(&ASK, 0, 1.0);
        let record = one.record(1, 1.0, 5.0);
        two.absorb(2, [&record[..], &record[..]], 1.1);
        let queued = |picker: &Picker, index: usize| picker.backends.get(index).map(|b| b.counts().queued);
        assert_eq!(queued(&two, 2), Some(1000.0));
        assert_eq!(queued(&two, 0), Some(0.0));
        assert_eq!(two.observers, 2.0);
        // Prefixes come along, too.
        let quotes = two.quotes(&ASK, |_| true, 1.1);
        assert_eq!(quotes.len(), 3);
        assert_eq!(two.depths(), [0, 0, 3]);
        // A record whose lease has run out is the record of a VM that died.
        two.absorb(2, [&record[..]], 7.0);
        assert_eq!((queued(&two, 2), two.observers), (Some(0.0), 1.0));
        one.done(ticket, Ending::Neither, 2.0);
    }

    #[test]
    fn one_that_sees_a_backend_fail_takes_it_out_for_all() {
        let (mut one, mut two) = (picker(&["a", "b", "c"]), picker(&["a", "b", "c"]));
        for _ in 0..3 {
            let ticket = one.send(&ASK, 1, 1.0);
            one.done(ticket, Ending::Failed, 1.0);
        }
        let record = one.record(1, 1.0, 5.0);
        two.absorb(2, [&record[..]], 1.1);
        let quotes = two.quotes(&ASK, |_| true, 1.2);
        assert_eq!(quotes.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 2]);
    }

    #[test]
    fn one_that_asked_for_a_pause_rests_for_all_and_no_longer_than_it_asked() {
        let (mut one, mut two) = (picker(&["a", "b"]), picker(&["a", "b"]));
        one.pause(1, 20.0, 1.0);
        let open = |picker: &mut Picker, now: f64| picker.quotes(&ASK, |_| true, now).len();
        for (told, now) in [(1.0, 1.5), (5.0, 5.5), (20.0, 20.5)] {
            let records = [one.record(1, told, 30.0), two.record(2, told, 30.0)];
            one.absorb(1, records.iter().map(Vec::as_slice), now);
            two.absorb(2, records.iter().map(Vec::as_slice), now);
            assert_eq!((open(&mut one, now), open(&mut two, now)), (1, 1), "{now}");
        }
        // All of them rest, and still nobody is sent there: that is no failure.
        two.pause(0, 5.0, 20.6);
        assert_eq!(open(&mut two, 20.7), 0);
        assert_eq!((open(&mut one, 21.1), open(&mut two, 26.0)), (2, 2));
    }

    proptest! {
        /// Any bytes, and any record cut or changed anywhere, leave quotes that are finite.
        #[test]
        fn hostile_records_are_harmless(noise in prop::collection::vec(any::<u8>(), 0..400), at in 0usize..600, cut in 0usize..600) {
            let mut one = picker(&["a", "b"]);
            let _ = one.send(&ASK, 0, 1.0);
            let mut record = one.record(1, 1.0, 5.0);
            for (byte, noise) in record.iter_mut().skip(at).zip(&noise) {
                *byte = *noise;
            }
            record.truncate(cut);
            let mut two = picker(&["a", "b"]);
            two.absorb(2, [&record[..], &noise[..]], 1.5);
            for (_, quote) in two.quotes(&ASK, |_| true, 2.0) {
                prop_assert!(quote.cost.is_finite());
            }
        }
    }
}
