//! Addresses with colons: IPv6 (RFC 4291), MAC.

use super::{is_octet, is_of_one_machine, tail};
use crate::find::Find;
use crate::pii::rules::Core;

/// Bytes of the longest IPv6 address: eight groups, the last two as IPv4.
const MAX_IPV6: usize = 45;

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
        let open = open || is_slice(text, start);
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

fn rule(run: &[u8]) -> Option<Core> {
    if is_mac(run) {
        return Some(Core::Mac);
    }
    is_ipv6(run).then_some(Core::Ipv6)
}

/// `rows[::2]` takes every second row.
fn is_slice(text: &[u8], start: usize) -> bool {
    let before = text.get(..start).unwrap_or_default();
    matches!(before, [.., b, b'['] if b.is_ascii_alphanumeric() || matches!(b, b'_' | b')' | b']'))
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
