//! Reading an answer frame by frame.

use crate::answer::{ApiError, Finish, Seen, Warnings, usage_of};
use crate::api::{Api, Dialect};
use crate::channels::Channels;
use crate::custom::{self, CustomApi};
use crate::lookup::Lookup;
use crate::shape::{Found, Pinned, Place, Rule, Sink, walk};
use crate::texts::{Encoding, Part, Scope, UnseenKind};
use crate::usage::Usage;
use crate::{anthropic_messages, gemini, ollama, openai_chat, openai_completions, openai_responses};
use penstock_wire::{Json, NodeId, Value};

pub use crate::channels::{ChannelId, MAX_CHANNELS};

/// What a reader of a stream is to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Usage, finish, and whether frames carry output: for meters. Collects no pieces.
    Usage,
    /// The texts as well.
    Pieces,
}

/// One text, or the next piece of one, in a frame. `json.value(node).text()` is its decoded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PieceRef {
    /// Which text it continues.
    pub channel: ChannelId,
    /// Whose text it is.
    pub scope: Scope,
    /// What the text is in itself.
    pub encoding: Encoding,
    /// How it relates to what came before.
    pub part: Part,
    /// The provider signed it: an edit makes the provider refuse it later.
    pub signed: bool,
    /// The node in the frame's tape.
    pub node: NodeId,
    /// Nothing more follows in this channel.
    pub last: bool,
}

/// What one frame says. Reuse it: [`StreamReader::read`] empties it first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameReading {
    /// The texts, in document order. Empty under [`Want::Usage`].
    pub pieces: Vec<PieceRef>,
    /// Channels that end with this frame, whether or not it carries text of theirs.
    pub finished: Vec<ChannelId>,
    /// Values that carry text once more in a form that no edit of text reaches (log probabilities).
    /// Who edits the text replaces these by `null`.
    pub logprobs: Vec<NodeId>,
    /// Content that nobody here can read.
    pub unseen: Vec<UnseenKind>,
    /// The frame carries output of the model: the first such frame ends the time to first token.
    pub output: bool,
    /// Bytes of new output text.
    pub output_bytes: u64,
    /// The frame reports usage (a `usage` that is not null).
    pub usage: bool,
    /// The frame exists only because usage was asked for (OpenAI's extra chunk).
    pub usage_only: bool,
    /// The semantic end of the stream: nothing of the model follows.
    pub end: bool,
    /// The frame reports an error.
    pub error: bool,
}

impl FrameReading {
    fn clear(&mut self) {
        let Self {
            pieces,
            finished,
            logprobs,
            unseen,
            ..
        } = self;
        pieces.clear();
        finished.clear();
        logprobs.clear();
        unseen.clear();
        *self = Self {
            pieces: std::mem::take(pieces),
            finished: std::mem::take(finished),
            logprobs: std::mem::take(logprobs),
            unseen: std::mem::take(unseen),
            ..Self::default()
        };
    }
}

/// The state of one stream. At most [`MAX_CHANNELS`] texts are told apart; each costs a few words.
///
/// Give it every frame that is not passive, in order. It reads whole answers too: one frame, then the end.
#[derive(Debug)]
pub struct StreamReader {
    api: Api,
    custom: Option<CustomApi>,
    state: State,
}

impl StreamReader {
    /// A reader at the start of a stream.
    pub fn new(dialect: Dialect<'_>, want: Want) -> Self {
        let custom = match dialect {
            Dialect::Custom(api) => Some(api.clone()),
            Dialect::OpenAiChat
            | Dialect::OpenAiResponses
            | Dialect::OpenAiCompletions
            | Dialect::OpenAiEmbeddings
            | Dialect::AnthropicMessages
            | Dialect::OllamaChat
            | Dialect::OllamaGenerate
            | Dialect::OllamaEmbed
            | Dialect::Gemini
            | Dialect::GeminiEmbed => None,
        };
        Self {
            api: dialect.api(),
            custom,
            state: State::new(want),
        }
    }

    /// The dialect it reads.
    pub fn dialect(&self) -> Dialect<'_> {
        // A reader is made from a dialect, so the description is there whenever the API needs it.
        Dialect::new(self.api, self.custom.as_ref()).unwrap_or(Dialect::OpenAiChat)
    }

    /// Reads one frame: its SSE event name, its payload, and the payload as JSON if it is JSON.
    pub fn read(&mut self, event: Option<&str>, data: &[u8], json: Option<Json<'_>>, out: &mut FrameReading) {
        out.clear();
        let Self { api, custom, state } = self;
        let Some(dialect) = Dialect::new(*api, custom.as_ref()) else {
            return;
        };
        let Some(json) = json else {
            state.marker(dialect, data, out);
            return;
        };
        let root = json.root();
        match dialect {
            Dialect::OpenAiChat => openai_chat::frame(root, state, out),
            Dialect::OpenAiResponses => openai_responses::frame(event, root, state, out),
            Dialect::OpenAiCompletions => openai_completions::frame(root, state, out),
            Dialect::AnthropicMessages => anthropic_messages::frame(event, root, state, out),
            Dialect::OllamaChat | Dialect::OllamaGenerate => ollama::frame(root, state, out),
            Dialect::Gemini => gemini::frame(root, state, out),
            Dialect::Custom(api) => custom::frame(api, json, state, out),
            // Embeddings do not stream; whatever comes is text that no table names.
            Dialect::OpenAiEmbeddings | Dialect::OllamaEmbed | Dialect::GeminiEmbed => {
                state.texts(
                    root,
                    Rule::Free(Scope::Other),
                    Place::new(Scope::Other, Part::Delta),
                    out,
                );
            }
        }
        state.error_member(root, out);
        mark_last(out);
    }

    /// Usage as reported so far: of each counter the last report.
    pub fn usage(&self) -> Usage {
        usage_of(self.dialect(), &self.state.seen.counts)
    }

    /// Why the model stopped, once it is known.
    pub fn finish(&self) -> Option<Finish> {
        self.state.seen.finish
    }

    /// The model that answers.
    pub fn model(&self) -> Option<&str> {
        self.state.seen.model.as_deref()
    }

    /// The response's id.
    pub fn id(&self) -> Option<&str> {
        self.state.seen.id.as_deref()
    }

    /// The service tier that serves it.
    pub fn service_tier(&self) -> Option<&str> {
        self.state.seen.service_tier.as_deref()
    }

    /// Whether the semantic end was seen: a stream that ends cleanly without it is truncated.
    pub fn complete(&self) -> bool {
        self.state.seen.error.is_none() && (self.state.ended || self.state.all_choices_finished())
    }

    /// The error that the stream reported.
    pub fn error(&self) -> Option<&ApiError> {
        self.state.seen.error.as_ref()
    }

    /// Bytes of output text so far.
    pub fn output_bytes(&self) -> u64 {
        self.state.output_bytes
    }

    /// What was odd so far.
    pub fn warnings(&self) -> Warnings {
        Warnings {
            odd_usage: self.state.seen.counts.odd,
            too_many_channels: self.state.channels.overflowed(),
        }
    }
}

fn mark_last(out: &mut FrameReading) {
    let FrameReading { pieces, finished, .. } = out;
    for piece in pieces.iter_mut() {
        piece.last |= finished.contains(&piece.channel);
    }
}

/// What the dialects keep between frames.
#[derive(Debug)]
pub(crate) struct State {
    want: Want,
    pub(crate) seen: Seen,
    pub(crate) channels: Channels,
    pub(crate) output_bytes: u64,
    ended: bool,
    /// Choices below 64 that have begun and that have finished, a bit each.
    begun: u64,
    done: u64,
    /// The model has called a tool, for APIs whose finish does not say so.
    pub(crate) called: bool,
    /// Hashes of the output items' ids in order, for servers of the Responses API that number no items.
    pub(crate) items: Vec<u64>,
}

impl State {
    fn new(want: Want) -> Self {
        Self {
            want,
            seen: Seen::default(),
            channels: Channels::default(),
            output_bytes: 0,
            ended: false,
            begun: 0,
            done: 0,
            called: false,
            items: Vec::new(),
        }
    }

    /// Collects the texts of `value`.
    pub(crate) fn texts(&mut self, value: Value<'_>, rule: Rule, place: Place, out: &mut FrameReading) {
        walk(value, rule, place, &mut Pieces { state: self, out });
    }

    /// Where the texts of a frame go.
    pub(crate) fn sink<'s>(&'s mut self, out: &'s mut FrameReading) -> impl Sink + 's {
        Pieces { state: self, out }
    }

    /// A payload that is not JSON: OpenAI's end marker, or what a custom API has for one.
    fn marker(&mut self, dialect: Dialect<'_>, data: &[u8], out: &mut FrameReading) {
        let marker = match dialect {
            Dialect::Custom(api) => api.done_marker(),
            Dialect::OpenAiChat
            | Dialect::OpenAiResponses
            | Dialect::OpenAiCompletions
            | Dialect::OpenAiEmbeddings
            | Dialect::AnthropicMessages
            | Dialect::OllamaChat
            | Dialect::OllamaGenerate
            | Dialect::OllamaEmbed
            | Dialect::Gemini
            | Dialect::GeminiEmbed => "[DONE]",
        };
        if !marker.is_empty() && data.trim_ascii() == marker.as_bytes() {
            self.end(out);
        }
    }

    /// `{"error": ...}` in any dialect.
    fn error_member(&mut self, root: Value<'_>, out: &mut FrameReading) {
        if let Some(error) = root.get("error").and_then(ApiError::read) {
            self.fail(error, out);
        }
    }

    /// The stream reports an error.
    pub(crate) fn fail(&mut self, error: ApiError, out: &mut FrameReading) {
        out.error = true;
        self.seen.error.get_or_insert(error);
    }

    /// The semantic end.
    pub(crate) fn end(&mut self, out: &mut FrameReading) {
        out.end = true;
        self.ended = true;
        self.channels.finish_all(&mut out.finished);
    }

    /// A choice shows itself.
    pub(crate) fn begin_choice(&mut self, choice: u32) {
        self.begun |= bit(choice);
    }

    /// A choice ends.
    pub(crate) fn finish_choice(&mut self, choice: u32, finish: Finish, out: &mut FrameReading) {
        self.begun |= bit(choice);
        self.done |= bit(choice);
        self.seen.finish.get_or_insert(finish);
        self.channels
            .finish(|key| key.message == choice, &mut out.finished);
    }

    fn all_choices_finished(&self) -> bool {
        self.begun != 0 && self.begun == self.done
    }
}

/// Choices beyond 63 share the last bit.
fn bit(choice: u32) -> u64 {
    1 << choice.min(63)
}

/// Takes the texts of a frame.
struct Pieces<'s> {
    state: &'s mut State,
    out: &'s mut FrameReading,
}

impl Sink for Pieces<'_> {
    fn text(&mut self, found: Found<'_>) {
        let (channel, new) = self.channel(&found);
        let part = match found.place.part {
            Part::Delta if found.alone => Part::Whole,
            Part::Repeat if new => Part::Whole,
            part => part,
        };
        if matches!(part, Part::Delta | Part::Whole) && found.place.scope.is_output() {
            self.out.output = true;
            self.out.output_bytes = self.out.output_bytes.saturating_add(found.bytes());
            self.state.output_bytes = self.state.output_bytes.saturating_add(found.bytes());
        }
        if self.state.want == Want::Pieces {
            let encoding = match (found.encoding, part) {
                (Encoding::JsonInString, Part::Delta) => Encoding::JsonFragment,
                (encoding, _) => encoding,
            };
            self.out.pieces.push(PieceRef {
                channel,
                scope: found.place.scope,
                encoding,
                part,
                signed: found.place.signed,
                node: found.value.id(),
                last: found.alone || part == Part::Echo,
            });
        }
    }

    fn unseen(&mut self, kind: UnseenKind, _value: Value<'_>, place: &Place) {
        self.out.output |= matches!(place.part, Part::Delta | Part::Whole) && place.scope.is_output();
        if self.state.want == Want::Pieces && !self.out.unseen.contains(&kind) {
            self.out.unseen.push(kind);
        }
    }

    fn logprobs(&mut self, value: Value<'_>) {
        if self.state.want == Want::Pieces {
            self.out.logprobs.push(value.id());
        }
    }
}

impl Pieces<'_> {
    /// The text's channel, and whether it carries no text yet.
    fn channel(&mut self, found: &Found<'_>) -> (ChannelId, bool) {
        let Place {
            scope,
            part,
            message,
            index,
            pinned,
            ..
        } = found.place;
        match part {
            // What stands alone in an item is new when the item comes, and repeated in the whole response.
            _ if found.alone => (self.state.channels.alone(), pinned == Pinned::Message),
            Part::Echo => (self.state.channels.alone(), false),
            Part::Delta | Part::Whole | Part::Repeat => self.state.channels.text(crate::channels::Key {
                scope,
                message,
                index,
            }),
        }
    }
}
