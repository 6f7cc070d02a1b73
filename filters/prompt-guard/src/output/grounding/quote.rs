//! Quotations, and sources that are cited by number or by name and year.

use super::grounds::Grounds;
use crate::output::leak::Slide;
use std::ops::Range;

/// Longest quotation that is judged, in bytes. A longer one is judged as far as this.
const MAX_QUOTE_BYTES: u64 = 2048;
/// Shortest one, in characters.
const MIN_QUOTE_CHARS: usize = 12;
/// One shingle in so many may be other than in the prompt: a letter was changed to fit the sentence.
const CHANGED: usize = 10;
/// Longest citation, in bytes.
const MAX_CITATION_BYTES: usize = 64;

/// Follows quotation marks.
#[derive(Debug, Default)]
pub(super) struct Quotes {
    open: Option<Open>,
    before: Option<char>,
}

#[derive(Debug)]
struct Open {
    close: char,
    range: Range<u64>,
    chars: usize,
    slide: Slide,
    all: usize,
    known: usize,
}

impl Quotes {
    /// Gives a quotation that ended and stands nowhere.
    pub(super) fn push(&mut self, c: char, at: Range<u64>, grounds: &Grounds) -> Option<Range<u64>> {
        let before = self.before.replace(c);
        let Some(open) = &mut self.open else {
            let close = closing(c).filter(|close| *close != c || begins(before))?;
            self.open = Some(Open::new(close, at));
            return None;
        };
        open.range.end = at.end;
        if c == '\n' {
            self.open = None;
            return None;
        }
        if c == open.close || at.end - open.range.start > MAX_QUOTE_BYTES {
            let open = self.open.take()?;
            return (grounds.is_complete() && open.is_news()).then_some(open.range);
        }
        open.push(c, grounds);
        None
    }

    pub(super) fn open(&self) -> Option<u64> {
        self.open.as_ref().map(|open| open.range.start)
    }

    /// What is open is no quotation.
    pub(super) fn drop(&mut self) {
        *self = Self::default();
    }
}

/// Whether a quotation can begin behind this: the mark is the same as at the end.
fn begins(before: Option<char>) -> bool {
    before.is_none_or(|c| c.is_whitespace() || matches!(c, '(' | '[' | '*' | '—' | ':' | '：'))
}

impl Open {
    fn new(close: char, range: Range<u64>) -> Self {
        Self {
            close,
            range,
            chars: 0,
            slide: Slide::default(),
            all: 0,
            known: 0,
        }
    }

    fn push(&mut self, c: char, grounds: &Grounds) {
        // Something is left out here.
        if c == '…' || c == '[' {
            self.slide = Slide::default();
        }
        self.chars += 1;
        let (all, known) = (&mut self.all, &mut self.known);
        self.slide.push(c, grounds.window(), &mut |hash| {
            *all += 1;
            *known += usize::from(grounds.has_shingle(hash));
        });
    }

    fn is_news(&self) -> bool {
        self.chars >= MIN_QUOTE_CHARS && self.all > 0 && (self.all - self.known) * CHANGED > self.all
    }
}

fn closing(open: char) -> Option<char> {
    Some(match open {
        '"' => '"',
        '“' => '”',
        '„' => '“',
        '«' => '»',
        '「' => '」',
        '『' => '』',
        '《' => '》',
        _ => return None,
    })
}

/// Follows brackets with a source in them.
#[derive(Debug, Default)]
pub(super) struct Citation {
    text: String,
    start: Option<(char, u64)>,
    end: u64,
    /// A pair ended here: what decides whether it is a link.
    done: bool,
}

impl Citation {
    /// Gives a citation of a source that was not given, once the character behind it shows that it is no link.
    pub(super) fn push(&mut self, c: char, at: Range<u64>, grounds: &Grounds) -> Option<Range<u64>> {
        let found = if self.done { self.settle(c, grounds) } else { None };
        match (self.start, c) {
            (_, '[' | '(') => {
                *self = Self {
                    start: Some((if c == '[' { ']' } else { ')' }, at.start)),
                    ..Self::default()
                }
            }
            (Some((close, _)), _) if c == close => {
                self.end = at.end;
                self.done = true;
            }
            (Some(_), _) if c == '\n' || self.text.len() >= MAX_CITATION_BYTES => *self = Self::default(),
            (Some(_), _) => self.text.push(c),
            (None, _) => {}
        }
        found
    }

    pub(super) fn open(&self) -> Option<u64> {
        self.start.map(|(_, start)| start)
    }

    fn settle(&mut self, next: char, grounds: &Grounds) -> Option<Range<u64>> {
        let Self { text, start, end, .. } = std::mem::take(self);
        let (close, start) = start?;
        let is_link = close == ']' && matches!(next, '(' | ':');
        (!is_link && grounds.is_complete() && is_news(&text, close, grounds)).then_some(start..end)
    }
}

fn is_news(text: &str, close: char, grounds: &Grounds) -> bool {
    let text = text.trim_start_matches('^');
    let mut numbers = text.split([',', ';', '-', '–']).map(str::trim);
    if close == ']'
        && !text.is_empty()
        && text.len() < 16
        && numbers.clone().all(|part| part.parse::<u16>().is_ok())
    {
        return numbers.any(|part| part.parse().is_ok_and(|number| !grounds.has_source(number)));
    }
    named(text).is_some_and(|(name, year)| !(grounds.has_word(&name) && grounds.has_number(year)))
}

/// `Smith 2020`, `Smith, 2020`, `Smith et al., 2020a`: the first name and the year.
fn named(text: &str) -> Option<(String, &str)> {
    let (rest, year) = text.rsplit_once(' ')?;
    let year = year.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let is_year = year.len() == 4 && year.parse::<u16>().is_ok_and(|year| (1500..2100).contains(&year));
    let name = rest.split(|c: char| !c.is_alphabetic()).next()?;
    let few = rest.split_whitespace().count() <= 6 && name.chars().count() > 2;
    let is_name = name.chars().next().is_some_and(char::is_uppercase)
        && super::figure::month(&name.to_lowercase()).is_none();
    let links = rest.trim_start_matches(name);
    let is_citation = links.is_empty()
        || links.starts_with(',')
        || links.starts_with(" et al")
        || links.starts_with(" &")
        || links.starts_with(" and ");
    (is_year && few && is_name && is_citation).then(|| (name.to_lowercase(), year))
}
