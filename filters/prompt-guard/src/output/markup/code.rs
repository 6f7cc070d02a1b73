//! What Markdown shows as code: there, markup is text.

use std::ops::Range;

/// Longest code between backticks that is waited for, in bytes. Behind it the backtick counts as a character.
const MAX_INLINE_BYTES: u64 = 1024;

/// Where the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Text,
    /// In a fenced block.
    Block,
    /// Behind backticks that may be closed. If they are not, it is text.
    Inline,
}

/// What a character changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Nothing,
    /// Code between backticks ended: what was met in it is no markup.
    /// With where it began.
    Inert(u64),
    /// It was none: what was met in it is.
    Live,
}

/// Follows fences and backticks.
#[derive(Debug, Default)]
pub(crate) struct Code {
    /// Of the open block: its character, how many, and how far it is indented.
    fence: Option<(char, usize, usize)>,
    indent: usize,
    /// Of the open inline code: how many backticks, and where they begin.
    inline: Option<(usize, u64)>,
    line: Line,
    /// In a block of HTML, which a blank line ends: fences count for nothing there.
    html: bool,
    /// The run of backticks at the end of the text.
    ticks: usize,
    /// Behind a backslash that is no code: a backtick is one character.
    escaped: bool,
}

/// What of the current line matters for fences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// Nothing but blanks, so many.
    Blank(usize),
    /// A run of the character of a fence stands first.
    Run(char, usize),
    /// Behind such a run; there is something more than blanks or not.
    Info(char, usize, Info),
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Info {
    Empty,
    Words,
}

impl Default for Line {
    fn default() -> Self {
        Self::Blank(0)
    }
}

impl Code {
    pub(crate) fn place(&self) -> Place {
        match (self.fence, self.inline) {
            (Some(_), _) => Place::Block,
            (None, Some(_)) => Place::Inline,
            (None, None) => Place::Text,
        }
    }

    pub(crate) fn push(&mut self, c: char, at: &Range<u64>) -> Change {
        if let (Some((_, _, indent)), Line::Blank(blanks)) = (self.fence, self.line)
            && blanks < indent
            && !matches!(c, ' ' | '\t' | '\r' | '\n' | '`' | '~')
        {
            // The item of a list that the block stood in may end here, and the block with it.
            self.fence = None;
        }
        let change = if self.fence.is_none() {
            self.inline(c, at)
        } else {
            Change::Nothing
        };
        if c == '\n' {
            let broken = self.line_ends();
            return if change == Change::Nothing { broken } else { change };
        }
        self.html |= self.fence.is_none() && matches!((self.line, c), (Line::Blank(_), '<'));
        if let Line::Blank(blanks) = self.line {
            self.indent = blanks;
        }
        self.line = match (self.line, c) {
            (Line::Blank(blanks), ' ') if blanks < 3 => Line::Blank(blanks + 1),
            (Line::Blank(_), '`' | '~') => Line::Run(c, 1),
            (Line::Run(of, count), _) if of == c => Line::Run(of, count + 1),
            (Line::Run(of, count) | Line::Info(of, count, Info::Empty), ' ' | '\t' | '\r') => {
                Line::Info(of, count, Info::Empty)
            }
            // The name of a language holds no backtick.
            (Line::Info('`', ..), '`') => Line::Other,
            (Line::Run(of, count) | Line::Info(of, count, _), _) => Line::Info(of, count, Info::Words),
            (Line::Blank(_) | Line::Other, _) => Line::Other,
        };
        change
    }

    /// The text ends. What backticks close there is code.
    pub(crate) fn end(&mut self) -> Change {
        let closes = self.inline.is_some_and(|(open, _)| open == self.ticks);
        let change = match self.inline.take() {
            Some((_, start)) if closes => Change::Inert(start),
            Some(_) => Change::Live,
            None => Change::Nothing,
        };
        self.ticks = 0;
        change
    }

    /// A fence opens or closes; a blank line ends what backticks opened.
    fn line_ends(&mut self) -> Change {
        let line = std::mem::take(&mut self.line);
        match (self.fence, line) {
            (None, Line::Run(of, count) | Line::Info(of, count, _)) if count >= 3 && !self.html => {
                self.fence = Some((of, count, self.indent));
                return if self.inline.take().is_some() {
                    Change::Live
                } else {
                    Change::Nothing
                };
            }
            (Some((fence, least, _)), Line::Run(of, count) | Line::Info(of, count, Info::Empty))
                if of == fence && count >= least =>
            {
                self.fence = None;
                self.ticks = 0;
            }
            (None, Line::Blank(_)) => {
                self.html = false;
                return if self.inline.take().is_some() {
                    Change::Live
                } else {
                    Change::Nothing
                };
            }
            (None | Some(_), _) => {}
        }
        Change::Nothing
    }

    fn inline(&mut self, c: char, at: &Range<u64>) -> Change {
        let escaped = std::mem::take(&mut self.escaped);
        self.escaped = c == '\\' && !escaped && self.inline.is_none();
        if c == '`' && !escaped {
            self.ticks += 1;
            return Change::Nothing;
        }
        let ticks = std::mem::take(&mut self.ticks);
        match self.inline {
            Some((open, start)) if ticks == open => {
                self.inline = None;
                Change::Inert(start)
            }
            Some((_, start)) if at.start - start > MAX_INLINE_BYTES => {
                self.inline = None;
                Change::Live
            }
            None if ticks > 0 => {
                self.inline = Some((ticks, at.start - ticks as u64));
                Change::Nothing
            }
            Some(_) | None => Change::Nothing,
        }
    }
}
