//! A response that is a stream of frames: its callbacks, one by one.

use crate::door::Verdict;
use crate::exchange::{Exchange, ResponsePhase};
use crate::host::{Flow, Host, Side};
use crate::reading::{Read, StreamBody, breaks_coding};
use crate::release::{At, Refused, Unwritable};
use penstock_filter_api::{Failure, Outcome, Reply, Seen};

impl Exchange {
    pub(crate) fn stream_body(
        &mut self,
        mut stream: Box<StreamBody>,
        size: usize,
        end: bool,
        host: &mut dyn Host,
    ) -> Flow {
        let bytes = match size {
            0 => Vec::new(),
            _ => match host.body(Side::Response, size) {
                Ok(bytes) => bytes,
                Err(_) => return self.abort(host),
            },
        };
        let untouched = !stream.keeps() && stream.inflater.is_none();
        let read = stream.feed(&bytes, end);
        self.note_stream(&mut stream, &read, host);
        let at = At::Body {
            bytes: &bytes,
            end,
            untouched,
        };
        if stream.relays {
            self.relay(stream, &read, &at, host)
        } else if stream.decide.is_none() {
            self.observe_stream(stream, read.failure, end, host)
        } else {
            self.decide_stream(stream, read, at, host)
        }
    }

    /// Lets the rest of a stream pass, behind what waits, and decompressed if its head promised that.
    fn relay(&mut self, mut stream: Box<StreamBody>, read: &Read, at: &At<'_>, host: &mut dyn Host) -> Flow {
        let mut out = std::mem::take(&mut stream.later);
        out.extend_from_slice(match (&stream.inflater, at) {
            (Some(_), _) => &read.plain,
            (None, At::Body { bytes, .. }) => bytes,
            (None, At::Trailers | At::Elsewhere) => b"",
        });
        let broken = read.failure.is_some_and(breaks_coding);
        let written = self.write(&out, at, host);
        match written {
            Ok(later) if !broken && (later.is_empty() || !at.ends()) => stream.later = later.to_vec(),
            Ok(_) | Err(Unwritable) => return self.abort(host),
        }
        if at.ends() {
            self.end_stream(stream, host);
            return Flow::Continue;
        }
        stream.relays = stream.inflater.is_some() || !stream.later.is_empty();
        self.response = ResponsePhase::Stream(stream);
        if out.is_empty() {
            Flow::Pause
        } else {
            Flow::Continue
        }
    }

    /// Brings the record up to date, and shows the filters that something came.
    fn note_stream(&mut self, stream: &mut StreamBody, read: &Read, host: &mut dyn Host) {
        if let Some(shadow) = &mut stream.shadow {
            shadow.bring(read.items.iter().cloned());
            self.pretend(shadow, host);
        }
        if read.events {
            if read.output {
                let now_ns = host.now_ns();
                let times = &mut self.record.times;
                times.last_output = now_ns;
                if times.first_output == 0 {
                    times.first_output = now_ns;
                }
            }
            stream.write_to(&mut self.record);
            self.show(|| Seen::Event, host);
        }
    }

    fn observe_stream(
        &mut self,
        mut stream: Box<StreamBody>,
        failure: Option<Failure>,
        end: bool,
        host: &mut dyn Host,
    ) -> Flow {
        if let Some(failure) = failure {
            return self.lose(stream, failure, end, host);
        }
        if end {
            self.end_stream(stream, host);
            return Flow::Continue;
        }
        if !self.keeps_within(&mut stream, 0, host) {
            stream.lost = true;
            return self.lose(stream, Failure::HeldBytes, end, host);
        }
        self.response = ResponsePhase::Stream(stream);
        Flow::Continue
    }

    /// The stream cannot be read further.
    fn lose(
        &mut self,
        mut stream: Box<StreamBody>,
        failure: Failure,
        end: bool,
        host: &mut dyn Host,
    ) -> Flow {
        match self.fail(Side::Response, failure, host) {
            Verdict::Refuse { filter, denial } => {
                self.cut(stream, Refused { filter, denial }, &At::Elsewhere, host)
            }
            Verdict::Bypass if end => {
                self.end_stream(stream, host);
                Flow::Continue
            }
            Verdict::Bypass => {
                self.forget(&mut stream);
                self.response = ResponsePhase::Stream(stream);
                Flow::Continue
            }
        }
    }

    /// Whether the budget of held bytes, and the buffer that the proxy has for when they leave, allow for this stream
    /// without the bytes that leave now. Copies for filters in shadow mode are given up first.
    pub(crate) fn keeps_within(
        &mut self,
        stream: &mut StreamBody,
        leaving: usize,
        host: &mut dyn Host,
    ) -> bool {
        // The chunk that makes them leave needs room as well.
        if stream.raw_bytes().saturating_sub(leaving) > self.room(0) / 2 {
            return false;
        }
        let mut fits = self.hold_bytes(Side::Response, stream.held_bytes().saturating_sub(leaving));
        if !fits && stream.shadow.take().is_some() {
            self.note(Failure::HeldBytes, host);
            fits = self.hold_bytes(Side::Response, stream.held_bytes().saturating_sub(leaving));
        }
        fits
    }

    /// Gives back what a stream holds that is not read any more.
    pub(crate) fn forget(&mut self, stream: &mut StreamBody) {
        stream.framer.take_pending();
        stream.shadow = None;
        let held = stream.held_bytes();
        self.hold_bytes(Side::Response, held);
    }

    pub(crate) fn end_stream(&mut self, mut stream: Box<StreamBody>, host: &mut dyn Host) {
        self.response = ResponsePhase::Done;
        self.release_bytes(Side::Response);
        if let Some(shadow) = stream.shadow.as_mut().filter(|_| !stream.lost) {
            shadow.bring_end();
            self.pretend(shadow, host);
        }
        stream.write_to(&mut self.record);
        if stream.reader.error().is_some() {
            self.record.outcome = Outcome::UpstreamError;
        } else if !stream.reader.complete() && self.record.outcome == Outcome::Complete {
            self.record.outcome = Outcome::Truncated;
        }
        self.show(|| Seen::Answer, host);
        self.apply_trailers(host);
    }

    /// Reads on behind a cut, for the books, and throws the bytes away.
    pub(crate) fn drain(
        &mut self,
        mut stream: Box<StreamBody>,
        size: usize,
        end: bool,
        host: &mut dyn Host,
    ) -> Flow {
        let bytes = host.body(Side::Response, size).unwrap_or_default();
        let read = stream.feed(&bytes, end);
        self.note_stream(&mut stream, &read, host);
        let _ = host.replace_body(Side::Response, usize::MAX, b"");
        if end {
            return Flow::Continue;
        }
        self.response = ResponsePhase::Draining(stream);
        Flow::Pause
    }

    pub(crate) fn stream_trailers(&mut self, mut stream: Box<StreamBody>, host: &mut dyn Host) -> Flow {
        let read = stream.feed(b"", true);
        self.note_stream(&mut stream, &read, host);
        if stream.relays {
            self.relay(stream, &read, &At::Trailers, host)
        } else if stream.decide.is_none() {
            self.observe_stream(stream, read.failure, true, host)
        } else {
            self.decide_stream(stream, read, At::Trailers, host)
        }
    }

    pub(crate) fn stream_reply(
        &mut self,
        mut stream: Box<StreamBody>,
        call: u32,
        reply: &Reply,
        host: &mut dyn Host,
    ) -> Flow {
        let decide = stream.decide.as_ref();
        if !decide.is_some_and(|decide| decide.pipeline.awaits(call)) {
            self.response = ResponsePhase::Stream(stream);
            return Flow::Pause;
        }
        let result = self.run_deciders(&mut stream, host, |pipeline, scene| {
            pipeline.reply(call, reply, scene)
        });
        match result {
            Err(refused) => self.cut(stream, refused, &At::Elsewhere, host),
            Ok(()) => self.let_go(stream, At::Elsewhere, host),
        }
    }

    /// Looks at holds while nothing comes. What flows already can only be written by the next body callback.
    pub(crate) fn stream_tick(&mut self, host: &mut dyn Host) -> Flow {
        let taken = std::mem::replace(&mut self.response, ResponsePhase::Done);
        let mut stream = match taken {
            ResponsePhase::Stream(stream) if !self.response_flowing && stream.decide.is_some() => stream,
            other => {
                self.response = other;
                return Flow::Pause;
            }
        };
        match self.end_overdue_holds(&mut stream, host) {
            Err(refused) => self.cut(stream, refused, &At::Elsewhere, host),
            Ok(()) => self.let_go(stream, At::Elsewhere, host),
        }
    }
}
