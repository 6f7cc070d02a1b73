//! Brackets of Markdown: links, images, and addresses that are defined apart.

use std::ops::Range;

/// Most brackets that are open at once; what is nested deeper is text.
const MAX_OPEN: usize = 32;
/// Longest text between brackets that waits for its end, and half of the longest tail of a link, in bytes.
const MAX_TEXT_BYTES: u64 = 512;
/// Most names of addresses that are defined apart, or of images that use one.
const MAX_NAMES: usize = 32;

/// A bracket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bracket {
    /// Where it begins in the channel, with its exclamation mark.
    pub(crate) at: u64,
    /// Where it ends, once it is closed.
    pub(crate) end: u64,
    pub(crate) image: bool,
    opens_line: bool,
    /// Of what stands in it, in lower case.
    name: u64,
    /// It is the second pair of a reference; what stood in the first.
    first: Option<u64>,
}

impl Bracket {
    /// What a character makes of the pair that it follows.
    fn then(self, c: char) -> Step {
        let kind = match c {
            '(' => Kind::Inline,
            ':' if self.opens_line && !self.image => Kind::Definition,
            _ if self.image => return Step::Image(self),
            _ => return Step::Nothing,
        };
        Step::Address(Due { bracket: self, kind })
    }

    /// The second pair of a reference.
    fn second(self) -> Self {
        Self {
            first: Some(self.name),
            name: 0,
            ..self
        }
    }

    /// An empty second pair names what the first does.
    fn closed(self, by: &Range<u64>) -> Self {
        let name = self.first.filter(|_| self.name == 0).unwrap_or(self.name);
        // What stands in a long one has left.
        let at = if self.is_long(by.start) { by.start } else { self.at };
        Self {
            at,
            name,
            end: by.end,
            ..self
        }
    }

    fn is_long(&self, at: u64) -> bool {
        at - self.at >= MAX_TEXT_BYTES
    }
}

/// An address is due here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    pub(crate) bracket: Bracket,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `[text](address)`; it ends with the parenthesis.
    Inline,
    /// `[name]: address`; it ends with the address.
    Definition,
}

/// What a character brings about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Nothing,
    /// An address follows.
    Address(Due),
    /// An image whose address is defined elsewhere ends here.
    Image(Bracket),
}

/// Follows brackets.
#[derive(Debug, Default)]
pub(crate) struct Brackets {
    open: Vec<Bracket>,
    /// Where the last character begins.
    at: u64,
    /// The pair that the last character closed.
    closed: Option<Bracket>,
    bang: Option<u64>,
    started: bool,
    escaped: bool,
    names: Vec<(u64, Named)>,
}

/// What is known of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    UsedByImage,
    Defined,
}

impl Brackets {
    pub(crate) fn push(&mut self, c: char, at: &Range<u64>) -> Step {
        self.at = at.start;
        if std::mem::take(&mut self.escaped) {
            return Step::Nothing;
        }
        let (closed, bang) = (self.closed.take(), self.bang.take());
        if let Some(bracket) = closed.filter(|bracket| c == '[' && bracket.first.is_none()) {
            self.open(bracket.second());
            return Step::Nothing;
        }
        match c {
            '\\' => self.escaped = true,
            '!' => self.bang = Some(at.start),
            '[' => self.open(Bracket {
                at: bang.unwrap_or(at.start),
                end: at.end,
                image: bang.is_some(),
                opens_line: !self.started,
                name: 0,
                first: None,
            }),
            ']' => self.closed = self.open.pop().map(|bracket| bracket.closed(at)),
            _ => self.name(c),
        }
        self.started = c != '\n' && (self.started || c != ' ');
        closed.map_or(Step::Nothing, |bracket| bracket.then(c))
    }

    /// The text ends behind a pair.
    pub(crate) fn end(&mut self) -> Step {
        self.open.clear();
        self.bang = None;
        match self.closed.take() {
            Some(bracket) if bracket.image => Step::Image(bracket),
            Some(_) | None => Step::Nothing,
        }
    }

    fn open(&mut self, bracket: Bracket) {
        if self.open.len() == MAX_OPEN {
            self.open.remove(0);
        }
        self.open.push(bracket);
    }

    fn name(&mut self, c: char) {
        if let Some(bracket) = self.open.last_mut() {
            let c = u64::from(c.to_lowercase().next().unwrap_or(c));
            bracket.name = (bracket.name ^ c).wrapping_mul(0x0100_0000_01b3).wrapping_add(1);
        }
    }

    /// Remembers a name. Gives whether the other side of it was there before.
    pub(crate) fn note(&mut self, bracket: &Bracket, named: Named) -> bool {
        let pair = (bracket.name, named);
        if !self.names.contains(&pair) && self.names.len() < MAX_NAMES {
            self.names.push(pair);
        }
        self.names
            .iter()
            .any(|(name, other)| *name == bracket.name && *other != named)
    }

    /// Where something begins that may become a link.
    pub(crate) fn start(&self) -> Option<u64> {
        let short = self.open.iter().filter(|bracket| !bracket.is_long(self.at + 1));
        let open = short.chain(&self.closed).map(|bracket| bracket.at);
        open.chain(self.bang).min()
    }
}

/// An address that is due, or judged and not yet ended.
pub(crate) fn is_over(due: &Due, at: u64) -> bool {
    at - due.bracket.end > 2 * MAX_TEXT_BYTES
}
