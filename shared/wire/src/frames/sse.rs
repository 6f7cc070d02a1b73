//! Server-sent events, after WHATWG HTML, "Server-sent events", "Parsing an event stream".

use std::borrow::Cow;
use std::ops::Range;

use super::Scan;
use crate::scan::line_end;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Finds where blocks end, from any byte on.
///
/// A comment or blank line outside a block is a frame of its own. A frame ends at the CR of its last line
/// end, so that nothing waits for a byte that may come late; an LF after it joins it if it is there already.
#[derive(Debug, Default)]
pub(super) struct SseScanner {
    line: Line,
    in_block: bool,
}

/// What the next byte continues.
#[derive(Clone, Copy, Debug)]
enum Line {
    /// The start of the body, after so many bytes of a byte order mark.
    Mark(usize),
    /// The start of a line.
    Start,
    /// The start of a line after a CR: an LF still belongs to the line before.
    AfterCr,
    /// A comment outside a block.
    Comment,
    /// A line of a block.
    Block,
}

impl Default for Line {
    fn default() -> Self {
        Self::Mark(0)
    }
}

impl SseScanner {
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Scan {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let frame_ends = match self.line {
                Line::Comment | Line::Block => {
                    let Some(end) = line_end(bytes, at) else {
                        return Scan::More;
                    };
                    let comment = matches!(self.line, Line::Comment);
                    at = self.end_line(bytes, end);
                    comment
                }
                Line::AfterCr if byte == b'\n' => {
                    self.line = Line::Start;
                    at += 1;
                    !self.in_block
                }
                Line::Mark(seen) if BOM.get(seen) == Some(&byte) => {
                    self.line = Line::Mark(seen + 1);
                    at += 1;
                    false
                }
                // Part of a mark is no mark but the start of a field name.
                Line::Mark(1 | 2) => self.begin_line(Line::Block),
                Line::Mark(_) | Line::Start | Line::AfterCr if matches!(byte, b'\r' | b'\n') => {
                    at = self.end_line(bytes, at);
                    self.in_block = false;
                    true
                }
                Line::Mark(_) | Line::Start | Line::AfterCr if byte == b':' && !self.in_block => {
                    self.begin_line(Line::Comment)
                }
                Line::Mark(_) | Line::Start | Line::AfterCr => self.begin_line(Line::Block),
            };
            if frame_ends {
                return Scan::End(at);
            }
        }
        Scan::More
    }

    /// Begins a line without taking a byte; no frame ends thereby.
    fn begin_line(&mut self, line: Line) -> bool {
        self.line = line;
        self.in_block |= matches!(line, Line::Block);
        false
    }

    /// Ends the line whose CR or LF is at `end`; answers where the next one starts.
    fn end_line(&mut self, bytes: &[u8], end: usize) -> usize {
        let cr = bytes.get(end) == Some(&b'\r');
        let lf_follows = cr && bytes.get(end + 1) == Some(&b'\n');
        self.line = if cr && !lf_follows {
            Line::AfterCr
        } else {
            Line::Start
        };
        end + 1 + usize::from(lf_follows)
    }
}

/// The fields of a block that matter here, as spans of its raw bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    pub(super) event: Option<Range<usize>>,
    /// The value of the first `data` line.
    pub(super) data: Option<Range<usize>>,
    /// Whether more `data` lines follow.
    pub(super) more_data: bool,
}

impl Fields {
    /// Reads a frame; `first` says that it may begin with a byte order mark.
    pub(super) fn read(raw: &[u8], first: bool) -> Self {
        let mut fields = Self::default();
        for line in lines(raw, first) {
            match line.name(raw) {
                b"data" if fields.data.is_some() => fields.more_data = true,
                b"data" => fields.data = Some(line.value),
                b"event" => fields.event = Some(line.value),
                _ => {}
            }
        }
        fields
    }
}

/// A line as spans of the frame's raw bytes.
struct SseLine {
    start: usize,
    name_end: usize,
    value: Range<usize>,
    /// Behind the line end.
    end: usize,
}

impl SseLine {
    fn name<'a>(&self, raw: &'a [u8]) -> &'a [u8] {
        raw.get(self.start..self.name_end).unwrap_or_default()
    }
}

fn lines(raw: &[u8], first: bool) -> impl Iterator<Item = SseLine> {
    let mut at = if first && raw.starts_with(BOM) {
        BOM.len()
    } else {
        0
    };
    std::iter::from_fn(move || {
        let line = (at < raw.len()).then(|| read_line(raw, at))?;
        at = line.end;
        Some(line)
    })
}

fn read_line(raw: &[u8], start: usize) -> SseLine {
    let text_end = line_end(raw, start).unwrap_or(raw.len());
    let text = raw.get(start..text_end).unwrap_or_default();
    let ending = match raw.get(text_end..text_end + 2) {
        Some(b"\r\n") => 2,
        _ => (raw.len() - text_end).min(1),
    };
    let (name_end, value) = match text.iter().position(|byte| *byte == b':') {
        Some(colon) => {
            let space = usize::from(text.get(colon + 1) == Some(&b' '));
            (start + colon, start + colon + 1 + space)
        }
        None => (text_end, text_end),
    };
    SseLine {
        start,
        name_end,
        value: value..text_end,
        end: text_end + ending,
    }
}

/// The values of all `data` lines, joined by LF.
pub(super) fn joined_data(raw: &[u8], first: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    for line in lines(raw, first).filter(|line| line.name(raw) == b"data") {
        out.extend_from_slice(raw.get(line.value).unwrap_or_default());
        out.push(b'\n');
    }
    out.pop();
    out
}

/// The frame with `data` in the place of its first `data` line and without the others.
pub(super) fn with_data(raw: &[u8], first: bool, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + data.len());
    let mut kept = 0;
    let mut written = false;
    for line in lines(raw, first).filter(|line| line.name(raw) == b"data") {
        append_lines(&mut out, raw.get(kept..line.start).unwrap_or_default());
        kept = line.end;
        if !written {
            write_data_lines(&mut out, raw, &line, data);
            written = true;
        }
    }
    append_lines(&mut out, raw.get(kept..).unwrap_or_default());
    out
}

/// Appends kept lines. Where a line between them is gone, a CR must not take an LF that ended a line of its
/// own.
fn append_lines(out: &mut Vec<u8>, lines: &[u8]) {
    if out.ends_with(b"\r") && lines.starts_with(b"\n") {
        out.push(b'\n');
    }
    out.extend_from_slice(lines);
}

/// Writes `data` as `data` lines with the prefix and the line end of `like`.
fn write_data_lines(out: &mut Vec<u8>, raw: &[u8], like: &SseLine, data: &[u8]) {
    let ending = raw.get(like.value.end..like.end).unwrap_or_default();
    let between: &[u8] = if ending.is_empty() { b"\n" } else { ending };
    let tight = raw.get(like.name_end..like.value.start) == Some(b":");
    let mut rest = Some(data);
    while let Some(text) = rest {
        let end = line_end(text, 0).unwrap_or(text.len());
        let (line, tail) = text.split_at_checked(end).unwrap_or((text, &[]));
        rest = tail.strip_prefix(b"\r\n").or(tail.get(1..));
        let space: &[u8] = if tight && !line.starts_with(b" ") {
            b""
        } else {
            b" "
        };
        out.extend_from_slice(b"data:");
        out.extend_from_slice(space);
        out.extend_from_slice(line);
        out.extend_from_slice(if rest.is_some() { between } else { ending });
    }
}

/// An event name, if the block has one that is UTF-8.
pub(super) fn event_name<'a>(raw: &'a [u8], fields: &Fields) -> Option<&'a str> {
    let name = raw.get(fields.event.clone()?)?;
    std::str::from_utf8(name).ok().filter(|name| !name.is_empty())
}

/// The payload of a block, if it has `data` lines.
pub(super) fn data<'a>(raw: &'a [u8], fields: &Fields, first: bool) -> Option<Cow<'a, [u8]>> {
    let span = fields.data.clone()?;
    Some(if fields.more_data {
        Cow::Owned(joined_data(raw, first))
    } else {
        Cow::Borrowed(raw.get(span)?)
    })
}
