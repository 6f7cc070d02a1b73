//! Addresses of machines: IPv4, IPv6 (RFC 4291), MAC (IEEE 802).

mod colons;
#[cfg(test)]
mod tests;

pub(crate) use colons::Colons;

use super::candidate::{Candidate, Group};
use super::rules::Core;
use crate::checksum::number;
use crate::context::Context;
use crate::find::Find;

/// Words right before four numbers that make a version of them.
const VERSION: &[&str] = &[
    "version",
    "versión",
    "versão",
    "release",
    "build",
    "ver",
    "v",
    "rev",
    "バージョン",
    "版本",
    "版本号",
    "버전",
    "firmware",
    "バージョンは",
    "版本是",
    "版本为",
    "版本号为",
    "version is",
    "version number",
];
/// Adds the IPv4 and MAC addresses of a candidate.
pub(crate) fn find(candidate: &Candidate<'_>, context: &Context<'_>, finds: &mut Vec<Find>) {
    let last_start = candidate.groups.len().saturating_sub(2);
    for first in 0..last_start {
        if let Some(find) = ipv4(candidate, context, first) {
            finds.push(find);
        }
        for (pairs, size, gap) in [(6, 2, b"-"), (8, 2, b"-"), (3, 4, b".")] {
            if let Some(find) = mac(candidate, first, pairs, size, gap) {
                finds.push(find);
            }
        }
    }
}

fn ipv4(candidate: &Candidate<'_>, context: &Context<'_>, first: usize) -> Option<Find> {
    let groups = candidate
        .groups
        .get(first..first + 4)
        .filter(|_| candidate.gap(first) == b".")?;
    let dotted = (first..first + 3).all(|group| candidate.gap(group) == b".");
    let longer = candidate.gap(first + 3) == b"." && candidate.is_tight(first + 3);
    let before = first
        .checked_sub(1)
        .is_some_and(|before| matches!(candidate.gap(before), b"." | b"-"));
    let octet = |group: &Group| {
        let digits = candidate.text.get(group.start..group.end).unwrap_or_default();
        is_octet(digits)
    };
    let (start, end) = (groups.first()?.start, groups.last()?.end);
    let word_before = start.checked_sub(1).and_then(|at| candidate.text.get(at)) == Some(&b'.');
    let whole = dotted && !longer && !before && !word_before;
    (whole && groups.iter().all(octet) && !context.leads_to(start, VERSION))
        .then(|| Core::Ipv4.at(start, end + tail(candidate.text, end, 32)))
}

/// 0 to 255, no leading zero.
fn is_octet(digits: &[u8]) -> bool {
    match digits {
        [one] => one.is_ascii_digit(),
        [b'1'..=b'9', rest @ ..] if rest.len() <= 2 && rest.iter().all(u8::is_ascii_digit) => {
            digits
                .iter()
                .fold(0, |value, digit| value * 10 + u32::from(digit - b'0'))
                <= 255
        }
        _ => false,
    }
}

/// Hex groups of one size with one separator.
fn mac(candidate: &Candidate<'_>, first: usize, count: usize, size: usize, gap: &[u8; 1]) -> Option<Find> {
    let last = first + count - 1;
    let groups = candidate
        .groups
        .get(first..=last)
        .filter(|_| candidate.gap(first) == gap)?;
    let hex = |group: &Group| {
        let digits = candidate.text.get(group.start..group.end).unwrap_or_default();
        group.len() == size && digits.iter().all(u8::is_ascii_hexdigit)
    };
    let joined = (first..last).all(|group| candidate.gap(group) == gap);
    let (start, end) = (groups.first()?.start, groups.last()?.end);
    let lone = candidate.is_whole(first, last) && joined && groups.iter().all(hex);
    // Numbers in groups of four with dots are amounts or phone numbers.
    let mixed = groups.iter().any(|group| !group.is_number());
    let one = candidate.text.get(start..end).is_some_and(is_of_one_machine);
    (lone && one && (mixed || size == 2)).then(|| Core::Mac.at(start, end))
}

/// Neither the address of all machines nor that of none.
fn is_of_one_machine(mac: &[u8]) -> bool {
    let same = |byte: u8| {
        mac.iter()
            .filter(|b| b.is_ascii_alphanumeric())
            .all(|b| b.eq_ignore_ascii_case(&byte))
    };
    !same(b'0') && !same(b'f')
}

/// Bytes of a prefix length or a zone behind an address: "/64", "%eth0".
fn tail(text: &[u8], end: usize, longest: u32) -> usize {
    let rest = text.get(end..).unwrap_or_default();
    let word = rest
        .iter()
        .skip(1)
        .take(17)
        .take_while(|b| b.is_ascii_alphanumeric())
        .count();
    let word_bytes = rest.get(1..=word).unwrap_or_default();
    match rest.first() {
        Some(b'/')
            if (1..=3).contains(&word)
                && number(word_bytes).is_some_and(|bits| bits <= u64::from(longest)) =>
        {
            1 + word
        }
        Some(b'%') if longest == 128 && (1..=16).contains(&word) => 1 + word,
        _ => 0,
    }
}
