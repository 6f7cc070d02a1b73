//! The tape: one 16-byte node a value or key, in document order.

use std::ops::Range;

use super::parse::Parser;
use super::{JsonError, Value};

/// Bounds of one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest document, in bytes. Default 8 MiB; more than 4 GiB - 1 counts as that.
    pub max_bytes: usize,
    /// Deepest nesting, in open arrays and objects. Default 128; a scalar document has depth 0.
    pub max_depth: usize,
    /// Most nodes (values and keys), at 16 bytes each. Default 500,000, thus 8 MB; more than 2^28 - 1 counts
    /// as that.
    pub max_nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 8 << 20,
            max_depth: 128,
            max_nodes: 500_000,
        }
    }
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number, of any size.
    Number,
    /// A string that is a value.
    String,
    /// A string that names a member.
    Key,
    /// `[...]`
    Array,
    /// `{...}`
    Object,
}

/// Names a node of one tape; valid for every view of it until the next parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) u32);

impl NodeId {
    /// The node's place in document order.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The index of one document: spans by node, in document order. Reusable: a new parse keeps the allocation.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    nodes: Vec<Node>,
}

impl Tape {
    /// An empty tape.
    pub fn new() -> Self {
        Self::default()
    }

    /// Indexes `bytes`, replacing what the tape held. After an error the tape is empty.
    ///
    /// The grammar is that of RFC 8259, and stricter where readers disagree: text must be UTF-8, lone
    /// surrogates and a byte order mark are refused. Numbers have no bound but the document's (`1e999` is a
    /// number here).
    pub fn parse(&mut self, bytes: &[u8], limits: &Limits) -> Result<(), JsonError> {
        self.nodes.clear();
        let parsed = Parser::new(bytes, &mut self.nodes, limits).document();
        if parsed.is_err() {
            self.nodes.clear();
        }
        parsed
    }

    /// Reads `bytes` through this index. They must be the bytes that were parsed: with others the answers
    /// mean nothing, though nothing panics.
    pub fn view<'a>(&'a self, bytes: &'a [u8]) -> Json<'a> {
        Json {
            bytes,
            nodes: &self.nodes,
        }
    }
}

/// A document: bytes and their tape.
#[derive(Clone, Copy, Debug)]
pub struct Json<'a> {
    pub(super) bytes: &'a [u8],
    nodes: &'a [Node],
}

impl<'a> Json<'a> {
    /// The value that is the document (`null` if the tape is empty).
    pub fn root(self) -> Value<'a> {
        self.value(NodeId(0))
    }

    /// Deepest nesting, in arrays and objects; a scalar document has depth 0.
    pub fn depth(self) -> usize {
        let (mut open, mut deepest) = (Vec::new(), 0);
        for node in self.nodes {
            let span = node.span();
            while open.last().is_some_and(|end| *end <= span.start) {
                open.pop();
            }
            if matches!(node.kind(), Kind::Array | Kind::Object) {
                open.push(span.end);
                deepest = deepest.max(open.len());
            }
        }
        deepest
    }

    /// The value or key at `node` (an empty `null` if this tape has no such node).
    pub fn value(self, node: NodeId) -> Value<'a> {
        Value::new(self, node)
    }

    /// How many nodes there are, keys included.
    pub fn len_nodes(self) -> usize {
        self.nodes.len()
    }

    /// Every key and value, in document order.
    pub fn nodes(self) -> impl Iterator<Item = Value<'a>> + 'a {
        (0..self.nodes.len() as u32).map(move |id| self.value(NodeId(id)))
    }

    /// The whole document as it was parsed.
    pub fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn node(self, id: NodeId) -> Node {
        self.nodes.get(id.0 as usize).copied().unwrap_or(Node::ABSENT)
    }

    pub(super) fn contains(self, id: NodeId) -> bool {
        (id.0 as usize) < self.nodes.len()
    }
}

/// One entry of the tape.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    start: u32,
    end: u32,
    /// String, key: length of the decoded text in bytes. Array, object: id of the first node after it.
    pub(super) extra: u32,
    /// Bits 0..3 kind, bit 3 escape, bits 4.. the container's id, or [`NO_PARENT`].
    tag: u32,
}

/// The container of the root.
pub(super) const NO_PARENT: u32 = (1 << 28) - 1;
const ESCAPE: u32 = 1 << 3;

impl Node {
    const ABSENT: Self = Self {
        start: 0,
        end: 0,
        extra: 0,
        tag: NO_PARENT << 4,
    };

    pub(super) fn new(kind: Kind, span: Range<usize>, parent: u32) -> Self {
        Self {
            start: span.start as u32,
            end: span.end as u32,
            extra: 0,
            tag: parent << 4 | kind as u32,
        }
    }

    pub(super) fn with_text(self, decoded_len: usize, has_escape: bool) -> Self {
        let escape = if has_escape { ESCAPE } else { 0 };
        Self {
            extra: decoded_len as u32,
            tag: self.tag | escape,
            ..self
        }
    }

    /// Closes a container: where its bytes end and which node follows its last descendant.
    pub(super) fn close(&mut self, end: usize, next: usize) {
        self.end = end as u32;
        self.extra = next as u32;
    }

    pub(super) fn kind(self) -> Kind {
        match self.tag & 7 {
            1 => Kind::Bool,
            2 => Kind::Number,
            3 => Kind::String,
            4 => Kind::Key,
            5 => Kind::Array,
            6 => Kind::Object,
            _ => Kind::Null,
        }
    }

    pub(super) fn has_escape(self) -> bool {
        self.tag & ESCAPE != 0
    }

    pub(super) fn parent(self) -> u32 {
        self.tag >> 4
    }

    pub(super) fn span(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

const _: () = assert!(size_of::<Node>() == 16);
