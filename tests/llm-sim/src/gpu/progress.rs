//! What one request has got from its engine so far.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Tokens generated, shared between the engine and the answer that waits for them.
#[derive(Debug, Default)]
pub struct Progress(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    generated: u64,
    cached: u64,
    end: Option<End>,
    /// Nobody is woken before so many are there.
    wanted: u64,
    waker: Option<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Whole,
    Lost,
}

/// What waiting for tokens came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// They are there, or the answer has no more.
    Tokens,
    /// The server lost the request.
    Lost,
}

impl Progress {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ready when so many tokens are there.
    pub fn poll(&self, wanted: u64, cx: &mut Context<'_>) -> Poll<Reached> {
        let mut state = self.state();
        if state.generated >= wanted || state.end == Some(End::Whole) {
            return Poll::Ready(Reached::Tokens);
        }
        if state.end == Some(End::Lost) {
            return Poll::Ready(Reached::Lost);
        }
        state.wanted = wanted;
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Prompt tokens found in the prefix cache; known from the first token on.
    pub fn cached(&self) -> u64 {
        self.state().cached
    }

    pub fn ended(&self) -> bool {
        self.state().end.is_some()
    }

    pub fn hit(&self, cached: u64) {
        self.state().cached = cached;
    }

    /// One more token.
    pub fn token(&self) {
        let mut state = self.state();
        state.generated += 1;
        state.wake();
    }

    pub fn finish(&self) {
        self.close(End::Whole);
    }

    pub fn lose(&self) {
        self.close(End::Lost);
    }

    fn close(&self, end: End) {
        let mut state = self.state();
        state.end.get_or_insert(end);
        state.wake();
    }

    #[cfg(test)]
    pub fn generated(&self) -> u64 {
        self.state().generated
    }
}

impl State {
    fn wake(&mut self) {
        if (self.generated >= self.wanted || self.end.is_some())
            && let Some(waker) = self.waker.take()
        {
            waker.wake();
        }
    }
}
