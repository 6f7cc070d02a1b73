//! A tag of HTML: what it does when it is shown.

use super::target::{Use, judge, unescaped};
use crate::output::MarkupSettings;
use crate::rule::Known;

/// Elements that run or embed something, whatever their attributes are.
const ACTIVE: &[&str] = &[
    "script", "iframe", "object", "embed", "applet", "base", "frame", "frameset", "portal",
];
/// Attributes that hold an address.
const ADDRESSES: &[&str] = &[
    "src",
    "href",
    "srcset",
    "action",
    "formaction",
    "xlink:href",
    "data",
    "poster",
    "background",
    "ping",
    "lowsrc",
];

/// The rule that a tag breaks. `tag` begins with `<`; the end may be missing.
pub(crate) fn rule(tag: &str, settings: &MarkupSettings) -> Option<Known> {
    let body = tag.strip_prefix('<')?.trim_end_matches('>');
    if let Some(found) = judge(body, Use::Link, settings) {
        return Some(found);
    }
    let body = body.strip_prefix('/').unwrap_or(body);
    let end = body
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(body.len());
    let (name, rest) = body.split_at_checked(end)?;
    let name = name.to_ascii_lowercase();
    if ACTIVE.contains(&name.as_str()) {
        return Some(Known::Script);
    }
    attributes(rest).find_map(|(key, value)| attribute(&name, key, value, settings))
}

fn attribute(element: &str, key: &str, value: &str, settings: &MarkupSettings) -> Option<Known> {
    let key = key.to_ascii_lowercase();
    let is_handler =
        key.len() > 3 && key.starts_with("on") && key.bytes().all(|byte| byte.is_ascii_lowercase());
    if is_handler && !value.is_empty()
        || element == "meta" && key == "http-equiv" && value.eq_ignore_ascii_case("refresh")
    {
        return Some(Known::Script);
    }
    if key == "srcdoc" {
        return Some(Known::Script);
    }
    let used = match element {
        "a" | "area" | "form" | "button" => Use::Link,
        _ => Use::Image,
    };
    ADDRESSES
        .contains(&key.as_str())
        .then(|| judge(&unescaped(value), used, settings))
        .flatten()
}

/// Names and values, in or out of quotes.
fn attributes(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\''));
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '=' | '/' | '>'))
            .unwrap_or(rest.len());
        let (key, behind) = rest.split_at_checked(end)?;
        let Some(value) = behind.trim_start().strip_prefix('=') else {
            rest = if key.is_empty() {
                behind.get(1..).unwrap_or_default()
            } else {
                behind
            };
            return (!key.is_empty() || !rest.is_empty()).then_some((key, ""));
        };
        let value = value.trim_start();
        let (value, behind) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inner = value.get(1..).unwrap_or_default();
                inner.split_once(quote).unwrap_or((inner, ""))
            }
            _ => value.split_at_checked(value.find(char::is_whitespace).unwrap_or(value.len()))?,
        };
        rest = behind;
        Some((key, value))
    })
}
