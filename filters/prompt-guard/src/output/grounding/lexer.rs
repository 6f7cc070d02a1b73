//! A text as figures, words and signs, character by character.

use super::figure::Figure;
use std::ops::Range;

/// Longest figure, in characters. A longer run of digits is several.
const MAX_FIGURE_CHARS: usize = 40;
/// How much of a word is kept, in bytes.
const MAX_WORD_BYTES: usize = 32;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Figure(Figure),
    /// In lower case, and whether it begins with a capital.
    Word(String, bool),
    Sign(char),
}

/// Cuts a text into tokens. An ideograph is a word of its own.
#[derive(Debug, Default)]
pub(crate) struct Lexer {
    figure: Option<(Figure, Range<u64>)>,
    /// A sign behind the figure that belongs to it if a digit follows.
    between: Option<(char, Range<u64>)>,
    word: Option<(String, bool, Range<u64>)>,
    /// What came before on the line.
    line: Line,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Line {
    #[default]
    Empty,
    Letter,
    Other,
}

impl Lexer {
    pub(crate) fn push(&mut self, c: char, at: Range<u64>, give: &mut dyn FnMut(Token, Range<u64>)) {
        let c = match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            _ => c,
        };
        if c.is_ascii_digit() {
            self.end_word(give);
            return self.digit(c, at);
        }
        if self.figure.is_some()
            && self.between.is_none()
            && let Some(sign) = joins(c)
        {
            self.between = Some((sign, at));
            return;
        }
        self.end_figure(give);
        self.other(c, at, give);
    }

    pub(crate) fn end(&mut self, give: &mut dyn FnMut(Token, Range<u64>)) {
        self.end_word(give);
        self.end_figure(give);
        self.line = Line::Empty;
    }

    /// Where a figure begins that is not given yet.
    pub(crate) fn open(&self) -> Option<u64> {
        self.figure.as_ref().map(|(_, range)| range.start)
    }

    fn digit(&mut self, c: char, at: Range<u64>) {
        let (line, between) = (self.line, self.between.take());
        self.line = Line::Other;
        let (figure, range) = self.figure.get_or_insert_with(|| {
            let figure = Figure {
                text: String::new(),
                glued: line == Line::Letter,
                opens_line: line == Line::Empty,
            };
            (figure, at.clone())
        });
        let is_full = figure.text.len() >= MAX_FIGURE_CHARS;
        if !is_full {
            figure.text.extend(between.map(|(sign, _)| sign));
            figure.text.push(c);
        }
        range.end = at.end;
    }

    fn other(&mut self, c: char, at: Range<u64>, give: &mut dyn FnMut(Token, Range<u64>)) {
        let is_ideograph = matches!(c, '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}');
        if c.is_alphabetic() && !is_ideograph {
            self.line = Line::Letter;
            let capital = c.is_uppercase();
            let (word, _, range) = self
                .word
                .get_or_insert_with(|| (String::new(), capital, at.clone()));
            if word.len() < MAX_WORD_BYTES {
                word.extend(c.to_lowercase());
            }
            range.end = at.end;
            return;
        }
        self.end_word(give);
        self.line = match (c, self.line) {
            ('\n', _) => Line::Empty,
            (' ' | '#' | '*' | '-' | '>' | '(' | '\t', Line::Empty) => Line::Empty,
            _ => Line::Other,
        };
        let token = if is_ideograph {
            Token::Word(c.to_string(), false)
        } else {
            Token::Sign(c)
        };
        give(token, at);
    }

    fn end_word(&mut self, give: &mut dyn FnMut(Token, Range<u64>)) {
        if let Some((word, capital, range)) = self.word.take() {
            give(Token::Word(word, capital), range);
        }
    }

    fn end_figure(&mut self, give: &mut dyn FnMut(Token, Range<u64>)) {
        if let Some((figure, range)) = self.figure.take() {
            give(Token::Figure(figure), range);
        }
        if let Some((sign, range)) = self.between.take() {
            give(Token::Sign(sign), range);
        }
    }
}

/// What may stand between two digits of a figure, as it is kept. Narrow blanks part thousands.
fn joins(c: char) -> Option<char> {
    Some(match c {
        '.' | ',' | '\'' | '/' | '-' | ':' => c,
        '\u{a0}' | '\u{202f}' | '\u{2009}' | '’' | '_' => '\'',
        _ => return None,
    })
}
