//! Streams cut into frames, resumable at any byte.

mod array;
mod frame;
mod ndjson;
mod sse;

use std::fmt;

use array::ArrayScanner;
pub use frame::Frame;
use ndjson::NdjsonScanner;
use sse::SseScanner;

/// How a stream of events is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events (WHATWG HTML, "Server-sent events"): a frame is a block that ends with a blank
    /// line.
    Sse,
    /// One JSON value a line: a frame is a line.
    Ndjson,
    /// One JSON array: a frame is an item, with the comma before it.
    JsonArray,
}

/// Why a stream cannot be framed further. The bytes not yet delivered are in [`Framer::pending`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// A frame is longer than the framer's `max_frame_bytes`.
    TooLarge,
    /// Between the items of a JSON array stands what does not belong there.
    Syntax,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "frame too large",
            Self::Syntax => "stream is not a JSON array",
        })
    }
}

impl std::error::Error for FrameError {}

/// Cuts a body that comes in chunks into frames. Keeps the bytes of an unfinished frame and nothing else.
///
/// For every way to cut a body into chunks the frames carry the same events and the same payloads, in the
/// same order, and their raw bytes are the body. Only where passive bytes are cut into frames depends on the
/// chunks.
#[derive(Debug)]
pub struct Framer {
    scanner: Scanner,
    max_frame_bytes: usize,
    pending: Vec<u8>,
    /// Whether no frame was delivered yet, so that the next one may begin with a byte order mark.
    first: bool,
    failed: Option<FrameError>,
}

#[derive(Debug)]
enum Scanner {
    Sse(SseScanner),
    Ndjson(NdjsonScanner),
    JsonArray(ArrayScanner),
}

/// What a scanner found in the bytes that continue the current frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scan {
    /// The frame ends behind this many bytes.
    End(usize),
    /// All bytes belong to the frame, and it goes on.
    More,
    /// The byte behind this many cannot stand there.
    Bad(usize),
}

impl Framer {
    /// A framer at the start of a body; no frame may be longer than `max_frame_bytes`.
    pub fn new(framing: Framing, max_frame_bytes: usize) -> Self {
        Self {
            scanner: Scanner::new(framing),
            max_frame_bytes,
            pending: Vec::new(),
            first: true,
            failed: None,
        }
    }

    /// Takes the next bytes of the body and gives `sink` each frame that is complete with them, in order;
    /// without a copy when the frame lies whole in `chunk`.
    ///
    /// After an error everything not delivered is pending, and further chunks are refused, not kept.
    pub fn push(&mut self, chunk: &[u8], sink: &mut dyn FnMut(Frame<'_>)) -> Result<(), FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let mut rest = chunk;
        while !rest.is_empty() {
            // Behind the array every byte may be a frame of its own, so a run of them has no bound to break.
            let bounded = !self.scanner.is_behind();
            let (head, tail) = match self.scanner.advance(rest) {
                Scan::End(len) => rest.split_at_checked(len).unwrap_or((rest, &[])),
                Scan::More => return self.keep(rest),
                // A longer chunk shows the bad byte sooner, but must not show another error.
                Scan::Bad(len) if bounded && self.pending.len() + len > self.max_frame_bytes => {
                    return self.fail(rest, FrameError::TooLarge);
                }
                Scan::Bad(_) => return self.fail(rest, FrameError::Syntax),
            };
            if bounded && self.is_too_large(head) {
                return self.fail(rest, FrameError::TooLarge);
            }
            self.deliver(head, sink);
            rest = tail;
        }
        Ok(())
    }

    /// The body has ended: an unterminated last frame is delivered as it is.
    pub fn finish(&mut self, sink: &mut dyn FnMut(Frame<'_>)) -> Result<(), FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if !self.pending.is_empty() {
            self.deliver(&[], sink);
        }
        Ok(())
    }

    /// The bytes of the unfinished frame; after an error, all bytes that were pushed and not delivered.
    pub fn pending(&self) -> &[u8] {
        &self.pending
    }

    /// Takes the pending bytes, for instance to let them pass when the stream is no longer to be read.
    /// Framing cannot go on behind them.
    pub fn take_pending(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.pending)
    }

    fn deliver(&mut self, head: &[u8], sink: &mut dyn FnMut(Frame<'_>)) {
        let framing = self.scanner.framing();
        if self.pending.is_empty() {
            sink(Frame::new(framing, head, self.first));
        } else {
            self.pending.extend_from_slice(head);
            sink(Frame::new(framing, &self.pending, self.first));
            self.pending.clear();
        }
        self.first = false;
    }

    /// Whether the current frame, which ends with `head`, breaks the bound. The LF of a last CRLF does not
    /// count: had it come later, it were a frame of its own.
    fn is_too_large(&self, head: &[u8]) -> bool {
        let late = matches!(self.scanner, Scanner::Sse(_)) && head.ends_with(b"\r\n");
        self.pending.len() + head.len() - usize::from(late) > self.max_frame_bytes
    }

    fn keep(&mut self, rest: &[u8]) -> Result<(), FrameError> {
        if self.pending.len() + rest.len() > self.max_frame_bytes {
            return self.fail(rest, FrameError::TooLarge);
        }
        self.pending.extend_from_slice(rest);
        Ok(())
    }

    fn fail(&mut self, rest: &[u8], error: FrameError) -> Result<(), FrameError> {
        self.pending.extend_from_slice(rest);
        self.failed = Some(error);
        Err(error)
    }
}

impl Scanner {
    fn new(framing: Framing) -> Self {
        match framing {
            Framing::Sse => Self::Sse(SseScanner::default()),
            Framing::Ndjson => Self::Ndjson(NdjsonScanner),
            Framing::JsonArray => Self::JsonArray(ArrayScanner::default()),
        }
    }

    /// Whether the stream's array is closed.
    fn is_behind(&self) -> bool {
        match self {
            Self::JsonArray(scanner) => scanner.is_behind(),
            Self::Sse(_) | Self::Ndjson(_) => false,
        }
    }

    fn framing(&self) -> Framing {
        match self {
            Self::Sse(_) => Framing::Sse,
            Self::Ndjson(_) => Framing::Ndjson,
            Self::JsonArray(_) => Framing::JsonArray,
        }
    }

    fn advance(&mut self, bytes: &[u8]) -> Scan {
        match self {
            Self::Sse(scanner) => scanner.advance(bytes),
            Self::Ndjson(scanner) => scanner.advance(bytes),
            Self::JsonArray(scanner) => scanner.advance(bytes),
        }
    }
}
