//! National identifiers: of persons, of companies, of vehicles.

use super::candidate::Candidate;
use crate::context::Context;
use crate::find::{Find, Rule};

/// The rules, by number.
pub(crate) const RULES: &[Rule] = &[];

/// Adds what the candidate holds, in any order, overlaps included. Rule numbers count from 0.
pub(crate) fn identify(_candidate: &Candidate<'_>, _context: &Context<'_>, _finds: &mut Vec<Find>) {}
