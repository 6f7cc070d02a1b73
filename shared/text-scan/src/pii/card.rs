//! Payment cards: issuer, length, Luhn check digit (ISO/IEC 7812).

use super::candidate::{Candidate, Group, MAX_GROUPS};
use super::identity::MY_NUMBER;
use super::resident::is_resident_id;
use super::rules::Core;
use crate::checksum::luhn;
use crate::context::Context;
use crate::find::Find;

/// First digits, from and to, and the lengths of the cards that begin so: ISO/IEC 7812 issuer numbers as the schemes
/// publish them.
const ISSUERS: &[(u32, u32, u8, u8)] = &[
    (4, 4, 13, 13),           // Visa
    (4, 4, 16, 16),           // Visa
    (4, 4, 19, 19),           // Visa
    (51, 55, 16, 16),         // Mastercard
    (2221, 2720, 16, 16),     // Mastercard
    (34, 34, 15, 15),         // American Express
    (37, 37, 15, 15),         // American Express
    (300, 305, 14, 16),       // Diners Club
    (3095, 3095, 14, 16),     // Diners Club
    (36, 36, 14, 16),         // Diners Club
    (38, 39, 14, 16),         // Diners Club
    (6011, 6011, 16, 19),     // Discover
    (644, 649, 16, 19),       // Discover
    (65, 65, 16, 19),         // Discover, RuPay
    (60, 60, 16, 16),         // RuPay
    (81, 82, 16, 16),         // RuPay, UnionPay
    (508, 508, 16, 16),       // RuPay
    (62, 62, 16, 19),         // UnionPay
    (3528, 3589, 16, 19),     // JCB
    (2131, 2131, 15, 15),     // JCB
    (1800, 1800, 15, 15),     // JCB
    (2200, 2204, 16, 19),     // Mir
    (2205, 2205, 16, 16),     // BORICA
    (9792, 9792, 16, 16),     // Troy
    (5019, 5019, 16, 16),     // Dankort
    (4571, 4571, 16, 16),     // Dankort
    (5018, 5018, 12, 19),     // Maestro
    (5020, 5020, 12, 19),     // Maestro
    (5038, 5038, 12, 19),     // Maestro
    (5893, 5893, 12, 19),     // Maestro
    (6304, 6304, 12, 19),     // Maestro
    (6390, 6390, 12, 19),     // Maestro
    (6759, 6759, 12, 19),     // Maestro
    (6761, 6763, 12, 19),     // Maestro
    (6767, 6767, 12, 19),     // Maestro UK
    (604, 604, 12, 12),       // Maestro
    (56, 58, 12, 19),         // Maestro
    (506099, 506198, 16, 19), // Verve
    (507865, 507964, 16, 19), // Verve
    (636, 639, 16, 16),       // InterPayment, InstaPayment
    (8699, 8699, 15, 15),     // Voyager
    (1, 1, 15, 15),           // UATP
];

/// Words that a card of a rare length stands by.
const WORDS: &[&str] = &[
    "card*",
    "credit",
    "debit",
    "visa",
    "maestro",
    "mastercard",
    "pan",
    "payment*",
    "pay",
    "cc",
    "tarjeta*",
    "karte*",
    "kreditkarte*",
    "carte*",
    "cartão",
    "carta",
    "カード",
    "卡",
    "카드",
    "карт",
];

/// Shortest and longest number.
const LENGTHS: std::ops::RangeInclusive<usize> = 12..=19;

/// Groups of the longest way to write one.
const MAX_PARTS: usize = 8;

/// Adds the cards of a candidate: digits in one piece, in groups as printed on cards, or in any groups when no other number
/// is next to them.
pub(crate) fn find(candidate: &Candidate<'_>, context: &Context<'_>, finds: &mut Vec<Find>) {
    let numbers = candidate
        .groups
        .iter()
        .enumerate()
        .filter(|(_, group)| group.is_number());
    for (first, group) in numbers {
        let alone = !is_number(candidate, first.checked_sub(1));
        let (mut digits, mut sizes) = (0, 0u64);
        for (last, group_end) in candidate.groups.iter().enumerate().skip(first).take(MAX_PARTS) {
            digits += group_end.len();
            sizes = sizes << 5 | group_end.len() as u64;
            if !group_end.is_number() || digits > *LENGTHS.end() {
                break;
            }
            let window = (candidate, first, last);
            let written = first == last || is_printed(sizes, window) || (alone && stands_alone(window));
            let card = LENGTHS.contains(&digits) && written && is_card(window);
            if card && is_meant(window, context, digits) {
                finds.push(Core::Card.at(group.start, group_end.end));
            }
            if !alone && !matches!(group.len(), 4 | 6) {
                break;
            }
        }
    }
}

/// Some groups of a candidate: the first, the last.
type Window<'a> = (&'a Candidate<'a>, usize, usize);

/// Whether groups of these sizes, five bits each, are those that cards are printed in, and no line of a table. In a list of
/// cards each stands next to another.
fn is_printed(sizes: u64, (candidate, first, last): Window<'_>) -> bool {
    let (before, after) = (first.checked_sub(1), last + 1);
    let goes_on = |gap: usize| {
        let gap = candidate.gap(gap);
        gap == candidate.gap(first) || gap.contains(&b'\n')
    };
    PRINTED.contains(&sizes)
        && before.is_none_or(|before| {
            !is_four(candidate, before) || !goes_on(before) || is_end_of_card(candidate, before)
        })
        && (!is_four(candidate, after) || !goes_on(last) || is_begin_of_card(candidate, after))
}

/// Sizes of the groups that cards are printed in, five bits each.
const PRINTED: [u64; 7] = {
    const fn sizes_of<const N: usize>(groups: [u64; N]) -> u64 {
        let (mut sizes, mut group) = (0, 0);
        while group < N {
            #[expect(
                clippy::indexing_slicing,
                reason = "a constant: out of bounds is an error of the compiler"
            )]
            {
                sizes = sizes << 5 | groups[group];
            }
            group += 1;
        }
        sizes
    }
    [
        sizes_of([4, 4, 4, 4]),
        sizes_of([4, 6, 5]),
        sizes_of([4, 6, 4]),
        sizes_of([4, 4, 4, 4, 3]),
        sizes_of([4, 4, 4, 4, 2]),
        sizes_of([6, 13]),
        sizes_of([4, 4, 5]),
    ]
};

/// Whether a group is a number of four digits, and no part of an amount or a date.
fn is_four(candidate: &Candidate<'_>, group: usize) -> bool {
    is_number(candidate, Some(group))
        && candidate.is_whole(group, group)
        && candidate.groups.get(group).is_some_and(|group| group.len() == 4)
}

/// Whether a printed card ends with this group.
fn is_end_of_card(candidate: &Candidate<'_>, last: usize) -> bool {
    (2..=4)
        .filter_map(|more| last.checked_sub(more))
        .any(|first| is_printed_card(candidate, first, last))
}

/// Whether a printed card begins with this group, or what does is cut off where the candidate is full.
fn is_begin_of_card(candidate: &Candidate<'_>, first: usize) -> bool {
    first + 4 > MAX_GROUPS || (2..=4).any(|more| is_printed_card(candidate, first, first + more))
}

fn is_printed_card(candidate: &Candidate<'_>, first: usize, last: usize) -> bool {
    let groups = candidate.groups.get(first..=last).unwrap_or_default();
    let sizes = groups
        .iter()
        .fold(0, |sizes, group| sizes << 5 | group.len() as u64);
    groups.iter().all(Group::is_number) && PRINTED.contains(&sizes) && is_card((candidate, first, last))
}

/// Whether no further number follows the groups, which are neither a decimal fraction nor on lines of other things.
fn stands_alone((candidate, first, last): Window<'_>) -> bool {
    let fraction = last == first + 1 && candidate.gap(first) == b".";
    let breaks = (first..last)
        .filter(|group| candidate.gap(*group).contains(&b'\n'))
        .count();
    let lines = breaks > 0 && breaks < last - first;
    !fraction && !lines && !is_number(candidate, last.checked_add(1))
}

fn is_number(candidate: &Candidate<'_>, group: Option<usize>) -> bool {
    group
        .and_then(|group| candidate.groups.get(group))
        .is_some_and(Group::is_number)
}

fn is_card((candidate, first, last): Window<'_>) -> bool {
    candidate.is_whole(first, last)
        && candidate.compact::<19>(first, last).is_some_and(|digits| {
            let digits = digits.bytes();
            has_issuer(digits) && luhn(digits) && !is_resident_id(digits)
        })
}

/// Whether the words near agree. Numbers of twelve, thirteen and seventeen digits and more are mostly something else, except
/// UnionPay's; and a Maestro card has as many digits as a My Number.
fn is_meant((candidate, first, last): Window<'_>, context: &Context<'_>, digits: usize) -> bool {
    let (Some(start), Some(end)) = (candidate.groups.get(first), candidate.groups.get(last)) else {
        return false;
    };
    let near = |words| context.near(start.start, end.end, words);
    let union_pay = candidate
        .text
        .get(start.start..)
        .is_some_and(|text| text.starts_with(b"62"));
    match digits {
        12 if near(MY_NUMBER) => false,
        12 | 13 | 17.. if !union_pay => candidate.is_bare(first, last) || near(WORDS),
        _ => true,
    }
}

/// Whether an issuer has cards of this length that begin so.
fn has_issuer(digits: &[u8]) -> bool {
    let head = digits
        .iter()
        .take(6)
        .fold(0, |head, digit| head * 10 + u32::from(digit.wrapping_sub(b'0')));
    let (head, len) = (head, digits.len() as u8);
    ISSUERS.iter().any(|(from, to, shortest, longest)| {
        let scale = 10u32.pow(5 - from.ilog10());
        (*from..=*to).contains(&(head / scale)) && (*shortest..=*longest).contains(&len)
    })
}

#[cfg(test)]
mod tests {
    use crate::test::{finds, has};

    #[test]
    fn cards_of_all_issuers_are_found() {
        for card in [
            "4111111111111111",
            "4222222222222",
            "5555555555554444",
            "2223003122003222",
            "378282246310005",
            "30569309025904",
            "6011111111111117",
            "3530111333300000",
            "6200000000000005",
            "2200000000000004",
            "4000000000000000006",
            "6304000000000000",
            "501800000009",
        ] {
            assert_eq!(finds("CREDIT_CARD", &format!("card {card}.")), [card], "{card}");
        }
    }

    #[test]
    fn it_is_found_however_it_is_written() {
        for card in [
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "4111.1111.1111.1111",
            "4111\n1111\n1111\n1111",
            "3782 822463 10005",
            "41 1111 1111 1111 11",
            "4111 1111-11111111",
            "４１１１ １１１１ １１１１ １１１１",
        ] {
            assert_eq!(
                finds("CREDIT_CARD", &format!("カード番号は{card}です")),
                [card],
                "{card}"
            );
        }
        assert_eq!(
            finds("CREDIT_CARD", "{\"pan\":4111111111111111}"),
            ["4111111111111111"]
        );
        assert_eq!(
            finds("CREDIT_CARD", "order 5 4111 1111 1111 1111 12/27"),
            ["4111 1111 1111 1111"]
        );
    }

    #[test]
    fn a_wrong_digit_is_never_found() {
        let card = b"4929171234567898";
        assert!(has("CREDIT_CARD", std::str::from_utf8(card).unwrap()));
        for place in 0..card.len() {
            for digit in b'0'..=b'9' {
                let mut wrong = *card;
                wrong[place] = digit;
                if wrong != *card {
                    let wrong = std::str::from_utf8(&wrong).unwrap();
                    assert!(!has("CREDIT_CARD", wrong), "{wrong}");
                }
            }
        }
    }

    #[test]
    fn a_part_of_something_longer_is_no_card() {
        for text in [
            "0.4111111111111111",
            "41111111111111110",
            "x4111111111111111",
            "550e8400-e29b-41d4-a716-4111111111111111",
            "9411111111111111119",
            "1-4111-1111-1111-1111",
        ] {
            assert!(!has("CREDIT_CARD", text), "{text}");
        }
    }

    #[test]
    fn a_number_of_a_rare_length_needs_a_word() {
        for number in ["4222222222222", "501800000009", "4000000000000000006"] {
            assert!(has("CREDIT_CARD", &format!("卡号{number}")), "{number}");
            assert!(has("CREDIT_CARD", number), "{number}");
            assert!(!has("CREDIT_CARD", &format!("the value {number} is")), "{number}");
        }
    }

    #[test]
    fn every_card_of_a_list_is_found() {
        let cards = ["4111 1111 1111 1111", "5500 0000 0000 0004", "3782 822463 10005"];
        for joint in ["\n", " ", ", ", "\r\n", "\t"] {
            let list: Vec<&str> = cards.iter().copied().cycle().take(60).collect();
            assert_eq!(finds("CREDIT_CARD", &list.join(joint)), list, "{joint:?}");
        }
    }

    #[test]
    fn a_card_in_a_row_with_dates_and_amounts_is_found() {
        let card = "4111 1111 1111 1111";
        for row in [
            "4111 1111 1111 1111\t2024-03-19\t9636.59",
            "4111 1111 1111 1111 6465.52",
            "2024-05-24 4111 1111 1111 1111 3453.56",
            "1200\t4111 1111 1111 1111\t2024",
            "4111 1111 1111 1111, 2024",
        ] {
            assert_eq!(finds("CREDIT_CARD", row), [card], "{row}");
        }
    }

    #[test]
    fn a_table_of_numbers_is_no_card() {
        assert!(!has("CREDIT_CARD", "1200 4111 1111 1111 1111 3900"));
        let rows = "4111 1111 1111 1111\n1204 3310 4521 1250\n";
        assert!(!has("CREDIT_CARD", &rows.repeat(20)));
    }
}
