//! What leaves of a stream that filters decide on, and when.

use crate::door::{Verdict, denial_of};
use crate::exchange::{Exchange, ResponsePhase};
use crate::host::{Flow, Host, Side};
use crate::pipeline::{Pipeline, Scene, Stop};
use crate::reading::{Read, StreamBody, breaks_coding};
use crate::settings::OnCut;
use crate::whole::edited;
use penstock_filter_api::{Denial, Failure, Outcome};
use penstock_llm_api::Sent;
use penstock_wire::Frame;

/// How long after the event of a cut the exchange is reset, in milliseconds.
const CLOSE_AFTER_MS: u32 = 5;
/// How often a held stream is looked at, in milliseconds.
const LOOK_AFTER_MS: u32 = 100;

/// The refusal that ends a response.
pub(crate) struct Refused {
    pub(crate) filter: &'static str,
    pub(crate) denial: Denial,
}

impl Exchange {
    /// Runs new frames through the deciders and lets go what is decided.
    pub(crate) fn decide_stream(
        &mut self,
        mut stream: Box<StreamBody>,
        read: Read,
        at: At<'_>,
        host: &mut dyn Host,
    ) -> Flow {
        let end = at.ends();
        let Read {
            items, rest, failure, ..
        } = read;
        if let Some(decide) = &mut stream.decide {
            decide.pipeline.bring(items);
            if end && failure.is_none() {
                decide.pipeline.bring_end();
            }
        }
        let mut result = self.run_deciders(&mut stream, host, Pipeline::run);
        if result.is_ok() {
            result = self.end_overdue_holds(&mut stream, host);
        }
        if let Err(refused) = result {
            return self.cut(stream, refused, &at, host);
        }
        if let Some(failure) = failure {
            return self.lose_decided(stream, failure, &rest, &at, host);
        }
        self.let_go(stream, at, host)
    }

    pub(crate) fn run_deciders(
        &mut self,
        stream: &mut StreamBody,
        host: &mut dyn Host,
        step: impl FnOnce(&mut Pipeline, &mut Scene<'_>) -> Result<(), Stop>,
    ) -> Result<(), Refused> {
        match &mut stream.decide {
            Some(decide) => self.run_pipeline(&mut decide.pipeline, host, step),
            None => Ok(()),
        }
    }

    /// Text that was held too long is a failure of the filter that holds it, unless it may leave as it is.
    pub(crate) fn end_overdue_holds(
        &mut self,
        stream: &mut StreamBody,
        host: &mut dyn Host,
    ) -> Result<(), Refused> {
        let max_hold_ns = u64::from(self.engine.settings.max_hold_ms).saturating_mul(1_000_000);
        self.run_deciders(stream, host, |pipeline, scene| {
            pipeline.end_lingers(max_hold_ns, scene)
        })?;
        let now_ns = host.now_ns();
        let overdue = stream
            .decide
            .as_ref()
            .and_then(|decide| decide.pipeline.overdue(now_ns, max_hold_ns));
        let Some(joined) = overdue else { return Ok(()) };
        self.run_deciders(stream, host, |_, _| {
            Err(Stop::Failed {
                joined,
                failure: Failure::HoldTimeout,
            })
        })
    }

    /// A stream of deciders cannot be read further: it is cut, or the rest passes unread.
    fn lose_decided(
        &mut self,
        mut stream: Box<StreamBody>,
        failure: Failure,
        unread: &[u8],
        at: &At<'_>,
        host: &mut dyn Host,
    ) -> Flow {
        let verdict = self.fail(Side::Response, failure, host);
        let inflated = stream.inflater.is_some();
        match verdict {
            Verdict::Refuse { filter, denial } => {
                return self.cut(stream, Refused { filter, denial }, at, host);
            }
            // The head promised plain bytes, and there are none to be had.
            Verdict::Bypass if inflated && breaks_coding(failure) => {
                let refused = Refused {
                    filter: "engine",
                    denial: denial_of(Side::Response, failure),
                };
                return self.cut(stream, refused, at, host);
            }
            Verdict::Bypass => stream.relays = inflated,
        }
        for joined in 0..self.joined.len() {
            // A bypass asks no filter, so it cannot be refused.
            let _ = self.run_deciders(&mut stream, host, |pipeline, scene| {
                pipeline.bypass(joined, scene)
            });
        }
        if self.collect(&mut stream).is_err() {
            self.note(Failure::Bug, host);
        }
        let decide = stream.decide.take();
        // The end may have come while a callout was open.
        let ended = at.ends() || decide.as_ref().is_some_and(|decide| decide.ended);
        let mut rest = decide.map(|decide| decide.ready).unwrap_or_default();
        rest.extend_from_slice(unread);
        rest.extend_from_slice(stream.framer.pending());
        match self.write(&rest, at, host) {
            Ok([]) => {}
            Ok(later) if !ended => {
                stream.later = later.to_vec();
                stream.relays = true;
            }
            Ok(_) | Err(Unwritable) => return self.abort(host),
        }
        if ended {
            self.end_stream(stream, host);
        } else {
            stream.lost |= !self.keeps_within(&mut stream, 0, host);
            if stream.lost {
                self.forget(&mut stream);
            }
            self.response = ResponsePhase::Stream(stream);
        }
        Flow::Continue
    }

    /// Takes what the deciders let go, with their edits, into the bytes that may leave.
    pub(crate) fn collect(&self, stream: &mut StreamBody) -> Result<(), Failure> {
        let (framing, limits) = (stream.framing, &stream.limits);
        let Some(decide) = &mut stream.decide else {
            return Ok(());
        };
        for item in decide.pipeline.take() {
            let late_end = std::mem::take(&mut decide.dropped_cr);
            if item.dropped {
                decide.dropped_cr = item.raw.ends_with(b"\r");
                continue;
            }
            if item.is_edited() {
                let frame = Frame::new(framing, &item.raw, item.first);
                let data = frame.data().ok_or(Failure::Bug)?;
                decide
                    .ready
                    .extend(frame.with_data(&edited(&data, &item, limits)?));
            } else {
                let raw = item.raw.strip_prefix(b"\n").filter(|_| late_end);
                decide.ready.extend_from_slice(raw.unwrap_or(&item.raw));
            }
        }
        Ok(())
    }

    /// Writes what may leave now. With a callout open nothing may: see [`Host::replace_body`].
    pub(crate) fn let_go(&mut self, mut stream: Box<StreamBody>, at: At<'_>, host: &mut dyn Host) -> Flow {
        if self.collect(&mut stream).is_err() {
            return self.lose_decided(stream, Failure::Bug, b"", &at, host);
        }
        let waits = stream
            .decide
            .as_ref()
            .is_some_and(|decide| decide.pipeline.is_waiting());
        let leaving = stream
            .decide
            .as_ref()
            .filter(|_| !waits)
            .map_or(0, |decide| decide.ready.len());
        if !self.keeps_within(&mut stream, leaving, host) {
            return self.lose_decided(stream, Failure::HeldBytes, b"", &at, host);
        }
        let pending = !stream.framer.pending().is_empty();
        let Some(decide) = &mut stream.decide else {
            return Flow::Continue;
        };
        decide.ended |= at.ends();
        if waits {
            let written = self.write(b"", &at, host);
            self.response = ResponsePhase::Stream(stream);
            return if written.is_err() {
                self.abort(host)
            } else {
                Flow::Pause
            };
        }
        let out = std::mem::take(&mut decide.ready);
        decide.sent |= !out.is_empty();
        let ended = decide.ended;
        let mut holds = pending || decide.pipeline.held_bytes() > 0;
        let untouched = !holds && at.untouched().is_some_and(|bytes| bytes == out);
        if !untouched {
            match self.write(&out, &at, host) {
                Ok([]) => {}
                Ok(later) if !ended => {
                    decide.ready = later.to_vec();
                    holds = true;
                }
                Ok(_) | Err(Unwritable) => return self.abort(host),
            }
        }
        if ended {
            self.end_stream(stream, host);
            return Flow::Continue;
        }
        // Once, and not with every chunk: hosts keep a list of whom to wake.
        if holds && !std::mem::replace(&mut self.looks, true) {
            host.wake(LOOK_AFTER_MS);
        }
        self.response = ResponsePhase::Stream(stream);
        if out.is_empty() {
            Flow::Pause
        } else {
            Flow::Continue
        }
    }

    /// Makes `bytes` all that the proxy holds of the response body, as far as it has room, and gives back the rest.
    pub(crate) fn write<'b>(
        &self,
        bytes: &'b [u8],
        at: &At<'_>,
        host: &mut dyn Host,
    ) -> Result<&'b [u8], Unwritable> {
        let room = match at {
            // An empty call for the end has nothing to empty.
            At::Body { bytes: [], .. } if bytes.is_empty() => return Ok(b""),
            // What flows is in no buffer of the proxy's.
            At::Body { .. } if self.response_flowing && !self.response_resumed => usize::MAX,
            At::Body { bytes: shown, .. } => self.room(shown.len()),
            // Each body callback leaves nothing in the proxy.
            At::Trailers | At::Elsewhere if bytes.is_empty() => return Ok(b""),
            At::Trailers if self.response_resumed => self.room(0),
            At::Trailers | At::Elsewhere if self.response_flowing => return Err(Unwritable),
            At::Trailers | At::Elsewhere => self.room(0),
        };
        let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, b""));
        host.replace_body(Side::Response, usize::MAX, now)
            .map_err(|_| Unwritable)?;
        Ok(later)
    }

    /// The response cannot be brought to a proper end: the client must not take it for one.
    pub(crate) fn abort(&mut self, host: &mut dyn Host) -> Flow {
        self.note(Failure::Host, host);
        self.release_bytes(Side::Response);
        self.record.outcome = Outcome::Cut;
        self.response = ResponsePhase::Done;
        let _ = host.close();
        Flow::Pause
    }

    /// Ends a running response in the client's dialect: the event now, the reset in the next callback.
    pub(crate) fn cut(
        &mut self,
        mut stream: Box<StreamBody>,
        refused: Refused,
        at: &At<'_>,
        host: &mut dyn Host,
    ) -> Flow {
        stream.write_to(&mut self.record);
        self.release_bytes(Side::Response);
        if self.collect(&mut stream).is_err() {
            self.note(Failure::Bug, host);
        }
        let sent = |some| if some { Sent::Frames } else { Sent::Nothing };
        let decide = stream.decide.take();
        let sent = sent(
            decide
                .as_ref()
                .is_some_and(|decide| decide.sent || !decide.ready.is_empty()),
        );
        let event = self.cut_event(refused.filter, &refused.denial, stream.framing, sent, host);
        // An observed stream may stand in the middle of a frame, or be compressed: no event fits in.
        let Some(mut out) = decide.map(|decide| decide.ready) else {
            return self.abort(host);
        };
        out.extend(event);
        if !matches!(self.write(&out, at, host), Ok([])) {
            return self.abort(host);
        }
        self.response = match (at.ends(), self.engine.settings.on_cut) {
            (true, _) => ResponsePhase::Done,
            (false, OnCut::Drain) => ResponsePhase::Draining(stream),
            (false, OnCut::Reset) => {
                host.wake(CLOSE_AFTER_MS);
                ResponsePhase::Cutting
            }
        };
        Flow::Continue
    }
}

/// The host does not take bytes in this callback.
pub(crate) struct Unwritable;

/// The callback in which something is decided.
pub(crate) enum At<'a> {
    /// The body's. With the bytes, if they may leave as they came.
    Body {
        bytes: &'a [u8],
        end: bool,
        untouched: bool,
    },
    /// The trailers'.
    Trailers,
    /// A reply or a tick.
    Elsewhere,
}

impl At<'_> {
    pub(crate) fn ends(&self) -> bool {
        match self {
            Self::Body { end, .. } => *end,
            Self::Trailers => true,
            Self::Elsewhere => false,
        }
    }

    fn untouched(&self) -> Option<&[u8]> {
        match self {
            Self::Body {
                bytes,
                untouched: true,
                ..
            } => Some(bytes),
            Self::Body { .. } | Self::Trailers | Self::Elsewhere => None,
        }
    }
}
