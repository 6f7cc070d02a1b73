//! Reading a stream: bytes become frames, frames become entries of the books and items for the deciders.

use crate::arguments;
use crate::inflate::Inflater;
use crate::pipeline::{Item, ItemText, Pipeline};
use penstock_filter_api::{Failure, Record};
use penstock_llm_api::{Api, Dialect, FrameReading, StreamReader, Stripped, Want, strip_usage, text_of};
use penstock_wire::{Frame, FrameError, Framer, Framing, Json, Limits, Tape};

/// What one filter may hold of a stream: frames that cost as much as so many of the largest.
const HELD_FRAMES: usize = 4;
/// Longest payload that may be a marker such as `[DONE]` and not a document, in bytes.
const MAX_MARKER_BYTES: usize = 64;

/// Where the reading of a stream stands.
pub(crate) struct StreamBody {
    pub(crate) framing: Framing,
    pub(crate) framer: Framer,
    pub(crate) inflater: Option<Inflater>,
    pub(crate) reader: StreamReader,
    pub(crate) reading: FrameReading,
    pub(crate) tape: Tape,
    pub(crate) limits: Limits,
    /// Nobody decides any more, but the rest does not pass as it comes: the head promised plain bytes, or some wait.
    pub(crate) relays: bool,
    /// Bytes that wait for room in the proxy's buffer.
    pub(crate) later: Vec<u8>,
    /// A frame has come.
    pub(crate) begun: bool,
    /// Frames cannot be told apart any more; nothing further is read.
    pub(crate) lost: bool,
    pub(crate) decide: Option<Decide>,
    /// Filters in shadow mode, which get copies.
    pub(crate) shadow: Option<Pipeline>,
}

/// The part of a stream's state that only deciders need.
pub(crate) struct Decide {
    pub(crate) pipeline: Pipeline,
    /// Usage that only the engine asked for is taken out.
    pub(crate) strips: bool,
    /// Bytes that may leave as soon as no callout is open.
    pub(crate) ready: Vec<u8>,
    pub(crate) sent: bool,
    pub(crate) ended: bool,
    /// The last frame was dropped and ended with CR: an LF that comes late is the rest of it.
    pub(crate) dropped_cr: bool,
}

/// What became of one chunk.
#[derive(Default)]
pub(crate) struct Read {
    pub(crate) items: Vec<Item>,
    /// The frame that cannot be read and those behind it, for who lets them pass.
    pub(crate) rest: Vec<u8>,
    /// The chunk decompressed, where it was compressed.
    pub(crate) plain: Vec<u8>,
    pub(crate) output: bool,
    pub(crate) events: bool,
    pub(crate) failure: Option<Failure>,
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
    pub(crate) fn feed(&mut self, bytes: &[u8], end: bool) -> Read {
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

    pub(crate) fn read(&mut self, bytes: &[u8], end: bool) -> Read {
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
    pub(crate) fn keeps(&self) -> bool {
        let Some(decide) = &self.decide else { return false };
        !self.framer.pending().is_empty() || !decide.ready.is_empty() || decide.pipeline.held_bytes() > 0
    }

    /// What the proxy has to take when all of the stream's bytes leave that are here, in bytes.
    pub(crate) fn raw_bytes(&self) -> usize {
        let decided = |decide: &Decide| decide.ready.len() + decide.pipeline.held_raw_bytes();
        self.framer.pending().len() + self.decide.as_ref().map_or(0, decided)
    }

    /// What the stream costs this VM between two callbacks, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        let decided = |decide: &Decide| decide.ready.len() + decide.pipeline.held_bytes();
        let pretended = self.shadow.as_ref().map_or(0, Pipeline::held_bytes);
        let inflating = self.inflater.as_ref().map_or(0, |_| Inflater::STATE_BYTES);
        let waiting = self.later.len() + self.framer.pending().len();
        waiting + self.decide.as_ref().map_or(0, decided) + pretended + inflating
    }
}

/// Whether the compressed body itself is broken, so that no plain bytes follow.
pub(crate) fn breaks_coding(failure: Failure) -> bool {
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
    pub(crate) fn take(&mut self, frame: &Frame<'_>) {
        let first = !std::mem::replace(self.begun, true);
        // Behind a frame that cannot be read nothing is, as if it came in a later chunk.
        if self.read.failure.is_some() {
            return self.read.rest.extend_from_slice(frame.raw());
        }
        let Some(data) = frame.data() else {
            return self.keep_textless(frame, false);
        };
        self.read.events = true;
        let is_document = self.is_document(&data);
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

    /// Whether a payload has to be a document. MCP has batches; elsewhere `[` begins a marker such as `[DONE]`.
    fn is_document(&self, data: &[u8]) -> bool {
        match data.trim_ascii_start().first() {
            Some(b'{') => true,
            Some(b'[') => self.reader.dialect().api() == Api::Mcp,
            Some(_) | None => false,
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
        message: piece.message,
        index: piece.index,
        scope: piece.scope,
        encoding: piece.encoding,
        part: piece.part,
        signed: piece.signed,
        last: piece.last,
        node: Some(piece.node),
        text: text_of(json, piece.node).into_owned(),
        edited: false,
        is_value: false,
        repeats: None,
    }));
    arguments::insert(&mut item, &reading.arguments, json);
    item
}
