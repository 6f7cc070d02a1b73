//! Addresses of machines: IPv4, IPv6 (RFC 4291), MAC (IEEE 802).

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
/// Bytes of the longest IPv6 address: eight groups, the last two as IPv4.
const MAX_IPV6: usize = 45;

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

/// Addresses with colons; keeps where the last run of hex digits and colons ended, which is read once.
#[derive(Debug, Default)]
pub(crate) struct Colons {
    read: usize,
}

impl Colons {
    /// Adds the IPv6 or MAC address around the ':' at `at`; gives where to read on.
    pub(crate) fn find(&mut self, text: &[u8], at: usize, finds: &mut Vec<Find>) -> usize {
        if at < self.read {
            return at + 1;
        }
        let start = run_start(text, at, self.read);
        let rest = text.get(start..).unwrap_or_default();
        let len = rest.iter().take_while(|b| is_member(**b)).count();
        self.read = start + len;
        let run = without_end(rest.get(..len.min(MAX_IPV6 + 1)).unwrap_or_default());
        let end = start + run.len();
        let any = run == b"::" && tail(text, end, 128) > 0;
        let open = is_word(text, start.checked_sub(1)) || is_word(text, Some(end));
        let rule = if any { Some(Core::Ipv6) } else { rule(run) };
        match rule.filter(|_| !open) {
            Some(Core::Ipv6) => {
                finds.push(Core::Ipv6.at(start, end + tail(text, end, 128)));
                end
            }
            Some(rule) => {
                finds.push(rule.at(start, end));
                end
            }
            None => at + 1,
        }
    }
}

fn is_member(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')
}

/// Up to four hex digits before the first ':', unless they end a word, which then is a label: "mac:00:1a:...".
fn run_start(text: &[u8], at: usize, floor: usize) -> usize {
    let before = text.get(floor.max(at.saturating_sub(5))..at).unwrap_or_default();
    let digits = before.iter().rev().take_while(|b| b.is_ascii_hexdigit()).count();
    let letters = !before.iter().rev().take(digits).any(u8::is_ascii_digit);
    let labelled = letters && is_word(text, (at - digits).checked_sub(1)) && text.get(at + 1) != Some(&b':');
    if labelled { at + 1 } else { at - digits }
}

/// The run without the colon or full stop of the sentence that ends it.
fn without_end(run: &[u8]) -> &[u8] {
    match run {
        [head @ .., b':' | b'.'] if !head.ends_with(b":") => head,
        [head @ .., b'.'] => head,
        _ => run,
    }
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

fn rule(run: &[u8]) -> Option<Core> {
    if is_mac(run) {
        return Some(Core::Mac);
    }
    is_ipv6(run).then_some(Core::Ipv6)
}

fn is_word(text: &[u8], at: Option<usize>) -> bool {
    at.and_then(|at| text.get(at))
        .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

/// Six or eight pairs.
fn is_mac(run: &[u8]) -> bool {
    let pairs = run.split(|b| *b == b':');
    let hex = |pair: &[u8]| pair.len() == 2 && pair.iter().all(u8::is_ascii_hexdigit);
    matches!(run.len(), 17 | 23) && pairs.into_iter().all(hex) && is_of_one_machine(run)
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

/// Eight groups of one to four hex digits, one run of zeros as "::", the last two perhaps as IPv4 (RFC 4291, 2.2). Without
/// any digit it is rather a path of a program, such as `a::b`.
fn is_ipv6(run: &[u8]) -> bool {
    let mut groups = 0;
    let mut gaps = 0;
    let mut parts = run.split(|b| *b == b':').peekable();
    let mut first = true;
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        match part {
            [] if first && run.starts_with(b"::") => {}
            [] if last && run.ends_with(b"::") => {}
            [] => gaps += 1,
            _ if last && part.contains(&b'.') => groups += if is_ipv4(part) { 2 } else { 9 },
            _ if part.len() <= 4 && part.iter().all(u8::is_ascii_hexdigit) => groups += 1,
            _ => return false,
        }
        first = false;
    }
    let lone_colon = run.starts_with(b":") && !run.starts_with(b"::");
    let digits = run.iter().any(u8::is_ascii_digit);
    digits
        && !lone_colon
        && run.len() <= MAX_IPV6
        && match gaps {
            0 => groups == 8,
            1 => groups <= 7,
            _ => false,
        }
}

fn is_ipv4(part: &[u8]) -> bool {
    part.split(|b| *b == b'.').count() == 4 && part.split(|b| *b == b'.').all(is_octet)
}

#[cfg(test)]
mod tests {
    use crate::test::{finds, has};

    #[test]
    fn ipv4_is_found_between_any_letters() {
        for text in [
            "8.8.8.8",
            "host 8.8.8.8:443",
            "服务器8.8.8.8的",
            "サーバー8.8.8.8（",
            "net 8.8.8.8/24",
            "At 8.8.8.8. Then",
            "{\"ip\":\"8.8.8.8\"}",
            "http://8.8.8.8/x",
            "src=8.8.8.8 ",
            "８．８．８．８",
        ] {
            assert_eq!(finds("IP_ADDRESS", text).len(), 1, "{text}");
        }
    }

    #[test]
    fn versions_and_other_numbers_are_no_ipv4() {
        for text in [
            "256.1.1.1",
            "1.2.3",
            "1.2.3.4.5",
            "v1.2.3.4",
            "version 1.2.3.4",
            "バージョン1.2.3.4",
            "版本1.2.3.4",
            "1.2.3.04",
            "10.20.30.1000",
            "versión=7.10.51.44",
        ] {
            assert_eq!(finds("IP_ADDRESS", text).len(), 0, "{text}");
        }
    }

    #[test]
    fn ipv6_is_found_in_its_full_grammar() {
        for address in [
            "2001:db8:0:0:8:800:200c:417a",
            "2001:DB8::8:800:200C:417A",
            "::1",
            "fe80::1",
            "::ffff:192.0.2.128",
            "64:ff9b::192.0.2.33",
            "2001:db8::",
            "1:2:3:4:5:6:7::",
        ] {
            for around in [
                "at {} now",
                "[{}]:80",
                "地址{}不通",
                "{}",
                "ip={},",
                "{}/64",
                "{}%eth0",
                "to {}.",
            ] {
                let text = around.replace("{}", address);
                let found = finds("IP_ADDRESS", &text);
                assert!(found.len() == 1 && found[0].starts_with(address), "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_ipv6_is_not_found() {
        for text in [
            "std::fmt",
            "a::b",
            "12:34:56",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "1::2::3",
            "12345::1",
            "x::1",
            "1:::2",
            "::",
            "at 10:20",
            "10:20:30:40",
            "g::1",
        ] {
            assert!(!has("IP_ADDRESS", text), "{text}");
        }
    }

    #[test]
    fn an_octet_above_255_or_with_a_leading_zero_is_none() {
        for wrong in (256..=300)
            .map(|octet| octet.to_string())
            .chain(["00", "01", "007", "1000"].map(String::from))
        {
            for address in ["{}.10.20.30", "10.{}.20.30", "10.20.{}.30", "10.20.30.{}"] {
                let text = address.replace("{}", &wrong);
                assert!(!has("IP_ADDRESS", &text), "{text}");
            }
        }
    }

    #[test]
    fn a_letter_beyond_f_is_in_no_address() {
        for address in [
            "00:1a:2b:3c:4d:5e",
            "00-1a-2b-3c-4d-5e",
            "2001:db8:0:0:8:800:200c:417a",
        ] {
            for place in (0..address.len()).filter(|place| address.as_bytes()[*place].is_ascii_alphanumeric())
            {
                let mut wrong = address.to_string();
                wrong.replace_range(place..=place, "g");
                assert!(
                    !has("MAC_ADDRESS", &wrong) && !has("IP_ADDRESS", &wrong),
                    "{wrong}"
                );
            }
        }
    }

    #[test]
    fn mac_is_found_in_its_three_spellings() {
        for mac in [
            "00:1a:2B:3c:4D:5e",
            "00-1A-2B-3C-4D-5E",
            "001a.2b3c.4d5e",
            "FE-AB-CD-EF-AB-0D",
            "00:11:22:33:44:55:66:77",
            "aa:bb:cc:dd:ee:ff",
        ] {
            for around in ["mac {} up", "（MAC {}）", "地址是{}，", "{}", "mac:{}", "{}."] {
                let text = around.replace("{}", mac);
                assert_eq!(finds("MAC_ADDRESS", &text), [mac], "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_mac_is_not_found() {
        for text in [
            "00:1a:2b:3c:4d",
            "00:1a:2b:3c:4d:5g",
            "00-1a-2b-3c-4d-5e-6f",
            "00:1a-2b:3c-4d:5e",
            "1234.5678.9012",
            "00:1a:2b:3c:4d:5e:6f",
        ] {
            assert!(!has("MAC_ADDRESS", text), "{text}");
        }
    }
}
