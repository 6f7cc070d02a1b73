//! What the reader of a stream keeps between frames, and how it takes a frame's texts.

use crate::answer::{ApiError, Finish, Seen};
use crate::api::Dialect;
use crate::channels::{ChannelId, Channels, Key};
use crate::lookup::Lookup;
use crate::shape::{Found, Pinned, Place, Rule, Sink};
use crate::stream::{FrameReading, PieceRef, Want};
use crate::texts::{Arguments, Encoding, Part, Scope, UnseenKind};
use crate::walk::walk;
use penstock_wire::Value;

/// What the dialects keep between frames.
#[derive(Debug)]
pub(crate) struct State {
    want: Want,
    pub(crate) seen: Seen,
    pub(crate) channels: Channels,
    pub(crate) output_bytes: u64,
    pub(crate) ended: bool,
    /// Choices below 64 that have begun and that have finished, a bit each.
    begun: u64,
    done: u64,
    /// The model has called a tool, for APIs whose finish does not say so.
    pub(crate) called: bool,
    /// Calls, or messages, of the frames before, for APIs that do not number them.
    pub(crate) counted: u32,
    /// Hashes of the output items' ids in order, for servers of the Responses API that number no items.
    pub(crate) items: Vec<u64>,
}

impl State {
    pub(crate) fn new(want: Want) -> Self {
        Self {
            want,
            seen: Seen::default(),
            channels: Channels::default(),
            output_bytes: 0,
            ended: false,
            begun: 0,
            done: 0,
            called: false,
            counted: 0,
            items: Vec::new(),
        }
    }

    /// Collects the texts of `value`.
    pub(crate) fn texts(&mut self, value: Value<'_>, rule: Rule, place: Place, out: &mut FrameReading) {
        walk(value, rule, place, &mut Pieces { state: self, out });
    }

    /// The same where no text goes on in another frame.
    pub(crate) fn whole_texts(&mut self, value: Value<'_>, rule: Rule, place: Place, out: &mut FrameReading) {
        walk(value, rule, place, &mut Wholes(Pieces { state: self, out }));
    }

    /// Where the texts of a frame go.
    pub(crate) fn sink<'s>(&'s mut self, out: &'s mut FrameReading) -> impl Sink + 's {
        Pieces { state: self, out }
    }

    /// A payload that is not JSON: OpenAI's end marker, or what a custom API has for one.
    pub(crate) fn marker(&mut self, dialect: Dialect<'_>, data: &[u8], out: &mut FrameReading) {
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
            Dialect::Mcp => "",
        };
        if !marker.is_empty() && data.trim_ascii() == marker.as_bytes() {
            self.end(out);
        }
    }

    /// `{"error": ...}` in any dialect.
    pub(crate) fn error_member(&mut self, root: Value<'_>, out: &mut FrameReading) {
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

    /// Calls that end here without arguments.
    pub(crate) fn silent_calls(&self, out: &mut FrameReading) {
        let silent = self.channels.silent_calls(&out.finished);
        let silent = silent.map(|key| Arguments {
            at: out.pieces.len(),
            message: key.message,
            index: key.index,
            part: Part::Whole,
            node: None,
        });
        out.arguments.extend(silent.filter(|_| self.want == Want::Pieces));
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

    /// What was asked for has come: the stream may end here, or go on.
    pub(crate) fn answered(&mut self) {
        self.begin_choice(0);
        self.done |= bit(0);
    }

    pub(crate) fn all_choices_finished(&self) -> bool {
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
                message: found.place.message,
                index: found.place.index,
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

    fn arguments(&mut self, value: Option<Value<'_>>, place: &Place) {
        let part = match place.part {
            Part::Delta | Part::Whole => Part::Whole,
            part => part,
        };
        match value {
            _ if self.state.want != Want::Pieces => {}
            Some(value) => self.out.arguments.push(Arguments {
                at: self.out.pieces.len(),
                message: place.message,
                index: place.index,
                part,
                node: Some(value.id()),
            }),
            None if part == Part::Whole => {
                self.state.channels.open(Key {
                    scope: Scope::ToolCall,
                    message: place.message,
                    index: place.index,
                });
            }
            None => {}
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
            Part::Delta | Part::Whole | Part::Repeat => {
                let (id, new) = self.state.channels.text(Key {
                    scope,
                    message,
                    index,
                });
                if new && scope == Scope::ToolCall {
                    self.end_name(message, index);
                }
                (id, new)
            }
        }
    }

    /// Where a call's arguments begin its name has come to its end.
    fn end_name(&mut self, message: u32, index: u32) {
        let name = Key {
            scope: Scope::ToolName,
            message,
            index,
        };
        self.state
            .channels
            .finish(|key| *key == name, &mut self.out.finished);
    }
}

/// Takes the texts of a frame, each of which is whole.
struct Wholes<'s>(Pieces<'s>);

impl Sink for Wholes<'_> {
    fn text(&mut self, found: Found<'_>) {
        self.0.text(Found { alone: true, ..found });
    }

    fn unseen(&mut self, kind: UnseenKind, value: Value<'_>, place: &Place) {
        self.0.unseen(kind, value, place);
    }

    fn arguments(&mut self, value: Option<Value<'_>>, place: &Place) {
        self.0.arguments(value, place);
    }
}
