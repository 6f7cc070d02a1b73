//! What can be wrong with a document or with an edit. Offsets and node ids, never content.

use std::fmt;

use super::NodeId;

/// Why a document is refused, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// The kind of defect.
    pub kind: JsonErrorKind,
    /// Byte offset of the defect in the document.
    pub offset: usize,
}

/// The kinds of defect for which a document is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonErrorKind {
    /// Not JSON (RFC 8259). A byte order mark in front is this, too: readers disagree about it.
    Syntax,
    /// The document ends before its root value does.
    Truncated,
    /// Something other than white space follows the root value.
    TrailingBytes,
    /// A string is not UTF-8.
    Utf8,
    /// A `\u` escape names half a surrogate pair: readers disagree about what the text is.
    LoneSurrogate,
    /// More bytes than [`Limits::max_bytes`](super::Limits::max_bytes).
    TooLarge,
    /// Deeper nesting than [`Limits::max_depth`](super::Limits::max_depth).
    TooDeep,
    /// More nodes than [`Limits::max_nodes`](super::Limits::max_nodes).
    TooManyNodes,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            JsonErrorKind::Syntax => "not JSON",
            JsonErrorKind::Truncated => "JSON ends too early",
            JsonErrorKind::TrailingBytes => "bytes after the JSON document",
            JsonErrorKind::Utf8 => "string is not UTF-8",
            JsonErrorKind::LoneSurrogate => "lone surrogate in a string",
            JsonErrorKind::TooLarge => "JSON document too large",
            JsonErrorKind::TooDeep => "JSON nested too deep",
            JsonErrorKind::TooManyNodes => "JSON document has too many nodes",
        };
        write!(f, "{what} at byte {}", self.offset)
    }
}

impl std::error::Error for JsonError {}

/// Why a set of edits cannot be applied. The document is then untouched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditError {
    /// The node is not one of this document.
    UnknownNode(NodeId),
    /// The node's kind does not allow this edit (text of a number, member of an array, removal of the root).
    WrongKind(NodeId),
    /// A text range lies outside the decoded text, is reversed, or cuts a character.
    BadRange(NodeId),
    /// The replacement or the new member is not one whole JSON value (for a key: not a JSON string).
    InvalidJson(NodeId),
    /// The object would get a key that it has already.
    DuplicateKey(NodeId),
    /// Two edits touch the same bytes; the offset is the first of them in the document.
    Conflict {
        /// Byte offset in the document before the edits.
        offset: usize,
    },
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownNode(node) => write!(f, "edit of node {} that the document lacks", node.0),
            Self::WrongKind(node) => write!(f, "edit does not fit the kind of node {}", node.0),
            Self::BadRange(node) => write!(f, "text range does not fit node {}", node.0),
            Self::InvalidJson(node) => write!(f, "replacement at node {} is not one JSON value", node.0),
            Self::DuplicateKey(node) => write!(f, "object at node {} has that key already", node.0),
            Self::Conflict { offset } => write!(f, "two edits touch the same bytes at {offset}"),
        }
    }
}

impl std::error::Error for EditError {}
