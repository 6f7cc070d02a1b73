//! Whether a body is one document or a stream, and how a stream is framed.

use super::LIMITS;
use penstock_llm_api::{Operation, Target};
use penstock_wire::{FrameError, Framer, Framing, Tape};

/// Largest frame, in bytes.
const MAX_FRAME_BYTES: usize = 256 << 20;

/// The payload of one frame, with its SSE event name.
pub(super) struct Event {
    pub(super) name: Option<String>,
    pub(super) payload: Vec<u8>,
}

/// How the body is written: what its bytes show, and where they show nothing, what `declared` says.
/// `None` for one whole document.
pub(super) fn of_body(body: &[u8], declared: Option<Framing>) -> Option<Framing> {
    let begin = body
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(body)
        .trim_ascii_start();
    if [&b"data:"[..], b"event:", b"id:", b"retry:", b":"]
        .iter()
        .any(|field| begin.starts_with(field))
    {
        return Some(Framing::Sse);
    }
    match (begin.first(), declared) {
        (Some(b'['), _) => Some(Framing::JsonArray),
        (Some(b'{'), Some(Framing::Ndjson)) => Some(Framing::Ndjson),
        (Some(b'{'), _) if is_document(begin) => None,
        (Some(b'{'), _) if first_line_is_document(begin) => Some(Framing::Ndjson),
        (None, _) => None,
        // What begins in the middle of something shows its form later.
        (Some(_), None) => of_lines(begin),
        (Some(b'{'), Some(Framing::Sse)) => of_lines(begin),
        (Some(_), declared) => declared,
    }
}

/// How a body is written whose beginning is lost.
fn of_lines(body: &[u8]) -> Option<Framing> {
    let mut lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).skip(1);
    lines.find_map(|line| {
        if line.starts_with(b"data:") {
            Some(Framing::Sse)
        } else {
            (line.starts_with(b"{\"") && is_document(line)).then_some(Framing::Ndjson)
        }
    })
}

fn is_document(bytes: &[u8]) -> bool {
    Tape::new().parse(bytes, &LIMITS).is_ok()
}

fn first_line_is_document(bytes: &[u8]) -> bool {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.len() < bytes.len() && is_document(line)
}

/// Every frame with a payload, in order, and why framing stopped if it did.
pub(super) fn events(framing: Framing, body: &[u8]) -> (Vec<Event>, Option<FrameError>) {
    let mut framer = Framer::new(framing, MAX_FRAME_BYTES);
    let mut events = Vec::new();
    let mut sink = |frame: penstock_wire::Frame<'_>| {
        if let Some(payload) = frame.data() {
            events.push(Event {
                name: frame.event().map(str::to_owned),
                payload: payload.into_owned(),
            });
        }
    };
    let result = framer
        .push(body, &mut sink)
        .and_then(|()| framer.finish(&mut sink));
    (events, result.err())
}

/// The framing that a content type names by itself.
pub(super) fn by_name(content_type: Option<&[u8]>) -> Option<Framing> {
    Target::new(Operation::Unknown).framing(content_type, false)
}

/// What to call it.
pub(super) fn name(framing: Option<Framing>) -> &'static str {
    match framing {
        Some(Framing::Sse) => "a stream of server-sent events",
        Some(Framing::Ndjson) => "a stream of JSON lines",
        Some(Framing::JsonArray) => "a JSON array",
        None => "one JSON document",
    }
}
