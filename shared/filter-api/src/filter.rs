//! A filter on one exchange, and the pieces of output it is shown.

use crate::{Cx, HeadFlow, Headers, OutputFlow, Prompt, PromptFlow, Record, Reply};
use penstock_llm_api::{ChannelId, Encoding, Part, Request, Scope};
use penstock_wire::sort_by_key;
use std::ops::Range;

/// Policy on one exchange. Every method has a default that does nothing.
pub trait Filter {
    /// Shows what passes, before any edit or hold, whatever the filter needs: for books and metrics.
    fn observe(&mut self, _seen: Seen<'_>, _record: &Record, _cx: &mut Cx<'_>) {}

    /// The whole prompt. Called again with a reply after [`PromptFlow::Wait`].
    /// Under `Need::Observe` the request has already left, and only inward effects count.
    fn on_prompt(
        &mut self,
        _prompt: &mut Prompt<'_>,
        _reply: Option<&Reply>,
        _cx: &mut Cx<'_>,
    ) -> PromptFlow {
        PromptFlow::Next
    }

    /// The response head of an answer from upstream.
    fn on_response_head(&mut self, _headers: &Headers, _record: &Record, _cx: &mut Cx<'_>) -> HeadFlow {
        HeadFlow::Next
    }

    /// The next piece of output text, in order within its channel. Called again with a reply after
    /// [`OutputFlow::Wait`]. Only for filters that need to decide on the response.
    fn on_output(
        &mut self,
        _piece: &Piece<'_>,
        _edits: &mut PieceEdits,
        _reply: Option<&Reply>,
        _cx: &mut Cx<'_>,
    ) -> OutputFlow {
        OutputFlow::Clear
    }

    /// The trailers of an answer from upstream, if it sends any: once, at its end. For filters that need to see the
    /// response. The last chance to set or take off trailers.
    fn on_response_trailers(&mut self, _trailers: &Headers, _record: &Record, _cx: &mut Cx<'_>) {}

    /// The exchange is over. Called exactly once for each filter that joined, unless the VM dies.
    fn on_end(&mut self, _record: &Record, _cx: &mut Cx<'_>) {}
}

/// What passes by.
pub enum Seen<'a> {
    /// The request was read.
    Request(&'a Request),
    /// An event of a stream arrived; the record is already up to date.
    Event,
    /// A whole response was read; the record is already up to date.
    Answer,
}

/// Text of one channel of the output.
///
/// A tool call is two texts, each with a channel of its own: the name ([`Scope::ToolName`]) and the arguments
/// ([`Scope::ToolCall`]). They have the same `message` and `index`, and no other call of the answer has these two. The name
/// is shown first, wherever the server writes it. Where it may come in pieces (`Part::Delta`) it is complete with `last`,
/// which comes before the arguments, or with the end of a call that has none. Servers that go on with a name after its
/// arguments have begun get more pieces in its channel: SDKs put them together, so judge such a name anew.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// Which text this belongs to: choice x kind x index.
    pub channel: ChannelId,
    /// Number of the choice, or output item, it belongs to. Of MCP the message's in the stream, or in the batch.
    pub message: u32,
    /// Which text or call within it. Tools that are defined have
    /// [`Text::DEFINITIONS`](penstock_llm_api::Text::DEFINITIONS) or more.
    pub index: u32,
    /// What the text is.
    pub scope: Scope,
    /// Plain text, JSON inside a string (tool arguments), or all arguments of a call as JSON: those are shown once before the
    /// texts in them, empty for a call without any, and are not to be edited.
    pub encoding: Encoding,
    /// A delta, a whole text, or a repeat of text that the channel has carried before.
    pub part: Part,
    /// The text is signed by the provider: an edit would make the next request fail.
    pub signed: bool,
    /// Offset of `text` in the channel, in bytes of decoded text. 0 for whole texts and repeats.
    pub start: u64,
    /// Text of the channel that is held back, directly before `text`.
    pub held: &'a str,
    /// The new text.
    pub text: &'a str,
    /// No more text follows in this channel.
    pub last: bool,
}

/// Replacements of text that has not left yet, by offsets in the channel.
#[derive(Debug, Default)]
pub struct PieceEdits {
    ranges: Vec<(Range<u64>, String)>,
    value: Option<String>,
}

impl PieceEdits {
    /// Replaces the text at `range` (bytes of decoded text in the channel), which may begin in `held`.
    pub fn replace(&mut self, range: Range<u64>, with: impl Into<String>) {
        self.ranges.push((range, with.into()));
    }

    /// Puts a JSON value, as source text, in the place of the whole text and its quotes: a number that stood without
    /// them. Only for a text that comes whole; an object's key stays a string.
    pub fn replace_value(&mut self, json: impl Into<String>) {
        self.value = Some(json.into());
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty() && self.value.is_none()
    }

    /// Takes the value that stands for the whole text.
    pub fn take_value(&mut self) -> Option<String> {
        self.value.take()
    }

    /// Takes the edits, sorted by their start.
    pub fn take(&mut self) -> Vec<(Range<u64>, String)> {
        let mut edits = std::mem::take(&mut self.ranges);
        sort_by_key(&mut edits, |(range, _)| {
            [(range.start >> 32) as usize, range.start as u32 as usize, 0]
        });
        edits
    }
}
