//! Phone numbers: international (ITU-T E.164), by national numbering plan, and by the words around them.

use super::candidate::Candidate;
use super::phone_plans::{Needs, country_lengths, plan};
use super::phone_words::{AFTER, BEFORE};
use super::rules::Core;
use crate::context::Context;
use crate::find::Find;

/// Groups of the longest way to write a number.
const MAX_PARTS: usize = 7;
/// Digits of a number that only a word tells from another number.
const DIGITS: std::ops::RangeInclusive<usize> = 6..=15;
/// Bytes before a number in which a word counts.
const REACH: usize = 36;
/// Digits of the longest extension.
const MAX_EXTENSION: usize = 6;

/// Adds the phone numbers of a candidate.
pub(crate) fn find(candidate: &Candidate<'_>, context: &Context<'_>, finds: &mut Vec<Find>) {
    let mut first = 0;
    while first < candidate.groups.len() {
        let Some(number) = Number::at(candidate, first) else {
            first += 1;
            continue;
        };
        first += match number.rule(context, finds) {
            Some((rule, parts)) => {
                finds.push(rule.at(number.start(), number.end(parts)));
                parts
            }
            None if number.is_list() => number.count,
            None => 1,
        };
    }
}

/// Groups of digits, one to seven, as far as they may be one phone number.
struct Number<'a> {
    candidate: &'a Candidate<'a>,
    first: usize,
    count: usize,
    /// How many digits each group has, and all digits.
    sizes: [u8; MAX_PARTS],
    digits: [u8; 32],
    len: usize,
}

impl<'a> Number<'a> {
    /// The groups from `first` on that are digits; the last may go on with an extension ("2851x818").
    fn at(candidate: &'a Candidate<'a>, first: usize) -> Option<Self> {
        if first
            .checked_sub(1)
            .is_some_and(|before| candidate.is_tight(before))
        {
            return None;
        }
        let mut number = Number {
            candidate,
            first,
            count: 0,
            sizes: [0; MAX_PARTS],
            digits: [0; 32],
            len: 0,
        };
        while number.push().is_some() {}
        (number.count > 0).then_some(number)
    }

    /// Takes the next group. `None` where it is no part of the number.
    fn push(&mut self) -> Option<()> {
        let at = self.first + self.count;
        let group = self.candidate.groups.get(at)?;
        let bytes = self.candidate.text.get(group.start..group.end)?;
        let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        let ended = self.part_end(self.count).is_some_and(|end| {
            self.candidate
                .groups
                .get(at - 1)
                .is_some_and(|last| end < last.end)
        });
        let joined = self.count == 0 || is_gap(self.candidate.gap(at - 1));
        let whole = digits == bytes.len() || matches!(bytes.get(digits), Some(b'x' | b'X'));
        if digits == 0 || digits > 15 || !joined || !whole || ended {
            return None;
        }
        *self.sizes.get_mut(self.count)? = digits as u8;
        self.digits
            .get_mut(self.len..self.len + digits)?
            .copy_from_slice(bytes.get(..digits)?);
        self.len += digits;
        self.count += 1;
        Some(())
    }

    /// What it is, and how many of its groups.
    fn rule(&self, context: &Context<'_>, finds: &[Find]) -> Option<(Core, usize)> {
        let plus = self.before() == Some(b'+');
        if plus || self.begins_with_zeros() {
            let parts = self.international(if plus { 0 } else { 2 });
            let sure =
                |parts: &usize| plus || *parts > 1 || context.near(self.start(), self.end(*parts), BEFORE);
            if let Some(parts) = parts.filter(sure) {
                return Some((
                    if plus {
                        Core::PhoneE164
                    } else {
                        Core::PhoneNational
                    },
                    parts,
                ));
            }
        }
        self.national(context).or_else(|| self.by_words(context, finds))
    }

    /// "00", as one dials abroad from most countries.
    fn begins_with_zeros(&self) -> bool {
        self.digits.starts_with(b"00") && self.sizes.first() >= Some(&2)
    }

    /// Groups of a number with country code, which begins behind `prefix` digits.
    fn international(&self, prefix: usize) -> Option<usize> {
        let (code, shortest, longest) = country_lengths(self.digits.get(prefix..self.len)?)?;
        let fits = |parts: &usize| {
            let trunk = usize::from(self.has_trunk(*parts));
            let national = self.len_of(*parts).checked_sub(prefix + code + trunk);
            national.is_some_and(|len| (shortest..=longest).contains(&len)) && self.ends_at(*parts)
        };
        (1..=self.count).rev().find(fits)
    }

    /// Whether a "(0)" is among the groups: dialled inside of the country only.
    fn has_trunk(&self, parts: usize) -> bool {
        (1..parts).any(|part| {
            let group = self.first + part;
            self.sizes.get(part) == Some(&1)
                && self.candidate.gap(group - 1).ends_with(b"(")
                && self.candidate.gap(group).starts_with(b")")
        })
    }

    /// Written as a numbering plan writes it.
    fn national(&self, context: &Context<'_>) -> Option<(Core, usize)> {
        let (parts, needs) = (1..=self.count).rev().find_map(|parts| {
            let sizes = self.sizes.get(..parts)?;
            let digits = self.digits.get(..self.len_of(parts))?;
            let needs = plan(digits, sizes)?;
            self.ends_at(parts).then_some((parts, needs))
        })?;
        let (start, end) = (self.start(), self.end(parts));
        let sure = match needs {
            Needs::Nothing => true,
            Needs::Dash => self.has_dash(parts),
            Needs::Word => false,
        };
        let sure = sure || self.extension(self.part_end(parts)?) > 0;
        if sure {
            return Some((Core::PhoneNational, parts));
        }
        let word = context.near(start, end, BEFORE) || context.follows(end, AFTER);
        word.then_some((Core::PhoneContext, parts))
    }

    /// Any digits right behind a word that announces them, or before one that says whose they are.
    fn by_words(&self, context: &Context<'_>, finds: &[Find]) -> Option<(Core, usize)> {
        let (start, end) = (self.start(), self.end(self.count));
        if !DIGITS.contains(&self.len) || self.is_other() || !self.ends_at(self.count) {
            return None;
        }
        let word = || context.announces(start, REACH, BEFORE) || context.follows(end, AFTER);
        let extension = self.extension(self.part_end(self.count)?) > 0 && self.count > 2;
        (extension || word() || self.goes_on(finds)).then_some((Core::PhoneContext, self.count))
    }

    /// Whether the number before, right in front, is a phone number: "555-0100 or 555-0101".
    fn goes_on(&self, finds: &[Find]) -> bool {
        let phone = [
            Core::PhoneE164.id(),
            Core::PhoneNational.id(),
            Core::PhoneContext.id(),
        ];
        let before = finds.iter().rev().take(4).find(|find| phone.contains(&find.rule));
        let between = before.and_then(|find| self.candidate.text.get(find.end..self.start()));
        let short =
            |between: &[u8]| between.len() <= 6 && !between.contains(&b'\n') && !between.contains(&b'-');
        self.len >= 7 && between.is_some_and(short)
    }

    /// What only looks like a phone number behind a word: a date, an amount, an address of a machine, one digit a group.
    fn is_other(&self) -> bool {
        let sizes = self.sizes.get(..self.count).unwrap_or_default();
        let dots =
            (0..self.count.saturating_sub(1)).all(|part| self.candidate.gap(self.first + part) == b".");
        match sizes {
            [size] => {
                *size < 7
                    || self
                        .digits
                        .get(..self.len)
                        .is_some_and(|digits| digits.ends_with(b"000"))
            }
            [4, 1..=2, 1..=2] => matches!(self.digits, [b'1', b'9', ..] | [b'2', b'0', ..]),
            [1..=2, 1..=2, 4] => self.len <= 8,
            [4, 4] => {
                [b"19", b"20"].contains(&self.digits.first_chunk().unwrap_or(b"00")) && self.second_year()
            }
            [_, _] if dots || self.len < 7 => true,
            [1..=3, 1..=3, 1..=3, 1..=3] if dots => true,
            _ => sizes.iter().filter(|size| **size == 1).count() > 1,
        }
    }

    /// More groups than a phone number has, all parted alike.
    fn is_list(&self) -> bool {
        let gap = |part: usize| self.candidate.gap(self.first + part);
        self.count == MAX_PARTS && (1..MAX_PARTS - 1).all(|part| gap(part) == gap(0))
    }

    fn second_year(&self) -> bool {
        matches!(self.digits.get(4..6), Some(b"19" | b"20"))
    }

    /// Whether the number may end behind so many groups: what follows is no further group of the same kind.
    fn ends_at(&self, parts: usize) -> bool {
        let last = self.first + parts - 1;
        if parts < self.count {
            let gap = self.candidate.gap(last);
            return gap.starts_with(b" ") && parts > 1 && self.candidate.gap(last - 1) != gap;
        }
        let word = self
            .candidate
            .groups
            .get(last + 1)
            .is_none_or(super::candidate::Group::is_word);
        word || !self.candidate.is_tight(last) || self.extension(self.part_end(parts).unwrap_or(0)) > 0
    }

    fn has_dash(&self, parts: usize) -> bool {
        let gaps = (0..parts - 1).map(|part| self.candidate.gap(self.first + part));
        gaps.flatten().any(|b| matches!(b, b'-' | b'.' | b')'))
    }

    fn len_of(&self, parts: usize) -> usize {
        self.sizes.iter().take(parts).map(|size| usize::from(*size)).sum()
    }

    /// The byte before the number, a parenthesis left out.
    fn before(&self) -> Option<u8> {
        let start = self.candidate.groups.get(self.first)?.start;
        let before = self.candidate.text.get(..start)?;
        match before {
            [.., before, b'('] => Some(*before),
            [.., before] => Some(*before),
            [] => None,
        }
    }

    /// Where it begins, with its '+' and the parenthesis around its first group.
    fn start(&self) -> usize {
        let start = self
            .candidate
            .groups
            .get(self.first)
            .map_or(0, |group| group.start);
        let before = self.candidate.text.get(..start).unwrap_or_default();
        let closes = self.candidate.gap(self.first).starts_with(b")");
        match before {
            [.., b'+', b'('] | [.., b'(', b'+'] if closes => start - 2,
            [.., b'('] if closes => start - 1,
            [.., b'+'] => start - 1,
            _ => start,
        }
    }

    /// Where so many groups end, with the extension.
    fn end(&self, parts: usize) -> usize {
        let end = self.part_end(parts).unwrap_or(0);
        end + self.extension(end)
    }

    fn part_end(&self, parts: usize) -> Option<usize> {
        let part = parts.checked_sub(1)?;
        let group = self.candidate.groups.get(self.first + part)?;
        Some(group.start + usize::from(*self.sizes.get(part)?))
    }

    /// Bytes of an extension at `end`: "x123", " ext. 123".
    fn extension(&self, end: usize) -> usize {
        let rest = self.candidate.text.get(end..).unwrap_or_default();
        let blanks = rest
            .iter()
            .take(2)
            .take_while(|b| matches!(b, b' ' | b','))
            .count();
        let word = rest.get(blanks..).unwrap_or_default();
        let Some(mark) = extension_mark(word) else {
            return 0;
        };
        let rest = word.get(mark..).unwrap_or_default();
        let dots = rest
            .iter()
            .take(2)
            .take_while(|b| matches!(b, b'.' | b' ' | b':'))
            .count();
        let digits = rest.iter().skip(dots).take_while(|b| b.is_ascii_digit()).count();
        let ends = !rest.get(dots + digits).is_some_and(u8::is_ascii_alphanumeric);
        if ends && (1..=MAX_EXTENSION).contains(&digits) {
            blanks + mark + dots + digits
        } else {
            0
        }
    }
}

/// Bytes of the word that begins an extension.
fn extension_mark(text: &[u8]) -> Option<usize> {
    if !matches!(
        text.first(),
        Some(b'x' | b'X' | b'e' | b'E' | b'd' | b'D' | b'p' | b'P' | 0xe5)
    ) {
        return None;
    }
    const MARKS: [&[u8]; 6] = [
        b"extension",
        b"ext",
        b"x",
        b"durchwahl",
        b"poste",
        b"\xe5\x86\x85\xe7\xb7\x9a",
    ];
    let begins = |mark: &&[u8]| {
        text.get(..mark.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(mark))
    };
    MARKS.into_iter().find(begins).map(<[u8]>::len)
}

/// What may stand between two groups of one number: no line break, no two of a kind but blanks.
fn is_gap(gap: &[u8]) -> bool {
    !gap.iter().any(|b| matches!(b, b'\n' | b'\r' | b'\t' | b'+')) && !matches!(gap, [b'.', b' ', ..])
}

#[cfg(test)]
mod tests {
    use crate::test::{finds, has};

    #[test]
    fn international_numbers_are_found_in_any_groups() {
        for phone in [
            "+14155550132",
            "+1 415 555 0132",
            "+1 (415) 555-0132",
            "+44 20 7946 0958",
            "+44 (0)20 7946 0958",
            "+49 30 901820",
            "+33 1 99 00 12 34",
            "+34 600 100 200",
            "+81 90-1234-5678",
            "+86 138 0013 8000",
            "+82-10-1234-5678",
            "+886 2 2345 6789",
            "+852 2345 6789",
            "+91 98765 43210",
            "+55 11 91234-5678",
            "+52 55 1234 5678",
            "+61 412 345 678",
            "+39 06 1234 5678",
            "+351 912 345 678",
            "+7 495 123-45-67",
            "0034 600 100 200",
            "＋８１ ９０ １２３４ ５６７８",
        ] {
            for around in ["at {} now", "电话{}吧", "{}", "({})", "tel:{}", "{}."] {
                let text = around.replace("{}", phone);
                assert_eq!(finds("PHONE_NUMBER", &text), [phone], "{text}");
            }
        }
    }

    #[test]
    fn national_numbers_are_found_as_their_country_writes_them() {
        for phone in [
            "415-555-0132",
            "(415) 555-0132",
            "415.555.0132",
            "(415)555-0132",
            "1-415-555-0132",
            "03-1234-5678",
            "090-1234-5678",
            "0463-12-3456",
            "(03) 1234-5678",
            "138-0013-8000",
            "010-12345678",
            "0755-1234567",
            "02-345-6789",
            "0912-345-678",
            "07700 900123",
            "020 7946 0958",
            "01.99.00.12.34",
            "(11) 91234-5678",
            "0412 345 678",
            "0532 123 45 67",
        ] {
            assert_eq!(
                finds("PHONE_NUMBER", &format!("so 写{phone}，ok")),
                [phone],
                "{phone}"
            );
        }
    }

    #[test]
    fn an_extension_belongs_to_the_number() {
        for phone in [
            "415-555-0132x89",
            "(415)555-0132 ext. 89",
            "+1-415-555-0132 x12345",
            "415.555.0132 extension 7",
        ] {
            assert_eq!(
                finds("PHONE_NUMBER", &format!("is {phone} here")),
                [phone],
                "{phone}"
            );
        }
    }

    #[test]
    fn other_numbers_need_a_word() {
        for (text, phone) in [
            ("call 785 8949 today", "785 8949"),
            ("teléfono: 612 345 678", "612 345 678"),
            ("电话是13800138000", "13800138000"),
            ("12 34 56 78 office", "12 34 56 78"),
            ("{\"mobilePhone\": 4155550132}", "4155550132"),
            ("9123 4567-Fax", "9123 4567"),
            ("電話は0312345678です", "0312345678"),
            ("llama al 912345678", "912345678"),
            ("有问题打138 0013 8000。", "138 0013 8000"),
        ] {
            assert_eq!(finds("PHONE_NUMBER", text), [phone], "{text}");
        }
        for phone in [
            "785 8949",
            "612 345 678",
            "13800138000",
            "12 34 56 78",
            "4155550132",
            "912345678",
        ] {
            assert!(!has("PHONE_NUMBER", &format!("the value {phone} is")), "{phone}");
        }
    }

    #[test]
    fn what_a_word_does_not_make_a_phone_number() {
        for text in [
            "call me on 2024-01-15",
            "call it 3.14159265",
            "phone 2.0.1.12",
            "call from 1999-2024",
            "phones sold: 1000000",
            "called 12 times",
            "a mobile for 25 8000 people",
            "text 1 2 3 4 5 6 7",
            "version 415.555.01",
            "call 12345",
            "+1234",
            "+999999999999999999",
            "1415-555-0132-7",
            "+1 415 555 013",
        ] {
            assert!(!has("PHONE_NUMBER", text), "{text}");
        }
    }

    #[test]
    fn several_in_a_row_are_found_each() {
        let text = "call 785 8949 or 785 8950";
        assert_eq!(finds("PHONE_NUMBER", text), ["785 8949", "785 8950"]);
    }
}
