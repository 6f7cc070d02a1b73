//! One frame: raw bytes and the payload in them.

use std::borrow::Cow;
use std::ops::Range;

use super::{Framing, array, ndjson, sse};

/// A frame of a stream, borrowed from the chunk or from the framer.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    raw: &'a [u8],
    payload: Payload,
}

/// Where in the raw bytes the payload stands.
#[derive(Clone, Debug)]
enum Payload {
    Sse { fields: sse::Fields, first: bool },
    Line(Option<Range<usize>>),
    Item(Option<Range<usize>>),
}

impl<'a> Frame<'a> {
    /// The frame whose bytes are `raw`, as a framer delivered them. `first` when it began the body, where a
    /// byte order mark may stand.
    pub fn new(framing: Framing, raw: &'a [u8], first: bool) -> Self {
        let payload = match framing {
            Framing::Sse => Payload::Sse {
                fields: sse::Fields::read(raw, first),
                first,
            },
            Framing::Ndjson => Payload::Line(ndjson::payload(raw)),
            Framing::JsonArray => Payload::Item(array::item(raw, first)),
        };
        Self { raw, payload }
    }

    /// All bytes of the frame. The raw bytes of all frames, one after the other, are the body.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The event name of an SSE block, if it has one that is not empty and is UTF-8.
    pub fn event(&self) -> Option<&'a str> {
        match &self.payload {
            Payload::Sse { fields, .. } => sse::event_name(self.raw, fields),
            Payload::Line(_) | Payload::Item(_) => None,
        }
    }

    /// The payload: the `data` lines of an SSE block joined by LF, a line of NDJSON, an item of an array;
    /// `None` for a passive frame. Owned only where an SSE block has several `data` lines.
    pub fn data(&self) -> Option<Cow<'a, [u8]>> {
        match &self.payload {
            Payload::Sse { fields, first } => sse::data(self.raw, fields, *first),
            Payload::Line(span) | Payload::Item(span) => self.raw.get(span.clone()?).map(Cow::Borrowed),
        }
    }

    /// Whether the frame carries no payload (comment, blank line, bracket, SSE block without `data`) and may
    /// pass at once.
    pub fn is_passive(&self) -> bool {
        match &self.payload {
            Payload::Sse { fields, .. } => fields.data.is_none(),
            Payload::Line(span) | Payload::Item(span) => span.is_none(),
        }
    }

    /// The same frame with another payload: `event`, `id`, `retry` and comment lines, line ends, and the
    /// comma before an item stay as they are. A line end in `payload` becomes a further `data` line in SSE
    /// and a space in NDJSON. A passive frame has no room for a payload and stays as it is.
    pub fn with_data(&self, payload: &[u8]) -> Vec<u8> {
        match &self.payload {
            Payload::Sse { first, .. } => sse::with_data(self.raw, *first, payload),
            Payload::Line(Some(span)) => self.around(span, &ndjson::on_one_line(payload)),
            Payload::Item(Some(span)) => self.around(span, payload),
            Payload::Line(None) | Payload::Item(None) => self.raw.to_vec(),
        }
    }

    /// The raw bytes with `payload` in the place of `span`.
    fn around(&self, span: &Range<usize>, payload: &[u8]) -> Vec<u8> {
        let before = self.raw.get(..span.start).unwrap_or_default();
        let behind = self.raw.get(span.end..).unwrap_or_default();
        [before, payload, behind].concat()
    }
}
