//! The body of an answer: plays a [`Plan`] step by step and keeps the exchange's truth while it does.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use crate::backend::Slot;
use crate::connection::Cutter;
use crate::gpu::{Reached, Seat};
use crate::pace::Due;
use crate::plan::{Plan, Step};
use crate::script::Usage;
use crate::truth::{Exchange, Outcome};

/// Time for the bytes before a reset to reach the client.
pub const SETTLE: Duration = Duration::from_millis(20);
/// What timers can tell apart; a shorter gap is spun through the scheduler.
const TIMER_GRAIN: Duration = Duration::from_millis(1);

/// Names of the trailers that `trailers=1` sends.
pub const TRAILERS: [&str; 2] = ["x-sim-output-tokens", "x-sim-outcome"];

/// The stream was cut on purpose.
#[derive(Debug)]
pub struct CutOnPurpose;

impl std::fmt::Display for CutOnPurpose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the stream is reset, as the request asked")
    }
}

impl std::error::Error for CutOnPurpose {}

/// An HTTP body with its own clock.
pub struct Delivery {
    steps: std::iter::Peekable<std::vec::IntoIter<Step>>,
    outcome: Outcome,
    exchange: Option<Exchange>,
    /// Held until the answer is over: the backend is busy so long.
    slot: Option<Slot>,
    cutter: Arc<Cutter>,
    started: Instant,
    wait: Wait,
    length: Option<u64>,
    later: Option<Later>,
}

/// Plans the rest of an answer, with what it costs, when so many tokens of its prompt were found in the cache.
pub type Later = Box<dyn FnOnce(u64) -> (Plan, Usage) + Send>;

enum Wait {
    No,
    /// Let the frame before be flushed on its own.
    Flush,
    Timer(Pin<Box<Sleep>>),
    Spin(Instant),
    /// For so many tokens of the engine.
    Tokens(u64),
    /// Before a cut: what was sent may still be on its way.
    Settle(Pin<Box<Sleep>>),
    /// Nothing may follow, not even an end.
    Cut,
}

impl Delivery {
    pub fn new(plan: Plan, exchange: Exchange, slot: Option<Slot>, cutter: Arc<Cutter>) -> Self {
        let started = slot.as_ref().map_or_else(|| exchange.started(), Slot::since);
        let steps = plan.steps.into_iter().peekable();
        Self {
            steps,
            outcome: plan.outcome,
            exchange: Some(exchange),
            slot,
            cutter,
            started,
            wait: Wait::No,
            length: None,
            later: None,
        }
    }

    /// A body that is planned when its first token is there.
    pub fn planned_later(exchange: Exchange, slot: Slot, cutter: Arc<Cutter>, later: Later) -> Self {
        let first = Plan {
            steps: vec![Step::Until(Due::Tokens(1)), Step::Plan],
            outcome: Outcome::Reset,
        };
        let mut delivery = Self::new(first, exchange, Some(slot), cutter);
        delivery.later = Some(later);
        delivery
    }

    /// A body whose length the head declares.
    pub fn with_length(mut self, length: u64) -> Self {
        self.length = Some(length);
        self
    }

    fn over(&mut self) {
        if let Some(mut exchange) = self.exchange.take() {
            exchange.end(self.outcome);
            if let Some(slot) = &mut self.slot {
                slot.finished(&exchange.record);
            }
        }
        self.slot = None;
    }

    /// Keeps the pace: less than half a millisecond early is on time.
    fn wait_until(&mut self, due: Instant) {
        if due > Instant::now() + TIMER_GRAIN / 2 {
            self.wait = Wait::Timer(Box::pin(tokio::time::sleep_until(due.into())));
        }
    }

    /// A wait between frames, as short as asked for.
    fn gap(&mut self, gap: Duration) {
        self.wait = if gap >= TIMER_GRAIN {
            Wait::Timer(Box::pin(tokio::time::sleep(gap)))
        } else {
            Wait::Spin(Instant::now() + gap)
        };
    }

    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.wait {
            Wait::No => return Poll::Ready(()),
            Wait::Flush => {
                self.wait = Wait::No;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Wait::Spin(due) if Instant::now() < *due => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Wait::Spin(_) => {}
            Wait::Tokens(tokens) => {
                let seat = self.slot.as_ref().and_then(Slot::seat);
                if let Some(seat) = seat
                    && std::task::ready!(seat.poll(*tokens, cx)) == Reached::Lost
                {
                    self.lose();
                }
            }
            Wait::Cut => return Poll::Pending,
            Wait::Timer(sleep) | Wait::Settle(sleep) => std::task::ready!(sleep.as_mut().poll(cx)),
        }
        Poll::Ready(())
    }

    /// Nothing of the rest will come.
    fn lose(&mut self) {
        self.outcome = Outcome::Reset;
        self.later = None;
        self.steps = vec![Step::Reset].into_iter().peekable();
    }

    fn plan_rest(&mut self) {
        let cached = self.slot.as_ref().and_then(Slot::seat).map_or(0, Seat::cached);
        let Some(later) = self.later.take() else {
            return;
        };
        let (plan, usage) = later(cached);
        self.steps = plan.steps.into_iter().peekable();
        self.outcome = plan.outcome;
        if let Some(exchange) = &mut self.exchange {
            exchange.record.usage = usage;
        }
    }

    fn send(&mut self, bytes: Bytes, output: Option<u64>) -> Frame<Bytes> {
        if let (Some(exchange), Some(tokens)) = (&mut self.exchange, output) {
            exchange.sent(tokens);
            if let Some(slot) = &mut self.slot {
                slot.sent(tokens);
            }
        }
        // The book is closed before the last byte leaves, so that whoever has read it finds the record closed.
        if self.steps.peek().is_none() {
            self.over();
        } else {
            self.wait = Wait::Flush;
        }
        Frame::data(bytes)
    }

    fn trailers(&mut self) -> Frame<Bytes> {
        let tokens = self
            .exchange
            .as_ref()
            .map_or(0, |exchange| exchange.record.sent_output_tokens);
        self.over();
        let values = [
            HeaderValue::from(tokens),
            HeaderValue::from_static(self.outcome.name()),
        ];
        let names = TRAILERS.into_iter().map(HeaderName::from_static);
        Frame::trailers(names.zip(values).collect::<HeaderMap>())
    }
}

/// Dropped with steps to go: the client went away.
impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some(mut exchange) = self.exchange.take() {
            exchange.cancelled();
            if let Some(slot) = &mut self.slot {
                slot.finished(&exchange.record);
            }
        }
    }
}

impl Body for Delivery {
    type Data = Bytes;
    type Error = CutOnPurpose;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOnPurpose>>> {
        let this = &mut *self;
        loop {
            std::task::ready!(this.poll_wait(cx));
            if matches!(std::mem::replace(&mut this.wait, Wait::No), Wait::Settle(_)) {
                this.over();
                if this.cutter.cut() {
                    this.wait = Wait::Cut;
                    return Poll::Pending;
                }
                return Poll::Ready(Some(Err(CutOnPurpose)));
            }
            match this.steps.next() {
                None => {
                    this.over();
                    return Poll::Ready(None);
                }
                Some(Step::Until(Due::After(due))) => this.wait_until(this.started + due),
                Some(Step::Until(Due::Tokens(tokens))) => this.wait = Wait::Tokens(tokens),
                Some(Step::Plan) => this.plan_rest(),
                Some(Step::Gap(gap)) => this.gap(gap),
                Some(Step::Send { bytes, .. }) if bytes.is_empty() => {}
                Some(Step::Send { bytes, output }) => return Poll::Ready(Some(Ok(this.send(bytes, output)))),
                Some(Step::Trailers) => return Poll::Ready(Some(Ok(this.trailers()))),
                // A drop ends it: the client gives up.
                Some(Step::Stall) => this.wait = Wait::Cut,
                Some(Step::Reset) => this.wait = Wait::Settle(Box::pin(tokio::time::sleep(SETTLE))),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        false
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
