//! Escapes and classes of characters.

use super::ast::Look;
use super::error::{PatternError, Reason};
use super::parse::Parser;
use super::set::Set;

/// `\d`, `\w` and `\s` are ASCII, as word edges are.
const DIGIT: &[(char, char)] = &[('0', '9')];
const WORD: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_')];
const SPACE: &[(char, char)] = &[('\t', '\r'), (' ', ' ')];

/// A place that an escape names; what is none stays.
pub(super) fn look(parser: &mut Parser<'_>) -> Option<Look> {
    let look = match parser.peek()? {
        'b' => Look::Edge,
        'B' => Look::NoEdge,
        'A' => Look::Start,
        'z' => Look::End,
        _ => return None,
    };
    parser.next();
    Some(look)
}

/// The characters of what follows a backslash.
pub(super) fn escape(parser: &mut Parser<'_>) -> Result<Set, PatternError> {
    Ok(match parser.peek() {
        Some('d') => shorthand(parser, Set::of(DIGIT)),
        Some('w') => shorthand(parser, Set::of(WORD)),
        Some('s') => shorthand(parser, Set::of(SPACE)),
        Some('D') => shorthand(parser, Set::of(DIGIT).negated()),
        Some('W') => shorthand(parser, Set::of(WORD).negated()),
        Some('S') => shorthand(parser, Set::of(SPACE).negated()),
        _ => {
            let one = Set::one(escaped(parser)?);
            parser.cased(one)
        }
    })
}

fn shorthand(parser: &mut Parser<'_>, set: Set) -> Set {
    parser.next();
    set
}

/// The single character of what follows a backslash.
fn escaped(parser: &mut Parser<'_>) -> Result<char, PatternError> {
    Ok(match parser.peek() {
        Some('1'..='9' | 'k' | 'g') => return parser.refuse(Reason::BackReference),
        Some('p' | 'P') => return parser.refuse(Reason::Unsupported),
        Some('x') => return hex(parser, 2),
        Some('u') => return hex(parser, 4),
        Some('t') => named(parser, '\t'),
        Some('n') => named(parser, '\n'),
        Some('r') => named(parser, '\r'),
        Some('f') => named(parser, '\u{c}'),
        Some('v') => named(parser, '\u{b}'),
        Some('0'..='9' | 'a'..='z' | 'A'..='Z') => return parser.refuse(Reason::UnknownEscape),
        _ => ascii(parser.must()?),
    })
}

fn named(parser: &mut Parser<'_>, c: char) -> char {
    parser.next();
    c
}

/// `\xHH`, `\uHHHH`, or either with any number of digits in braces.
fn hex(parser: &mut Parser<'_>, digits: usize) -> Result<char, PatternError> {
    parser.next();
    let braced = parser.takes("{");
    let (mut code, mut read) = (0u32, 0);
    while let Some(digit) = parser.peek().and_then(|c| c.to_digit(16)) {
        if read == if braced { 6 } else { digits } {
            break;
        }
        code = code << 4 | digit;
        read += 1;
        parser.next();
    }
    if read == 0 || (!braced && read != digits) || (braced && !parser.takes("}")) {
        return parser.refuse(Reason::UnknownEscape);
    }
    char::from_u32(code).map_or_else(|| parser.refuse(Reason::UnknownEscape), |c| Ok(ascii(c)))
}

/// What follows an opening bracket, up to the closing one.
pub(super) fn class(parser: &mut Parser<'_>) -> Result<Set, PatternError> {
    let negated = parser.takes("^");
    let mut set = Set::default();
    let mut is_first = true;
    while is_first || parser.peek() != Some(']') {
        is_first = false;
        if parser.takes("[:") {
            return parser.refuse(Reason::Unsupported);
        }
        item(parser, &mut set)?;
    }
    parser.next();
    set.tidy();
    let set = parser.cased(set);
    Ok(if negated { set.negated() } else { set })
}

/// A character, a range or a shorthand.
fn item(parser: &mut Parser<'_>, set: &mut Set) -> Result<(), PatternError> {
    let first = match end(parser)? {
        End::Char(c) => c,
        End::Set(shorthand) => {
            set.add_set(&shorthand);
            return Ok(());
        }
    };
    let mut behind = parser.rest().chars();
    let is_range = behind.next() == Some('-') && behind.next() != Some(']');
    if !is_range {
        set.add(ascii(first), ascii(first));
        return Ok(());
    }
    parser.next();
    match end(parser)? {
        End::Char(last) if first <= last => set.add(first, last),
        _ => return parser.refuse(Reason::BadRange),
    }
    Ok(())
}

/// What may stand at an end of a range.
enum End {
    Char(char),
    Set(Set),
}

fn end(parser: &mut Parser<'_>) -> Result<End, PatternError> {
    if !parser.takes("\\") {
        return parser.must().map(End::Char);
    }
    Ok(match parser.peek() {
        Some('d' | 'w' | 's' | 'D' | 'W' | 'S') => End::Set(escape(parser)?),
        // Within a class it is the control character elsewhere, which nobody means.
        Some('b' | 'B') => return parser.refuse(Reason::UnknownEscape),
        _ => End::Char(escaped(parser)?),
    })
}

/// Texts are scanned with their full-width forms as ASCII, so patterns mean those too.
pub(super) fn ascii(c: char) -> char {
    crate::fold::ascii(c).unwrap_or(c)
}
