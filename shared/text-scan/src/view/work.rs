//! Counts what is looked at, in tests, so that they show linear time without a clock.

#[cfg(test)]
use std::cell::Cell;

#[cfg(test)]
thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

/// So many bytes or characters were looked at, by a loop whose length the text decides.
#[inline(always)]
pub(super) fn count(_looked_at: usize) {
    #[cfg(test)]
    COUNT.with(|count| count.set(count.get() + _looked_at));
}

/// What was counted on this thread since the last call.
#[cfg(test)]
pub(super) fn counted() -> usize {
    COUNT.with(Cell::take)
}
