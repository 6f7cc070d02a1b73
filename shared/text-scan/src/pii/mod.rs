//! Personal data.
//!
//! One pass over the text stops at digits, '@' and ':' only. Around a digit it gathers a [`candidate`], which every
//! recogniser of numbers is asked about; '@' may be an e-mail address, ':' an address of a machine.

mod birth;
mod candidate;
mod card;
mod crypto;
mod cued;
mod email;
mod iban;
mod identity;
pub(crate) mod national;
mod network;
mod phone;
mod resident;
mod rules;

use candidate::{Candidate, Gatherer};
pub(crate) use cued::scan as scan_cued;
use network::Colons;
use rules::Core;
pub(crate) use rules::RULES;

use crate::context::Context;
use crate::find::{Find, RuleId};

/// Rules that only [`scan_cued`] finds something for.
pub(crate) const CUED: [RuleId; 2] = [Core::Person.id(), Core::Address.id()];

/// Letters and digits of the shortest identifier.
const MIN_LEN: usize = 6;

/// Adds what a folded text holds, in any order, overlaps included. Rules of [`national`] are numbered after [`RULES`].
pub(crate) fn scan(text: &str, finds: &mut Vec<Find>) {
    let text = text.as_bytes();
    let context = Context::new(text);
    let (mut gatherer, mut colons, mut at) = (Gatherer::default(), Colons::default(), 0);
    while let Some(trigger) = text.get(at..).and_then(next_trigger) {
        at += trigger;
        at = match text.get(at) {
            Some(b'@') => {
                email::find(text, at, finds);
                at + 1
            }
            Some(b':') => colons.find(text, at, finds),
            _ => {
                let (groups, next) = gatherer.gather(text, at);
                identify(&Candidate { text, groups }, &context, finds);
                next
            }
        };
    }
}

/// Where something may stand: at digits, '@' and ':'. Looks at eight bytes at a time.
fn next_trigger(text: &[u8]) -> Option<usize> {
    let (words, _) = text.as_chunks::<8>();
    let plain = words
        .iter()
        .take_while(|word| !may_trigger(u64::from_le_bytes(**word)))
        .count()
        * 8;
    let rest = text.get(plain..)?;
    rest.iter()
        .position(|b| matches!(b, b'0'..=b':' | b'@'))
        .map(|at| plain + at)
}

/// Whether one of eight bytes is from '0' to ':' or is '@'.
fn may_trigger(word: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x80 * ONES;
    let from_zero = word ^ (0x30 * ONES);
    let digit = from_zero.wrapping_sub(0x0b * ONES) & !from_zero;
    let at = word ^ (0x40 * ONES);
    (digit | (at.wrapping_sub(ONES) & !at)) & HIGHS != 0
}

fn identify(candidate: &Candidate<'_>, context: &Context<'_>, finds: &mut Vec<Find>) {
    birth::find(candidate, context, finds);
    if candidate.groups.len() > 2 {
        network::find(candidate, context, finds);
    }
    if candidate.groups.iter().map(candidate::Group::len).sum::<usize>() < MIN_LEN {
        return;
    }
    card::find(candidate, context, finds);
    iban::find(candidate, finds);
    identity::find(candidate, context, finds);
    crypto::find(candidate, finds);
    phone::find(candidate, context, finds);
    let core = finds.len();
    national::identify(candidate, context, finds);
    for find in finds.iter_mut().skip(core) {
        find.rule.0 += RULES.len() as u16;
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::{may_trigger, next_trigger, scan};
    use crate::find::Find;

    fn raw(text: &str) -> Vec<Find> {
        let mut finds = Vec::new();
        scan(text, &mut finds);
        finds
    }

    #[test]
    fn hostile_texts_take_linear_time() {
        for unit in [
            "1",
            "1 ",
            "12 ",
            "1-",
            "a1.",
            "@",
            "a@",
            "a@b.",
            ":",
            "1:",
            "::",
            "a:b",
            "+",
            "+1",
            "(",
            "x1",
            "1x1 ",
            "0",
            "00 ",
            "4111 ",
            "DE89",
            "AB ",
            "1.",
            "\"@",
            "é@",
            "٣",
            "電話1 ",
            "phone 12 34 56 ",
            "年1月",
            "1990年",
            "born 1-1-1990 ",
            "0x0",
            "bc1",
        ] {
            let text = unit.repeat((1 << 17) / unit.len());
            let start = Instant::now();
            raw(&text);
            assert!(
                start.elapsed() < Duration::from_secs(5),
                "{unit:?}: {:?}",
                start.elapsed()
            );
        }
    }

    #[test]
    fn eight_bytes_at_a_time_stop_where_one_at_a_time_does() {
        for byte in 0..=u8::MAX {
            let stops = matches!(byte, b'0'..=b':' | b'@');
            for place in 0..8 {
                let mut word = *b"abc \xe4z\x7f-";
                word[place] = byte;
                assert!(may_trigger(u64::from_le_bytes(word)) == stops, "{byte}");
                assert_eq!(next_trigger(&word).is_some(), stops, "{byte}");
            }
        }
    }

    proptest! {
        #[test]
        fn finds_lie_within_the_text_on_characters(text in "[0-9a-fA-FxX@:. ()+\\-/\\nüñ年月日电話\"\u{1f600}]{0,80}") {
            for find in raw(&text) {
                prop_assert!(find.start < find.end);
                prop_assert!(text.get(find.start..find.end).is_some());
            }
        }

        #[test]
        fn what_stands_around_does_not_hide_a_number(before in "[a-zA-Z,。電]{0,12}[ ,。、]", after in "[ ,。、][a-z,。電]{0,12}") {
            for value in ["4111111111111111", "DE89370400440532013000", "2001:db8::8:800:200c:417a", "00:1a:2b:3c:4d:5e", "ana@example.com"] {
                let text = format!("{before}{value}{after}");
                let found = raw(&text).iter().any(|find| text.get(find.start..find.end) == Some(value));
                prop_assert!(found, "{}", text);
            }
        }
    }
}
