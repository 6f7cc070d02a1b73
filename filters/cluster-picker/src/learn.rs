//! What answers, their absence and reports teach the picker.

use crate::books::Streams;
use crate::picker::Picker;
use crate::report::Load;
use crate::ticket::{Ending, Ticket};

/// Fewest output tokens that say something about the time per token.
const LEAST_OUTPUT: f64 = 5.0;

/// How much of what was believed of a backend's cache still counts after a new answer tells.
const KEEP_TRUST: f64 = 0.95;
/// The least that is believed.
const LEAST_TRUST: f64 = 0.1;

impl Picker {
    /// The first token of an answer has come.
    pub fn first_token(&mut self, ticket: &mut Ticket, now: f64) {
        if ticket.first.is_some() {
            return;
        }
        ticket.first = Some(now);
        let (merged, observers, fade_s) = (self.merged(), self.observers, self.tuning.speed_fade_s);
        let (shrink, [norm, _]) = (self.tuning.shrink_samples, self.norms());
        let Some(backend) = self.backends.get_mut(ticket.backend) else {
            return;
        };
        backend.health.succeeded(ticket.sent, now);
        if ticket.streams == Streams::No {
            return;
        }
        backend.books.begin(&ticket.entry, now);
        let seconds = (now - ticket.sent).max(1e-4);
        let expected = merged.shape().first.at(ticket.queued, ticket.work);
        let pace = backend.all_learned().first.factor(shrink, norm, now, fade_s) / norm.factor();
        backend
            .learned
            .first
            .add(seconds, expected, now, fade_s, observers);
        self.fleet
            .first_token([ticket.queued, ticket.work], seconds / pace, expected, observers);
    }

    /// The exchange is over.
    pub fn done(&mut self, ticket: Ticket, ending: Ending, now: f64) {
        let Some(backend) = self.backends.get_mut(ticket.backend) else {
            return;
        };
        backend.books.close(&ticket.entry);
        match ending {
            Ending::Neither => {}
            Ending::Failed | Ending::Refused => {
                let health = &mut backend.health;
                let out = if ending == Ending::Failed {
                    health.failed(now)
                } else {
                    health.refused(now)
                };
                if out {
                    self.ejections = self.ejections.wrapping_add(1);
                    self.prefixes.forget(ticket.backend);
                }
            }
            Ending::Answered { output_tokens } => {
                backend.health.succeeded(ticket.sent, now);
                if let Some(tokens) = output_tokens.filter(|tokens| tokens.is_finite() && *tokens >= 0.0) {
                    if tokens > 0.0 {
                        self.fleet.answered(tokens, self.observers);
                    }
                    self.learn_decoding(&ticket, tokens, now);
                }
            }
        }
    }

    /// A backend said how loaded it is.
    pub fn report(&mut self, index: usize, load: &Load, now: f64) {
        let Some(backend) = self.backends.get_mut(index) else {
            return;
        };
        backend.load = *load;
        backend.load_at = now;
        if let Some(draining) = load.draining {
            backend.health.drain(draining, now);
        }
        if let Some(kv) = load.kv {
            let context = backend.counts().context;
            backend.learned.capacity.add(context, kv);
        }
    }

    /// A backend asked for a pause of so many seconds.
    pub fn pause(&mut self, index: usize, seconds: f64, now: f64) {
        if let Some(backend) = self.backends.get_mut(index) {
            backend.health.pause(seconds, now);
        }
    }

    /// The backend said how many tokens of the prompt it had cached. One that always says 0 is taken to say nothing.
    pub fn cached(&mut self, ticket: &Ticket, tokens: f64) {
        let Some(backend) = self.backends.get_mut(ticket.backend) else {
            return;
        };
        backend.says_cached |= tokens > 0.0;
        if backend.says_cached && ticket.hit > 0.0 {
            let kept = (tokens / ticket.hit).clamp(0.0, 1.0);
            backend.trust = (backend.trust * KEEP_TRUST + kept * (1.0 - KEEP_TRUST)).max(LEAST_TRUST);
        }
    }

    /// Another backend answered than was picked: the request is booked there from now on. What is learned of the first
    /// token is lost, for nobody knows when it was sent there.
    pub fn moved(&mut self, ticket: Ticket, to: usize, ending: Ending, now: f64) -> Ticket {
        let weight = ticket.entry.weight;
        let mut moved = ticket.clone();
        self.done(ticket, ending, now);
        if let Some(backend) = self.backends.get_mut(to) {
            moved.entry = backend.books.open(weight, now, 0.0, Streams::Yes);
            backend.books.begin(&moved.entry, now);
            let counts = backend.counts();
            (moved.decoding, moved.context) = (counts.decoding, counts.context);
        }
        moved.backend = to;
        moved.first = Some(now);
        moved.moved = true;
        moved.hit = 0.0;
        moved
    }

    fn learn_decoding(&mut self, ticket: &Ticket, tokens: f64, now: f64) {
        if ticket.moved && ticket.streams == Streams::No {
            return;
        }
        let (merged, observers, fade_s) = (self.merged(), self.observers, self.tuning.speed_fade_s);
        let (shrink, [_, norm]) = (self.tuning.shrink_samples, self.norms());
        let Some(backend) = self.backends.get_mut(ticket.backend) else {
            return;
        };
        let decoding = (backend.counts().decoding + 1.0 + ticket.decoding) * 0.5;
        let shape = merged.shape();
        let per_token = shape.token.at(decoding, ticket.context);
        let first = ticket.first.filter(|_| ticket.streams == Streams::Yes);
        let Some(first) = first else {
            let seconds = (now - ticket.sent).max(1e-4);
            let expected = shape.first.at(ticket.queued, ticket.work) + tokens * per_token;
            backend
                .learned
                .first
                .add(seconds, expected, now, fade_s, observers);
            backend
                .learned
                .token
                .add(seconds, expected, now, fade_s, observers);
            return;
        };
        if tokens >= LEAST_OUTPUT {
            let seconds = ((now - first) / (tokens - 1.0)).max(1e-6);
            let pace = backend.all_learned().token.factor(shrink, norm, now, fade_s) / norm.factor();
            backend
                .learned
                .token
                .add(seconds, per_token, now, fade_s, observers);
            self.fleet
                .per_token([decoding, ticket.context], seconds / pace, per_token, observers);
        }
    }
}
