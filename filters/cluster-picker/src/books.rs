//! What we have sent to a backend and not seen the end of.

use crate::random::mix;

/// Open requests of one backend, as they weigh on it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    /// Prompt tokens that are not cached there and have no first token yet.
    pub(crate) queued: f64,
    /// Their attention: tokens times the context before them.
    pub(crate) work: f64,
    /// Requests that decode.
    pub(crate) decoding: f64,
    /// Tokens of context of all open requests, half of the output included.
    pub(crate) context: f64,
    /// Open requests.
    pub(crate) requests: f64,
}

impl Counts {
    pub(crate) fn plus(&self, other: &Self) -> Self {
        Self {
            queued: self.queued + other.queued,
            work: self.work + other.work,
            decoding: self.decoding + other.decoding,
            context: self.context + other.context,
            requests: self.requests + other.requests,
        }
    }
}

/// A request's own weight.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Weight {
    pub(crate) queued: f64,
    pub(crate) work: f64,
    pub(crate) context: f64,
}

/// The books of one backend in one VM.
#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    counts: Counts,
    waiting: Vec<Waiting>,
    last: u64,
    /// When an answer last began, in seconds since the epoch.
    begun_at: f64,
}

/// A request that has not begun to answer.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    id: u64,
    since: f64,
    expected_s: f64,
    /// Its answer comes in one piece, so that nobody sees its first token: it counts as begun at this time.
    begins_at: Option<f64>,
    weight: Weight,
}

/// An entry of the books; it must be closed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Entry {
    id: u64,
    pub(crate) weight: Weight,
}

impl Books {
    /// Books a request that is sent now and expected to begin its answer after `expected_s`.
    pub(crate) fn open(&mut self, weight: Weight, now: f64, expected_s: f64, streams: Streams) -> Entry {
        self.last = self.last.wrapping_add(1);
        let id = mix(self.last);
        self.waiting.push(Waiting {
            id,
            since: now,
            expected_s,
            begins_at: match streams {
                Streams::Yes => None,
                Streams::No => Some(now + expected_s),
            },
            weight,
        });
        self.counts.queued += weight.queued;
        self.counts.work += weight.work;
        self.counts.context += weight.context;
        self.counts.requests += 1.0;
        Entry { id, weight }
    }

    /// The answer has begun. `false` when it had before.
    pub(crate) fn begin(&mut self, entry: &Entry, now: f64) -> bool {
        self.begun_at = now;
        let place = self.waiting.iter().position(|waiting| waiting.id == entry.id);
        if let Some(place) = place {
            self.waiting.remove(place);
            self.started(entry.weight);
        }
        place.is_some()
    }

    /// The request is over, however it ended.
    pub(crate) fn close(&mut self, entry: &Entry) {
        let place = self.waiting.iter().position(|waiting| waiting.id == entry.id);
        match place {
            Some(place) => {
                self.waiting.remove(place);
                self.unqueue(entry.weight);
            }
            None => self.counts.decoding = (self.counts.decoding - 1.0).max(0.0),
        }
        self.counts.requests = (self.counts.requests - 1.0).max(0.0);
        self.counts.context = (self.counts.context - entry.weight.context).max(0.0);
        if self.counts.requests == 0.0 {
            // Whatever rounding left.
            self.counts = Counts::default();
        }
    }

    /// Begins the requests whose first token nobody will see and which should have it by now.
    pub(crate) fn reckon(&mut self, now: f64) {
        let mut begun = Vec::new();
        self.waiting.retain(|waiting| {
            let begins = waiting.begins_at.is_some_and(|at| at <= now);
            if begins {
                begun.push(waiting.weight);
            }
            !begins
        });
        for weight in begun {
            self.started(weight);
        }
    }

    /// How many times its prediction the oldest request that has not begun is waiting, while no other has begun; 0 when there is
    /// none. Where others begin, it is that request which is slow.
    pub(crate) fn overdue(&self, now: f64) -> f64 {
        let oldest = self.waiting.iter().find(|waiting| waiting.begins_at.is_none());
        oldest.map_or(0.0, |oldest| {
            (now - oldest.since.max(self.begun_at)).max(0.0) / oldest.expected_s.max(0.05)
        })
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    fn started(&mut self, weight: Weight) {
        self.unqueue(weight);
        self.counts.decoding += 1.0;
    }

    fn unqueue(&mut self, weight: Weight) {
        self.counts.queued = (self.counts.queued - weight.queued).max(0.0);
        self.counts.work = (self.counts.work - weight.work).max(0.0);
    }
}

/// Whether the first token of an answer can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streams {
    /// The answer is a stream.
    Yes,
    /// It comes in one piece.
    No,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WEIGHT: Weight = Weight {
        queued: 100.0,
        work: 5000.0,
        context: 150.0,
    };

    #[test]
    fn a_request_moves_from_the_queue_to_decoding_and_leaves_nothing() {
        let mut books = Books::default();
        let entry = books.open(WEIGHT, 0.0, 1.0, Streams::Yes);
        assert_eq!((books.counts.queued, books.counts.decoding), (100.0, 0.0));
        assert!(books.begin(&entry, 0.5) && !books.begin(&entry, 0.5));
        assert_eq!((books.counts.queued, books.counts.decoding), (0.0, 1.0));
        books.close(&entry);
        assert_eq!(books.counts, Counts::default());
    }

    #[test]
    fn an_answer_in_one_piece_begins_when_it_should() {
        let mut books = Books::default();
        let entry = books.open(WEIGHT, 0.0, 1.0, Streams::No);
        books.reckon(0.9);
        assert_eq!(books.counts.decoding, 0.0);
        books.reckon(1.0);
        assert_eq!((books.counts.queued, books.counts.decoding), (0.0, 1.0));
        books.close(&entry);
        assert_eq!(books.counts, Counts::default());
    }

    #[test]
    fn a_backend_that_stays_silent_is_overdue() {
        let mut books = Books::default();
        assert_eq!(books.overdue(5.0), 0.0);
        books.open(WEIGHT, 0.0, 1.0, Streams::Yes);
        assert_eq!(books.overdue(5.0), 5.0);
        assert_eq!(books.overdue(-5.0), 0.0);
        let other = books.open(WEIGHT, 3.0, 1.0, Streams::Yes);
        books.begin(&other, 4.0);
        assert_eq!(books.overdue(5.0), 1.0);
    }

    proptest! {
        /// Whatever the order of events, books balance once all is closed, and are never negative before.
        #[test]
        fn books_balance(events in prop::collection::vec((0u8..4, 0usize..20, 0.0f64..1e6), 0..200)) {
            let mut books = Books::default();
            let mut open: Vec<Entry> = Vec::new();
            for (now, (event, which, tokens)) in events.into_iter().enumerate() {
                let weight = Weight { queued: tokens, work: tokens * tokens, context: tokens };
                match event {
                    0 => open.push(books.open(weight, now as f64, 1.0, Streams::Yes)),
                    1 => open.push(books.open(weight, now as f64, 1.0, Streams::No)),
                    2 => { open.get(which).map(|entry| books.begin(entry, now as f64)); }
                    _ if which < open.len() => books.close(&open.swap_remove(which)),
                    _ => books.reckon(now as f64),
                }
                let counts = books.counts;
                prop_assert_eq!(counts.requests, open.len() as f64);
                prop_assert!(counts.queued >= 0.0 && counts.context >= 0.0 && counts.decoding >= 0.0);
            }
            for entry in open {
                books.close(&entry);
            }
            prop_assert_eq!(books.counts, Counts::default());
        }
    }
}
