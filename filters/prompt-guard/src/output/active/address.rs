//! Addresses that only a machine inside can reach.

use super::words;
use crate::output::url::Url;
use penstock_filter_api::Glob;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// Schemes that read files or speak to services that are not for the web.
const SCHEMES: &[&str] = &[
    "file", "gopher", "dict", "ldap", "ldaps", "tftp", "netdoc", "jar", "phar", "expect", "php",
];
/// Names of machines inside, and names that anybody can point there.
const NAMES: &[&str] = &[
    "localhost",
    "localhost.localdomain",
    "ip6-localhost",
    "metadata",
    "instance-data",
    "localtest.me",
    "lvh.me",
    "kubernetes",
    "kubernetes.default",
];
const ENDINGS: &[&str] = &[
    ".localhost",
    ".internal",
    ".svc",
    ".cluster.local",
    ".localtest.me",
    ".lvh.me",
    ".nip.io",
    ".sslip.io",
    ".xip.io",
];

/// The first such address that is not of these hosts. The text is in lower case.
pub(super) fn find(text: &str, allowed: &[Glob]) -> Option<Range<usize>> {
    words(text).find_map(|(at, word)| {
        let begin = word.find("://").map(|colon| scheme_start(word, colon))?;
        let address = word
            .get(begin..)?
            .trim_end_matches(['"', '\'', ')', ',', ';', '>', '}', ']', '.', '`']);
        let range = at + begin..at + begin + address.len();
        let scheme = address.split(':').next().unwrap_or_default();
        let url = Url::parse(address);
        let known = url.is_some_and(|url| url.is_listed(allowed));
        let inside = SCHEMES.contains(&scheme) || url.is_some_and(|url| is_inside(url.host));
        (inside && !known).then_some(range)
    })
}

fn scheme_start(word: &str, colon: usize) -> usize {
    let before = word.get(..colon).unwrap_or_default();
    before
        .rfind(|c: char| !c.is_ascii_alphanumeric())
        .map_or(0, |sign| {
            sign + before
                .get(sign..)
                .and_then(|rest| rest.chars().next())
                .map_or(1, char::len_utf8)
        })
}

/// Whether a host is one of this machine, of its network or of its cloud.
pub(super) fn is_inside(host: &str) -> bool {
    let host: String = host.chars().map(dotted).collect();
    let host = host.trim_end_matches('.');
    if let Ok(address) = host.split('%').next().unwrap_or_default().parse::<Ipv6Addr>() {
        return is_inside_v6(address);
    }
    match v4(host) {
        Some(address) => is_inside_v4(address),
        None => NAMES.contains(&host) || ENDINGS.iter().any(|ending| host.ends_with(ending)),
    }
}

/// Full-width forms and the full stop of Chinese, as a browser reads them.
fn dotted(c: char) -> char {
    match c {
        '。' | '．' | '｡' => '.',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

/// An IPv4 address in every notation that libraries take: one to four numbers, decimal, octal or hexadecimal.
fn v4(host: &str) -> Option<Ipv4Addr> {
    let mut address: u64 = 0;
    let mut count = 0;
    for part in host.split('.') {
        let (digits, radix) = match (part.strip_prefix("0x"), part.strip_prefix('0')) {
            (Some(digits), _) => (digits, 16),
            (None, Some(digits)) if !digits.is_empty() => (digits, 8),
            (None, _) => (part, 10),
        };
        let number = if digits.is_empty() {
            0
        } else {
            u64::from(u32::from_str_radix(digits, radix).ok()?)
        };
        count += 1;
        let is_last = host.split('.').count() == count;
        let room = if is_last {
            1 << (8 * 5_usize.checked_sub(count)?)
        } else {
            256
        };
        if number >= room || part.is_empty() {
            return None;
        }
        address = if is_last {
            address << (8 * (5 - count)) | number
        } else {
            address << 8 | number
        };
    }
    Some(Ipv4Addr::from(u32::try_from(address).ok()?))
}

fn is_inside_v4(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    // 0/8, loopback, link-local with the metadata of clouds, private, and carriers' networks, where Alibaba has its metadata.
    a == 0
        || address.is_loopback()
        || address.is_link_local()
        || address.is_private()
        || a == 100 && (64..128).contains(&b)
}

fn is_inside_v6(address: Ipv6Addr) -> bool {
    let [a, b, .., high, low] = address.segments();
    let inner = Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    let is_embedded =
        address.to_ipv4_mapped().is_some() || (a, b) == (0x64, 0xff9b) || a == 0 && b == 0 && high > 0;
    address.is_loopback()
        || address.is_unspecified()
        || a & 0xffc0 == 0xfe80
        || a & 0xfe00 == 0xfc00
        || is_embedded && is_inside_v4(inner)
}
