//! National identifiers: of persons, of companies, of vehicles.
//!
//! A rule is a row of a table (`row`): how the identifier is written (`shape`), what must add up, and the words that say
//! what it is. A number that every tenth number would pass for counts only with such a word near it, or where the text is
//! nothing else. Where several rows match, those with a word near hold back the others; then the order of the tables decides.

mod america;
mod asia;
mod britain;
mod east_asia;
mod europe;
mod germany;
mod index;
mod korea;
mod latin_america;
mod nordic;
mod parts;
mod row;
mod shape;
mod south;
mod words;

#[cfg(test)]
mod form_tests;
#[cfg(test)]
mod tests;

use index::SHAPES;
use row::{Check, Row};
use shape::{Evidence, Match, Shape};
use words::Said;

use super::candidate::Candidate;
use crate::context::Context;
use crate::find::{Find, Rule, RuleId};

/// The tables. Of rows that match alike the earlier one counts, so what is rarer stands before.
const TABLES: &[&[Row]] = &[
    europe::ROWS,
    nordic::ROWS,
    latin_america::ROWS,
    south::ROWS,
    korea::ROWS,
    america::ROWS,
    britain::ROWS,
    germany::ROWS,
    asia::ROWS,
    east_asia::ROWS,
];

/// The rows of all tables. For the compiler only: what is needed of them at run time is in constants of their own.
const ROWS: &[Row; index::count(TABLES)] = &index::rows();

/// The rules, by number.
pub(crate) const RULES: &[Rule] = &index::rules(ROWS);

/// What must add up, by rule.
const CHECKS: &[Check] = &index::checks(ROWS);

/// Letters and digits of the shortest identifier without separators.
const MIN_GROUP: usize = 5;

/// Adds what the candidate holds, in any order, overlaps included. Rule numbers count from 0.
pub(crate) fn identify(candidate: &Candidate<'_>, context: &Context<'_>, finds: &mut Vec<Find>) {
    for (first, group) in candidate.groups.iter().enumerate() {
        let Some(byte) = candidate.text.get(group.start) else {
            continue;
        };
        if group.len() < MIN_GROUP && candidate.gap(first).len() != 1 {
            continue;
        }
        let mut place = Place {
            candidate,
            context,
            first,
            start: group.start,
            said: None,
        };
        let shapes = SHAPES.like(*byte, group.len()).iter();
        let shapes = shapes.filter(|(_, shape)| shape.may_go_on(candidate.text, group.len(), group.end));
        let found: Vec<(Find, bool)> = shapes
            .filter_map(|(row, shape)| place.find(*row, shape))
            .collect();
        let said = found.iter().any(|(find, said)| *said && is_default(find));
        let stays = |(find, said_itself): &(Find, bool)| (*said_itself || !said).then_some(*find);
        finds.extend(found.iter().filter_map(stays));
    }
}

/// Where an identifier may begin.
struct Place<'a> {
    candidate: &'a Candidate<'a>,
    context: &'a Context<'a>,
    /// Number of the group at `start`.
    first: usize,
    start: usize,
    /// What is said near a number from `start` to this end.
    said: Option<(usize, Said)>,
}

impl Place<'_> {
    /// The find of a row by one of its shapes, and whether a word near it says so.
    fn find(&mut self, row: u16, shape: &Shape) -> Option<(Find, bool)> {
        let found = shape.match_at(self.candidate.text, self.start)?;
        let check = CHECKS.get(usize::from(row))?;
        if check(found.compact()) != Some(true) {
            return None;
        }
        let said = self.said(found.end).has(row);
        let enough = match shape.evidence {
            Evidence::Enough => true,
            Evidence::Alone => said || self.is_alone(&found) && !is_time(found.compact()),
            Evidence::Word => said,
        };
        let find = Find {
            start: self.start,
            end: found.end,
            rule: RuleId(row),
        };
        enough.then_some((find, said))
    }

    fn said(&mut self, end: usize) -> Said {
        match self.said {
            Some((known, said)) if known == end => said,
            _ => {
                let said = Said::near(self.context, self.candidate.text, self.start, end);
                self.said = Some((end, said));
                said
            }
        }
    }

    fn is_alone(&self, found: &Match) -> bool {
        let mut groups = self.candidate.groups.iter().skip(self.first);
        let last = groups.position(|group| group.end + 1 >= found.end);
        last.is_some_and(|last| self.candidate.is_bare(self.first, self.first + last))
    }
}

/// Whether this may be a time of today in seconds or milliseconds since 1970, such as a number in a tool's
/// arguments.
fn is_time(compact: &[u8]) -> bool {
    matches!((compact, compact.len()), ([b'1', b'6'..=b'8', ..], 10 | 13))
}

/// Whether the find's rule is one of the defaults; only these hold others back.
fn is_default(find: &Find) -> bool {
    RULES
        .get(usize::from(find.rule.0))
        .is_some_and(|rule| rule.default)
}
