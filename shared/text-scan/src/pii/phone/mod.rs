//! Phone numbers: international (ITU-T E.164), by national numbering plan, and by the words around them.

mod number;
mod plans;
#[cfg(test)]
mod tests;
mod words;

use number::Number;
use plans::{Needs, country_lengths, plan};
use words::{AFTER, BEFORE, MINE, OTHERS};

use super::candidate::Candidate;
use super::rules::Core;
use crate::context::Context;
use crate::find::Find;

/// Digits of a number that only a word tells from another number.
const DIGITS: std::ops::RangeInclusive<usize> = 6..=15;
/// Groups of such a number: more are a dump of bytes.
const MAX_PARTS: usize = 5;
/// Bytes before a number in which a word announces it, and in which one says that it is something else.
const REACH: usize = 36;
const OTHER_REACH: usize = 14;

/// Adds the phone numbers of a candidate.
pub(crate) fn find(candidate: &Candidate<'_>, context: &Context<'_>, finds: &mut Vec<Find>) {
    let mut first = 0;
    while first < candidate.groups.len() {
        let Some(number) = Number::at(candidate, first) else {
            first += 1;
            continue;
        };
        first += match rule(&number, context, finds) {
            Some((rule, parts)) => {
                finds.push(rule.at(number.start(), number.end(parts)));
                parts
            }
            None if number.is_list() => number.count(),
            None => 1,
        };
    }
}

/// What it is, and how many of its groups.
fn rule(number: &Number<'_>, context: &Context<'_>, finds: &[Find]) -> Option<(Core, usize)> {
    abroad(number, context)
        .or_else(|| national(number, context))
        .or_else(|| by_words(number, context, finds))
}

/// Behind a '+'; or behind "00", as one dials abroad from most countries.
fn abroad(number: &Number<'_>, context: &Context<'_>) -> Option<(Core, usize)> {
    if number.has_plus() {
        return Some((Core::PhoneE164, international(number, 0)?));
    }
    let zeros = number.digits(1).starts_with(b"00");
    let parts = international(number, 2).filter(|_| zeros)?;
    let sure = parts > 1 || context.announces(number.start(), REACH, BEFORE);
    sure.then_some((Core::PhoneNational, parts))
}

/// Groups of a number with country code, which begins behind `prefix` digits.
fn international(number: &Number<'_>, prefix: usize) -> Option<usize> {
    let digits = number.digits(number.count());
    let (code, shortest, longest) = country_lengths(digits.get(prefix..)?)?;
    let fits = |parts: &usize| {
        let trunk = usize::from(number.has_trunk(*parts));
        let national = number.digits(*parts).len().checked_sub(prefix + code + trunk);
        national.is_some_and(|len| (shortest..=longest).contains(&len))
    };
    // Behind a '+' a blank may end it: "+1 212 555 0123 24 hours a day".
    let blank = |parts: &usize| number.has_plus() && *parts > 2 && number.gap(*parts - 1) == b" ";
    let mut fitting = (1..=number.count()).rev().filter(fits);
    fitting.find(|parts| number.ends_at(*parts) || blank(parts))
}

/// Written as a numbering plan writes it.
fn national(number: &Number<'_>, context: &Context<'_>) -> Option<(Core, usize)> {
    let (parts, needs) = (1..=number.count()).rev().find_map(|parts| {
        let needs = plan(number.digits(parts), number.sizes(parts))?;
        number.ends_at(parts).then_some((parts, needs))
    })?;
    let (start, end) = (number.start(), number.end(parts));
    let sure = match needs {
        Needs::Nothing => true,
        Needs::Dash => number.has_dash(parts),
        Needs::Word => false,
    };
    if sure || number.has_extension(parts) {
        return Some((Core::PhoneNational, parts));
    }
    // Three groups are rarely anything else; one or two often are.
    let word = if parts > 2 {
        context.near(start, end, BEFORE)
    } else {
        is_announced(number, context)
    };
    (word || context.follows(end, AFTER)).then_some((Core::PhoneContext, parts))
}

/// Any digits right behind a word that announces them, or before one that says whose they are.
fn by_words(number: &Number<'_>, context: &Context<'_>, finds: &[Find]) -> Option<(Core, usize)> {
    let parts = number.count();
    if parts > MAX_PARTS
        || !DIGITS.contains(&number.digits(parts).len())
        || is_other(number)
        || !number.ends_at(parts)
    {
        return None;
    }
    let word = number.has_extension(parts) && parts > 2
        || is_announced(number, context)
        || context.follows(number.end(parts), AFTER)
        || goes_on(number, finds);
    word.then_some((Core::PhoneContext, parts))
}

fn is_announced(number: &Number<'_>, context: &Context<'_>) -> bool {
    let start = number.start();
    // "My Number" with twelve digits is the Japanese Individual Number.
    let mine = || number.digits(number.count()).len() != 12 && context.announces(start, REACH, MINE);
    (context.announces(start, REACH, BEFORE) || mine()) && !context.announces(start, OTHER_REACH, OTHERS)
}

/// Whether the number before, right in front, is a phone number: "555-0100 or 555-0101".
fn goes_on(number: &Number<'_>, finds: &[Find]) -> bool {
    let phones = [
        Core::PhoneE164.id(),
        Core::PhoneNational.id(),
        Core::PhoneContext.id(),
    ];
    let before = finds
        .iter()
        .rev()
        .take(4)
        .find(|find| phones.contains(&find.rule));
    let between = before.and_then(|find| number.after(find.end));
    let near = |between: &[u8]| between.len() <= 6 && !between.iter().any(|b| matches!(b, b'\n' | b'-'));
    number.digits(number.count()).len() >= 7 && between.is_some_and(near)
}

/// What only looks like a phone number behind a word: a date, an amount, an address of a machine, one digit a group.
fn is_other(number: &Number<'_>) -> bool {
    let digits = number.digits(number.count());
    let dots = (0..number.count() - 1).all(|part| number.gap(part) == b".");
    let year = |digits: Option<&[u8]>| matches!(digits, Some([b'1', b'9', ..] | [b'2', b'0', ..]));
    match number.sizes(number.count()) {
        [size] => *size < 7 || digits.ends_with(b"000"),
        [4, 1..=2, 1..=2] => year(Some(digits)),
        [1..=2, 1..=2, 4] => true,
        [4, 4] if year(Some(digits)) && year(digits.get(4..)) => true,
        [_, _] => dots || digits.len() < 7,
        [1..=3, 1..=3, 1..=3, 1..=3] if dots => true,
        sizes => sizes.iter().filter(|size| **size == 1).count() > 1,
    }
}
