//! Texts by scope: what a model reads, and what it wrote.

use crate::shape::{Found, Place, Rule, Sink};
use crate::walk::walk;
use penstock_wire::{Json, Kind, NodeId, Value};
use std::borrow::Cow;

/// Whose text it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// The system prompt, wherever it stands.
    System,
    /// The user's words.
    User,
    /// Earlier words of the model, sent back as history; its reasoning too.
    Assistant,
    /// The name of a tool: where a request or a tool server defines it, where history or the answer calls it.
    ToolName,
    /// Arguments of a tool call, in history or in the answer.
    ToolCall,
    /// What a tool gave back.
    ToolResult,
    /// Descriptions and schemas of tools, and response schemas.
    ToolDefinition,
    /// Documents, search results and other third-party text given as such.
    Document,
    /// Labels that go along and are not for the model: metadata, user ids.
    Metadata,
    /// The answer.
    Output,
    /// Reasoning in the answer.
    Reasoning,
    /// A refusal in the answer.
    Refusal,
    /// Text that no table names.
    Other,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 13] = [
        Self::System,
        Self::User,
        Self::Assistant,
        Self::ToolName,
        Self::ToolCall,
        Self::ToolResult,
        Self::ToolDefinition,
        Self::Document,
        Self::Metadata,
        Self::Output,
        Self::Reasoning,
        Self::Refusal,
        Self::Other,
    ];

    /// The name in configuration, metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::ToolName => "tool_name",
            Self::ToolCall => "tool_call",
            Self::ToolResult => "tool_result",
            Self::ToolDefinition => "tool_definition",
            Self::Document => "document",
            Self::Metadata => "metadata",
            Self::Output => "output",
            Self::Reasoning => "reasoning",
            Self::Refusal => "refusal",
            Self::Other => "other",
        }
    }

    /// The scope of that [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// What the text of a node is in itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Plain text.
    Plain,
    /// A whole JSON document inside a string (tool arguments).
    JsonInString,
    /// A piece of a JSON document inside a string, cut anywhere.
    JsonFragment,
    /// JSON as it stands in the document: all arguments of a call, whose strings are texts of their own. Cannot be edited.
    JsonValue,
}

/// How a text relates to the texts before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The next piece of its channel.
    Delta,
    /// A whole text.
    Whole,
    /// Text of the answer that was sent before, once more.
    Repeat,
    /// Text of the request, sent back.
    Echo,
}

/// One text of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// Whose text it is.
    pub scope: Scope,
    /// A string, an object key, or a long number; [`text_of`] gives its characters.
    pub node: NodeId,
    /// What the text is in itself.
    pub encoding: Encoding,
    /// Whether it is new. Always `Whole` in requests.
    pub part: Part,
    /// The provider signed it: an edit makes the provider refuse it later.
    pub signed: bool,
    /// Number of the message (request) or choice (response) it belongs to, from 0. Of MCP the message within a batch.
    pub message: u32,
    /// Which text, call or definition within the message. The name of a tool and its arguments have the same `message` and
    /// `index`, and the name comes first; so have the name, description and schema of a definition, whose index is
    /// [`DEFINITIONS`](Self::DEFINITIONS) or more.
    pub index: u32,
}

impl Text {
    /// Definitions of tools are numbered from here, each list anew: none has the index of a call.
    pub const DEFINITIONS: u32 = 1 << 24;
}

/// What nobody here can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnseenKind {
    /// An image, inline or by reference.
    Image,
    /// Sound, inline or by reference.
    Audio,
    /// Moving pictures, inline or by reference.
    Video,
    /// A document or file, inline or by reference.
    File,
    /// An earlier response, conversation, stored prompt, cached content or item, named by id only.
    Reference,
    /// Content encrypted by the provider.
    Encrypted,
    /// Token ids instead of text.
    Tokens,
    /// Content that the provider fetches itself: a remote tool server, a search, a URL.
    Remote,
    /// Nested deeper than any table goes.
    TooDeep,
}

impl UnseenKind {
    /// The kind of content by its media type's first word; text among files, for it is in base64.
    pub(crate) fn of_media(media_type: &str) -> Self {
        match media_type.split('/').next().unwrap_or_default() {
            "image" => Self::Image,
            "audio" => Self::Audio,
            "video" => Self::Video,
            _ => Self::File,
        }
    }

    /// Whether it may hold words that no filter has seen.
    pub fn is_blind(self) -> bool {
        match self {
            Self::Image | Self::Audio | Self::Video | Self::File => true,
            Self::Encrypted | Self::Tokens | Self::Remote | Self::TooDeep => true,
            // It was sent before, and went through here.
            Self::Reference => false,
        }
    }

    /// The name in configuration, metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::File => "file",
            Self::Reference => "reference",
            Self::Encrypted => "encrypted",
            Self::Tokens => "tokens",
            Self::Remote => "remote",
            Self::TooDeep => "too_deep",
        }
    }
}

/// Something that reaches the model (or comes from it) and that nobody here can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// What it is.
    pub kind: UnseenKind,
    /// Where it stands.
    pub node: NodeId,
}

/// Arguments of a call that stand as JSON of their own, to be judged as a whole: the strings, keys and long numbers in them
/// are texts as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arguments {
    /// So many texts come before them, the name of the tool among these.
    pub at: usize,
    /// Of the call, as [`Text::message`].
    pub message: u32,
    /// Of the call, as [`Text::index`].
    pub index: u32,
    /// Whether they are new.
    pub part: Part,
    /// Where they stand; `None` for a call that has none.
    pub node: Option<NodeId>,
}

/// The texts of one document, in document order, but the name of a tool before what stands beside it. At most as many as
/// the tape has nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// Every text.
    pub texts: Vec<Text>,
    /// Everything that is no text.
    pub unseen: Vec<Unseen>,
    /// Values that carry texts once more in a form that no edit of text reaches (log
    /// probabilities by token). Who edits a text replaces these by `null`.
    pub logprobs: Vec<NodeId>,
    /// Arguments of calls that are no string, and calls without any.
    pub arguments: Vec<Arguments>,
}

/// The characters of a [`Text`]'s node: a decoded string or key, or a number as written.
pub fn text_of(json: Json<'_>, node: NodeId) -> Cow<'_, str> {
    characters(json.value(node))
}

pub(crate) fn characters(value: Value<'_>) -> Cow<'_, str> {
    match value.kind() {
        Kind::Number => Cow::Borrowed(value.number_raw()),
        Kind::String | Kind::Key | Kind::Null | Kind::Bool | Kind::Array | Kind::Object => {
            value.text().unwrap_or_default()
        }
    }
}

/// Collects the texts that `rule` finds in `json`.
pub(crate) fn collect(json: Json<'_>, rule: Rule, place: Place) -> Texts {
    let mut texts = Texts::default();
    walk(json.root(), rule, place, &mut texts);
    texts
}

impl Texts {
    /// Bytes of the texts whose scope `counts`.
    pub(crate) fn bytes(&self, json: Json<'_>, counts: fn(Scope) -> bool) -> u64 {
        let texts = self.texts.iter().filter(|text| counts(text.scope));
        texts.map(|text| text_of(json, text.node).len() as u64).sum()
    }
}

impl Sink for Texts {
    fn text(&mut self, found: Found<'_>) {
        let Found {
            value,
            encoding,
            place,
            alone: _,
        } = found;
        self.texts.push(Text {
            scope: place.scope,
            node: value.id(),
            encoding,
            part: place.part,
            signed: place.signed,
            message: place.message,
            index: place.index,
        });
    }

    fn unseen(&mut self, kind: UnseenKind, value: Value<'_>, _place: &Place) {
        self.unseen.push(Unseen {
            kind,
            node: value.id(),
        });
    }

    fn logprobs(&mut self, value: Value<'_>) {
        self.logprobs.push(value.id());
    }

    fn arguments(&mut self, value: Option<Value<'_>>, place: &Place) {
        self.arguments.push(Arguments {
            at: self.texts.len(),
            message: place.message,
            index: place.index,
            part: place.part,
            node: value.map(Value::id),
        });
    }
}

/// Sums the bytes of new text without keeping anything.
pub(crate) struct TextBytes {
    bytes: u64,
    counts: fn(Scope) -> bool,
}

impl TextBytes {
    /// Bytes of the texts of `json` whose scope `counts`.
    pub(crate) fn of(json: Json<'_>, rule: Rule, place: Place, counts: fn(Scope) -> bool) -> u64 {
        let mut sum = Self { bytes: 0, counts };
        walk(json.root(), rule, place, &mut sum);
        sum.bytes
    }
}

impl Sink for TextBytes {
    fn text(&mut self, found: Found<'_>) {
        let new = matches!(found.place.part, Part::Delta | Part::Whole);
        if new && (self.counts)(found.place.scope) {
            self.bytes = self.bytes.saturating_add(found.bytes());
        }
    }

    fn unseen(&mut self, _kind: UnseenKind, _value: Value<'_>, _place: &Place) {}
}

impl Scope {
    /// Whether it counts as text that a model wrote in this answer. Names of tools do not: they are chosen, not written.
    pub fn is_output(self) -> bool {
        match self {
            Self::Output | Self::Reasoning | Self::Refusal | Self::ToolCall => true,
            Self::System | Self::User | Self::Assistant | Self::ToolResult | Self::ToolDefinition => false,
            Self::ToolName | Self::Document | Self::Metadata | Self::Other => false,
        }
    }

    /// Whether it counts as text that a model reads with this request. Names of tools do not, as little as other names.
    pub fn is_input(self) -> bool {
        !matches!(self, Self::Metadata | Self::ToolName)
    }
}
