//! The one pass: RFC 8259 with a stack made of parent links.

use super::string::read_string;
use super::tape::{NO_PARENT, Node};
use super::{JsonError, JsonErrorKind, Kind, Limits};

/// What the grammar wants next.
enum Next {
    FirstMember,
    FirstItem,
    SeparatorOrClose,
    End,
}

/// Reads one document into `nodes`.
pub(super) struct Parser<'a> {
    bytes: &'a [u8],
    nodes: &'a mut Vec<Node>,
    max_bytes: usize,
    max_nodes: usize,
    depth_left: usize,
    at: usize,
    /// The innermost open container.
    open: u32,
    in_object: bool,
}

/// Most nodes to make room for before any is seen.
const FIRST_NODES: usize = 512;

impl<'a> Parser<'a> {
    pub(super) fn new(bytes: &'a [u8], nodes: &'a mut Vec<Node>, limits: &Limits) -> Self {
        nodes.reserve((bytes.len() / 32 + 8).min(FIRST_NODES));
        Self {
            bytes,
            nodes,
            max_bytes: limits.max_bytes.min(u32::MAX as usize),
            max_nodes: limits.max_nodes.min(NO_PARENT as usize),
            depth_left: limits.max_depth,
            at: 0,
            open: NO_PARENT,
            in_object: false,
        }
    }

    pub(super) fn document(mut self) -> Result<(), JsonError> {
        if self.bytes.len() > self.max_bytes {
            return Err(self.error_at(JsonErrorKind::TooLarge, self.max_bytes));
        }
        let mut next = self.value()?;
        loop {
            next = match next {
                Next::FirstMember => self.first_member()?,
                Next::FirstItem => self.first_item()?,
                Next::SeparatorOrClose => self.separator_or_close()?,
                Next::End => break,
            };
        }
        self.skip_space();
        if self.at < self.bytes.len() {
            return Err(self.error(JsonErrorKind::TrailingBytes));
        }
        Ok(())
    }

    fn value(&mut self) -> Result<Next, JsonError> {
        match self.token()? {
            b'"' => self.string(Kind::String)?,
            b'{' => return self.open(Kind::Object),
            b'[' => return self.open(Kind::Array),
            b't' => self.literal(b"true", Kind::Bool)?,
            b'f' => self.literal(b"false", Kind::Bool)?,
            b'n' => self.literal(b"null", Kind::Null)?,
            b'-' | b'0'..=b'9' => self.number()?,
            _ => return Err(self.error(JsonErrorKind::Syntax)),
        }
        Ok(self.after_value())
    }

    fn after_value(&self) -> Next {
        if self.open == NO_PARENT {
            Next::End
        } else {
            Next::SeparatorOrClose
        }
    }

    fn first_member(&mut self) -> Result<Next, JsonError> {
        match self.token()? {
            b'}' => self.close(),
            _ => self.member(),
        }
    }

    fn first_item(&mut self) -> Result<Next, JsonError> {
        match self.token()? {
            b']' => self.close(),
            _ => self.value(),
        }
    }

    fn separator_or_close(&mut self) -> Result<Next, JsonError> {
        match (self.token()?, self.in_object) {
            (b',', true) => {
                self.at += 1;
                self.member()
            }
            (b',', false) => {
                self.at += 1;
                self.value()
            }
            (b'}', true) | (b']', false) => self.close(),
            _ => Err(self.error(JsonErrorKind::Syntax)),
        }
    }

    fn member(&mut self) -> Result<Next, JsonError> {
        if self.token()? != b'"' {
            return Err(self.error(JsonErrorKind::Syntax));
        }
        self.string(Kind::Key)?;
        if self.token()? != b':' {
            return Err(self.error(JsonErrorKind::Syntax));
        }
        self.at += 1;
        self.value()
    }

    fn open(&mut self, kind: Kind) -> Result<Next, JsonError> {
        if self.depth_left == 0 {
            return Err(self.error(JsonErrorKind::TooDeep));
        }
        let id = self.nodes.len() as u32;
        self.push(Node::new(kind, self.at..self.at, self.open))?;
        self.depth_left -= 1;
        self.open = id;
        self.in_object = kind == Kind::Object;
        self.at += 1;
        Ok(if self.in_object {
            Next::FirstMember
        } else {
            Next::FirstItem
        })
    }

    fn close(&mut self) -> Result<Next, JsonError> {
        self.at += 1;
        let next = self.nodes.len();
        if let Some(node) = self.nodes.get_mut(self.open as usize) {
            node.close(self.at, next);
            self.open = node.parent();
        }
        let parent = self.nodes.get(self.open as usize);
        self.in_object = parent.is_some_and(|node| node.kind() == Kind::Object);
        self.depth_left += 1;
        Ok(self.after_value())
    }

    fn string(&mut self, kind: Kind) -> Result<(), JsonError> {
        let read = read_string(self.bytes, self.at)?;
        let node = Node::new(kind, self.at..read.end, self.open);
        self.push(node.with_text(read.decoded_len, read.has_escape))?;
        self.at = read.end;
        Ok(())
    }

    fn literal(&mut self, word: &[u8], kind: Kind) -> Result<(), JsonError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            let same = word.iter().zip(rest).take_while(|(a, b)| a == b).count();
            let kind = if same == rest.len() {
                JsonErrorKind::Truncated
            } else {
                JsonErrorKind::Syntax
            };
            return Err(self.error_at(kind, self.at + same));
        }
        self.push(Node::new(kind, self.at..self.at + word.len(), self.open))?;
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        self.push(Node::new(Kind::Number, start..self.at, self.open))
    }

    /// At least one digit.
    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at > start {
            return Ok(());
        }
        let cut = self.at == self.bytes.len();
        Err(self.error(if cut {
            JsonErrorKind::Truncated
        } else {
            JsonErrorKind::Syntax
        }))
    }

    fn push(&mut self, node: Node) -> Result<(), JsonError> {
        if self.nodes.len() >= self.max_nodes {
            return Err(self.error_at(JsonErrorKind::TooManyNodes, node.span().start));
        }
        self.nodes.push(node);
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The next byte that is not white space.
    fn token(&mut self) -> Result<u8, JsonError> {
        self.skip_space();
        self.peek().ok_or_else(|| self.error(JsonErrorKind::Truncated))
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn error(&self, kind: JsonErrorKind) -> JsonError {
        self.error_at(kind, self.at)
    }

    fn error_at(&self, kind: JsonErrorKind, offset: usize) -> JsonError {
        JsonError { kind, offset }
    }
}
