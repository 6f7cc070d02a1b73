//! What an address in markup leads to.

use crate::output::MarkupSettings;
use crate::output::url::{Url, after};
use crate::raw::Links;
use crate::rule::Known;

/// What an address stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// It is followed when somebody wants to.
    Link,
    /// It is loaded when the answer is shown.
    Image,
}

/// Images that hold nothing but pixels.
const IMAGES: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/jpg",
    "image/gif",
    "image/webp",
    "image/avif",
];

/// The rule that an address breaks.
pub(crate) fn judge(address: &str, used: Use, settings: &MarkupSettings) -> Option<Known> {
    let does_more = |prefix| after(address, prefix).is_some_and(|rest| !rest.is_empty());
    if does_more("javascript:") || does_more("vbscript:") {
        return Some(Known::ScriptUrl);
    }
    if let Some(rest) = after(address, "data:") {
        let kind = rest.split([',', ';']).next().unwrap_or_default();
        let is_image = IMAGES.iter().any(|image| kind.eq_ignore_ascii_case(image));
        return (rest.len() > kind.len() && !is_image).then_some(Known::DataUrl);
    }
    let url = Url::parse(address).filter(|url| url.is_web() && !url.is_listed(&settings.hosts))?;
    match (used, settings.links) {
        (Use::Image, _) => Some(Known::ExternalImage),
        (Use::Link, Links::All) => Some(Known::ExternalLink),
        (Use::Link, Links::WithData) => url.carries_data().then_some(Known::ExternalLink),
    }
}

/// An address in an attribute, as a browser reads it: without blanks and controls, references decoded.
pub(crate) fn unescaped(value: &str) -> String {
    let mut plain = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(c) = rest.chars().next() {
        let (decoded, behind) = reference(rest).unwrap_or((c, rest.get(c.len_utf8()..).unwrap_or_default()));
        let is_lost = decoded.is_ascii_control() || decoded == ' ' && plain.is_empty();
        if !is_lost {
            plain.push(decoded);
        }
        rest = behind;
    }
    plain
}

/// An address of Markdown, without the backslashes before signs, and as in an attribute.
pub(crate) fn plain(address: &str) -> String {
    let mut chars = address.chars().peekable();
    let mut bare = String::with_capacity(address.len());
    while let Some(c) = chars.next() {
        let escaped = chars.next_if(|next| c == '\\' && next.is_ascii_punctuation());
        bare.push(escaped.unwrap_or(c));
    }
    unescaped(&bare)
}

/// A character reference at the beginning, and what follows it.
fn reference(text: &str) -> Option<(char, &str)> {
    let body = text.strip_prefix('&')?;
    for (name, c) in [
        ("colon;", ':'),
        ("amp;", '&'),
        ("tab;", '\t'),
        ("newline;", '\n'),
        ("sol;", '/'),
        ("bsol;", '\\'),
    ] {
        if let Some(rest) = after(body, name) {
            return Some((c, rest));
        }
    }
    let digits = body.strip_prefix('#')?;
    let (radix, digits) = match digits.strip_prefix(['x', 'X']) {
        Some(digits) => (16, digits),
        None => (10, digits),
    };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let (number, rest) = digits.split_at_checked(end)?;
    let c = char::from_u32(u32::from_str_radix(number, radix).ok()?)?;
    Some((c, rest.strip_prefix(';').unwrap_or(rest)))
}
