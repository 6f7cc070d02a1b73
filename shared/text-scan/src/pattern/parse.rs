//! Expressions become [`Node`]s, or are refused.

use super::ast::{Look, Node, Taste, Times, Wanted};
use super::class;
use super::error::{PatternError, Reason};
use super::set::Set;

/// Which part of a match is the find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group<'a> {
    /// All of it.
    Whole,
    /// A group by number, from 1. A match in which it takes no part is no find.
    Number(u32),
    /// A group by name: `(?<name>...)` or `(?P<name>...)`.
    Name(&'a str),
}

const MAX_BYTES: usize = 4096;
const MAX_DEPTH: u32 = 50;
const MAX_COUNT: u32 = 1000;

/// Reads an expression.
pub(super) fn parse(source: &str, wanted: Group<'_>) -> Result<Node, PatternError> {
    let mut parser = Parser {
        source,
        at: 0,
        flags: Flags::default(),
        groups: 0,
        depth: 0,
        wanted,
        met: wanted == Group::Whole,
    };
    if source.len() > MAX_BYTES {
        return parser.refuse(Reason::TooLarge);
    }
    let node = parser.alternation()?;
    match parser.peek() {
        Some(_) => parser.refuse(Reason::Unopened),
        None if !parser.met => parser.refuse(Reason::NoSuchGroup),
        None => Ok(node),
    }
}

/// Flags in force: `(?i)`, `(?m)`, `(?s)`.
#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    fold: bool,
    lines: bool,
    dot_newline: bool,
}

/// A place in an expression.
pub(super) struct Parser<'a> {
    source: &'a str,
    at: usize,
    flags: Flags,
    groups: u32,
    depth: u32,
    wanted: Group<'a>,
    met: bool,
}

impl<'a> Parser<'a> {
    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Takes a text if it comes next.
    pub(super) fn takes(&mut self, text: &str) -> bool {
        let comes = self.rest().as_bytes().starts_with(text.as_bytes());
        if comes {
            self.at += text.len();
        }
        comes
    }

    pub(super) fn refuse<T>(&self, reason: Reason) -> Result<T, PatternError> {
        Err(PatternError { at: self.at, reason })
    }

    /// The next character, which must be there.
    pub(super) fn must(&mut self) -> Result<char, PatternError> {
        self.next().map_or_else(|| self.refuse(Reason::Unfinished), Ok)
    }

    fn alternation(&mut self) -> Result<Node, PatternError> {
        let mut branches = vec![self.concatenation()?];
        while self.takes("|") {
            branches.push(self.concatenation()?);
        }
        Ok(match branches.pop() {
            Some(only) if branches.is_empty() => only,
            last => {
                branches.extend(last);
                Node::Alternate(branches)
            }
        })
    }

    fn concatenation(&mut self) -> Result<Node, PatternError> {
        let mut parts = Vec::new();
        while !matches!(self.peek(), None | Some('|' | ')')) {
            if self.sets_flags()? {
                continue;
            }
            let atom = self.atom()?;
            parts.push(self.repeated(atom)?);
        }
        Ok(if parts.is_empty() {
            Node::Empty
        } else {
            Node::Concat(parts)
        })
    }

    fn atom(&mut self) -> Result<Node, PatternError> {
        let start = self.at;
        Ok(match self.must()? {
            '(' => return self.group(),
            '[' => Node::Set(class::class(self)?),
            '.' if self.flags.dot_newline => Node::Set(Set::all()),
            '.' => Node::Set(Set::one('\n').negated()),
            '^' if self.flags.lines => Node::Look(Look::LineStart),
            '^' => Node::Look(Look::Start),
            '$' if self.flags.lines => Node::Look(Look::LineEnd),
            '$' => Node::Look(Look::End),
            '\\' => match class::look(self) {
                Some(look) => Node::Look(look),
                None => Node::Set(class::escape(self)?),
            },
            '*' | '+' | '?' | '{' => {
                self.at = start;
                return self.refuse(Reason::NothingToRepeat);
            }
            c => Node::Set(self.cased(Set::one(class::ascii(c)))),
        })
    }

    /// The set, with both cases where case does not matter.
    pub(super) fn cased(&self, set: Set) -> Set {
        if self.flags.fold { set.folded() } else { set }
    }

    /// `(?ims-ims)`, for the rest of the group.
    fn sets_flags(&mut self) -> Result<bool, PatternError> {
        let letters = self.rest().strip_prefix("(?");
        let until = letters.and_then(|rest| {
            rest.bytes()
                .position(|b| !matches!(b, b'a'..=b'z' | b'A'..=b'Z' | b'-'))
        });
        let closes = until.and_then(|until| letters?.as_bytes().get(until)) == Some(&b')');
        if closes {
            self.at += 2;
            self.flags = self.flags()?;
            self.at += 1;
        }
        Ok(closes)
    }

    /// The flags that come next, added to those in force.
    fn flags(&mut self) -> Result<Flags, PatternError> {
        let (mut flags, mut on) = (self.flags, true);
        loop {
            match self.peek() {
                Some('i') => flags.fold = on,
                Some('m') => flags.lines = on,
                Some('s') => flags.dot_newline = on,
                Some('-') => on = false,
                Some(')' | ':') => return Ok(flags),
                Some(_) => return self.refuse(Reason::Unsupported),
                None => return self.refuse(Reason::Unfinished),
            }
            self.next();
        }
    }

    /// What follows an opening parenthesis.
    fn group(&mut self) -> Result<Node, PatternError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.refuse(Reason::TooDeep);
        }
        let outer = self.flags;
        let wanted = self.opening()?;
        let node = self.alternation()?;
        if !self.takes(")") {
            return self.refuse(Reason::Unfinished);
        }
        self.flags = outer;
        self.depth -= 1;
        Ok(Node::Group(Box::new(node), wanted))
    }

    /// What kind of group it is.
    fn opening(&mut self) -> Result<Wanted, PatternError> {
        if !self.takes("?") {
            return Ok(self.capture(None));
        }
        match self.peek() {
            Some('=' | '!' | '>') => self.refuse(Reason::LookAround),
            Some('P' | '<') => {
                self.takes("P");
                // `(?P=name)` and `(?P>name)` refer back.
                if !self.takes("<") {
                    return self.refuse(Reason::BackReference);
                }
                if matches!(self.peek(), Some('=' | '!')) {
                    return self.refuse(Reason::LookAround);
                }
                let name = self.name()?;
                Ok(self.capture(Some(name)))
            }
            _ => {
                self.flags = self.flags()?;
                self.next();
                Ok(Wanted::No)
            }
        }
    }

    fn name(&mut self) -> Result<&'a str, PatternError> {
        let rest = self.rest();
        let length = rest
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
            .count();
        self.at += length;
        if length == 0 || !self.takes(">") {
            return self.refuse(Reason::Unfinished);
        }
        Ok(rest.get(..length).unwrap_or_default())
    }

    fn capture(&mut self, name: Option<&str>) -> Wanted {
        self.groups += 1;
        let is_it = match self.wanted {
            Group::Whole => false,
            Group::Number(number) => number == self.groups,
            Group::Name(wanted) => name == Some(wanted),
        };
        self.met |= is_it;
        if is_it { Wanted::Yes } else { Wanted::No }
    }

    /// The atom with the repeat behind it, if there is one.
    fn repeated(&mut self, atom: Node) -> Result<Node, PatternError> {
        let (min, max) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => self.counts()?,
            _ => return Ok(atom),
        };
        self.next();
        let taste = if self.takes("?") {
            Taste::Lazy
        } else {
            Taste::Greedy
        };
        match self.peek() {
            Some('+') => self.refuse(Reason::LookAround),
            Some('*' | '?' | '{') => self.refuse(Reason::NothingToRepeat),
            _ => Ok(Node::Repeat(Box::new(atom), Times { min, max, taste })),
        }
    }

    /// `{m}`, `{m,}`, `{m,n}`, up to the closing brace.
    fn counts(&mut self) -> Result<(u32, Option<u32>), PatternError> {
        self.next();
        let min = self.count()?;
        let max = match self.takes(",") {
            false => Some(min),
            true if self.peek() == Some('}') => None,
            true => Some(self.count()?),
        };
        if self.peek() != Some('}') || max.is_some_and(|max| max < min) {
            return self.refuse(Reason::BadCount);
        }
        Ok((min, max))
    }

    fn count(&mut self) -> Result<u32, PatternError> {
        let (mut count, start) = (0, self.at);
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            count = count * 10 + digit;
            if count > MAX_COUNT {
                return self.refuse(Reason::BadCount);
            }
            self.next();
        }
        if self.at == start {
            self.refuse(Reason::BadCount)
        } else {
            Ok(count)
        }
    }
}
