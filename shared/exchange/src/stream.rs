//! A response that is a stream of frames.

use crate::door::{Verdict, denial_of};
use crate::exchange::{Exchange, ResponsePhase};
use crate::host::{Flow, Host, Side};
use crate::inflate::Inflater;
use crate::pipeline::{Item, ItemText, Pipeline, Scene, Stop};
use crate::settings::OnCut;
use crate::whole::edited;
use penstock_filter_api::{Denial, Failure, Outcome, Record, Reply, Seen};
use penstock_llm_api::{Dialect, FrameReading, Sent, StreamReader, Stripped, Want, strip_usage, text_of};
use penstock_wire::{Frame, FrameError, Framer, Framing, Json, Limits, Tape};

/// Longest payload that may be a marker such as `[DONE]` and not a document, in bytes.
const MAX_MARKER_BYTES: usize = 64;
/// How long after the event of a cut the exchange is reset, in milliseconds.
const CLOSE_AFTER_MS: u32 = 5;
/// What one filter may hold of a stream: frames that cost as much as so many of the largest.
const HELD_FRAMES: usize = 4;
/// How often a held stream is looked at, in milliseconds.
const LOOK_AFTER_MS: u32 = 100;

/// The refusal that ends a response.
pub(crate) struct Refused {
    pub(crate) filter: &'static str,
    pub(crate) denial: Denial,
}

/// Where the reading of a stream stands.
pub(crate) struct StreamBody {
    framing: Framing,
    framer: Framer,
    inflater: Option<Inflater>,
    reader: StreamReader,
    reading: FrameReading,
    tape: Tape,
    limits: Limits,
    /// Nobody decides any more, but the rest does not pass as it comes: the head promised plain bytes, or some wait.
    relays: bool,
    /// Bytes that wait for room in the proxy's buffer.
    later: Vec<u8>,
    /// A frame has come.
    begun: bool,
    /// Frames cannot be told apart any more; nothing further is read.
    lost: bool,
    decide: Option<Decide>,
    /// Filters in shadow mode, which get copies.
    shadow: Option<Pipeline>,
}

/// The part of a stream's state that only deciders need.
struct Decide {
    pipeline: Pipeline,
    /// Usage that only the engine asked for is taken out.
    strips: bool,
    /// Bytes that may leave as soon as no callout is open.
    ready: Vec<u8>,
    sent: bool,
    ended: bool,
    /// The last frame was dropped and ended with CR: an LF that comes late is the rest of it.
    dropped_cr: bool,
}

/// What became of one chunk.
#[derive(Default)]
struct Read {
    items: Vec<Item>,
    /// The frame that cannot be read and those behind it, for who lets them pass.
    rest: Vec<u8>,
    /// The chunk decompressed, where it was compressed.
    plain: Vec<u8>,
    output: bool,
    events: bool,
    failure: Option<Failure>,
}

impl StreamBody {
    pub(crate) fn new(
        dialect: Dialect<'_>,
        framing: Framing,
        inflater: Option<Inflater>,
        max_frame_bytes: usize,
    ) -> Self {
        Self {
            framing,
            framer: Framer::new(framing, max_frame_bytes),
            inflater,
            reader: StreamReader::new(dialect, Want::Usage),
            reading: FrameReading::default(),
            tape: Tape::new(),
            limits: Limits {
                max_bytes: max_frame_bytes,
                ..Limits::default()
            },
            relays: false,
            later: Vec::new(),
            begun: false,
            lost: false,
            decide: None,
            shadow: None,
        }
    }

    /// Shows the stream to these filters in shadow mode.
    pub(crate) fn pretend(&mut self, shadows: Vec<usize>, dialect: Dialect<'_>) {
        if !shadows.is_empty() {
            self.reader = StreamReader::new(dialect, Want::Pieces);
            self.shadow = Some(Pipeline::shadow(shadows, self.max_hold_bytes()));
        }
    }

    /// Makes the stream wait for these filters, in this order.
    pub(crate) fn decide(&mut self, deciders: Vec<usize>, strips: bool, dialect: Dialect<'_>) {
        let pipeline = Pipeline::new(deciders, self.max_hold_bytes());
        if !pipeline.is_empty() {
            self.reader = StreamReader::new(dialect, Want::Pieces);
        }
        self.decide = Some(Decide {
            pipeline,
            strips,
            ready: Vec::new(),
            sent: false,
            ended: false,
            dropped_cr: false,
        });
    }

    fn max_hold_bytes(&self) -> usize {
        self.limits.max_bytes.saturating_mul(HELD_FRAMES)
    }

    /// Brings the record up to date.
    pub(crate) fn write_to(&self, record: &mut Record) {
        record.usage = self.reader.usage();
        record.finish = self.reader.finish();
        record.output_text_bytes = self.reader.output_bytes();
        if record.response_model.is_none() {
            record.response_model = self.reader.model().map(str::to_owned);
        }
        if record.service_tier.is_none() {
            record.service_tier = self.reader.service_tier().map(str::to_owned);
        }
    }

    /// Reads the next bytes of the body.
    fn feed(&mut self, bytes: &[u8], end: bool) -> Read {
        let Some(inflater) = self.inflater.as_mut().filter(|_| self.relays || !self.lost) else {
            return self.read(bytes, end);
        };
        let mut plain = Vec::new();
        let inflated = inflate(inflater, bytes, end, &mut plain);
        let mut read = self.read(&plain, end);
        read.failure = read.failure.or(inflated.err());
        read.plain = plain;
        self.lost |= read.failure.is_some();
        read
    }

    fn read(&mut self, bytes: &[u8], end: bool) -> Read {
        let mut read = Read::default();
        if self.lost {
            return read;
        }
        let wants = match (&self.decide, &self.shadow) {
            (Some(decide), _) => Wants::Items {
                strips: decide.strips,
                reads: !decide.pipeline.is_empty(),
            },
            (None, Some(_)) => Wants::Items {
                strips: false,
                reads: false,
            },
            (None, None) => Wants::Nothing,
        };
        let Self {
            framer,
            reader,
            reading,
            tape,
            limits,
            begun,
            ..
        } = self;
        let mut frames = Frames {
            reader,
            reading,
            tape,
            limits,
            begun,
            wants,
            read: &mut read,
        };
        let mut one = |frame: Frame<'_>| frames.take(&frame);
        let mut result = framer.push(bytes, &mut one);
        if end && result.is_ok() {
            result = framer.finish(&mut one);
        }
        let framed = result.map_err(|error| match error {
            FrameError::TooLarge => Failure::FrameTooLarge,
            FrameError::Syntax => Failure::InvalidJson,
        });
        read.failure = read.failure.or(framed.err());
        self.lost = read.failure.is_some();
        read
    }

    /// Whether bytes of the body are here and not in the proxy.
    fn keeps(&self) -> bool {
        let Some(decide) = &self.decide else { return false };
        !self.framer.pending().is_empty() || !decide.ready.is_empty() || decide.pipeline.held_bytes() > 0
    }

    /// What the proxy has to take when all of the stream's bytes leave that are here, in bytes.
    fn raw_bytes(&self) -> usize {
        let decided = |decide: &Decide| decide.ready.len() + decide.pipeline.held_raw_bytes();
        self.framer.pending().len() + self.decide.as_ref().map_or(0, decided)
    }

    /// What the stream costs this VM between two callbacks, in bytes.
    fn held_bytes(&self) -> usize {
        let decided = |decide: &Decide| decide.ready.len() + decide.pipeline.held_bytes();
        let pretended = self.shadow.as_ref().map_or(0, Pipeline::held_bytes);
        let inflating = self.inflater.as_ref().map_or(0, |_| Inflater::STATE_BYTES);
        let waiting = self.later.len() + self.framer.pending().len();
        waiting + self.decide.as_ref().map_or(0, decided) + pretended + inflating
    }
}

/// Whether the compressed body itself is broken, so that no plain bytes follow.
fn breaks_coding(failure: Failure) -> bool {
    matches!(failure, Failure::InvalidEncoding | Failure::DecompressionBomb)
}

fn inflate(inflater: &mut Inflater, bytes: &[u8], end: bool, plain: &mut Vec<u8>) -> Result<(), Failure> {
    inflater.push(bytes, plain)?;
    if end && !inflater.is_complete() {
        Err(Failure::InvalidEncoding)
    } else {
        Ok(())
    }
}

/// What is made of frames besides the books.
#[derive(Clone, Copy)]
enum Wants {
    Nothing,
    /// Items; `reads` when a frame that cannot be read is a failure.
    Items {
        strips: bool,
        reads: bool,
    },
}

/// Takes the frames of one chunk.
struct Frames<'a> {
    reader: &'a mut StreamReader,
    reading: &'a mut FrameReading,
    tape: &'a mut Tape,
    limits: &'a Limits,
    begun: &'a mut bool,
    wants: Wants,
    read: &'a mut Read,
}

impl Frames<'_> {
    fn take(&mut self, frame: &Frame<'_>) {
        let first = !std::mem::replace(self.begun, true);
        // Behind a frame that cannot be read nothing is, as if it came in a later chunk.
        if self.read.failure.is_some() {
            return self.read.rest.extend_from_slice(frame.raw());
        }
        let Some(data) = frame.data() else {
            return self.keep_textless(frame, false);
        };
        self.read.events = true;
        let is_document = data.trim_ascii_start().first() == Some(&b'{');
        let parsed = is_document && self.tape.parse(&data, self.limits).is_ok();
        let json = parsed.then(|| self.tape.view(&data));
        self.reader.read(frame.event(), &data, json, self.reading);
        self.read.output |= self.reading.output;
        match (self.wants, json) {
            (Wants::Nothing, _) => {}
            (Wants::Items { strips, .. }, Some(json)) => {
                let item = item(frame, json, self.reading, self.reader.dialect(), strips);
                self.read.items.push(Item { first, ..item });
            }
            (Wants::Items { reads, .. }, None) => {
                // `[DONE]` and other markers are short; what looks like a document must be one.
                if reads && (is_document || data.len() > MAX_MARKER_BYTES) {
                    self.read.failure = Some(Failure::InvalidJson);
                    return self.read.rest.extend_from_slice(frame.raw());
                }
                self.keep_textless(frame, self.reading.end);
            }
        }
    }

    /// Frames without text are often of a byte or two: those of one kind go on together.
    fn keep_textless(&mut self, frame: &Frame<'_>, ends: bool) {
        if matches!(self.wants, Wants::Nothing) {
            return;
        }
        let item = Item {
            raw: frame.raw().to_vec(),
            textless: true,
            passive: frame.raw().first() == Some(&b':'),
            ends,
            ..Item::default()
        };
        match self.read.items.last_mut() {
            Some(last) if last.takes(&item) => last.raw.extend_from_slice(&item.raw),
            Some(_) | None => self.read.items.push(item),
        }
    }
}

/// A frame with its texts, on its way to the deciders.
fn item(
    frame: &Frame<'_>,
    json: Json<'_>,
    reading: &FrameReading,
    dialect: Dialect<'_>,
    strips: bool,
) -> Item {
    let mut item = Item {
        raw: frame.raw().to_vec(),
        finished: reading.finished.clone(),
        ends: reading.end,
        logprobs: reading.logprobs.clone(),
        ..Item::default()
    };
    if strips {
        item.dropped = strip_usage(dialect, json, reading, &mut item.edits) == Stripped::Drop;
    }
    item.texts.extend(reading.pieces.iter().map(|piece| ItemText {
        channel: piece.channel,
        scope: piece.scope,
        encoding: piece.encoding,
        part: piece.part,
        signed: piece.signed,
        last: piece.last,
        node: Some(piece.node),
        text: text_of(json, piece.node).into_owned(),
        edited: false,
    }));
    item
}

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
    fn keeps_within(&mut self, stream: &mut StreamBody, leaving: usize, host: &mut dyn Host) -> bool {
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
    fn forget(&mut self, stream: &mut StreamBody) {
        stream.framer.take_pending();
        stream.shadow = None;
        let held = stream.held_bytes();
        self.hold_bytes(Side::Response, held);
    }

    fn end_stream(&mut self, mut stream: Box<StreamBody>, host: &mut dyn Host) {
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

    /// Runs new frames through the deciders and lets go what is decided.
    fn decide_stream(
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

    fn run_deciders(
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

    /// Text that was held too long is a failure of the filter that holds it.
    fn end_overdue_holds(&mut self, stream: &mut StreamBody, host: &mut dyn Host) -> Result<(), Refused> {
        let max_hold_ns = u64::from(self.engine.settings.max_hold_ms).saturating_mul(1_000_000);
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
        let mut rest = stream
            .decide
            .take()
            .map(|decide| decide.ready)
            .unwrap_or_default();
        rest.extend_from_slice(unread);
        rest.extend_from_slice(stream.framer.pending());
        match self.write(&rest, at, host) {
            Ok([]) => {}
            Ok(later) if !at.ends() => {
                stream.later = later.to_vec();
                stream.relays = true;
            }
            Ok(_) | Err(Unwritable) => return self.abort(host),
        }
        if at.ends() {
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
    fn collect(&self, stream: &mut StreamBody) -> Result<(), Failure> {
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
    fn let_go(&mut self, mut stream: Box<StreamBody>, at: At<'_>, host: &mut dyn Host) -> Flow {
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
    fn write<'b>(&self, bytes: &'b [u8], at: &At<'_>, host: &mut dyn Host) -> Result<&'b [u8], Unwritable> {
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
    fn abort(&mut self, host: &mut dyn Host) -> Flow {
        self.note(Failure::Host, host);
        self.release_bytes(Side::Response);
        self.record.outcome = Outcome::Cut;
        self.response = ResponsePhase::Done;
        let _ = host.close();
        Flow::Pause
    }

    /// Ends a running response in the client's dialect: the event now, the reset in the next callback.
    fn cut(
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

/// The host does not take bytes in this callback.
struct Unwritable;

/// The callback in which something is decided.
enum At<'a> {
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
    fn ends(&self) -> bool {
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
