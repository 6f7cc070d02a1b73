//! Reading an answer frame by frame.

use crate::answer::{ApiError, Finish, Warnings, usage_of};
use crate::api::{Api, Dialect};
use crate::custom::CustomApi;
use crate::shape::{Place, Rule};
use crate::state::State;
use crate::texts::{Arguments, Encoding, Part, Scope, UnseenKind};
use crate::usage::Usage;
use crate::{
    anthropic_messages, custom_reading, gemini, mcp, ollama, openai_chat, openai_completions,
    openai_responses,
};
use penstock_wire::{Json, NodeId};

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
    /// Number of the choice, or output item, it belongs to. Of MCP the message's in the stream.
    pub message: u32,
    /// Which text or call within it, as [`Text::index`](crate::Text::index).
    pub index: u32,
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
    /// The texts, in document order, but the name of a tool before what stands beside it. Empty under [`Want::Usage`].
    pub pieces: Vec<PieceRef>,
    /// Channels that end with this frame, whether or not it carries text of theirs.
    pub finished: Vec<ChannelId>,
    /// Values that carry text once more in a form that no edit of text reaches (log probabilities).
    /// Who edits the text replaces these by `null`.
    pub logprobs: Vec<NodeId>,
    /// Arguments of calls that are no string, and calls that end without any. Empty under [`Want::Usage`].
    pub arguments: Vec<Arguments>,
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
            arguments,
            unseen,
            ..
        } = self;
        pieces.clear();
        finished.clear();
        logprobs.clear();
        arguments.clear();
        unseen.clear();
        *self = Self {
            pieces: std::mem::take(pieces),
            finished: std::mem::take(finished),
            logprobs: std::mem::take(logprobs),
            arguments: std::mem::take(arguments),
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
            | Dialect::GeminiEmbed
            | Dialect::Mcp => None,
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
            Dialect::Mcp => mcp::frame(root, state, out),
            Dialect::Custom(api) => custom_reading::frame(api, json, state, out),
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
        state.silent_calls(out);
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
